/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/unicode.h"

#include <stddef.h>

/* How many bytes follow a lead byte, the bits it gives, and the least value of that length. */
static const struct {
    uint8_t mask;
    uint8_t lead;
    uint8_t following;
    uint32_t least;
} forms[] = {
    {0x80, 0x00, 0, 0},
    {0xe0, 0xc0, 1, 0x80},
    {0xf0, 0xe0, 2, 0x800},
    {0xf8, 0xf0, 3, 0x10000},
};

/* The code point at the start of the window in the given form, or KA_UNICODE_INVALID. */
static uint32_t decode(struct ka_reader reader, size_t form)
{
    uint8_t byte = 0;
    ka_read_u8(&reader, &byte);
    uint32_t point = byte & (uint8_t)~forms[form].mask;
    for (uint8_t i = 0; i < forms[form].following; i++) {
        if (!ka_read_u8(&reader, &byte) || (byte & 0xc0) != 0x80)
            return KA_UNICODE_INVALID;
        point = point << 6 | (byte & 0x3f);
    }
    if (point < forms[form].least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return KA_UNICODE_INVALID;
    return point;
}

uint32_t ka_unicode_next(struct ka_reader *reader)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if ((reader->at[0] & forms[i].mask) != forms[i].lead)
            continue;
        uint32_t point = decode(*reader, i);
        ka_skip(reader, point == KA_UNICODE_INVALID ? 1 : forms[i].following + (size_t)1);
        return point;
    }
    ka_skip(reader, 1);
    return KA_UNICODE_INVALID;
}

bool ka_unicode_is_hostile(uint32_t point)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } ranges[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0x61c, 0x61c},   {0x200e, 0x200f},
        {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff},
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (point >= ranges[i].first && point <= ranges[i].last)
            return true;
    }
    return false;
}
