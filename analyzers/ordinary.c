/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The short way. Most of what analysers have to look at is a probe like the one before, answered,
 * and its answer. Whatever is out of the ordinary in any respect is left to the general way
 * (recognise.c, pairing.c), which alone knows the rules; what is done here is what it would do,
 * without the questions whose answers are plain. tests/unit/test_ordinary.c holds the two ways
 * against each other.
 */
#include "analyzers/judge.h"

/* Nothing of the same sender just before: neither a copy nor late. */
static const ka_time quiet = KA_REORDER + KA_MILLISECOND;

/* Neither side has anything under way, their numbers are known, and the segment repeats them at or
 * just before its sender's next number. */
static bool repeats(const struct ka_side *sender, const struct ka_side *receiver,
                    const struct ka_packet *packet)
{
    const struct ka_tcp *tcp = &packet->tcp;
    uint32_t sent = ka_side_has(sender, KA_SIDE_SENT) ? sender->sent_next : sender->acked_next;
    uint32_t asked =
        ka_side_has(receiver, KA_SIDE_SENT) ? receiver->sent_next : receiver->acked_next;
    bool old_stamp = (tcp->options & KA_OPTION_TIMESTAMPS) != 0 &&
                     ka_side_has(sender, KA_SIDE_STAMPS) && ka_seq_lt(tcp->tsval, sender->tsval);
    /* One branch for all: which of them fails cannot be foretold. */
    unsigned odd = ((tcp->flags & ~(unsigned)KA_TCP_PSH) ^ KA_TCP_ACK) |
                   ((sender->flags & receiver->flags & KA_SIDE_ACKED) ^ KA_SIDE_ACKED);
    odd |= (receiver->window == 0) | (tcp->length > 1) | (sent - tcp->seq > 1) |
           (sent != sender->acked_next) | (tcp->ack != receiver->acked_next) | (tcp->ack != asked) |
           old_stamp;
    return odd == 0;
}

/* The sender has been silent for a moment, by stamps that make sense. */
static bool is_after_pause(const struct ka_side *sender, ka_time time)
{
    return time != KA_TIME_NONE && sender->last_sent != KA_TIME_NONE &&
           time - sender->last_sent > quiet && ka_side_data_age(sender, time) > quiet;
}

/* --- probes */

static unsigned form_of(const struct ka_side *sender, const struct ka_packet *packet)
{
    unsigned form = ka_probe_form(packet);
    if ((form & KA_PROBER_STAMPS) == 0 && ka_side_has(sender, KA_SIDE_STAMPS))
        form |= KA_PROBER_NO_STAMPS;
    return form;
}

static void tell_probe(struct ka_analysis *analysis, const struct ka_prober *prober,
                       const struct ka_packet *packet, ka_time idle, ka_time interval)
{
    if (analysis->config.summary) {
        analysis->stats.probes++;
        return;
    }
    struct ka_occurrence probe = {
        .kind = KA_OCC_PROBE,
        .side = prober->side,
        .input = packet->frame->input,
        .conn = prober->conn,
        .packet = packet,
        .time = packet->frame->time,
        .frame = packet->frame->number,
        .ip_length = packet->ip_length,
        .idle = idle,
        .interval = interval,
        .number = 1,
        .bytes = prober->bytes,
        .confidence = KA_CERTAIN,
    };
    ka_keepalive_occurred(analysis, &probe);
}

/* True when no probe waits, and the last one is no copy of this. */
static bool is_answered(const struct ka_prober *prober, ka_time time)
{
    return (prober->flags & KA_PROBER_SETTLED) != 0 && prober->number == 0 &&
           ka_time_between(prober->last_probe, time) > quiet;
}

