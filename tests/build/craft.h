/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Builds frames for tests, header by header from the outside in. Each header writes its number into
 * the field of the header before that names it; ka_craft_finish then fills in lengths and checksums
 * from the inside out. Nothing can fail but running out of room, which ka_craft_finish reports.
 *
 *     struct ka_craft craft;
 *     ka_craft_start(&craft);
 *     ka_craft_ethernet(&craft);
 *     ka_craft_vlan(&craft, 0x8100, 42);
 *     ka_craft_ip(&craft, &(struct ka_craft_ip){.version = 4, .src = {10, 0, 0, 1}});
 *     ka_craft_tcp(&craft, &(struct ka_craft_tcp){.seq = 1, .flags = 0x10});
 *     ka_craft_payload(&craft, "x", 1);
 *     size_t length = ka_craft_finish(&craft); // the frame is craft.bytes
 */
#ifndef KA_TESTS_BUILD_CRAFT_H
#define KA_TESTS_BUILD_CRAFT_H

#include "base/builder.h"

enum { KA_CRAFT_SIZE = 65536 + 256, KA_CRAFT_FIXUPS = 48 };

/* How a header names the one after it. */
enum ka_craft_naming {
    KA_CRAFT_NAMELESS, /* nothing names it: raw IP, behind MPLS */
    KA_CRAFT_ETHERTYPE,
    KA_CRAFT_PROTOCOL,
    KA_CRAFT_PPP,
    KA_CRAFT_PPP_SHORT, /* protocol field compressed to a byte */
    KA_CRAFT_FAMILY,    /* of NULL and LOOP links */
};

struct ka_craft_fixup {
    uint8_t kind;
    size_t at;   /* where the field or the header is */
    size_t from; /* where what it counts begins */
    size_t ip;   /* the IP header before it */
};

struct ka_craft {
    struct ka_builder out; /* writes into `bytes` */
    enum ka_craft_naming naming;
    size_t name_at; /* where the last header names the next */
    bool is_little; /* the name of a NULL link */
    size_t ip_at;   /* the innermost IP header so far */
    size_t fixup_count;
    struct ka_craft_fixup fixups[KA_CRAFT_FIXUPS];
    uint8_t bytes[KA_CRAFT_SIZE];
};

struct ka_craft_ip {
    uint8_t version; /* 4 or 6 */
    uint8_t src[16]; /* IPv4: the first four */
    uint8_t dst[16];
    uint8_t ttl; /* 0: 64 */
    uint16_t id;
    uint16_t fragment;      /* IPv4: flags and offset, as in the header */
    bool has_zero_length;   /* total or payload length 0, as before segmentation offload */
    const uint8_t *options; /* IPv4, a multiple of four bytes */
    size_t options_length;
};

struct ka_craft_tcp {
    uint16_t src_port;
    uint16_t dst_port;
    uint32_t seq;
    uint32_t ack;
    uint8_t flags;
    uint16_t window;
    const uint8_t *options; /* filled up with zeros to a multiple of four bytes, at most 40 */
    size_t options_length;
};

/* Begins an empty frame. */
void ka_craft_start(struct ka_craft *craft);

/* Fills in lengths and checksums. Returns the length of the frame, 0 when it did not fit; the frame
 * is craft->bytes. More may be appended afterwards, as padding (ka_craft_raw). */
size_t ka_craft_finish(struct ka_craft *craft);

/* Link headers, only at the beginning (Ethernet: also in a tunnel). */
void ka_craft_ethernet(struct ka_craft *craft);
void ka_craft_snap(struct ka_craft *craft); /* after Ethernet, whose type becomes a length */
void ka_craft_sll(struct ka_craft *craft);
void ka_craft_sll2(struct ka_craft *craft);
void ka_craft_loopback(struct ka_craft *craft, bool is_little);
void ka_craft_ppp(struct ka_craft *craft, bool has_framing, bool is_short);

/* Tags and tunnels. `type` of a tag: 0x8100, 0x88a8, 0x9100. */
void ka_craft_vlan(struct ka_craft *craft, uint16_t type, uint16_t id);
void ka_craft_pppoe(struct ka_craft *craft, uint16_t session); /* then ka_craft_ppp */
void ka_craft_mpls(struct ka_craft *craft, uint32_t label, bool is_bottom);
void ka_craft_control_word(struct ka_craft *craft);
void ka_craft_gre(struct ka_craft *craft, uint16_t flags, uint32_t key); /* flags as on the wire */
void ka_craft_erspan(struct ka_craft *craft, int version);               /* 2 or 3, after GRE */
void ka_craft_udp(struct ka_craft *craft, uint16_t src_port, uint16_t dst_port);
void ka_craft_vxlan(struct ka_craft *craft, uint32_t vni); /* after UDP; then Ethernet */
void ka_craft_geneve(struct ka_craft *craft, uint32_t vni, size_t options_length);

/* IP and what is in it. An extension is IPv6's, or 51 after either; its `length` in bytes, a
 * multiple of eight (of four for 51), 8 for a fragment header, whose offset and flags are `value`.
 */
void ka_craft_ip(struct ka_craft *craft, const struct ka_craft_ip *ip);
void ka_craft_extension(struct ka_craft *craft, uint8_t number, size_t length, uint16_t value);
void ka_craft_tcp(struct ka_craft *craft, const struct ka_craft_tcp *tcp);
/* The header of an ICMP message; ka_craft_quote follows. */
void ka_craft_icmp(struct ka_craft *craft, uint8_t version, uint8_t type, uint8_t code);
/* Behind ka_craft_icmp: quotes `length` bytes of a packet that begins with its IP header. */
void ka_craft_quote(struct ka_craft *craft, const void *packet, size_t length);
void ka_craft_payload(struct ka_craft *craft, const void *bytes, size_t length);
/* Any bytes: a header of the test's own, padding. */
void ka_craft_raw(struct ka_craft *craft, const void *bytes, size_t length);
/* Names the header that is to follow as raw bytes. */
void ka_craft_name(struct ka_craft *craft, enum ka_craft_naming naming, uint16_t number);

#endif
