/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Recognition: from segments to occurrences. Candidates are judged (judge.c), held back (held.c) or
 * paired with their answers (pairing.c); resets and ICMP errors are put to the probes they answer.
 */
#include "analyzers/judge.h"

enum {
    RATE_LIMIT_MS = 500, /* Linux tcp_invalid_ratelimit */
    STRAYS = 3,          /* segments that must agree before numbers change */
};

/* --- what comes of it */

static void occur_lookalike(struct ka_analysis *analysis, const struct ka_segment *segment,
                            enum ka_lookalike reason)
{
    struct ka_occurrence occurrence = ka_occurrence_of(segment, KA_OCC_LOOKALIKE, segment->side);
    occurrence.reason = (uint8_t)reason;
    ka_occur(analysis, &occurrence);
}

/* The host sends for reasons of its own, so it lives. */
static void show_life(struct ka_analysis *analysis, const struct ka_segment *segment)
{
    struct ka_occurrence sign = ka_occurrence_of(segment, KA_OCC_LIFE, segment->side);
    if ((segment->facts & KA_SEG_FITS) != 0)
        ka_pair_life(analysis, &sign);
}

static void occur_window_probe(struct ka_analysis *analysis, const struct ka_segment *segment)
{
    struct ka_extra *extra = ka_extra_need(analysis, segment->conn);
    if (extra == NULL)
        return;
    struct ka_occurrence occurrence = ka_occurrence_of(segment, KA_OCC_WINDOW_PROBE, segment->side);
    bool is_blind = ka_side_packets(&segment->receiver) == 0;
    if (extra->window_side != segment->side || (is_blind && ka_is_new_series(extra, segment)))
        extra->window_number = 0;
    occurrence.bytes = (uint8_t)segment->packet->tcp.length;
    occurrence.interval = KA_TIME_NONE;
    if (extra->window_number > 0)
        occurrence.interval = ka_segment_since(segment, extra->last_window_probe);
    ka_time gap = occurrence.interval;
    if (gap == KA_TIME_NONE)
        gap = ka_segment_since(segment, segment->sender.last_sent);
    bool is_known = gap != KA_TIME_NONE && gap / KA_MILLISECOND <= UINT32_MAX;
    extra->window_gap_ms = is_known ? (uint32_t)(gap / KA_MILLISECOND) : 0;
    occurrence.number = ++extra->window_number;
    extra->window_probes++;
    extra->window_side = segment->side;
    extra->last_window_probe = segment->time;
    ka_watch_update(analysis, segment->conn);
    ka_occur(analysis, &occurrence);
    show_life(analysis, segment);
}

/* What the form of a probe tells about the stack that sent it. */
static uint16_t form_of(const struct ka_segment *segment)
{
    const struct ka_tcp *tcp = &segment->packet->tcp;
    unsigned form = ka_probe_form(segment->packet);
    if ((form & KA_PROBER_STAMPS) == 0 && ka_side_has(&segment->sender, KA_SIDE_STAMPS))
        form |= KA_PROBER_NO_STAMPS;
    if (ka_side_has(&segment->receiver, KA_SIDE_ACKED) &&
        tcp->ack + 1 == segment->receiver.acked_next)
        form |= KA_PROBER_ACK_LESS;
    if (ka_side_in_flight(&segment->sender))
        form |= KA_PROBER_FLIGHT;
    return (uint16_t)form;
}

/* Nobody's own stack sends an ack older than what it acknowledged before (but for the old BSD form,
 * one less), or one that its peer's numbers do not reach. */
static bool is_injected(const struct ka_segment *segment)
{
    if ((segment->facts & KA_SEG_FITS) == 0)
        return true;
    const struct ka_side *receiver = &segment->receiver;
    return ka_side_has(receiver, KA_SIDE_ACKED) &&
           ka_seq_diff(receiver->acked_next, segment->packet->tcp.ack) < -1;
}

