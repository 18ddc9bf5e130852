/* SPDX-License-Identifier: BSD-2-Clause */
#include "sockets/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int enter_failed(pid_t pid, struct ka_error *error)
{
    if (errno == ENOENT || errno == ESRCH)
        return ka_error_set(error, "--netns %d: there is no such process", (int)pid);
    if (errno == EPERM || errno == EACCES)
        return ka_error_set(error,
                            "--netns %d: entering its network namespace needs root "
                            "(CAP_SYS_ADMIN): run with sudo",
                            (int)pid);
    return ka_error_set(error, "--netns %d: %s", (int)pid, strerror(errno));
}

int ka_namespace_enter(struct ka_namespace *out, pid_t pid, struct ka_error *error)
{
    char path[48];
    int result = -1;
    int target = -1;
    struct ka_namespace namespace = {.home = -1};
    if (pid == 0) {
        *out = namespace;
        return 0;
    }
    snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
    target = open(path, O_RDONLY | O_CLOEXEC);
    if (target < 0)
        return enter_failed(pid, error);
    namespace.home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (namespace.home < 0 || setns(target, CLONE_NEWNET) != 0) {
        enter_failed(pid, error);
        goto out;
    }
    *out = namespace;
    namespace.home = -1;
    result = 0;
out:
    if (namespace.home >= 0)
        close(namespace.home);
    close(target);
    return result;
}

int ka_namespace_leave(struct ka_namespace *namespace, struct ka_error *error)
{
    int result = 0;
    if (namespace->home < 0)
        return 0;
    if (setns(namespace->home, CLONE_NEWNET) != 0)
        result = ka_error_set(error, "returning to our own network namespace: %s", strerror(errno));
    close(namespace->home);
    namespace->home = -1;
    return result;
}

/* A sysctl of the reading thread's own network namespace. */
static bool read_sysctl(const char *name, uint32_t *out)
{
    char path[96];
    unsigned value;
    snprintf(path, sizeof(path), "/proc/sys/net/ipv4/%s", name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool read = fscanf(file, "%u", &value) == 1;
    fclose(file);
    if (read)
        *out = value;
    return read;
}

void ka_namespace_defaults(struct ka_socket_times *out)
{
    uint32_t value;
    *out = (struct ka_socket_times){KA_TIME_NONE, KA_TIME_NONE, 0};
    if (read_sysctl("tcp_keepalive_time", &value))
        out->idle = value * KA_SECOND;
    if (read_sysctl("tcp_keepalive_intvl", &value))
        out->interval = value * KA_SECOND;
    if (read_sysctl("tcp_keepalive_probes", &value))
        out->count = value;
}
