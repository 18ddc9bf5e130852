/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From frames to packets: what plain and encapsulated TCP gives, and why other frames give nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode/layer.h"
#include "events/field.h"
#include "tests/build/encapsulations.h"
#include "tests/unit/exact.h"

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

static enum ka_undecoded decode(const struct ka_craft *craft, uint16_t link_type,
                                struct ka_packet *packet)
{
    return ka_exact_decode(craft, link_type, craft->out.used, packet);
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

static void tcp_is_found_in_every_encapsulation(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 20};
    struct ka_craft craft;
    struct ka_packet packet;

    for (size_t i = 0; i < ka_encapsulation_count; i++) {
        const struct ka_encapsulation *row = &ka_encapsulations[i];
        for (size_t j = 0; j < COUNT(ips) * COUNT(lengths); j++) {
            const struct ka_craft_ip *ip = &ips[j % COUNT(ips)];
            size_t length = lengths[j / COUNT(ips)];
            ka_craft_start(&craft);
            row->craft(&craft);
            craft_inside(&craft, ip, length);
            enum ka_undecoded reason = decode(&craft, row->link_type, &packet);
            if (reason != KA_DECODED)
                fail_msg("%s, IPv%d: %s", row->name, ip->version, ka_event_undecoded_name(reason));
            assert_inside(&packet, ip, length);
            assert_int_equal(packet.tunnel_type, row->tunnel);
            assert_int_equal(packet.tunnel_id, row->tunnel_id);
            assert_int_equal(packet.vlan_count, row->vlan_count);
            assert_memory_equal(packet.vlan, row->vlan, sizeof(row->vlan));
            assert_non_null(ka_layer_of_link(row->link_type));
        }
    }
}

static void padding_is_never_payload(void **state)
{
    (void)state;
    static const uint8_t padding[32] = {0x55, 0x55};
    struct ka_craft craft;
    struct ka_packet packet;

    for (size_t i = 0; i < ka_encapsulation_count; i++) {
        for (size_t j = 0; j < COUNT(ips); j++) {
            ka_craft_start(&craft);
            ka_encapsulations[i].craft(&craft);
            craft_inside(&craft, &ips[j], 1);
            ka_craft_raw(&craft, padding, sizeof(padding));
            assert_int_equal(decode(&craft, ka_encapsulations[i].link_type, &packet), KA_DECODED);
            assert_inside(&packet, &ips[j], 1);
        }
    }
}

