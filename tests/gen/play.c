/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/gen/play.h"

#include "base/seq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define START ((ka_time)1700000000 * KA_SECOND)

enum { FLAG_FIN = 0x01, FLAG_SYN = 0x02, FLAG_ACK = 0x10 };
enum { SIDES = 2, PAYLOAD_MAX = 1500, FRAMES_MAX = 4096, ROUTER = 0x0063 };

/* What an endpoint knows. Sequence numbers as sent, shift included. */
struct side {
    uint32_t isn;
    uint32_t next;     /* one past the last byte sent */
    uint32_t unacked;  /* the last ack received */
    uint32_t received; /* next byte expected from the peer */
    uint32_t ts_recent;
    uint16_t window;
    uint16_t ip_id;
};

struct connection {
    struct side sides[SIDES];
    uint16_t ports[SIDES];
    bool timestamps;
    uint8_t like; /* whose sides are used */
};

/* A frame as it was recorded, to be copied or quoted. */
struct kept {
    struct ka_wire_segment segment;
    uint8_t payload[PAYLOAD_MAX];
    char label[KA_SCRIPT_LABEL];
    uint8_t side;
};

struct player {
    const struct ka_wrap *wrap;
    struct connection connections[KA_SCRIPT_CONNECTIONS];
    struct ka_recording recording;
    struct kept *kept;
    size_t kept_count;
    uint32_t shift[SIDES];
    bool recording_on;
    void (*tell)(void *context, const struct ka_played *played);
    void *context;
};

static struct side *side_of(struct player *player, unsigned connection, unsigned side)
{
    return &player->connections[player->connections[connection].like].sides[side];
}

static void set_isn(struct player *player, struct side *side, unsigned which, uint32_t isn)
{
    side->isn = isn + player->shift[which];
    side->next = side->isn;
    side->unacked = side->isn;
}

static void prepare(struct player *player)
{
    for (unsigned i = 0; i < KA_SCRIPT_CONNECTIONS; i++) {
        struct connection *connection = &player->connections[i];
        connection->like = (uint8_t)i;
        connection->timestamps = true;
        connection->ports[0] = (uint16_t)(40001 + i);
        connection->ports[1] = 5432;
        for (unsigned side = 0; side < SIDES; side++) {
            struct side *here = &connection->sides[side];
            *here = (struct side){.window = 501};
            set_isn(player, here, side, (side == 0 ? 1000000U : 5000000U) + i * 70000U);
            here->ip_id = (uint16_t)(1000 + 20000 * side + 300 * i);
        }
    }
}

/* The bytes of a stream: the same at the same place always, never 0. */
static uint8_t stream_byte(uint32_t place)
{
    return (uint8_t)(1 + (place * 7 + place / 251) % 250);
}

static uint32_t resolve(const struct ka_script_number *number, uint32_t usual, uint32_t una,
                        uint32_t isn)
{
    uint32_t base = 0;
    switch (number->base) {
    case KA_BASE_USUAL:
        base = usual;
        break;
    case KA_BASE_UNA:
        base = una;
        break;
    case KA_BASE_ISN:
        base = isn;
        break;
    case KA_BASE_RAW:
        break;
    }
    return base + (uint32_t)number->offset;
}

static struct ka_wire_end end_of(const struct player *player, unsigned connection, unsigned side)
{
    unsigned who = player->wrap->swapped ? !side : side;
    return (struct ka_wire_end){.host = 1 + who,
                                .port = player->connections[connection].ports[who]};
}

static void note(struct player *player, const struct ka_script_line *line, ka_time time, char side)
{
    struct ka_played played = {
        .frame = player->recording.frames, .time = time, .label = line->label, .side = side};
    if (player->tell != NULL)
        player->tell(player->context, &played);
}

static bool record(struct player *player, const struct ka_script_line *line, ka_time time,
                   const struct ka_wire_segment *segment)
{
    uint8_t frame[KA_WIRE_FRAME_MAX];
    if (!player->recording_on || line->lost)
        return true;
    size_t length = ka_wire_tcp(&player->wrap->shape, segment, frame);
    if (length == 0 || player->kept_count == FRAMES_MAX)
        return false;
    ka_recording_frame(&player->recording, time, frame, length);
    struct kept *kept = &player->kept[player->kept_count++];
    kept->segment = *segment;
    memcpy(kept->label, line->label, sizeof(kept->label));
    kept->side = line->side;
    if (segment->length > 0)
        memcpy(kept->payload, segment->payload, segment->length);
    kept->segment.payload = kept->payload;
    note(player, line, time, line->side == 0 ? 'C' : 'S');
    return true;
}

