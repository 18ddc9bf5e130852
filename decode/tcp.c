/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TCP segments (RFC 9293 3.1) and their options: timestamps and window scale (RFC 7323), MSS, SACK
 * (RFC 2018) with D-SACK (RFC 2883); MD5 (RFC 2385) and AO (RFC 5925) are noticed.
 */
#include "base/seq.h"
#include "decode/layer.h"

enum {
    KIND_END = 0,
    KIND_NOP = 1,
    KIND_MSS = 2,
    KIND_WSCALE = 3,
    KIND_SACK_PERMITTED = 4,
    KIND_SACK = 5,
    KIND_TIMESTAMPS = 8,
    KIND_MD5 = 19,
    KIND_AO = 29,
    WSCALE_MOST = 14, /* RFC 7323 2.3 */
};

/* A first block at or below the ack, or within the second one, repeats what was there already. */
static bool is_dsack(const struct ka_tcp *tcp, struct ka_reader second)
{
    uint32_t left, right;

    if (ka_seq_le(tcp->sack_right, tcp->ack))
        return true;
    return ka_read_be32(&second, &left) && ka_read_be32(&second, &right) &&
           ka_seq_le(left, tcp->sack_left) && ka_seq_le(tcp->sack_right, right);
}

static void read_sack(struct ka_reader body, struct ka_tcp *tcp)
{
    if (body.left == 0 || body.left % 8 != 0)
        return;
    ka_read_be32(&body, &tcp->sack_left);
    ka_read_be32(&body, &tcp->sack_right);
    tcp->options |= KA_OPTION_SACK;
    if (is_dsack(tcp, body))
        tcp->options |= KA_OPTION_DSACK;
    else
        tcp->options &= (uint8_t)~KA_OPTION_DSACK;
}

/* One option's body, of any length: an option of the wrong length is passed over. */
static void read_option(uint8_t kind, struct ka_reader body, struct ka_tcp *tcp)
{
    switch (kind) {
    case KIND_MSS:
        if (body.left == 2 && ka_read_be16(&body, &tcp->mss))
            tcp->options |= KA_OPTION_MSS;
        break;
    case KIND_WSCALE:
        if (body.left == 1 && ka_read_u8(&body, &tcp->wscale)) {
            if (tcp->wscale > WSCALE_MOST)
                tcp->wscale = WSCALE_MOST;
            tcp->options |= KA_OPTION_WSCALE;
        }
        break;
    case KIND_SACK_PERMITTED:
        if (body.left == 0)
            tcp->options |= KA_OPTION_SACK_PERMITTED;
        break;
    case KIND_SACK:
        read_sack(body, tcp);
        break;
    case KIND_TIMESTAMPS:
        if (body.left == 8 && ka_read_be32(&body, &tcp->tsval) && ka_read_be32(&body, &tcp->tsecr))
            tcp->options |= KA_OPTION_TIMESTAMPS;
        break;
    case KIND_MD5:
        if (body.left == 16)
            tcp->options |= KA_OPTION_MD5;
        break;
    case KIND_AO:
        if (body.left >= 2)
            tcp->options |= KA_OPTION_AO;
        break;
    default:
        break;
    }
}

void ka_tcp_options_read(struct ka_reader options, struct ka_tcp *tcp)
{
    uint8_t kind, length;
    struct ka_reader body;

    while (ka_read_u8(&options, &kind) && kind != KIND_END) {
        if (kind == KIND_NOP)
            continue;
        if (!ka_read_u8(&options, &length) || length < 2 ||
            !ka_read_window(&options, length - 2u, &body))
            return;
        read_option(kind, body, tcp);
    }
}

enum ka_undecoded ka_layer_tcp(struct ka_walk *walk)
{
    struct ka_packet *packet = walk->packet;
    struct ka_tcp *tcp = &packet->tcp;
    struct ka_reader header, options;

    size_t wire = ka_walk_wire(walk);
    if (!ka_read_window(&walk->bytes, KA_TCP_FIXED_SIZE, &header))
        return ka_walk_short(walk, KA_UNDECODED_TCP);
    size_t length = (size_t)ka_tcp_fixed_read(&header, packet) * 4;
    if (length < KA_TCP_FIXED_SIZE || length > wire)
        return KA_UNDECODED_TCP;

    options = walk->bytes;
    ka_reader_limit(&options, length - KA_TCP_FIXED_SIZE);
    ka_skip(&walk->bytes, options.left);
    if (options.left > 0 && !ka_tcp_stamps_read(options, tcp))
        ka_tcp_options_read(options, tcp);

    packet->kind = KA_PACKET_TCP;
    tcp->length = (uint32_t)(wire - length);
    packet->payload = walk->bytes.at;
    packet->payload_captured = (uint32_t)walk->bytes.left;
    walk->next = NULL;
    return KA_DECODED;
}
