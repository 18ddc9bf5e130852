/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/gen/wire.h"

enum { IP_TCP = 6, IP_UDP = 17, IP_GRE = 47, IP_ICMP = 1, IP_ICMP6 = 58, IP_HOP = 0, IP_DST = 60 };
enum { GRE_KEY = 77, VXLAN_ID = 4242, EXTENSIONS_SIZE = 16 };

static size_t ip_header_size(const struct ka_wire_shape *shape)
{
    return shape->ipv6 ? 40 + (shape->extensions ? EXTENSIONS_SIZE : 0) : 20;
}

static void put_mac(struct ka_builder *out, uint32_t host)
{
    ka_put_be16(out, 0x0200);
    ka_put_be32(out, host);
}

static void put_ethernet(struct ka_builder *out, const struct ka_wire_end *src,
                         const struct ka_wire_end *dst, unsigned vlans, uint16_t ethertype)
{
    put_mac(out, dst->host);
    put_mac(out, src->host);
    for (unsigned left = vlans; left > 0; left--) {
        ka_put_be16(out, left == 2 ? 0x88a8 : 0x8100);
        ka_put_be16(out, left == 2 ? 100 : 42);
    }
    ka_put_be16(out, ethertype);
}

static void put_link(struct ka_builder *out, const struct ka_wire_shape *shape,
                     const struct ka_wire_end *src, const struct ka_wire_end *dst,
                     uint16_t ethertype)
{
    switch (shape->link_type) {
    case KA_WIRE_ETHERNET:
        put_ethernet(out, src, dst, shape->vlans, ethertype);
        break;
    case KA_WIRE_SLL: /* packet type, ARPHRD, address length, address, protocol */
        ka_put_be16(out, 0);
        ka_put_be16(out, 1);
        ka_put_be16(out, 6);
        put_mac(out, src->host);
        ka_put_be16(out, 0);
        ka_put_be16(out, ethertype);
        break;
    case KA_WIRE_SLL2: /* protocol, reserved, interface, ARPHRD, type, address length, address */
        ka_put_be16(out, ethertype);
        ka_put_be16(out, 0);
        ka_put_be32(out, 3);
        ka_put_be16(out, 1);
        ka_put_u8(out, 0);
        ka_put_u8(out, 6);
        put_mac(out, src->host);
        ka_put_be16(out, 0);
        break;
    case KA_WIRE_NULL: /* the address family, in the byte order of the capturing host */
        ka_put_le32(out, ethertype == 0x0800 ? 2 : 30);
        break;
    default: /* raw: nothing */
        break;
    }
}

static void put_ipv4(struct ka_builder *out, const struct ka_wire_end *src,
                     const struct ka_wire_end *dst, uint8_t protocol, uint16_t id, uint8_t ttl,
                     uint16_t total)
{
    size_t start = out->used;
    ka_put_be16(out, 0x4500);
    ka_put_be16(out, total);
    ka_put_be16(out, id);
    ka_put_be16(out, 0x4000); /* do not fragment */
    ka_put_u8(out, ttl);
    ka_put_u8(out, protocol);
    ka_put_be16(out, 0);
    ka_put_be32(out, 0x0a000000 | src->host);
    ka_put_be32(out, 0x0a000000 | dst->host);
    if (ka_builder_ok(out)) {
        uint32_t sum = ka_checksum_add(0, out->bytes + start, 20);
        ka_patch_be16(out, start + 10, ka_checksum_finish(sum));
    }
}

static void put_ipv6_address(struct ka_builder *out, uint32_t host)
{
    ka_put_be32(out, 0x20010db8);
    ka_put_zeros(out, 8);
    ka_put_be32(out, (host >> 8) << 16 | (host & 0xff));
}

static void put_ipv6(struct ka_builder *out, const struct ka_wire_shape *shape,
                     const struct ka_wire_end *src, const struct ka_wire_end *dst, uint8_t protocol,
                     uint8_t ttl, uint16_t payload)
{
    ka_put_be32(out, 0x60000000);
    ka_put_be16(out, payload);
    ka_put_u8(out, shape->extensions ? IP_HOP : protocol);
    ka_put_u8(out, ttl);
    put_ipv6_address(out, src->host);
    put_ipv6_address(out, dst->host);
    if (shape->extensions) { /* each: next header, length 0, PadN of four bytes */
        ka_put_u8(out, IP_DST);
        ka_put_u8(out, 0);
        ka_put_be32(out, 0x01040000);
        ka_put_be16(out, 0);
        ka_put_u8(out, protocol);
        ka_put_u8(out, 0);
        ka_put_be32(out, 0x01040000);
        ka_put_be16(out, 0);
    }
}

