/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Link layers: what a frame of each link type begins with. The numbers are the LINKTYPE_ values of
 * capture files (https://www.tcpdump.org/linktypes.html). Ethernet after IEEE 802.3, tags after
 * IEEE 802.1Q, LLC and SNAP after IEEE 802.2 and RFC 1042, PPP after RFC 1661 and RFC 1662.
 */
#include "decode/layer.h"

enum {
    LINK_PPP = 9,
    LINK_DLT_RAW = 12,
    LINK_DLT_RAW_OPENBSD = 14,
    LINK_PPP_HDLC = 50,
    LINK_PPP_ETHER = 51,
    LINK_LINUX_SLL = 113,
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_LINUX_SLL2 = 276,
};

enum {
    ETHERTYPE_IPV4 = 0x0800,
    ETHERTYPE_IPV6 = 0x86dd,
    ETHERTYPE_LEAST = 0x0600, /* below: a length, and LLC follows */
    LENGTH_MOST = 1500,
    ARPHRD_NETLINK = 824,
};

static ka_layer layer_loopback;
static ka_layer layer_sll;
static ka_layer layer_sll2;

static const struct {
    uint16_t link_type;
    ka_layer *first;
} links[] = {
    {KA_LINKTYPE_ETHERNET, ka_layer_ethernet},
    {LINK_LINUX_SLL, layer_sll},
    {LINK_LINUX_SLL2, layer_sll2},
    {KA_LINKTYPE_RAW, ka_layer_ip},
    {KA_LINKTYPE_NULL, layer_loopback},
    {KA_LINKTYPE_LOOP, layer_loopback},
    {LINK_PPP, ka_layer_ppp},
    {LINK_PPP_HDLC, ka_layer_ppp},
    {LINK_PPP_ETHER, ka_layer_pppoe},
    {LINK_IPV4, ka_layer_ipv4},
    {LINK_IPV6, ka_layer_ipv6},
    {LINK_DLT_RAW, ka_layer_ip},
    {LINK_DLT_RAW_OPENBSD, ka_layer_ip},
};

ka_layer *ka_layer_of_link(uint16_t link_type)
{
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
        if (links[i].link_type == link_type)
            return links[i].first;
    return NULL;
}

enum ka_undecoded ka_layer_ethernet(struct ka_walk *walk)
{
    struct ka_reader header;
    uint16_t type;

    if (!ka_read_window(&walk->bytes, 14, &header))
        return KA_UNDECODED_TRUNCATED;
    ka_skip(&header, 12);
    ka_read_be16(&header, &type);

    if (type == ETHERTYPE_IPV4) {
        walk->next = ka_layer_ipv4;
        return KA_DECODED;
    }
    if (type >= ETHERTYPE_LEAST)
        return ka_layer_enter(walk, KA_BY_ETHERTYPE, type);
    if (type > LENGTH_MOST)
        return KA_UNDECODED_ETHERTYPE;
    walk->next = ka_layer_llc;
    return KA_DECODED;
}

enum ka_undecoded ka_layer_vlan(struct ka_walk *walk)
{
    struct ka_packet *packet = walk->packet;
    struct ka_reader header;
    uint16_t tag, type;

    if (!ka_read_window(&walk->bytes, 4, &header))
        return KA_UNDECODED_TRUNCATED;
    ka_read_be16(&header, &tag);
    ka_read_be16(&header, &type);
    if (packet->vlan_count < KA_VLAN_MAX)
        packet->vlan[packet->vlan_count++] = tag & 0x0fff;

    if (type >= ETHERTYPE_LEAST)
        return ka_layer_enter(walk, KA_BY_ETHERTYPE, type);
    walk->next = ka_layer_llc;
    return KA_DECODED;
}

enum ka_undecoded ka_layer_llc(struct ka_walk *walk)
{
    uint8_t target, source, control;
    uint32_t organisation_and_high;
    uint8_t low;
    struct ka_reader bytes = walk->bytes;

    if (!ka_read_u8(&bytes, &target) || !ka_read_u8(&bytes, &source) ||
        !ka_read_u8(&bytes, &control))
        return KA_UNDECODED_TRUNCATED;
    if (control != 3 || target != source)
        return KA_UNDECODED_ETHERTYPE;
    if (target == 0x06) { /* the LSAP of IP */
        walk->bytes = bytes;
        walk->next = ka_layer_ipv4;
        return KA_DECODED;
    }
    if (target != 0xaa)
        return KA_UNDECODED_ETHERTYPE;
    if (!ka_read_be32(&bytes, &organisation_and_high) || !ka_read_u8(&bytes, &low))
        return KA_UNDECODED_TRUNCATED;
    uint32_t organisation = organisation_and_high >> 8;
    if (organisation != 0 && organisation != 0x0000f8) /* the latter: bridged, IEEE 802.1H */
        return KA_UNDECODED_ETHERTYPE;
    walk->bytes = bytes;
    return ka_layer_enter(walk, KA_BY_ETHERTYPE,
                          (uint16_t)((organisation_and_high & 0xff) << 8 | low));
}

/* Linux cooked capture, version 1. */
static enum ka_undecoded layer_sll(struct ka_walk *walk)
{
    struct ka_reader header;
    uint16_t hardware, protocol;

    if (!ka_read_window(&walk->bytes, 16, &header))
        return KA_UNDECODED_TRUNCATED;
    ka_skip(&header, 2);
    ka_read_be16(&header, &hardware);
    ka_skip(&header, 10);
    ka_read_be16(&header, &protocol);
    if (hardware == ARPHRD_NETLINK) /* the field holds a netlink family there */
        return KA_UNDECODED_ETHERTYPE;
    return ka_layer_enter(walk, KA_BY_ETHERTYPE, protocol);
}

/* Linux cooked capture, version 2. */
static enum ka_undecoded layer_sll2(struct ka_walk *walk)
{
    struct ka_reader header;
    uint16_t hardware, protocol;

    if (!ka_read_window(&walk->bytes, 20, &header))
        return KA_UNDECODED_TRUNCATED;
    ka_read_be16(&header, &protocol);
    ka_skip(&header, 6);
    ka_read_be16(&header, &hardware);
    if (hardware == ARPHRD_NETLINK)
        return KA_UNDECODED_ETHERTYPE;
    return ka_layer_enter(walk, KA_BY_ETHERTYPE, protocol);
}

/* BSD loopback: an address family in the byte order of the capturing machine (NULL) or big endian
 * (LOOP). Families are small numbers, so either order is told from the other. */
static enum ka_undecoded layer_loopback(struct ka_walk *walk)
{
    static const struct {
        uint32_t family;
        ka_layer *next;
    } families[] = {
        {2, ka_layer_ipv4},  /* AF_INET everywhere */
        {10, ka_layer_ipv6}, /* AF_INET6 on Linux */
        {24, ka_layer_ipv6}, /* on NetBSD and OpenBSD */
        {28, ka_layer_ipv6}, /* on FreeBSD */
        {30, ka_layer_ipv6}, /* on macOS */
    };
    uint32_t family;

    if (!ka_read_be32(&walk->bytes, &family))
        return KA_UNDECODED_TRUNCATED;
    if (family > UINT16_MAX)
        family = __builtin_bswap32(family);
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        if (families[i].family == family) {
            walk->next = families[i].next;
            return KA_DECODED;
        }
    }
    return KA_UNDECODED_ETHERTYPE;
}

