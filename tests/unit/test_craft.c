/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From facts to a probe, and from a probe to bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/builder.h"
#include "decode/decode.h"
#include "inject/craft.h"

#include <string.h>

static struct ka_probe_facts make_facts(const char *from, const char *to)
{
    struct ka_probe_facts facts = {
        .nxt = 100,
        .rcv = 5000,
        .tsval = 70,
        .tsecr = 80,
        .window = 321,
        .ttl = 60,
        .numbers_known = true,
        .window_known = true,
        .timestamps = true,
        .timestamps_known = true,
        .sack = true,
    };
    assert_int_equal(ka_endpoint_parse(from, &facts.from, NULL), 0);
    assert_int_equal(ka_endpoint_parse(to, &facts.to, NULL), 0);
    return facts;
}

static struct ka_probe_facts v4_facts(void)
{
    return make_facts("10.0.0.1:4000", "10.0.0.2:80");
}

/* Data of the target that has not arrived lies between what it sent and what the source has. */
static void an_ack_read_off_the_target_is_below_any_window(void **state)
{
    (void)state;
    struct ka_probe_facts facts = v4_facts();
    struct ka_probe probe;
    facts.rcv_from_target = true;
    assert_int_equal(ka_probe_craft(&facts, &(struct ka_probe_wish){.length = 0}, &probe, NULL), 0);
    assert_int_equal(probe.rcv, 5000 - (1u << 30));
    assert_int_equal(probe.ack, 4000 - (1u << 30));
}

static void a_gentle_probe_is_the_default(void **state)
{
    (void)state;
    struct ka_probe_facts facts = v4_facts();
    struct ka_probe probe;
    assert_int_equal(ka_probe_craft(&facts, &(struct ka_probe_wish){.length = 0}, &probe, NULL), 0);
    assert_int_equal(probe.kind, KA_PROBE_NUMBERED);
    assert_int_equal(probe.mode, KA_ACK_GENTLE);
    assert_int_equal(probe.seq, 99);
    assert_int_equal(probe.ack, 4000);
    assert_int_equal(probe.window, 321);
    assert_int_equal(probe.ttl, 64);
    assert_int_equal(probe.length, 0);
    assert_true(probe.has_timestamps);
    assert_int_equal(probe.tsval, 70);
    assert_int_equal(probe.tsecr, 80);
}

static void numbers_wrap_around(void **state)
{
    (void)state;
    struct ka_probe_facts facts = v4_facts();
    struct ka_probe probe;
    facts.nxt = 0;
    facts.rcv = 999;
    assert_int_equal(ka_probe_craft(&facts, &(struct ka_probe_wish){.length = 0}, &probe, NULL), 0);
    assert_int_equal(probe.seq, UINT32_MAX);
    assert_int_equal(probe.ack, UINT32_MAX);
}

static void a_byte_and_an_exact_ack_are_wishes(void **state)
{
    (void)state;
    struct ka_probe_facts facts = v4_facts();
    struct ka_probe_wish wish = {.mode = KA_ACK_EXACT, .length = 1, .ttl = 3};
    struct ka_probe probe;
    assert_int_equal(ka_probe_craft(&facts, &wish, &probe, NULL), 0);
    assert_int_equal(probe.seq, 99);
    assert_int_equal(probe.ack, 5000);
    assert_int_equal(probe.length, 1);
    assert_int_equal(probe.ttl, 3);
}

static void without_numbers_the_probe_has_none(void **state)
{
    (void)state;
    struct ka_probe_facts facts = v4_facts();
    struct ka_probe probe;
    facts.numbers_known = false;
    facts.window_known = false;
    facts.timestamps_known = false;
    facts.ttl = 0;
    assert_int_equal(ka_probe_craft(&facts, &(struct ka_probe_wish){.length = 0}, &probe, NULL), 0);
    assert_int_equal(probe.kind, KA_PROBE_NUMBERLESS);
    assert_int_equal(probe.seq, 0);
    assert_int_equal(probe.ack, 0);
    assert_false(probe.has_timestamps);
    assert_int_equal(probe.ttl, 64);
    assert_true(probe.window > 0);
}

static void without_timestamps_in_use_none_are_sent(void **state)
{
    (void)state;
    struct ka_probe_facts facts = v4_facts();
    struct ka_probe probe;
    facts.timestamps = false;
    assert_int_equal(ka_probe_craft(&facts, &(struct ka_probe_wish){.length = 0}, &probe, NULL), 0);
    assert_false(probe.has_timestamps);
    assert_int_equal(probe.tsval, 0);
}

