/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From frames to packets: what plain and encapsulated TCP gives, and why other frames give nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode/decode.h"
#include "tests/build/craft.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct ka_craft_ip ips[] = {
    {.version = 4,
     .src = {10, 0, 0, 1},
     .dst = {10, 0, 0, 2},
     .ttl = 61,
     .id = 0x1234,
     .fragment = 0x4000},
    {.version = 6,
     .src = {0x20, 1, 0xd, 0xb8, [15] = 1},
     .dst = {0x20, 1, 0xd, 0xb8, [15] = 2},
     .ttl = 61},
};

static const uint8_t usual_options[] = {1, 1, 8, 10, 0, 0, 1, 0, 0, 0, 2, 0};

static const struct ka_craft_tcp segment = {.src_port = 40000,
                                            .dst_port = 443,
                                            .seq = 0xfffffff0,
                                            .ack = 0x01020304,
                                            .flags = KA_TCP_ACK | KA_TCP_PSH,
                                            .window = 501,
                                            .options = usual_options,
                                            .options_length = sizeof(usual_options)};

/* Decodes the crafted frame from memory of exactly its captured size, so that a read past the end
 * shows under the sanitizers. The packet's payload is of no use afterwards. */
static enum ka_undecoded decode_cut(const struct ka_craft *craft, uint16_t link_type,
                                    size_t captured, struct ka_packet *packet)
{
    uint8_t *exact = malloc(captured ? captured : 1);
    assert_non_null(exact);
    memcpy(exact, craft->bytes, captured);
    struct ka_frame frame = {.data = exact,
                             .captured = (uint32_t)captured,
                             .length = (uint32_t)craft->out.used,
                             .link_type = link_type};
    memset(packet, 0xa5, sizeof(*packet));
    enum ka_undecoded reason = ka_decode(&frame, packet);
    if (reason == KA_DECODED && packet->kind == KA_PACKET_TCP) {
        assert_ptr_equal(packet->frame, &frame);
        assert_true(packet->payload >= exact && packet->payload <= exact + captured);
        assert_true(packet->payload_captured <= (size_t)(exact + captured - packet->payload));
        assert_true(packet->payload_captured <= packet->tcp.length);
    }
    free(exact);
    return reason;
}

static enum ka_undecoded decode(const struct ka_craft *craft, uint16_t link_type,
                                struct ka_packet *packet)
{
    return decode_cut(craft, link_type, craft->out.used, packet);
}

/* IP, TCP and `length` bytes of payload. */
static void craft_inside(struct ka_craft *craft, const struct ka_craft_ip *ip, size_t length)
{
    static const uint8_t payload[64] = "payload";

    ka_craft_ip(craft, ip);
    ka_craft_tcp(craft, &segment);
    ka_craft_payload(craft, payload, length);
    assert_int_not_equal(ka_craft_finish(craft), 0);
}

static void assert_inside(const struct ka_packet *packet, const struct ka_craft_ip *ip,
                          size_t length)
{
    assert_int_equal(packet->kind, KA_PACKET_TCP);
    assert_int_equal(packet->family, ip->version);
    assert_memory_equal(packet->src, ip->src, 16);
    assert_memory_equal(packet->dst, ip->dst, 16);
    assert_int_equal(packet->ttl, 61);
    assert_int_equal(packet->ip_id, ip->version == 4 ? 0x1234 : 0);
    assert_int_equal(packet->dont_fragment, ip->version == 4);
    assert_false(packet->length_guessed);
    assert_int_equal(packet->src_port, 40000);
    assert_int_equal(packet->dst_port, 443);
    assert_int_equal(packet->tcp.seq, 0xfffffff0);
    assert_int_equal(packet->tcp.ack, 0x01020304);
    assert_int_equal(packet->tcp.flags, KA_TCP_ACK | KA_TCP_PSH);
    assert_int_equal(packet->tcp.window, 501);
    assert_int_equal(packet->tcp.options, KA_OPTION_TIMESTAMPS);
    assert_int_equal(packet->tcp.tsval, 0x100);
    assert_int_equal(packet->tcp.tsecr, 0x200);
    assert_int_equal(packet->tcp.length, length);
    assert_int_equal(packet->payload_captured, length);
}

