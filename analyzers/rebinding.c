/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyzers/rebinding.h"

#include "analyzers/history.h"

#include <stdlib.h>
#include <string.h>

enum {
    FIRST_ROOM = 64,
    PART = 32, /* of all memory at most */
    /* With the same acknowledgement number at one endpoint: beyond these nobody looks, so that
     * whoever sends the same segment from a million ports costs no time. */
    WALK_MOST = 32,
    /* Connections that begin with the same two numbers: more are of a program that does not draw
     * them. A NAT that forgets a connection twice gives it a third name. */
    TWINS_MOST = 2,
    SMALL = 1 << 16, /* two numbers below this were hardly drawn at random */
};

/* Without timestamps a silence must have been as long as this. Two captures of one connection,
 * merged, with clocks that differ, look alike otherwise. */
static const ka_time plain_silence = 30 * KA_SECOND;

/* --- the ring */

static size_t size_of(uint64_t room)
{
    return room * (sizeof(struct ka_mark) + sizeof(uint32_t));
}

void ka_marks_init(struct ka_marks *marks, uint64_t memory)
{
    *marks = (struct ka_marks){.limit = memory / PART};
}

void ka_marks_fini(struct ka_marks *marks)
{
    free(marks->ring);
    free(marks->heads);
}

size_t ka_marks_memory(const struct ka_marks *marks)
{
    return size_of(marks->room);
}

/* By its number; NULL when it was forgotten. */
static struct ka_mark *at(const struct ka_marks *marks, uint32_t number)
{
    if (number == 0 || marks->total - number >= marks->room)
        return NULL;
    return &marks->ring[number & (marks->room - 1)];
}

/* Where those are found that were sent to an endpoint of a zone and acknowledge `ack`. The table's
 * hash is keyed: nobody can choose numbers that collide. Wants room. */
static uint32_t *head_of(const struct ka_analysis *analysis, const struct ka_key *key,
                         unsigned endpoint, uint32_t ack)
{
    const struct ka_marks *marks = &analysis->histories.marks;
    struct ka_key place = {.port = {key->port[endpoint]}, .zone = key->zone, .family = key->family};
    memcpy(place.addr[0], key->addr[endpoint], sizeof(place.addr[0]));
    memcpy(place.addr[1], &ack, sizeof(ack));
    return &marks->heads[ka_table_hash(&analysis->table, &place) & (marks->room - 1)];
}

static void link_in(const struct ka_analysis *analysis, uint32_t number)
{
    struct ka_mark *mark = at(&analysis->histories.marks, number);
    uint32_t *head = head_of(analysis, &mark->key, !mark->side, mark->ack);
    mark->older = *head;
    *head = number;
}

/* Twice the room, unless the bound or memory forbids it. */
static void grow(struct ka_analysis *analysis)
{
    struct ka_marks *marks = &analysis->histories.marks;
    uint32_t room = marks->room == 0 ? FIRST_ROOM : marks->room * 2;
    uint64_t cost = size_of(room) - size_of(marks->room);
    if (room == 0 || size_of(room) > marks->limit ||
        ka_analysis_memory(analysis) + cost > analysis->config.memcap)
        return;
    struct ka_mark *ring = calloc(room, sizeof(*ring));
    uint32_t *heads = calloc(room, sizeof(*heads));
    if (ring == NULL || heads == NULL) {
        free(ring);
        free(heads);
        return;
    }
    for (uint32_t i = 0; i < marks->room; i++) {
        uint32_t number = marks->total - i;
        if (number == 0)
            break;
        ring[number & (room - 1)] = marks->ring[number & (marks->room - 1)];
    }
    uint32_t kept = marks->total < marks->room ? marks->total : marks->room;
    ka_marks_fini(marks);
    marks->ring = ring;
    marks->heads = heads;
    marks->room = room;
    for (uint32_t i = kept; i > 0; i--)
        link_in(analysis, marks->total - i + 1);
}

static void add(struct ka_analysis *analysis, const struct ka_mark *mark)
{
    struct ka_marks *marks = &analysis->histories.marks;
    if (marks->total >= marks->room)
        grow(analysis);
    if (marks->room == 0 || marks->total == UINT32_MAX)
        return;
    marks->total++;
    *at(marks, marks->total) = *mark;
    link_in(analysis, marks->total);
}