static void a_cut_frame_says_the_same_or_that_it_is_cut(void **state)
{
    (void)state;
    struct ka_craft craft;
    struct ka_packet packet;

    for (size_t i = 0; i < ka_encapsulation_count; i++) {
        for (size_t j = 0; j < COUNT(ips); j++) {
            ka_craft_start(&craft);
            ka_encapsulations[i].craft(&craft);
            craft_inside(&craft, &ips[j], 40);
            size_t whole = craft.out.used, headers = whole - 40 - sizeof(usual_options);
            for (size_t cut = 0; cut <= whole; cut++) {
                enum ka_undecoded reason =
                    ka_exact_decode(&craft, ka_encapsulations[i].link_type, cut, &packet);
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

/* What the segment is, whatever it came through. */
static void assert_alike(const struct ka_packet *one, const struct ka_packet *other)
{
    assert_int_equal(one->kind, other->kind);
    assert_int_equal(one->family, other->family);
    assert_memory_equal(one->src, other->src, 16);
    assert_memory_equal(one->dst, other->dst, 16);
    assert_int_equal(one->src_port, other->src_port);
    assert_int_equal(one->dst_port, other->dst_port);
    assert_int_equal(one->ttl, other->ttl);
    assert_int_equal(one->ip_id, other->ip_id);
    assert_int_equal(one->ip_length, other->ip_length);
    assert_int_equal(one->dont_fragment, other->dont_fragment);
    assert_int_equal(one->length_guessed, other->length_guessed);
    assert_int_equal(one->payload_captured, other->payload_captured);
    assert_int_equal(one->tcp.seq, other->tcp.seq);
    assert_int_equal(one->tcp.ack, other->tcp.ack);
    assert_int_equal(one->tcp.flags, other->tcp.flags);
    assert_int_equal(one->tcp.window, other->tcp.window);
    assert_int_equal(one->tcp.length, other->tcp.length);
    assert_int_equal(one->tcp.options, other->tcp.options);
    assert_int_equal(one->tcp.mss, other->tcp.mss);
    assert_int_equal(one->tcp.wscale, other->tcp.wscale);
    assert_int_equal(one->tcp.tsval, other->tcp.tsval);
    assert_int_equal(one->tcp.tsecr, other->tcp.tsecr);
    assert_int_equal(one->tcp.sack_left, other->tcp.sack_left);
    assert_int_equal(one->tcp.sack_right, other->tcp.sack_right);
}

static size_t craft_padded(struct ka_craft *craft, bool ethernet, const struct ka_craft_ip *ip,
                           const struct ka_craft_tcp *tcp)
{
    static const uint8_t payload[5] = "data", padding[3] = {0x55};

    ka_craft_start(craft);
    if (ethernet)
        ka_craft_ethernet(craft);
    ka_craft_ip(craft, ip);
    ka_craft_tcp(craft, tcp);
    ka_craft_payload(craft, payload, sizeof(payload));
    assert_int_not_equal(ka_craft_finish(craft), 0);
    ka_craft_raw(craft, padding, sizeof(padding));
    return craft->out.used;
}

/* Frames of Ethernet take a short cut (decode.c), those that begin with the IP header do not. */
static void the_short_cut_gives_what_the_layers_give(void **state)
{
    (void)state;
    enum { LINK_SIZE = 14 };
    static const struct {
        size_t length;
        uint8_t bytes[20];
    } options[] = {
        {0, {0}},
        {12, {1, 1, 8, 10, 0, 0, 1, 0, 0, 0, 2, 0}},
        {20, {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 3, 3, 7}},
        {12, {1, 1, 5, 10, 0, 0, 4, 0, 0, 0, 5, 0}},
        {8, {3, 3, 2, 8, 10, 0, 0, 0}}, /* the second is longer than the list */
    };
    struct ka_craft framed, bare;
    struct ka_packet short_cut, layers;

    for (size_t i = 0; i < COUNT(ips) * COUNT(options); i++) {
        const struct ka_craft_ip *ip = &ips[i / COUNT(options)];
        struct ka_craft_tcp tcp = segment;
        tcp.options = options[i % COUNT(options)].bytes;
        tcp.options_length = options[i % COUNT(options)].length;
        size_t whole = craft_padded(&framed, true, ip, &tcp);
        assert_int_equal(craft_padded(&bare, false, ip, &tcp), whole - LINK_SIZE);
        for (size_t cut = LINK_SIZE; cut <= whole; cut++) {
            enum ka_undecoded reason =
                ka_exact_decode(&framed, KA_LINKTYPE_ETHERNET, cut, &short_cut);
            assert_int_equal(reason,
                             ka_exact_decode(&bare, KA_LINKTYPE_RAW, cut - LINK_SIZE, &layers));
            if (reason == KA_DECODED)
                assert_alike(&short_cut, &layers);
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
        assert_int_equal(ka_exact_decode(&craft, 1, 90, &packet), KA_DECODED);
        assert_int_equal(packet.tcp.length, 64);
    }
}

static void padding_after_pppoe_is_known_without_the_ip_length(void **state)
{
    (void)state;
    struct ka_craft craft;
    struct ka_packet packet;

    for (size_t i = 0; i < COUNT(ips); i++) {
        struct ka_craft_ip ip = ips[i];
        ip.has_zero_length = true;
        ka_craft_start(&craft);
        ka_craft_ethernet(&craft);
        ka_craft_pppoe(&craft, 1);
        ka_craft_ppp(&craft, false, false);
        craft_inside(&craft, &ip, 3);
        ka_craft_raw(&craft, "padding", 7);
        assert_int_equal(decode(&craft, 1, &packet), KA_DECODED);
        assert_int_equal(packet.tcp.length, 3);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_is_found_in_every_encapsulation),
        cmocka_unit_test(padding_is_never_payload),
        cmocka_unit_test(a_cut_frame_says_the_same_or_that_it_is_cut),
        cmocka_unit_test(the_short_cut_gives_what_the_layers_give),
        cmocka_unit_test(a_length_of_zero_is_guessed_from_the_frame),
        cmocka_unit_test(padding_after_pppoe_is_known_without_the_ip_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
