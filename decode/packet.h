/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is known of one packet after decoding: values, and a view of the payload. One struct for
 * TCP segments and for the ICMP errors that quote one.
 */
#ifndef KA_DECODE_PACKET_H
#define KA_DECODE_PACKET_H

#include "base/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a frame gave no packet. events/ names them in this order. */
enum ka_undecoded {
    KA_DECODED,             /* it did give one */
    KA_UNDECODED_LINK,      /* link type unknown to us */
    KA_UNDECODED_ETHERTYPE, /* neither IP nor an encapsulation we open: ARP, LLDP, ... */
    KA_UNDECODED_PROTOCOL,  /* IP, but neither TCP nor an ICMP error nor a tunnel */
    KA_UNDECODED_ICMP,      /* ICMP that is no error, or an error that quotes no TCP */
    KA_UNDECODED_FRAGMENT,  /* a fragment after the first */
    KA_UNDECODED_TRUNCATED, /* the capture ends before what is needed */
    KA_UNDECODED_IP,        /* IP version, header or total length that cannot be */
    KA_UNDECODED_EXTENSION, /* IPv6 extension headers too many or broken */
    KA_UNDECODED_TCP,       /* TCP data offset that cannot be */
    KA_UNDECODED_TUNNEL,    /* encapsulations too deep, or a tunnel header that cannot be */
    KA_UNDECODED_ENCRYPTED, /* ESP, encrypted PPP: inside cannot be seen */
    KA_UNDECODED_COUNT
};

enum ka_packet_kind {
    KA_PACKET_TCP,
    KA_PACKET_ICMP_ERROR, /* src and dst are those of the ICMP packet; the rest is in icmp */
};

enum {
    KA_TCP_FIN = 0x01,
    KA_TCP_SYN = 0x02,
    KA_TCP_RST = 0x04,
    KA_TCP_PSH = 0x08,
    KA_TCP_ACK = 0x10,
    KA_TCP_URG = 0x20,
    KA_TCP_ECE = 0x40,
    KA_TCP_CWR = 0x80,
};

/* Which TCP options were present and well formed. */
enum {
    KA_OPTION_MSS = 0x01,
    KA_OPTION_WSCALE = 0x02,
    KA_OPTION_SACK_PERMITTED = 0x04,
    KA_OPTION_SACK = 0x08,
    KA_OPTION_TIMESTAMPS = 0x10,
    KA_OPTION_MD5 = 0x20,   /* RFC 2385 */
    KA_OPTION_AO = 0x40,    /* RFC 5925 */
    KA_OPTION_DSACK = 0x80, /* the first SACK block lies at or below the ack (RFC 2883) */
};

enum ka_tunnel_type {
    KA_TUNNEL_NONE,
    KA_TUNNEL_GRE,
    KA_TUNNEL_IPIP, /* IP in IP, in all four combinations; id 0 */
    KA_TUNNEL_VXLAN,
    KA_TUNNEL_GENEVE,
    KA_TUNNEL_MPLS,  /* id: the bottom label */
    KA_TUNNEL_PPPOE, /* id: the session */
};

enum { KA_VLAN_MAX = 4 };

struct ka_tcp {
    uint32_t seq;
    uint32_t ack;    /* meaningful with KA_TCP_ACK in flags */
    uint32_t length; /* payload, from the IP header, never from padding */
    uint32_t tsval;  /* with KA_OPTION_TIMESTAMPS */
    uint32_t tsecr;
    uint32_t sack_left; /* first SACK block, with KA_OPTION_SACK */
    uint32_t sack_right;
    uint16_t window; /* as sent, not scaled */
    uint16_t mss;    /* with KA_OPTION_MSS */
    uint8_t flags;   /* KA_TCP_ */
    uint8_t options; /* KA_OPTION_ */
    uint8_t wscale;  /* with KA_OPTION_WSCALE, 0..14 */
};

/* An ICMP or ICMPv6 error (RFC 792, RFC 4443) about a TCP segment, which it quotes. */
struct ka_icmp {
    uint8_t quoted_src[16]; /* like ka_packet.src, of quoted_family */
    uint8_t quoted_dst[16];
    uint16_t quoted_src_port;
    uint16_t quoted_dst_port;
    uint32_t quoted_seq;
    uint8_t type;
    uint8_t code;
    uint8_t quoted_family;
};

struct ka_packet {
    const struct ka_frame *frame; /* the caller's; valid as long as the frame is */
    uint8_t src[16];              /* innermost IP header; IPv4 in the first four, rest 0 */
    uint8_t dst[16];
    uint16_t src_port;
    uint16_t dst_port;
    uint8_t kind;               /* enum ka_packet_kind */
    uint8_t family;             /* 4 or 6 */
    uint8_t ttl;                /* or hop limit */
    bool length_guessed;        /* IP total length 0: payload length is from the frame */
    bool dont_fragment;         /* IPv4 */
    uint32_t ip_length;         /* of the innermost IP packet, header included */
    uint16_t ip_id;             /* IPv4; 0 for IPv6 */
    uint8_t vlan_count;         /* 0..KA_VLAN_MAX, outermost first */
    uint8_t tunnel_type;        /* innermost, enum ka_tunnel_type */
    uint32_t tunnel_id;         /* GRE key, VNI, label, session */
    uint16_t vlan[KA_VLAN_MAX]; /* identifiers, 0..4095 */
    uint32_t payload_captured;  /* at most tcp.length */
    const uint8_t *payload;     /* into the frame */
    struct ka_tcp tcp;
    struct ka_icmp icmp; /* only when kind says so */
};

#endif
