/* SPDX-License-Identifier: BSD-2-Clause */
#include "flow/track.h"

enum {
    SLACK = 1 << 20,      /* sequence numbers that may lie beyond a window because of lost frames */
    BACK = 1 << 28,       /* how far behind an old segment may lie and still belong */
    RESET_BACK = 1 << 16, /* how far behind what was acknowledged a RST may lie */
    COPY_NS = 1000000,    /* a copy follows within this: mirrored ports, `any`, bridges */
};

/* The window in bytes; the largest it can mean when the scale is unknown. */
static uint32_t window_bytes(const struct ka_side *side, const struct ka_side *peer, bool midstream)
{
    uint32_t window = ka_side_has(side, KA_SIDE_WINDOW) ? (uint32_t)side->window : UINT16_MAX;
    if (ka_side_has(side, KA_SIDE_SCALE) && ka_side_has(peer, KA_SIDE_SCALE))
        return window << side->wscale;
    return midstream && !ka_side_has(side, KA_SIDE_SYN) ? window << 14 : window;
}

static bool near_next(const struct ka_side *side, uint32_t number, uint32_t ahead)
{
    if (!ka_side_has_next(side))
        return true;
    int32_t distance = ka_seq_diff(ka_side_next(side), number);
    return distance <= (int32_t)ahead && distance >= -(int32_t)BACK;
}

/* A RST whose number was acknowledged long ago, which nobody believes. Not to the byte: a prober
 * may ask with an older acknowledgement, which the RST then bears (our own is up to 1000 behind).
 */
static bool is_past_reset(const struct ka_side *sender, const struct ka_tcp *tcp)
{
    return (tcp->flags & KA_TCP_RST) != 0 && ka_side_has(sender, KA_SIDE_ACKED) &&
           ka_seq_lt(tcp->seq + RESET_BACK, sender->acked_next);
}

bool ka_track_fits(const struct ka_side *sender, const struct ka_side *receiver,
                   const struct ka_tcp *tcp)
{
    bool midstream = !ka_side_has(sender, KA_SIDE_SYN) && !ka_side_has(receiver, KA_SIDE_SYN);
    uint32_t ahead = window_bytes(receiver, sender, midstream) + SLACK;
    if (!near_next(sender, tcp->seq, ahead) || is_past_reset(sender, tcp))
        return false;
    if ((tcp->flags & KA_TCP_ACK) == 0)
        return true;
    ahead = window_bytes(sender, receiver, midstream) + SLACK;
    return near_next(receiver, tcp->ack, ahead);
}

uint32_t ka_track_print(const struct ka_packet *packet)
{
    const struct ka_tcp *tcp = &packet->tcp;
    bool stamped = (tcp->options & KA_OPTION_TIMESTAMPS) != 0;
    uint64_t hash = ((uint64_t)tcp->seq << 32 | tcp->ack) * 0x9e3779b97f4a7c15u;
    hash ^= (uint64_t)packet->ip_id << 48 | (uint64_t)tcp->window << 32 |
            (uint64_t)tcp->flags << 24 | (tcp->length & 0xffffff);
    hash = (hash ^ hash >> 29) * 0xbf58476d1ce4e5b9u;
    if (stamped)
        hash ^= (uint64_t)tcp->tsval << 32 | tcp->tsecr;
    if ((tcp->options & KA_OPTION_SACK) != 0)
        hash += (uint64_t)tcp->sack_left << 32 | tcp->sack_right;
    hash = (hash ^ hash >> 32) * 0x94d049bb133111ebu;
    return (uint32_t)(hash >> 32);
}

static bool is_copy(const struct ka_side *sender, const struct ka_packet *packet, uint32_t print,
                    ka_time time)
{
    if (sender->print != print || ka_side_packets(sender) == 0 || time == KA_TIME_NONE ||
        sender->last_sent == KA_TIME_NONE)
        return false;
    ka_time gap = time - sender->last_sent;
    bool same_hop = packet->ttl == sender->last_ttl || packet->ttl + 1 == sender->last_ttl;
    return gap >= -COPY_NS && gap <= COPY_NS && same_hop;
}