static void outer_ip(struct ka_craft *craft, uint8_t version)
{
    ka_craft_ip(craft, &(struct ka_craft_ip){.version = version, .src = {9, 9}, .dst = {8, 8}});
}

/* Each writes everything before the inner IP header. */
static void craft_ethernet(struct ka_craft *craft)
{
    ka_craft_ethernet(craft);
}

static void craft_snap(struct ka_craft *craft)
{
    ka_craft_ethernet(craft);
    ka_craft_snap(craft);
}

static void craft_vlan(struct ka_craft *craft)
{
    ka_craft_ethernet(craft);
    ka_craft_vlan(craft, 0x8100, 4095);
}

static void craft_qinq(struct ka_craft *craft)
{
    ka_craft_ethernet(craft);
    ka_craft_vlan(craft, 0x88a8, 100);
    ka_craft_vlan(craft, 0x8100, 200);
}

static void craft_five_tags(struct ka_craft *craft)
{
    ka_craft_ethernet(craft);
    for (uint16_t id = 1; id <= 5; id++)
        ka_craft_vlan(craft, 0x9100, id);
}

static void craft_sll(struct ka_craft *craft)
{
    ka_craft_sll(craft);
}

static void craft_sll_vlan(struct ka_craft *craft)
{
    ka_craft_sll(craft);
    ka_craft_vlan(craft, 0x8100, 7);
}

static void craft_sll2(struct ka_craft *craft)
{
    ka_craft_sll2(craft);
}

static void craft_nothing(struct ka_craft *craft)
{
    (void)craft;
}

static void craft_null_little(struct ka_craft *craft)
{
    ka_craft_loopback(craft, true);
}

static void craft_null_big(struct ka_craft *craft)
{
    ka_craft_loopback(craft, false);
}

static void craft_ppp(struct ka_craft *craft)
{
    ka_craft_ppp(craft, false, false);
}

static void craft_ppp_framed(struct ka_craft *craft)
{
    ka_craft_ppp(craft, true, false);
}

static void craft_ppp_short(struct ka_craft *craft)
{
    ka_craft_ppp(craft, true, true);
}

static void craft_cisco_hdlc(struct ka_craft *craft)
{
    static const uint8_t addresses[] = {0x0f, 0x00};
    ka_craft_raw(craft, addresses, sizeof(addresses));
    craft->naming = KA_CRAFT_ETHERTYPE;
    craft->name_at = 2;
    ka_craft_raw(craft, addresses, 2);
}

static void craft_pppoe_alone(struct ka_craft *craft)
{
    ka_craft_pppoe(craft, 0x77);
    ka_craft_ppp(craft, false, false);
}

static void craft_pppoe(struct ka_craft *craft)
{
    ka_craft_ethernet(craft);
    craft_pppoe_alone(craft);
}

static void craft_mpls(struct ka_craft *craft)
{
    ka_craft_ethernet(craft);
    ka_craft_mpls(craft, 16, false);
    ka_craft_mpls(craft, 0xfffff, true);
}

static void craft_pseudowire(struct ka_craft *craft)
{
    ka_craft_ethernet(craft);
    ka_craft_mpls(craft, 17, true);
    ka_craft_control_word(craft);
    ka_craft_ethernet(craft);
}

static void craft_ppp_mpls(struct ka_craft *craft)
{
    ka_craft_ppp(craft, false, false);
    ka_craft_mpls(craft, 18, true);
}

static void craft_gre(struct ka_craft *craft)
{
    ka_craft_ethernet(craft);
    outer_ip(craft, 4);
    ka_craft_gre(craft, 0, 0);
}

