/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Frames that give no packet are counted by reason, and no nesting goes on for ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode/layer.h"
#include "events/field.h"
#include "tests/unit/exact.h"

#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

enum { ETHERNET = 1, RAW = 101 };

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

static void layers_end(void **state)
{
    (void)state;
    struct ka_craft craft;
    struct ka_packet packet;

    for (int depth = 1; depth < 200; depth++) {
        enum ka_undecoded reason;

        start_ethernet(&craft);
        for (int i = 0; i < depth; i++)
            ka_craft_vlan(&craft, 0x8100, 1);
        ka_craft_ip(&craft, &ipv4);
        ka_craft_tcp(&craft, &segment);
        reason = finish_and_decode(&craft, ETHERNET, &packet);
        assert_int_equal(reason, depth <= 13 ? KA_DECODED : KA_UNDECODED_TUNNEL);

        ka_craft_start(&craft);
        for (int i = 0; i < depth && i < 40; i++)
            ka_craft_ip(&craft, i % 2 ? &ipv4 : &ipv6);
        ka_craft_tcp(&craft, &segment);
        reason = finish_and_decode(&craft, RAW, &packet);
        assert_int_equal(reason, depth <= 14 ? KA_DECODED : KA_UNDECODED_TUNNEL);

        start_ethernet(&craft);
        for (int i = 1; i < depth; i++)
            ka_craft_mpls(&craft, 5, false);
        ka_craft_mpls(&craft, 5, true);
        ka_craft_ip(&craft, &ipv4);
        ka_craft_tcp(&craft, &segment);
        reason = finish_and_decode(&craft, ETHERNET, &packet);
        assert_int_equal(reason, depth <= 16 ? KA_DECODED : KA_UNDECODED_TUNNEL);
    }
}

/* Hexadecimal digits and blanks into the frame. */
static void craft_hex(struct ka_craft *craft, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    unsigned value = 0, count = 0;

    for (; *text; text++) {
        const char *digit = strchr(digits, *text);
        if (!digit)
            continue;
        value = value << 4 | (unsigned)(digit - digits);
        if (++count % 2 == 0)
            ka_put_u8(&craft->out, (uint8_t)value);
    }
}

/* A segment in IPv4, and one in IPv6. */
#define SEGMENT "00010002 00000003 00000004 50100100 00000000"
#define IN_IPV4 "45000028 00000000 40060000 0a000003 0a000004" SEGMENT
#define IN_IPV6                                                                                    \
    "60000000 00140640 fd000000000000000000000000000001 fd000000000000000000000000000002" SEGMENT
#define ETHER "020000000002 020000000001 "

static void rarer_forms_are_decoded_too(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint16_t link_type;
        const char *bytes;
    } rows[] = {
        {"SNAP, bridged", ETHERNET, ETHER "0030 aaaa03 0000f8 0800" IN_IPV4},
        {"LLC with the LSAP of IP", ETHERNET, ETHER "002b 060603" IN_IPV4},
        {"LLC behind a tag", ETHERNET, ETHER "8100 0005 0030 aaaa03 000000 86dd" IN_IPV6},
        {"LLC in a cooked capture", 113,
         "0000 0001 0006 0200000000010000 0004 aaaa03 000000 0800" IN_IPV4},
        {"MPLS multicast", ETHERNET, ETHER "8848 00010140" IN_IPV6},
        {"MPLS multicast in PPP", 9, "0283 00010140" IN_IPV4},
        {"MPLS in IP", RAW, "45000040 00000000 40890000 0a000001 0a000002 00010140" IN_IPV4},
        {"ERSPAN I", RAW,
         "4500004e 00000000 402f0000 0a000001 0a000002 000088be" ETHER "0800" IN_IPV4},
        {"Cisco HDLC broadcast", 50, "8f00 0800" IN_IPV4},
        {"NULL of Linux", 0, "0a000000" IN_IPV6},
        {"NULL of NetBSD", 0, "18000000" IN_IPV6},
        {"NULL of FreeBSD", 0, "1c000000" IN_IPV6},
        {"NULL of macOS", 0, "1e000000" IN_IPV6},
        {"LOOP of OpenBSD", 108, "00000018" IN_IPV6},
        {"IPv4 alone", 228, IN_IPV4},
        {"IPv6 alone", 229, IN_IPV6},
    };
    struct ka_craft craft;
    struct ka_packet packet;

    for (size_t i = 0; i < COUNT(rows); i++) {
        ka_craft_start(&craft);
        craft_hex(&craft, rows[i].bytes);
        enum ka_undecoded reason =
            ka_exact_decode(&craft, rows[i].link_type, craft.out.used, &packet);
        if (reason != KA_DECODED)
            fail_msg("%s: %s", rows[i].name, ka_event_undecoded_name(reason));
        assert_int_equal(packet.tcp.seq, 3);
        assert_int_equal(packet.tcp.ack, 4);
        assert_int_equal(packet.tcp.length, 0);
        assert_non_null(ka_layer_of_link(rows[i].link_type));
    }
}