static uint32_t find_facts(const struct ka_side *sender, const struct ka_side *receiver,
                           const struct ka_packet *packet)
{
    const struct ka_tcp *tcp = &packet->tcp;
    uint32_t facts = 0;
    unsigned control = tcp->flags & (KA_TCP_SYN | KA_TCP_FIN | KA_TCP_RST);
    if (ka_track_fits(sender, receiver, tcp))
        facts |= KA_SEG_FITS;
    if (control == 0 && (tcp->flags & KA_TCP_ACK) != 0 && tcp->length == 0)
        facts |= KA_SEG_PURE;
    if (ka_side_has(receiver, KA_SIDE_WINDOW) && receiver->window == 0)
        facts |= KA_SEG_CLOSED;
    if ((tcp->options & KA_OPTION_TIMESTAMPS) != 0 && ka_side_has(sender, KA_SIDE_STAMPS) &&
        ka_seq_lt(tcp->tsval, sender->tsval))
        facts |= KA_SEG_OLD_STAMP;
    if (!ka_side_has_next(sender))
        return facts | KA_SEG_UNBASED;
    uint32_t next = ka_side_next(sender);
    if (tcp->seq == next)
        facts |= KA_SEG_AT_NEXT;
    else if (tcp->seq + 1 == next ||
             (ka_side_has(sender, KA_SIDE_ACKED) && tcp->seq + 1 == sender->acked_next))
        facts |= KA_SEG_BEFORE;
    else if (ka_seq_lt(tcp->seq, next) && (facts & KA_SEG_FITS) != 0 &&
             (!ka_side_has(sender, KA_SIDE_ACKED) || ka_seq_lt(tcp->seq, sender->acked_next)))
        facts |= KA_SEG_BELOW;
    return facts;
}

static void note_sent(struct ka_side *sender, const struct ka_packet *packet, uint32_t facts,
                      ka_time time)
{
    const struct ka_tcp *tcp = &packet->tcp;
    unsigned control = tcp->flags & (KA_TCP_SYN | KA_TCP_FIN);
    if ((tcp->flags & KA_TCP_RST) != 0)
        return;
    /* One byte may be a keystroke or a probe's garbage: it tells the next number of a sender only
     * when that was known. No byte and no flag tells nothing: it may be NXT or NXT - 1. */
    if (tcp->length == 0 && control == 0)
        return;
    if (tcp->length == 1 && control == 0 && (facts & KA_SEG_UNBASED) != 0)
        return;
    uint32_t end = tcp->seq + tcp->length + (control != 0);
    if (tcp->length > 0 && (facts & KA_SEG_BEFORE) == 0)
        sender->flags |= KA_SIDE_PAYLOAD;
    if (ka_side_has(sender, KA_SIDE_SENT) && ka_seq_le(end, sender->sent_next)) {
        sender->flags &= (uint16_t)~KA_SIDE_TIMED; /* Karn: what was resent times nothing */
        return;
    }
    bool already_acked = ka_side_has(sender, KA_SIDE_ACKED) && ka_seq_le(end, sender->acked_next);
    if (already_acked && !ka_side_has(sender, KA_SIDE_SENT)) {
        /* The capture began later than this was first sent, or it is a probe's garbage. */
        sender->sent_next = sender->acked_next;
        sender->flags |= KA_SIDE_SENT;
        return;
    }
    sender->sent_next = end;
    sender->flags |= KA_SIDE_SENT;
    sender->flags &= (uint16_t) ~(KA_SIDE_BYTE | KA_SIDE_CONTROL);
    if (control == KA_TCP_FIN || (control != 0 && tcp->length == 0)) {
        sender->flags |= KA_SIDE_CONTROL;
    } else if (packet->payload_captured == tcp->length && !packet->length_guessed) {
        sender->last_byte = packet->payload[tcp->length - 1];
        sender->flags |= KA_SIDE_BYTE;
    }
    ka_side_stamp_data(sender, time);
    if (already_acked || (facts & KA_SEG_UNBASED) != 0)
        sender->flags &= (uint16_t)~KA_SIDE_TIMED;
}