static void craft_gre_full(struct ka_craft *craft)
{
    ka_craft_ethernet(craft);
    outer_ip(craft, 6);
    ka_craft_gre(craft, 0xb000, 0xdeadbeef);
}

static void craft_gre_ethernet(struct ka_craft *craft)
{
    ka_craft_ethernet(craft);
    outer_ip(craft, 4);
    ka_craft_gre(craft, 0x2000, 5);
    ka_craft_ethernet(craft);
    ka_craft_vlan(craft, 0x8100, 9);
}

static void craft_erspan2(struct ka_craft *craft)
{
    ka_craft_ethernet(craft);
    outer_ip(craft, 4);
    ka_craft_gre(craft, 0x1000, 0);
    ka_craft_erspan(craft, 2);
    ka_craft_ethernet(craft);
}

static void craft_erspan3(struct ka_craft *craft)
{
    ka_craft_ethernet(craft);
    outer_ip(craft, 4);
    ka_craft_gre(craft, 0x1000, 0);
    ka_craft_erspan(craft, 3);
    ka_craft_ethernet(craft);
}

static void craft_in_ipv4(struct ka_craft *craft)
{
    ka_craft_ethernet(craft);
    outer_ip(craft, 4);
}

static void craft_in_ipv6(struct ka_craft *craft)
{
    ka_craft_ethernet(craft);
    outer_ip(craft, 6);
}

static void craft_vxlan(struct ka_craft *craft)
{
    ka_craft_ethernet(craft);
    outer_ip(craft, 4);
    ka_craft_udp(craft, 50000, 4789);
    ka_craft_vxlan(craft, 0xabcdef);
    ka_craft_ethernet(craft);
}

static void craft_vxlan_old_port(struct ka_craft *craft)
{
    ka_craft_ethernet(craft);
    outer_ip(craft, 6);
    ka_craft_udp(craft, 50000, 8472);
    ka_craft_vxlan(craft, 1);
    ka_craft_ethernet(craft);
}

static void craft_geneve(struct ka_craft *craft)
{
    ka_craft_ethernet(craft);
    outer_ip(craft, 4);
    ka_craft_udp(craft, 50000, 6081);
    ka_craft_geneve(craft, 0x123456, 8);
    ka_craft_ethernet(craft);
}

static void craft_geneve_ip(struct ka_craft *craft)
{
    ka_craft_ethernet(craft);
    outer_ip(craft, 6);
    ka_craft_udp(craft, 50000, 6081);
    ka_craft_geneve(craft, 2, 0);
}

static void craft_gre_in_vxlan(struct ka_craft *craft)
{
    craft_vxlan(craft);
    outer_ip(craft, 6);
    ka_craft_gre(craft, 0x2000, 3);
}

