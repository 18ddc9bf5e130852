/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a packet has to do with a probe: whether it answers it, and how. One packet at a time, pure.
 */
#ifndef KA_INJECT_OBSERVE_H
#define KA_INJECT_OBSERVE_H

#include "decode/packet.h"
#include "inject/probe.h"

/* The ways in which a target, or someone in its place, can react. */
enum ka_reaction {
    KA_REACTION_NONE,      /* the packet is no answer to this probe */
    KA_REACTION_ACK,       /* an ACK without data */
    KA_REACTION_DSACK,     /* the same, naming our byte as a duplicate (RFC 2883) */
    KA_REACTION_DATA,      /* data, which proves the sender alive as well */
    KA_REACTION_FIN,       /* a FIN: closing, or closed long ago and repeated */
    KA_REACTION_RST,       /* a reset that our probe can have drawn, or that ends the connection */
    KA_REACTION_ICMP,      /* an ICMP error that quotes the connection and means it is cut off */
    KA_REACTION_ICMP_HOP,  /* time exceeded: from a router on the way, when the TTL was small */
    KA_REACTION_CHALLENGE, /* to a numberless probe: an ACK that tells the numbers */
    KA_REACTION_COUNT
};

/* One reaction. Numbers are the answering packet's. */
struct ka_observation {
    enum ka_reaction reaction;
    uint8_t ttl;       /* of the packet as seen; of an ICMP error: the router's packet */
    uint16_t ip_id;    /* IPv4 */
    uint8_t icmp_type; /* with the two ICMP reactions */
    uint8_t icmp_code;
    struct ka_addr from; /* who sent it: the target, or the sender of the ICMP error */
    uint32_t seq;        /* of TCP reactions */
    uint32_t ack;
    uint16_t window;
    bool has_timestamps;
    uint32_t tsval;
    uint32_t tsecr;
};

/* Holds the packet against the probe. Packets seen before the probe left are the caller's to leave
 * out. A packet whose numbers show that it belongs to other traffic gives KA_REACTION_NONE; data
 * counts even though it might have been on its way already (the target is alive either way). */
struct ka_observation ka_observe(const struct ka_packet *packet, const struct ka_probe *probe);

#endif
