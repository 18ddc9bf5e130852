/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/build/craft.h"

enum {
    PROTOCOL_ICMP = 1,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_GRE = 47,
    PROTOCOL_ICMP6 = 58,
    PROTOCOL_MPLS = 137,
};

enum fixup {
    FIX_LENGTH, /* bytes after `from`, in the field at `at` */
    FIX_IPV4,
    FIX_IPV4_CHECKSUM, /* without the length */
    FIX_UDP,           /* also its length */
    FIX_TCP,
    FIX_ICMP,
    FIX_ICMP6,
};

/* The numbers by which a header is named in each space; 0 where it has none. */
struct numbers {
    uint16_t ethertype;
    uint8_t protocol;
    uint16_t ppp;
    uint8_t family;
};

void ka_craft_start(struct ka_craft *craft)
{
    craft->out = ka_builder_make(craft->bytes, sizeof(craft->bytes));
    craft->naming = KA_CRAFT_NAMELESS;
    craft->name_at = 0;
    craft->is_little = false;
    craft->ip_at = 0;
    craft->fixup_count = 0;
}

static void add_fixup(struct ka_craft *craft, enum fixup kind, size_t at, size_t from)
{
    if (craft->fixup_count == KA_CRAFT_FIXUPS) {
        craft->out.overflow = true;
        return;
    }
    craft->fixups[craft->fixup_count++] =
        (struct ka_craft_fixup){.kind = (uint8_t)kind, .at = at, .from = from, .ip = craft->ip_at};
}

/* The header about to be written is this one. */
static void name(struct ka_craft *craft, struct numbers numbers)
{
    uint8_t *field = craft->bytes + craft->name_at;

    switch (craft->naming) {
    case KA_CRAFT_NAMELESS:
        break;
    case KA_CRAFT_ETHERTYPE:
        ka_patch_be16(&craft->out, craft->name_at, numbers.ethertype);
        break;
    case KA_CRAFT_PROTOCOL:
        *field = numbers.protocol;
        break;
    case KA_CRAFT_PPP:
        ka_patch_be16(&craft->out, craft->name_at, numbers.ppp);
        break;
    case KA_CRAFT_PPP_SHORT:
        *field = (uint8_t)numbers.ppp;
        break;
    case KA_CRAFT_FAMILY:
        field[craft->is_little ? 0 : 3] = numbers.family;
        break;
    }
    craft->naming = KA_CRAFT_NAMELESS;
}

/* The next header is to be named in the field at `at`. */
static void expect(struct ka_craft *craft, enum ka_craft_naming naming, size_t at)
{
    craft->naming = craft->out.overflow ? KA_CRAFT_NAMELESS : naming;
    craft->name_at = at;
}

void ka_craft_name(struct ka_craft *craft, enum ka_craft_naming naming, uint16_t number)
{
    if (craft->naming == naming)
        name(craft, (struct numbers){number, (uint8_t)number, number, (uint8_t)number});
}

void ka_craft_ethernet(struct ka_craft *craft)
{
    static const uint8_t addresses[] = {0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1};

    name(craft, (struct numbers){.ethertype = 0x6558});
    ka_put_bytes(&craft->out, addresses, sizeof(addresses));
    ka_put_be16(&craft->out, 0);
    expect(craft, KA_CRAFT_ETHERTYPE, craft->out.used - 2);
}

void ka_craft_snap(struct ka_craft *craft)
{
    static const uint8_t llc[] = {0xaa, 0xaa, 3, 0, 0, 0, 0, 0};

    add_fixup(craft, FIX_LENGTH, craft->name_at, craft->out.used);
    ka_put_bytes(&craft->out, llc, sizeof(llc));
    expect(craft, KA_CRAFT_ETHERTYPE, craft->out.used - 2);
}

void ka_craft_sll(struct ka_craft *craft)
{
    static const uint8_t header[] = {0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0};

    ka_put_bytes(&craft->out, header, sizeof(header));
    expect(craft, KA_CRAFT_ETHERTYPE, craft->out.used - 2);
}

