/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The loop over the layers of a frame, with a short cut for the usual frame.
 */
#include "decode/decode.h"

#include "decode/layer.h"

/* The usual frame, nearly every one of nearly every capture: Ethernet, IPv4 without options or
 * fragments or IPv6 without extension headers, TCP; all of its headers captured. The layers would
 * give the same, one by one. False, with nothing of use in *packet, for any other frame. */

enum { ETHERNET_SIZE = 14, IPV4_SIZE = 20, IPV6_SIZE = 40 };

/* `wire` bytes of TCP, of which *bytes holds those captured, and perhaps padding. */
static bool decode_usual_tcp(struct ka_reader bytes, size_t wire, struct ka_packet *packet)
{
    struct ka_reader header, options;
    struct ka_tcp *tcp = &packet->tcp;

    if (!ka_read_window(&bytes, KA_TCP_FIXED_SIZE, &header))
        return false;
    size_t length = (size_t)ka_tcp_fixed_read(&header, packet) * 4;
    if (length < KA_TCP_FIXED_SIZE || length > wire ||
        !ka_read_window(&bytes, length - KA_TCP_FIXED_SIZE, &options))
        return false;
    if (options.left > 0 && !ka_tcp_stamps_read(options, tcp))
        ka_tcp_options_read(options, tcp);
    tcp->length = (uint32_t)(wire - length);
    ka_reader_limit(&bytes, tcp->length); /* what follows is padding */
    packet->payload = bytes.at;
    packet->payload_captured = (uint32_t)bytes.left;
    packet->kind = KA_PACKET_TCP;
    return true;
}

static bool decode_usual_ipv4(struct ka_reader bytes, size_t wire, struct ka_packet *packet)
{
    enum { SIMPLE = 0x45 }; /* version 4, five words */
    struct ka_reader header;
    uint8_t version, protocol;
    uint16_t total, fragment;

    if (!ka_read_window(&bytes, IPV4_SIZE, &header))
        return false;
    ka_read_u8(&header, &version);
    ka_skip(&header, 1);
    ka_read_be16(&header, &total);
    ka_read_be16(&header, &packet->ip_id);
    ka_read_be16(&header, &fragment);
    ka_read_u8(&header, &packet->ttl);
    ka_read_u8(&header, &protocol);
    ka_skip(&header, 2);
    if (version != SIMPLE || protocol != KA_PROTOCOL_TCP ||
        (fragment & (KA_IPV4_MORE_FRAGMENTS | KA_IPV4_OFFSET)) != 0 || total > wire ||
        total < IPV4_SIZE)
        return false;
    memset(packet->src, 0, sizeof(packet->src));
    memset(packet->dst, 0, sizeof(packet->dst));
    ka_read_bytes(&header, packet->src, 4);
    ka_read_bytes(&header, packet->dst, 4);
    packet->family = 4;
    packet->dont_fragment = (fragment & KA_IPV4_DONT_FRAGMENT) != 0;
    packet->ip_length = total;
    return decode_usual_tcp(bytes, total - (size_t)IPV4_SIZE, packet);
}

static bool decode_usual_ipv6(struct ka_reader bytes, size_t wire, struct ka_packet *packet)
{
    struct ka_reader header;
    uint8_t version, protocol;
    uint16_t length;

    if (!ka_read_window(&bytes, IPV6_SIZE, &header))
        return false;
    ka_read_u8(&header, &version);
    ka_skip(&header, 3);
    ka_read_be16(&header, &length);
    ka_read_u8(&header, &protocol);
    ka_read_u8(&header, &packet->ttl);
    if (version >> 4 != 6 || protocol != KA_PROTOCOL_TCP || length == 0 ||
        length + (size_t)IPV6_SIZE > wire)
        return false;
    ka_read_bytes(&header, packet->src, sizeof(packet->src));
    ka_read_bytes(&header, packet->dst, sizeof(packet->dst));
    packet->family = 6;
    packet->dont_fragment = false;
    packet->ip_id = 0;
    packet->ip_length = (uint32_t)length + IPV6_SIZE;
    return decode_usual_tcp(bytes, length, packet);
}

static bool decode_usual(const struct ka_frame *frame, struct ka_packet *packet)
{
    enum { IPV4 = 0x0800, IPV6 = 0x86dd };
    struct ka_reader bytes = ka_reader_make(frame->data, frame->captured);
    uint16_t type;

    if (frame->link_type != KA_LINKTYPE_ETHERNET || !ka_skip(&bytes, ETHERNET_SIZE - 2) ||
        !ka_read_be16(&bytes, &type))
        return false;
    size_t wire = frame->length - (size_t)ETHERNET_SIZE;
    if (type == IPV4)
        return decode_usual_ipv4(bytes, wire, packet);
    return type == IPV6 && decode_usual_ipv6(bytes, wire, packet);
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
