/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The beginning of a connection: room is made for it, or the one before on the same ports gives
 * way.
 */
#include "analyzers/analysis.h"

enum {
    RECORDS_PART = 8, /* of the memory is left to records at least */
    SYN_SENT_S = 127, /* how long a SYN is sent again (Linux, tcp_syn_retries 6) */
};

static bool make_room(struct ka_analysis *analysis)
{
    for (unsigned class = 0; class < KA_CLASS_COUNT; class ++) {
        struct ka_conn *conn = ka_table_oldest(&analysis->table, (enum ka_conn_class) class);
        if (conn == NULL)
            continue;
        analysis->stats.evicted++;
        ka_connection_end(analysis, conn, KA_ENDED_EVICTED);
        return true;
    }
    return false;
}

/* What is taken, and what connections have to leave for the records: without it a flood of
 * connections would leave no memory to know the next probe by. */
static uint64_t memory_claimed(const struct ka_analysis *analysis)
{
    uint64_t table = ka_table_memory(&analysis->table);
    uint64_t records = ka_analysis_memory(analysis) - table;
    uint64_t share = analysis->config.memcap / RECORDS_PART;
    return table + (records > share ? records : share);
}

struct ka_conn *ka_connection_begin(struct ka_analysis *analysis, const struct ka_lookup *lookup,
                                    const struct ka_packet *packet)
{
    struct ka_table *table = &analysis->table;
    const struct ka_key *key = &lookup->key;
    unsigned side = lookup->side;
    size_t cost = ka_table_insert_cost(table);
    if (cost > 0 && ka_table_count(table) > 0) {
        uint64_t after = memory_claimed(analysis) + cost;
        if (!table->ordered && after > analysis->config.memcap / 2)
            ka_table_order(table);
        if (after > analysis->config.memcap)
            make_room(analysis);
    }
    struct ka_conn *conn = ka_table_insert(table, key, lookup->hash);
    if (conn == NULL && make_room(analysis))
        conn = ka_table_insert(table, key, lookup->hash);
    if (conn == NULL) {
        analysis->memory_out = true;
        return NULL;
    }
    const unsigned handshake = KA_TCP_SYN | KA_TCP_ACK;
    bool syn = (packet->tcp.flags & handshake) == KA_TCP_SYN;
    bool syn_ack = (packet->tcp.flags & handshake) == handshake;
    unsigned client = side;
    if (syn_ack)
        client = !side;
    else if (!syn && key->port[side] != key->port[!side])
        client = key->port[0] > key->port[1] ? 0 : 1;
    if (client == 1)
        conn->flags |= KA_CONN_CLIENT;
    if (!syn && !syn_ack)
        conn->flags |= KA_CONN_MIDSTREAM;
    conn->start = packet->frame->time;
    conn->input = packet->frame->input;
    analysis->stats.connections++;
    return conn;
}

/* A SYN on a connection that lives is no new one until its SYN-ACK follows (anybody can send a
 * SYN). Returns true when the SYN is put aside. */
static bool put_syn_aside(struct ka_analysis *analysis, struct ka_conn *conn, unsigned side,
                          const struct ka_packet *packet)
{
    struct ka_doubt *doubt = ka_doubt_need(analysis, conn);
    if (doubt == NULL)
        return false;
    doubt->syn_waits = true;
    doubt->syn_side = side & 1;
    doubt->syn_time = packet->frame->time;
    doubt->syn = packet->tcp;
    doubt->syn_ttl = packet->ttl;
    return true;
}

/* The SYN-ACK of a SYN put aside: the old connection ends, a new one begins with that SYN. */
static struct ka_conn *reuse(struct ka_analysis *analysis, struct ka_conn *conn,
                             const struct ka_lookup *lookup, const struct ka_packet *syn_ack)
{
    const struct ka_doubt *doubt = ka_doubt_of(analysis, conn);
    struct ka_frame frame = *syn_ack->frame;
    struct ka_packet syn = *syn_ack;
    frame.time = doubt->syn_time;
    syn.frame = &frame;
    syn.tcp = doubt->syn;
    syn.ttl = doubt->syn_ttl;
    syn.payload_captured = 0;
    struct ka_lookup first = *lookup;
    first.side = doubt->syn_side;
    ka_connection_end(analysis, conn, KA_ENDED_REUSED);
    struct ka_conn *fresh = ka_connection_begin(analysis, &first, &syn);
    struct ka_segment segment;
    if (fresh != NULL)
        ka_track(fresh, first.side, &syn, &segment);
    return fresh;
}

/* Both sides sent a SYN before either's had come through (RFC 9293 3.5, simultaneous open). */
static bool is_crossing(const struct ka_conn *conn, unsigned side, const struct ka_packet *packet)
{
    const struct ka_side *peer = &conn->side[!side];
    return ka_side_packets(&conn->side[side]) == 0 && ka_side_has(peer, KA_SIDE_SYN) &&
           !ka_side_has(peer, KA_SIDE_ACKED) &&
           ka_time_within(ka_time_between(peer->last_sent, packet->frame->time),
                          SYN_SENT_S * KA_SECOND);
}

struct ka_conn *ka_connection_renew(struct ka_analysis *analysis, struct ka_conn *conn,
                                    const struct ka_lookup *lookup, const struct ka_packet *packet)
{
    const unsigned handshake = KA_TCP_SYN | KA_TCP_ACK;
    unsigned kind = packet->tcp.flags & handshake;
    unsigned side = lookup->side;
    const struct ka_side *sender = &conn->side[side];
    enum ka_conn_class class = ka_conn_class(conn);
    if (kind == handshake) {
        const struct ka_doubt *doubt = ka_doubt_of(analysis, conn);
        if (doubt != NULL && doubt->syn_waits && doubt->syn_side != side &&
            packet->tcp.ack - doubt->syn.seq - 1 <= doubt->syn.length) /* data may be refused */
            return reuse(analysis, conn, lookup, packet);
        return conn;
    }
    bool again =
        (sender->flags & KA_SIDE_SYN) != 0 && ka_seq_lt(packet->tcp.seq, ka_side_next(sender)) &&
        (class == KA_CLASS_HANDSHAKE || ka_seq_diff(packet->tcp.seq, ka_side_next(sender)) == 1);
    if (again || (class == KA_CLASS_HANDSHAKE && is_crossing(conn, side, packet)))
        return conn;
    if (class == KA_CLASS_HANDSHAKE || class == KA_CLASS_CLOSED) {
        ka_connection_end(analysis, conn, KA_ENDED_REUSED);
        return ka_connection_begin(analysis, lookup, packet);
    }
    return put_syn_aside(analysis, conn, side, packet) ? NULL : conn;
}
