/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For tests: turns a TCP segment, told as values, into the bytes of a captured frame, inside any of
 * the encapsulations that the tests try. Shares nothing with the decoder, so that an error in one
 * cannot hide the same error in the other.
 */
#ifndef KA_TESTS_GEN_WIRE_H
#define KA_TESTS_GEN_WIRE_H

#include "base/builder.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* LINKTYPE_ values of the capture file formats. */
enum {
    KA_WIRE_NULL = 0,
    KA_WIRE_ETHERNET = 1,
    KA_WIRE_RAW = 101,
    KA_WIRE_SLL = 113,
    KA_WIRE_SLL2 = 276,
};

enum ka_wire_tunnel { KA_WIRE_NO_TUNNEL, KA_WIRE_GRE, KA_WIRE_VXLAN };

/* What stands around the inner IP packet. All zero: raw BSD loopback over IPv4. */
struct ka_wire_shape {
    uint16_t link_type;
    uint8_t vlans; /* 0..2 tags, Ethernet only */
    enum ka_wire_tunnel tunnel;
    bool ipv6;
    bool extensions; /* IPv6: hop-by-hop and destination options before TCP */
    bool padded;     /* Ethernet: to 60 bytes, else by a trailer of 4, with bytes that are not 0 */
};

/* Hosts are numbered: 10.0.x.y and 2001:db8::x:y for 256 x + y. */
struct ka_wire_end {
    uint32_t host;
    uint16_t port;
};

enum { KA_WIRE_TCP_MAX = 60, KA_WIRE_FRAME_MAX = 2048 };

struct ka_wire_segment {
    struct ka_wire_end src;
    struct ka_wire_end dst;
    uint32_t seq;
    uint32_t ack;
    uint16_t window;
    uint16_t ip_id;
    uint8_t ttl;
    uint8_t flags;          /* bits as in the TCP header, CWR = 0x80 */
    bool total_length_zero; /* IPv4 total length or IPv6 payload length 0, as offload leaves it */
    bool timestamps;
    bool sack_permitted;
    bool wscale_present;
    uint8_t wscale;
    uint16_t mss; /* 0: no such option */
    uint8_t sack_count;
    uint32_t tsval;
    uint32_t tsecr;
    uint32_t sack[2][2];    /* [i][0] left, [i][1] right */
    const uint8_t *payload; /* `length` bytes, the caller's */
    uint32_t length;
    uint32_t payload_sum; /* partial Internet checksum of the payload when `summed` */
    bool summed;
};

struct ka_wire_icmp {
    struct ka_wire_end from; /* the host that complains; port unused */
    struct ka_wire_end to;
    uint8_t type; /* as in the shape's IP version */
    uint8_t code;
    uint8_t ttl;
    uint16_t quote; /* TCP bytes quoted after the IP header, at most those there are */
};

/* Writes the frame of `segment` into frame[KA_WIRE_FRAME_MAX]; returns its length, or 0 when it
 * does not fit (payload above 1500 bytes). */
size_t ka_wire_tcp(const struct ka_wire_shape *shape, const struct ka_wire_segment *segment,
                   uint8_t *frame);

/* Likewise for an ICMP or ICMPv6 error that quotes `segment`. */
size_t ka_wire_icmp(const struct ka_wire_shape *shape, const struct ka_wire_icmp *icmp,
                    const struct ka_wire_segment *segment, uint8_t *frame);

#endif