void ka_craft_sll2(struct ka_craft *craft)
{
    static const uint8_t header[] = {0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0};

    expect(craft, KA_CRAFT_ETHERTYPE, craft->out.used);
    ka_put_bytes(&craft->out, header, sizeof(header));
}

void ka_craft_loopback(struct ka_craft *craft, bool is_little)
{
    craft->is_little = is_little;
    expect(craft, KA_CRAFT_FAMILY, craft->out.used);
    ka_put_be32(&craft->out, 0);
}

void ka_craft_ppp(struct ka_craft *craft, bool has_framing, bool is_short)
{
    if (has_framing)
        ka_put_be16(&craft->out, 0xff03);
    expect(craft, is_short ? KA_CRAFT_PPP_SHORT : KA_CRAFT_PPP, craft->out.used);
    ka_put_zeros(&craft->out, is_short ? 1 : 2);
}

void ka_craft_vlan(struct ka_craft *craft, uint16_t type, uint16_t id)
{
    name(craft, (struct numbers){.ethertype = type});
    ka_put_be16(&craft->out, (uint16_t)(0xa000 | id)); /* with a priority */
    ka_put_be16(&craft->out, 0);
    expect(craft, KA_CRAFT_ETHERTYPE, craft->out.used - 2);
}

void ka_craft_pppoe(struct ka_craft *craft, uint16_t session)
{
    name(craft, (struct numbers){.ethertype = 0x8864});
    ka_put_be16(&craft->out, 0x1100);
    ka_put_be16(&craft->out, session);
    ka_put_be16(&craft->out, 0);
    add_fixup(craft, FIX_LENGTH, craft->out.used - 2, craft->out.used);
}

void ka_craft_mpls(struct ka_craft *craft, uint32_t label, bool is_bottom)
{
    name(craft, (struct numbers){.ethertype = 0x8847, .protocol = PROTOCOL_MPLS, .ppp = 0x0281});
    ka_put_be32(&craft->out, label << 12 | (is_bottom ? 0x100 : 0) | 64);
}

void ka_craft_control_word(struct ka_craft *craft)
{
    ka_put_be32(&craft->out, 0);
}

void ka_craft_gre(struct ka_craft *craft, uint16_t flags, uint32_t key)
{
    name(craft, (struct numbers){.protocol = PROTOCOL_GRE});
    ka_put_be16(&craft->out, flags);
    ka_put_be16(&craft->out, 0);
    expect(craft, KA_CRAFT_ETHERTYPE, craft->out.used - 2);
    if (flags & 0x8000)
        ka_put_be32(&craft->out, 0xabcd0000);
    if (flags & 0x2000)
        ka_put_be32(&craft->out, key);
    if (flags & 0x1000)
        ka_put_be32(&craft->out, 7);
}

void ka_craft_erspan(struct ka_craft *craft, int version)
{
    name(craft, (struct numbers){.ethertype = version == 2 ? 0x88be : 0x22eb});
    ka_put_be16(&craft->out, version == 2 ? 0x1001 : 0x2001);
    ka_put_zeros(&craft->out, version == 2 ? 6 : 9);
    if (version == 3) {
        ka_put_u8(&craft->out, 1); /* the subheader follows */
        ka_put_zeros(&craft->out, 8);
    }
}

void ka_craft_udp(struct ka_craft *craft, uint16_t src_port, uint16_t dst_port)
{
    name(craft, (struct numbers){.protocol = PROTOCOL_UDP});
    add_fixup(craft, FIX_UDP, craft->out.used, craft->out.used);
    ka_put_be16(&craft->out, src_port);
    ka_put_be16(&craft->out, dst_port);
    ka_put_be32(&craft->out, 0);
}

void ka_craft_vxlan(struct ka_craft *craft, uint32_t vni)
{
    ka_put_be32(&craft->out, 0x08000000);
    ka_put_be32(&craft->out, vni << 8);
}