static void note_acked(struct ka_side *receiver, const struct ka_tcp *tcp, ka_time time)
{
    if ((tcp->flags & KA_TCP_ACK) == 0 || (tcp->flags & KA_TCP_RST) != 0)
        return;
    if (ka_side_has(receiver, KA_SIDE_ACKED) && ka_seq_le(tcp->ack, receiver->acked_next))
        return;
    receiver->acked_next = tcp->ack;
    receiver->flags |= KA_SIDE_ACKED;
    if (ka_side_has(receiver, KA_SIDE_TIMED) && tcp->ack == receiver->sent_next) {
        ka_time age = ka_side_data_age(receiver, time);
        receiver->flags &= (uint16_t)~KA_SIDE_TIMED;
        /* An ack later than this is not that of the data: the capture lost the first one. */
        if (age <= 3 * KA_SECOND)
            ka_side_sample_rtt(receiver, age);
    }
    /* Where the capture lost the last data, the byte before NXT is not known any more. */
    if (ka_side_has(receiver, KA_SIDE_SENT) && ka_seq_lt(receiver->sent_next, tcp->ack))
        receiver->flags &= (uint16_t) ~(KA_SIDE_BYTE | KA_SIDE_CONTROL);
}

/* Of a segment that is no RST. */
static inline void note_window_and_stamp(struct ka_side *sender, const struct ka_tcp *tcp)
{
    /* A SYN only offers timestamps: they are in use when anything else carries them. */
    bool offered = (tcp->flags & (KA_TCP_SYN | KA_TCP_ACK)) == KA_TCP_SYN;
    unsigned stamped = !offered && (tcp->options & KA_OPTION_TIMESTAMPS) != 0;
    unsigned first = !ka_side_has(sender, KA_SIDE_STAMPS);
    unsigned later = ka_seq_lt(sender->tsval, tcp->tsval);
    bool newer = (stamped & (first | later)) != 0;
    sender->window = tcp->window;
    sender->tsval = newer ? tcp->tsval : sender->tsval;
    sender->flags |= (uint16_t)(KA_SIDE_WINDOW | (newer ? KA_SIDE_STAMPS : 0));
}

static void note_header(struct ka_side *sender, const struct ka_packet *packet)
{
    const struct ka_tcp *tcp = &packet->tcp;
    if ((tcp->flags & KA_TCP_SYN) != 0) {
        sender->flags |= KA_SIDE_SYN;
        if ((tcp->options & KA_OPTION_WSCALE) != 0) {
            sender->wscale = tcp->wscale & 0xf;
            sender->flags |= KA_SIDE_SCALE;
        }
        if ((tcp->options & KA_OPTION_SACK_PERMITTED) != 0)
            sender->flags |= KA_SIDE_SACK;
    }
    if ((tcp->flags & KA_TCP_FIN) != 0)
        sender->flags |= KA_SIDE_FIN;
    if ((tcp->flags & KA_TCP_RST) != 0)
        sender->flags |= KA_SIDE_RST;
    else
        note_window_and_stamp(sender, tcp);
}

/* Something waits for its acknowledgement: a pause is the path's trouble then, no idle time. */
static bool is_pending(const struct ka_conn *conn)
{
    return ka_side_in_flight(&conn->side[0]) || ka_side_in_flight(&conn->side[1]);
}

/* `again`: the segment repeats an earlier one. */
static inline void note_time(struct ka_conn *conn, struct ka_side *sender, ka_time time, bool again)
{
    const ka_time hour = 3600 * KA_SECOND;
    if (time == KA_TIME_NONE)
        return;
    ka_time last = ka_conn_last(conn);
    if (last != KA_TIME_NONE && time - last >= (conn->longest_idle_ms + 1) * KA_MILLISECOND &&
        !again && !is_pending(conn)) {
        int64_t idle = (time - last) / KA_MILLISECOND;
        conn->longest_idle_ms = idle > UINT32_MAX ? UINT32_MAX : (uint32_t)idle;
    }
    /* Before last_sent moves on: an age of more than an hour could be mistaken later. */
    if (ka_side_has(sender, KA_SIDE_DATA) && ka_side_data_age(sender, time) > hour)
        sender->flags &= (uint16_t) ~(KA_SIDE_DATA | KA_SIDE_TIMED);
    sender->last_sent = time;
}

