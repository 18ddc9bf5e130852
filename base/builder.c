/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/builder.h"

#include <string.h>

struct ka_builder ka_builder_make(void *bytes, size_t size)
{
    return (struct ka_builder){.bytes = bytes, .size = size};
}

bool ka_builder_ok(const struct ka_builder *builder)
{
    return !builder->overflow;
}

void ka_put_bytes(struct ka_builder *builder, const void *bytes, size_t count)
{
    if (builder->overflow || builder->size - builder->used < count) {
        builder->overflow = true;
        return;
    }
    if (count > 0)
        memcpy(builder->bytes + builder->used, bytes, count);
    builder->used += count;
}

void ka_put_zeros(struct ka_builder *builder, size_t count)
{
    if (builder->overflow || builder->size - builder->used < count) {
        builder->overflow = true;
        return;
    }
    if (count > 0)
        memset(builder->bytes + builder->used, 0, count);
    builder->used += count;
}

void ka_put_u8(struct ka_builder *builder, uint8_t value)
{
    ka_put_bytes(builder, &value, 1);
}

void ka_put_be16(struct ka_builder *builder, uint16_t value)
{
    uint8_t bytes[] = {(uint8_t)(value >> 8), (uint8_t)value};
    ka_put_bytes(builder, bytes, sizeof(bytes));
}

void ka_put_be32(struct ka_builder *builder, uint32_t value)
{
    ka_put_be16(builder, (uint16_t)(value >> 16));
    ka_put_be16(builder, (uint16_t)value);
}

void ka_put_le16(struct ka_builder *builder, uint16_t value)
{
    uint8_t bytes[] = {(uint8_t)value, (uint8_t)(value >> 8)};
    ka_put_bytes(builder, bytes, sizeof(bytes));
}

void ka_put_le32(struct ka_builder *builder, uint32_t value)
{
    ka_put_le16(builder, (uint16_t)value);
    ka_put_le16(builder, (uint16_t)(value >> 16));
}

void ka_put_le64(struct ka_builder *builder, uint64_t value)
{
    ka_put_le32(builder, (uint32_t)value);
    ka_put_le32(builder, (uint32_t)(value >> 32));
}

void ka_patch_be16(struct ka_builder *builder, size_t at, uint16_t value)
{
    if (builder->overflow || at > builder->used || builder->used - at < 2) {
        builder->overflow = true;
        return;
    }
    builder->bytes[at] = (uint8_t)(value >> 8);
    builder->bytes[at + 1] = (uint8_t)value;
}

uint32_t ka_checksum_add(uint32_t sum, const void *bytes, size_t count)
{
    const uint8_t *at = bytes;
    uint64_t total = sum;
    size_t i = 0;
    for (; i + 1 < count; i += 2)
        total += (uint32_t)at[i] << 8 | at[i + 1];
    if (i < count)
        total += (uint32_t)at[i] << 8;
    while (total >> 16 != 0)
        total = (total & 0xffff) + (total >> 16);
    return (uint32_t)total;
}

uint16_t ka_checksum_finish(uint32_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}
