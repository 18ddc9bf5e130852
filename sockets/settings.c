/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Settings of other processes' sockets, through a duplicate of the descriptor that lives for a few
 * system calls. All of them only read.
 */
#include "sockets/sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static enum ka_socket_access refusal(int reason)
{
    if (reason == EPERM || reason == EACCES)
        return KA_SOCKET_NEED_ROOT;
    return reason == ENOSYS ? KA_SOCKET_UNSUPPORTED : KA_SOCKET_ENDED;
}

static bool get_option(int descriptor, int level, int option, unsigned *out)
{
    unsigned value = 0;
    socklen_t length = sizeof(value);
    if (getsockopt(descriptor, level, option, &value, &length) != 0)
        return false;
    *out = value;
    return true;
}

static bool equal(const struct ka_socket_times *a, const struct ka_socket_times *b)
{
    return a->idle == b->idle && a->interval == b->interval && a->count == b->count;
}

/* Fills in the settings; false, nothing changed, where the descriptor is no TCP socket. */
static bool read_options(int descriptor, const struct ka_socket_times *defaults,
                         struct ka_socket *socket)
{
    unsigned on, idle, interval, count, user_timeout;
    if (!get_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on) ||
        !get_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &idle) ||
        !get_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &interval) ||
        !get_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, &count) ||
        !get_option(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout))
        return false;
    socket->keepalive = on != 0 ? KA_SOCKET_KEEPALIVE_ON : KA_SOCKET_KEEPALIVE_OFF;
    socket->times = (struct ka_socket_times){idle * KA_SECOND, interval * KA_SECOND, count};
    socket->user_timeout = user_timeout * KA_MILLISECOND;
    socket->is_default = equal(&socket->times, defaults);
    return true;
}

/* Descriptor numbers are reused at once, and so may a pid be: only the inode says that this is
 * still the socket that was listed. */
static bool is_same(int descriptor, const struct ka_socket *socket)
{
    struct stat status;
    return fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode) &&
           (uint32_t)status.st_ino == socket->inode;
}

static enum ka_socket_access read_socket(int process, const struct ka_socket_times *defaults,
                                         struct ka_socket *socket)
{
    if (process < 0)
        return refusal(-process);
    int descriptor = (int)syscall(SYS_pidfd_getfd, process, socket->descriptor, 0);
    if (descriptor < 0)
        return refusal(errno);
    bool read = is_same(descriptor, socket) && read_options(descriptor, defaults, socket);
    close(descriptor);
    return read ? KA_SOCKET_READ : KA_SOCKET_ENDED;
}

/* A descriptor for the process, close-on-exec by nature; or a negative error number. */
static int open_process(pid_t pid)
{
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    return process < 0 ? -errno : process;
}

static int by_process(const void *left, const void *right)
{
    const struct ka_socket *a = left;
    const struct ka_socket *b = right;
    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    return (a->descriptor > b->descriptor) - (a->descriptor < b->descriptor);
}

void ka_sockets_read_settings(struct ka_socket_list *list)
{
    int process = -1;
    pid_t open_pid = 0;
    if (list->count > 0)
        qsort(list->sockets, list->count, sizeof(list->sockets[0]), by_process);
    for (size_t i = 0; i < list->count; i++) {
        struct ka_socket *socket = &list->sockets[i];
        if (socket->pid == 0)
            continue;
        if (socket->pid != open_pid) {
            if (process >= 0)
                close(process);
            process = open_process(socket->pid);
            open_pid = socket->pid;
        }
        socket->access = (uint8_t)read_socket(process, &list->defaults, socket);
    }
    if (process >= 0)
        close(process);
}

static int by_name(const void *left, const void *right)
{
    const struct ka_socket *a = left;
    const struct ka_socket *b = right;
    int order = strcmp(a->process, b->process);
    if (order == 0 && a->pid != b->pid)
        order = a->pid < b->pid ? -1 : 1;
    if (order == 0)
        order = memcmp(&a->local.addr, &b->local.addr, sizeof(a->local.addr));
    if (order == 0)
        order = a->local.port - b->local.port;
    if (order == 0)
        order = memcmp(&a->peer.addr, &b->peer.addr, sizeof(a->peer.addr));
    return order != 0 ? order : a->peer.port - b->peer.port;
}

void ka_sockets_sort(struct ka_socket_list *list)
{
    if (list->count > 0)
        qsort(list->sockets, list->count, sizeof(list->sockets[0]), by_name);
}

int ka_sockets_collect(const struct ka_socket_query *query, struct ka_socket_list *list,
                       struct ka_error *error)
{
    if (ka_sockets_list(query, list, error) != 0)
        return -1;
    if (ka_sockets_find_owners(list, query->pid, error) != 0) {
        ka_socket_list_fini(list);
        return -1;
    }
    ka_sockets_read_settings(list);
    ka_sockets_sort(list);
    return 0;
}
