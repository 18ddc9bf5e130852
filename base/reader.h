/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The only way to look at bytes from outside: a window that advances on success and never leaves
 * its bounds. A failed read returns false, writes nothing and moves nothing.
 */
#ifndef KA_BASE_READER_H
#define KA_BASE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* `left` bytes may be read at `at`. The bytes belong to whoever made the window. */
struct ka_reader {
    const uint8_t *at;
    size_t left;
};

static inline struct ka_reader ka_reader_make(const void *bytes, size_t length)
{
    return (struct ka_reader){.at = bytes, .left = length};
}

/* Advances by `count` bytes. */
static inline bool ka_skip(struct ka_reader *reader, size_t count)
{
    if (reader->left < count)
        return false;
    reader->at += count;
    reader->left -= count;
    return true;
}

/* Carves the next `count` bytes off as a window of their own. */
static inline bool ka_read_window(struct ka_reader *reader, size_t count, struct ka_reader *out)
{
    if (reader->left < count)
        return false;
    *out = ka_reader_make(reader->at, count);
    return ka_skip(reader, count);
}

/* Cuts the window to at most `count` bytes. */
static inline void ka_reader_limit(struct ka_reader *reader, size_t count)
{
    if (reader->left > count)
        reader->left = count;
}

static inline bool ka_read_bytes(struct ka_reader *reader, void *out, size_t count)
{
    if (reader->left < count)
        return false;
    memcpy(out, reader->at, count);
    return ka_skip(reader, count);
}

static inline bool ka_read_u8(struct ka_reader *reader, uint8_t *out)
{
    if (reader->left < 1)
        return false;
    *out = reader->at[0];
    return ka_skip(reader, 1);
}

/* Big endian, as on the network. */
static inline bool ka_read_be16(struct ka_reader *reader, uint16_t *out)
{
    if (reader->left < 2)
        return false;
    *out = (uint16_t)((unsigned)reader->at[0] << 8 | reader->at[1]);
    return ka_skip(reader, 2);
}

static inline bool ka_read_be32(struct ka_reader *reader, uint32_t *out)
{
    if (reader->left < 4)
        return false;
    *out = (uint32_t)reader->at[0] << 24 | (uint32_t)reader->at[1] << 16 |
           (uint32_t)reader->at[2] << 8 | reader->at[3];
    return ka_skip(reader, 4);
}

/* In the byte order of a capture file: little endian, or swapped. */
static inline bool ka_read_u16(struct ka_reader *reader, bool big_endian, uint16_t *out)
{
    uint16_t value;
    if (!ka_read_be16(reader, &value))
        return false;
    *out = big_endian ? value : (uint16_t)(value << 8 | value >> 8);
    return true;
}

static inline bool ka_read_u32(struct ka_reader *reader, bool big_endian, uint32_t *out)
{
    uint32_t value;
    if (!ka_read_be32(reader, &value))
        return false;
    *out = big_endian ? value : __builtin_bswap32(value);
    return true;
}

static inline bool ka_read_u64(struct ka_reader *reader, bool big_endian, uint64_t *out)
{
    uint64_t value;
    if (reader->left < 8)
        return false;
    memcpy(&value, reader->at, 8);
    bool host_is_big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    *out = big_endian == host_is_big ? value : __builtin_bswap64(value);
    return ka_skip(reader, 8);
}

#endif
