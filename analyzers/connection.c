/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The end of a connection: its summary as an event, and its memory back.
 */
#include "analyzers/finding.h"
#include "analyzers/history.h"

#include <stdlib.h>
#include <string.h>

enum {
    WORTH_IDLE_MS = 60 * 1000, /* connections idle longer are told of */
    EXCHANGE_FRAMES = 3,       /* equal ACKs before they are called a periodic exchange */
    EXCHANGE_LEAST_MS = 900,   /* no keepalive comes faster; duplicate ACKs of a loss do */
    EXCHANGE_DIVISOR = 10,     /* a gap is regular that is at most this part off the middle one */
};

struct ka_endpoint ka_conn_endpoint(const struct ka_conn *conn, unsigned side)
{
    struct ka_endpoint endpoint = {
        .addr = {.family = conn->key.family},
        .port = conn->key.port[side],
    };
    /* All 16 bytes at once, zeros where an IPv4 address ends. */
    memcpy(endpoint.addr.bytes, conn->key.addr[side], sizeof(endpoint.addr.bytes));
    return endpoint;
}

void ka_event_begin(const struct ka_analysis *analysis, struct ka_event *event,
                    enum ka_event_type type, const struct ka_occurrence *occurrence)
{
    const struct ka_conn *conn = occurrence->conn;
    const struct ka_zone *zone = &analysis->table.zones.zones[conn->key.zone];
    struct ka_envelope *envelope = &event->envelope;
    event->type = type;
    event->notable = false;
    *envelope = (struct ka_envelope){
        .time = occurrence->time,
        .frame = occurrence->frame,
        .src = ka_conn_endpoint(conn, occurrence->side),
        .dst = ka_conn_endpoint(conn, !occurrence->side),
        .flow_id = conn->flow_id,
        .input = occurrence->frame != 0 ? occurrence->input : conn->input,
        .digits = analysis->digits,
        .tunnel_type = zone->tunnel_type,
        .tunnel_id = zone->tunnel_id,
        .vlan_count = zone->vlan_count,
    };
    memcpy(envelope->vlan, zone->vlan, sizeof(envelope->vlan));
    if (occurrence->packet != NULL && occurrence->packet->tunnel_type == zone->tunnel_type)
        envelope->tunnel_id = occurrence->packet->tunnel_id;
    if (occurrence->packet != NULL && occurrence->packet->vlan_count > 0) {
        envelope->vlan_count = occurrence->packet->vlan_count;
        memcpy(envelope->vlan, occurrence->packet->vlan,
               occurrence->packet->vlan_count * sizeof(envelope->vlan[0]));
    }
}

static void fill_keepalive(const struct ka_analysis *analysis, const struct ka_conn *conn,
                           const struct ka_prober *prober, struct ka_ev_keepalive *out)
{
    uint64_t packets = ka_side_packets(&conn->side[0]) + ka_side_packets(&conn->side[1]);
    uint64_t own = (uint64_t)prober->probes + prober->answered + prober->resets;
    out->present = true;
    out->probes = prober->probes;
    out->answered = prober->answered;
    out->unanswered = prober->unanswered;
    out->resets = prober->resets;
    out->icmp = prober->icmp;
    out->bytes = prober->bytes;
    out->injected = (prober->flags & KA_PROBER_INJECTED) != 0;
    out->overhead_bytes = prober->overhead_bytes;
    out->share = packets == 0 ? 0 : (double)own / (double)packets;
    ka_schedule_report(prober, out);
    if (analysis->lossy)
        out->confidence = KA_PROBABLE;
    ka_stacks_guess(prober, out);
}

static int by_length(const void *a, const void *b)
{
    ka_time first = *(const ka_time *)a;
    ka_time second = *(const ka_time *)b;
    return (first > second) - (first < second);
}

/* The middle one of the gaps, if three of four are like it: one may hold a packet that the capture
 * lost, or a retry. KA_TIME_NONE else. */
static ka_time find_period(const struct ka_doubt *doubt)
{
    ka_time gaps[KA_HELD];
    unsigned count = 0;
    unsigned alike = 0;
    for (unsigned i = 1; i < doubt->held_count; i++) {
        gaps[count] = ka_time_between(doubt->held[i - 1].time, doubt->held[i].time);
        count += gaps[count] != KA_TIME_NONE;
    }
    if (count + 1 < EXCHANGE_FRAMES)
        return KA_TIME_NONE;
    qsort(gaps, count, sizeof(gaps[0]), by_length);
    ka_time middle = gaps[count / 2];
    for (unsigned i = 0; i < count; i++) {
        ka_time off = gaps[i] > middle ? gaps[i] - middle : middle - gaps[i];
        alike += off <= middle / EXCHANGE_DIVISOR;
    }
    bool regular = middle >= EXCHANGE_LEAST_MS * KA_MILLISECOND && 4 * alike >= 3 * count;
    return regular ? middle : KA_TIME_NONE;
}

static void fill_exchange(const struct ka_doubt *doubt, struct ka_ev_connection *out)
{
    if (doubt == NULL || doubt->held_count < EXCHANGE_FRAMES)
        return;
    ka_time period = find_period(doubt);
    if (period == KA_TIME_NONE)
        return;
    out->exchange_frames = doubt->equal_frames;
    out->exchange_interval = period;
}