static void occur_probe(struct ka_analysis *analysis, const struct ka_segment *segment)
{
    const struct ka_side *sender = &segment->sender;
    struct ka_occurrence probe = ka_occurrence_of(segment, KA_OCC_PROBE, segment->side);
    bool acked = ka_side_has(sender, KA_SIDE_ACKED) &&
                 ka_seq_lt(segment->packet->tcp.seq, sender->acked_next) &&
                 !ka_side_in_flight(sender);
    probe.bytes = (uint8_t)segment->packet->tcp.length;
    const struct ka_prober *peer = ka_prober_of(analysis, segment->conn, !segment->side);
    probe.idle = ka_segment_since(segment, ka_last_heard(peer, &segment->receiver));
    probe.confidence = acked || ka_is_garbage(segment) ? KA_CERTAIN : KA_PROBABLE;
    probe.injected = is_injected(segment);
    probe.form = form_of(segment);
    if (probe.injected)
        probe.form |= KA_PROBER_INJECTED;
    struct ka_prober *prober = ka_prober_of(analysis, segment->conn, segment->side);
    bool limited = prober != NULL && prober->number == 0 && probe.bytes == 0 &&
                   ka_time_within(probe.idle, RATE_LIMIT_MS * KA_MILLISECOND);
    if (limited || (segment->facts & KA_SEG_OLD_STAMP) != 0)
        probe.form |= KA_PROBER_EXCUSED;
    probe.spoke_before = sender->last_sent;
    probe.print = segment->print;
    ka_pair_probe(analysis, &probe);
}

static void judge_candidate(struct ka_analysis *analysis, const struct ka_segment *segment)
{
    switch (ka_judge(analysis, segment)) {
    case KA_IS_COPY:
        occur_lookalike(analysis, segment, KA_LOOKALIKE_DUPLICATE);
        break;
    case KA_IS_WINDOW_PROBE:
        occur_window_probe(analysis, segment);
        break;
    case KA_IS_RETRANSMISSION:
        occur_lookalike(analysis, segment, KA_LOOKALIKE_RETRANSMISSION);
        show_life(analysis, segment);
        break;
    case KA_IS_REORDERED:
        occur_lookalike(analysis, segment, KA_LOOKALIKE_REORDERED);
        break;
    case KA_IS_PROBE:
        occur_probe(analysis, segment);
        break;
    }
}

/* --- segments that are no candidates */

/* Looks like a probe from afar: one byte or none below NXT. True when it was worth a word. */
static bool judge_from_afar(struct ka_analysis *analysis, const struct ka_segment *segment)
{
    const struct ka_tcp *tcp = &segment->packet->tcp;
    if (ka_segment_has_control(segment) || tcp->length > 1)
        return false;
    if ((tcp->flags & KA_TCP_ACK) == 0) {
        if ((segment->facts & KA_SEG_BEFORE) == 0)
            return false;
        occur_lookalike(analysis, segment, KA_LOOKALIKE_NO_ACK_FLAG);
        return true;
    }
    if (tcp->length != 0 || (segment->facts & KA_SEG_BELOW) == 0)
        return false;
    bool copy = (segment->facts & KA_SEG_COPY) != 0;
    occur_lookalike(analysis, segment,
                    copy                       ? KA_LOOKALIKE_DUPLICATE
                    : ka_is_reordered(segment) ? KA_LOOKALIKE_REORDERED
                                               : KA_LOOKALIKE_FOREIGN);
    return true;
}

bool ka_ttl_is_foreign(uint8_t ttl, uint8_t usual)
{
    static const uint8_t fresh[] = {64, 128, 255};
    for (size_t i = 0; i < sizeof(fresh); i++) {
        if (ttl == fresh[i] && usual + 1 == ttl)
            return true;
    }
    return ttl > usual + 1 || usual > ttl + 1;
}

const char ka_why_same_ttl[] = "its TTL is that of the host's earlier packets";

/* How the answer stands to what the host sent before. Routes change, so that another TTL alone is
 * a reason to ask, not a proof; a RST has little else, and routers that reset are common. */
static enum ka_origin judge_origin(const struct ka_segment *segment, const char **why)
{
    const struct ka_side *sender = &segment->sender;
    const struct ka_tcp *tcp = &segment->packet->tcp;
    if (ka_side_packets(sender) == 0) {
        *why = "nothing else of this host was captured";
        return KA_ORIGIN_UNKNOWN;
    }
    if (segment->packet->ttl == sender->ttl) {
        *why = ka_why_same_ttl;
        return KA_ORIGIN_ENDPOINT;
    }
    if ((tcp->flags & KA_TCP_RST) != 0) {
        if (ka_ttl_is_foreign(segment->packet->ttl, sender->ttl)) {
            *why = "its TTL differs from that of the host's earlier packets";
            return KA_ORIGIN_MIDDLEBOX;
        }
        *why = "its TTL is one hop off that of the host's earlier packets: another route, or a box "
               "beside the host";
        return KA_ORIGIN_UNKNOWN;
    }
    if (ka_side_has(sender, KA_SIDE_STAMPS) && (tcp->options & KA_OPTION_TIMESTAMPS) == 0) {
        *why = "its TTL differs from that of the host's data, and it has no timestamps";
        return KA_ORIGIN_MIDDLEBOX;
    }
    *why = "its TTL differs from that of the host's data: a proxy, or another route";
    return KA_ORIGIN_UNKNOWN;
}

