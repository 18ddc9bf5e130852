/* SPDX-License-Identifier: BSD-2-Clause */
#include "inject/observe.h"

#include "base/seq.h"

#include <string.h>

static bool same_bytes(const struct ka_addr *addr, uint8_t family, const uint8_t *bytes)
{
    return addr->family == family && memcmp(addr->bytes, bytes, sizeof(addr->bytes)) == 0;
}

static bool comes_back(const struct ka_packet *packet, const struct ka_probe *probe)
{
    return same_bytes(&probe->dst.addr, packet->family, packet->src) &&
           same_bytes(&probe->src.addr, packet->family, packet->dst) &&
           packet->src_port == probe->dst.port && packet->dst_port == probe->src.port;
}

/* The error may quote the probe, or any other packet of the same direction: both mean that what
 * goes to the target does not arrive. */
static bool quotes_probe(const struct ka_icmp *icmp, const struct ka_probe *probe)
{
    return same_bytes(&probe->src.addr, icmp->quoted_family, icmp->quoted_src) &&
           same_bytes(&probe->dst.addr, icmp->quoted_family, icmp->quoted_dst) &&
           icmp->quoted_src_port == probe->src.port && icmp->quoted_dst_port == probe->dst.port;
}

/* Which errors say that the target cannot be reached. Left out: "fragmentation needed" and "packet
 * too big" (path MTU discovery, RFC 1191, RFC 8201), source quench (RFC 6633), redirects. */
static enum ka_reaction classify_icmp(uint8_t family, uint8_t type, uint8_t code)
{
    enum { V4_UNREACHABLE = 3, V4_EXCEEDED = 11, V6_UNREACHABLE = 1, V6_EXCEEDED = 3 };
    enum { FRAGMENTATION_NEEDED = 4, HOPS_USED_UP = 0 };
    if (type == (family == 4 ? V4_EXCEEDED : V6_EXCEEDED))
        return code == HOPS_USED_UP ? KA_REACTION_ICMP_HOP : KA_REACTION_NONE;
    if (family == 4 && type == V4_UNREACHABLE && code != FRAGMENTATION_NEEDED)
        return KA_REACTION_ICMP;
    return family == 6 && type == V6_UNREACHABLE ? KA_REACTION_ICMP : KA_REACTION_NONE;
}

/* A reset by someone without the connection carries our ack as its number (RFC 9293 3.10.7.1); one
 * by a closing peer or by a middlebox that knows the connection carries the true one. */
static bool is_reset_for(const struct ka_tcp *tcp, const struct ka_probe *probe)
{
    if (probe->kind == KA_PROBE_NUMBERLESS)
        return true;
    return tcp->seq == probe->ack || ka_seq_le(probe->rcv - KA_GENTLE_DISTANCE, tcp->seq);
}

static enum ka_reaction classify_tcp(const struct ka_tcp *tcp, const struct ka_probe *probe)
{
    if ((tcp->flags & KA_TCP_RST) != 0)
        return is_reset_for(tcp, probe) ? KA_REACTION_RST : KA_REACTION_NONE;
    if ((tcp->flags & KA_TCP_SYN) != 0 || (tcp->flags & KA_TCP_ACK) == 0)
        return KA_REACTION_NONE;
    /* An ack below what the target acknowledged before is an old packet, come late. */
    if (probe->kind == KA_PROBE_NUMBERED && ka_seq_lt(tcp->ack, probe->nxt))
        return KA_REACTION_NONE;
    if ((tcp->flags & KA_TCP_FIN) != 0)
        return KA_REACTION_FIN;
    if (tcp->length > 0)
        return KA_REACTION_DATA;
    if (probe->kind == KA_PROBE_NUMBERLESS)
        return KA_REACTION_CHALLENGE;
    if (probe->length == 1 && (tcp->options & KA_OPTION_SACK) != 0 && tcp->sack_left == probe->seq)
        return KA_REACTION_DSACK;
    return KA_REACTION_ACK;
}

static struct ka_observation observe_icmp(const struct ka_packet *packet,
                                          const struct ka_probe *probe)
{
    struct ka_observation seen = {.reaction = KA_REACTION_NONE};
    if (!quotes_probe(&packet->icmp, probe))
        return seen;
    seen.reaction = classify_icmp(packet->family, packet->icmp.type, packet->icmp.code);
    seen.icmp_type = packet->icmp.type;
    seen.icmp_code = packet->icmp.code;
    return seen;
}

static struct ka_observation observe_tcp(const struct ka_packet *packet,
                                         const struct ka_probe *probe)
{
    struct ka_observation seen = {.reaction = KA_REACTION_NONE};
    const struct ka_tcp *tcp = &packet->tcp;
    if (!comes_back(packet, probe))
        return seen;
    seen.reaction = classify_tcp(tcp, probe);
    seen.seq = tcp->seq;
    seen.ack = tcp->ack;
    seen.window = tcp->window;
    seen.has_timestamps = (tcp->options & KA_OPTION_TIMESTAMPS) != 0;
    seen.tsval = seen.has_timestamps ? tcp->tsval : 0;
    seen.tsecr = seen.has_timestamps ? tcp->tsecr : 0;
    return seen;
}

struct ka_observation ka_observe(const struct ka_packet *packet, const struct ka_probe *probe)
{
    struct ka_observation seen = packet->kind == KA_PACKET_ICMP_ERROR ? observe_icmp(packet, probe)
                                                                      : observe_tcp(packet, probe);
    seen.ttl = packet->ttl;
    seen.ip_id = packet->ip_id;
    seen.from = ka_addr_make(packet->family, packet->src);
    return seen;
}
