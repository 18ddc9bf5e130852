/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Segments and ICMP errors of a few connections, near the numbers that matter and anywhere else, at
 * times that run, leap, step back or make no sense. One byte of options, then eight bytes a packet.
 * What comes out is counted right, carries no negative duration, answers only probes that were
 * told, stays within the memory allowed, and neither the hash key nor the size of batches changes
 * it.
 */
#include "analyzers/engine.h"
#include "base/reader.h"
#include "tests/fuzz/target.h"

#include <string.h>

enum {
    CONNECTIONS = 256,
    PACKETS_MAX = 1500,
    SMALL_MEMCAP = 64 << 10,
    OPTION_REPORT = 0x01,
    OPTION_SUMMARY = 0x02,
    OPTION_SMALL = 0x04,
};

static const uint8_t payload[] =
    "GET / HTTP/1.1\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5, max=9\r\n\r\n";

/* What became of one run. */
struct told {
    uint64_t digest;
    uint64_t events[KA_EVENT_TYPE_COUNT];
    uint8_t probed[PACKETS_MAX + 1]; /* by frame: a probe was told */
};

static bool is_duration(ka_time duration)
{
    return duration == KA_TIME_NONE || duration >= 0;
}

static void mix(struct told *told, uint64_t value)
{
    told->digest = (told->digest ^ value) * 0x100000001b3u;
}

static void check_keepalive(struct told *told, const struct ka_ev_keepalive *keepalive)
{
    uint64_t settled =
        (uint64_t)keepalive->answered + keepalive->unanswered + keepalive->resets + keepalive->icmp;
    KA_FUZZ_REQUIRE(settled <= keepalive->probes);
    KA_FUZZ_REQUIRE(!keepalive->present || keepalive->probes > 0);
    KA_FUZZ_REQUIRE(keepalive->share >= 0 && keepalive->share <= 1);
    if (!keepalive->present)
        return;
    KA_FUZZ_REQUIRE(is_duration(keepalive->idle) && is_duration(keepalive->interval));
    KA_FUZZ_REQUIRE(keepalive->rtt_min <= keepalive->rtt_median &&
                    keepalive->rtt_median <= keepalive->rtt_max && is_duration(keepalive->rtt_min));
    mix(told, (uint64_t)keepalive->idle);
    mix(told, keepalive->probes << 16 | keepalive->answered);
}

static void check_answer(const struct told *told, const struct ka_event *event)
{
    KA_FUZZ_REQUIRE(is_duration(event->answer.rtt));
    KA_FUZZ_REQUIRE(event->answer.probe_frame < event->envelope.frame);
    KA_FUZZ_REQUIRE(told->probed[event->answer.probe_frame] != 0);
}

static void check_state(struct told *told, const struct ka_ev_state *state)
{
    bool is_end = state->to == KA_PEER_DEAD || state->to == KA_PEER_RESET;
    KA_FUZZ_REQUIRE(state->from != state->to && state->to != KA_PEER_UNKNOWN);
    KA_FUZZ_REQUIRE(is_end || state->app_error == KA_APP_NONE);
    KA_FUZZ_REQUIRE(state->why != NULL);
    mix(told, state->to);
}

static void take_event(void *context, const struct ka_event *event)
{
    struct told *told = context;
    told->events[event->type]++;
    KA_FUZZ_REQUIRE(event->envelope.frame <= PACKETS_MAX);
    mix(told, event->type);
    mix(told, (uint64_t)event->envelope.time);
    mix(told, event->envelope.frame << 32 | event->envelope.flow_id);
    switch (event->type) {
    case KA_EVENT_PROBE:
        KA_FUZZ_REQUIRE(is_duration(event->probe.idle) && is_duration(event->probe.interval));
        KA_FUZZ_REQUIRE(event->probe.number > 0 && event->probe.bytes <= 1);
        KA_FUZZ_REQUIRE(told->probed[event->envelope.frame] == 0);
        told->probed[event->envelope.frame] = 1;
        mix(told, event->probe.number);
        break;
    case KA_EVENT_ANSWER:
        check_answer(told, event);
        mix(told, event->answer.probe_frame);
        break;
    case KA_EVENT_WINDOW_PROBE:
        KA_FUZZ_REQUIRE(is_duration(event->window_probe.interval));
        break;
    case KA_EVENT_STATE:
        check_state(told, &event->state);
        break;
    case KA_EVENT_CONNECTION:
        KA_FUZZ_REQUIRE(event->connection.longest_idle >= 0);
        check_keepalive(told, &event->connection.keepalive[0]);
        check_keepalive(told, &event->connection.keepalive[1]);
        break;
    case KA_EVENT_LOOKALIKE:
    case KA_EVENT_FINDING:
    case KA_EVENT_VERDICT:
    case KA_EVENT_IDLE_TIMEOUT:
    case KA_EVENT_SOCKET:
    case KA_EVENT_CAPTURE:
    case KA_EVENT_TYPE_COUNT:
        break;
    }
}

