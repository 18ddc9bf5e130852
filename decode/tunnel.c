/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Tunnels, a layer each: PPPoE (RFC 2516), MPLS (RFC 3032, RFC 4385), GRE (RFC 2784, RFC 2890,
 * RFC 2637), ERSPAN (draft-foschiano-erspan), VXLAN (RFC 7348), GENEVE (RFC 8926). The row that led
 * here has set the tunnel's type; the layer sets its id.
 */
#include "decode/layer.h"

enum ka_undecoded ka_layer_encrypted(struct ka_walk *walk)
{
    (void)walk;
    return KA_UNDECODED_ENCRYPTED;
}

enum ka_undecoded ka_layer_pppoe(struct ka_walk *walk)
{
    enum { VERSION_AND_TYPE = 0x11, SESSION_DATA = 0 };
    struct ka_reader header;
    uint8_t version_and_type, code;
    uint16_t session, length;

    if (!ka_read_window(&walk->bytes, 6, &header))
        return ka_walk_short(walk, KA_UNDECODED_TUNNEL);
    ka_read_u8(&header, &version_and_type);
    ka_read_u8(&header, &code);
    ka_read_be16(&header, &session);
    ka_read_be16(&header, &length);
    if (version_and_type != VERSION_AND_TYPE)
        return KA_UNDECODED_TUNNEL;
    if (code != SESSION_DATA)
        return KA_UNDECODED_ETHERTYPE;
    /* Also reached straight from the link type, hence no row has named the tunnel. */
    walk->packet->tunnel_type = KA_TUNNEL_PPPOE;
    walk->packet->tunnel_id = session;
    if (length < ka_walk_wire(walk))
        ka_walk_limit(walk, length);
    walk->next = ka_layer_ppp;
    return KA_DECODED;
}

enum ka_undecoded ka_layer_mpls(struct ka_walk *walk)
{
    enum { LABELS_MAX = 16, BOTTOM = 0x100 };
    uint32_t entry = 0;
    struct ka_reader peek;
    uint8_t first;

    for (int labels = 0; !(entry & BOTTOM); labels++) {
        if (labels == LABELS_MAX)
            return KA_UNDECODED_TUNNEL;
        if (!ka_read_be32(&walk->bytes, &entry))
            return ka_walk_short(walk, KA_UNDECODED_TUNNEL);
    }
    walk->packet->tunnel_id = entry >> 12;

    /* Nothing names what follows: the first nibble tells IP from a pseudowire (RFC 4928). */
    peek = walk->bytes;
    if (!ka_read_u8(&peek, &first))
        return ka_walk_short(walk, KA_UNDECODED_TUNNEL);
    switch (first >> 4) {
    case 4:
    case 6:
        walk->next = ka_layer_ip;
        return KA_DECODED;
    case 0: /* the control word of RFC 4385, then Ethernet as a rule */
        if (!ka_skip(&walk->bytes, 4))
            return ka_walk_short(walk, KA_UNDECODED_TUNNEL);
        walk->next = ka_layer_ethernet;
        return KA_DECODED;
    default:
        return KA_UNDECODED_ETHERTYPE;
    }
}

enum ka_undecoded ka_layer_gre(struct ka_walk *walk)
{
    enum {
        CHECKSUM = 0x8000,
        ROUTING = 0x4000,
        KEY = 0x2000,
        SEQUENCE = 0x1000,
        ACKNOWLEDGEMENT = 0x0080, /* version 1 only */
        VERSION = 0x0007,
    };
    uint16_t flags, type;
    uint32_t key = 0;
    struct ka_reader header;

