/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ICMP and ICMPv6: errors that quote a TCP segment, and everything else of the protocol.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/exact.h"

#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

enum { ETHERNET = 1 };

static const struct ka_craft_ip routers[] = {
    {.version = 4, .src = {192, 0, 2, 1}, .dst = {10, 0, 0, 1}, .ttl = 250},
    {.version = 6, .src = {0xfd, 9}, .dst = {0xfd, 1}, .ttl = 250},
};
static const struct ka_craft_ip probers[] = {
    {.version = 4, .src = {10, 0, 0, 1}, .dst = {10, 0, 0, 2}},
    {.version = 6, .src = {0xfd, 1}, .dst = {0xfd, 2}},
};

/* What is quoted: `before` writes what stands between IP and TCP. */
static void craft_quoted(struct ka_craft *quoted, const struct ka_craft_ip *ip,
                         void (*before)(struct ka_craft *craft))
{
    ka_craft_start(quoted);
    ka_craft_ip(quoted, ip);
    if (before)
        before(quoted);
    ka_craft_tcp(quoted, &(struct ka_craft_tcp){
                             .src_port = 40000, .dst_port = 22, .seq = 0x89abcdef, .flags = 0x10});
    ka_craft_payload(quoted, "x", 1);
    assert_int_not_equal(ka_craft_finish(quoted), 0);
}

/* An error that quotes the first `length` bytes. */
static void craft_error(struct ka_craft *craft, size_t family, uint8_t type, uint8_t code,
                        const struct ka_craft *quoted, size_t length)
{
    ka_craft_start(craft);
    ka_craft_ethernet(craft);
    ka_craft_ip(craft, &routers[family]);
    ka_craft_icmp(craft, routers[family].version, type, code);
    ka_craft_quote(craft, quoted->bytes, length);
    assert_int_not_equal(ka_craft_finish(craft), 0);
}

static enum ka_undecoded decode(const struct ka_craft *craft, struct ka_packet *packet)
{
    return ka_exact_decode(craft, ETHERNET, craft->out.used, packet);
}

static void assert_error(const struct ka_packet *packet, size_t family, uint8_t type, uint8_t code)
{
    assert_int_equal(packet->kind, KA_PACKET_ICMP_ERROR);
    assert_int_equal(packet->family, routers[family].version);
    assert_memory_equal(packet->src, routers[family].src, 16);
    assert_memory_equal(packet->dst, routers[family].dst, 16);
    assert_int_equal(packet->ttl, 250);
    assert_int_equal(packet->src_port, 0);
    assert_int_equal(packet->dst_port, 0);
    assert_int_equal(packet->payload_captured, 0);
    assert_int_equal(packet->icmp.type, type);
    assert_int_equal(packet->icmp.code, code);
    assert_int_equal(packet->icmp.quoted_family, probers[family].version);
    assert_memory_equal(packet->icmp.quoted_src, probers[family].src, 16);
    assert_memory_equal(packet->icmp.quoted_dst, probers[family].dst, 16);
    assert_int_equal(packet->icmp.quoted_src_port, 40000);
    assert_int_equal(packet->icmp.quoted_dst_port, 22);
    assert_int_equal(packet->icmp.quoted_seq, 0x89abcdef);
}

static void errors_are_told_from_the_rest_by_type(void **state)
{
    (void)state;
    struct ka_craft craft, quoted;
    struct ka_packet packet;

    for (size_t family = 0; family < COUNT(routers); family++) {
        craft_quoted(&quoted, &probers[family], NULL);
        for (unsigned type = 0; type < 256; type++) {
            bool is_error = family == 0 ? type == 3 || type == 4 || type == 11 || type == 12
                                        : type >= 1 && type <= 4;
            craft_error(&craft, family, (uint8_t)type, 1, &quoted, quoted.out.used);
            enum ka_undecoded reason = decode(&craft, &packet);
            assert_int_equal(reason, is_error ? KA_DECODED : KA_UNDECODED_ICMP);
            if (is_error)
                assert_error(&packet, family, (uint8_t)type, 1);
        }
    }
}

static void put_authentication(struct ka_craft *craft)
{
    ka_craft_extension(craft, 51, 24, 0);
}

static void put_first_fragment(struct ka_craft *craft)
{
    ka_craft_extension(craft, 60, 16, 0);
    ka_craft_extension(craft, 44, 8, 1);
}

static void put_later_fragment(struct ka_craft *craft)
{
    ka_craft_extension(craft, 44, 8, 0x100);
}

static void eight_quoted_bytes_of_tcp_are_enough(void **state)
{
    (void)state;
    static const uint8_t record_route[8] = {7, 7, 4};
    struct ka_craft_ip with_options = probers[0];
    with_options.options = record_route;
    with_options.options_length = sizeof(record_route);
    const struct {
        size_t family;
        const struct ka_craft_ip *ip;
        void (*before)(struct ka_craft *craft);
        size_t enough;
    } rows[] = {
        {0, &probers[0], NULL, 28},
        {0, &with_options, NULL, 36},
        {1, &probers[1], NULL, 48},
        {1, &probers[1], put_authentication, 72},
        {1, &probers[1], put_first_fragment, 72},
    };
    struct ka_craft craft, quoted;
    struct ka_packet packet;

    for (size_t i = 0; i < COUNT(rows); i++) {
        craft_quoted(&quoted, rows[i].ip, rows[i].before);
        for (size_t length = 0; length <= quoted.out.used; length++) {
            craft_error(&craft, rows[i].family, 3, 1, &quoted, length);
            bool is_enough = length >= rows[i].enough;
            assert_int_equal(decode(&craft, &packet), is_enough ? KA_DECODED : KA_UNDECODED_ICMP);
            if (is_enough)
                assert_error(&packet, rows[i].family, 3, 1);
        }
    }
}