/* Tries the segment as the answer to a probe of the other side. */
static bool try_answer(struct ka_analysis *analysis, const struct ka_segment *segment,
                       enum ka_answer_result result)
{
    struct ka_occurrence answer = ka_occurrence_of(segment, KA_OCC_ANSWER, segment->side);
    answer.result = (uint8_t)result;
    answer.origin = (uint8_t)judge_origin(segment, &answer.why);
    answer.other_ttl =
        ka_side_packets(&segment->sender) > 0 && segment->packet->ttl != segment->sender.ttl;
    return ka_pair_answer(analysis, &answer);
}

/* The RST of a prober that gives up comes when the next probe would be due, or earlier with a user
 * timeout; not right behind its first probe, as that of an application that closes may. */
static bool gives_up(const struct ka_prober *prober, const struct ka_segment *segment)
{
    ka_time waited = ka_segment_since(segment, prober->last_probe);
    if (prober->number == 0 || ka_side_packets(&segment->receiver) == 0 || waited == KA_TIME_NONE)
        return false;
    return prober->number > 1 || waited >= KA_SECOND;
}

static void judge_reset(struct ka_analysis *analysis, const struct ka_segment *segment)
{
    unsigned side = segment->side;
    struct ka_extra *extra = ka_extra_of(analysis, segment->conn);
    struct ka_prober *own = ka_prober_of(analysis, segment->conn, side);
    bool fits = (segment->facts & KA_SEG_FITS) != 0;
    /* Anybody can send a RST; with other numbers its receiver drops it (RFC 9293 3.5.3). */
    if (fits && try_answer(analysis, segment, KA_ANSWER_RST))
        return;
    /* Its numbers are those of the ACK that it replies to. */
    bool challenged = !fits && (extra->flags & KA_EXTRA_CHALLENGED) != 0;
    if (!fits && (!challenged || own == NULL))
        return;
    struct ka_occurrence occurrence = ka_occurrence_of(segment, KA_OCC_RESET, side);
    if (challenged) {
        occurrence.kind = KA_OCC_REINCARNATED;
        occurrence.side = (uint8_t)!side;
    } else if (own != NULL && gives_up(own, segment)) {
        occurrence.kind = KA_OCC_GAVE_UP;
        segment->conn->flags |= KA_CONN_GAVE_UP;
    }
    ka_pair_end(analysis, segment->conn);
    ka_occur(analysis, &occurrence);
}

/* An ACK while a probe of the other side waits: an answer when its numbers fit. */
static void judge_as_answer(struct ka_analysis *analysis, const struct ka_segment *segment)
{
    const struct ka_tcp *tcp = &segment->packet->tcp;
    struct ka_prober *asking = ka_prober_of(analysis, segment->conn, !segment->side);
    if (asking == NULL || !ka_pair_listens(asking) || (tcp->flags & KA_TCP_ACK) == 0 ||
        (tcp->flags & KA_TCP_SYN) != 0 || (segment->facts & KA_SEG_COPY) != 0)
        return;
    if ((segment->facts & KA_SEG_FITS) == 0) {
        if ((segment->facts & KA_SEG_PURE) != 0 && (asking->flags & KA_PROBER_SETTLED) == 0)
            ka_extra_of(analysis, segment->conn)->flags |= KA_EXTRA_CHALLENGED;
        return;
    }
    if (ka_side_has(&segment->receiver, KA_SIDE_ACKED) &&
        ka_seq_lt(tcp->ack, segment->receiver.acked_next))
        return;
    if (asking->waiting == 0) {
        show_life(analysis, segment);
        return;
    }
    /* The last probe has its answer; only the same ACK again, unasked, is one to an older probe. */
    if ((asking->flags & KA_PROBER_SETTLED) != 0 &&
        ((segment->facts & KA_SEG_PURE) == 0 || (segment->facts & KA_SEG_AT_NEXT) == 0 ||
         segment->receiver.last_sent != asking->last_probe))
        return;
    try_answer(analysis, segment, tcp->length > 0 ? KA_ANSWER_DATA : KA_ANSWER_ACK);
}

/* A segment elsewhere in number space. Three in a row that agree with each other, and none that
 * fits between them, mean that the capture has a gap. */
