/* SPDX-License-Identifier: BSD-2-Clause */
#include "output/community_id.h"

#include "base/builder.h"

#include <sha1.h>
#include <string.h>

enum { SEED = 0, PROTOCOL_TCP = 6 };

/* RFC 4648, with padding. `out` takes four characters for three bytes or less. */
static char *put_base64(char *out, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < count; i += 3) {
        size_t left = count - i;
        uint32_t group = (uint32_t)bytes[i] << 16;
        if (left > 1)
            group |= (uint32_t)bytes[i + 1] << 8;
        if (left > 2)
            group |= bytes[i + 2];
        *out++ = digits[group >> 18];
        *out++ = digits[group >> 12 & 63];
        *out++ = '=';
        *out++ = '=';
        if (left > 1)
            out[-2] = digits[group >> 6 & 63];
        if (left > 2)
            out[-1] = digits[group & 63];
    }
    return out;
}

bool ka_community_id(const struct ka_endpoint *a, const struct ka_endpoint *b, char *out)
{
    uint8_t block[SHA1_BLOCK_LENGTH] = {0};
    uint8_t digest[SHA1_DIGEST_LENGTH];
    SHA1_CTX context;
    uint8_t family = a->addr.family;
    if (family != b->addr.family || (family != 4 && family != 6))
        return false;
    size_t length = family == 4 ? 4 : 16;
    int order = memcmp(a->addr.bytes, b->addr.bytes, length);
    bool swapped = order > 0 || (order == 0 && a->port > b->port);
    const struct ka_endpoint *first = swapped ? b : a;
    const struct ka_endpoint *second = swapped ? a : b;

    struct ka_builder builder = ka_builder_make(block, sizeof(block));
    ka_put_be16(&builder, SEED);
    ka_put_bytes(&builder, first->addr.bytes, length);
    ka_put_bytes(&builder, second->addr.bytes, length);
    ka_put_u8(&builder, PROTOCOL_TCP);
    ka_put_u8(&builder, 0);
    ka_put_be16(&builder, first->port);
    ka_put_be16(&builder, second->port);
    /* All of it and its padding (RFC 3174 4) are one block; SHA1Final pads byte by byte. */
    uint16_t bits = (uint16_t)(builder.used * 8);
    ka_put_u8(&builder, 0x80);
    builder = ka_builder_make(block + sizeof(block) - sizeof(bits), sizeof(bits));
    ka_put_be16(&builder, bits);
    SHA1Init(&context);
    SHA1Transform(context.state, block);
    builder = ka_builder_make(digest, sizeof(digest));
    for (size_t i = 0; i < SHA1_DIGEST_LENGTH / 4; i++)
        ka_put_be32(&builder, context.state[i]);
    memcpy(out, "1:", 2);
    *put_base64(out + 2, digest, sizeof(digest)) = '\0';
    return true;
}
