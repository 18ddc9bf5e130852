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

/* Widens a user's expression F to "F, or an ICMP or ICMPv6 error, or F under a VLAN tag", in the
 * order libpcap's language needs (`vlan` shifts all that follows). The caller frees the text. NULL
 * when memory is out. */
char *ka_filter_widen(const char *expression);

/* Prepares a filter and checks its syntax against Ethernet. Returns 0, or -1 with libpcap's
 * complaint and the expression. */
int ka_filter_create(const char *expression, struct ka_filter **out, struct ka_error *error);

/* True when the frame passes. A link type for which the expression cannot be compiled (say a MAC
 * test on raw IP) passes nothing; *error gets a word the first time, else its text stays empty. */
bool ka_filter_matches(struct ka_filter *filter, const struct ka_frame *frame,
                       struct ka_error *error);

void ka_filter_free(struct ka_filter *filter);

#endif