static void fill_options(const struct player *player, const struct ka_script_line *line,
                         const struct side *from, ka_time time, struct ka_wire_segment *segment)
{
    segment->timestamps = player->connections[line->connection].timestamps && !line->no_timestamps;
    segment->tsval = (uint32_t)((time - START) / KA_MILLISECOND) + 700000 + 300000 * line->side +
                     (uint32_t)line->tsval;
    segment->tsecr = from->ts_recent + (uint32_t)line->tsecr;
    if (line->flags & FLAG_SYN) {
        segment->mss = line->mss != 0 ? (uint16_t)line->mss : 1460;
        segment->sack_permitted = !line->no_sack;
        segment->wscale_present = !(line->given & KA_GIVEN_WSCALE) || line->wscale >= 0;
        segment->wscale = line->given & KA_GIVEN_WSCALE ? (uint8_t)line->wscale : 7;
        if (!(line->flags & FLAG_ACK))
            segment->tsecr = 0;
    }
    if (line->dsack || (line->given & KA_GIVEN_SACK)) {
        segment->sack_count = 1;
        segment->sack[0][0] = segment->ack + (uint32_t)(line->dsack ? -1 : line->sack[0]);
        segment->sack[0][1] = segment->ack + (uint32_t)(line->dsack ? 0 : line->sack[1]);
    }
}

/* What sending and, unless dropped, receiving changes. */
static void advance(const struct ka_script_line *line, struct side *from, struct side *to,
                    const struct ka_wire_segment *segment)
{
    uint32_t end = segment->seq + segment->length + !!(segment->flags & FLAG_SYN) +
                   !!(segment->flags & FLAG_FIN);
    bool own = line->seq.base != KA_BASE_RAW;
    if (own)
        from->next = ka_seq_max(from->next, end);
    if (line->dropped || !own)
        return;
    if (segment->flags & FLAG_SYN)
        to->received = end;
    else if (ka_seq_le(segment->seq, to->received))
        to->received = ka_seq_max(to->received, end);
    if ((segment->flags & FLAG_ACK) && line->ack.base != KA_BASE_RAW)
        to->unacked = ka_seq_max(to->unacked, segment->ack);
    if (segment->timestamps && line->tsval == 0)
        to->ts_recent = segment->tsval;
}

static bool play_segment(struct player *player, const struct ka_script_line *line, ka_time time)
{
    struct side *from = side_of(player, line->connection, line->side);
    struct side *to = side_of(player, line->connection, !line->side);
    uint8_t payload[PAYLOAD_MAX];
    if (line->length < 0 || line->length > PAYLOAD_MAX)
        return false;
    if (line->given & KA_GIVEN_WINDOW)
        from->window = (uint16_t)line->window;
    struct ka_wire_segment segment = {
        .src = end_of(player, line->connection, line->side),
        .dst = end_of(player, line->connection, !line->side),
        .seq = resolve(&line->seq, from->next, from->unacked, from->isn),
        .window = from->window,
        .flags = line->flags,
        .ip_id = line->given & KA_GIVEN_IP_ID ? (uint16_t)line->ip_id : from->ip_id,
        .ttl = line->given & KA_GIVEN_TTL ? (uint8_t)line->ttl
               : line->side == 0          ? 64
                                          : 57,
        .total_length_zero = line->total_length_zero,
        .payload = payload,
        .length = (uint32_t)line->length,
    };
    if (!(line->given & KA_GIVEN_IP_ID))
        from->ip_id++;
    if (line->flags & FLAG_ACK)
        segment.ack = resolve(&line->ack, from->received, from->received, to->isn);
    for (uint32_t i = 0; i < segment.length; i++)
        payload[i] = line->given & KA_GIVEN_DATA
                         ? line->data[i]
                         : stream_byte(segment.seq + !!(line->flags & FLAG_SYN) + i - from->isn);
    fill_options(player, line, from, time, &segment);
    advance(line, from, to, &segment);
    return record(player, line, time, &segment);
}

/* SYN, SYN-ACK, ACK, as the client's host sees them with 1 ms to the server. */
static bool play_handshake(struct player *player, const struct ka_script_line *line, ka_time time)
{
    static const struct {
        uint8_t side;
        uint8_t flags;
        ka_time after;
    } steps[] = {{0, FLAG_SYN, 0},
                 {1, FLAG_SYN | FLAG_ACK, KA_MILLISECOND},
                 {0, FLAG_ACK, KA_MILLISECOND + 20 * KA_MICROSECOND}};
    player->connections[line->connection].timestamps = !line->no_timestamps;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct ka_script_line step = *line;
        step.side = steps[i].side;
        step.flags = steps[i].flags;
        if (!play_segment(player, &step, time + steps[i].after))
            return false;
    }
    return true;
}

static struct kept *find_kept(struct player *player, const char *label)
{
    for (size_t i = player->kept_count; i > 0; i--) {
        if (strcmp(player->kept[i - 1].label, label) == 0)
            return &player->kept[i - 1];
    }
    return NULL;
}

static bool play_copy(struct player *player, const struct ka_script_line *line, ka_time time)
{
    if (!player->recording_on)
        return true;
    const struct kept *kept = find_kept(player, line->of);
    if (kept == NULL)
        return false;
    struct ka_script_line copy = *line;
    struct ka_wire_segment segment = kept->segment;
    copy.side = kept->side;
    segment.ttl = (uint8_t)(segment.ttl + line->ttl);
    return record(player, &copy, time, &segment);
}

