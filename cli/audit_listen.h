/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kasniff audit --listen: the far end of audits.
 */
#ifndef KA_CLI_AUDIT_LISTEN_H
#define KA_CLI_AUDIT_LISTEN_H

#include "base/error.h"

/* Serves audits at `where`, "PORT" on the loopback address or "ADDR:PORT", until interrupted.
 * Returns the exit status, with the reason in *error unless it is 0. */
int ka_audit_listen(const char *where, struct ka_error *error);

#endif
