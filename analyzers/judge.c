/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The rules: what a small segment is. A keepalive probe repeats the last sequence number the peer
 * acknowledged, with no byte or one (RFC 1122 4.2.3.6, RFC 9293 3.8.4), and so do window probes,
 * retransmissions, copies and late acknowledgements. The rules stand in the order in which they
 * decide, and are predicates over what tracking knew before the segment.
 */
#include "analyzers/judge.h"

enum {
    LEAST_IDLE_MS = 900,       /* keepalive times are whole seconds */
    STALE_S = 3,               /* seconds an old timestamp may be merely late */
    SPURIOUS_S = 3,            /* seconds within which a resent byte is a resent byte */
    WINDOW_ACK_QUIET_MS = 150, /* an ACK this long after hearing nothing is unasked */
    PROBE_COPY_MS = 100,       /* the shortest time between two probes is Linux's RTO of 200 ms */
};

ka_time ka_last_heard(const struct ka_prober *peer, const struct ka_side *receiver)
{
    ka_time last = receiver->last_sent;
    if (peer != NULL && peer->bytes == 0 && peer->last_probe == last && last != KA_TIME_NONE)
        return peer->spoke_before;
    return last;
}

/* --- candidates */

/* No byte at NXT, to a closed window, is an ordinary acknowledgement when there is anything to
 * acknowledge or to tell. What remains is a window probe of a stack that gets the number wrong. */
static bool is_unasked_ack(const struct ka_segment *segment)
{
    const struct ka_tcp *tcp = &segment->packet->tcp;
    if (!ka_side_has(&segment->receiver, KA_SIDE_ACKED) ||
        tcp->ack != segment->receiver.acked_next ||
        !ka_side_has(&segment->sender, KA_SIDE_WINDOW) || tcp->window != segment->sender.window)
        return false;
    /* Delayed acknowledgements and those of what came twice are sooner. */
    const ka_time quiet = WINDOW_ACK_QUIET_MS * KA_MILLISECOND;
    ka_time spoke = ka_segment_since(segment, segment->sender.last_sent);
    ka_time heard = ka_segment_since(segment, segment->receiver.last_sent);
    return spoke != KA_TIME_NONE && spoke > quiet && heard != KA_TIME_NONE && heard > quiet;
}

bool ka_is_candidate(const struct ka_segment *segment)
{
    const struct ka_tcp *tcp = &segment->packet->tcp;
    if ((tcp->flags & KA_TCP_ACK) == 0 || ka_segment_has_control(segment) || tcp->length > 1)
        return false;
    if ((segment->facts & KA_SEG_BEFORE) != 0)
        return true;
    if ((segment->facts & KA_SEG_CLOSED) == 0 || (segment->facts & KA_SEG_AT_NEXT) == 0)
        return false;
    return tcp->length == 1 || is_unasked_ack(segment);
}

/* --- the rules */

bool ka_is_new_series(const struct ka_extra *extra, const struct ka_segment *segment)
{
    ka_time gap = ka_segment_since(segment, extra->last_window_probe);
    return gap == KA_TIME_NONE || ka_side_data_age(&segment->sender, segment->time) < gap;
}

/* At the timer's ceiling the gaps of window probes stay as they are; before that they double. A
 * keepalive since the last one was the end of them. */
static bool is_next_window_probe(const struct ka_extra *extra, const struct ka_prober *prober,
                                 const struct ka_segment *segment)
{
    if (extra == NULL || extra->window_number == 0 || extra->window_side != segment->side ||
        extra->window_gap_ms == 0 || ka_is_new_series(extra, segment) ||
        (prober != NULL && prober->last_probe > extra->last_window_probe))
        return false;
    ka_time before = extra->window_gap_ms * KA_MILLISECOND;
    ka_time gap = ka_segment_since(segment, extra->last_window_probe);
    return gap >= before - before / 4 && gap <= 2 * before + before / 4;
}

/* Where the peer was not captured nobody knows its window. But no keepalive comes within a second
 * of the sender's own data, and none comes ever later, twice and twice again, as RFC 9293 3.8.6.1
 * wants of window probes. The first two of a slow path pass for keepalives, then. False positives:
 * settings of one, two and four times the same, with a probe lost. */
static bool is_blind_window_probe(const struct ka_analysis *analysis,
                                  const struct ka_segment *segment)
{
    const struct ka_side *sender = &segment->sender;
    const struct ka_extra *extra = ka_extra_of(analysis, segment->conn);
    const struct ka_prober *prober = ka_prober_of(analysis, segment->conn, segment->side);
    if (ka_side_packets(&segment->receiver) > 0 || segment->packet->tcp.length > 0 ||
        (segment->facts & KA_SEG_BEFORE) == 0 || !ka_side_has(sender, KA_SIDE_PAYLOAD) ||
        ka_side_has(sender, KA_SIDE_CONTROL) || ka_is_reordered(segment))
        return false;
    ka_time quiet = ka_side_data_age(sender, segment->time);
    if (is_next_window_probe(extra, prober, segment) || quiet < LEAST_IDLE_MS * KA_MILLISECOND)
        return true;
    ka_time gap = prober == NULL ? KA_TIME_NONE : ka_segment_since(segment, prober->last_probe);
    return gap != KA_TIME_NONE && quiet != INT64_MAX && quiet > gap &&
           ka_schedule_doubles(prober, quiet, gap);
}

