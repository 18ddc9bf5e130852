/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The 1-byte keepalives of the audit: numbers from the kernel, packets from kasniff-inject.
 */
#ifndef KA_CLI_AUDIT_INJECT_H
#define KA_CLI_AUDIT_INJECT_H

#include "audit/engine.h"
#include "base/addr.h"
#include "base/error.h"

struct ka_audit_injection;

/* Starts kasniff-inject for connections to `to` alone, opens the log at `log_path` and fills *out,
 * which is good until the stop. Returns NULL with the reason: the helper or a capability is
 * missing, or the log cannot be written. */
struct ka_audit_injection *ka_audit_injection_start(const struct ka_endpoint *to,
                                                    const char *log_path,
                                                    struct ka_audit_injector *out,
                                                    struct ka_error *error);

/* Sends an empty keepalive that only gets as far as `ttl` hops (1..255) on the connection `fd`,
 * with an acknowledgement that a reset in answer does no harm by. Returns its number; 0 on failure.
 */
uint32_t ka_audit_injection_probe(struct ka_audit_injection *injection, int fd,
                                  const struct ka_endpoint *to, unsigned ttl);

/* Tells that it was answered. */
void ka_audit_injection_answered(struct ka_audit_injection *injection, int fd,
                                 const struct ka_endpoint *to, uint32_t number);

/* Ends it. Returns 0, or -1 with what made the arm fail first: a refusal, a missing capability, a
 * log that could not be written. NULL is taken. */
int ka_audit_injection_stop(struct ka_audit_injection *injection, struct ka_error *error);

#endif
