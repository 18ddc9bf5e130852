/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The short way of analyzers/ordinary.c against the long one: two engines are given the same random
 * conversations, made of probes, answers and everything that comes near them, and must tell the
 * same, event by event and byte by byte.
 */
#include "analyzers/engine.h"
#include "output/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNS = 24, BYTES_MAX = 4 };

struct way {
    struct ka_engine *engine;
    struct ka_output *output;
    FILE *stream;
    char *text;
    size_t size;
};

/* What a conversation's ends hold of each other; the generator's, not the engine's. */
struct talk {
    uint32_t next[2];
    uint32_t tsval[2];
    uint8_t last_byte[2];
    bool stamps;
};

struct world {
    uint64_t random;
    ka_time now;
    uint64_t frames;
    unsigned conn;    /* whose turn it is */
    unsigned oddness; /* one segment in so many is odd in each way */
    struct talk talks[CONNS];
    uint8_t payload[BYTES_MAX];
};

static unsigned below(struct world *world, unsigned limit)
{
    world->random = world->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((world->random >> 33) % limit);
}

static bool one_in(struct world *world, unsigned n)
{
    return below(world, n) == 0;
}

static void start(struct way *way, bool long_way, bool summary)
{
    way->stream = open_memstream(&way->text, &way->size);
    assert_non_null(way->stream);
    struct ka_output_options options = {.form = KA_OUTPUT_JSON};
    assert_int_equal(ka_output_create(way->stream, &options, &way->output, NULL), 0);
    struct ka_engine_config config = {
        .memcap = 64 << 20,
        .key = {1, 2},
        .all = true,
        .lookalikes = true,
        .summary = summary,
        .long_way = long_way,
        .sink = ka_output_sink(way->output),
    };
    assert_int_equal(ka_engine_create(&config, &way->engine, NULL), 0);
}

static void stop(struct way *way)
{
    ka_engine_free(way->engine);
    ka_output_free(way->output);
    fclose(way->stream);
    free(way->text);
}

/* Gaps around every threshold there is, and the usual ones more often. */
static ka_time gap(struct world *world)
{
    static const ka_time gaps[] = {
        0,
        500 * KA_MICROSECOND,
        999 * KA_MICROSECOND,
        1001 * KA_MICROSECOND,
        3 * KA_MILLISECOND,
        5 * KA_MILLISECOND,
        5500 * KA_MICROSECOND,
        6 * KA_MILLISECOND,
        6001 * KA_MICROSECOND,
        100 * KA_MILLISECOND,
        499 * KA_MILLISECOND,
        501 * KA_MILLISECOND,
        950 * KA_MILLISECOND,
        KA_SECOND,
        3100 * KA_MILLISECOND,
        4 * KA_SECOND,
        70 * KA_SECOND,
        3700 * KA_SECOND,
        -2 * KA_MILLISECOND,
        -700 * KA_MILLISECOND,
        -1500 * KA_MILLISECOND,
    };
    static const ka_time usual[] = {20 * KA_MILLISECOND, 1400 * KA_MILLISECOND, 15 * KA_SECOND,
                                    15001 * KA_MILLISECOND, 75 * KA_SECOND};
    return one_in(world, 3) ? gaps[below(world, sizeof(gaps) / sizeof(gaps[0]))]
                            : usual[below(world, sizeof(usual) / sizeof(usual[0]))];
}

static void renew(struct world *world, struct talk *talk)
{
    *talk = (struct talk){
        .next = {(uint32_t)world->random, (uint32_t)(world->random >> 20)},
        .tsval = {1000, 0xfffffff0},
        .stamps = one_in(world, 2),
    };
}

