/* SPDX-License-Identifier: BSD-2-Clause
 *
 * IP headers that cannot be, options, fragments and extension headers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "events/field.h"
#include "tests/unit/exact.h"

#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

enum { ETHERNET = 1 };

static const struct ka_craft_ip ipv4 = {.version = 4, .src = {10, 0, 0, 1}, .dst = {10, 0, 0, 2}};
static const struct ka_craft_ip ipv6 = {.version = 6, .src = {0xfd, 1}, .dst = {0xfd, 2}};
static const struct ka_craft_tcp segment = {.src_port = 1, .dst_port = 2, .flags = KA_TCP_ACK};

static enum ka_undecoded finish_and_decode(struct ka_craft *craft, uint16_t link_type,
                                           struct ka_packet *packet)
{
    assert_int_not_equal(ka_craft_finish(craft), 0);
    return ka_exact_decode(craft, link_type, craft->out.used, packet);
}

static void start_ethernet(struct ka_craft *craft)
{
    ka_craft_start(craft);
    ka_craft_ethernet(craft);
}

/* A plain segment with four bytes of payload. */
static void craft_plain(struct ka_craft *craft, const struct ka_craft_ip *ip)
{
    start_ethernet(craft);
    ka_craft_ip(craft, ip);
    ka_craft_tcp(craft, &segment);
    ka_craft_payload(craft, "data", 4);
    assert_int_not_equal(ka_craft_finish(craft), 0);
}

static void a_header_field_that_cannot_be_is_counted(void **state)
{
    (void)state;
    enum { IP = 14, TCP4 = IP + 20, TCP6 = IP + 40 };
    static const struct {
        const char *name;
        const struct ka_craft_ip *ip;
        size_t at;
        uint8_t value;
        enum ka_undecoded reason;
    } rows[] = {
        {"nothing changed", &ipv4, IP, 0x45, KA_DECODED},
        {"version 5", &ipv4, IP, 0x55, KA_UNDECODED_IP},
        {"version 6 after the type of version 4", &ipv4, IP, 0x65, KA_UNDECODED_IP},
        {"header of 16 bytes", &ipv4, IP, 0x44, KA_UNDECODED_IP},
        {"header of 0 bytes", &ipv4, IP, 0x40, KA_UNDECODED_IP},
        {"header longer than the packet", &ipv4, IP, 0x4f, KA_UNDECODED_IP},
        {"total length below the header", &ipv4, IP + 3, 19, KA_UNDECODED_IP},
        {"total length of the header alone", &ipv4, IP + 3, 20, KA_UNDECODED_TCP},
        {"total length without a whole TCP header", &ipv4, IP + 3, 39, KA_UNDECODED_TCP},
        {"total length of the headers", &ipv4, IP + 3, 40, KA_DECODED},
        {"total length beyond the frame", &ipv4, IP + 3, 45, KA_UNDECODED_IP},
        {"total length far beyond the frame", &ipv4, IP + 2, 0xff, KA_UNDECODED_IP},
        {"a later fragment", &ipv4, IP + 7, 1, KA_UNDECODED_FRAGMENT},
        {"the evil bit", &ipv4, IP + 6, 0x80, KA_DECODED},
        {"IGMP", &ipv4, IP + 9, 2, KA_UNDECODED_PROTOCOL},
        {"SCTP", &ipv4, IP + 9, 132, KA_UNDECODED_PROTOCOL},
        {"ICMPv6 in IPv4", &ipv4, IP + 9, 58, KA_UNDECODED_PROTOCOL},
        {"ESP", &ipv4, IP + 9, 50, KA_UNDECODED_ENCRYPTED},
        {"TCP taken for an authentication header", &ipv4, IP + 9, 51, KA_UNDECODED_PROTOCOL},
        {"TCP header of 16 bytes", &ipv4, TCP4 + 12, 0x40, KA_UNDECODED_TCP},
        {"TCP header longer than the packet", &ipv4, TCP4 + 12, 0xf0, KA_UNDECODED_TCP},
        {"TCP header a word too long", &ipv4, TCP4 + 12, 0x70, KA_UNDECODED_TCP},
        {"TCP header up to the end of the packet", &ipv4, TCP4 + 12, 0x60, KA_DECODED},
        {"version 4 after the type of version 6", &ipv6, IP, 0x40, KA_UNDECODED_IP},
        {"payload length beyond the frame", &ipv6, IP + 5, 25, KA_UNDECODED_IP},
        {"payload length below the TCP header", &ipv6, IP + 5, 19, KA_UNDECODED_TCP},
        {"no next header", &ipv6, IP + 6, 59, KA_UNDECODED_PROTOCOL},
        {"ICMP in IPv6", &ipv6, IP + 6, 1, KA_UNDECODED_PROTOCOL},
        {"ESP", &ipv6, IP + 6, 50, KA_UNDECODED_ENCRYPTED},
        {"TCP header of 16 bytes", &ipv6, TCP6 + 12, 0x40, KA_UNDECODED_TCP},
        {"TCP header longer than the packet", &ipv6, TCP6 + 12, 0xf0, KA_UNDECODED_TCP},
        {"ARP", &ipv4, 13, 0x06, KA_UNDECODED_ETHERTYPE},
        {"neither a type nor a length", &ipv4, 12, 0x05, KA_UNDECODED_ETHERTYPE},
    };
    struct ka_craft craft;
    struct ka_packet packet;

    for (size_t i = 0; i < COUNT(rows); i++) {
        craft_plain(&craft, rows[i].ip);
        craft.bytes[rows[i].at] = rows[i].value;
        if (rows[i].at == 12)
            craft.bytes[13] = 0xe0;
        enum ka_undecoded reason = ka_exact_decode(&craft, ETHERNET, craft.out.used, &packet);
        if (reason != rows[i].reason)
            fail_msg("%s: %s", rows[i].name, ka_event_undecoded_name(reason));
    }
}

