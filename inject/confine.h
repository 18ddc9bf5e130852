/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Giving up privileges for good, once the raw sockets are open.
 */
#ifndef KA_INJECT_CONFINE_H
#define KA_INJECT_CONFINE_H

#include "base/error.h"

/* Closes every descriptor above standard error that was inherited. Call it first of all. */
void ka_confine_descriptors(void);

/* Leaves the process without capabilities, without a way to get any, as user `kasniff` or else
 * `nobody` when it ran as root, and (but in sanitizer and coverage builds) under a system call
 * filter that lets it read, write, send and end, and answers EPERM to all else: no files, no
 * processes, no further sockets, no new code. Returns 0, or -1 with a message: then nothing must be
 * sent. */
int ka_confine(struct ka_error *error);

#endif