/* --- packets */

/* Turns bytes into packets; `next` is what each side sends next, by connection. */
struct writer {
    struct ka_reader bytes;
    uint32_t next[CONNECTIONS][2];
    ka_time time;
    struct ka_frame frames[KA_BATCH];
    struct ka_packet packets[KA_BATCH];
    uint64_t number;
};

static ka_time pass_time(struct writer *writer, uint8_t how)
{
    static const ka_time steps[] = {
        0,
        KA_MICROSECOND,
        KA_MILLISECOND,
        100 * KA_MILLISECOND,
        KA_SECOND,
        10 * KA_SECOND,
        75 * KA_SECOND,
        7200 * KA_SECOND,
        90000 * KA_SECOND,
        -KA_MILLISECOND,
        -2 * KA_SECOND,
        -7200 * KA_SECOND,
    };
    enum { STEPS = sizeof(steps) / sizeof(steps[0]) };
    ka_time now = writer->time;
    if (how % 16 < STEPS)
        now += steps[how % 16];
    else if (how % 16 == STEPS)
        return KA_TIME_NONE; /* a stamp without sense; time goes on after it */
    else if (how % 16 == STEPS + 1)
        return KA_TIME_MAX; /* far ahead, once */
    else
        now = how % 16 == STEPS + 2 ? 0 : KA_TIME_MAX - KA_SECOND;
    if (now < 0 || now > KA_TIME_MAX)
        now = KA_TIME_MAX;
    writer->time = now;
    return now;
}

/* Near `next`, or anywhere. */
static uint32_t near_number(uint32_t next, uint8_t how)
{
    static const int32_t offsets[] = {0, 0, 0, -1, -1, -1, -2, 1, 100, -100, 70000, 1 << 24};
    enum { OFFSETS = sizeof(offsets) / sizeof(offsets[0]) };
    if (how % 16 < OFFSETS)
        return next + (uint32_t)offsets[how % 16];
    return how * 0x9e3779b1u;
}

static void write_tcp(struct writer *writer, struct ka_packet *packet, const uint8_t *from)
{
    static const uint16_t lengths[] = {0, 0, 0, 1, 1, 2, sizeof(payload) - 1, 1460};
    static const uint8_t kinds[] = {
        KA_TCP_ACK, KA_TCP_ACK,
        KA_TCP_ACK, KA_TCP_ACK | KA_TCP_PSH,
        KA_TCP_SYN, KA_TCP_SYN | KA_TCP_ACK,
        KA_TCP_RST, KA_TCP_FIN | KA_TCP_ACK,
    };
    unsigned side = from[1] & 1;
    uint32_t *next = writer->next[from[0]];
    struct ka_tcp *tcp = &packet->tcp;
    tcp->seq = near_number(next[side], from[2] & 15);
    tcp->ack = near_number(next[!side], from[2] >> 4);
    tcp->length = lengths[from[3] & 7];
    tcp->flags = (from[3] & 0x80) != 0 ? from[7] : kinds[from[3] >> 3 & 7];
    tcp->window = (from[4] & 0x30) == 0 ? 0 : 1000;
    tcp->wscale = from[4] & 0xf;
    tcp->options = from[4] & (KA_OPTION_TIMESTAMPS | KA_OPTION_WSCALE | KA_OPTION_SACK);
    tcp->tsval = (uint32_t)(writer->time / KA_MILLISECOND) - (from[4] == 0xff);
    tcp->sack_left = tcp->ack - 1;
    tcp->sack_right = tcp->ack;
    packet->payload = payload + from[6] % 4;
    packet->payload_captured = tcp->length < 4 || from[6] > 200 ? tcp->length : 0;
    if (packet->payload_captured > sizeof(payload) - 5)
        packet->payload_captured = sizeof(payload) - 5;
    packet->ip_length = 40 + tcp->length;
    if (tcp->seq == next[side])
        next[side] += tcp->length + ((tcp->flags & (KA_TCP_SYN | KA_TCP_FIN)) != 0);
}

static void write_icmp(const struct writer *writer, struct ka_packet *packet, const uint8_t *from)
{
    packet->kind = KA_PACKET_ICMP_ERROR;
    packet->icmp = (struct ka_icmp){
        .type = from[3] & 15,
        .code = from[3] >> 4,
        .quoted_family = 4,
        .quoted_seq = near_number(writer->next[from[0]][from[1] & 1], from[2]),
        .quoted_src_port = packet->src_port,
        .quoted_dst_port = packet->dst_port,
    };
    memcpy(packet->icmp.quoted_src, packet->src, 4);
    memcpy(packet->icmp.quoted_dst, packet->dst, 4);
}

