/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyzers/history.h"

#include <string.h>

/* Data that pauses less is one span. */
static const ka_time span_pause = KA_SECOND;

/* Data so soon before a FIN belongs to the closing. */
static const ka_time farewell = 100 * KA_MILLISECOND;

/* --- data */

/* Merges the two neighbours with the least pause between them, so that a place is free. */
static void merge_spans(struct ka_history *history)
{
    unsigned least = 1;
    struct ka_span *spans = history->spans;
    for (unsigned i = 2; i < history->span_count; i++) {
        if (spans[i].from - spans[i - 1].to < spans[least].from - spans[least - 1].to)
            least = i;
    }
    spans[least - 1].to = spans[least].to;
    for (unsigned side = 0; side < 2; side++) {
        spans[least - 1].packets[side] += spans[least].packets[side];
        spans[least - 1].bytes[side] += spans[least].bytes[side];
    }
    history->span_count--;
    memmove(&spans[least], &spans[least + 1], (history->span_count - least) * sizeof(*spans));
}

/* `who` is 0 for the client. */
static void add_span(struct ka_history *history, const struct ka_packet *packet, unsigned who)
{
    ka_time now = packet->frame->time;
    struct ka_span *last =
        history->span_count > 0 ? &history->spans[history->span_count - 1] : NULL;
    if (last == NULL || now - last->to > span_pause) {
        if (history->span_count == KA_SPANS)
            merge_spans(history);
        last = &history->spans[history->span_count++];
        *last = (struct ka_span){
            .from = now, .to = now, .frame = packet->frame->number, .input = packet->frame->input};
    }
    if (now > last->to)
        last->to = now;
    last->packets[who]++;
    last->bytes[who] += packet->tcp.length;
}

static void take_reply(struct ka_asking *asked, ka_time wait)
{
    if (asked->replies == 0 || asked->size < asked->least)
        asked->least = asked->size;
    uint8_t *alike = &asked->alike[ka_ask_size(asked->size)];
    *alike += *alike < UINT8_MAX;
    asked->replies++;
    asked->monologues += asked->spoke_on;
    if (wait > asked->longest)
        asked->longest = wait;
    asked->since = KA_TIME_NONE;
}

/* Turns: who speaks first waits for what the other says. A reply asks nothing, nor does what
 * follows it without a pause. */
static void note_turn(struct ka_history *history, const struct ka_packet *packet, unsigned side)
{
    struct ka_asking *own = &history->asking[side];
    struct ka_asking *other = &history->asking[!side];
    ka_time now = packet->frame->time;
    ka_time wait = ka_time_between(other->since, now);
    ka_time pause = ka_time_between(history->last_data[side], now);
    bool goes_on = pause != KA_TIME_NONE && pause <= span_pause;
    if (wait != KA_TIME_NONE) {
        take_reply(other, wait);
    } else if (own->since != KA_TIME_NONE) {
        own->spoke_on |= !goes_on;
    } else if (!goes_on || history->last_data[side] < history->last_data[!side]) {
        own->since = now;
        own->frame = ka_packet_ref(packet);
        own->size = packet->tcp.length;
        own->life_proofs = 0;
        own->spoke_on = false;
        own->asks++;
    }
}

static void note_again(struct ka_history *history, const struct ka_packet *packet, unsigned side)
{
    struct ka_resending *own = &history->resending[side];
    ka_time now = packet->frame->time;
    if (own->since == KA_TIME_NONE) {
        own->since = now;
        own->frame = ka_packet_ref(packet);
        own->count = 0;
    }
    own->last = now;
    own->count++;
    if (own->count > own->most)
        own->most = own->count;
    if (now - own->since > own->longest) {
        own->longest = now - own->since;
        own->longest_at = own->since;
        own->long_frame = own->frame;
    }
}

/* --- resets, closing, windows */

static void note_reset(struct ka_history *history, const struct ka_conn *conn, unsigned side,
                       const struct ka_packet *packet, const struct ka_glimpse *before)
{
    struct ka_reset *reset = &history->reset;
    if (reset->time != KA_TIME_NONE || !before->fits)
        return;
    ka_time now = packet->frame->time;
    ka_time heard = ka_time_between(before->heard, now);
    bool answers = heard != KA_TIME_NONE && before->heard == before->last && heard < KA_SECOND;
    reset->time = now;
    reset->frame = ka_packet_ref(packet);
    reset->side = (uint8_t)side;
    reset->ttl = packet->ttl;
    reset->usual_ttl = before->packets > 0 ? conn->side[side].ttl : KA_TTL_UNKNOWN;
    if (history->data_ttl[side] != KA_TTL_UNKNOWN)
        reset->usual_ttl = history->data_ttl[side];
    reset->asked_frame = answers ? history->last_frame[!side] : 0;
    reset->to_probe = answers && reset->asked_frame == history->probe_frame[!side];
    reset->idle = ka_time_between(before->last, now);
    if (answers && history->gap_count > 0) {
        const struct ka_gap *gap = &history->gaps[history->gap_count - 1];
        reset->idle = gap->result == KA_GAP_DIED ? gap->length : 0;
    }
}

