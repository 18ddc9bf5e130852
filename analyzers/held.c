/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Candidates held back. Where the start of a connection was not captured, an ACK without a byte
 * may lie at NXT (plain) or at NXT - 1 (a probe), and a single byte may be a keystroke or garbage.
 * They wait here until the peer's ack, or what the same side sends next, tells which. At most
 * KA_HELD of one side wait; the oldest are forgotten.
 */
#include "analyzers/judge.h"

#include <string.h>

/* A byte that was acknowledged and comes again after this long is no retransmission: smoltcp and
 * Windows probe every second. */
static const ka_time repeat_gap = 900 * KA_MILLISECOND;

static bool is_holdable(const struct ka_segment *segment)
{
    const struct ka_tcp *tcp = &segment->packet->tcp;
    const unsigned control = KA_TCP_SYN | KA_TCP_FIN | KA_TCP_RST;
    return (segment->facts & KA_SEG_UNBASED) != 0 && (tcp->flags & KA_TCP_ACK) != 0 &&
           (tcp->flags & control) == 0 && tcp->length <= 1;
}

static struct ka_held *newest(struct ka_doubt *doubt)
{
    return &doubt->held[doubt->held_count - 1];
}

static void drop(struct ka_analysis *analysis, struct ka_conn *conn)
{
    struct ka_doubt *doubt = ka_doubt_of(analysis, conn);
    if (doubt == NULL)
        return;
    doubt->held_count = 0;
    doubt->equal_frames = 0;
    if (doubt->stray_count == 0 && !doubt->syn_waits)
        ka_doubt_drop(analysis, conn);
}

static void append(struct ka_doubt *doubt, const struct ka_segment *segment)
{
    const struct ka_packet *packet = segment->packet;
    if (doubt->held_count == KA_HELD) {
        memmove(doubt->held, doubt->held + 1, sizeof(doubt->held) - sizeof(doubt->held[0]));
        doubt->held_count--;
    }
    doubt->held[doubt->held_count++] = (struct ka_held){
        .time = segment->time,
        .answer_time = KA_TIME_NONE,
        .frame = packet->frame->number,
        .input = packet->frame->input,
        .ip_length = (uint16_t)packet->ip_length,
        .bytes = (uint8_t)packet->tcp.length,
    };
    doubt->probe_flags |= (uint16_t)ka_probe_form(packet);
    if (doubt->equal_frames++ == 0)
        doubt->equal_first = segment->time;
    doubt->equal_last = segment->time;
}

static void hold(struct ka_analysis *analysis, const struct ka_segment *segment)
{
    struct ka_doubt *doubt = ka_doubt_need(analysis, segment->conn);
    if (doubt == NULL)
        return;
    doubt->held_count = 0;
    doubt->equal_frames = 0;
    doubt->probe_flags = 0;
    doubt->held_side = segment->side;
    doubt->held_seq = segment->packet->tcp.seq;
    doubt->held_ack = segment->packet->tcp.ack;
    append(doubt, segment);
}

static void settle_one(struct ka_analysis *analysis, struct ka_conn *conn,
                       const struct ka_doubt *doubt, unsigned i, enum ka_confidence confidence)
{
    const struct ka_held *held = &doubt->held[i];
    struct ka_occurrence probe = {
        .kind = KA_OCC_PROBE,
        .side = doubt->held_side,
        .conn = conn,
        .time = held->time,
        .frame = held->frame,
        .input = held->input,
        .ip_length = held->ip_length,
        .bytes = held->bytes,
        .confidence = (uint8_t)confidence,
        .form = doubt->probe_flags,
        .idle = KA_TIME_NONE,
        .interval = KA_TIME_NONE,
        .spoke_before = KA_TIME_NONE,
    };
    if (i > 0)
        probe.idle = ka_time_between(doubt->held[i - 1].answer_time, held->time);
    /* What was absent long ago is no news now. */
    if (i + 1u < doubt->held_count)
        probe.form |= KA_PROBER_EXCUSED;
    ka_pair_probe(analysis, &probe);
    if (held->answer_time == KA_TIME_NONE)
        return;
    struct ka_occurrence answer = {
        .kind = KA_OCC_ANSWER,
        .side = !doubt->held_side,
        .conn = conn,
        .time = held->answer_time,
        .frame = held->answer_frame,
        .input = held->answer_input,
        .ip_length = held->answer_ip_length,
        .result = KA_ANSWER_ACK,
        .origin = KA_ORIGIN_UNKNOWN,
        .why = "judged later than it came",
    };
    ka_pair_answer(analysis, &answer);
}

/* All that is held are probes. */
static void settle(struct ka_analysis *analysis, struct ka_conn *conn,
                   enum ka_confidence confidence)
{
    struct ka_doubt doubt = *ka_doubt_of(analysis, conn);
    drop(analysis, conn);
    for (unsigned i = 0; i < doubt.held_count; i++)
        settle_one(analysis, conn, &doubt, i, confidence);
}