static bool take_probe(struct ka_analysis *analysis, struct ka_conn *conn, unsigned side,
                       const struct ka_packet *packet)
{
    const struct ka_side *sender = ka_conn_side(conn, side);
    struct ka_prober *prober = ka_prober_of(analysis, conn, side);
    const struct ka_prober *peer = ka_prober_of(analysis, conn, !side);
    ka_time time = packet->frame->time;
    /* The last one was answered, and the peer waits for nothing that this might stand for. */
    if ((prober != NULL && !is_answered(prober, time)) ||
        (peer != NULL && (ka_pair_is_waiting(peer) || ka_pair_is_refused(peer))))
        return false;
    ka_time idle = ka_time_between(ka_last_heard(peer, &conn->side[!side]), time);
    bool may_be_data =
        packet->tcp.length == 1 && (!ka_side_has(sender, KA_SIDE_SENT) || ka_is_soon(sender, time));
    if (idle == KA_TIME_NONE || idle < KA_SECOND || analysis->clock - time > KA_SECOND ||
        may_be_data || ka_conn_class(conn) == KA_CLASS_CLOSED)
        return false;
    if (prober == NULL && (prober = ka_prober_need(analysis, conn, side)) == NULL)
        return false;
    if (ka_conn_class(conn) != KA_CLASS_PROBED)
        ka_table_reclass(&analysis->table, conn, KA_CLASS_PROBED);
    ka_time interval = ka_time_between(prober->last_probe, time);
    if (sender->last_sent != prober->last_probe)
        prober->spoke_before = sender->last_sent;
    prober->waiting = 1;
    prober->outstanding[0] =
        (struct ka_outstanding){.frame = packet->frame->number, .input = packet->frame->input};
    prober->number = 1;
    prober->probes++;
    prober->bytes = packet->tcp.length & 1;
    prober->last_probe = time;
    prober->print = ka_track_print(packet);
    prober->flags =
        (uint16_t)((prober->flags & ~(unsigned)KA_PROBER_PASSING) | form_of(sender, packet));
    ka_pair_add_overhead(prober, packet->ip_length);
    ka_schedule_add_idle(prober, idle);
    conn->flags |= KA_CONN_WATCHED;
    ka_track_quiet(conn, side, packet, prober->print);
    tell_probe(analysis, prober, packet, idle, interval);
    ka_pair_set_deadline(analysis, prober);
    return true;
}

/* --- answers */

static void tell_answer(struct ka_analysis *analysis, const struct ka_prober *prober,
                        const struct ka_packet *packet, ka_time rtt)
{
    bool is_news = ka_extra_of(analysis, prober->conn)->state[!prober->side] != KA_PEER_ALIVE;
    if (analysis->config.summary && !is_news) {
        analysis->stats.answers++;
        return;
    }
    const struct ka_outstanding *probe = &prober->outstanding[0];
    struct ka_occurrence answer = {
        .kind = KA_OCC_ANSWER,
        .side = !prober->side,
        .input = packet->frame->input,
        .conn = prober->conn,
        .packet = packet,
        .time = packet->frame->time,
        .frame = packet->frame->number,
        .probe_frame = probe->input == packet->frame->input ? probe->frame : 0,
        .rtt = rtt,
        .result = KA_ANSWER_ACK,
        .origin = KA_ORIGIN_ENDPOINT,
        .why = ka_why_same_ttl,
    };
    ka_keepalive_occurred(analysis, &answer);
    if (is_news)
        ka_liveness_occurred(analysis, &answer);
}

static bool take_answer(struct ka_analysis *analysis, struct ka_conn *conn, unsigned side,
                        const struct ka_packet *packet)
{
    struct ka_prober *asking = ka_prober_of(analysis, conn, !side);
    const struct ka_prober *own = ka_prober_of(analysis, conn, side);
    const unsigned odd = KA_PROBER_ABSENT | KA_PROBER_SETTLED | KA_PROBER_ICMP;
    if (packet->tcp.length != 0 || asking == NULL || asking->waiting != 1 ||
        (asking->flags & odd) != 0 || packet->ttl != conn->side[side].ttl)
        return false;
    ka_time rtt = ka_time_between(asking->last_probe, packet->frame->time);
    if (rtt == KA_TIME_NONE)
        return false;
    asking->waiting = 0;
    asking->flags |= KA_PROBER_SETTLED;
    asking->answered++;
    asking->number = 0;
    ka_pair_add_overhead(asking, packet->ip_length);
    ka_pair_note_rtt(asking, rtt);
    if (own == NULL || !ka_pair_listens(own))
        conn->flags &= (uint16_t)~KA_CONN_WATCHED;
    ka_track_quiet(conn, side, packet, ka_track_print(packet));
    tell_answer(analysis, asking, packet, rtt);
    ka_deadline_set(analysis, asking, KA_TIME_NONE);
    return true;
}

bool ka_ordinary(struct ka_analysis *analysis, struct ka_conn *conn, unsigned side,
                 const struct ka_packet *packet)
{
    const struct ka_side *sender = ka_conn_side(conn, side);
    const struct ka_side *receiver = ka_conn_side(conn, !side);
    const struct ka_extra *extra = ka_extra_of(analysis, conn);
    if (!repeats(sender, receiver, packet) || !is_after_pause(sender, packet->frame->time) ||
        (extra != NULL && (extra->doubt | extra->window_number | extra->flags) != 0))
        return false;
    if (packet->tcp.seq == sender->acked_next)
        return take_answer(analysis, conn, side, packet);
    return take_probe(analysis, conn, side, packet);
}
