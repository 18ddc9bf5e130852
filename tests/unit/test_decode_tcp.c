/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TCP options: what is recognised, and lists that are broken, cut or without end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/exact.h"

#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

enum { ETHERNET = 1, HEADERS = 14 + 20 + 20, ACK = 1000 };

static void craft_options(struct ka_craft *craft, uint32_t ack, const uint8_t *options,
                          size_t length)
{
    ka_craft_start(craft);
    ka_craft_ethernet(craft);
    ka_craft_ip(craft, &(struct ka_craft_ip){.version = 4, .src = {1}, .dst = {2}});
    ka_craft_tcp(craft, &(struct ka_craft_tcp){.seq = 5,
                                               .ack = ack,
                                               .flags = KA_TCP_ACK,
                                               .window = 9,
                                               .options = options,
                                               .options_length = length});
    assert_int_not_equal(ka_craft_finish(craft), 0);
}

static void options_are_recognised(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t length;
        uint8_t bytes[40];
        struct ka_tcp expected; /* the members the options cover */
    } rows[] = {
        {"none", 0, {0}, {0}},
        {"MSS", 4, {2, 4, 5, 0xb4}, {.options = KA_OPTION_MSS, .mss = 1460}},
        {"MSS of the wrong length", 4, {2, 3, 5, 1}, {0}},
        {"window scale", 4, {1, 3, 3, 7}, {.options = KA_OPTION_WSCALE, .wscale = 7}},
        {"window scale 14", 4, {1, 3, 3, 14}, {.options = KA_OPTION_WSCALE, .wscale = 14}},
        {"window scale 15", 4, {1, 3, 3, 15}, {.options = KA_OPTION_WSCALE, .wscale = 14}},
        {"window scale above 14", 4, {1, 3, 3, 255}, {.options = KA_OPTION_WSCALE, .wscale = 14}},
        {"SACK permitted", 4, {1, 1, 4, 2}, {.options = KA_OPTION_SACK_PERMITTED}},
        {"timestamps as usual",
         12,
         {1, 1, 8, 10, 0, 0, 1, 2, 3, 4, 5, 6},
         {.options = KA_OPTION_TIMESTAMPS, .tsval = 0x102, .tsecr = 0x03040506}},
        {"timestamps first",
         12,
         {8, 10, 0, 0, 1, 2, 3, 4, 5, 6, 1, 1},
         {.options = KA_OPTION_TIMESTAMPS, .tsval = 0x102, .tsecr = 0x03040506}},
        {"timestamps of the wrong length", 12, {1, 1, 8, 9, 0, 0, 1, 2, 3, 4, 5, 1}, {0}},
        {"as in a SYN of Linux",
         20,
         {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 3, 3, 7},
         {.options =
              KA_OPTION_MSS | KA_OPTION_SACK_PERMITTED | KA_OPTION_TIMESTAMPS | KA_OPTION_WSCALE,
          .mss = 1460,
          .tsval = 9,
          .wscale = 7}},
        {"SACK above the ack",
         12,
         {1, 1, 5, 10, 0, 0, 4, 0, 0, 0, 5, 0},
         {.options = KA_OPTION_SACK, .sack_left = 1024, .sack_right = 1280}},
        {"SACK ending at the ack",
         12,
         {1, 1, 5, 10, 0, 0, 3, 0xe7, 0, 0, 3, 0xe8},
         {.options = KA_OPTION_SACK | KA_OPTION_DSACK, .sack_left = 999, .sack_right = 1000}},
        {"SACK block within the second",
         20,
         {1, 1, 5, 18, 0, 0, 5, 0, 0, 0, 5, 1, 0, 0, 4, 0, 0, 0, 6, 0},
         {.options = KA_OPTION_SACK | KA_OPTION_DSACK, .sack_left = 1280, .sack_right = 1281}},
        {"SACK block beside the second",
         20,
         {1, 1, 5, 18, 0, 0, 5, 0, 0, 0, 5, 1, 0, 0, 4, 0, 0, 0, 5, 0},
         {.options = KA_OPTION_SACK, .sack_left = 1280, .sack_right = 1281}},
        {"SACK without a block", 4, {1, 1, 5, 2}, {0}},
        {"SACK with half a block", 8, {1, 1, 5, 6, 0, 0, 4, 0}, {0}},
        {"MD5 signature", 20, {1, 1, 19, 18}, {.options = KA_OPTION_MD5}},
        {"MD5 signature too short", 16, {19, 16}, {0}},
        {"authentication option", 16, {29, 16, 1, 1}, {.options = KA_OPTION_AO}},
        {"authentication option too short", 4, {1, 29, 3, 1}, {0}},
        {"something unknown before MSS",
         8,
         {253, 4, 0xf9, 0x89, 2, 4, 2, 0},
         {.options = KA_OPTION_MSS, .mss = 512}},
        {"after the end of the list", 8, {1, 0, 2, 4, 5, 0xb4}, {0}},
        {"length 0", 8, {2, 4, 5, 0xb4, 8, 0}, {.options = KA_OPTION_MSS, .mss = 1460}},
        {"length 1", 8, {8, 1, 2, 4, 5, 0xb4}, {0}},
        {"length beyond the list",
         8,
         {3, 3, 2, 8, 10, 0, 0, 0},
         {.options = KA_OPTION_WSCALE, .wscale = 2}},
        {"a kind without a length", 4, {1, 1, 1, 8}, {0}},
        {"nothing but NOPs", 8, {1, 1, 1, 1, 1, 1, 1, 1}, {0}},
    };
    struct ka_craft craft;
    struct ka_packet packet;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct ka_tcp *expected = &rows[i].expected, *tcp = &packet.tcp;
        craft_options(&craft, ACK, rows[i].bytes, rows[i].length);
        assert_int_equal(ka_exact_decode(&craft, ETHERNET, craft.out.used, &packet), KA_DECODED);
        if (tcp->options != expected->options)
            fail_msg("%s: options %#x", rows[i].name, tcp->options);
        assert_int_equal(tcp->mss, expected->mss);
        assert_int_equal(tcp->wscale, expected->wscale);
        assert_int_equal(tcp->tsval, expected->tsval);
        assert_int_equal(tcp->tsecr, expected->tsecr);
        assert_int_equal(tcp->sack_left, expected->sack_left);
        assert_int_equal(tcp->sack_right, expected->sack_right);
        assert_int_equal(tcp->length, 0);
    }
}

