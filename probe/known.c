/* SPDX-License-Identifier: BSD-2-Clause */
#include "probe/known.h"

#include "flow/track.h"

#include <stdlib.h>
#include <string.h>

enum { OWN_KEPT = 1024 };

/* Bytes of the table a connection, the hash included and generous: `limit` counts connections. */
enum { CONN_COST = 512 };

/* What tells an own probe, whatever a NAT makes of its addresses. */
struct own {
    uint32_t seq;
    uint32_t ack;
    uint32_t tsval;
    uint16_t window;
    uint8_t length;
    bool used;
};

struct ka_known {
    struct ka_table table;
    struct ka_slab entries; /* struct ka_known_conn; conn->extra is the index */
    uint32_t limit;
    uint64_t left_out;
    struct own own[OWN_KEPT];
    size_t own_next;
};

struct ka_known *ka_known_create(const uint64_t key[2], uint32_t limit)
{
    struct ka_known *known = calloc(1, sizeof(*known));
    if (known == NULL)
        return NULL;
    if (ka_table_init(&known->table, key, false, (uint64_t)limit * CONN_COST) < 0) {
        free(known);
        return NULL;
    }
    known->limit = limit;
    ka_slab_init(&known->entries, sizeof(struct ka_known_conn),
                 (uint64_t)limit * 2 * sizeof(struct ka_known_conn));
    return known;
}

void ka_known_free(struct ka_known *known)
{
    if (known == NULL)
        return;
    ka_table_fini(&known->table);
    ka_slab_fini(&known->entries);
    free(known);
}

/* What the kernel told is forgotten, too: who opens the same ports anew has no longer what it was
 * asked about. */
static void forget(struct ka_known_conn *entry)
{
    for (unsigned i = 0; i < 2; i++) {
        entry->conn->side[i] = (struct ka_side){.last_sent = KA_TIME_NONE};
        entry->side[i] = (struct ka_known_side){.seen = KA_TIME_NONE};
    }
    entry->sack = false;
}

static struct ka_known_conn *insert(struct ka_known *known, const struct ka_key *key, uint32_t hash)
{
    if (ka_table_count(&known->table) >= known->limit) {
        known->left_out++;
        return NULL;
    }
    uint32_t index = ka_slab_take(&known->entries);
    struct ka_conn *conn = index != 0 ? ka_table_insert(&known->table, key, hash) : NULL;
    if (conn == NULL) {
        if (index != 0)
            ka_slab_give(&known->entries, index);
        known->left_out++;
        return NULL;
    }
    struct ka_known_conn *entry = ka_slab_at(&known->entries, index);
    conn->extra = index;
    conn->flags |= KA_CONN_WATCHED | KA_CONN_MIDSTREAM;
    *entry =
        (struct ka_known_conn){.conn = conn, .traffic = KA_TIME_NONE, .idle_told = KA_TIME_NONE};
    forget(entry);
    return entry;
}

static struct ka_known_conn *find(struct ka_known *known, const struct ka_key *key, bool grow)
{
    uint32_t hash = ka_table_hash(&known->table, key);
    struct ka_conn *conn = ka_table_find(&known->table, key, hash);
    if (conn != NULL)
        return ka_slab_at(&known->entries, conn->extra);
    return grow ? insert(known, key, hash) : NULL;
}

struct ka_known_conn *ka_known_get(struct ka_known *known, const struct ka_endpoint *a,
                                   const struct ka_endpoint *b, unsigned *side)
{
    struct ka_packet packet = {.family = a->addr.family, .src_port = a->port, .dst_port = b->port};
    struct ka_key key;
    memcpy(packet.src, a->addr.bytes, sizeof(packet.src));
    memcpy(packet.dst, b->addr.bytes, sizeof(packet.dst));
    if (a->addr.family != b->addr.family || ka_endpoint_equal(a, b))
        return NULL;
    *side = ka_table_key(&known->table, &packet, &key);
    return find(known, &key, true);
}