static const struct encapsulation {
    const char *name;
    uint16_t link_type;
    void (*craft)(struct ka_craft *craft);
    enum ka_tunnel_type tunnel;
    uint32_t tunnel_id;
    uint8_t vlan_count;
    uint16_t vlan[KA_VLAN_MAX];
} encapsulations[] = {
    {"ethernet", 1, craft_ethernet, KA_TUNNEL_NONE, 0, 0, {0}},
    {"802.3 with SNAP", 1, craft_snap, KA_TUNNEL_NONE, 0, 0, {0}},
    {"802.1Q", 1, craft_vlan, KA_TUNNEL_NONE, 0, 1, {4095}},
    {"QinQ", 1, craft_qinq, KA_TUNNEL_NONE, 0, 2, {100, 200}},
    {"five tags", 1, craft_five_tags, KA_TUNNEL_NONE, 0, 4, {1, 2, 3, 4}},
    {"cooked", 113, craft_sll, KA_TUNNEL_NONE, 0, 0, {0}},
    {"cooked with a tag", 113, craft_sll_vlan, KA_TUNNEL_NONE, 0, 1, {7}},
    {"cooked, version 2", 276, craft_sll2, KA_TUNNEL_NONE, 0, 0, {0}},
    {"raw", 101, craft_nothing, KA_TUNNEL_NONE, 0, 0, {0}},
    {"raw, BSD/OS", 12, craft_nothing, KA_TUNNEL_NONE, 0, 0, {0}},
    {"raw, OpenBSD", 14, craft_nothing, KA_TUNNEL_NONE, 0, 0, {0}},
    {"NULL, little endian", 0, craft_null_little, KA_TUNNEL_NONE, 0, 0, {0}},
    {"NULL, big endian", 0, craft_null_big, KA_TUNNEL_NONE, 0, 0, {0}},
    {"LOOP", 108, craft_null_big, KA_TUNNEL_NONE, 0, 0, {0}},
    {"PPP", 9, craft_ppp, KA_TUNNEL_NONE, 0, 0, {0}},
    {"PPP with framing", 9, craft_ppp_framed, KA_TUNNEL_NONE, 0, 0, {0}},
    {"PPP in HDLC", 50, craft_ppp_framed, KA_TUNNEL_NONE, 0, 0, {0}},
    {"PPP, protocol compressed", 50, craft_ppp_short, KA_TUNNEL_NONE, 0, 0, {0}},
    {"Cisco HDLC", 50, craft_cisco_hdlc, KA_TUNNEL_NONE, 0, 0, {0}},
    {"PPPoE link", 51, craft_pppoe_alone, KA_TUNNEL_PPPOE, 0x77, 0, {0}},
    {"PPPoE", 1, craft_pppoe, KA_TUNNEL_PPPOE, 0x77, 0, {0}},
    {"MPLS", 1, craft_mpls, KA_TUNNEL_MPLS, 0xfffff, 0, {0}},
    {"pseudowire", 1, craft_pseudowire, KA_TUNNEL_MPLS, 17, 0, {0}},
    {"MPLS in PPP", 9, craft_ppp_mpls, KA_TUNNEL_MPLS, 18, 0, {0}},
    {"GRE", 1, craft_gre, KA_TUNNEL_GRE, 0, 0, {0}},
    {"GRE, checksum, key, sequence", 1, craft_gre_full, KA_TUNNEL_GRE, 0xdeadbeef, 0, {0}},
    {"GRE with Ethernet", 1, craft_gre_ethernet, KA_TUNNEL_GRE, 5, 1, {9}},
    {"ERSPAN II", 1, craft_erspan2, KA_TUNNEL_GRE, 0, 0, {0}},
    {"ERSPAN III", 1, craft_erspan3, KA_TUNNEL_GRE, 0, 0, {0}},
    {"in IPv4", 1, craft_in_ipv4, KA_TUNNEL_IPIP, 0, 0, {0}},
    {"in IPv6", 1, craft_in_ipv6, KA_TUNNEL_IPIP, 0, 0, {0}},
    {"VXLAN", 1, craft_vxlan, KA_TUNNEL_VXLAN, 0xabcdef, 0, {0}},
    {"VXLAN, old port", 1, craft_vxlan_old_port, KA_TUNNEL_VXLAN, 1, 0, {0}},
    {"GENEVE", 1, craft_geneve, KA_TUNNEL_GENEVE, 0x123456, 0, {0}},
    {"GENEVE with IP", 1, craft_geneve_ip, KA_TUNNEL_GENEVE, 2, 0, {0}},
    {"GRE in VXLAN", 1, craft_gre_in_vxlan, KA_TUNNEL_GRE, 3, 0, {0}},
};