/* --- stops */

/* Where `side` stands; false when that is not known. A reset in its name is that of a NAT that
 * forgot it, if it comes back: then it was silent since the silence that the reset ended. */
static bool find_stop(const struct ka_analysis *analysis, const struct ka_conn *conn, unsigned side,
                      struct ka_mark *out)
{
    const struct ka_side *sender = &conn->side[side];
    const struct ka_side *peer = &conn->side[!side];
    const struct ka_history *history = ka_history_of(analysis, conn);
    if (!ka_side_has_next(sender) || !ka_side_has_next(peer) || sender->last_sent == KA_TIME_NONE)
        return false;
    uint32_t ack = ka_side_has(peer, KA_SIDE_ACKED) ? peer->acked_next : peer->sent_next;
    bool lost = !ka_side_has(peer, KA_SIDE_SENT) || ka_seq_lt(peer->sent_next, ack);
    *out = (struct ka_mark){
        .key = conn->key,
        .time = sender->last_sent,
        .frame = history != NULL ? ka_ref_number(history->last_frame[side]) : 0,
        .flow_id = conn->flow_id,
        .seq = ka_side_next(sender),
        .ack = ack,
        .length = ka_side_in_flight(sender) ? ka_side_next(sender) - sender->acked_next : 0,
        .tsval = sender->tsval,
        .tsecr = peer->tsval,
        .input = history != NULL ? ka_ref_input(history->last_frame[side]) : conn->input,
        .side = (uint8_t)side,
        .ttl = sender->ttl,
        .is_stop = true,
        .has_stamps = ka_side_has(sender, KA_SIDE_STAMPS),
        .has_echo = ka_side_has(peer, KA_SIDE_STAMPS) && !lost,
    };
    if (!ka_side_has(sender, KA_SIDE_RST))
        return true;
    if (history == NULL || history->reset.time != sender->last_sent || history->gap_count == 0)
        return false;
    const struct ka_gap *last = &history->gaps[history->gap_count - 1];
    out->time = last->from;
    return last->result == KA_GAP_DIED;
}

/* --- walks */

/* The marks that were said to one endpoint with one acknowledgement, the newest first, at most
 * WALK_MOST of them. */
struct walk {
    const struct ka_marks *marks;
    const struct ka_key *key;
    unsigned hearer; /* index into the key */
    uint32_t ack;
    uint32_t number; /* of the mark that it stands at */
    uint32_t next;
    unsigned left;
};

static struct walk begin_walk(const struct ka_analysis *analysis, const struct ka_key *key,
                              unsigned hearer, uint32_t ack)
{
    return (struct walk){
        .marks = &analysis->histories.marks,
        .key = key,
        .hearer = hearer,
        .ack = ack,
        .next = *head_of(analysis, key, hearer, ack),
        .left = WALK_MOST,
    };
}

static bool is_on(const struct walk *walk, const struct ka_mark *mark)
{
    const struct ka_key *key = walk->key;
    return mark->ack == walk->ack && mark->key.zone == key->zone &&
           mark->key.family == key->family &&
           mark->key.port[!mark->side] == key->port[walk->hearer] &&
           memcmp(mark->key.addr[!mark->side], key->addr[walk->hearer], sizeof(key->addr[0])) == 0;
}

/* The next; NULL at the end. Others that have the same hash by chance do not count as steps, or
 * what is found would depend on its random key. */
static struct ka_mark *step(struct walk *walk)
{
    while (walk->left > 0) {
        struct ka_mark *mark = at(walk->marks, walk->next);
        if (mark == NULL)
            return NULL;
        walk->number = walk->next;
        walk->next = mark->older;
        if (!is_on(walk, mark))
            continue;
        walk->left--;
        return mark;
    }
    return NULL;
}

/* True when they were said by different endpoints. */
static bool has_other_sender(const struct ka_mark *a, const struct ka_mark *b)
{
    return a->key.port[a->side] != b->key.port[b->side] ||
           memcmp(a->key.addr[a->side], b->key.addr[b->side], sizeof(a->key.addr[0])) != 0;
}

