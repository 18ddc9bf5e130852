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
#include <sys/ioctl.h>
#include <sys/mman.h>
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
/* All that is left to do: to read a request, to ask the time (which the vDSO mostly answers), to
 * send a packet, to write a reply, to take and give back memory, to end. Names that an architecture
 * does not have are left out. */
static const char *const allowed[] = {
    "read",
    "write",
    "sendto",
    "send",
    "close",
    "brk",
    "munmap",
    "mremap",
    "madvise",
    "getrandom",
    "clock_gettime",
    "clock_gettime64",
    "restart_syscall",
    "rt_sigreturn",
    "sigreturn",
    "futex",
    "exit",
    "exit_group",
};

/* And these with one argument held down: memory, but none that code could run from; the one
 * question that libnet asks before it writes a frame, for the number of the interface. */
static const struct {
    const char *name;
    struct scmp_arg_cmp when;
} limited[] = {
    {"mmap", SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
    {"mmap2", SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
    {"ioctl", SCMP_A1(SCMP_CMP_EQ, SIOCGIFINDEX, 0)},
};

/* Returns 0 or a negative errno. */
static int allow(scmp_filter_ctx filter, const char *name, const struct scmp_arg_cmp *when)
{
    int call = seccomp_syscall_resolve_name(name);
    if (call == __NR_SCMP_ERROR)
        return 0;
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, when != NULL, when);
}

static int filter_calls(struct ka_error *error)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int code = filter == NULL ? -ENOMEM : 0;
    for (size_t i = 0; code == 0 && i < sizeof(allowed) / sizeof(allowed[0]); i++)
        code = allow(filter, allowed[i], NULL);
    for (size_t i = 0; code == 0 && i < sizeof(limited) / sizeof(limited[0]); i++)
        code = allow(filter, limited[i].name, &limited[i].when);
    if (code == 0)
        code = seccomp_load(filter);
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
