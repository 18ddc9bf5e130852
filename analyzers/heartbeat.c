/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Heartbeats of applications: small messages of one size at a period, found by counting, and some
 * known by their bytes. They are data, and what TCP keepalive can not tell they can: that the
 * application lives. False positives: a client that polls with small requests of one size does the
 * same thing, whatever it is called.
 */
#include "analyzers/history.h"

#include <stdlib.h>
#include <string.h>

enum {
    SIZE_MOST = 512, /* bytes of payload */
    APART_MS = 500,  /* less behind the side's last data: part of the same message */
    PERIOD_LEAST_MS = 1000,
    ANSWER_S = 10,       /* data of the other side within this is the answer */
    SAMPLES_LEAST = 4,   /* periods before an unknown message is believed */
    NAMED_LEAST = 2,     /* the same where its bytes are known */
    STRIKES_MOST = 3,    /* other messages that end a candidate */
    JITTER_DIVISOR = 20, /* the median distance from the period is at most this part of it */
    SPREAD_DIVISOR = 5,  /* and no more than a quarter of the samples lie this part away */
    SSH_PORT = 22,
};

/* Bytes that name a message. `mask` says which bits count; shorter than the message where only
 * its start is known. */
static const struct {
    const char *name;
    uint8_t length; /* of the whole message, 0: any */
    uint8_t known;  /* bytes compared */
    uint8_t bytes[14];
} signatures[] = {
    {"MQTT PINGREQ", 2, 2, {0xc0, 0x00}},                  /* MQTT 5.0 3.12 */
    {"AMQP heartbeat", 8, 8, {8, 0, 0, 0, 0, 0, 0, 0xce}}, /* AMQP 0-9-1 4.2.7 */
    {"HTTP/2 PING", 17, 9, {0, 0, 8, 6, 0, 0, 0, 0, 0}},   /* RFC 9113 6.7 */
    {"Redis PING",
     14,
     14,
     {'*', '1', '\r', '\n', '$', '4', '\r', '\n', 'P', 'I', 'N', 'G', '\r', '\n'}},
    {"Redis PING",
     14,
     14,
     {'*', '1', '\r', '\n', '$', '4', '\r', '\n', 'p', 'i', 'n', 'g', '\r', '\n'}},
    {"Redis PING", 6, 6, {'P', 'I', 'N', 'G', '\r', '\n'}},
};

/* RFC 6455 5.5.2: FIN and opcode 9, at most 125 bytes, masked from the client. */
static bool is_websocket_ping(const struct ka_packet *packet)
{
    const uint8_t *bytes = packet->payload;
    if (packet->payload_captured < 2 || bytes[0] != 0x89)
        return false;
    bool masked = (bytes[1] & 0x80) != 0;
    return packet->tcp.length == 2u + (masked ? 4u : 0u) + (bytes[1] & 0x7fu);
}

static const char *name_of(const struct ka_history *history, const struct ka_conn *conn,
                           const struct ka_packet *packet)
{
    for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
        if (packet->tcp.length == signatures[i].length &&
            packet->payload_captured >= signatures[i].known &&
            memcmp(packet->payload, signatures[i].bytes, signatures[i].known) == 0)
            return signatures[i].name;
    }
    if (is_websocket_ping(packet))
        return "WebSocket ping";
    /* Encrypted: what it says is not seen, only that it is regular (ServerAliveInterval). */
    if (history->is_ssh || conn->key.port[!ka_conn_client(conn)] == SSH_PORT)
        return "SSH keepalive (encrypted: by size and period)";
    return NULL;
}

static bool is_ssh_name(const char *name)
{
    return name != NULL && strncmp(name, "SSH", 3) == 0;
}

/* One more of a heartbeat that is better known than what the other side may have begun: not the
 * answer to that. */
static bool goes_on(const struct ka_beat *own, const struct ka_beat *other,
                    const struct ka_packet *packet)
{
    return own->sent > 1 && own->sent > other->sent && packet->tcp.length == own->size;
}

/* Data of `side` is the answer to the other's heartbeat. */
static bool take_answer(struct ka_beat *asked, const struct ka_packet *packet)
{
    ka_time wait = ka_time_between(asked->last, packet->frame->time);
    if (!asked->waits || wait == KA_TIME_NONE || wait > ANSWER_S * KA_SECOND)
        return false;
    asked->waits = false;
    asked->answered++;
    asked->missing = 0;
    asked->missed_frame = 0;
    asked->answer_size = packet->tcp.length;
    return true;
}

static void begin_candidate(struct ka_beat *beat, const struct ka_packet *packet, const char *name)
{
    memset(beat, 0, sizeof(*beat));
    beat->size = packet->tcp.length;
    beat->name = name;
}

static void add_gap(struct ka_beat *beat, ka_time gap)
{
    if (gap == KA_TIME_NONE)
        return;
    beat->gaps_ms[beat->gap_total % KA_BEAT_GAPS] =
        gap / KA_MILLISECOND > UINT32_MAX ? UINT32_MAX : (uint32_t)(gap / KA_MILLISECOND);
    if (++beat->gap_total == UINT8_MAX)
        beat->gap_total = UINT8_MAX - KA_BEAT_GAPS; /* goes on at the same place of the ring */
}

