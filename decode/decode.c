/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The loop over the layers of a frame, and the names of what comes out.
 */
#include "decode/decode.h"

#include "decode/layer.h"

enum ka_undecoded ka_decode(const struct ka_frame *frame, struct ka_packet *packet)
{
    struct ka_walk walk = {
        .bytes = ka_reader_make(frame->data, frame->captured),
        .missing = frame->length > frame->captured ? frame->length - frame->captured : 0,
        .next = ka_layer_of_link(frame->link_type),
        .packet = packet,
    };

    if (!walk.next)
        return KA_UNDECODED_LINK;
    packet->frame = frame;
    packet->length_guessed = false;
    packet->vlan_count = 0;
    packet->tunnel_type = KA_TUNNEL_NONE;
    packet->tunnel_id = 0;
    memset(packet->vlan, 0, sizeof(packet->vlan));

    for (int depth = 0; depth < KA_LAYERS_MAX; depth++) {
        enum ka_undecoded reason = walk.next(&walk);
        if (reason != KA_DECODED || !walk.next)
            return reason;
    }
    return KA_UNDECODED_TUNNEL;
}

const char *ka_undecoded_name(enum ka_undecoded reason)
{
    static const char *const names[KA_UNDECODED_COUNT] = {
        [KA_DECODED] = "decoded",
        [KA_UNDECODED_LINK] = "link-type",
        [KA_UNDECODED_ETHERTYPE] = "ethertype",
        [KA_UNDECODED_PROTOCOL] = "protocol",
        [KA_UNDECODED_ICMP] = "icmp",
        [KA_UNDECODED_FRAGMENT] = "fragment",
        [KA_UNDECODED_TRUNCATED] = "truncated",
        [KA_UNDECODED_IP] = "ip-header",
        [KA_UNDECODED_EXTENSION] = "extension-headers",
        [KA_UNDECODED_TCP] = "tcp-header",
        [KA_UNDECODED_TUNNEL] = "tunnel",
        [KA_UNDECODED_ENCRYPTED] = "encrypted",
    };
    return names[reason];
}

bool ka_decode_knows_link(uint16_t link_type)
{
    return ka_layer_of_link(link_type) != NULL;
}

const char *ka_tunnel_name(enum ka_tunnel_type type)
{
    static const char *const names[] = {
        [KA_TUNNEL_NONE] = NULL,     [KA_TUNNEL_GRE] = "gre",       [KA_TUNNEL_IPIP] = "ipip",
        [KA_TUNNEL_VXLAN] = "vxlan", [KA_TUNNEL_GENEVE] = "geneve", [KA_TUNNEL_MPLS] = "mpls",
        [KA_TUNNEL_PPPOE] = "pppoe",
    };
    return names[type];
}
