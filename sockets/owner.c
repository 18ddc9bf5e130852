/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The processes behind sockets: one pass over /proc/PID/fd, whose links name inodes.
 */
#include "sockets/sockets.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Inode to socket: open addressing, never more than half full. */
struct inode_table {
    struct ka_socket **slots;
    size_t mask;
    size_t unowned; /* sockets whose process is not found yet */
};

static struct ka_socket **slot_of(const struct inode_table *table, uint32_t inode)
{
    size_t at = (inode * 2654435761u) & table->mask; /* Knuth's multiplicative hash */
    while (table->slots[at] != NULL && table->slots[at]->inode != inode)
        at = (at + 1) & table->mask;
    return &table->slots[at];
}

static bool fill_table(struct inode_table *table, struct ka_socket_list *list)
{
    size_t size = 16;
    while (size < 2 * list->count)
        size *= 2;
    *table =
        (struct inode_table){.slots = calloc(size, sizeof(struct ka_socket *)), .mask = size - 1};
    if (table->slots == NULL)
        return false;
    for (size_t i = 0; i < list->count; i++) {
        struct ka_socket **slot = slot_of(table, list->sockets[i].inode);
        if (list->sockets[i].inode == 0 || *slot != NULL)
            continue;
        *slot = &list->sockets[i];
        table->unowned++;
    }
    return true;
}

/* A process's own name for itself, without the line end the kernel adds. */
static void read_name(pid_t pid, char out[KA_PROCESS_NAME_SIZE])
{
    char path[48];
    snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    out[0] = '\0';
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    ssize_t length = read(file, out, KA_PROCESS_NAME_SIZE - 1);
    close(file);
    if (length > 0 && out[length - 1] == '\n')
        length--;
    out[length > 0 ? length : 0] = '\0';
}

/* The number that a name in /proc is; false for the other names. */
static bool parse_name(const char *name, int *out)
{
    char *end;
    long value = strtol(name, &end, 10);
    if (!isdigit((unsigned char)name[0]) || *end != '\0' || value > INT_MAX)
        return false;
    *out = (int)value;
    return true;
}

static bool socket_inode(int directory, const char *name, uint32_t *out)
{
    char link[64];
    unsigned inode;
    ssize_t length = readlinkat(directory, name, link, sizeof(link) - 1);
    if (length < 0)
        return false;
    link[length] = '\0';
    if (sscanf(link, "socket:[%u]", &inode) != 1)
        return false;
    *out = inode;
    return true;
}

/* Notes the process as the owner of its sockets in the table. Returns 0; or the error number where
 * its descriptors cannot be seen. The lowest pid keeps a socket that several hold. */
static int scan_process(struct inode_table *table, pid_t pid)
{
    char path[48];
    char process[KA_PROCESS_NAME_SIZE] = "";
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    DIR *directory = opendir(path);
    if (directory == NULL)
        return errno;
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        uint32_t inode;
        int descriptor;
        if (!parse_name(entry->d_name, &descriptor) ||
            !socket_inode(dirfd(directory), entry->d_name, &inode) || inode == 0)
            continue;
        struct ka_socket *socket = *slot_of(table, inode);
        if (socket == NULL || (socket->pid != 0 && socket->pid <= pid))
            continue;
        if (process[0] == '\0')
            read_name(pid, process);
        table->unowned -= socket->pid == 0 ? 1 : 0;
        socket->pid = pid;
        socket->descriptor = descriptor;
        memcpy(socket->process, process, sizeof(process));
    }
    closedir(directory);
    return 0;
}

static int scan_all(struct inode_table *table, struct ka_socket_list *list, struct ka_error *error)
{
    DIR *directory = opendir("/proc");
    if (directory == NULL)
        return ka_error_set(error, "/proc: %s: without it no socket's process can be found",
                            strerror(errno));
    /* Where processes of others may be hidden altogether (hidepid), absence proves nothing. */
    list->restricted = geteuid() != 0;
    const struct dirent *entry;
    while (table->unowned > 0 && (entry = readdir(directory)) != NULL) {
        int pid;
        if (!parse_name(entry->d_name, &pid))
            continue;
        int reason = scan_process(table, pid);
        if (reason == EACCES || reason == EPERM)
            list->restricted = true;
    }
    closedir(directory);
    return 0;
}

static int scan_one(struct inode_table *table, struct ka_socket_list *list, pid_t pid,
                    struct ka_error *error)
{
    int reason = scan_process(table, pid);
    if (reason == EACCES || reason == EPERM)
        return ka_error_set(error, "process %d: its descriptors are not ours to see: run as root",
                            (int)pid);
    if (reason == ENOENT || reason == ESRCH)
        return ka_error_set(error, "there is no process %d", (int)pid);
    if (reason != 0)
        return ka_error_set(error, "/proc/%d/fd: %s", (int)pid, strerror(reason));
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (list->sockets[i].pid == pid)
            list->sockets[kept++] = list->sockets[i];
    }
    list->count = kept;
    return 0;
}

int ka_sockets_find_owners(struct ka_socket_list *list, pid_t pid, struct ka_error *error)
{
    struct inode_table table;
    if (!fill_table(&table, list))
        return ka_error_set(error, "out of memory for %zu sockets", list->count);
    int result = pid != 0 ? scan_one(&table, list, pid, error) : scan_all(&table, list, error);
    free(table.slots);
    for (size_t i = 0; i < list->count; i++) {
        struct ka_socket *socket = &list->sockets[i];
        if (socket->pid == 0 && socket->inode != 0 && list->restricted)
            socket->access = KA_SOCKET_NEED_ROOT;
    }
    return result;
}