static void a_capture_that_cuts_the_quote_says_so(void **state)
{
    (void)state;
    struct ka_craft craft, quoted;
    struct ka_packet packet;

    for (size_t family = 0; family < COUNT(routers); family++) {
        size_t header = family == 0 ? 20 : 40;
        craft_quoted(&quoted, &probers[family], NULL);
        craft_error(&craft, family, 3, 1, &quoted, quoted.out.used);
        for (size_t cut = 0; cut <= craft.out.used; cut++) {
            enum ka_undecoded reason = ka_exact_decode(&craft, ETHERNET, cut, &packet);
            assert_int_equal(reason, cut < 14 + header + 8 + header + 8 ? KA_UNDECODED_TRUNCATED
                                                                        : KA_DECODED);
            if (reason == KA_DECODED)
                assert_error(&packet, family, 3, 1);
        }
    }
}

static void a_quote_of_something_else_is_no_packet(void **state)
{
    (void)state;
    static const struct {
        size_t family;
        size_t at; /* in the quote */
        uint8_t value;
    } rows[] = {
        {0, 0, 0x65}, /* version */
        {0, 0, 0x44}, /* header length */
        {0, 0, 0x4f}, /* header beyond the quote */
        {0, 7, 1},    /* a later fragment */
        {0, 9, 17},   /* UDP */
        {0, 9, 1},    /* ICMP */
        {1, 0, 0x45}, /* version */
        {1, 6, 17},   /* UDP */
        {1, 6, 59},   /* nothing */
        {1, 6, 43},   /* an extension beyond the quote */
    };
    struct ka_craft craft, quoted;
    struct ka_packet packet;

    for (size_t i = 0; i < COUNT(rows); i++) {
        craft_quoted(&quoted, &probers[rows[i].family], NULL);
        quoted.bytes[rows[i].at] = rows[i].value;
        if (rows[i].value == 43)
            quoted.bytes[41] = 255;
        craft_error(&craft, rows[i].family, 3, 0, &quoted, quoted.out.used);
        assert_int_equal(decode(&craft, &packet), KA_UNDECODED_ICMP);
    }
    craft_quoted(&quoted, &probers[1], put_later_fragment);
    craft_error(&craft, 1, 1, 0, &quoted, quoted.out.used);
    assert_int_equal(decode(&craft, &packet), KA_UNDECODED_ICMP);
    /* The other family in the quote. */
    craft_quoted(&quoted, &probers[1], NULL);
    craft_error(&craft, 0, 3, 0, &quoted, quoted.out.used);
    assert_int_equal(decode(&craft, &packet), KA_UNDECODED_ICMP);
}

static void the_lengths_in_a_quote_are_not_judged(void **state)
{
    (void)state;
    struct ka_craft craft, quoted;
    struct ka_packet packet;

    craft_quoted(&quoted, &probers[0], NULL);
    quoted.bytes[2] = 0xff; /* larger than the quote */
    craft_error(&craft, 0, 3, 4, &quoted, 28);
    assert_int_equal(decode(&craft, &packet), KA_DECODED);
    quoted.bytes[2] = 0; /* some routers change it, or the byte order of it */
    quoted.bytes[3] = 0;
    craft_error(&craft, 0, 3, 4, &quoted, 28);
    assert_int_equal(decode(&craft, &packet), KA_DECODED);
    assert_error(&packet, 0, 3, 4);
}

static void a_segment_leaves_the_error_alone(void **state)
{
    (void)state;
    struct ka_craft craft;
    struct ka_packet packet;
    struct ka_icmp untouched;

    ka_craft_start(&craft);
    ka_craft_ethernet(&craft);
    ka_craft_ip(&craft, &probers[0]);
    ka_craft_tcp(&craft, &(struct ka_craft_tcp){.flags = 0x10});
    assert_int_not_equal(ka_craft_finish(&craft), 0);
    assert_int_equal(decode(&craft, &packet), KA_DECODED);
    assert_int_equal(packet.kind, KA_PACKET_TCP);
    memset(&untouched, 0xa5, sizeof(untouched));
    assert_memory_equal(&packet.icmp, &untouched, sizeof(untouched));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_told_from_the_rest_by_type),
        cmocka_unit_test(eight_quoted_bytes_of_tcp_are_enough),
        cmocka_unit_test(a_capture_that_cuts_the_quote_says_so),
        cmocka_unit_test(a_quote_of_something_else_is_no_packet),
        cmocka_unit_test(the_lengths_in_a_quote_are_not_judged),
        cmocka_unit_test(a_segment_leaves_the_error_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