void ka_craft_geneve(struct ka_craft *craft, uint32_t vni, size_t options_length)
{
    ka_put_be16(&craft->out, (uint16_t)(options_length / 4 << 8));
    ka_put_be16(&craft->out, 0);
    expect(craft, KA_CRAFT_ETHERTYPE, craft->out.used - 2);
    ka_put_be32(&craft->out, vni << 8);
    ka_put_zeros(&craft->out, options_length);
}

static void put_ipv4(struct ka_craft *craft, const struct ka_craft_ip *ip)
{
    struct ka_builder *out = &craft->out;

    ka_put_u8(out, (uint8_t)(0x40 | (5 + ip->options_length / 4)));
    ka_put_u8(out, 0);
    ka_put_be16(out, 0);
    ka_put_be16(out, ip->id);
    ka_put_be16(out, ip->fragment);
    ka_put_u8(out, ip->ttl ? ip->ttl : 64);
    expect(craft, KA_CRAFT_PROTOCOL, out->used);
    ka_put_u8(out, 0);
    ka_put_be16(out, 0);
    ka_put_bytes(out, ip->src, 4);
    ka_put_bytes(out, ip->dst, 4);
    ka_put_bytes(out, ip->options, ip->options_length);
}

static void put_ipv6(struct ka_craft *craft, const struct ka_craft_ip *ip)
{
    struct ka_builder *out = &craft->out;

    ka_put_be32(out, 0x60000000);
    ka_put_be16(out, 0);
    expect(craft, KA_CRAFT_PROTOCOL, out->used);
    ka_put_u8(out, 0);
    ka_put_u8(out, ip->ttl ? ip->ttl : 64);
    ka_put_bytes(out, ip->src, 16);
    ka_put_bytes(out, ip->dst, 16);
}

void ka_craft_ip(struct ka_craft *craft, const struct ka_craft_ip *ip)
{
    size_t at = craft->out.used;

    craft->ip_at = at;
    if (ip->version == 4) {
        name(craft, (struct numbers){.ethertype = 0x0800, .protocol = 4, .ppp = 0x21, .family = 2});
        add_fixup(craft, ip->has_zero_length ? FIX_IPV4_CHECKSUM : FIX_IPV4, at, at);
        put_ipv4(craft, ip);
    } else {
        name(craft,
             (struct numbers){.ethertype = 0x86dd, .protocol = 41, .ppp = 0x57, .family = 30});
        if (!ip->has_zero_length)
            add_fixup(craft, FIX_LENGTH, at + 4, at + 40);
        put_ipv6(craft, ip);
    }
}

void ka_craft_extension(struct ka_craft *craft, uint8_t number, size_t length, uint16_t value)
{
    enum { FRAGMENT = 44, AUTHENTICATION = 51 };
    size_t units = number == AUTHENTICATION ? length / 4 - 2 : length / 8 - 1;

    name(craft, (struct numbers){.protocol = number});
    expect(craft, KA_CRAFT_PROTOCOL, craft->out.used);
    ka_put_u8(&craft->out, 0);
    ka_put_u8(&craft->out, number == FRAGMENT ? 0 : (uint8_t)units);
    ka_put_be16(&craft->out, value);
    ka_put_zeros(&craft->out, length - 4);
}

void ka_craft_tcp(struct ka_craft *craft, const struct ka_craft_tcp *tcp)
{
    struct ka_builder *out = &craft->out;
    size_t words = (tcp->options_length + 3) / 4;

    name(craft, (struct numbers){.protocol = PROTOCOL_TCP});
    add_fixup(craft, FIX_TCP, out->used, out->used);
    ka_put_be16(out, tcp->src_port);
    ka_put_be16(out, tcp->dst_port);
    ka_put_be32(out, tcp->seq);
    ka_put_be32(out, tcp->ack);
    ka_put_u8(out, (uint8_t)((5 + words) << 4));
    ka_put_u8(out, tcp->flags);
    ka_put_be16(out, tcp->window);
    ka_put_be32(out, 0);
    ka_put_bytes(out, tcp->options, tcp->options_length);
    ka_put_zeros(out, words * 4 - tcp->options_length);
}

