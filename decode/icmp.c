/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ICMP (RFC 792) and ICMPv6 (RFC 4443) errors about a TCP segment. They quote its beginning: the IP
 * header and at least eight bytes, enough for ports and sequence number. The lengths in the quote
 * are those of the whole segment and are not judged.
 */
#include "decode/layer.h"

/* The addresses and what follows the IP header; false when it is no first fragment of TCP, or, with
 * *has_ended, when the bytes end before that is known. */
static bool read_quoted_ipv4(struct ka_reader *quote, struct ka_icmp *icmp, bool *has_ended)
{
    enum { FIXED = 20 };
    struct ka_reader header;
    uint8_t version_and_length, protocol;
    uint16_t fragment;

    *has_ended = true;
    if (!ka_read_window(quote, FIXED, &header))
        return false;
    ka_read_u8(&header, &version_and_length);
    ka_skip(&header, 5);
    ka_read_be16(&header, &fragment);
    ka_skip(&header, 1);
    ka_read_u8(&header, &protocol);
    ka_skip(&header, 2);
    ka_read_bytes(&header, icmp->quoted_src, 4);
    ka_read_bytes(&header, icmp->quoted_dst, 4);

    size_t length = (size_t)(version_and_length & 0x0f) * 4;
    *has_ended = false;
    if (version_and_length >> 4 != 4 || length < FIXED || fragment & KA_IPV4_OFFSET ||
        protocol != KA_PROTOCOL_TCP)
        return false;
    *has_ended = !ka_skip(quote, length - FIXED);
    return !*has_ended;
}

static bool read_quoted_ipv6(struct ka_reader *quote, struct ka_icmp *icmp, bool *has_ended)
{
    struct ka_reader header;
    uint32_t version_and_flow;
    uint8_t next;
    bool has_more_fragments = false;

    *has_ended = true;
    if (!ka_read_window(quote, 40, &header))
        return false;
    ka_read_be32(&header, &version_and_flow);
    ka_skip(&header, 2);
    ka_read_u8(&header, &next);
    ka_skip(&header, 1);
    ka_read_bytes(&header, icmp->quoted_src, 16);
    ka_read_bytes(&header, icmp->quoted_dst, 16);

    *has_ended = false;
    if (version_and_flow >> 28 != 6)
        return false;
    enum ka_undecoded reason = ka_skip_extensions(quote, &next, &has_more_fragments);
    *has_ended = reason == KA_UNDECODED_TRUNCATED;
    return reason == KA_DECODED && next == KA_PROTOCOL_TCP;
}

/* Behind the eight bytes of the ICMP header. */
static enum ka_undecoded read_quote(struct ka_walk *walk, uint8_t type, uint8_t code)
{
    struct ka_packet *packet = walk->packet;
    struct ka_icmp *icmp = &packet->icmp;
    struct ka_reader *quote = &walk->bytes;
    struct ka_reader ports;
    bool has_ended;

    *icmp = (struct ka_icmp){.type = type, .code = code, .quoted_family = packet->family};
    bool is_tcp = packet->family == 4 ? read_quoted_ipv4(quote, icmp, &has_ended)
                                      : read_quoted_ipv6(quote, icmp, &has_ended);
    if (!is_tcp)
        return has_ended ? ka_walk_short(walk, KA_UNDECODED_ICMP) : KA_UNDECODED_ICMP;
    if (!ka_read_window(quote, 8, &ports))
        return ka_walk_short(walk, KA_UNDECODED_ICMP);
    ka_read_be16(&ports, &icmp->quoted_src_port);
    ka_read_be16(&ports, &icmp->quoted_dst_port);
    ka_read_be32(&ports, &icmp->quoted_seq);

    packet->kind = KA_PACKET_ICMP_ERROR;
    packet->src_port = 0;
    packet->dst_port = 0;
    packet->tcp = (struct ka_tcp){0};
    packet->payload = quote->at;
    packet->payload_captured = 0;
    walk->next = NULL;
    return KA_DECODED;
}

static enum ka_undecoded read_icmp(struct ka_walk *walk, bool (*is_error)(uint8_t type))
{
    struct ka_reader header;
    uint8_t type, code;

    if (!ka_read_window(&walk->bytes, 8, &header))
        return ka_walk_short(walk, KA_UNDECODED_ICMP);
    ka_read_u8(&header, &type);
    ka_read_u8(&header, &code);
    if (!is_error(type))
        return KA_UNDECODED_ICMP;
    return read_quote(walk, type, code);
}

/* Unreachable, source quench (deprecated by RFC 6633), time exceeded, parameter problem. A redirect
 * quotes too, but the packet went on. */
static bool is_icmp_error(uint8_t type)
{
    return type == 3 || type == 4 || type == 11 || type == 12;
}

/* Unreachable, too big, time exceeded, parameter problem. */
static bool is_icmp6_error(uint8_t type)
{
    return type >= 1 && type <= 4;
}

enum ka_undecoded ka_layer_icmp(struct ka_walk *walk)
{
    return walk->packet->family == 4 ? read_icmp(walk, is_icmp_error) : KA_UNDECODED_PROTOCOL;
}

enum ka_undecoded ka_layer_icmp6(struct ka_walk *walk)
{
    return walk->packet->family == 6 ? read_icmp(walk, is_icmp6_error) : KA_UNDECODED_PROTOCOL;
}
