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

/* Of memory, in bytes. */
enum { PLENTY = 64 << 20, LEAST = 38 << 10, STEP = 1 << 10 };

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
    uint16_t window[2]; /* may stay closed for a while */
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

struct setting {
    uint64_t seed;
    uint64_t memcap;
    bool summary;
};

static void start(struct way *way, bool long_way, const struct setting *setting)
{
    way->stream = open_memstream(&way->text, &way->size);
    assert_non_null(way->stream);
    struct ka_output_options options = {.form = KA_OUTPUT_JSON};
    assert_int_equal(ka_output_create(way->stream, &options, &way->output, NULL), 0);
    struct ka_engine_config config = {
        .memcap = setting->memcap,
        .key = {1, 2},
        .all = true,
        .lookalikes = true,
        .summary = setting->summary,
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
        .window = {1000, 1000},
        .stamps = one_in(world, 2),
    };
}

/* The ends of a conversation; every third talks IPv6. */
static uint8_t put_ends(unsigned conn, uint8_t *client, uint8_t *server)
{
    const uint8_t four[2][4] = {{10, 0, 0, (uint8_t)conn}, {192, 0, 2, 1}};
    const uint8_t six[2][16] = {{0x20, 1, 0xd, 0xb8, [15] = (uint8_t)conn},
                                {0x20, 1, 0xd, 0xb8, 1, [15] = 1}};
    bool is_six = conn % 3 == 0;
    memcpy(client, is_six ? six[0] : four[0], is_six ? 16 : 4);
    memcpy(server, is_six ? six[1] : four[1], is_six ? 16 : 4);
    return is_six ? 6 : 4;
}

/* Makes a segment of `side`: a plain one first, then perhaps something odd about it. */
static void make(struct world *world, struct ka_frame *frame, struct ka_packet *packet,
                 struct talk *talk, unsigned conn, unsigned side)
{
    struct ka_tcp *tcp = &packet->tcp;
    *packet = (struct ka_packet){
        .frame = frame,
        .kind = KA_PACKET_TCP,
        .ttl = (uint8_t)(side == 0 ? 64 : 57),
        .ip_id = (uint16_t)world->frames,
        .src_port = side == 0 ? 40000 : 443,
        .dst_port = side == 0 ? 443 : 40000,
        .payload = world->payload,
        .tcp = {.seq = talk->next[side],
                .ack = talk->next[!side],
                .window = talk->window[side],
                .flags = KA_TCP_ACK},
    };
    packet->family = side == 0 ? put_ends(conn, packet->src, packet->dst)
                               : put_ends(conn, packet->dst, packet->src);
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
    if (one_in(world, 60)) {
        tcp->options |= KA_OPTION_SACK;
        tcp->sack_left = tcp->ack - 1;
        tcp->sack_right = tcp->ack;
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

/* An error, by the peer or a router, about a segment of `side`: a probe as a rule. */
static void make_error(struct world *world, struct ka_packet *packet, const struct talk *talk,
                       unsigned conn, unsigned side)
{
    struct ka_icmp *icmp = &packet->icmp;
    uint8_t family = packet->family;
    packet->kind = KA_PACKET_ICMP_ERROR;
    *icmp = (struct ka_icmp){
        .type = family == 4 ? 3 : 1,
        .code = family == 4 && one_in(world, 6) ? 4 : 1,
        .quoted_family = family,
        .quoted_seq = talk->next[side] - (one_in(world, 6) ? 9 : 1),
        .quoted_src_port = side == 0 ? 40000 : 443,
        .quoted_dst_port = side == 0 ? 443 : 40000,
    };
    if (side == 0)
        put_ends(conn, icmp->quoted_src, icmp->quoted_dst);
    else
        put_ends(conn, icmp->quoted_dst, icmp->quoted_src);
    memcpy(packet->src, icmp->quoted_dst, 16);
    memcpy(packet->dst, icmp->quoted_src, 16);
    if (one_in(world, 2))
        packet->src[3] ^= 7;
}

static void step(struct world *world, struct way *ways)
{
    if (one_in(world, 16))
        world->conn = below(world, CONNS);
    unsigned conn = world->conn;
    struct talk *talk = &world->talks[conn];
    if (talk->next[0] == 0 || one_in(world, 400))
        renew(world, talk);
    unsigned stalled = below(world, 800);
    if (stalled < 2)
        talk->window[stalled] = talk->window[stalled] == 0 ? 900 : 0;
    else if (stalled < 80)
        talk->window[stalled % 2] = 1000;
    world->now += gap(world);
    struct ka_frame frame = {.time = world->now, .number = ++world->frames, .digits = 6};
    struct ka_packet packet;
    make(world, &frame, &packet, talk, conn, below(world, 2));
    if (one_in(world, 150))
        make_error(world, &packet, talk, conn, below(world, 2));
    unsigned times = one_in(world, 100) ? 2 : 1; /* seen twice */
    bool passes = one_in(world, 50);             /* time, without a packet */
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned n = 0; n < times; n++)
            ka_engine_packets(ways[i].engine, &packet, 1);
        if (passes)
            ka_engine_now(ways[i].engine, world->now + 5 * KA_SECOND);
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

static void run(const struct setting *setting)
{
    enum { STEPS = 60000, LOOK_EVERY = 1000 };
    struct world world = {.random = setting->seed,
                          .now = 1700000000 * KA_SECOND,
                          .oddness = setting->seed % 2 == 0 ? 120 : 30};
    struct way ways[2];
    struct ka_engine_stats stats[2];
    start(&ways[0], false, setting);
    start(&ways[1], true, setting);
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
    assert_true(setting->memcap < PLENTY ||
                (stats[0].probes > STEPS / 20 && stats[0].answers > STEPS / 100));
    stop(&ways[0]);
    stop(&ways[1]);
}

static void test_short_way_tells_what_the_long_one_tells(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++)
        run(&(struct setting){.seed = seed, .memcap = PLENTY});
}

static void test_summary_counts_the_same(void **state)
{
    (void)state;
    for (uint64_t seed = 100; seed <= 103; seed++)
        run(&(struct setting){.seed = seed, .memcap = PLENTY, .summary = true});
}

/* Where records cannot be had, from hardly any to nearly all. */
static void test_short_of_memory_both_do_without_the_same(void **state)
{
    (void)state;
    for (uint64_t seed = 200; seed < 208; seed++)
        run(&(struct setting){.seed = seed, .memcap = LEAST + (seed - 200) * STEP});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_way_tells_what_the_long_one_tells),
        cmocka_unit_test(test_summary_counts_the_same),
        cmocka_unit_test(test_short_of_memory_both_do_without_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