/* --- who goes on with what */

/* Next data, what was sent last and is not acknowledged, or a probe one below. */
static bool goes_on_at(const struct ka_mark *stop, const struct ka_mark *newcomer)
{
    return newcomer->seq == stop->seq || newcomer->seq == stop->seq - stop->length ||
           (newcomer->seq + 1 == stop->seq && newcomer->length <= 1);
}

/* The same clock: it went on, and echoes nothing that was not sent, as far as the capture shows
 * what was. Who has no timestamps must make up for it. */
static bool stamps_agree(const struct ka_mark *stop, const struct ka_mark *newcomer)
{
    if (!newcomer->has_stamps || !stop->has_stamps)
        return newcomer->time - stop->time >= plain_silence &&
               (newcomer->seq >= SMALL || newcomer->ack >= SMALL);
    return ka_seq_lt(stop->tsval, newcomer->tsval) &&
           (!stop->has_echo || ka_seq_le(newcomer->tsecr, stop->tsecr));
}

static bool goes_on(const struct ka_mark *stop, const struct ka_mark *newcomer)
{
    return newcomer->time > stop->time && goes_on_at(stop, newcomer) &&
           stamps_agree(stop, newcomer);
}

/* The earliest newcomer that goes on from the stop. */
static const struct ka_mark *find_newcomer(const struct ka_analysis *analysis,
                                           const struct ka_mark *stop)
{
    struct walk walk = begin_walk(analysis, &stop->key, !stop->side, stop->ack);
    const struct ka_mark *found = NULL;
    const struct ka_mark *mark;
    unsigned twins = 0;
    while ((mark = step(&walk)) != NULL) {
        if (mark->is_stop || !has_other_sender(stop, mark))
            continue;
        twins += goes_on_at(stop, mark);
        if (goes_on(stop, mark))
            found = mark;
    }
    return twins <= TWINS_MOST ? found : NULL;
}

/* The number of the latest stop that a newcomer goes on from, where its connection has ended; 0
 * none. */
static uint32_t find_former(const struct ka_analysis *analysis, const struct ka_mark *newcomer)
{
    struct walk walk = begin_walk(analysis, &newcomer->key, !newcomer->side, newcomer->ack);
    const struct ka_mark *mark;
    uint32_t found = 0;
    unsigned twins = 0;
    while ((mark = step(&walk)) != NULL) {
        if (!has_other_sender(mark, newcomer))
            continue;
        twins += !mark->is_stop && mark->seq == newcomer->seq;
        if (found == 0 && mark->is_stop && goes_on(mark, newcomer))
            found = walk.number;
    }
    return twins < TWINS_MOST ? found : 0;
}

/* The mark of the connection's first segment, which `side` received with that acknowledgement. */
static struct ka_mark *find_own(const struct ka_analysis *analysis, const struct ka_conn *conn,
                                unsigned side, uint32_t ack)
{
    struct walk walk = begin_walk(analysis, &conn->key, side, ack);
    struct ka_mark *mark;
    while ((mark = step(&walk)) != NULL)
        if (!mark->is_stop && mark->flow_id == conn->flow_id)
            return mark;
    return NULL;
}

/* --- segments */

static void take_newcomer(struct ka_analysis *analysis, const struct ka_conn *conn, unsigned side,
                          const struct ka_packet *packet)
{
    const struct ka_tcp *tcp = &packet->tcp;
    bool has_stamps = (tcp->options & KA_OPTION_TIMESTAMPS) != 0;
    struct ka_mark newcomer = {
        .key = conn->key,
        .time = packet->frame->time,
        .frame = packet->frame->number,
        .flow_id = conn->flow_id,
        .seq = tcp->seq,
        .ack = tcp->ack,
        .length = tcp->length,
        .tsval = tcp->tsval,
        .tsecr = tcp->tsecr,
        .input = packet->frame->input,
        .side = (uint8_t)side,
        .ttl = packet->ttl,
        .has_stamps = has_stamps,
        .has_echo = has_stamps,
    };
    if (analysis->histories.marks.room > 0)
        newcomer.former = find_former(analysis, &newcomer);
    add(analysis, &newcomer);
}

