/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kasniff audit --locate: the hop search on a connection of its own.
 */
#ifndef KA_CLI_AUDIT_LOCATE_H
#define KA_CLI_AUDIT_LOCATE_H

#include "audit/findings.h"
#include "audit/hops.h"
#include "base/error.h"
#include "cli/audit_inject.h"

struct ka_locate;

/* Opens what listens for ICMP errors from the way to `to`. Returns NULL with a message that names
 * the capability it takes. */
struct ka_locate *ka_locate_open(const struct ka_endpoint *to, struct ka_error *error);

/* Opens a connection, lists the hops on its way, leaves it silent for `silence`, lists them again
 * and emits a finding through `report`. `plain`: the far end does not speak the audit's protocol;
 * else `id` names the audit there. Takes `silence` and about a second for each hop, twice. `stop`
 * ends it early, with nothing said. Returns 0, or -1 with the reason. */
int ka_locate_run(struct ka_locate *locate, struct ka_audit_injection *injection,
                  const struct ka_audit_report *report, bool plain, uint64_t id, ka_time silence,
                  bool (*stop)(void *context), struct ka_error *error);

/* Frees; takes NULL. */
void ka_locate_close(struct ka_locate *locate);

#endif
