/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/build/encapsulations.h"

static void outer_ip(struct ka_craft *craft, uint8_t version)
{
    ka_craft_ip(craft, &(struct ka_craft_ip){.version = version, .src = {9, 9}, .dst = {8, 8}});
}

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

const struct ka_encapsulation ka_encapsulations[] = {
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

const size_t ka_encapsulation_count = sizeof(ka_encapsulations) / sizeof(ka_encapsulations[0]);