    if (!ka_read_be16(&walk->bytes, &flags) || !ka_read_be16(&walk->bytes, &type))
        return ka_walk_short(walk, KA_UNDECODED_TUNNEL);
    unsigned version = flags & VERSION;
    if (version > 1 || flags & ROUTING || (version == 1 && !(flags & KEY)))
        return KA_UNDECODED_TUNNEL;
    size_t length = (flags & CHECKSUM ? 4 : 0) + (flags & KEY ? 4 : 0) + (flags & SEQUENCE ? 4 : 0);
    if (version == 1 && flags & ACKNOWLEDGEMENT)
        length += 4;
    if (!ka_read_window(&walk->bytes, length, &header))
        return ka_walk_short(walk, KA_UNDECODED_TUNNEL);
    if (flags & CHECKSUM)
        ka_skip(&header, 4);
    if (flags & KEY)
        ka_read_be32(&header, &key);
    /* Version 1 has a length and a call number there; the calls of the two directions differ. */
    walk->packet->tunnel_id = version == 0 ? key : 0;

    enum { ERSPAN = 0x88be };
    if (type == ERSPAN && !(flags & SEQUENCE)) { /* type I has no header of its own */
        walk->next = ka_layer_ethernet;
        return KA_DECODED;
    }
    return ka_layer_enter(walk, KA_BY_ETHERTYPE, type);
}

enum ka_undecoded ka_layer_erspan2(struct ka_walk *walk)
{
    if (!ka_skip(&walk->bytes, 8))
        return ka_walk_short(walk, KA_UNDECODED_TUNNEL);
    walk->next = ka_layer_ethernet;
    return KA_DECODED;
}

enum ka_undecoded ka_layer_erspan3(struct ka_walk *walk)
{
    struct ka_reader header;
    uint8_t last;

    if (!ka_read_window(&walk->bytes, 12, &header))
        return ka_walk_short(walk, KA_UNDECODED_TUNNEL);
    ka_skip(&header, 11);
    ka_read_u8(&header, &last);
    if (last & 1 && !ka_skip(&walk->bytes, 8)) /* the platform-specific subheader */
        return ka_walk_short(walk, KA_UNDECODED_TUNNEL);
    walk->next = ka_layer_ethernet;
    return KA_DECODED;
}

enum ka_undecoded ka_layer_udp(struct ka_walk *walk)
{
    struct ka_reader header;
    uint16_t port;

    if (!ka_read_window(&walk->bytes, 8, &header))
        return ka_walk_short(walk, KA_UNDECODED_PROTOCOL);
    ka_skip(&header, 2);
    ka_read_be16(&header, &port);
    return ka_layer_enter(walk, KA_BY_UDP_PORT, port);
}

enum ka_undecoded ka_layer_vxlan(struct ka_walk *walk)
{
    enum { HAS_VNI = 0x08 };
    struct ka_reader header;
    uint8_t flags;
    uint32_t vni;

    if (!ka_read_window(&walk->bytes, 8, &header))
        return ka_walk_short(walk, KA_UNDECODED_TUNNEL);
    ka_read_u8(&header, &flags);
    ka_skip(&header, 3);
    ka_read_be32(&header, &vni);
    if (!(flags & HAS_VNI))
        return KA_UNDECODED_TUNNEL;
    walk->packet->tunnel_id = vni >> 8;
    walk->next = ka_layer_ethernet;
    return KA_DECODED;
}

enum ka_undecoded ka_layer_geneve(struct ka_walk *walk)
{
    struct ka_reader header;
    uint8_t version_and_length;
    uint16_t type;
    uint32_t vni;

    if (!ka_read_window(&walk->bytes, 8, &header))
        return ka_walk_short(walk, KA_UNDECODED_TUNNEL);
    ka_read_u8(&header, &version_and_length);
    ka_skip(&header, 1);
    ka_read_be16(&header, &type);
    ka_read_be32(&header, &vni);
    if (version_and_length >> 6 != 0)
        return KA_UNDECODED_TUNNEL;
    if (!ka_skip(&walk->bytes, (size_t)(version_and_length & 0x3f) * 4))
        return ka_walk_short(walk, KA_UNDECODED_TUNNEL);
    walk->packet->tunnel_id = vni >> 8;
    return ka_layer_enter(walk, KA_BY_ETHERTYPE, type);
}
