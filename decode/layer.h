/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Inside the decode room: the walk through a frame, layer by layer. Every layer consumes its own
 * header and names the layer that follows; ka_decode runs them in a bounded loop.
 */
#ifndef KA_DECODE_LAYER_H
#define KA_DECODE_LAYER_H

#include "base/reader.h"
#include "decode/decode.h"

struct ka_walk;

/* Decodes one layer at walk->bytes and sets walk->next. Returns KA_DECODED to go on (or, with a
 * NULL next, because the packet is complete), else the reason to stop. */
typedef enum ka_undecoded ka_layer(struct ka_walk *walk);

struct ka_walk {
    struct ka_reader bytes;   /* captured bytes from the next header on */
    size_t missing;           /* bytes of this layer that were on the wire after those captured */
    ka_layer *next;           /* NULL at the end */
    struct ka_packet *packet; /* being filled */
    bool is_open_ended;       /* within the first fragment of something longer: inner lengths may
                                 reach past the end of the frame */
};

/* How many layers a frame may have: four tags, three tunnels with their UDP and Ethernet. */
enum { KA_LAYERS_MAX = 16 };

/* The number spaces in which one header names the next. */
enum ka_number_space {
    KA_BY_ETHERTYPE,
    KA_BY_PROTOCOL, /* IP protocol, also after the IPv6 extension headers */
    KA_BY_UDP_PORT, /* destination */
    KA_BY_PPP,
    KA_NUMBER_SPACES
};

/* Names the next layer by its number; notes the tunnel where it is one, with id 0. Returns
 * KA_DECODED, or the reason for a number that is in no table. */
enum ka_undecoded ka_layer_enter(struct ka_walk *walk, enum ka_number_space space, uint16_t number);

/* The first layer of a link type; NULL when unknown. */
ka_layer *ka_layer_of_link(uint16_t link_type);

/* Bytes of this layer on the wire, captured or not. */
static inline size_t ka_walk_wire(const struct ka_walk *walk)
{
    return walk->bytes.left + walk->missing;
}

/* This layer ends after `count` bytes; what follows is padding. `count` past the end of the frame
 * is taken as missing: the caller has judged that. */
static inline void ka_walk_limit(struct ka_walk *walk, size_t count)
{
    ka_reader_limit(&walk->bytes, count);
    walk->missing = count - walk->bytes.left;
}

/* Why bytes could not be read: not captured, or `reason` when they were never there. */
static inline enum ka_undecoded ka_walk_short(const struct ka_walk *walk, enum ka_undecoded reason)
{
    return walk->missing > 0 ? KA_UNDECODED_TRUNCATED : reason;
}

/* link.c */
ka_layer ka_layer_ethernet; /* IEEE 802.3 */
ka_layer ka_layer_llc;      /* IEEE 802.2 with SNAP (RFC 1042) */
ka_layer ka_layer_vlan;     /* one IEEE 802.1Q tag */
ka_layer ka_layer_ppp;      /* RFC 1661, with or without the framing of RFC 1662 */

/* tunnel.c */
ka_layer ka_layer_pppoe;     /* RFC 2516 */
ka_layer ka_layer_mpls;      /* RFC 3032, a whole label stack */
ka_layer ka_layer_gre;       /* RFC 2784, 2890; version 1: RFC 2637 */
ka_layer ka_layer_erspan2;   /* draft-foschiano-erspan: types I and II */
ka_layer ka_layer_erspan3;   /* the same: type III */
ka_layer ka_layer_udp;       /* RFC 768 */
ka_layer ka_layer_vxlan;     /* RFC 7348 */
ka_layer ka_layer_geneve;    /* RFC 8926 */
ka_layer ka_layer_encrypted; /* always KA_UNDECODED_ENCRYPTED */

/* ip.c */
ka_layer ka_layer_ip;   /* either, by the version */
ka_layer ka_layer_ipv4; /* RFC 791 */
ka_layer ka_layer_ipv6; /* RFC 8200 */
ka_layer ka_layer_auth; /* RFC 4302, after IPv4 */

/* tcp.c, icmp.c */
ka_layer ka_layer_tcp;   /* RFC 9293 */
ka_layer ka_layer_icmp;  /* RFC 792 */
ka_layer ka_layer_icmp6; /* RFC 4443 */

/* Walks the extension headers at *bytes (RFC 8200 4). *next is the number of the first and, on
 * return, of what follows the last; *bytes then stands there. A first fragment sets
 * *has_more_fragments, else it stays. Returns KA_DECODED; KA_UNDECODED_FRAGMENT for a later
 * fragment; KA_UNDECODED_EXTENSION for more than KA_EXTENSIONS_MAX; KA_UNDECODED_TRUNCATED when
 * *bytes ends within one. */
enum ka_undecoded ka_skip_extensions(struct ka_reader *bytes, uint8_t *next,
                                     bool *has_more_fragments);

enum { KA_EXTENSIONS_MAX = 8 };

/* In the flags and offset field of an IPv4 header. */
enum {
    KA_IPV4_DONT_FRAGMENT = 0x4000,
    KA_IPV4_MORE_FRAGMENTS = 0x2000,
    KA_IPV4_OFFSET = 0x1fff,
};

/* The number of TCP among the IP protocols. */
enum { KA_PROTOCOL_TCP = 6 };

enum { KA_TCP_FIXED_SIZE = 20, KA_TCP_STAMPS_SIZE = 12 };

/* Reads the fixed part of a TCP header from its KA_TCP_FIXED_SIZE bytes; the rest of packet->tcp is
 * 0. Returns the data offset, in words. */
static inline unsigned ka_tcp_fixed_read(struct ka_reader *header, struct ka_packet *packet)
{
    struct ka_tcp *tcp = &packet->tcp;
    uint8_t offset = 0;

    *tcp = (struct ka_tcp){0};
    ka_read_be16(header, &packet->src_port);
    ka_read_be16(header, &packet->dst_port);
    ka_read_be32(header, &tcp->seq);
    ka_read_be32(header, &tcp->ack);
    ka_read_u8(header, &offset);
    ka_read_u8(header, &tcp->flags);
    ka_read_be16(header, &tcp->window);
    return offset >> 4;
}

/* Options that are timestamps alone, aligned: nearly every segment of nearly every connection
 * carries exactly this (RFC 7323 appendix A). False, nothing read, for any other. */
static inline bool ka_tcp_stamps_read(struct ka_reader options, struct ka_tcp *tcp)
{
    enum { NOP_NOP_TIMESTAMPS_10 = 0x0101080a };
    uint32_t head;

    if (options.left != KA_TCP_STAMPS_SIZE || !ka_read_be32(&options, &head) ||
        head != NOP_NOP_TIMESTAMPS_10)
        return false;
    ka_read_be32(&options, &tcp->tsval);
    ka_read_be32(&options, &tcp->tsecr);
    tcp->options = KA_OPTION_TIMESTAMPS;
    return true;
}

/* Reads the TCP options in *options into tcp->options and the members it covers; tcp->ack must be
 * set (a D-SACK is known by it). A list that is broken or cut ends quietly, what came before it
 * stays (RFC 9293 3.1, 7323, 2018, 2883, 2385, 5925). */
void ka_tcp_options_read(struct ka_reader options, struct ka_tcp *tcp);

#endif
