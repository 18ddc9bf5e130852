/* SPDX-License-Identifier: BSD-2-Clause
 *
 * IPv4 (RFC 791) with options and fragments, IPv6 (RFC 8200) with extension headers. The length of
 * what is inside comes from here: whatever the frame holds beyond is padding. A length of 0 stands
 * in frames taken before segmentation offload (and in IPv6 jumbograms, RFC 2675): then the frame
 * tells.
 */
#include "decode/layer.h"

static inline enum ka_undecoded enter_protocol(struct ka_walk *walk, uint8_t protocol)
{
    if (protocol != KA_PROTOCOL_TCP)
        return ka_layer_enter(walk, KA_BY_PROTOCOL, protocol);
    walk->next = ka_layer_tcp;
    return KA_DECODED;
}

/* Ends the layer after `length` bytes. False when the frame was never that long: a receiver would
 * drop it too. */
static inline bool limit_to(struct ka_walk *walk, size_t length)
{
    if (length > ka_walk_wire(walk) && !walk->is_open_ended)
        return false;
    ka_walk_limit(walk, length);
    return true;
}

enum ka_undecoded ka_layer_ip(struct ka_walk *walk)
{
    struct ka_reader peek = walk->bytes;
    uint8_t first;

    if (!ka_read_u8(&peek, &first))
        return ka_walk_short(walk, KA_UNDECODED_IP);
    switch (first >> 4) {
    case 4:
        walk->next = ka_layer_ipv4;
        return KA_DECODED;
    case 6:
        walk->next = ka_layer_ipv6;
        return KA_DECODED;
    default:
        return KA_UNDECODED_IP;
    }
}

enum ka_undecoded ka_layer_ipv4(struct ka_walk *walk)
{
    enum { FIXED = 20 };
    struct ka_packet *packet = walk->packet;
    struct ka_reader header;
    uint8_t version_and_length, ttl, protocol;
    uint16_t total, id, fragment;

    if (!ka_read_window(&walk->bytes, FIXED, &header))
        return ka_walk_short(walk, KA_UNDECODED_IP);
    ka_read_u8(&header, &version_and_length);
    ka_skip(&header, 1);
    ka_read_be16(&header, &total);
    ka_read_be16(&header, &id);
    ka_read_be16(&header, &fragment);
    ka_read_u8(&header, &ttl);
    ka_read_u8(&header, &protocol);
    ka_skip(&header, 2);
    ka_read_bytes(&header, packet->src, 4);
    ka_read_bytes(&header, packet->dst, 4);
    memset(packet->src + 4, 0, 12);
    memset(packet->dst + 4, 0, 12);
    packet->family = 4;
    packet->ttl = ttl;
    packet->ip_id = id;
    packet->dont_fragment = fragment & KA_IPV4_DONT_FRAGMENT;

    size_t length = (size_t)(version_and_length & 0x0f) * 4;
    packet->length_guessed = total == 0;
    packet->ip_length = total != 0 ? total : (uint32_t)(FIXED + walk->bytes.left);
    if (version_and_length >> 4 != 4 || length < FIXED)
        return KA_UNDECODED_IP;
    if (total != 0 && (total < length || !limit_to(walk, total - FIXED)))
        return KA_UNDECODED_IP;
    if (length > FIXED && !ka_skip(&walk->bytes, length - FIXED))
        return ka_walk_short(walk, KA_UNDECODED_IP);

    if (fragment & KA_IPV4_OFFSET)
        return KA_UNDECODED_FRAGMENT;
    if (fragment & KA_IPV4_MORE_FRAGMENTS)
        walk->is_open_ended = true;
    return enter_protocol(walk, protocol);
}

