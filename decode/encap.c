/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What may stand inside what: one row for each encapsulation, in the number space in which the
 * header before it names it. Adding one is a row here and its layer in tunnel.c.
 */
#include "decode/layer.h"

struct encapsulation {
    uint16_t number;
    uint8_t tunnel; /* enum ka_tunnel_type */
    ka_layer *layer;
};

static const struct encapsulation ethertypes[] = {
    {0x0800, KA_TUNNEL_NONE, ka_layer_ipv4},
    {0x86dd, KA_TUNNEL_NONE, ka_layer_ipv6},
    {0x8100, KA_TUNNEL_NONE, ka_layer_vlan}, /* 802.1Q */
    {0x88a8, KA_TUNNEL_NONE, ka_layer_vlan}, /* 802.1ad, QinQ */
    {0x9100, KA_TUNNEL_NONE, ka_layer_vlan}, /* QinQ before the standard */
    {0x8847, KA_TUNNEL_MPLS, ka_layer_mpls},
    {0x8848, KA_TUNNEL_MPLS, ka_layer_mpls}, /* multicast, or upstream-assigned (RFC 5332) */
    {0x8864, KA_TUNNEL_PPPOE, ka_layer_pppoe},
    {0x6558, KA_TUNNEL_NONE, ka_layer_ethernet}, /* transparent Ethernet bridging, in GRE */
    {0x88be, KA_TUNNEL_NONE, ka_layer_erspan2},
    {0x22eb, KA_TUNNEL_NONE, ka_layer_erspan3},
    {0x880b, KA_TUNNEL_NONE, ka_layer_ppp}, /* in GRE version 1 */
    {0x0004, KA_TUNNEL_NONE, ka_layer_llc}, /* in Linux cooked captures */
};

static const struct encapsulation protocols[] = {
    {6, KA_TUNNEL_NONE, ka_layer_tcp},
    {17, KA_TUNNEL_NONE, ka_layer_udp},
    {1, KA_TUNNEL_NONE, ka_layer_icmp},
    {58, KA_TUNNEL_NONE, ka_layer_icmp6},
    {4, KA_TUNNEL_IPIP, ka_layer_ipv4},  /* RFC 2003, RFC 2473 */
    {41, KA_TUNNEL_IPIP, ka_layer_ipv6}, /* RFC 4213, RFC 2473 */
    {47, KA_TUNNEL_GRE, ka_layer_gre},
    {50, KA_TUNNEL_NONE, ka_layer_encrypted}, /* ESP (RFC 4303) */
    {51, KA_TUNNEL_NONE, ka_layer_auth},
    {137, KA_TUNNEL_MPLS, ka_layer_mpls}, /* RFC 4023 */
};

static const struct encapsulation udp_ports[] = {
    {4789, KA_TUNNEL_VXLAN, ka_layer_vxlan},
    {8472, KA_TUNNEL_VXLAN, ka_layer_vxlan}, /* Linux before the port was assigned */
    {6081, KA_TUNNEL_GENEVE, ka_layer_geneve},
};

static const struct encapsulation ppp_protocols[] = {
    {0x0021, KA_TUNNEL_NONE, ka_layer_ipv4},
    {0x0057, KA_TUNNEL_NONE, ka_layer_ipv6},      /* RFC 5072 */
    {0x0281, KA_TUNNEL_MPLS, ka_layer_mpls},      /* RFC 3032 */
    {0x0283, KA_TUNNEL_MPLS, ka_layer_mpls},      /* multicast */
    {0x0053, KA_TUNNEL_NONE, ka_layer_encrypted}, /* RFC 1968 */
    {0x00fd, KA_TUNNEL_NONE, ka_layer_encrypted}, /* compressed, or MPPE (RFC 3078) */
};

#define SPACE(rows, reason)                                                                        \
    {                                                                                              \
        rows, sizeof(rows) / sizeof((rows)[0]), reason                                             \
    }

static const struct {
    const struct encapsulation *rows;
    size_t count;
    enum ka_undecoded unknown;
} spaces[KA_NUMBER_SPACES] = {
    [KA_BY_ETHERTYPE] = SPACE(ethertypes, KA_UNDECODED_ETHERTYPE),
    [KA_BY_PROTOCOL] = SPACE(protocols, KA_UNDECODED_PROTOCOL),
    [KA_BY_UDP_PORT] = SPACE(udp_ports, KA_UNDECODED_PROTOCOL),
    [KA_BY_PPP] = SPACE(ppp_protocols, KA_UNDECODED_ETHERTYPE),
};

enum ka_undecoded ka_layer_enter(struct ka_walk *walk, enum ka_number_space space, uint16_t number)
{
    for (size_t i = 0; i < spaces[space].count; i++) {
        const struct encapsulation *row = &spaces[space].rows[i];
        if (row->number != number)
            continue;
        walk->next = row->layer;
        if (row->tunnel != KA_TUNNEL_NONE) {
            walk->packet->tunnel_type = row->tunnel;
            walk->packet->tunnel_id = 0;
        }
        return KA_DECODED;
    }
    return spaces[space].unknown;
}
