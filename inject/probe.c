/* SPDX-License-Identifier: BSD-2-Clause */
#include "inject/probe.h"

#include "base/builder.h"

enum {
    TCP_HEADER = 20,
    TCP_OPTIONS = 12,
    IPV4_HEADER = 20,
    PROTOCOL_TCP = 6,
    FLAG_ACK = 0x10,
    ETHERTYPE_V4 = 0x0800,
    ETHERTYPE_V6 = 0x86dd,
};

size_t ka_probe_options(const struct ka_probe *probe, uint8_t *out)
{
    struct ka_builder options = ka_builder_make(out, TCP_OPTIONS);
    if (!probe->has_timestamps)
        return 0;
    ka_put_u8(&options, 1);
    ka_put_u8(&options, 1);
    ka_put_u8(&options, 8);
    ka_put_u8(&options, 10);
    ka_put_be32(&options, probe->tsval);
    ka_put_be32(&options, probe->tsecr);
    return options.used;
}

/* The segment with the given checksum, or with 0 while it is being computed. The byte of a one-byte
 * probe is 0, as in RFC 1122 4.2.3.6's "garbage byte": its value is never looked at. */
static void put_segment(struct ka_builder *out, const struct ka_probe *probe, uint16_t checksum)
{
    uint8_t options[TCP_OPTIONS];
    size_t length = ka_probe_options(probe, options);
    ka_put_be16(out, probe->src.port);
    ka_put_be16(out, probe->dst.port);
    ka_put_be32(out, probe->seq);
    ka_put_be32(out, probe->ack);
    ka_put_u8(out, (uint8_t)((TCP_HEADER + length) / 4 << 4));
    ka_put_u8(out, FLAG_ACK);
    ka_put_be16(out, probe->window);
    ka_put_be16(out, checksum);
    ka_put_be16(out, 0);
    ka_put_bytes(out, options, length);
    ka_put_zeros(out, probe->length);
}

static uint16_t segment_length(const struct ka_probe *probe)
{
    return (uint16_t)(TCP_HEADER + (probe->has_timestamps ? TCP_OPTIONS : 0) + probe->length);
}

uint16_t ka_probe_checksum(const struct ka_probe *probe)
{
    uint8_t bytes[TCP_HEADER + TCP_OPTIONS + UINT8_MAX];
    struct ka_builder segment = ka_builder_make(bytes, sizeof(bytes));
    uint8_t tail[4];
    struct ka_builder pseudo = ka_builder_make(tail, sizeof(tail));
    size_t width = probe->src.addr.family == 4 ? 4 : 16;
    put_segment(&segment, probe, 0);
    ka_put_be16(&pseudo, PROTOCOL_TCP);
    ka_put_be16(&pseudo, segment_length(probe));
    uint32_t sum = ka_checksum_add(0, probe->src.addr.bytes, width);
    sum = ka_checksum_add(sum, probe->dst.addr.bytes, width);
    sum = ka_checksum_add(sum, tail, sizeof(tail));
    return ka_checksum_finish(ka_checksum_add(sum, bytes, segment.used));
}

static void put_link(struct ka_builder *out, const struct ka_probe *probe)
{
    const struct ka_probe_link *link = &probe->link;
    ka_put_bytes(out, link->dst, sizeof(link->dst));
    ka_put_bytes(out, link->src, sizeof(link->src));
    for (size_t i = 0; i < link->tag_count && i < KA_PROBE_TAGS_MAX; i++) {
        ka_put_be16(out, link->tags[i].tpid);
        ka_put_be16(out, link->tags[i].id);
    }
    ka_put_be16(out, probe->src.addr.family == 4 ? ETHERTYPE_V4 : ETHERTYPE_V6);
}

static void put_ipv4(struct ka_builder *out, const struct ka_probe *probe)
{
    enum { DONT_FRAGMENT = 0x4000, CHECKSUM_AT = 10 };
    size_t start = out->used;
    ka_put_be16(out, 0x4500);
    ka_put_be16(out, (uint16_t)(IPV4_HEADER + segment_length(probe)));
    ka_put_be16(out, 0);
    ka_put_be16(out, DONT_FRAGMENT);
    ka_put_u8(out, probe->ttl);
    ka_put_u8(out, PROTOCOL_TCP);
    ka_put_be16(out, 0);
    ka_put_bytes(out, probe->src.addr.bytes, 4);
    ka_put_bytes(out, probe->dst.addr.bytes, 4);
    if (ka_builder_ok(out))
        ka_patch_be16(out, start + CHECKSUM_AT,
                      ka_checksum_finish(ka_checksum_add(0, out->bytes + start, IPV4_HEADER)));
}

static void put_ipv6(struct ka_builder *out, const struct ka_probe *probe)
{
    ka_put_be32(out, 0x60000000);
    ka_put_be16(out, segment_length(probe));
    ka_put_u8(out, PROTOCOL_TCP);
    ka_put_u8(out, probe->ttl);
    ka_put_bytes(out, probe->src.addr.bytes, 16);
    ka_put_bytes(out, probe->dst.addr.bytes, 16);
}

size_t ka_probe_bytes(const struct ka_probe *probe, uint8_t *out, size_t size)
{
    struct ka_builder builder = ka_builder_make(out, size);
    uint8_t family = probe->src.addr.family;
    if (family != probe->dst.addr.family || (family != 4 && family != 6))
        return 0;
    if (probe->link.present)
        put_link(&builder, probe);
    if (family == 4)
        put_ipv4(&builder, probe);
    else
        put_ipv6(&builder, probe);
    put_segment(&builder, probe, ka_probe_checksum(probe));
    return ka_builder_ok(&builder) ? builder.used : 0;
}