static void other_frames_are_counted_by_reason(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint16_t link_type;
        enum ka_undecoded reason;
        const char *bytes;
    } rows[] = {
        {"a link type of the future", 9999, KA_UNDECODED_LINK, "00"},
        {"802.11", 105, KA_UNDECODED_LINK, "08 00"},
        {"nothing at all", 1, KA_UNDECODED_TRUNCATED, ""},
        {"half an Ethernet header", 1, KA_UNDECODED_TRUNCATED, "0200 0000"},
        {"spanning tree", 1, KA_UNDECODED_ETHERTYPE,
         "0180c2000000 020000000001 0026 424203 0000000000"},
        {"SNAP of another organisation", 1, KA_UNDECODED_ETHERTYPE,
         "01000ccccccc 020000000001 0026 aaaa03 00000c 2000 0000"},
        {"netlink in a cooked capture", 113, KA_UNDECODED_ETHERTYPE,
         "0004 0338 0000 0000000000000000 0800 4500"},
        {"netlink in a cooked capture, version 2", 276, KA_UNDECODED_ETHERTYPE,
         "0800 0000 00000001 0338 00 00 0000000000000000 4500"},
        {"AppleTalk in NULL", 0, KA_UNDECODED_ETHERTYPE, "10000000 00"},
        {"raw, version 0", 101, KA_UNDECODED_IP, "00"},
        {"LCP", 9, KA_UNDECODED_ETHERTYPE, "ff03 c021 0101"},
        {"encrypted PPP", 9, KA_UNDECODED_ENCRYPTED, "0053 aabbcc"},
        {"MPPE", 9, KA_UNDECODED_ENCRYPTED, "ff03 00fd aabbcc"},
        {"MPPE, protocol compressed", 9, KA_UNDECODED_ENCRYPTED, "ff03 fd aabbcc"},
        {"PPPoE of another version", 51, KA_UNDECODED_TUNNEL, "21 00 0001 0002 0021"},
        {"PPPoE discovery", 51, KA_UNDECODED_ETHERTYPE, "11 09 0000 0000"},
        {"half a PPPoE header", 51, KA_UNDECODED_TUNNEL, "11 00 00"},
        {"MPLS without a bottom", 1, KA_UNDECODED_TUNNEL,
         "020000000002 020000000001 8847 00010040"},
        {"MPLS without content", 1, KA_UNDECODED_TUNNEL, "020000000002 020000000001 8847 00010140"},
        {"MPLS associated channel", 1, KA_UNDECODED_ETHERTYPE,
         "020000000002 020000000001 8847 00010140 10000021"},
        {"GRE version 2", 101, KA_UNDECODED_TUNNEL,
         "45000018 00000000 402f0000 0a000001 0a000002 00020800"},
        {"GRE with routing", 101, KA_UNDECODED_TUNNEL,
         "45000018 00000000 402f0000 0a000001 0a000002 40000800"},
        {"GRE version 1 without a key", 101, KA_UNDECODED_TUNNEL,
         "45000018 00000000 402f0000 0a000001 0a000002 0001880b"},
        {"half a GRE key", 101, KA_UNDECODED_TUNNEL,
         "4500001a 00000000 402f0000 0a000001 0a000002 20000800 0000"},
        {"something else in GRE", 101, KA_UNDECODED_ETHERTYPE,
         "45000018 00000000 402f0000 0a000001 0a000002 00002001"},
        {"DNS", 101, KA_UNDECODED_PROTOCOL,
         "4500001c 00000000 40110000 0a000001 0a000002 c0000035 00080000"},
        {"half a UDP header", 101, KA_UNDECODED_PROTOCOL,
         "45000018 00000000 40110000 0a000001 0a000002 c00012b5"},
        {"VXLAN without an identifier", 101, KA_UNDECODED_TUNNEL,
         "45000024 00000000 40110000 0a000001 0a000002 c00012b5 00100000 00000000 00000500"},
        {"GENEVE version 1", 101, KA_UNDECODED_TUNNEL,
         "45000024 00000000 40110000 0a000001 0a000002 c00017c1 00100000 40006558 00000500"},
        {"GENEVE options beyond the end", 101, KA_UNDECODED_TUNNEL,
         "45000024 00000000 40110000 0a000001 0a000002 c00017c1 00100000 3f006558 00000500"},
        {"authentication header too short", 101, KA_UNDECODED_PROTOCOL,
         "45000020 00000000 40330000 0a000001 0a000002 06000000 00000001 00000001"},
    };
    struct ka_craft craft;
    struct ka_packet packet;

    for (size_t i = 0; i < COUNT(rows); i++) {
        ka_craft_start(&craft);
        craft_hex(&craft, rows[i].bytes);
        enum ka_undecoded reason =
            ka_exact_decode(&craft, rows[i].link_type, craft.out.used, &packet);
        if (reason != rows[i].reason)
            fail_msg("%s: %s", rows[i].name, ka_event_undecoded_name(reason));
        for (size_t cut = 0; cut < craft.out.used; cut++) {
            reason = ka_exact_decode(&craft, rows[i].link_type, cut, &packet);
            if (reason != rows[i].reason && reason != KA_UNDECODED_TRUNCATED)
                fail_msg("%s, cut to %zu: %s", rows[i].name, cut, ka_event_undecoded_name(reason));
        }
    }
}

static void ppp_in_gre_is_opened(void **state)
{
    (void)state;
    struct ka_craft craft;
    struct ka_packet packet;

    ka_craft_start(&craft);
    craft_hex(&craft, "4500004f 00000000 402f0000 0a000001 0a000002"
                      "3081880b 002b0007 00000001 00000002 ff0321"
                      "45000028 00000000 40060000 0a000003 0a000004"
                      "00010002 00000003 00000004 50100100 00000000");
    assert_int_equal(ka_exact_decode(&craft, RAW, craft.out.used, &packet), KA_DECODED);
    assert_int_equal(packet.tunnel_type, KA_TUNNEL_GRE);
    assert_int_equal(packet.tunnel_id, 0);
    assert_int_equal(packet.tcp.seq, 3);
}

static void an_unknown_link_type_is_known_as_such(void **state)
{
    (void)state;
    assert_null(ka_layer_of_link(105));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_end),
        cmocka_unit_test(rarer_forms_are_decoded_too),
        cmocka_unit_test(other_frames_are_counted_by_reason),
        cmocka_unit_test(ppp_in_gre_is_opened),
        cmocka_unit_test(an_unknown_link_type_is_known_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
