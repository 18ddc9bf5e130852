/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Tracking: the one place that knows sequence state. It takes a segment into the connection and
 * hands analysers what was known *before* it, with plain facts about how the segment stands to
 * that. Baselines move only by segments that fit, so that a challenge ACK, an injected ACK or a
 * stray RST cannot poison them.
 */
#ifndef KA_FLOW_TRACK_H
#define KA_FLOW_TRACK_H

#include "flow/conn.h"

#include <stdbool.h>

/* ka_segment.facts */
enum {
    KA_SEG_COPY = 0x0001,      /* the same frame again within a millisecond */
    KA_SEG_FITS = 0x0002,      /* seq and ack lie where both sides' windows allow them */
    KA_SEG_PURE = 0x0008,      /* ACK without payload, SYN, FIN or RST */
    KA_SEG_BEFORE = 0x0010,    /* seq + 1 is the sender's next, or what its peer acked: NXT - 1 */
    KA_SEG_AT_NEXT = 0x0020,   /* seq is the sender's next */
    KA_SEG_BELOW = 0x0040,     /* seq lies below NXT - 1 and UNA - 1, within reach */
    KA_SEG_UNBASED = 0x0080,   /* the sender's next was not known */
    KA_SEG_CLOSED = 0x0100,    /* the receiver's last window was 0 */
    KA_SEG_OLD_STAMP = 0x0200, /* its TSval is older than one already seen from the sender */
};

/* A segment on its way through the analysers: immutable, with the sides as they were before. */
struct ka_segment {
    const struct ka_packet *packet;
    struct ka_conn *conn;    /* as it is after the segment; its `extra` is the analysers' */
    struct ka_side sender;   /* before */
    struct ka_side receiver; /* before */
    ka_time time;            /* the frame's; KA_TIME_NONE: its stamp made no sense */
    uint32_t print;          /* fingerprint: equal for copies of a frame */
    uint32_t facts;          /* KA_SEG_ */
    uint8_t side;            /* the sender's index in conn */
};

/* True for SYN, FIN and RST. */
static inline bool ka_segment_has_control(const struct ka_segment *segment)
{
    return (segment->packet->tcp.flags & (KA_TCP_SYN | KA_TCP_FIN | KA_TCP_RST)) != 0;
}

/* From `earlier` to the segment; KA_TIME_NONE when either is unknown or time ran backwards. */
static inline ka_time ka_segment_since(const struct ka_segment *segment, ka_time earlier)
{
    return ka_time_between(earlier, segment->time);
}

/* The short way for the greater part of all traffic: takes data or a bare ACK exactly where its
 * sender is, acknowledging nothing that was not sent, with the window open, on a connection that is
 * not watched. False, and nothing taken, when anything is out of the ordinary: then ka_track. */
bool ka_track_in_order(struct ka_conn *conn, unsigned side, const struct ka_packet *packet);

/* The short way for a segment known to fit that moves no number: no flag but ACK, at most one byte,
 * which its sender sent before and its peer acknowledged, and an acknowledgement that is no news.
 * `print` is its ka_track_print. */
void ka_track_quiet(struct ka_conn *conn, unsigned side, const struct ka_packet *packet,
                    uint32_t print);

/* A segment's fingerprint: 32 bits that two different segments share once in four thousand
 * millions. The IP ID is in it: where it is 0, or there is none, all other fields decide. */
uint32_t ka_track_print(const struct ka_packet *packet);

/* Takes a segment that belongs to `conn`, sent by `side`. Fills *segment, and returns true, when
 * an analyser may have something to say about it: it is no plain data or acknowledgement. */
bool ka_track(struct ka_conn *conn, unsigned side, const struct ka_packet *packet,
              struct ka_segment *segment);

/* Forgets both sides' baselines and takes them from this packet: after a gap in the capture, when
 * several segments that agree with each other lie elsewhere. */
void ka_track_rebase(struct ka_conn *conn, unsigned side, const struct ka_packet *packet);

/* Takes over the baselines of `from`, a stand-in for the same connection. */
void ka_track_adopt(struct ka_conn *conn, const struct ka_conn *from);

/* True when the packet's seq and ack fit what is known of the two sides. */
bool ka_track_fits(const struct ka_side *sender, const struct ka_side *receiver,
                   const struct ka_tcp *tcp);

#endif
