/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which packets answer a probe, and how.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inject/observe.h"

#include <string.h>

static struct ka_probe make_probe(enum ka_probe_kind kind, uint8_t length)
{
    struct ka_probe probe = {.kind = kind, .length = length};
    assert_int_equal(ka_endpoint_parse("10.0.0.1:4000", &probe.src, NULL), 0);
    assert_int_equal(ka_endpoint_parse("10.0.0.2:80", &probe.dst, NULL), 0);
    if (kind == KA_PROBE_NUMBERED) {
        probe.nxt = 100;
        probe.seq = 99;
        probe.rcv = 5000;
        probe.ack = 4000;
    }
    return probe;
}

static struct ka_packet make_packet(uint8_t flags, uint32_t seq, uint32_t ack, uint32_t length)
{
    return (struct ka_packet){
        .src = {10, 0, 0, 2},
        .dst = {10, 0, 0, 1},
        .src_port = 80,
        .dst_port = 4000,
        .kind = KA_PACKET_TCP,
        .family = 4,
        .ttl = 61,
        .ip_id = 7,
        .tcp = {.flags = flags, .seq = seq, .ack = ack, .length = length, .window = 9},
    };
}

static void segments_are_held_against_the_probe(void **state)
{
    (void)state;
    static const struct {
        uint8_t flags;
        uint32_t seq, ack, length;
        enum ka_reaction numbered, numberless;
    } rows[] = {
        {KA_TCP_ACK, 5000, 100, 0, KA_REACTION_ACK, KA_REACTION_CHALLENGE},
        {KA_TCP_ACK, 5000, 4096, 0, KA_REACTION_ACK, KA_REACTION_CHALLENGE},
        {KA_TCP_ACK, 5000, 99, 0, KA_REACTION_NONE, KA_REACTION_CHALLENGE},
        {KA_TCP_ACK, 5000, 100, 10, KA_REACTION_DATA, KA_REACTION_DATA},
        {KA_TCP_ACK | KA_TCP_PSH, 5000, 100, 10, KA_REACTION_DATA, KA_REACTION_DATA},
        {KA_TCP_ACK | KA_TCP_FIN, 5000, 100, 0, KA_REACTION_FIN, KA_REACTION_FIN},
        {KA_TCP_RST, 4000, 0, 0, KA_REACTION_RST, KA_REACTION_RST},
        {KA_TCP_RST, 5000, 0, 0, KA_REACTION_RST, KA_REACTION_RST},
        {KA_TCP_RST | KA_TCP_ACK, 5000, 100, 0, KA_REACTION_RST, KA_REACTION_RST},
        {KA_TCP_RST, 3000, 0, 0, KA_REACTION_NONE, KA_REACTION_RST},
        {KA_TCP_RST, 0, 0, 0, KA_REACTION_NONE, KA_REACTION_RST},
        {KA_TCP_SYN | KA_TCP_ACK, 5000, 100, 0, KA_REACTION_NONE, KA_REACTION_NONE},
        {0, 5000, 0, 0, KA_REACTION_NONE, KA_REACTION_NONE},
    };
    struct ka_probe numbered = make_probe(KA_PROBE_NUMBERED, 0);
    struct ka_probe numberless = make_probe(KA_PROBE_NUMBERLESS, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_packet packet =
            make_packet(rows[i].flags, rows[i].seq, rows[i].ack, rows[i].length);
        struct ka_observation seen = ka_observe(&packet, &numbered);
        if (seen.reaction != rows[i].numbered)
            fail_msg("row %zu: %d", i, (int)seen.reaction);
        assert_int_equal(seen.seq, rows[i].seq);
        assert_int_equal(seen.ttl, 61);
        assert_int_equal(seen.from.bytes[3], 2);
        assert_int_equal(ka_observe(&packet, &numberless).reaction, rows[i].numberless);
    }
}

static void an_answer_to_a_byte_names_it(void **state)
{
    (void)state;
    struct ka_probe probe = make_probe(KA_PROBE_NUMBERED, 1);
    struct ka_packet packet = make_packet(KA_TCP_ACK, 5000, 100, 0);
    assert_int_equal(ka_observe(&packet, &probe).reaction, KA_REACTION_ACK);
    packet.tcp.options = KA_OPTION_SACK | KA_OPTION_DSACK;
    packet.tcp.sack_left = 99;
    packet.tcp.sack_right = 100;
    assert_int_equal(ka_observe(&packet, &probe).reaction, KA_REACTION_DSACK);
    packet.tcp.sack_left = 50;
    assert_int_equal(ka_observe(&packet, &probe).reaction, KA_REACTION_ACK);
}