/* Where the other's first segment answers, its number is what was acknowledged: a reset's too (RFC
 * 9293 3.10.7.1). One that is further on speaks for frames that the capture lost. */
static void take_answer(struct ka_analysis *analysis, const struct ka_conn *conn, unsigned side,
                        const struct ka_packet *packet)
{
    const struct ka_side *sender = &conn->side[side];
    bool reset = (packet->tcp.flags & KA_TCP_RST) != 0;
    struct ka_mark *newcomer = find_own(analysis, conn, side, packet->tcp.seq);
    if (newcomer == NULL && !reset && ka_side_has(sender, KA_SIDE_ACKED))
        newcomer = find_own(analysis, conn, side, sender->acked_next);
    if (newcomer == NULL)
        return;
    newcomer->answer = reset ? KA_NEWCOMER_RESET : KA_NEWCOMER_TAKEN;
    newcomer->answer_frame = ka_packet_ref(packet);
}

bool ka_rebinding_is_elsewhere(const struct ka_rebinding *rebinding)
{
    const struct ka_mark *from = &rebinding->from;
    const struct ka_mark *to = &rebinding->to;
    return to->answer == KA_NEWCOMER_TAKEN ||
           (to->answer == KA_NEWCOMER_IGNORED && from->ttl != to->ttl);
}

void ka_rebinding_segment(struct ka_analysis *analysis, const struct ka_conn *conn, unsigned side,
                          const struct ka_packet *packet)
{
    const unsigned wanted = KA_TCP_SYN | KA_TCP_RST | KA_TCP_ACK;
    if (ka_side_packets(&conn->side[!side]) == 0 && (packet->tcp.flags & wanted) == KA_TCP_ACK)
        take_newcomer(analysis, conn, side, packet);
    else if (ka_side_packets(&conn->side[!side]) > 0 && analysis->histories.marks.room > 0)
        take_answer(analysis, conn, side, packet);
}

/* --- the end of a connection */

static bool is_closed(const struct ka_conn *conn)
{
    return (conn->side[0].flags & conn->side[1].flags & KA_SIDE_FIN) != 0;
}

/* Only the client's side: servers hardly stand behind a NAT that forgets them. */
void ka_rebinding_end(struct ka_analysis *analysis, const struct ka_conn *conn)
{
    struct ka_mark stop;
    if (!is_closed(conn) && find_stop(analysis, conn, ka_conn_client(conn), &stop))
        add(analysis, &stop);
}

/* The newcomer that goes on from where `side` of the connection stopped. */
static bool find_next_name(const struct ka_analysis *analysis, const struct ka_conn *conn,
                           unsigned side, struct ka_rebinding *out)
{
    struct ka_mark stop;
    if (!find_stop(analysis, conn, side, &stop))
        return false;
    const struct ka_mark *newcomer = find_newcomer(analysis, &stop);
    if (newcomer != NULL)
        *out = (struct ka_rebinding){.from = stop, .to = *newcomer};
    return newcomer != NULL;
}

/* What the connection goes on from, if `side` sent its first segment. Whom nobody took has nothing
 * new to acknowledge: so that segment is found. */
static bool find_last_name(const struct ka_analysis *analysis, const struct ka_conn *conn,
                           unsigned side, struct ka_rebinding *out)
{
    const struct ka_side *peer = &conn->side[!side];
    if (!ka_side_has(peer, KA_SIDE_ACKED))
        return false;
    const struct ka_mark *own = find_own(analysis, conn, !side, peer->acked_next);
    const struct ka_mark *former = own == NULL ? NULL : at(&analysis->histories.marks, own->former);
    if (former != NULL)
        *out = (struct ka_rebinding){.from = *former, .to = *own};
    return former != NULL;
}

bool ka_rebinding_of(const struct ka_analysis *analysis, const struct ka_conn *conn,
                     struct ka_rebinding *out)
{
    if (analysis->histories.marks.room == 0 || is_closed(conn))
        return false;
    for (unsigned side = 0; side < 2; side++) {
        if (find_next_name(analysis, conn, side, out) || find_last_name(analysis, conn, side, out))
            return true;
    }
    return false;
}
