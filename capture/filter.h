/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Packet filters in libpcap's language, compiled once per link type met.
 */
#ifndef KA_CAPTURE_FILTER_H
#define KA_CAPTURE_FILTER_H

#include "base/error.h"
#include "base/frame.h"

#include <stdbool.h>

struct ka_filter;

/* Widens a user's expression F to "F, or an ICMP or ICMPv6 error, or either under a VLAN tag", in
 * the order libpcap's language needs (`vlan` shifts all that follows). An F that says `vlan` itself
 * means the outermost tag, as in tcpdump. A blank F stays blank: it passes everything. The caller
 * frees the text. NULL when memory is out. */
char *ka_filter_widen(const char *expression);

/* What to compile when `expression` does not fit a link type: libpcap has no `vlan` for raw IP or
 * cooked captures, so a widened expression must be tried in parts there. `attempt` 0 is the
 * expression itself; of a widened one 1 is "F or an error", 2 is F. The caller frees the text. NULL
 * when there is no such attempt, or no memory. For those who compile by themselves (live). */
char *ka_filter_attempt(const char *expression, unsigned attempt);

/* Prepares a filter and checks its syntax against Ethernet (a widened one by the user's part).
 * Returns 0, or -1 with libpcap's complaint and the expression as the user wrote it. */
int ka_filter_create(const char *expression, struct ka_filter **out, struct ka_error *error);

/* True when the frame passes. Attempts as above are made for each link type. One for
 * which the expression cannot be compiled (say a MAC test on raw IP) passes nothing; *error gets a
 * word the first time, else its text is made empty. */
bool ka_filter_matches(struct ka_filter *filter, const struct ka_frame *frame,
                       struct ka_error *error);

void ka_filter_free(struct ka_filter *filter);

#endif