static void a_dsack_is_known_across_the_wrap(void **state)
{
    (void)state;
    static const uint8_t below[] = {1, 1, 5, 10, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t above[] = {1, 1, 5, 10, 0, 0, 0, 5, 0, 0, 0, 6};
    struct ka_craft craft;
    struct ka_packet packet;

    craft_options(&craft, 1, below, sizeof(below));
    assert_int_equal(ka_exact_decode(&craft, ETHERNET, craft.out.used, &packet), KA_DECODED);
    assert_int_equal(packet.tcp.options, KA_OPTION_SACK | KA_OPTION_DSACK);
    craft_options(&craft, 0xffffffff, above, sizeof(above));
    assert_int_equal(ka_exact_decode(&craft, ETHERNET, craft.out.used, &packet), KA_DECODED);
    assert_int_equal(packet.tcp.options, KA_OPTION_SACK);
}

static void a_snap_length_of_54_leaves_the_fixed_header(void **state)
{
    (void)state;
    static const uint8_t options[] = {2, 4, 5, 0xb4, 8, 10, 0, 0, 1, 0, 0, 0, 2, 0, 3, 3, 7, 0};
    struct ka_craft craft;
    struct ka_packet packet;

    craft_options(&craft, ACK, options, sizeof(options));
    for (size_t cut = HEADERS; cut <= craft.out.used; cut++) {
        unsigned present = 0;
        if (cut >= HEADERS + 4)
            present |= KA_OPTION_MSS;
        if (cut >= HEADERS + 14)
            present |= KA_OPTION_TIMESTAMPS;
        if (cut >= HEADERS + 17)
            present |= KA_OPTION_WSCALE;
        assert_int_equal(ka_exact_decode(&craft, ETHERNET, cut, &packet), KA_DECODED);
        assert_int_equal(packet.tcp.seq, 5);
        assert_int_equal(packet.tcp.ack, ACK);
        assert_int_equal(packet.tcp.flags, KA_TCP_ACK);
        assert_int_equal(packet.tcp.window, 9);
        assert_int_equal(packet.tcp.length, 0);
        assert_int_equal(packet.tcp.options, present);
    }
}

static void a_cut_garbage_byte_still_counts(void **state)
{
    (void)state;
    static const uint8_t usual[] = {1, 1, 8, 10, 0, 0, 1, 2, 3, 4, 5, 6};
    struct ka_craft craft;
    struct ka_packet packet;

    ka_craft_start(&craft);
    ka_craft_ethernet(&craft);
    ka_craft_ip(&craft, &(struct ka_craft_ip){.version = 4});
    ka_craft_tcp(&craft, &(struct ka_craft_tcp){.options = usual, .options_length = 12});
    ka_craft_payload(&craft, "x", 1);
    size_t whole = ka_craft_finish(&craft);
    for (size_t cut = HEADERS; cut <= whole; cut++) {
        assert_int_equal(ka_exact_decode(&craft, ETHERNET, cut, &packet), KA_DECODED);
        assert_int_equal(packet.tcp.length, 1);
        assert_int_equal(packet.payload_captured, cut == whole);
    }
}

static void all_flags_and_any_checksum_are_taken_as_they_are(void **state)
{
    (void)state;
    struct ka_craft craft;
    struct ka_packet packet;

    for (unsigned flags = 0; flags < 256; flags++) {
        ka_craft_start(&craft);
        ka_craft_ip(&craft, &(struct ka_craft_ip){.version = 6});
        ka_craft_tcp(&craft, &(struct ka_craft_tcp){.flags = (uint8_t)flags});
        assert_int_not_equal(ka_craft_finish(&craft), 0);
        craft.bytes[40 + 16] ^= 0x5a;
        assert_int_equal(ka_exact_decode(&craft, 229, craft.out.used, &packet), KA_DECODED);
        assert_int_equal(packet.tcp.flags, flags);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_recognised),
        cmocka_unit_test(a_dsack_is_known_across_the_wrap),
        cmocka_unit_test(a_snap_length_of_54_leaves_the_fixed_header),
        cmocka_unit_test(a_cut_garbage_byte_still_counts),
        cmocka_unit_test(all_flags_and_any_checksum_are_taken_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