/* The side that what is held came from sends a byte again. */
static bool own_byte(struct ka_analysis *analysis, const struct ka_segment *segment,
                     struct ka_doubt *doubt)
{
    struct ka_held *last = newest(doubt);
    ka_time gap = ka_time_between(last->time, segment->time);
    if (last->bytes == 0 || segment->packet->tcp.seq != doubt->held_seq) {
        bool after = segment->packet->tcp.seq == doubt->held_seq + 1;
        if (last->bytes == 0 && after)
            settle(analysis, segment->conn, KA_PROBABLE);
        else
            drop(analysis, segment->conn);
        return false;
    }
    if (last->answer_time == KA_TIME_NONE) {
        append(doubt, segment);
        return true;
    }
    if (gap != KA_TIME_NONE && gap >= repeat_gap) {
        settle(analysis, segment->conn, KA_CERTAIN);
        return false;
    }
    struct ka_occurrence again = ka_occurrence_of(segment, KA_OCC_LOOKALIKE, segment->side);
    again.reason = KA_LOOKALIKE_RETRANSMISSION;
    drop(analysis, segment->conn);
    ka_occur(analysis, &again);
    return true;
}

/* The same side sends an ACK without a byte. */
static bool own_ack(struct ka_analysis *analysis, const struct ka_segment *segment,
                    struct ka_doubt *doubt)
{
    const struct ka_tcp *tcp = &segment->packet->tcp;
    struct ka_held *last = newest(doubt);
    if (last->bytes == 0 && tcp->seq == doubt->held_seq && tcp->ack == doubt->held_ack) {
        ka_time gap = ka_time_between(doubt->equal_last, segment->time);
        if (gap == KA_TIME_NONE || gap >= repeat_gap)
            append(doubt, segment);
        return true;
    }
    ka_time gap = ka_time_between(last->time, segment->time);
    bool late =
        (gap != KA_TIME_NONE && gap <= KA_REORDER) || (segment->facts & KA_SEG_OLD_STAMP) != 0;
    if (last->bytes == 1 && tcp->seq == doubt->held_seq && late) {
        /* It was sent before the byte. */
        struct ka_occurrence passed = ka_occurrence_of(segment, KA_OCC_LOOKALIKE, segment->side);
        passed.reason = KA_LOOKALIKE_REORDERED;
        ka_occur(analysis, &passed);
        return true;
    }
    if (last->bytes == 0 && tcp->seq == doubt->held_seq + 1)
        settle(analysis, segment->conn, KA_PROBABLE);
    else
        drop(analysis, segment->conn);
    return false;
}

static bool own_segment(struct ka_analysis *analysis, const struct ka_segment *segment,
                        struct ka_doubt *doubt)
{
    const struct ka_tcp *tcp = &segment->packet->tcp;
    bool control = (tcp->flags & (KA_TCP_SYN | KA_TCP_FIN | KA_TCP_RST)) != 0;
    if (tcp->length == 1 && !control)
        return own_byte(analysis, segment, doubt);
    if (tcp->length == 0 && !control)
        return own_ack(analysis, segment, doubt);
    /* Data, FIN or RST tells where NXT is. */
    if (newest(doubt)->bytes == 0 && tcp->seq == doubt->held_seq + 1)
        settle(analysis, segment->conn, KA_PROBABLE);
    else
        drop(analysis, segment->conn);
    return false;
}

static bool has_dsack_of(const struct ka_tcp *tcp, uint32_t seq)
{
    return (tcp->options & KA_OPTION_SACK) != 0 && tcp->sack_left == seq &&
           tcp->sack_right == seq + 1;
}

static void peer_segment(struct ka_analysis *analysis, const struct ka_segment *segment,
                         struct ka_doubt *doubt)
{
    const struct ka_packet *packet = segment->packet;
    struct ka_held *last = newest(doubt);
    if ((packet->tcp.flags & KA_TCP_RST) != 0) {
        /* Equal ACKs at a period that in the end draw a reset were probes. */
        if (last->bytes == 0 && doubt->equal_frames > 1)
            settle(analysis, segment->conn, KA_PROBABLE);
        else
            drop(analysis, segment->conn);
        return;
    }
    int32_t ahead = ka_seq_diff(doubt->held_seq, packet->tcp.ack);
    if ((packet->tcp.flags & KA_TCP_ACK) == 0 || ahead < 0)
        return;
    if (ahead > 1 || (ahead == 0 && last->bytes == 0)) {
        drop(analysis, segment->conn);
    } else if (ahead == 1 && (last->bytes == 0 || has_dsack_of(&packet->tcp, doubt->held_seq))) {
        settle(analysis, segment->conn, KA_CERTAIN);
    } else if (ahead == 1 && last->answer_time == KA_TIME_NONE && !ka_is_candidate(segment)) {
        last->answer_time = segment->time;
        last->answer_frame = packet->frame->number;
        last->answer_input = packet->frame->input;
        last->answer_ip_length = (uint16_t)packet->ip_length;
    }
}

bool ka_hold(struct ka_analysis *analysis, const struct ka_segment *segment)
{
    struct ka_doubt *doubt = ka_doubt_of(analysis, segment->conn);
    if (doubt != NULL && doubt->held_count > 0) {
        if (segment->side != doubt->held_side)
            peer_segment(analysis, segment, doubt);
        else if (own_segment(analysis, segment, doubt))
            return true;
    }
    if (!is_holdable(segment))
        return false;
    hold(analysis, segment);
    return true;
}