/* Writes the next packet into the batch at `at`; false at the end of the bytes. */
static bool write_packet(struct writer *writer, size_t at)
{
    uint8_t from[8];
    if (writer->number == PACKETS_MAX || !ka_read_bytes(&writer->bytes, from, sizeof(from)))
        return false;
    struct ka_frame *frame = &writer->frames[at];
    struct ka_packet *packet = &writer->packets[at];
    unsigned side = from[1] & 1;
    *frame = (struct ka_frame){
        .time = pass_time(writer, from[5]), .number = ++writer->number, .digits = 6};
    *packet = (struct ka_packet){
        .frame = frame,
        .kind = KA_PACKET_TCP,
        .family = 4,
        .ttl = from[5] >> 4,
        .ip_id = from[6],
        .src_port = side == 0 ? 40000 : 443,
        .dst_port = side == 0 ? 443 : 40000,
        .tunnel_type = (from[1] & 0xf0) == 0xf0 ? KA_TUNNEL_VXLAN : KA_TUNNEL_NONE,
        .tunnel_id = from[6],
    };
    packet->src[0] = side == 0 ? 10 : 192;
    packet->dst[0] = side == 0 ? 192 : 10;
    (side == 0 ? packet->src : packet->dst)[3] = from[0];
    if ((from[1] & 0x0e) == 0x0e)
        write_icmp(writer, packet, from);
    else
        write_tcp(writer, packet, from);
    return true;
}

/* --- runs */

static void check_stats(const struct ka_engine *engine, const struct told *told, uint64_t memcap,
                        bool counts_events)
{
    struct ka_engine_stats stats;
    ka_engine_stats(engine, &stats);
    KA_FUZZ_REQUIRE(memcap == 0 || stats.memory <= memcap + memcap / 10);
    KA_FUZZ_REQUIRE(stats.live + stats.evicted <= stats.connections);
    for (unsigned i = 0; i < KA_PEER_STATE_COUNT; i++)
        KA_FUZZ_REQUIRE(stats.states[i] <= 2 * stats.connections);
    if (!counts_events)
        return;
    KA_FUZZ_REQUIRE(stats.probes == told->events[KA_EVENT_PROBE]);
    KA_FUZZ_REQUIRE(stats.answers == told->events[KA_EVENT_ANSWER]);
    KA_FUZZ_REQUIRE(stats.window_probes == told->events[KA_EVENT_WINDOW_PROBE]);
    KA_FUZZ_REQUIRE(stats.lookalikes == told->events[KA_EVENT_LOOKALIKE]);
}

/* Runs all packets through an engine of its own, `batch` at a time. */
static void run(struct ka_reader bytes, uint8_t options, const uint64_t key[2], size_t batch,
                struct told *told)
{
    static struct writer writer;
    struct ka_engine *engine;
    *told = (struct told){0};
    struct ka_engine_config config = {
        .memcap = (options & OPTION_SMALL) != 0 ? SMALL_MEMCAP : 16 << 20,
        .key = {key[0], key[1]},
        .all = true,
        .report = (options & OPTION_REPORT) != 0,
        .summary = (options & OPTION_SUMMARY) != 0,
        .lookalikes = true,
        .sink = {.emit = take_event, .context = told},
    };
    writer = (struct writer){.bytes = bytes, .time = 1700000000 * KA_SECOND};
    KA_FUZZ_REQUIRE(ka_engine_create(&config, &engine, NULL) == 0);
    size_t count;
    do {
        for (count = 0; count < batch && write_packet(&writer, count); count++)
            ;
        ka_engine_packets(engine, writer.packets, count);
        check_stats(engine, told, config.memcap, !config.summary);
    } while (count == batch);
    ka_engine_end(engine);
    struct ka_engine_stats stats;
    ka_engine_stats(engine, &stats);
    KA_FUZZ_REQUIRE(config.summary || told->events[KA_EVENT_CONNECTION] == stats.connections);
    ka_engine_free(engine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint64_t keys[2][2] = {{0x123456789abcdef1u, 77777}, {42, 4711}};
    static struct told one, other;
    struct ka_reader bytes = ka_reader_make(data, size);
    uint8_t options;

    if (!ka_read_u8(&bytes, &options))
        return 0;
    run(bytes, options, keys[0], 1, &one);
    run(bytes, options, keys[1], KA_BATCH, &other);
    KA_FUZZ_REQUIRE(one.digest == other.digest);
    KA_FUZZ_REQUIRE(memcmp(one.events, other.events, sizeof(one.events)) == 0);
    return 0;
}
