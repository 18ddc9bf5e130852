/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/hops.h"

#include "base/reader.h"

#include <stdio.h>
#include <string.h>

enum { TCP = 6, ICMP_HEADER = 8 };

/* Reads an address of the family; false at the end of the bytes. */
static bool read_addr(struct ka_reader *reader, unsigned family, struct ka_addr *out)
{
    uint8_t bytes[16];
    if (!ka_read_bytes(reader, bytes, family == 6 ? 16 : 4))
        return false;
    *out = ka_addr_make((uint8_t)family, bytes);
    return true;
}

/* Skips an IPv4 header; its protocol and addresses, where wanted. */
static bool read_ipv4(struct ka_reader *reader, uint8_t *protocol, struct ka_addr *src,
                      struct ka_addr *dst)
{
    uint8_t first;
    if (!ka_read_u8(reader, &first) || first >> 4 != 4 || (first & 15) < 5 || !ka_skip(reader, 8) ||
        !ka_read_u8(reader, protocol) || !ka_skip(reader, 2) || !read_addr(reader, 4, src) ||
        !read_addr(reader, 4, dst))
        return false;
    return ka_skip(reader, ((size_t)(first & 15) - 5) * 4);
}

/* Our own segments carry no extension headers. */
static bool read_ipv6(struct ka_reader *reader, uint8_t *protocol, struct ka_addr *src,
                      struct ka_addr *dst)
{
    uint8_t first;
    return ka_read_u8(reader, &first) && first >> 4 == 6 && ka_skip(reader, 5) &&
           ka_read_u8(reader, protocol) && ka_skip(reader, 1) && read_addr(reader, 6, src) &&
           read_addr(reader, 6, dst);
}

bool ka_hops_quote(unsigned family, const uint8_t *bytes, size_t length,
                   const struct ka_endpoint *ours, const struct ka_endpoint *far)
{
    struct ka_reader reader = ka_reader_make(bytes, length);
    struct ka_endpoint src;
    struct ka_endpoint dst;
    uint8_t protocol;
    uint8_t type;
    if (family == 4 && (!read_ipv4(&reader, &protocol, &src.addr, &dst.addr) || protocol != 1))
        return false;
    if (!ka_read_u8(&reader, &type) || !ka_skip(&reader, ICMP_HEADER - 1))
        return false;
    /* time exceeded, destination unreachable */
    if (family == 4 ? type != 11 && type != 3 : type != 3 && type != 1)
        return false;
    bool read = family == 4 ? read_ipv4(&reader, &protocol, &src.addr, &dst.addr)
                            : read_ipv6(&reader, &protocol, &src.addr, &dst.addr);
    return read && protocol == TCP && ka_read_be16(&reader, &src.port) &&
           ka_read_be16(&reader, &dst.port) && src.port == ours->port && dst.port == far->port &&
           ka_addr_equal(&src.addr, &ours->addr) && ka_addr_equal(&dst.addr, &far->addr);
}

enum ka_hops_result ka_hops_compare(const struct ka_hops *before, const struct ka_hops *after,
                                    unsigned *hop)
{
    unsigned last = 0;
    bool behind = false;
    if (after->reached)
        return KA_HOPS_HEALED;
    for (unsigned i = 0; i < after->count; i++)
        if (after->addr[i].family != 0)
            last = i + 1;
    for (unsigned i = last; i < before->count; i++)
        behind |= before->addr[i].family != 0;
    if (!behind && (!before->reached || last == 0))
        return KA_HOPS_UNKNOWN;
    *hop = last;
    return behind ? KA_HOPS_FOUND : KA_HOPS_BEYOND;
}

void ka_hops_text(const struct ka_hops *hops, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < hops->count && used < size; i++) {
        char text[KA_ADDR_TEXT_SIZE];
        ka_addr_text(&hops->addr[i], text);
        used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? ", " : "", text);
    }
}