static void ipv4_options_are_passed_over(void **state)
{
    (void)state;
    static const uint8_t zero_length[40] = {0x94, 0, 0xff};
    struct ka_craft craft;
    struct ka_packet packet;

    for (size_t length = 0; length <= sizeof(zero_length); length += 4) {
        struct ka_craft_ip ip = ipv4;
        ip.options = zero_length;
        ip.options_length = length;
        craft_plain(&craft, &ip);
        assert_int_equal(ka_exact_decode(&craft, ETHERNET, craft.out.used, &packet), KA_DECODED);
        assert_int_equal(packet.src_port, 1);
        assert_int_equal(packet.tcp.length, 4);
        for (size_t cut = 0; cut < 14 + 20 + length + 20; cut++)
            assert_int_equal(ka_exact_decode(&craft, ETHERNET, cut, &packet),
                             KA_UNDECODED_TRUNCATED);
    }
}

static void the_first_fragment_is_decoded_with_its_own_length(void **state)
{
    (void)state;
    struct ka_craft craft;
    struct ka_packet packet;
    struct ka_craft_ip ip = ipv4;

    ip.fragment = 0x2000;
    craft_plain(&craft, &ip);
    assert_int_equal(ka_exact_decode(&craft, ETHERNET, craft.out.used, &packet), KA_DECODED);
    assert_int_equal(packet.tcp.length, 4);

    start_ethernet(&craft);
    ka_craft_ip(&craft, &ipv6);
    ka_craft_extension(&craft, 44, 8, 0x0001);
    ka_craft_tcp(&craft, &segment);
    ka_craft_payload(&craft, "data", 4);
    assert_int_equal(finish_and_decode(&craft, ETHERNET, &packet), KA_DECODED);
    assert_int_equal(packet.tcp.length, 4);

    start_ethernet(&craft);
    ka_craft_ip(&craft, &ipv6);
    ka_craft_extension(&craft, 44, 8, 0x0008);
    ka_craft_tcp(&craft, &segment);
    assert_int_equal(finish_and_decode(&craft, ETHERNET, &packet), KA_UNDECODED_FRAGMENT);
}

static void a_fragmented_tunnel_shows_a_packet_longer_than_the_frame(void **state)
{
    (void)state;
    static const uint8_t payload[200];
    struct ka_craft craft;
    struct ka_packet packet;
    struct ka_craft_ip outer = ipv4;

    outer.fragment = 0x2000;
    start_ethernet(&craft);
    ka_craft_ip(&craft, &outer);
    ka_craft_gre(&craft, 0, 0);
    ka_craft_ip(&craft, &ipv6);
    ka_craft_tcp(&craft, &segment);
    ka_craft_payload(&craft, payload, sizeof(payload));
    assert_int_not_equal(ka_craft_finish(&craft), 0);
    craft.out.used -= 100; /* the rest came in the next fragment */
    ka_patch_be16(&craft.out, 16, (uint16_t)(craft.out.used - 14));
    assert_int_equal(ka_exact_decode(&craft, ETHERNET, craft.out.used, &packet), KA_DECODED);
    assert_int_equal(packet.tcp.length, 200);
    assert_int_equal(packet.payload_captured, 100);
}