static void tcp_is_found_in_every_encapsulation(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 20};
    struct ka_craft craft;
    struct ka_packet packet;

    for (size_t i = 0; i < COUNT(encapsulations); i++) {
        const struct encapsulation *row = &encapsulations[i];
        for (size_t j = 0; j < COUNT(ips) * COUNT(lengths); j++) {
            const struct ka_craft_ip *ip = &ips[j % COUNT(ips)];
            size_t length = lengths[j / COUNT(ips)];
            print_message("%s, IPv%d, %zu bytes\n", row->name, ip->version, length);
            ka_craft_start(&craft);
            row->craft(&craft);
            craft_inside(&craft, ip, length);
            assert_int_equal(decode(&craft, row->link_type, &packet), KA_DECODED);
            assert_inside(&packet, ip, length);
            assert_int_equal(packet.tunnel_type, row->tunnel);
            assert_int_equal(packet.tunnel_id, row->tunnel_id);
            assert_int_equal(packet.vlan_count, row->vlan_count);
            assert_memory_equal(packet.vlan, row->vlan, sizeof(row->vlan));
            assert_true(ka_decode_knows_link(row->link_type));
        }
    }
}

static void padding_is_never_payload(void **state)
{
    (void)state;
    static const uint8_t padding[32] = {0x55, 0x55};
    struct ka_craft craft;
    struct ka_packet packet;

    for (size_t i = 0; i < COUNT(encapsulations); i++) {
        for (size_t j = 0; j < COUNT(ips); j++) {
            ka_craft_start(&craft);
            encapsulations[i].craft(&craft);
            craft_inside(&craft, &ips[j], 1);
            ka_craft_raw(&craft, padding, sizeof(padding));
            assert_int_equal(decode(&craft, encapsulations[i].link_type, &packet), KA_DECODED);
            assert_inside(&packet, &ips[j], 1);
        }
    }
}

static void a_cut_frame_says_the_same_or_that_it_is_cut(void **state)
{
    (void)state;
    struct ka_craft craft;
    struct ka_packet packet;

    for (size_t i = 0; i < COUNT(encapsulations); i++) {
        for (size_t j = 0; j < COUNT(ips); j++) {
            ka_craft_start(&craft);
            encapsulations[i].craft(&craft);
            craft_inside(&craft, &ips[j], 40);
            size_t whole = craft.out.used, headers = whole - 40 - sizeof(usual_options);
            for (size_t cut = 0; cut <= whole; cut++) {
                enum ka_undecoded reason =
                    decode_cut(&craft, encapsulations[i].link_type, cut, &packet);
                assert_int_equal(reason, cut < headers ? KA_UNDECODED_TRUNCATED : KA_DECODED);
                if (reason != KA_DECODED)
                    continue;
                assert_int_equal(packet.tcp.seq, segment.seq);
                assert_int_equal(packet.tcp.flags, segment.flags);
                assert_int_equal(packet.tcp.window, segment.window);
                assert_int_equal(packet.tcp.length, 40);
                size_t captured = cut < whole - 40 ? 0 : cut - (whole - 40);
                assert_int_equal(packet.payload_captured, captured);
                assert_int_equal(packet.tcp.options, cut < whole - 40 ? 0 : KA_OPTION_TIMESTAMPS);
            }
        }
    }
}

static void a_length_of_zero_is_guessed_from_the_frame(void **state)
{
    (void)state;
    struct ka_craft craft;
    struct ka_packet packet;

    for (size_t i = 0; i < COUNT(ips); i++) {
        struct ka_craft_ip ip = ips[i];
        ip.has_zero_length = true;
        ka_craft_start(&craft);
        ka_craft_ethernet(&craft);
        craft_inside(&craft, &ip, 64);
        assert_int_equal(decode(&craft, 1, &packet), KA_DECODED);
        assert_true(packet.length_guessed);
        assert_int_equal(packet.tcp.length, 64);
        assert_int_equal(decode_cut(&craft, 1, 90, &packet), KA_DECODED);
        assert_int_equal(packet.tcp.length, 64);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_is_found_in_every_encapsulation),
        cmocka_unit_test(padding_is_never_payload),
        cmocka_unit_test(a_cut_frame_says_the_same_or_that_it_is_cut),
        cmocka_unit_test(a_length_of_zero_is_guessed_from_the_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
