/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Giving up what a reader of packets does not need, before it looks at the first of them.
 */
#ifndef KA_CLI_PRIVILEGES_H
#define KA_CLI_PRIVILEGES_H

#include "cli/options.h"

/* The options of this module; ka_privileges_rows describe them. */
struct ka_privileges_options {
    const char *user; /* -Z; NULL: not given */
};

extern const struct ka_option ka_privileges_rows[];

/* For good: when started by root, becomes `user`, or with NULL `kasniff` where that user exists,
 * else `nobody`, without supplementary groups; empties all capability sets; sets no_new_privs; and
 * has the kernel answer EPERM to system calls that start programs, reach other processes or open
 * sockets (not in builds with sanitizers or for coverage, which need some of them). Call it when
 * inputs are open. Returns 0, or -1 with the reason; the process must not go on then. */
int ka_privileges_drop(const char *user, struct ka_error *error);

/* What a command goes on doing. */
enum {
    KA_NEEDS_ACCEPT = 1,  /* accepting connections */
    KA_NEEDS_CONNECT = 2, /* opening them */
    KA_NEEDS_NUMBERS = 4, /* asking for the sequence numbers of its own: keeps CAP_NET_ADMIN */
};

/* The same, as `kasniff` or `nobody`, but for these, combined by |. */
int ka_privileges_drop_but(unsigned needs, struct ka_error *error);

#endif
