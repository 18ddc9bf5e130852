/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One probe, as values: what is asked of kasniff-inject, checked by its guard, turned into bytes.
 *
 * There are two forms. A numbered probe is a segment that its target has already acknowledged, with
 * no data or one byte, which a living TCP answers with its true numbers (RFC 9293 3.10.7.4). A
 * numberless probe (RFC 6146 3.5.2.2) has seq 0, ack 0, no options and no data. Both carry the ACK
 * flag and nothing else: there is no member for flags, so no other segment can be asked for.
 */
#ifndef KA_INJECT_PROBE_H
#define KA_INJECT_PROBE_H

#include "base/addr.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ka_probe_kind { KA_PROBE_NUMBERED, KA_PROBE_NUMBERLESS };

/* How the acknowledgement is chosen. Gentle is KA_GENTLE_DISTANCE behind the true one: a reset in
 * answer then carries a number that the other end ignores. Exact is the true one: such a reset
 * kills the other end. */
enum ka_ack_mode { KA_ACK_GENTLE, KA_ACK_EXACT };

enum {
    KA_GENTLE_DISTANCE = 1000,
    KA_PROBE_TAGS_MAX = 2,
    KA_PROBE_BYTES_MAX = 128, /* holds any probe: Ethernet, two tags, IPv6, TCP with timestamps */
};

struct ka_probe_tag {
    uint16_t tpid; /* 0x8100 or 0x88a8 */
    uint16_t id;   /* 0..4095 */
};

/* The Ethernet header, where the injector writes frames; `present` is false where it writes IP
 * packets and the kernel finds the way. */
struct ka_probe_link {
    uint8_t src[6];
    uint8_t dst[6];
    struct ka_probe_tag tags[KA_PROBE_TAGS_MAX]; /* outermost first */
    uint8_t tag_count;
    bool present;
};

struct ka_probe {
    uint32_t id;            /* from 1, growing: names the probe in replies and in the log */
    struct ka_endpoint src; /* whom the probe pretends to come from */
    struct ka_endpoint dst; /* the target */
    enum ka_probe_kind kind;
    enum ka_ack_mode mode;
    uint32_t seq;   /* numbered: nxt - 1; numberless: 0 */
    uint32_t ack;   /* numbered: rcv, or rcv - 1000 when gentle; numberless: 0 */
    uint32_t nxt;   /* the target's own last acknowledgement: the first byte it has not got */
    uint32_t rcv;   /* the acknowledgement that src itself last sent */
    uint32_t tsval; /* with has_timestamps */
    uint32_t tsecr;
    uint16_t window; /* as sent, not scaled */
    uint8_t ttl;     /* or hop limit, 1..255 */
    uint8_t length;  /* 0, or 1 */
    bool has_timestamps;
    bool sack;      /* both ends agreed on SACK */
    bool in_flight; /* src has data out that the target has not acknowledged; true if unknown */
    struct ka_probe_link link;
};

/* Writes the probe as bytes for the wire into out[size]: from the Ethernet header where there is
 * one, else from the IP header. IPv4 carries DF and ID 0 as Linux's TCP does; the checksums are
 * filled in. `length` may be any value here: judging it is the guard's work. Returns the number of
 * bytes, 0 when they do not fit or the addresses are not of one family. */
size_t ka_probe_bytes(const struct ka_probe *probe, uint8_t *out, size_t size);

/* The TCP checksum that belongs into the probe (RFC 9293 3.1, with the pseudo header). */
uint16_t ka_probe_checksum(const struct ka_probe *probe);

/* Writes the TCP options of the probe into out[12]: two NOPs and timestamps (RFC 7323 appendix A),
 * or nothing. Returns their length, 0 or 12. */
size_t ka_probe_options(const struct ka_probe *probe, uint8_t *out);

#endif