static void extension_headers_are_passed_over(void **state)
{
    (void)state;
    static const struct {
        uint8_t number;
        size_t length;
    } rows[] = {{0, 8}, {43, 24}, {44, 8}, {51, 24}, {51, 12}, {60, 2048}, {135, 16}};
    struct ka_craft craft;
    struct ka_packet packet;

    for (size_t i = 0; i < COUNT(rows); i++) {
        start_ethernet(&craft);
        ka_craft_ip(&craft, &ipv6);
        ka_craft_extension(&craft, rows[i].number, rows[i].length, 0);
        ka_craft_extension(&craft, 60, 8, 0);
        ka_craft_tcp(&craft, &segment);
        ka_craft_payload(&craft, "x", 1);
        assert_int_equal(finish_and_decode(&craft, ETHERNET, &packet), KA_DECODED);
        assert_int_equal(packet.dst_port, 2);
        assert_int_equal(packet.tcp.length, 1);
        for (size_t cut = 0; cut < 128 && cut < craft.out.used - 1 - 20; cut++)
            assert_int_equal(ka_exact_decode(&craft, ETHERNET, cut, &packet),
                             KA_UNDECODED_TRUNCATED);
    }
    start_ethernet(&craft);
    ka_craft_ip(&craft, &ipv4);
    ka_craft_extension(&craft, 51, 24, 0);
    ka_craft_tcp(&craft, &segment);
    assert_int_equal(finish_and_decode(&craft, ETHERNET, &packet), KA_DECODED);
    assert_int_equal(packet.dst_port, 2);
}

static void extension_chains_end(void **state)
{
    (void)state;
    struct ka_craft craft;
    struct ka_packet packet;

    for (int count = 1; count < 100; count++) {
        start_ethernet(&craft);
        ka_craft_ip(&craft, &ipv6);
        for (int i = 0; i < count; i++)
            ka_craft_extension(&craft, 60, 8, 0);
        ka_craft_tcp(&craft, &segment);
        assert_int_equal(finish_and_decode(&craft, ETHERNET, &packet),
                         count <= 8 ? KA_DECODED : KA_UNDECODED_EXTENSION);
    }
    /* One that claims more than the packet has. */
    start_ethernet(&craft);
    ka_craft_ip(&craft, &ipv6);
    ka_craft_extension(&craft, 60, 8, 0);
    ka_craft_tcp(&craft, &segment);
    assert_int_not_equal(ka_craft_finish(&craft), 0);
    craft.bytes[14 + 40 + 1] = 200;
    assert_int_equal(ka_exact_decode(&craft, ETHERNET, craft.out.used, &packet),
                     KA_UNDECODED_EXTENSION);
}

static void a_jumbogram_takes_its_length_from_the_frame(void **state)
{
    (void)state;
    static const uint8_t jumbo[] = {6, 0, 0xc2, 4, 0, 0, 0, 32};
    struct ka_craft craft;
    struct ka_packet packet;
    struct ka_craft_ip ip = ipv6;

    ip.has_zero_length = true;
    start_ethernet(&craft);
    ka_craft_ip(&craft, &ip);
    ka_craft_name(&craft, KA_CRAFT_PROTOCOL, 0);
    ka_craft_raw(&craft, jumbo, sizeof(jumbo));
    ka_craft_tcp(&craft, &segment);
    ka_craft_payload(&craft, "data", 4);
    assert_int_equal(finish_and_decode(&craft, ETHERNET, &packet), KA_DECODED);
    assert_true(packet.length_guessed);
    assert_int_equal(packet.tcp.length, 4);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_field_that_cannot_be_is_counted),
        cmocka_unit_test(ipv4_options_are_passed_over),
        cmocka_unit_test(the_first_fragment_is_decoded_with_its_own_length),
        cmocka_unit_test(a_fragmented_tunnel_shows_a_packet_longer_than_the_frame),
        cmocka_unit_test(extension_headers_are_passed_over),
        cmocka_unit_test(extension_chains_end),
        cmocka_unit_test(a_jumbogram_takes_its_length_from_the_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
