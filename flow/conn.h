/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A connection, as small as it can be: the key, and for each side what it sent and what the peer
 * told about it. Everything that only a few connections need lies in an extra record that is taken
 * when it is first wanted. The layout is part of the design: 176 bytes here, about 12 more in the
 * hash, at most 192 in all (see tests/bench).
 */
#ifndef KA_FLOW_CONN_H
#define KA_FLOW_CONN_H

#include "base/seq.h"
#include "base/time.h"
#include "decode/packet.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Both endpoints, the lower one first, so that both directions give the same key. */
struct ka_key {
    uint8_t addr[2][16];
    uint16_t port[2];
    uint16_t zone;  /* tunnel and, if asked, VLAN tags: see flow/zone.h */
    uint8_t family; /* 4 or 6; 0 in a connection that was removed */
    uint8_t unused; /* 0 */
};

/* ka_side.flags */
enum {
    KA_SIDE_SENT = 0x0001,    /* sent_next is known */
    KA_SIDE_ACKED = 0x0002,   /* acked_next is known */
    KA_SIDE_STAMPS = 0x0004,  /* sends timestamps; tsval is known */
    KA_SIDE_BYTE = 0x0008,    /* last_byte is the byte before sent_next */
    KA_SIDE_SYN = 0x0010,     /* sent a SYN that we saw */
    KA_SIDE_FIN = 0x0020,     /* sent a FIN */
    KA_SIDE_RST = 0x0040,     /* sent an RST that fits */
    KA_SIDE_WINDOW = 0x0080,  /* window is known */
    KA_SIDE_SCALE = 0x0100,   /* offered window scaling; wscale is known */
    KA_SIDE_SACK = 0x0200,    /* permitted SACK */
    KA_SIDE_DATA = 0x0400,    /* data_stamp holds: it sent data within the last hour */
    KA_SIDE_TIMED = 0x0800,   /* that data can time a round trip: not resent since */
    KA_SIDE_CONTROL = 0x1000, /* what lies before sent_next is a SYN or FIN, no byte */
    KA_SIDE_PAYLOAD = 0x2000, /* ever sent data */
};

/* One side: what it sent, and how far its peer acknowledged. Times and numbers of before its last
 * segment are lost. Packed to 52 bytes: eight more would break the bound on memory. */
struct ka_side {
    ka_time last_sent;        /* KA_TIME_NONE: never, or at a time unknown */
    uint32_t packets_low;     /* with the four bits above them, see ka_side_packets */
    uint8_t packets_high : 4; /* not one field of 36 bits: counting it takes six times as long */
    uint8_t wscale : 4;       /* with KA_SIDE_SCALE */
    uint8_t ttl;              /* of its last data, or first segment */
    uint8_t last_byte;        /* with KA_SIDE_BYTE */
    uint8_t last_ttl;         /* of its last segment */
    uint32_t bytes_low;       /* of payload, see ka_side_bytes */
    uint16_t bytes_high;
    uint16_t window;     /* as last sent, not scaled, with KA_SIDE_WINDOW */
    uint32_t sent_next;  /* highest sequence number + length it sent, with KA_SIDE_SENT */
    uint32_t acked_next; /* highest ack its peer sent, with KA_SIDE_ACKED */
    uint32_t tsval;      /* highest, with KA_SIDE_STAMPS */
    uint32_t data_stamp; /* when it last sent something new, see ka_side_data_age */
    uint32_t print;      /* fingerprint of its last frame, to know a copy */
    uint16_t srtt_ms;    /* smoothed round trip to the peer from here (RFC 6298); 0 unknown */
    uint16_t rttvar_ms;
    uint16_t flags;   /* KA_SIDE_ */
    uint16_t rtt_low; /* lowest round trip in units of 2^16 ns; 0 unknown */
} __attribute__((packed, aligned(4)));

/* ka_conn.flags */
enum {
    KA_CONN_CLIENT = 0x0001,    /* the client is side 1, else side 0 */
    KA_CONN_MIDSTREAM = 0x0002, /* its beginning was not captured */
    KA_CONN_GAVE_UP = 0x0008,   /* a prober gave up by RST */
    KA_CONN_CLASS = 0x0030,     /* enum ka_conn_class, times KA_CONN_CLASS_UNIT */
    KA_CONN_WATCHED = 0x0040,   /* analysers want to see every segment */
};
enum { KA_CONN_CLASS_UNIT = 0x0010 };

/* What becomes of a connection when memory is short: lower goes first. */
enum ka_conn_class {
    KA_CLASS_HANDSHAKE, /* no more than SYN, SYN-ACK and what a port scan leaves */
    KA_CLASS_CLOSED,    /* FIN from both sides, or RST; lingers for late segments */
    KA_CLASS_PLAIN,
    KA_CLASS_PROBED, /* carried a keepalive probe */
    KA_CLASS_COUNT
};

struct ka_conn {
    struct ka_key key;
    struct ka_side side[2]; /* in the order of key.addr */
    ka_time start;          /* of its first packet */
    uint32_t flow_id;       /* from 1, by first appearance */
    uint32_t extra;         /* index of a record of analyzers/, 0 none */
    uint32_t longest_idle_ms;
    uint16_t flags; /* KA_CONN_ */
    uint16_t input; /* of its first packet */
    uint32_t older; /* neighbours in the list of its class, by last packet; 0 none */
    uint32_t newer;
};

_Static_assert(sizeof(struct ka_key) == 40, "the key is compared and hashed as five words");
_Static_assert(sizeof(struct ka_side) == 52, "memory per connection is bounded");
_Static_assert(sizeof(struct ka_conn) == 176, "memory per connection is bounded");

/* One side of a connection. The compiler is not told where it comes from: it would compute the
 * address anew for every member. */