static void timestamps_are_handed_on(void **state)
{
    (void)state;
    struct ka_probe probe = make_probe(KA_PROBE_NUMBERED, 0);
    struct ka_packet packet = make_packet(KA_TCP_ACK, 5000, 100, 0);
    packet.tcp.tsval = 5;
    assert_false(ka_observe(&packet, &probe).has_timestamps);
    assert_int_equal(ka_observe(&packet, &probe).tsval, 0);
    packet.tcp.options = KA_OPTION_TIMESTAMPS;
    packet.tcp.tsecr = 6;
    struct ka_observation seen = ka_observe(&packet, &probe);
    assert_true(seen.has_timestamps);
    assert_int_equal(seen.tsval, 5);
    assert_int_equal(seen.tsecr, 6);
}

static void other_connections_are_none_of_ours(void **state)
{
    (void)state;
    struct ka_probe probe = make_probe(KA_PROBE_NUMBERED, 0);
    struct ka_packet packets[5];
    for (size_t i = 0; i < 5; i++)
        packets[i] = make_packet(KA_TCP_ACK, 5000, 100, 0);
    packets[0].src[3] = 9;
    packets[1].dst[3] = 9;
    packets[2].src_port = 81;
    packets[3].dst_port = 4001;
    packets[4].family = 6;
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(ka_observe(&packets[i], &probe).reaction, KA_REACTION_NONE);
    /* Our own probe, seen on its way out. */
    struct ka_packet own = make_packet(KA_TCP_ACK, 99, 4000, 0);
    memcpy(own.src, probe.src.addr.bytes, 16);
    memcpy(own.dst, probe.dst.addr.bytes, 16);
    own.src_port = 4000;
    own.dst_port = 80;
    assert_int_equal(ka_observe(&own, &probe).reaction, KA_REACTION_NONE);
}

static void icmp_errors_count_by_type_and_quote(void **state)
{
    (void)state;
    static const struct {
        uint8_t family, type, code;
        enum ka_reaction reaction;
    } rows[] = {
        {4, 3, 0, KA_REACTION_ICMP},     {4, 3, 1, KA_REACTION_ICMP},
        {4, 3, 3, KA_REACTION_ICMP},     {4, 3, 4, KA_REACTION_NONE}, /* path MTU */
        {4, 3, 13, KA_REACTION_ICMP},    {4, 11, 0, KA_REACTION_ICMP_HOP},
        {4, 11, 1, KA_REACTION_NONE},    {4, 4, 0, KA_REACTION_NONE}, /* source quench */
        {4, 5, 0, KA_REACTION_NONE},     {6, 1, 0, KA_REACTION_ICMP},
        {6, 1, 3, KA_REACTION_ICMP},     {6, 2, 0, KA_REACTION_NONE}, /* packet too big */
        {6, 3, 0, KA_REACTION_ICMP_HOP}, {6, 3, 1, KA_REACTION_NONE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_probe probe = make_probe(KA_PROBE_NUMBERED, 0);
        probe.src.addr.family = rows[i].family;
        probe.dst.addr.family = rows[i].family;
        struct ka_packet packet = {
            .src = {10, 0, 0, 254},
            .dst = {10, 0, 0, 1},
            .kind = KA_PACKET_ICMP_ERROR,
            .family = rows[i].family,
            .icmp = {.quoted_src = {10, 0, 0, 1},
                     .quoted_dst = {10, 0, 0, 2},
                     .quoted_src_port = 4000,
                     .quoted_dst_port = 80,
                     .type = rows[i].type,
                     .code = rows[i].code,
                     .quoted_family = rows[i].family},
        };
        struct ka_observation seen = ka_observe(&packet, &probe);
        if (seen.reaction != rows[i].reaction)
            fail_msg("row %zu: %d", i, (int)seen.reaction);
        assert_int_equal(seen.icmp_type, rows[i].type);
        assert_int_equal(seen.from.bytes[3], 254);
        packet.icmp.quoted_dst_port = 81;
        assert_int_equal(ka_observe(&packet, &probe).reaction, KA_REACTION_NONE);
        packet.icmp.quoted_dst_port = 80;
        packet.icmp.quoted_dst[3] = 3;
        assert_int_equal(ka_observe(&packet, &probe).reaction, KA_REACTION_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_are_held_against_the_probe),
        cmocka_unit_test(an_answer_to_a_byte_names_it),
        cmocka_unit_test(timestamps_are_handed_on),
        cmocka_unit_test(other_connections_are_none_of_ours),
        cmocka_unit_test(icmp_errors_count_by_type_and_quote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
