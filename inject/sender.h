/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Building probes with libnet and writing them to the network. The one module that includes
 * libnet.
 */
#ifndef KA_INJECT_SENDER_H
#define KA_INJECT_SENDER_H

#include "inject/probe.h"

struct ka_sender_options {
    const char *device; /* where IP packets must leave; NULL: as routed */
    const char *link;   /* write Ethernet frames here instead of IP packets; NULL: no */
    bool dry_run;       /* open nothing */
};

struct ka_sender;

/* Opens the handles. Raw IP needs at least one of IPv4 and IPv6 to work. Returns NULL with a
 * message; the one for missing privileges names CAP_NET_RAW and the command that grants it. */
struct ka_sender *ka_sender_create(const struct ka_sender_options *options, struct ka_error *error);

/* NULL is taken. */
void ka_sender_free(struct ka_sender *sender);

/* Builds the probe and, unless it is a dry run, sends it. What libnet built is held against what
 * ka_probe_bytes makes of the same probe and is not sent unless both are equal. Writes the bytes
 * into out[KA_PROBE_BYTES_MAX] and returns their number, or 0 with a message. */
size_t ka_sender_send(struct ka_sender *sender, const struct ka_probe *probe, uint8_t *out,
                      struct ka_error *error);

#endif