/* The inner IP header; `size` is what follows it. `no_length` writes 0 as offload does. */
static void put_ip(struct ka_builder *out, const struct ka_wire_shape *shape,
                   const struct ka_wire_end *src, const struct ka_wire_end *dst, uint8_t protocol,
                   uint16_t id, uint8_t ttl, size_t size, bool no_length)
{
    if (shape->ipv6) {
        size_t payload = size + (shape->extensions ? EXTENSIONS_SIZE : 0);
        put_ipv6(out, shape, src, dst, protocol, ttl, no_length ? 0 : (uint16_t)payload);
    } else {
        put_ipv4(out, src, dst, protocol, id, ttl, no_length ? 0 : (uint16_t)(size + 20));
    }
}

/* Everything before the inner IP header; `inner` is the length of the inner packet. */
static void put_outside(struct ka_builder *out, const struct ka_wire_shape *shape,
                        const struct ka_wire_end *src, const struct ka_wire_end *dst, size_t inner)
{
    uint16_t ethertype = shape->ipv6 ? 0x86dd : 0x0800;
    struct ka_wire_end near_gate = {.host = 0x0901};
    struct ka_wire_end far_gate = {.host = 0x0902};
    switch (shape->tunnel) {
    case KA_WIRE_NO_TUNNEL:
        put_link(out, shape, src, dst, ethertype);
        break;
    case KA_WIRE_GRE:
        put_link(out, shape, src, dst, 0x0800);
        put_ipv4(out, &near_gate, &far_gate, IP_GRE, 1, 64, (uint16_t)(20 + 8 + inner));
        ka_put_be16(out, 0x2000); /* a key follows */
        ka_put_be16(out, ethertype);
        ka_put_be32(out, GRE_KEY);
        break;
    case KA_WIRE_VXLAN:
        put_link(out, shape, src, dst, 0x0800);
        put_ipv4(out, &near_gate, &far_gate, IP_UDP, 1, 64, (uint16_t)(20 + 8 + 8 + 14 + inner));
        ka_put_be16(out, 50505);
        ka_put_be16(out, 4789);
        ka_put_be16(out, (uint16_t)(8 + 8 + 14 + inner));
        ka_put_be16(out, 0);
        ka_put_be32(out, 0x08000000);
        ka_put_be32(out, VXLAN_ID << 8);
        put_ethernet(out, src, dst, 0, ethertype);
        break;
    }
}

static void put_options(struct ka_builder *out, const struct ka_wire_segment *segment)
{
    if (segment->mss != 0) {
        ka_put_be16(out, 0x0204);
        ka_put_be16(out, segment->mss);
    }
    if (segment->sack_permitted) {
        ka_put_be32(out, 0x01010402);
    }
    if (segment->timestamps) {
        ka_put_be32(out, 0x0101080a);
        ka_put_be32(out, segment->tsval);
        ka_put_be32(out, segment->tsecr);
    }
    if (segment->wscale_present) {
        ka_put_be32(out, 0x01030300 | segment->wscale);
    }
    if (segment->sack_count > 0) {
        ka_put_be32(out, 0x01010500 | (2U + 8U * segment->sack_count));
        for (unsigned i = 0; i < segment->sack_count; i++) {
            ka_put_be32(out, segment->sack[i][0]);
            ka_put_be32(out, segment->sack[i][1]);
        }
    }
}

static size_t tcp_header_size(const struct ka_wire_segment *segment)
{
    return 20 + (segment->mss != 0 ? 4 : 0) + (segment->sack_permitted ? 4 : 0) +
           (segment->timestamps ? 12 : 0) + (segment->wscale_present ? 4 : 0) +
           (segment->sack_count > 0 ? 4 + 8 * (size_t)segment->sack_count : 0);
}

/* The pseudo header's part of the checksum (RFC 9293 3.1, RFC 8200 8.1). */
static uint32_t pseudo_sum(const struct ka_wire_shape *shape, const struct ka_wire_end *src,
                           const struct ka_wire_end *dst, uint8_t protocol, size_t size)
{
    uint8_t bytes[40];
    struct ka_builder pseudo = ka_builder_make(bytes, sizeof(bytes));
    if (shape->ipv6) {
        put_ipv6_address(&pseudo, src->host);
        put_ipv6_address(&pseudo, dst->host);
        ka_put_be32(&pseudo, (uint32_t)size);
        ka_put_be32(&pseudo, protocol);
    } else {
        ka_put_be32(&pseudo, 0x0a000000 | src->host);
        ka_put_be32(&pseudo, 0x0a000000 | dst->host);
        ka_put_be16(&pseudo, protocol);
        ka_put_be16(&pseudo, (uint16_t)size);
    }
    return ka_checksum_add(0, bytes, pseudo.used);
}