/* Data or a SYN that was not seen before. What a host is like, that tells: bare acknowledgements
 * may come from a proxy, and a router's capture has each packet again with one hop less. */
static bool is_new(const struct ka_side *sender, const struct ka_tcp *tcp)
{
    if ((tcp->flags & KA_TCP_RST) != 0)
        return false;
    if ((tcp->flags & KA_TCP_SYN) != 0)
        return !ka_side_has(sender, KA_SIDE_SYN);
    return tcp->length > 0 && (!ka_side_has(sender, KA_SIDE_SENT) ||
                               ka_seq_lt(sender->sent_next, tcp->seq + tcp->length));
}

/* What was sent before, sent again; it is told also where only one side was captured. A single byte
 * may be that of a probe. */
static bool is_again(const struct ka_side *sender, const struct ka_tcp *tcp, bool new)
{
    if ((tcp->flags & KA_TCP_RST) != 0)
        return false;
    if ((tcp->flags & KA_TCP_FIN) != 0)
        return ka_side_has(sender, KA_SIDE_FIN);
    return ((tcp->flags & KA_TCP_SYN) != 0 || tcp->length > 1) && !new;
}

static void take(struct ka_conn *conn, unsigned side, const struct ka_packet *packet,
                 uint32_t facts, uint32_t print)
{
    struct ka_side *sender = ka_conn_side(conn, side);
    ka_time time = packet->frame->time;
    bool new = is_new(sender, &packet->tcp);
    note_time(conn, sender, time, is_again(sender, &packet->tcp, new));
    ka_side_count(sender, packet->tcp.length);
    sender->print = print;
    sender->last_ttl = packet->ttl;
    if (ka_side_packets(sender) == 1 || new)
        sender->ttl = packet->ttl;
    if ((facts & KA_SEG_FITS) == 0)
        return;
    note_sent(sender, packet, facts, time);
    note_acked(&conn->side[!side], &packet->tcp, time);
    note_header(sender, packet);
}

/* Data or an acknowledgement that does nothing unexpected, or a SYN or FIN: most of all traffic. */
static bool is_plain(const struct ka_conn *conn, const struct ka_packet *packet, uint32_t facts)
{
    if ((conn->flags & KA_CONN_WATCHED) != 0 || (packet->tcp.flags & KA_TCP_RST) != 0)
        return false;
    if ((packet->tcp.flags & (KA_TCP_SYN | KA_TCP_FIN)) != 0)
        return true;
    if ((facts & KA_SEG_FITS) == 0)
        return false;
    if (packet->tcp.length > 1)
        return true;
    if ((facts & (KA_SEG_UNBASED | KA_SEG_BEFORE | KA_SEG_BELOW)) != 0)
        return false;
    return (facts & KA_SEG_CLOSED) == 0 && (packet->tcp.flags & KA_TCP_ACK) != 0;
}