void ka_craft_icmp(struct ka_craft *craft, uint8_t version, uint8_t type, uint8_t code)
{
    name(craft, (struct numbers){.protocol = version == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMP6});
    add_fixup(craft, version == 4 ? FIX_ICMP : FIX_ICMP6, craft->out.used, craft->out.used);
    ka_put_u8(&craft->out, type);
    ka_put_u8(&craft->out, code);
    ka_put_zeros(&craft->out, 6);
}

void ka_craft_quote(struct ka_craft *craft, const void *packet, size_t length)
{
    ka_put_bytes(&craft->out, packet, length);
}

void ka_craft_payload(struct ka_craft *craft, const void *bytes, size_t length)
{
    ka_put_bytes(&craft->out, bytes, length);
}

void ka_craft_raw(struct ka_craft *craft, const void *bytes, size_t length)
{
    ka_put_bytes(&craft->out, bytes, length);
}

/* The sum of the pseudo-header (RFC 9293 3.1, RFC 8200 8.1). */
static uint32_t pseudo_sum(const struct ka_craft *craft, size_t ip, uint8_t protocol, size_t length)
{
    bool is_ipv4 = craft->bytes[ip] >> 4 == 4;
    uint8_t tail[] = {0, protocol, (uint8_t)(length >> 8), (uint8_t)length};
    uint32_t sum = ka_checksum_add(0, craft->bytes + ip + (is_ipv4 ? 12 : 8), is_ipv4 ? 8 : 32);

    return ka_checksum_add(sum, tail, sizeof(tail));
}

static void sum_to(struct ka_craft *craft, const struct ka_craft_fixup *fixup, uint8_t protocol,
                   size_t field)
{
    size_t length = craft->out.used - fixup->at;
    uint32_t sum = protocol == PROTOCOL_ICMP ? 0 : pseudo_sum(craft, fixup->ip, protocol, length);

    sum = ka_checksum_add(sum, craft->bytes + fixup->at, length);
    ka_patch_be16(&craft->out, fixup->at + field, ka_checksum_finish(sum));
}

static void sum_ipv4(struct ka_craft *craft, size_t ip)
{
    size_t header = (size_t)(craft->bytes[ip] & 0x0f) * 4;
    uint32_t sum = ka_checksum_add(0, craft->bytes + ip, header);

    ka_patch_be16(&craft->out, ip + 10, ka_checksum_finish(sum));
}

static void apply(struct ka_craft *craft, const struct ka_craft_fixup *fixup)
{
    struct ka_builder *out = &craft->out;
    size_t length = out->used - fixup->from;

    switch ((enum fixup)fixup->kind) {
    case FIX_LENGTH:
        ka_patch_be16(out, fixup->at, (uint16_t)length);
        break;
    case FIX_IPV4:
        ka_patch_be16(out, fixup->at + 2, (uint16_t)length);
        sum_ipv4(craft, fixup->at);
        break;
    case FIX_IPV4_CHECKSUM:
        sum_ipv4(craft, fixup->at);
        break;
    case FIX_UDP:
        ka_patch_be16(out, fixup->at + 4, (uint16_t)length);
        sum_to(craft, fixup, PROTOCOL_UDP, 6);
        break;
    case FIX_TCP:
        sum_to(craft, fixup, PROTOCOL_TCP, 16);
        break;
    case FIX_ICMP:
        sum_to(craft, fixup, PROTOCOL_ICMP, 2);
        break;
    case FIX_ICMP6:
        sum_to(craft, fixup, PROTOCOL_ICMP6, 2);
        break;
    }
}

size_t ka_craft_finish(struct ka_craft *craft)
{
    while (craft->fixup_count > 0 && ka_builder_ok(&craft->out))
        apply(craft, &craft->fixups[--craft->fixup_count]);
    return ka_builder_ok(&craft->out) ? craft->out.used : 0;
}