/* Makes a segment of `side`: a plain one first, then perhaps something odd about it. */
static void make(struct world *world, struct ka_frame *frame, struct ka_packet *packet,
                 struct talk *talk, unsigned conn, unsigned side)
{
    struct ka_tcp *tcp = &packet->tcp;
    *packet = (struct ka_packet){
        .frame = frame,
        .kind = KA_PACKET_TCP,
        .family = 4,
        .ttl = (uint8_t)(side == 0 ? 64 : 57),
        .ip_id = (uint16_t)world->frames,
        .src_port = side == 0 ? 40000 : 443,
        .dst_port = side == 0 ? 443 : 40000,
        .payload = world->payload,
        .tcp = {.seq = talk->next[side],
                .ack = talk->next[!side],
                .window = 1000,
                .flags = KA_TCP_ACK},
    };
    const uint8_t ends[2][4] = {{10, 0, 0, (uint8_t)conn}, {192, 0, 2, 1}};
    memcpy(packet->src, ends[side], 4);
    memcpy(packet->dst, ends[!side], 4);
    memset(world->payload, 0, sizeof(world->payload));
    switch (below(world, 12)) {
    case 0: /* data */
        tcp->length = 1 + below(world, BYTES_MAX);
        memset(world->payload, (int)(1 + below(world, 2)), tcp->length);
        break;
    case 1:
    case 2: /* a probe with a byte: garbage, or the true one */
        tcp->seq--;
        tcp->length = 1;
        world->payload[0] = one_in(world, 3) ? talk->last_byte[side] : 0;
        if (one_in(world, 3))
            tcp->flags |= KA_TCP_PSH;
        break;
    case 3:
    case 4:
    case 5:
    case 6: /* a probe without */
        tcp->seq--;
        break;
    default: /* an acknowledgement: an answer, if something waits */
        break;
    }
    if (talk->stamps && !one_in(world, 40)) {
        talk->tsval[side] += below(world, 50);
        tcp->options = KA_OPTION_TIMESTAMPS;
        tcp->tsval = talk->tsval[side];
        tcp->tsecr = talk->tsval[!side];
    }
    switch (below(world, world->oddness)) {
    case 0:
        tcp->seq -= below(world, 5);
        break;
    case 1:
        tcp->ack += below(world, 3) - 1;
        break;
    case 2:
        tcp->window = 0;
        break;
    case 3:
        packet->ttl++;
        break;
    case 4:
        tcp->tsval -= 100;
        break;
    case 5:
        tcp->flags |= one_in(world, 4) ? KA_TCP_RST : KA_TCP_URG;
        break;
    case 6:
        tcp->flags |= one_in(world, 8) ? KA_TCP_FIN : KA_TCP_ECE;
        break;
    case 7:
        tcp->flags = KA_TCP_SYN;
        break;
    case 8:
        tcp->flags |= KA_TCP_SYN;
        break;
    case 9:
    case 14:
    case 15: /* elsewhere, and perhaps reset there */
        tcp->seq += 1u << 30;
        tcp->flags |= one_in(world, 3) ? KA_TCP_RST : 0;
        break;
    case 10:
        tcp->flags &= (uint8_t)~KA_TCP_ACK;
        break;
    case 11:
        packet->length_guessed = true;
        break;
    case 12:
        frame->time = KA_TIME_NONE;
        break;
    case 13:
        frame->input = 1;
        break;
    default:
        break;
    }
    packet->ip_length = 40 + tcp->length;
    packet->payload_captured = one_in(world, 30) ? 0 : tcp->length;
    if (tcp->seq == talk->next[side] && tcp->length > 0) {
        talk->next[side] += tcp->length;
        talk->last_byte[side] = world->payload[tcp->length - 1];
    }
}

static void make_unreachable(struct ka_packet *packet, const struct talk *talk, unsigned conn)
{
    packet->kind = KA_PACKET_ICMP_ERROR;
    packet->icmp = (struct ka_icmp){
        .type = 3,
        .code = 1,
        .quoted_family = 4,
        .quoted_seq = talk->next[0] - 1,
        .quoted_src_port = 40000,
        .quoted_dst_port = 443,
        .quoted_src = {10, 0, 0, (uint8_t)conn},
        .quoted_dst = {192, 0, 2, 1},
    };
}

static void step(struct world *world, struct way *ways)
{
    if (one_in(world, 16))
        world->conn = below(world, CONNS);
    unsigned conn = world->conn;
    struct talk *talk = &world->talks[conn];
    if (talk->next[0] == 0 || one_in(world, 400))
        renew(world, talk);
    world->now += gap(world);
    struct ka_frame frame = {.time = world->now, .number = ++world->frames, .digits = 6};
    struct ka_packet packet;
    make(world, &frame, &packet, talk, conn, below(world, 2));
    if (one_in(world, 300))
        make_unreachable(&packet, talk, conn);
    unsigned times = one_in(world, 100) ? 2 : 1; /* seen twice */
    for (unsigned n = 0; n < times; n++) {
        for (unsigned i = 0; i < 2; i++)
            ka_engine_packets(ways[i].engine, &packet, 1);
    }
}

static void compare(struct way *ways, uint64_t frames)
{
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(ka_output_flush(ways[i].output, NULL), 0);
    if (ways[0].size == ways[1].size && memcmp(ways[0].text, ways[1].text, ways[0].size) == 0)
        return;
    size_t at = 0;
    while (ways[0].text[at] != '\0' && ways[0].text[at] == ways[1].text[at])
        at++;
    while (at > 0 && ways[0].text[at - 1] != '\n')
        at--;
    fail_msg("after frame %llu:\nshort: %.600s\nlong:  %.600s", (unsigned long long)frames,
             ways[0].text + at, ways[1].text + at);
}

static void run(uint64_t seed, bool summary)
{
    enum { STEPS = 60000, LOOK_EVERY = 1000 };
    struct world world = {
        .random = seed, .now = 1700000000 * KA_SECOND, .oddness = seed % 2 == 0 ? 120 : 30};
    struct way ways[2];
    struct ka_engine_stats stats[2];
    start(&ways[0], false, summary);
    start(&ways[1], true, summary);
    for (unsigned n = 1; n <= STEPS; n++) {
        step(&world, ways);
        if (n % LOOK_EVERY == 0)
            compare(ways, world.frames);
    }
    for (unsigned i = 0; i < 2; i++) {
        ka_engine_end(ways[i].engine);
        memset(&stats[i], 0, sizeof(stats[i]));
        ka_engine_stats(ways[i].engine, &stats[i]);
    }
    compare(ways, world.frames);
    assert_memory_equal(&stats[0], &stats[1], sizeof(stats[0]));
    assert_true(stats[0].probes > STEPS / 20 && stats[0].answers > STEPS / 100);
    stop(&ways[0]);
    stop(&ways[1]);
}

static void test_short_way_tells_what_the_long_one_tells(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++)
        run(seed, false);
}

static void test_summary_counts_the_same(void **state)
{
    (void)state;
    for (uint64_t seed = 100; seed <= 103; seed++)
        run(seed, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_way_tells_what_the_long_one_tells),
        cmocka_unit_test(test_summary_counts_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
