/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "inject/confine.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

void ka_confine_descriptors(void)
{
    /* Without close_range (Linux before 5.9) they stay open, which only the caller can see. */
    (void)close_range(STDERR_FILENO + 1, ~0U, 0);
}

/* Changes from root to a user who owns nothing. In a user namespace that maps root alone there is
 * none to change to (EINVAL); its root has no rights outside anyway, and loses its capabilities. */
static int leave_root(struct ka_error *error)
{
    if (geteuid() != 0)
        return 0;
    const struct passwd *user = getpwnam("kasniff");
    if (user == NULL)
        user = getpwnam("nobody");
    if (user == NULL)
        return ka_error_set(error, "there is neither a user kasniff nor nobody to change to");
    uid_t uid = user->pw_uid;
    gid_t gid = user->pw_gid;
    bool grouped = setgroups(0, NULL) == 0 || errno == EPERM;
    if (!grouped || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0) {
        if (errno == EINVAL)
            return 0;
        return ka_error_set(error, "changing to user %s failed: %s", user->pw_name,
                            strerror(errno));
    }
    return 0;
}

static int drop_capabilities(struct ka_error *error)
{
    cap_t none = cap_init();
    bool ok = none != NULL && cap_set_proc(none) == 0;
    int cause = errno;
    if (none != NULL)
        cap_free(none);
    if (!ok)
        return ka_error_set(error, "dropping capabilities failed: %s", strerror(cause));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return ka_error_set(error, "no_new_privs cannot be set: %s", strerror(errno));
    return 0;
}

#if !defined(KA_SANITIZED) && !defined(KA_COVERAGE)
/* What a program that reads a socket and sends packets never needs. */
static int filter_calls(struct ka_error *error)
{
    static const char *const denied[] = {
        "execve",
        "execveat",
        "fork",
        "vfork",
        "clone",
        "clone3",
        "ptrace",
        "socket",
        "socketpair",
        "connect",
        "bind",
        "listen",
        "accept",
        "accept4",
        "open",
        "openat",
        "openat2",
        "creat",
        "truncate",
        "unlink",
        "unlinkat",
        "rename",
        "renameat",
        "renameat2",
        "link",
        "linkat",
        "symlink",
        "symlinkat",
        "mknod",
        "mknodat",
        "mkdir",
        "mkdirat",
        "rmdir",
        "chmod",
        "fchmodat",
        "chown",
        "fchownat",
        "chroot",
        "mount",
        "umount2",
        "pivot_root",
        "unshare",
        "setns",
        "bpf",
        "perf_event_open",
        "keyctl",
        "add_key",
        "request_key",
        "init_module",
        "finit_module",
        "delete_module",
        "kexec_load",
        "kexec_file_load",
        "reboot",
        "process_vm_readv",
        "kill",
        "process_vm_writev",
        "pidfd_getfd",
        "userfaultfd",
        "io_uring_setup",
        "tkill",
        "setsockopt",
        "memfd_create",
        "shmget",
        "personality",
    };
    int code = -ENOMEM;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (filter == NULL)
        goto out;
    for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++) {
        int call = seccomp_syscall_resolve_name(denied[i]);
        if (call == __NR_SCMP_ERROR)
            continue; /* unknown to this libseccomp or architecture */
        code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0);
        if (code != 0)
            goto out;
    }
    code = seccomp_load(filter);
out:
    seccomp_release(filter);
    if (code != 0)
        return ka_error_set(error, "the system call filter cannot be loaded: %s", strerror(-code));
    return 0;
}
#endif

int ka_confine(struct ka_error *error)
{
    if (leave_root(error) != 0 || drop_capabilities(error) != 0)
        return -1;
    /* Nobody who runs as the same user may look inside (ptrace, /proc/PID/mem). */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#if !defined(KA_SANITIZED) && !defined(KA_COVERAGE)
    return filter_calls(error);
#else
    return 0;
#endif
}
