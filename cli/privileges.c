/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "cli/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

const struct ka_option ka_privileges_rows[] = {
    {.name = "relinquish-privileges",
     .letter = 'Z',
     .kind = KA_ARG_TEXT,
     .arg = "USER",
     .offset = offsetof(struct ka_privileges_options, user),
     .group = "Other",
     .help = "the user that root becomes (default: kasniff where it exists, else nobody)"},
    {.help = NULL},
};

#if defined(KA_SANITIZED) || defined(KA_COVERAGE)
static const bool restrict_calls = false;
#else
static const bool restrict_calls = true;
#endif

/* Becomes the user. In a user namespace that maps neither the user nor groups the kernel says
 * EINVAL or refuses setgroups; there root is an ordinary user outside, and without capabilities,
 * which go next, also inside. */
static int become(const struct passwd *user, struct ka_error *error)
{
    if (setgroups(0, NULL) < 0 && errno != EPERM)
        return ka_error_set(error, "cannot leave the groups of root: %m");
    if (setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0 && errno != EINVAL)
        return ka_error_set(error, "cannot change to the group of user %s: %m", user->pw_name);
    if (setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0 && errno != EINVAL)
        return ka_error_set(error, "cannot change to user %s: %m; start kasniff as another user",
                            user->pw_name);
    return 0;
}

static int leave_root_for(const char *name, struct ka_error *error)
{
    const struct passwd *user = getpwnam(name);
    if (user == NULL)
        return ka_error_set(error, "-Z %s: there is no such user", name);
    if (geteuid() == user->pw_uid && user->pw_uid != 0)
        return 0;
    if (geteuid() != 0)
        return ka_error_set(error, "-Z %s: only root can become another user", name);
    return become(user, error);
}

static int leave_root(const char *wanted, struct ka_error *error)
{
    static const char *const names[] = {"kasniff", "nobody"};
    if (wanted != NULL)
        return leave_root_for(wanted, error);
    if (geteuid() != 0)
        return 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct passwd *user = getpwnam(names[i]);
        if (user != NULL && user->pw_uid != 0)
            return become(user, error);
    }
    return ka_error_set(error, "cannot give up root: there is neither a user kasniff nor nobody; "
                               "create one, or start kasniff as another user");
}

static int drop_capabilities(struct ka_error *error)
{
    cap_t none = cap_init();
    int status = none == NULL ? -1 : cap_set_proc(none);
    if (status < 0)
        ka_error_set(error, "cannot drop capabilities: %m");
    cap_free(none);
    /* Ambient capabilities fall with the permitted ones (capabilities(7)). */
    return status;
}

/* What a program that reads packets and prints lines never calls. */
static const int denied_calls[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(kcmp),
    SCMP_SYS(socket),
    SCMP_SYS(socketpair),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(listen),
    SCMP_SYS(setuid),
    SCMP_SYS(setgid),
    SCMP_SYS(setresuid),
    SCMP_SYS(setresgid),
    SCMP_SYS(chroot),
    SCMP_SYS(pivot_root),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
};

/* Nor, unless it is a server. */
static const int server_calls[] = {SCMP_SYS(accept), SCMP_SYS(accept4)};

static int deny(scmp_filter_ctx filter, const int *calls, size_t count)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < count; i++)
        status = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), calls[i], 0);
    return status;
}

static int deny_calls(bool accepts, struct ka_error *error)
{
    /* A kernel built without seccomp: the rest has to do. */
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0 && errno == EINVAL)
        return 0;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int status = filter == NULL ? -ENOMEM : 0;
    if (status == 0)
        status = deny(filter, denied_calls, sizeof(denied_calls) / sizeof(denied_calls[0]));
    if (status == 0 && !accepts)
        status = deny(filter, server_calls, sizeof(server_calls) / sizeof(server_calls[0]));
    if (status == 0)
        status = seccomp_load(filter);
    seccomp_release(filter);
    if (status < 0)
        return ka_error_set(error, "cannot restrict system calls: %s", strerror(-status));
    return 0;
}

static int drop(const char *user, bool accepts, struct ka_error *error)
{
    tzset(); /* the time zone is read while its file is surely readable */
    if (leave_root(user, error) < 0 || drop_capabilities(error) < 0)
        return -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return ka_error_set(error, "cannot set no_new_privs: %m");
    return restrict_calls ? deny_calls(accepts, error) : 0;
}

int ka_privileges_drop(const char *user, struct ka_error *error)
{
    return drop(user, false, error);
}

int ka_privileges_drop_but_accept(struct ka_error *error)
{
    return drop(NULL, true, error);
}