static bool is_own(const struct ka_known *known, const struct ka_tcp *tcp)
{
    if (tcp->length > 1 || (tcp->flags & (KA_TCP_SYN | KA_TCP_FIN | KA_TCP_RST)) != 0)
        return false;
    uint32_t tsval = (tcp->options & KA_OPTION_TIMESTAMPS) != 0 ? tcp->tsval : 0;
    for (size_t i = 0; i < OWN_KEPT && known->own[i].used; i++) {
        const struct own *own = &known->own[i];
        if (own->seq == tcp->seq && own->ack == tcp->ack && own->tsval == tsval &&
            own->window == tcp->window && own->length == tcp->length)
            return true;
    }
    return false;
}

void ka_known_sent(struct ka_known *known, const struct ka_probe *probe)
{
    known->own[known->own_next] = (struct own){
        .seq = probe->seq,
        .ack = probe->ack,
        .tsval = probe->has_timestamps ? probe->tsval : 0,
        .window = probe->window,
        .length = probe->length,
        .used = true,
    };
    known->own_next = (known->own_next + 1) % OWN_KEPT;
}

/* Numbers that no owner of the connection sends: numberless probes, and gentle ones, which repeat
 * NXT - 1 with an old acknowledgement. They are other probers', and say nothing about the side. */
static bool is_foreign(const struct ka_conn *conn, unsigned side, const struct ka_tcp *tcp)
{
    const struct ka_side *sender = &conn->side[side];
    const struct ka_side *receiver = &conn->side[!side];
    if ((tcp->flags & KA_TCP_RST) != 0 || tcp->length > 1)
        return false;
    if (tcp->seq == 0 && tcp->ack == 0)
        return true;
    return (sender->flags & KA_SIDE_ACKED) != 0 && (receiver->flags & KA_SIDE_ACKED) != 0 &&
           tcp->seq + 1 == sender->acked_next && ka_seq_lt(tcp->ack, receiver->acked_next);
}

/* The Ethernet header, so that a probe can go the way of the packets it imitates. */
static void note_link(struct ka_known_side *side, const struct ka_packet *packet)
{
    enum { ADDRESS = 6, DOT1Q = 0x8100 };
    const struct ka_frame *frame = packet->frame;
    if (frame->link_type != KA_LINKTYPE_ETHERNET || packet->tunnel_type != KA_TUNNEL_NONE ||
        frame->captured < 2 * ADDRESS || packet->vlan_count > 1)
        return;
    struct ka_probe_link link = {.present = true, .tag_count = packet->vlan_count};
    memcpy(link.dst, frame->data, ADDRESS);
    memcpy(link.src, frame->data + ADDRESS, ADDRESS);
    if (packet->vlan_count == 1)
        link.tags[0] = (struct ka_probe_tag){.tpid = DOT1Q, .id = packet->vlan[0]};
    side->link = link;
}

static void note_options(struct ka_known_conn *entry, unsigned side, const struct ka_tcp *tcp)
{
    struct ka_known_side *sender = &entry->side[side];
    if ((tcp->options & (KA_OPTION_MD5 | KA_OPTION_AO)) != 0)
        sender->signs = true;
    if ((tcp->options & KA_OPTION_SACK) != 0)
        entry->sack = true;
    bool echoes =
        (tcp->options & KA_OPTION_TIMESTAMPS) != 0 && (tcp->flags & (KA_TCP_RST | KA_TCP_SYN)) == 0;
    if (echoes && (!sender->has_echo || ka_seq_lt(sender->echo, tcp->tsecr))) {
        sender->echo = tcp->tsecr;
        sender->has_echo = true;
    }
}

static void note(struct ka_known_conn *entry, unsigned side, const struct ka_packet *packet,
                 bool live)
{
    struct ka_known_side *sender = &entry->side[side];
    const struct ka_tcp *tcp = &packet->tcp;
    ka_time time = packet->frame->time;
    bool reset = (tcp->flags & KA_TCP_RST) != 0;
    if (time != KA_TIME_NONE && (entry->traffic == KA_TIME_NONE || time > entry->traffic))
        entry->traffic = time;
    note_options(entry, side, tcp);
    if (live)
        note_link(sender, packet);
    if (live && reset)
        sender->reset = true;
    if (reset)
        return;
    sender->end = tcp->seq + tcp->length;
    sender->has_end = true;
    sender->ip_id = packet->ip_id;
    sender->has_ip_id = packet->ip_id != 0;
    if (!live)
        return;
    if (!sender->live_ttl)
        entry->conn->side[side].ttl = packet->ttl;
    sender->live_ttl = true;
}

