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

/* Adds to `left` what TCP_REPAIR asks for, where it is there to be kept. */
static int keep_numbers(cap_t left)
{
    static const cap_value_t admin[] = {CAP_NET_ADMIN};
    cap_flag_value_t has = CAP_CLEAR;
    cap_t own = cap_get_proc();
    int status = own == NULL ? -1 : cap_get_flag(own, CAP_NET_ADMIN, CAP_PERMITTED, &has);
    cap_free(own);
    if (status < 0 || has != CAP_SET)
        return status;
    if (cap_set_flag(left, CAP_PERMITTED, 1, admin, CAP_SET) < 0)
        return -1;
    return cap_set_flag(left, CAP_EFFECTIVE, 1, admin, CAP_SET);
}

static int drop_capabilities(unsigned needs, struct ka_error *error)
{
    cap_t left = cap_init();
    int status = left == NULL ? -1 : 0;
    if (status == 0 && (needs & KA_NEEDS_NUMBERS) != 0)
        status = keep_numbers(left);
    if (status == 0)
        status = cap_set_proc(left);
    if (status < 0)
        ka_error_set(error, "cannot drop capabilities: %m");
    cap_free(left);
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
    SCMP_SYS(socketpair),
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

/* Nor, unless it is a server; nor, unless it opens connections. */
static const int server_calls[] = {SCMP_SYS(accept), SCMP_SYS(accept4)};
static const int client_calls[] = {SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(bind)};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static int deny(scmp_filter_ctx filter, const int *calls, size_t count)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < count; i++)
        status = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), calls[i], 0);
    return status;
}

static int deny_calls(unsigned needs, struct ka_error *error)
{
    /* A kernel built without seccomp: the rest has to do. */
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0 && errno == EINVAL)
        return 0;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int status = filter == NULL ? -ENOMEM : 0;
    if (status == 0)
        status = deny(filter, denied_calls, COUNT_OF(denied_calls));
    if (status == 0 && (needs & KA_NEEDS_ACCEPT) == 0)
        status = deny(filter, server_calls, COUNT_OF(server_calls));
    if (status == 0 && (needs & KA_NEEDS_CONNECT) == 0)
        status = deny(filter, client_calls, COUNT_OF(client_calls));
    if (status == 0)
        status = seccomp_load(filter);
    seccomp_release(filter);
    if (status < 0)
        return ka_error_set(error, "cannot restrict system calls: %s", strerror(-status));
    return 0;
}

static int drop(const char *user, unsigned needs, struct ka_error *error)
{
    tzset(); /* the time zone is read while its file is surely readable */
    /* Else all capabilities go with root. */
    if ((needs & KA_NEEDS_NUMBERS) != 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        return ka_error_set(error, "cannot keep a capability: %m");
    if (leave_root(user, error) < 0 || drop_capabilities(needs, error) < 0)
        return -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return ka_error_set(error, "cannot set no_new_privs: %m");
    return restrict_calls ? deny_calls(needs, error) : 0;
}

int ka_privileges_drop(const char *user, struct ka_error *error)
{
    return drop(user, 0, error);
}

int ka_privileges_drop_but(unsigned needs, struct ka_error *error)
{
    return drop(NULL, needs, error);
}
