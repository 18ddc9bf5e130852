/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyzers/rebinding.h"

#include "analyzers/analysis.h"

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
    return room * (sizeof(struct ka_newcomer) + sizeof(uint32_t));
}

void ka_newcomers_init(struct ka_newcomers *newcomers, uint64_t memory)
{
    *newcomers = (struct ka_newcomers){.limit = memory / PART};
}

void ka_newcomers_fini(struct ka_newcomers *newcomers)
{
    free(newcomers->ring);
    free(newcomers->heads);
}

size_t ka_newcomers_memory(const struct ka_newcomers *newcomers)
{
    return size_of(newcomers->room);
}

/* By its number; NULL when it was forgotten. */
static struct ka_newcomer *at(const struct ka_newcomers *newcomers, uint32_t number)
{
    if (number == 0 || newcomers->total - number >= newcomers->room)
        return NULL;
    return &newcomers->ring[number & (newcomers->room - 1)];
}

/* Where those are found that were sent to an endpoint of a zone and acknowledge `ack`. The table's
 * hash is keyed: nobody can choose numbers that collide. */
static uint32_t *head_of(const struct ka_analysis *analysis, const struct ka_key *key,
                         unsigned endpoint, uint32_t ack)
{
    const struct ka_newcomers *newcomers = &analysis->histories.newcomers;
    struct ka_key place = {.port = {key->port[endpoint]}, .zone = key->zone, .family = key->family};
    memcpy(place.addr[0], key->addr[endpoint], sizeof(place.addr[0]));
    memcpy(place.addr[1], &ack, sizeof(ack));
    return &newcomers->heads[ka_table_hash(&analysis->table, &place) & (newcomers->room - 1)];
}

static void link_in(const struct ka_analysis *analysis, uint32_t number)
{
    struct ka_newcomer *newcomer = at(&analysis->histories.newcomers, number);
    uint32_t *head = head_of(analysis, &newcomer->key, !newcomer->side, newcomer->ack);
    newcomer->older = *head;
    *head = number;
}

/* Twice the room, unless the bound or memory forbids it. */
static void grow(struct ka_analysis *analysis)
{
    struct ka_newcomers *newcomers = &analysis->histories.newcomers;
    uint32_t room = newcomers->room == 0 ? FIRST_ROOM : newcomers->room * 2;
    uint64_t cost = size_of(room) - size_of(newcomers->room);
    if (room == 0 || size_of(room) > newcomers->limit ||
        ka_analysis_memory(analysis) + cost > analysis->config.memcap)
        return;
    struct ka_newcomer *ring = calloc(room, sizeof(*ring));
    uint32_t *heads = calloc(room, sizeof(*heads));
    if (ring == NULL || heads == NULL) {
        free(ring);
        free(heads);
        return;
    }
    for (uint32_t i = 0; i < newcomers->room; i++) {
        uint32_t number = newcomers->total - i;
        if (number == 0)
            break;
        ring[number & (room - 1)] = newcomers->ring[number & (newcomers->room - 1)];
    }
    uint32_t kept = newcomers->total < newcomers->room ? newcomers->total : newcomers->room;
    ka_newcomers_fini(newcomers);
    newcomers->ring = ring;
    newcomers->heads = heads;
    newcomers->room = room;
    for (uint32_t i = kept; i > 0; i--)
        link_in(analysis, newcomers->total - i + 1);
}

/* --- first segments */

static void add(struct ka_analysis *analysis, const struct ka_conn *conn, unsigned side,
                const struct ka_packet *packet)
{
    struct ka_newcomers *newcomers = &analysis->histories.newcomers;
    const struct ka_tcp *tcp = &packet->tcp;
    if (newcomers->total >= newcomers->room)
        grow(analysis);
    if (newcomers->room == 0 || newcomers->total == UINT32_MAX)
        return;
    newcomers->total++;
    *at(newcomers, newcomers->total) = (struct ka_newcomer){
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
        .has_stamps = (tcp->options & KA_OPTION_TIMESTAMPS) != 0,
    };
    link_in(analysis, newcomers->total);
}

/* The other's first segment. Where it answers, its number is what was acknowledged: a reset's too
 * (RFC 9293 3.10.7.1). */
static void note_answer(struct ka_analysis *analysis, const struct ka_conn *conn, unsigned side,
                        const struct ka_packet *packet)
{
    const struct ka_newcomers *newcomers = &analysis->histories.newcomers;
    if (newcomers->room == 0)
        return;
    uint32_t number = *head_of(analysis, &conn->key, side, packet->tcp.seq);
    for (unsigned i = 0; i < WALK_MOST; i++) {
        struct ka_newcomer *newcomer = at(newcomers, number);
        if (newcomer == NULL)
            return;
        if (newcomer->flow_id == conn->flow_id) {
            bool reset = (packet->tcp.flags & KA_TCP_RST) != 0;
            newcomer->answer = reset ? KA_NEWCOMER_RESET : KA_NEWCOMER_TAKEN;
            newcomer->answer_frame = packet->frame->number;
            return;
        }
        number = newcomer->older;
    }
}