/* Whether a segment shows that its sender is there, on this very connection. Not a SYN: who opens
 * the same ports anew has lost what was before. Not what someone else's probe could be: an empty or
 * one-byte segment counts only where the sender's numbers were known and it stands at them, or
 * repeats NXT - 1 with a current acknowledgement, as the sender's own keepalive does. False
 * positive: another prober's exact probe. */
static bool is_sign_of_life(const struct ka_segment *segment)
{
    const struct ka_tcp *tcp = &segment->packet->tcp;
    if ((segment->facts & KA_SEG_FITS) == 0 || (tcp->flags & (KA_TCP_SYN | KA_TCP_RST)) != 0)
        return false;
    if (tcp->length > 1 || (tcp->flags & KA_TCP_FIN) != 0)
        return true;
    if ((segment->facts & KA_SEG_UNBASED) != 0)
        return false;
    bool current = (segment->receiver.flags & KA_SIDE_ACKED) != 0 &&
                   ka_seq_le(segment->receiver.acked_next, tcp->ack);
    return (segment->facts & KA_SEG_AT_NEXT) != 0 ||
           ((segment->facts & KA_SEG_BEFORE) != 0 && current);
}

static bool starts_anew(const struct ka_known_conn *entry, unsigned side, const struct ka_tcp *tcp)
{
    const struct ka_side *sender = &entry->conn->side[side];
    return (tcp->flags & (KA_TCP_SYN | KA_TCP_ACK)) == KA_TCP_SYN && ka_side_has_next(sender) &&
           tcp->seq + 1 != ka_side_next(sender);
}

enum ka_known_kind ka_known_take(struct ka_known *known, const struct ka_packet *packet, bool live,
                                 bool grow, struct ka_known_conn **out, unsigned *side)
{
    struct ka_key key;
    struct ka_segment segment;
    if (packet->tunnel_type != KA_TUNNEL_NONE)
        return KA_KNOWN_NOTHING; /* an inner connection cannot be probed from outside */
    bool is_error = packet->kind == KA_PACKET_ICMP_ERROR;
    bool own = live && !is_error && is_own(known, &packet->tcp);
    *side = ka_table_key(&known->table, packet, &key);
    key.zone = 0; /* tags are part of the way, not of the connection */
    struct ka_known_conn *entry = find(known, &key, grow && !is_error && !own);
    if (entry == NULL)
        return KA_KNOWN_NOTHING;
    *out = entry;
    if (is_error)
        return KA_KNOWN_ERROR;
    if (own)
        return KA_KNOWN_OWN;
    if (is_foreign(entry->conn, *side, &packet->tcp))
        return KA_KNOWN_NOTHING;
    if (starts_anew(entry, *side, &packet->tcp))
        forget(entry);
    bool told = ka_track(entry->conn, *side, packet, &segment);
    if (told && (segment.facts & KA_SEG_COPY) != 0)
        return KA_KNOWN_COPY;
    /* What a file said is old; where the wire says otherwise, the wire is right. */
    if (told && live && !entry->watched && (segment.facts & KA_SEG_FITS) == 0 &&
        (packet->tcp.flags & KA_TCP_RST) == 0)
        ka_track_rebase(entry->conn, *side, packet);
    entry->watched |= live;
    note(entry, *side, packet, live);
    if (live && told && is_sign_of_life(&segment))
        entry->side[*side].seen = packet->frame->time;
    return KA_KNOWN_SEGMENT;
}

/* The highest TSval that `from` is known to have sent: seen, or echoed by its peer. */
static bool find_tsval(const struct ka_known_conn *entry, unsigned from, uint32_t *out)
{
    const struct ka_side *tracked = &entry->conn->side[from];
    const struct ka_known_side *peer = &entry->side[!from];
    bool seen = (tracked->flags & KA_SIDE_STAMPS) != 0;
    if (seen && peer->has_echo)
        *out = ka_seq_max(tracked->tsval, peer->echo);
    else if (seen || peer->has_echo)
        *out = seen ? tracked->tsval : peer->echo;
    return seen || peer->has_echo;
}