/* When data of either side last came; KA_TIME_NONE never. */
static ka_time last_data(const struct ka_history *history)
{
    ka_time first = history->last_data[0];
    return first > history->last_data[1] ? first : history->last_data[1];
}

static void note_closing(struct ka_history *history, const struct ka_conn *conn, unsigned side,
                         const struct ka_packet *packet)
{
    if (history->closing != KA_TIME_NONE)
        return;
    ka_time last = last_data(history);
    history->closing = packet->frame->time;
    history->closing_frame = ka_packet_ref(packet);
    history->closer = side == ka_conn_client(conn) ? KA_CLOSER_CLIENT : KA_CLOSER_SERVER;
    history->http.closed_by = history->closer;
    history->http.idle_before_close = ka_time_between(last, packet->frame->time);
    history->by_fin = (packet->tcp.flags & KA_TCP_RST) == 0;
    if (!history->by_fin)
        return;
    history->asked_at_close = history->asking[!side].since != KA_TIME_NONE;
    /* TLS and others say farewell right before the FIN. */
    ka_time own = ka_time_between(history->last_data[side], packet->frame->time);
    bool has_farewell = own != KA_TIME_NONE && own <= farewell && last == history->last_data[side];
    history->idle_close = has_farewell ? history->pause[side] : history->http.idle_before_close;
}

bool ka_history_has_closed(const struct ka_history *history, bool client)
{
    return history->closing != KA_TIME_NONE && history->by_fin &&
           (history->closer == KA_CLOSER_CLIENT) == client;
}

static void note_window(struct ka_history *history, unsigned side, const struct ka_packet *packet)
{
    struct ka_closed_window *window = &history->closed[side];
    ka_time now = packet->frame->time;
    if (window->since != KA_TIME_NONE && now - window->since > window->longest) {
        window->longest = now - window->since;
        window->longest_at = window->since;
        window->long_frame = window->frame;
    }
    if (packet->tcp.window != 0) {
        window->since = KA_TIME_NONE;
    } else if (window->since == KA_TIME_NONE) {
        window->since = now;
        window->frame = ka_packet_ref(packet);
    }
}

/* --- segments */

void ka_history_before(const struct ka_conn *conn, unsigned side, const struct ka_packet *packet,
                       struct ka_glimpse *out)
{
    const struct ka_side *sender = &conn->side[side];
    const struct ka_tcp *tcp = &packet->tcp;
    out->last = ka_conn_last(conn);
    out->heard = conn->side[!side].last_sent;
    out->packets = ka_side_packets(sender);
    /* Pauses between retransmissions are no idle time: the path was in trouble before them. */
    bool waits = ka_side_in_flight(sender) || ka_side_in_flight(&conn->side[!side]);
    out->idle = waits ? KA_TIME_NONE : ka_time_between(out->last, packet->frame->time);
    out->is_new = tcp->length > 0 && (!ka_side_has_next(sender) ||
                                      ka_seq_lt(ka_side_next(sender), tcp->seq + tcp->length));
    ka_time since = ka_time_between(sender->last_sent, packet->frame->time);
    out->is_again = tcp->length > 0 && !out->is_new && !ka_time_within(since, KA_MILLISECOND);
    out->fits = ka_track_fits(sender, &conn->side[!side], tcp);
}

/* One byte may be a probe's: what recognition made of it says so. */
static bool is_probe_frame(const struct ka_history *history, unsigned side,
                           const struct ka_packet *packet)
{
    return packet->tcp.length == 1 && history->probe_frame[side] == ka_packet_ref(packet);
}

/* The other side has closed in order, and this one uses the connection still. */
static void note_late(struct ka_history *history, const struct ka_conn *conn, unsigned side,
                      const struct ka_packet *packet)
{
    if (!ka_history_has_closed(history, side != ka_conn_client(conn)) ||
        history->late != KA_TIME_NONE)
        return;
    history->late = packet->frame->time;
    history->late_frame = ka_packet_ref(packet);
}

static void take_data(struct ka_history *history, const struct ka_conn *conn, unsigned side,
                      const struct ka_packet *packet)
{
    note_late(history, conn, side, packet);
    ka_heartbeat_data(history, conn, side, packet);
    ka_http_data(history, conn, side, packet);
    note_turn(history, packet, side);
    add_span(history, packet, side != ka_conn_client(conn));
    history->pause[side] = ka_time_between(last_data(history), packet->frame->time);
    history->last_data[side] = packet->frame->time;
    history->data_ttl[side] = packet->ttl;
}

/* The application of `side` speaks again. */
static void end_app_silence(struct ka_history *history, unsigned side,
                            const struct ka_packet *packet)
{
    struct ka_app_silence *silence = &history->app_silence[side];
    const struct ka_asking *asking = &history->asking[!side];
    ka_time length = ka_time_between(asking->since, packet->frame->time);
    history->app_silent &= (uint8_t) ~(1u << side);
    if (length == KA_TIME_NONE || asking->spoke_on || asking->monologues > 0 ||
        length / 10 < asking->longest ||
        (silence->from != KA_TIME_NONE && length <= silence->length))
        return;
    *silence = (struct ka_app_silence){
        .from = asking->since,
        .length = length,
        .frame = asking->frame,
        .until_frame = ka_packet_ref(packet),
        .replies = asking->replies,
        .longest = asking->longest,
        .life_proofs = asking->life_proofs,
    };
}