void ka_newcomer_segment(struct ka_analysis *analysis, const struct ka_conn *conn, unsigned side,
                         const struct ka_packet *packet)
{
    const unsigned wanted = KA_TCP_SYN | KA_TCP_RST | KA_TCP_ACK;
    if (conn->side[!side].packets > 0)
        note_answer(analysis, conn, side, packet);
    else if ((packet->tcp.flags & wanted) == KA_TCP_ACK)
        add(analysis, conn, side, packet);
}

/* --- who goes on */

static bool has_same_endpoint(const struct ka_key *a, unsigned of_a, const struct ka_key *b,
                              unsigned of_b)
{
    return a->port[of_a] == b->port[of_b] &&
           memcmp(a->addr[of_a], b->addr[of_b], sizeof(a->addr[0])) == 0;
}

/* Next data, what was sent last and is not acknowledged, or a probe one below. */
static bool goes_on_at(const struct ka_side *sender, const struct ka_newcomer *newcomer)
{
    uint32_t next = ka_side_next(sender);
    return newcomer->seq == next || (newcomer->seq + 1 == next && newcomer->length <= 1) ||
           (ka_side_in_flight(sender) && newcomer->seq == sender->acked_next);
}

/* The same clock: it went on, and echoes nothing that was not sent, as far as the capture shows
 * what was. Who has no timestamps must make up for it. */
static bool stamps_agree(const struct ka_side *sender, const struct ka_side *peer,
                         const struct ka_newcomer *newcomer)
{
    if (!newcomer->has_stamps || !ka_side_has(sender, KA_SIDE_STAMPS))
        return newcomer->time - sender->last_sent >= plain_silence &&
               (newcomer->seq >= SMALL || newcomer->ack >= SMALL);
    bool lost = !ka_side_has(peer, KA_SIDE_SENT) || ka_seq_lt(peer->sent_next, newcomer->ack);
    return ka_seq_lt(sender->tsval, newcomer->tsval) &&
           (lost || !ka_side_has(peer, KA_SIDE_STAMPS) || ka_seq_le(newcomer->tsecr, peer->tsval));
}

static bool goes_on(const struct ka_conn *conn, unsigned side, const struct ka_newcomer *newcomer)
{
    const struct ka_side *sender = &conn->side[side];
    return newcomer->time > sender->last_sent && goes_on_at(sender, newcomer) &&
           stamps_agree(sender, &conn->side[!side], newcomer);
}

/* The earliest that goes on with what `side` was saying. */
static const struct ka_newcomer *find(const struct ka_analysis *analysis,
                                      const struct ka_conn *conn, unsigned side)
{
    const struct ka_side *sender = &conn->side[side];
    const struct ka_side *peer = &conn->side[!side];
    const struct ka_newcomer *found = NULL;
    unsigned twins = 0;
    if (!ka_side_has_next(sender) || !ka_side_has_next(peer) || sender->last_sent == KA_TIME_NONE ||
        ka_side_has(sender, KA_SIDE_RST))
        return NULL;
    uint32_t ack = ka_side_has(peer, KA_SIDE_ACKED) ? peer->acked_next : peer->sent_next;
    uint32_t number = *head_of(analysis, &conn->key, !side, ack);
    for (unsigned i = 0; i < WALK_MOST; i++) {
        const struct ka_newcomer *newcomer = at(&analysis->histories.newcomers, number);
        if (newcomer == NULL)
            break;
        number = newcomer->older;
        const struct ka_key *key = &newcomer->key;
        if (newcomer->ack != ack || key->zone != conn->key.zone ||
            key->family != conn->key.family ||
            !has_same_endpoint(key, !newcomer->side, &conn->key, !side) ||
            has_same_endpoint(key, newcomer->side, &conn->key, side))
            continue;
        twins += goes_on_at(sender, newcomer);
        if (goes_on(conn, side, newcomer))
            found = newcomer;
    }
    return twins <= TWINS_MOST ? found : NULL;
}

const struct ka_newcomer *ka_newcomer_of(const struct ka_analysis *analysis,
                                         const struct ka_conn *conn, unsigned *side)
{
    unsigned both = conn->side[0].flags & conn->side[1].flags;
    if (analysis->histories.newcomers.room == 0 || (both & KA_SIDE_FIN) != 0)
        return NULL;
    for (unsigned i = 0; i < 2; i++) {
        const struct ka_newcomer *found = find(analysis, conn, i);
        if (found != NULL) {
            *side = i;
            return found;
        }
    }
    return NULL;
}