static void find_numbers(const struct ka_known_conn *entry, unsigned to,
                         struct ka_probe_facts *facts)
{
    const struct ka_side *from = &entry->conn->side[!to];
    const struct ka_side *target = &entry->conn->side[to];
    if ((from->flags & KA_SIDE_ACKED) == 0)
        return;
    facts->nxt = from->acked_next;
    facts->numbers_known = true;
    if ((target->flags & KA_SIDE_ACKED) != 0)
        facts->rcv = target->acked_next;
    else if ((target->flags & KA_SIDE_SENT) != 0)
        facts->rcv = target->sent_next;
    else if (entry->side[to].has_end)
        facts->rcv = entry->side[to].end;
    else
        facts->numbers_known = false;
    facts->rcv_from_target = (target->flags & KA_SIDE_ACKED) == 0;
}

struct ka_probe_facts ka_known_facts(const struct ka_known_conn *entry, unsigned to)
{
    const struct ka_side *from = &entry->conn->side[!to];
    const struct ka_side *target = &entry->conn->side[to];
    const struct ka_known_side *sender = &entry->side[!to];
    struct ka_probe_facts facts = {
        .from = ka_known_end(entry, !to),
        .to = ka_known_end(entry, to),
        .window = (uint16_t)from->window,
        .window_known = (from->flags & KA_SIDE_WINDOW) != 0,
        .ttl = (uint8_t)from->ttl,
        .sack = entry->sack || (from->flags & target->flags & KA_SIDE_SACK) != 0,
    };
    find_numbers(entry, to, &facts);
    facts.timestamps = ((from->flags | target->flags) & KA_SIDE_STAMPS) != 0 || sender->has_echo ||
                       entry->side[to].has_echo;
    facts.timestamps_known = find_tsval(entry, !to, &facts.tsval);
    find_tsval(entry, to, &facts.tsecr);
    bool all_acked = sender->has_end && facts.numbers_known && sender->end == facts.nxt;
    facts.in_flight =
        sender->resending ||
        (!all_acked && ((from->flags & KA_SIDE_SENT) == 0 || ka_side_in_flight(from)));
    /* A numbered probe without the timestamps that the connection uses would be dropped unseen; one
     * without numbers is answered, and the answer tells them. */
    if (facts.timestamps && !facts.timestamps_known)
        facts.numbers_known = false;
    return facts;
}

struct ka_target_facts ka_known_target(const struct ka_known_conn *entry, unsigned to)
{
    const struct ka_side *target = &entry->conn->side[to];
    const struct ka_known_side *side = &entry->side[to];
    struct ka_probe_facts facts = ka_known_facts(entry, to);
    return (struct ka_target_facts){
        .ttl = (uint8_t)target->ttl,
        .ip_id = side->ip_id,
        .ip_id_known = side->has_ip_id,
        .target_fin = side->fin || (target->flags & KA_SIDE_FIN) != 0,
        .source_fin = entry->side[!to].fin || (entry->conn->side[!to].flags & KA_SIDE_FIN) != 0,
        .timestamps_guessed = facts.timestamps && !entry->watched,
        .md5 = side->signs,
        /* Where nothing was sent lately nothing is to be seen, and what is local passes here. */
        .one_way = ka_side_packets(target) == 0 && ka_side_packets(&entry->conn->side[!to]) > 0 &&
                   !entry->side[!to].local && !side->local,
        .elsewhere = !entry->side[!to].local,
    };
}

struct ka_endpoint ka_known_end(const struct ka_known_conn *entry, unsigned side)
{
    const struct ka_key *key = &entry->conn->key;
    return (struct ka_endpoint){.addr = ka_addr_make(key->family, key->addr[side]),
                                .port = key->port[side]};
}

struct ka_known_conn *ka_known_at(const struct ka_known *known, uint32_t index)
{
    return index < known->entries.fresh ? ka_slab_at(&known->entries, index + 1) : NULL;
}

uint64_t ka_known_left_out(const struct ka_known *known)
{
    return known->left_out;
}