void ka_history_segment(struct ka_analysis *analysis, struct ka_conn *conn, unsigned side,
                        const struct ka_packet *packet, const struct ka_glimpse *before)
{
    const unsigned handshake = KA_TCP_SYN;
    bool reset = (packet->tcp.flags & KA_TCP_RST) != 0;
    struct ka_history *history = ka_history_of(analysis, conn);
    if (packet->frame->time == KA_TIME_NONE)
        return;
    if (before->packets == 0 && (conn->flags & KA_CONN_MIDSTREAM) != 0)
        ka_rebinding_segment(analysis, conn, side, packet);
    if (history == NULL && packet->tcp.length == 0 && !reset)
        return; /* nothing yet that a report would tell of */
    if (history == NULL && (history = ka_history_need(analysis, conn)) == NULL)
        return;
    bool probe = is_probe_frame(history, side, packet);
    history->resending[!side].since = KA_TIME_NONE; /* whatever it is, it is heard */
    ka_silence_segment(history, packet, side, ka_conn_client(conn), before);
    if (reset)
        note_reset(history, conn, side, packet, before);
    else if (history->reset.time != KA_TIME_NONE && history->reset.side == side)
        history->reset.more++;
    if ((packet->tcp.flags & (KA_TCP_FIN | KA_TCP_RST)) != 0 && before->fits)
        note_closing(history, conn, side, packet);
    if (!reset && (packet->tcp.flags & handshake) == 0)
        note_window(history, side, packet);
    if (before->is_new && !probe && before->fits) {
        if ((history->app_silent >> side & 1) != 0) {
            ka_history_tell_app(analysis, conn, KA_OCC_APP_SPEAKS, side, packet);
            end_app_silence(history, side, packet);
        }
        take_data(history, conn, side, packet);
    } else if (before->is_again && !probe) {
        note_again(history, packet, side);
    }
    history->last_frame[side] = ka_packet_ref(packet);
}

void ka_history_icmp(struct ka_analysis *analysis, const struct ka_conn *conn, unsigned side,
                     const struct ka_packet *packet)
{
    const struct ka_side *sender = &conn->side[side];
    struct ka_history *history = ka_history_of(analysis, conn);
    uint32_t quoted = packet->icmp.quoted_seq;
    bool acked = (sender->flags & KA_SIDE_ACKED) != 0 && ka_seq_lt(quoted, sender->acked_next);
    bool sent = (sender->flags & KA_SIDE_SENT) != 0 && ka_seq_lt(quoted, sender->sent_next);
    if (history != NULL && sent && !acked)
        ka_silence_icmp(history, side == ka_conn_client(conn));
}

/* --- the end */

/* The connection went on under another name, where nobody took it: that is how its last silence
 * ended. */
static struct ka_history *note_rebinding(struct ka_analysis *analysis, const struct ka_conn *conn)
{
    struct ka_rebinding rebinding;
    if (!ka_rebinding_of(analysis, conn, &rebinding))
        return ka_history_of(analysis, conn);
    struct ka_history *history = ka_history_need(analysis, conn);
    if (history != NULL && rebinding.from.flow_id == conn->flow_id &&
        !ka_rebinding_is_elsewhere(&rebinding))
        ka_silence_lost(history, &rebinding, rebinding.from.side == ka_conn_client(conn));
    return history;
}

void ka_history_fill(struct ka_analysis *analysis, const struct ka_conn *conn,
                     struct ka_ev_connection *out, struct ka_activity *activity)
{
    struct ka_history *history = note_rebinding(analysis, conn);
    unsigned client = ka_conn_client(conn);
    out->http.timeout = KA_TIME_NONE;
    out->http.idle_before_close = KA_TIME_NONE;
    out->heartbeat.period = KA_TIME_NONE;
    out->heartbeat.jitter = KA_TIME_NONE;
    if (history == NULL)
        return;
    ka_silence_end(history, analysis->clock, out->one_way);
    if (history->is_http)
        out->http = history->http;
    struct ka_ev_heartbeat beats[2];
    bool found[2];
    for (unsigned i = 0; i < 2; i++)
        found[i] = ka_heartbeat_fill(history, i == 0 ? client : !client, client, &beats[i]);
    if (found[0] && (!found[1] || beats[0].sent >= beats[1].sent))
        out->heartbeat = beats[0];
    else if (found[1])
        out->heartbeat = beats[1];
    *activity = (struct ka_activity){
        .spans = history->spans,
        .gaps = history->gaps,
        .span_count = history->span_count,
        .gap_count = history->gap_count,
        .gaps_survived = history->gaps_survived,
    };
    out->activity = activity;
}
