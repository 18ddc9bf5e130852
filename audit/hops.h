/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where a connection is forgotten: the hops that answer probes inside it, before the expiry and
 * after. A hop answers a probe whose time to live ends there (ICMP time exceeded, RFC 792, RFC 4443
 * 3.3) before any filter of its own is asked; what lies behind the box that forgot answers no more.
 */
#ifndef KA_AUDIT_HOPS_H
#define KA_AUDIT_HOPS_H

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KA_HOPS_MAX = 30 };

/* What answered probes with a time to live of 1, 2, 3, ... */
struct ka_hops {
    struct ka_addr addr[KA_HOPS_MAX]; /* [0] is the first hop; no address: silent */
    uint8_t count;                    /* tried, the far end not included */
    bool reached;                     /* the next one was answered by the far end */
};

/* Takes an ICMP (family 4: with its IP header, as raw sockets give it) or ICMPv6 message apart.
 * True when it says that the time to live of a TCP segment from `ours` to `far` was exceeded, or
 * that the segment was unreachable on its way. */
bool ka_hops_quote(unsigned family, const uint8_t *bytes, size_t length,
                   const struct ka_endpoint *ours, const struct ka_endpoint *far);

enum ka_hops_result {
    KA_HOPS_FOUND,   /* *hop forgets, from 1 */
    KA_HOPS_HEALED,  /* the far end answered after the expiry, too */
    KA_HOPS_BEYOND,  /* every hop still answers, the far end does not: *hop, the last one, forgets,
                        unless the far end itself did */
    KA_HOPS_UNKNOWN, /* too few hops answered before to tell */
};

/* Compares. The hop that forgets is the last one that still answers while one behind it, which
 * answered before, does not; *hop is 0 where even the first is silent. */
enum ka_hops_result ka_hops_compare(const struct ka_hops *before, const struct ka_hops *after,
                                    unsigned *hop);

/* Writes "10.0.0.1, -, 10.0.2.1" into out[size], cut where it does not fit. */
void ka_hops_text(const struct ka_hops *hops, char *out, size_t size);

#endif