static void judge_stray(struct ka_analysis *analysis, const struct ka_segment *segment)
{
    struct ka_conn *conn = segment->conn;
    struct ka_doubt *doubt = ka_doubt_of(analysis, conn);
    if ((segment->facts & KA_SEG_COPY) != 0 || ka_segment_has_control(segment))
        return;
    if ((segment->facts & KA_SEG_FITS) != 0) {
        if (doubt != NULL && doubt->stray_count > 0) {
            doubt->stray_count = 0;
            if (doubt->held_count == 0 && !doubt->syn_waits)
                ka_doubt_drop(analysis, conn);
        }
        return;
    }
    doubt = ka_doubt_need(analysis, conn);
    if (doubt == NULL)
        return;
    struct ka_conn other = {.side = {doubt->stray[0], doubt->stray[1]}};
    unsigned side = segment->side;
    if (doubt->stray_count == 0 ||
        !ka_track_fits(&other.side[side], &other.side[!side], &segment->packet->tcp)) {
        other = (struct ka_conn){.side = {conn->side[0], conn->side[1]}};
        ka_track_rebase(&other, side, segment->packet);
        doubt->stray_count = 1;
    } else {
        struct ka_segment ignored;
        ka_track(&other, side, segment->packet, &ignored);
        doubt->stray_count++;
    }
    doubt->stray[0] = other.side[0];
    doubt->stray[1] = other.side[1];
    if (doubt->stray_count < STRAYS)
        return;
    ka_track_adopt(conn, &other);
    doubt->stray_count = 0;
    if (doubt->held_count == 0 && !doubt->syn_waits)
        ka_doubt_drop(analysis, conn);
}

static void note_window(struct ka_analysis *analysis, const struct ka_segment *segment)
{
    struct ka_extra *extra = ka_extra_of(analysis, segment->conn);
    /* The window opens: what closes it next starts a new series. */
    if (extra != NULL && extra->window_number > 0 && extra->window_side != segment->side &&
        segment->packet->tcp.window != 0) {
        extra->window_number = 0;
        ka_watch_update(analysis, segment->conn);
    }
}

void ka_recognise(struct ka_analysis *analysis, const struct ka_segment *segment)
{
    if ((segment->packet->tcp.flags & KA_TCP_RST) != 0) {
        if ((segment->facts & KA_SEG_COPY) != 0)
            return;
        ka_hold(analysis, segment);
        if (segment->conn->extra != 0)
            judge_reset(analysis, segment);
        return;
    }
    note_window(analysis, segment);
    if ((segment->facts & KA_SEG_COPY) == 0 && ka_hold(analysis, segment))
        return;
    if (ka_is_candidate(segment)) {
        judge_candidate(analysis, segment);
        return;
    }
    judge_stray(analysis, segment);
    if (!judge_from_afar(analysis, segment))
        judge_as_answer(analysis, segment);
}

/* --- ICMP errors */

/* RFC 792 types 3 (but for "fragmentation needed") and 11; RFC 4443 types 1 and 3. */
static bool is_unreachable(const struct ka_packet *packet)
{
    const struct ka_icmp *icmp = &packet->icmp;
    if (packet->family == 4)
        return (icmp->type == 3 && icmp->code != 4) || icmp->type == 11;
    return icmp->type == 1 || icmp->type == 3;
}

bool ka_recognise_icmp(struct ka_analysis *analysis, struct ka_conn *conn, unsigned side,
                       const struct ka_packet *packet)
{
    const struct ka_side *sender = &conn->side[side];
    uint32_t quoted = packet->icmp.quoted_seq + 1;
    bool quotes_probe = (ka_side_has_next(sender) && quoted == ka_side_next(sender)) ||
                        (ka_side_has(sender, KA_SIDE_ACKED) && quoted == sender->acked_next);
    if (!is_unreachable(packet))
        return false;
    if (!quotes_probe)
        return true;
    struct ka_occurrence answer = {
        .kind = KA_OCC_ANSWER,
        .side = (uint8_t)!side,
        .conn = conn,
        .packet = packet,
        .time = packet->frame->time,
        .frame = packet->frame->number,
        .input = packet->frame->input,
        .ip_length = packet->ip_length,
        .result = KA_ANSWER_ICMP,
        .icmp = &packet->icmp,
        .icmp_from = ka_addr_make(packet->family, packet->src),
        .unreachable = true,
    };
    struct ka_endpoint peer = ka_conn_endpoint(conn, !side);
    bool from_peer = ka_addr_equal(&peer.addr, &answer.icmp_from);
    answer.origin = from_peer ? KA_ORIGIN_ENDPOINT : KA_ORIGIN_MIDDLEBOX;
    answer.why = from_peer ? "sent by the peer's own address" : "sent by another address";
    ka_pair_answer(analysis, &answer);
    return true;
}