/* Probes go on at their own pace while the peer's window is closed, as long as nothing is pending;
 * with data pending the sender's window probes take their place. */
static bool is_window_probe(const struct ka_analysis *analysis, const struct ka_segment *segment)
{
    if ((segment->facts & KA_SEG_CLOSED) == 0)
        return is_blind_window_probe(analysis, segment);
    if ((segment->facts & KA_SEG_BEFORE) == 0)
        return true;
    const struct ka_prober *prober = ka_prober_of(analysis, segment->conn, segment->side);
    const struct ka_extra *extra = ka_extra_of(analysis, segment->conn);
    if (prober == NULL || ka_side_in_flight(&segment->sender) || extra->window_number > 0)
        return true;
    const struct ka_prober *peer = ka_prober_of(analysis, segment->conn, !segment->side);
    ka_time gap = ka_segment_since(segment, ka_last_heard(peer, &segment->receiver));
    if (prober->number > 0)
        gap = ka_segment_since(segment, prober->last_probe);
    return !ka_schedule_has_idle(prober, gap);
}

/* The byte before NXT is known, and this is another: certain garbage. In place of a SYN or FIN any
 * byte is. */
bool ka_is_garbage(const struct ka_segment *segment)
{
    const struct ka_packet *packet = segment->packet;
    const struct ka_side *sender = &segment->sender;
    if (packet->tcp.length != 1 || !ka_side_has(sender, KA_SIDE_SENT) ||
        packet->tcp.seq + 1 != sender->sent_next)
        return false;
    if (ka_side_has(sender, KA_SIDE_CONTROL))
        return true;
    return ka_side_has(sender, KA_SIDE_BYTE) && packet->payload_captured == 1 &&
           packet->payload[0] != sender->last_byte;
}

unsigned ka_probe_form(const struct ka_packet *packet)
{
    unsigned form = packet->tcp.length == 0 ? KA_PROBER_ZERO : KA_PROBER_ONE;
    if (packet->payload_captured == 1 && packet->payload[0] != 0)
        form |= KA_PROBER_NOT_NULL;
    if ((packet->tcp.flags & KA_TCP_PSH) != 0)
        form |= KA_PROBER_PSH;
    if ((packet->tcp.options & KA_OPTION_TIMESTAMPS) != 0)
        form |= KA_PROBER_STAMPS;
    return form;
}

bool ka_is_soon(const struct ka_side *sender, ka_time time)
{
    ka_time limit = 3 * ka_side_rto(sender);
    if (limit < SPURIOUS_S * KA_SECOND)
        limit = SPURIOUS_S * KA_SECOND;
    return ka_side_data_age(sender, time) <= limit;
}

/* One byte that the peer lacks is sent again; or one that it has, so soon that the acknowledgement
 * cannot have been there in time. False positives: a probe with a byte equal to the last one, less
 * than three seconds after it. */
static bool is_retransmission(const struct ka_analysis *analysis, const struct ka_segment *segment)
{
    const struct ka_tcp *tcp = &segment->packet->tcp;
    const struct ka_side *sender = &segment->sender;
    if (tcp->length != 1 || ka_is_garbage(segment))
        return false;
    bool soon = ka_is_soon(sender, segment->time);
    if (ka_side_has(sender, KA_SIDE_ACKED))
        return soon || !ka_seq_lt(tcp->seq, sender->acked_next);
    /* No ack of the peer in the capture at all: a first repetition long after the byte was sent is
     * no retransmission, which would have come sooner; nor is what follows it. */
    if (ka_prober_of(analysis, segment->conn, segment->side) != NULL)
        return false;
    return soon || !ka_side_has(sender, KA_SIDE_TIMED);
}

bool ka_is_reordered(const struct ka_segment *segment)
{
    if (segment->packet->tcp.length != 0)
        return false;
    if (ka_side_data_age(&segment->sender, segment->time) <= KA_REORDER)
        return true;
    return (segment->facts & KA_SEG_OLD_STAMP) != 0 &&
           ka_time_within(ka_segment_since(segment, segment->sender.last_sent),
                          STALE_S * KA_SECOND);
}

/* The last probe once more, with other frames of its sender between, or later than copies of data
 * may be: no kernel probes again so soon, and a busy router or mirror port takes its time. */
static bool is_copy_of_probe(const struct ka_analysis *analysis, const struct ka_segment *segment)
{
    const struct ka_prober *prober = ka_prober_of(analysis, segment->conn, segment->side);
    return prober != NULL && prober->print == segment->print && segment->print != 0 &&
           ka_time_within(ka_segment_since(segment, prober->last_probe),
                          PROBE_COPY_MS * KA_MILLISECOND);
}

enum ka_judgement ka_judge(const struct ka_analysis *analysis, const struct ka_segment *segment)
{
    if ((segment->facts & KA_SEG_COPY) != 0 || is_copy_of_probe(analysis, segment))
        return KA_IS_COPY;
    if (is_window_probe(analysis, segment))
        return KA_IS_WINDOW_PROBE;
    if (is_retransmission(analysis, segment))
        return KA_IS_RETRANSMISSION;
    if (ka_is_reordered(segment))
        return KA_IS_REORDERED;
    return KA_IS_PROBE;
}