static void put_tcp(struct ka_builder *out, const struct ka_wire_shape *shape,
                    const struct ka_wire_segment *segment)
{
    size_t header = tcp_header_size(segment);
    size_t start = out->used;
    ka_put_be16(out, segment->src.port);
    ka_put_be16(out, segment->dst.port);
    ka_put_be32(out, segment->seq);
    ka_put_be32(out, segment->ack);
    ka_put_u8(out, (uint8_t)(header / 4 << 4));
    ka_put_u8(out, segment->flags);
    ka_put_be16(out, segment->window);
    ka_put_be32(out, 0); /* checksum, urgent pointer */
    put_options(out, segment);
    if (!ka_builder_ok(out)) {
        return;
    }
    uint32_t sum =
        pseudo_sum(shape, &segment->src, &segment->dst, IP_TCP, header + segment->length);
    sum = ka_checksum_add(sum, out->bytes + start, header);
    if (segment->summed) {
        sum += segment->payload_sum;
    } else if (segment->length > 0) {
        sum = ka_checksum_add(sum, segment->payload, segment->length);
    }
    ka_patch_be16(out, start + 16, ka_checksum_finish(sum));
    if (segment->length > 0) {
        ka_put_bytes(out, segment->payload, segment->length);
    }
}

static size_t finish(struct ka_builder *out, const struct ka_wire_shape *shape)
{
    if (shape->padded && shape->link_type == KA_WIRE_ETHERNET) {
        size_t padding = out->used < 60 ? 60 - out->used : 4; /* or a trailer, such as the FCS */
        for (size_t i = 0; i < padding; i++)
            ka_put_u8(out, 0xa5);
    }
    return ka_builder_ok(out) ? out->used : 0;
}

size_t ka_wire_tcp(const struct ka_wire_shape *shape, const struct ka_wire_segment *segment,
                   uint8_t *frame)
{
    struct ka_builder out = ka_builder_make(frame, KA_WIRE_FRAME_MAX);
    size_t size = tcp_header_size(segment) + segment->length;
    put_outside(&out, shape, &segment->src, &segment->dst, ip_header_size(shape) + size);
    put_ip(&out, shape, &segment->src, &segment->dst, IP_TCP, segment->ip_id, segment->ttl, size,
           segment->total_length_zero);
    put_tcp(&out, shape, segment);
    return finish(&out, shape);
}

size_t ka_wire_icmp(const struct ka_wire_shape *shape, const struct ka_wire_icmp *icmp,
                    const struct ka_wire_segment *segment, uint8_t *frame)
{
    uint8_t message[KA_WIRE_FRAME_MAX];
    struct ka_builder quote = ka_builder_make(message, sizeof(message));
    struct ka_builder out = ka_builder_make(frame, KA_WIRE_FRAME_MAX);
    uint8_t protocol = shape->ipv6 ? IP_ICMP6 : IP_ICMP;
    size_t header = tcp_header_size(segment);
    ka_put_u8(&quote, icmp->type);
    ka_put_u8(&quote, icmp->code);
    ka_put_zeros(&quote, 6); /* checksum, unused */
    put_ip(&quote, shape, &segment->src, &segment->dst, IP_TCP, segment->ip_id, segment->ttl,
           header + segment->length, false);
    size_t quoted = quote.used;
    put_tcp(&quote, shape, segment);
    if (!ka_builder_ok(&quote)) {
        return 0;
    }
    size_t size = quoted + icmp->quote < quote.used ? quoted + icmp->quote : quote.used;
    uint32_t sum = shape->ipv6 ? pseudo_sum(shape, &icmp->from, &icmp->to, protocol, size) : 0;
    ka_patch_be16(&quote, 2, ka_checksum_finish(ka_checksum_add(sum, message, size)));
    put_outside(&out, shape, &icmp->from, &icmp->to, ip_header_size(shape) + size);
    put_ip(&out, shape, &icmp->from, &icmp->to, protocol, 0, icmp->ttl, size, false);
    ka_put_bytes(&out, message, size);
    return finish(&out, shape);
}