static void count_beat(struct ka_beat *beat, const struct ka_packet *packet, bool in_a_row)
{
    if (beat->sent > 0 && in_a_row)
        add_gap(beat, ka_time_between(beat->last, packet->frame->time));
    if (beat->waits) {
        if (beat->missing++ == 0) {
            beat->missed_frame = beat->last_frame;
            beat->missed = beat->last;
        }
    }
    beat->sent++;
    beat->last = packet->frame->time;
    beat->last_frame = ka_packet_ref(packet);
    beat->waits = true;
    beat->burst = false;
}

/* So soon after data of the other side it is a reply to it, however regular. */
static bool replies(const struct ka_history *history, unsigned side, const struct ka_packet *packet)
{
    ka_time wait = ka_time_between(history->last_data[!side], packet->frame->time);
    return wait != KA_TIME_NONE && wait < APART_MS * KA_MILLISECOND;
}

void ka_heartbeat_data(struct ka_history *history, const struct ka_conn *conn, unsigned side,
                       const struct ka_packet *packet)
{
    struct ka_beat *beat = &history->beat[side];
    const uint8_t *bytes = packet->payload;
    if (packet->payload_captured >= 4 && memcmp(bytes, "SSH-", 4) == 0)
        history->is_ssh = true;
    if (!goes_on(beat, &history->beat[!side], packet) && take_answer(&history->beat[!side], packet))
        return;
    ka_time apart = ka_time_between(history->last_data[side], packet->frame->time);
    if (apart != KA_TIME_NONE && apart < APART_MS * KA_MILLISECOND) {
        beat->burst = true;
        return;
    }
    const char *name = name_of(history, conn, packet);
    bool alike = packet->tcp.length == beat->size &&
                 (name == beat->name || is_ssh_name(name) == is_ssh_name(beat->name));
    if (!alike) {
        if (beat->sent >= 2 && ++beat->strikes <= STRIKES_MOST && beat->name != NULL)
            return;
        if (beat->sent >= SAMPLES_LEAST && beat->strikes <= STRIKES_MOST)
            return;
        if (packet->tcp.length > SIZE_MOST || replies(history, side, packet))
            return;
        begin_candidate(beat, packet, name);
    }
    bool in_a_row = history->last_data[side] == beat->last && !beat->burst;
    if (alike && beat->strikes > 0)
        beat->strikes--;
    count_beat(beat, packet, in_a_row);
}

static int by_value(const void *a, const void *b)
{
    uint32_t first = *(const uint32_t *)a;
    uint32_t second = *(const uint32_t *)b;
    return (first > second) - (first < second);
}

/* Median of the samples, and the median distance from it. True when they deserve to be called a
 * period. */
static bool find_period(const struct ka_beat *beat, uint32_t *period, uint32_t *jitter)
{
    uint32_t sorted[KA_BEAT_GAPS];
    unsigned count = beat->gap_total < KA_BEAT_GAPS ? beat->gap_total : KA_BEAT_GAPS;
    memcpy(sorted, beat->gaps_ms, count * sizeof(sorted[0]));
    qsort(sorted, count, sizeof(sorted[0]), by_value);
    *period = sorted[count / 2];
    for (unsigned i = 0; i < count; i++)
        sorted[i] = sorted[i] > *period ? sorted[i] - *period : *period - sorted[i];
    qsort(sorted, count, sizeof(sorted[0]), by_value);
    *jitter = sorted[count / 2];
    return *jitter <= *period / JITTER_DIVISOR &&
           sorted[count - 1 - count / 4] <= *period / SPREAD_DIVISOR;
}

bool ka_heartbeat_fill(const struct ka_history *history, unsigned side, unsigned client,
                       struct ka_ev_heartbeat *out)
{
    const struct ka_beat *beat = &history->beat[side];
    bool named = beat->name != NULL && !is_ssh_name(beat->name);
    unsigned least = named ? NAMED_LEAST : SAMPLES_LEAST;
    uint32_t period = 0;
    uint32_t jitter = 0;
    if (beat->sent < least || beat->size > SIZE_MOST)
        return false;
    bool regular = beat->gap_total > 0 && find_period(beat, &period, &jitter) &&
                   beat->gap_total >= SAMPLES_LEAST && period >= PERIOD_LEAST_MS;
    if (!named && !regular)
        return false;
    *out = (struct ka_ev_heartbeat){
        .present = true,
        .name = beat->name,
        .period = beat->gap_total > 0 ? period * KA_MILLISECOND : KA_TIME_NONE,
        .jitter = beat->gap_total > 1 ? jitter * KA_MILLISECOND : KA_TIME_NONE,
        .size = beat->size,
        .answer_size = beat->answer_size,
        .sent = beat->sent,
        .answered = beat->answered,
        .missing = beat->answered > 0 ? beat->missing : 0,
        .asker = side == client ? KA_SPEAKER_CLIENT : KA_SPEAKER_SERVER,
    };
    return true;
}