enum ka_undecoded ka_layer_ppp(struct ka_walk *walk)
{
    enum { FRAMING = 0xff03, CISCO_UNICAST = 0x0f00, CISCO_BROADCAST = 0x8f00 };
    struct ka_reader peek = walk->bytes;
    uint16_t protocol;
    uint8_t first, second;

    if (!ka_read_be16(&peek, &protocol))
        return KA_UNDECODED_TRUNCATED;
    if (protocol == CISCO_UNICAST || protocol == CISCO_BROADCAST) {
        if (!ka_read_be16(&peek, &protocol))
            return KA_UNDECODED_TRUNCATED;
        walk->bytes = peek;
        return ka_layer_enter(walk, KA_BY_ETHERTYPE, protocol);
    }
    if (protocol == FRAMING)
        walk->bytes = peek;
    /* An odd first byte is a whole protocol number, compressed (RFC 1661 6.5). */
    if (!ka_read_u8(&walk->bytes, &first))
        return KA_UNDECODED_TRUNCATED;
    if (first & 1)
        return ka_layer_enter(walk, KA_BY_PPP, first);
    if (!ka_read_u8(&walk->bytes, &second))
        return KA_UNDECODED_TRUNCATED;
    return ka_layer_enter(walk, KA_BY_PPP, (uint16_t)(first << 8 | second));
}