static inline struct ka_side *ka_conn_side(struct ka_conn *conn, unsigned side)
{
    struct ka_side *one = &conn->side[side];
    __asm__("" : "+r"(one));
    return one;
}

static inline bool ka_key_equal(const struct ka_key *a, const struct ka_key *b)
{
    uint64_t one[5], other[5];
    memcpy(one, a, sizeof(one));
    memcpy(other, b, sizeof(other));
    return ((one[0] ^ other[0]) | (one[1] ^ other[1]) | (one[2] ^ other[2]) | (one[3] ^ other[3]) |
            (one[4] ^ other[4])) == 0;
}

static inline enum ka_conn_class ka_conn_class(const struct ka_conn *conn)
{
    return (enum ka_conn_class)((conn->flags & KA_CONN_CLASS) / KA_CONN_CLASS_UNIT);
}

/* Index of the client's side: who sent the SYN, mid-connection who has the higher port. */
static inline unsigned ka_conn_client(const struct ka_conn *conn)
{
    return (conn->flags & KA_CONN_CLIENT) != 0;
}

/* When anything of the connection was last seen; KA_TIME_NONE never. (KA_TIME_NONE is the least
 * value, so that the later of the two is right.) */
static inline ka_time ka_conn_last(const struct ka_conn *conn)
{
    ka_time a = conn->side[0].last_sent;
    ka_time b = conn->side[1].last_sent;
    return a > b ? a : b;
}

/* True when any of the KA_SIDE_ flags is set. */
static inline bool ka_side_has(const struct ka_side *side, unsigned flags)
{
    return (side->flags & flags) != 0;
}

/* Segments the side sent. */
static inline uint64_t ka_side_packets(const struct ka_side *side)
{
    return (uint64_t)side->packets_high << 32 | side->packets_low;
}

/* Bytes of payload it sent. */
static inline uint64_t ka_side_bytes(const struct ka_side *side)
{
    return (uint64_t)side->bytes_high << 32 | side->bytes_low;
}

/* Counts one more segment with so many bytes of payload. */
static inline void ka_side_count(struct ka_side *side, uint32_t bytes)
{
    side->packets_low++;
    if (__builtin_expect(side->packets_low == 0, 0))
        side->packets_high = (side->packets_high + 1u) & 0xf;
    side->bytes_low += bytes;
    if (__builtin_expect(side->bytes_low < bytes, 0))
        side->bytes_high++;
}

/* True when the side's next sequence number is known, from itself or from its peer's acks. */
static inline bool ka_side_has_next(const struct ka_side *side)
{
    return (side->flags & (KA_SIDE_SENT | KA_SIDE_ACKED)) != 0;
}

/* The side's next sequence number (SND.NXT). Where the capture lost data, the peer's ack is ahead
 * of what was seen sent, and is right. */
static inline uint32_t ka_side_next(const struct ka_side *side)
{
    if ((side->flags & KA_SIDE_SENT) == 0)
        return side->acked_next;
    if ((side->flags & KA_SIDE_ACKED) == 0)
        return side->sent_next;
    return ka_seq_max(side->sent_next, side->acked_next);
}

/* True when it sent something that its peer has not acknowledged. */
static inline bool ka_side_in_flight(const struct ka_side *side)
{
    return (side->flags & KA_SIDE_SENT) != 0 && (side->flags & KA_SIDE_ACKED) != 0 &&
           ka_seq_lt(side->acked_next, side->sent_next);
}

/* A data stamp's unit is 2^16 ns. */
enum { KA_STAMP_SHIFT = 16 };

/* How long before `now` the side last sent something new (data, SYN, FIN), in nanoseconds at a
 * grain of 66 microseconds; INT64_MAX when more than an hour ago or never. A stamp is 32 bits of
 * the time in units of 2^16 ns and comes round after 78 hours: KA_SIDE_DATA is taken away after an
 * hour (flow/track.c), so that an old one is never mistaken. */
static inline ka_time ka_side_data_age(const struct ka_side *side, ka_time now)
{
    if ((side->flags & KA_SIDE_DATA) == 0 || now == KA_TIME_NONE || side->last_sent == KA_TIME_NONE)
        return INT64_MAX;
    if (now < side->last_sent) /* out of order, or the clock was set back */
        return side->last_sent - now < KA_SECOND ? 0 : INT64_MAX;
    if (now - side->last_sent > 3600 * KA_SECOND)
        return INT64_MAX;
    uint32_t units = (uint32_t)((uint64_t)now >> KA_STAMP_SHIFT) - side->data_stamp;
    return (ka_time)units << KA_STAMP_SHIFT;
}

/* Notes that the side sends something new at `now`; KA_TIME_NONE forgets when. */
static inline void ka_side_stamp_data(struct ka_side *side, ka_time now)
{
    if (now == KA_TIME_NONE) {
        side->flags &= (uint16_t) ~(KA_SIDE_DATA | KA_SIDE_TIMED);
        return;
    }
    side->data_stamp = (uint32_t)((uint64_t)now >> KA_STAMP_SHIFT);
    side->flags |= KA_SIDE_DATA | KA_SIDE_TIMED;
}

/* Takes a measured round trip into the smoothed one (RFC 6298 section 2). */
void ka_side_sample_rtt(struct ka_side *side, ka_time rtt);

/* The lowest round trip measured from here to the peer, at a grain of 66 microseconds;
 * KA_TIME_NONE unknown. */
ka_time ka_side_lowest_rtt(const struct ka_side *side);

/* The side's retransmission timeout as RFC 6298 estimates it, from 0.2 to 120 s; 1 s unknown. */
ka_time ka_side_rto(const struct ka_side *side);

#endif