static const char *footnote(const struct ka_analysis *analysis, const struct ka_conn *conn)
{
    for (unsigned side = 0; side < 2; side++) {
        const struct ka_prober *prober = ka_prober_of(analysis, conn, side);
        if (prober == NULL)
            continue;
        if ((prober->flags & KA_PROBER_OTHER_TTL) != 0)
            return "answers carry another TTL than the peer's data: a proxy, or a sleeping host's "
                   "network card, may answer for it";
        if (prober->answered > 0 && (conn->side[!side].flags & KA_SIDE_FIN) != 0)
            return "the peer that answers has closed its side";
    }
    return NULL;
}

static void fill(const struct ka_analysis *analysis, const struct ka_conn *conn,
                 enum ka_ended ended, struct ka_ev_connection *out)
{
    unsigned client = ka_conn_client(conn);
    const struct ka_extra *extra = ka_extra_of(analysis, conn);
    *out = (struct ka_ev_connection){.start = conn->start};
    out->end = ka_conn_last(conn);
    out->longest_idle = conn->longest_idle_ms * KA_MILLISECOND;
    out->ended = (uint8_t)ended;
    out->midstream = (conn->flags & KA_CONN_MIDSTREAM) != 0;
    out->one_way = ka_side_packets(&conn->side[0]) == 0 || ka_side_packets(&conn->side[1]) == 0;
    out->half_closed = ((conn->side[0].flags ^ conn->side[1].flags) & KA_SIDE_FIN) != 0;
    for (unsigned i = 0; i < 2; i++) {
        unsigned side = i == 0 ? client : !client;
        out->packets[i] = ka_side_packets(&conn->side[side]);
        out->bytes[i] = ka_side_bytes(&conn->side[side]);
        const struct ka_prober *prober = ka_prober_of(analysis, conn, side);
        if (prober != NULL)
            fill_keepalive(analysis, conn, prober, &out->keepalive[i]);
        if (extra != NULL)
            out->state[i] = extra->state[side];
    }
    fill_exchange(ka_doubt_of(analysis, conn), out);
    if (extra == NULL)
        return;
    out->window_probes = extra->window_probes;
    memcpy(out->lookalikes, extra->lookalikes, sizeof(out->lookalikes));
    out->note = footnote(analysis, conn);
}

static bool is_worth_telling(const struct ka_analysis *analysis, const struct ka_conn *conn,
                             const struct ka_ev_connection *event)
{
    const struct ka_extra *extra = ka_extra_of(analysis, conn);
    if (analysis->config.all || conn->longest_idle_ms > WORTH_IDLE_MS ||
        event->exchange_frames > 0 || (conn->flags & KA_CONN_GAVE_UP) != 0)
        return true;
    if (extra == NULL)
        return false;
    return extra->prober[0] != 0 || extra->prober[1] != 0 || extra->state[0] != KA_PEER_UNKNOWN ||
           extra->state[1] != KA_PEER_UNKNOWN;
}

static bool has_died_idle(const struct ka_ev_connection *event)
{
    const struct ka_activity *activity = event->activity;
    for (unsigned i = 0; activity != NULL && i < activity->gap_count; i++) {
        if (activity->gaps[i].result == KA_GAP_DIED)
            return true;
    }
    return false;
}

static enum ka_ended how_ended(const struct ka_conn *conn)
{
    unsigned both = conn->side[0].flags & conn->side[1].flags;
    unsigned any = conn->side[0].flags | conn->side[1].flags;
    if ((conn->flags & KA_CONN_GAVE_UP) != 0)
        return KA_ENDED_GAVE_UP;
    if ((any & KA_SIDE_RST) != 0 && (both & KA_SIDE_FIN) == 0)
        return KA_ENDED_RST;
    return (both & KA_SIDE_FIN) != 0 ? KA_ENDED_FIN : KA_ENDED_OPEN;
}

void ka_connection_report(struct ka_analysis *analysis, struct ka_conn *conn, enum ka_ended ended)
{
    if (analysis->config.summary)
        return;
    struct ka_event event;
    struct ka_occurrence about = {
        .conn = conn, .side = (uint8_t)ka_conn_client(conn), .time = ka_conn_last(conn)};
    ka_event_begin(analysis, &event, KA_EVENT_CONNECTION, &about);
    enum ka_ended own = how_ended(conn);
    fill(analysis, conn, own != KA_ENDED_OPEN ? own : ended, &event.connection);
    bool worth_telling = is_worth_telling(analysis, conn, &event.connection);
    if (analysis->config.report) {
        struct ka_activity activity;
        ka_history_fill(analysis, conn, &event.connection, &activity);
        event.notable = worth_telling || event.connection.heartbeat.present;
        event.notable |= has_died_idle(&event.connection);
        event.notable |= ka_findings_tell(analysis, conn, &event.connection);
        analysis->config.sink.emit(analysis->config.sink.context, &event);
    } else if (worth_telling) {
        analysis->config.sink.emit(analysis->config.sink.context, &event);
    }
}

void ka_connection_end(struct ka_analysis *analysis, struct ka_conn *conn, enum ka_ended ended)
{
    ka_connection_report(analysis, conn, ended);
    ka_history_drop(analysis, conn);
    ka_records_drop(analysis, conn);
    ka_table_remove(&analysis->table, conn);
}