/* What take() does for such a segment, and no more: the greater part of all traffic. */
bool ka_track_in_order(struct ka_conn *conn, unsigned side, const struct ka_packet *packet)
{
    struct ka_side *sender = ka_conn_side(conn, side);
    struct ka_side *receiver = ka_conn_side(conn, !side);
    const struct ka_tcp *tcp = &packet->tcp;
    const unsigned known = KA_SIDE_SENT | KA_SIDE_ACKED | KA_SIDE_WINDOW;
    ka_time time = packet->frame->time;
    /* One branch for all: which of them fails cannot be foretold. */
    uint32_t next = ka_seq_max(sender->sent_next, sender->acked_next);
    unsigned odd = ((tcp->flags & (0xffu & ~KA_TCP_PSH)) ^ KA_TCP_ACK) |
                   (conn->flags & KA_CONN_WATCHED) |
                   ((sender->flags & receiver->flags & known) ^ known) | packet->length_guessed;
    odd |= (tcp->length == 1) | (tcp->seq != next) | (receiver->window == 0) |
           (time < sender->last_sent) |
           (tcp->ack - receiver->acked_next > receiver->sent_next - receiver->acked_next);
    if (odd != 0)
        return false;
    note_time(conn, sender, time, false);
    ka_side_count(sender, tcp->length);
    sender->print = 0; /* a copy of this is told by its number */
    sender->last_ttl = packet->ttl;
    note_window_and_stamp(sender, tcp);
    if (tcp->length > 0) {
        sender->ttl = packet->ttl;
        sender->sent_next = tcp->seq + tcp->length;
        sender->flags &= (uint16_t) ~(KA_SIDE_BYTE | KA_SIDE_CONTROL);
        sender->flags |= KA_SIDE_PAYLOAD;
        if (packet->payload_captured == tcp->length) {
            sender->last_byte = packet->payload[tcp->length - 1];
            sender->flags |= KA_SIDE_BYTE;
        }
        ka_side_stamp_data(sender, time);
    }
    if (tcp->ack != receiver->acked_next)
        note_acked(receiver, tcp, time);
    return true;
}

void ka_track_quiet(struct ka_conn *conn, unsigned side, const struct ka_packet *packet,
                    uint32_t print)
{
    struct ka_side *sender = ka_conn_side(conn, side);
    note_time(conn, sender, packet->frame->time, false);
    ka_side_count(sender, packet->tcp.length);
    sender->print = print;
    sender->last_ttl = packet->ttl;
    note_window_and_stamp(sender, &packet->tcp);
    if (packet->tcp.length > 0)
        sender->flags &= (uint16_t)~KA_SIDE_TIMED; /* Karn: what was resent times nothing */
}

bool ka_track(struct ka_conn *conn, unsigned side, const struct ka_packet *packet,
              struct ka_segment *segment)
{
    struct ka_side *sender = ka_conn_side(conn, side);
    struct ka_side *receiver = ka_conn_side(conn, !side);
    ka_time time = packet->frame->time;
    uint32_t print = ka_track_print(packet);
    uint32_t facts = find_facts(sender, receiver, packet);
    bool copy = is_copy(sender, packet, print, time);
    if (!copy && is_plain(conn, packet, facts)) {
        take(conn, side, packet, facts, print);
        return false;
    }
    if (copy)
        facts |= KA_SEG_COPY;
    segment->packet = packet;
    segment->conn = conn;
    segment->sender = *sender;
    segment->receiver = *receiver;
    segment->time = time;
    segment->facts = facts;
    segment->print = print;
    segment->side = (uint8_t)side;
    if (!copy)
        take(conn, side, packet, facts, print);
    return true;
}

/* What a new baseline replaces. */
static const unsigned baseline_flags = KA_SIDE_SENT | KA_SIDE_ACKED | KA_SIDE_STAMPS |
                                       KA_SIDE_BYTE | KA_SIDE_DATA | KA_SIDE_TIMED |
                                       KA_SIDE_CONTROL | KA_SIDE_WINDOW;

void ka_track_adopt(struct ka_conn *conn, const struct ka_conn *from)
{
    for (unsigned i = 0; i < 2; i++) {
        struct ka_side *side = &conn->side[i];
        const struct ka_side *other = &from->side[i];
        side->sent_next = other->sent_next;
        side->acked_next = other->acked_next;
        side->tsval = other->tsval;
        side->data_stamp = other->data_stamp;
        side->last_byte = other->last_byte;
        side->window = other->window;
        side->flags = (uint16_t)((side->flags & ~baseline_flags) | (other->flags & baseline_flags));
    }
}

void ka_track_rebase(struct ka_conn *conn, unsigned side, const struct ka_packet *packet)
{
    for (unsigned i = 0; i < 2; i++)
        conn->side[i].flags &= (uint16_t)~baseline_flags;
    note_sent(&conn->side[side], packet, KA_SEG_UNBASED, packet->frame->time);
    note_acked(&conn->side[!side], &packet->tcp, packet->frame->time);
    note_header(&conn->side[side], packet);
}