static bool play_icmp(struct player *player, const struct ka_script_line *line, ka_time time)
{
    static const struct {
        const char *name;
        uint8_t type, code, type6, code6;
    } kinds[] = {
        {"net-unreachable", 3, 0, 1, 0},  {"host-unreachable", 3, 1, 1, 3},
        {"port-unreachable", 3, 3, 1, 4}, {"admin-prohibited", 3, 13, 1, 1},
        {"time-exceeded", 11, 0, 3, 0},
    };
    if (!player->recording_on || line->lost)
        return true;
    const struct kept *kept = find_kept(player, line->of);
    uint8_t frame[KA_WIRE_FRAME_MAX];
    bool v6 = player->wrap->shape.ipv6;
    for (size_t i = 0; kept != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].name, line->what) != 0)
            continue;
        struct ka_wire_icmp icmp = {
            .from = {.host = line->host != 0 ? (uint32_t)line->host : ROUTER},
            .to = end_of(player, line->connection, line->side),
            .type = v6 ? kinds[i].type6 : kinds[i].type,
            .code = v6 ? kinds[i].code6 : kinds[i].code,
            .ttl = 63,
            .quote = (uint16_t)line->quote_bytes,
        };
        size_t length = ka_wire_icmp(&player->wrap->shape, &icmp, &kept->segment, frame);
        ka_recording_frame(&player->recording, time, frame, length);
        note(player, line, time, 'I');
        return length > 0;
    }
    return false;
}

static bool play_connection(struct player *player, const struct ka_script_line *line)
{
    struct connection *connection = &player->connections[line->connection];
    connection->timestamps = !line->no_timestamps;
    if (line->given & KA_GIVEN_PORT) {
        connection->ports[0] = (uint16_t)line->port[0];
        connection->ports[1] = (uint16_t)line->port[1];
    }
    for (unsigned side = 0; (line->given & KA_GIVEN_ISN) && side < SIDES; side++)
        set_isn(player, &connection->sides[side], side, (uint32_t)line->isn[side]);
    if (line->like < 0 || line->like > KA_SCRIPT_CONNECTIONS)
        return false;
    if (line->like > 0)
        connection->like = (uint8_t)(line->like - 1);
    struct ka_script_line unseen = *line;
    unseen.lost = true;
    return !line->midstream || play_handshake(player, &unseen, START);
}

static bool play_line(struct player *player, const struct ka_script_line *line)
{
    ka_time time = START + line->time + player->wrap->offset;
    switch (line->kind) {
    case KA_SCRIPT_SEGMENT:
        for (unsigned i = 0; i < line->repeat; i++) {
            if (!play_segment(player, line, time + i * line->every))
                return false;
        }
        return true;
    case KA_SCRIPT_HANDSHAKE:
        return play_handshake(player, line, time);
    case KA_SCRIPT_COPY:
        return play_copy(player, line, time);
    case KA_SCRIPT_ICMP:
        return play_icmp(player, line, time);
    case KA_SCRIPT_CONNECTION:
        return play_connection(player, line);
    }
    return false;
}

static int play_all(struct player *player, const struct ka_script *script, struct ka_error *error)
{
    prepare(player);
    for (size_t i = 0; i < script->count; i++) {
        if (!play_line(player, &script->lines[i]))
            return ka_error_set(error, "line %u cannot be played: unknown label, or too long",
                                script->lines[i].number);
    }
    return 0;
}

/* How far to move the numbers of each side; the end is known only by playing once. */
static int find_shift(struct player *player, const struct ka_script *script, struct ka_error *error)
{
    if (player->wrap->shift == KA_SHIFT_NONE)
        return 0;
    player->recording_on = false;
    if (play_all(player, script, error) < 0)
        return -1;
    for (unsigned side = 0; side < SIDES; side++) {
        const struct side *here = &player->connections[0].sides[side];
        player->shift[side] = player->wrap->shift == KA_SHIFT_HALF    ? 0x80000000U
                              : player->wrap->shift == KA_SHIFT_START ? 0 - (here->isn + 1)
                                                                      : 0 - here->next;
    }
    return 0;
}

int ka_play(const struct ka_script *script, const struct ka_wrap *wrap, const char *path,
            void (*tell)(void *context, const struct ka_played *played), void *context,
            struct ka_error *error)
{
    struct player player = {.wrap = wrap, .tell = tell, .context = context};
    player.kept = calloc(FRAMES_MAX, sizeof(*player.kept));
    if (player.kept == NULL)
        return ka_error_set(error, "out of memory");
    int result = find_shift(&player, script, error);
    if (result < 0)
        goto out;
    player.recording_on = true;
    if (!ka_recording_open(&player.recording, path, wrap->form, wrap->shape.link_type,
                           wrap->snap)) {
        result = ka_error_set(error, "cannot write %s: %s", path, strerror(errno));
        goto out;
    }
    result = play_all(&player, script, error);
    if (!ka_recording_close(&player.recording) && result == 0)
        result = ka_error_set(error, "cannot write %s: %s", path, strerror(errno));
out:
    free(player.kept);
    return result;
}
