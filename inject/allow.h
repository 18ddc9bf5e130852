/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Whom the injector may send to: addresses, networks and endpoints given when it starts.
 */
#ifndef KA_INJECT_ALLOW_H
#define KA_INJECT_ALLOW_H

#include "base/addr.h"

/* Targets of one family under a prefix, on one port or on all (0). */
struct ka_allow {
    struct ka_addr addr;
    uint8_t prefix; /* 0..32 or 0..128 */
    uint16_t port;
};

/* Reads "10.0.0.1", "10.0.0.0/24", "2001:db8::/32", "10.0.0.1:5432" or "[2001:db8::1]:5432".
 * Returns 0, or -1 with a message and *out untouched; bits set outside the prefix are an error,
 * since they hint at a slip of the pen. */
int ka_allow_parse(const char *text, struct ka_allow *out, struct ka_error *error);

bool ka_allow_matches(const struct ka_allow *allow, const struct ka_endpoint *target);

#endif
