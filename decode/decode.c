/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The loop over the layers of a frame, with a short cut for the usual frame.
 */
#include "decode/decode.h"

#include "decode/layer.h"

/* Nearly every frame of nearly every capture: Ethernet, IPv4 without options or fragments, TCP with
 * no options or (RFC 7323 appendix A) timestamps alone. Read with one check of the length; the
 * layers would give the same. False, with nothing of use in *packet, for any other frame. */
static bool decode_usual(const struct ka_frame *frame, struct ka_packet *packet)
{
    enum {
        ETHERNET = 1,
        LINK_SIZE = 14,
        IP_SIZE = 20,
        IPV4 = 0x0800,
        IPV4_SIMPLE = 0x45, /* version 4, five words */
    };
    struct ka_reader bytes = ka_reader_make(frame->data, frame->captured);
    struct ka_reader header, options;
    struct ka_tcp *tcp = &packet->tcp;
    uint8_t version, protocol;
    uint16_t type, total, fragment;

    if (frame->link_type != ETHERNET ||
        !ka_read_window(&bytes, LINK_SIZE + IP_SIZE + KA_TCP_FIXED_SIZE, &header))
        return false;
    ka_skip(&header, 12);
    ka_read_be16(&header, &type);
    ka_read_u8(&header, &version);
    ka_skip(&header, 1);
    ka_read_be16(&header, &total);
    ka_read_be16(&header, &packet->ip_id);
    ka_read_be16(&header, &fragment);
    ka_read_u8(&header, &packet->ttl);
    ka_read_u8(&header, &protocol);
    ka_skip(&header, 2);
    if (type != IPV4 || version != IPV4_SIMPLE || protocol != KA_PROTOCOL_TCP ||
        (fragment & (KA_IPV4_MORE_FRAGMENTS | KA_IPV4_OFFSET)) != 0 ||
        total > frame->length - LINK_SIZE)
        return false;
    memset(packet->src, 0, sizeof(packet->src));
    memset(packet->dst, 0, sizeof(packet->dst));
    ka_read_bytes(&header, packet->src, 4);
    ka_read_bytes(&header, packet->dst, 4);
    size_t headers = IP_SIZE + KA_TCP_FIXED_SIZE;
    unsigned words = ka_tcp_fixed_read(&header, packet);
    if (words == (KA_TCP_FIXED_SIZE + KA_TCP_STAMPS_SIZE) / 4) {
        headers += KA_TCP_STAMPS_SIZE;
        if (!ka_read_window(&bytes, KA_TCP_STAMPS_SIZE, &options) ||
            !ka_tcp_stamps_read(options, tcp))
            return false;
    } else if (words != KA_TCP_FIXED_SIZE / 4) {
        return false;
    }
    if (total < headers)
        return false;
    tcp->length = (uint32_t)(total - headers);
    ka_reader_limit(&bytes, tcp->length); /* what follows is padding */
    packet->payload = bytes.at;
    packet->payload_captured = (uint32_t)bytes.left;
    packet->kind = KA_PACKET_TCP;
    packet->family = 4;
    packet->dont_fragment = (fragment & KA_IPV4_DONT_FRAGMENT) != 0;
    packet->ip_length = total;
    return true;
}

enum ka_undecoded ka_decode(const struct ka_frame *frame, struct ka_packet *packet)
{
    packet->frame = frame;
    packet->length_guessed = false;
    packet->vlan_count = 0;
    packet->tunnel_type = KA_TUNNEL_NONE;
    packet->tunnel_id = 0;
    memset(packet->vlan, 0, sizeof(packet->vlan));
    if (decode_usual(frame, packet))
        return KA_DECODED;

    struct ka_walk walk = {
        .bytes = ka_reader_make(frame->data, frame->captured),
        .missing = frame->length > frame->captured ? frame->length - frame->captured : 0,
        .next = ka_layer_of_link(frame->link_type),
        .packet = packet,
    };

    if (!walk.next)
        return KA_UNDECODED_LINK;

    for (int depth = 0; depth < KA_LAYERS_MAX; depth++) {
        enum ka_undecoded reason = walk.next(&walk);
        if (reason != KA_DECODED || !walk.next)
            return reason;
    }
    return KA_UNDECODED_TUNNEL;
}