/* Each row takes one fact away, or asks for too much. */
static void what_would_do_harm_is_not_crafted(void **state)
{
    (void)state;
    static const struct {
        struct ka_probe_wish wish;
        bool no_numbers, read_off, no_timestamp, no_sack, flight, mixed;
        const char *word; /* in the message */
    } rows[] = {
        {.wish = {.length = 2, .mode = KA_ACK_EXACT}, .word = "0 bytes or 1"},
        {.wish = {.length = 1}, .word = "exact"},
        {.wish = {.length = 1, .mode = KA_ACK_EXACT}, .no_sack = true, .word = "SACK"},
        {.wish = {.length = 1, .mode = KA_ACK_EXACT}, .flight = true, .word = "in flight"},
        {.wish = {.mode = KA_ACK_EXACT}, .no_numbers = true, .word = "exact"},
        {.wish = {.mode = KA_ACK_EXACT}, .read_off = true, .word = "exact"},
        {.no_timestamp = true, .word = "timestamps"},
        {.mixed = true, .word = "IP versions"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_probe_facts facts = v4_facts();
        struct ka_probe probe = {.id = 77};
        struct ka_error error = {.text = ""};
        facts.numbers_known = !rows[i].no_numbers;
        facts.rcv_from_target = rows[i].read_off;
        facts.timestamps_known = !rows[i].no_timestamp;
        facts.sack = !rows[i].no_sack;
        facts.in_flight = rows[i].flight;
        if (rows[i].mixed)
            facts.to.addr.family = 6;
        assert_int_equal(ka_probe_craft(&facts, &rows[i].wish, &probe, &error), -1);
        assert_int_equal(probe.id, 77);
        if (strstr(error.text, rows[i].word) == NULL)
            fail_msg("row %zu: %s", i, error.text);
    }
}

static void a_ttl_tells_its_first_value(void **state)
{
    (void)state;
    static const uint8_t rows[][2] = {{0, 64},   {1, 32},    {32, 32},   {33, 64},  {64, 64},
                                      {65, 128}, {128, 128}, {129, 255}, {255, 255}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(ka_initial_ttl(rows[i][0]), rows[i][1]);
}

static struct ka_packet decode(const uint8_t *bytes, size_t length, uint16_t link_type,
                               struct ka_frame *frame)
{
    struct ka_packet packet;
    *frame = (struct ka_frame){.data = bytes,
                               .captured = (uint32_t)length,
                               .length = (uint32_t)length,
                               .link_type = link_type};
    assert_int_equal(ka_decode(frame, &packet), KA_DECODED);
    return packet;
}

static void bytes_say_what_the_probe_says(void **state)
{
    (void)state;
    enum { ETHERNET = 1, RAW_IP = 101 };
    static const char *const ends[][2] = {{"10.0.0.1:4000", "10.0.0.2:80"},
                                          {"[2001:db8::1]:4000", "[2001:db8::2]:80"}};
    /* The bits choose IP version, link with tags, timestamps, and the byte. */
    for (unsigned shape = 0; shape < 16; shape++) {
        struct ka_probe_facts facts = make_facts(ends[shape & 1][0], ends[shape & 1][1]);
        struct ka_probe_wish wish = {.mode = KA_ACK_EXACT, .length = (shape & 8) != 0};
        struct ka_probe probe;
        struct ka_frame frame;
        uint8_t bytes[KA_PROBE_BYTES_MAX];
        facts.timestamps = (shape & 4) != 0;
        if ((shape & 2) != 0)
            facts.link = (struct ka_probe_link){.src = {2, 0, 0, 0, 0, 1},
                                                .dst = {2, 0, 0, 0, 0, 2},
                                                .tags = {{0x88a8, 7}, {0x8100, 4095}},
                                                .tag_count = 2,
                                                .present = true};
        assert_int_equal(ka_probe_craft(&facts, &wish, &probe, NULL), 0);
        size_t length = ka_probe_bytes(&probe, bytes, sizeof(bytes));
        assert_true(length > 0);
        struct ka_packet packet =
            decode(bytes, length, (shape & 2) != 0 ? ETHERNET : RAW_IP, &frame);
        assert_int_equal(packet.kind, KA_PACKET_TCP);
        assert_memory_equal(packet.src, probe.src.addr.bytes, 16);
        assert_memory_equal(packet.dst, probe.dst.addr.bytes, 16);
        assert_int_equal(packet.src_port, 4000);
        assert_int_equal(packet.dst_port, 80);
        assert_int_equal(packet.ttl, 64);
        assert_int_equal(packet.ip_id, 0);
        assert_int_equal(packet.dont_fragment, (shape & 1) == 0);
        assert_int_equal(packet.vlan_count, (shape & 2) != 0 ? 2 : 0);
        assert_int_equal(packet.tcp.flags, KA_TCP_ACK);
        assert_int_equal(packet.tcp.seq, 99);
        assert_int_equal(packet.tcp.ack, 5000);
        assert_int_equal(packet.tcp.window, 321);
        assert_int_equal(packet.tcp.length, (shape & 8) != 0);
        assert_int_equal(packet.tcp.options, (shape & 4) != 0 ? KA_OPTION_TIMESTAMPS : 0);
        if ((shape & 4) != 0)
            assert_int_equal(packet.tcp.tsval, 70);
        for (size_t size = 0; size < length; size++)
            assert_int_equal(ka_probe_bytes(&probe, bytes, size), 0);
    }
}

/* The sum over what it covers, itself included, is then 0 (RFC 1071). */
static void checksums_close_the_sum(void **state)
{
    (void)state;
    struct ka_probe_facts facts = v4_facts();
    struct ka_probe probe;
    uint8_t bytes[KA_PROBE_BYTES_MAX];
    assert_int_equal(ka_probe_craft(&facts, &(struct ka_probe_wish){.length = 0}, &probe, NULL), 0);
    size_t length = ka_probe_bytes(&probe, bytes, sizeof(bytes));
    const uint8_t pseudo[] = {0, 6, 0, (uint8_t)(length - 20)};
    assert_int_equal(ka_checksum_finish(ka_checksum_add(0, bytes, 20)), 0);
    uint32_t sum = ka_checksum_add(0, bytes + 12, 8);
    sum = ka_checksum_add(sum, pseudo, sizeof(pseudo));
    assert_int_equal(ka_checksum_finish(ka_checksum_add(sum, bytes + 20, length - 20)), 0);
}

static void the_explanation_names_the_risk(void **state)
{
    (void)state;
    struct ka_probe_facts facts = v4_facts();
    struct ka_probe_wish wish = {.mode = KA_ACK_EXACT, .length = 1};
    struct ka_probe probe;
    static char text[KA_EXPLAIN_SIZE];
    assert_int_equal(ka_probe_craft(&facts, &wish, &probe, NULL), 0);
    ka_probe_explain(&probe, text);
    assert_non_null(strstr(text, "10.0.0.1:4000 > 10.0.0.2:80, ACK, seq 99, ack 5000"));
    assert_non_null(strstr(text, "RESETS the other end"));
    assert_non_null(strstr(text, "45 00 00 35"));
    wish = (struct ka_probe_wish){.length = 0};
    assert_int_equal(ka_probe_craft(&facts, &wish, &probe, NULL), 0);
    ka_probe_explain(&probe, text);
    assert_non_null(strstr(text, "the other end ignores it"));
    assert_null(strstr(text, "RESETS"));
    facts.numbers_known = false;
    assert_int_equal(ka_probe_craft(&facts, &wish, &probe, NULL), 0);
    ka_probe_explain(&probe, text);
    assert_non_null(strstr(text, "RFC 6146"));
    assert_true(strlen(text) < KA_EXPLAIN_SIZE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gentle_probe_is_the_default),
        cmocka_unit_test(an_ack_read_off_the_target_is_below_any_window),
        cmocka_unit_test(numbers_wrap_around),
        cmocka_unit_test(a_byte_and_an_exact_ack_are_wishes),
        cmocka_unit_test(without_numbers_the_probe_has_none),
        cmocka_unit_test(without_timestamps_in_use_none_are_sent),
        cmocka_unit_test(what_would_do_harm_is_not_crafted),
        cmocka_unit_test(a_ttl_tells_its_first_value),
        cmocka_unit_test(bytes_say_what_the_probe_says),
        cmocka_unit_test(checksums_close_the_sum),
        cmocka_unit_test(the_explanation_names_the_risk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