enum ka_undecoded ka_skip_extensions(struct ka_reader *bytes, uint8_t *next,
                                     bool *has_more_fragments)
{
    enum {
        HOP_BY_HOP = 0,
        ROUTING = 43,
        FRAGMENT = 44,
        AUTHENTICATION = 51,
        DESTINATION = 60,
        MOBILITY = 135, /* RFC 6275 */
        HOST_IDENTITY = 139,
        SHIM6 = 140,
        OFFSET = 0xfff8,
        MORE_FRAGMENTS = 1,
    };

    for (int headers = 0; headers <= KA_EXTENSIONS_MAX; headers++) {
        struct ka_reader rest = *bytes;
        uint8_t following, length;
        uint16_t fragment = 0;
        size_t more;

        switch (*next) {
        case HOP_BY_HOP:
        case ROUTING:
        case FRAGMENT:
        case AUTHENTICATION:
        case DESTINATION:
        case MOBILITY:
        case HOST_IDENTITY:
        case SHIM6:
            break;
        default:
            return KA_DECODED;
        }
        if (!ka_read_u8(&rest, &following) || !ka_read_u8(&rest, &length) ||
            !ka_read_be16(&rest, &fragment))
            return KA_UNDECODED_TRUNCATED;
        if (*next == FRAGMENT)
            more = 4;
        else if (*next == AUTHENTICATION) /* counts units of four bytes (RFC 4302 2.2) */
            more = ((size_t)length + 2) * 4 - 4;
        else
            more = ((size_t)length + 1) * 8 - 4;
        if (!ka_skip(&rest, more))
            return KA_UNDECODED_TRUNCATED;
        if (*next == FRAGMENT && fragment & OFFSET)
            return KA_UNDECODED_FRAGMENT;
        if (*next == FRAGMENT && fragment & MORE_FRAGMENTS)
            *has_more_fragments = true;
        *bytes = rest;
        *next = following;
    }
    return KA_UNDECODED_EXTENSION;
}

enum ka_undecoded ka_layer_ipv6(struct ka_walk *walk)
{
    struct ka_packet *packet = walk->packet;
    struct ka_reader header;
    uint32_t version_and_flow;
    uint16_t length;
    uint8_t next, hop_limit;

    if (!ka_read_window(&walk->bytes, 40, &header))
        return ka_walk_short(walk, KA_UNDECODED_IP);
    ka_read_be32(&header, &version_and_flow);
    ka_read_be16(&header, &length);
    ka_read_u8(&header, &next);
    ka_read_u8(&header, &hop_limit);
    ka_read_bytes(&header, packet->src, 16);
    ka_read_bytes(&header, packet->dst, 16);
    packet->family = 6;
    packet->ttl = hop_limit;
    packet->ip_id = 0;
    packet->dont_fragment = false;

    packet->length_guessed = length == 0;
    packet->ip_length = 40 + (length != 0 ? length : (uint32_t)walk->bytes.left);
    if (version_and_flow >> 28 != 6)
        return KA_UNDECODED_IP;
    if (length != 0 && !limit_to(walk, length))
        return KA_UNDECODED_IP;
    if (next != KA_PROTOCOL_TCP) {
        enum ka_undecoded reason = ka_skip_extensions(&walk->bytes, &next, &walk->is_open_ended);
        if (reason == KA_UNDECODED_TRUNCATED)
            return ka_walk_short(walk, KA_UNDECODED_EXTENSION);
        if (reason != KA_DECODED)
            return reason;
    }
    return enter_protocol(walk, next);
}

enum ka_undecoded ka_layer_auth(struct ka_walk *walk)
{
    struct ka_reader header;
    uint8_t next, length;

    if (!ka_read_window(&walk->bytes, 12, &header))
        return ka_walk_short(walk, KA_UNDECODED_PROTOCOL);
    ka_read_u8(&header, &next);
    ka_read_u8(&header, &length);
    size_t whole = ((size_t)length + 2) * 4;
    if (whole < 12)
        return KA_UNDECODED_PROTOCOL;
    if (!ka_skip(&walk->bytes, whole - 12))
        return ka_walk_short(walk, KA_UNDECODED_PROTOCOL);
    return enter_protocol(walk, next);
}
