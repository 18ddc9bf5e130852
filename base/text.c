/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/text.h"

#include "base/digits.h"
#include "base/unicode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 4096 };

struct ka_text ka_text_growing(void)
{
    return (struct ka_text){.grows = true};
}

struct ka_text ka_text_fixed(char *bytes, size_t size)
{
    return (struct ka_text){.bytes = bytes, .size = size};
}

void ka_text_free(struct ka_text *text)
{
    if (text->grows) {
        free(text->bytes);
        *text = ka_text_growing();
    }
    text->used = 0;
}

static bool enlarge(struct ka_text *text, size_t count)
{
    size_t size = text->size > 0 ? text->size : FIRST_SIZE;
    if (!text->grows || count > SIZE_MAX / 4 || text->used > SIZE_MAX / 4)
        return false;
    while (size - text->used < count)
        size *= 2;
    char *bytes = realloc(text->bytes, size);
    if (bytes == NULL)
        return false;
    text->bytes = bytes;
    text->size = size;
    return true;
}

bool ka_text_grow(struct ka_text *text, size_t count)
{
    if (enlarge(text, count))
        return true;
    text->overflow = true;
    return false;
}

void ka_text_put_number(struct ka_text *text, uint64_t value)
{
    char digits[KA_DIGITS_NUMBER];
    ka_text_put(text, digits, (size_t)(ka_digits_number(digits, value) - digits));
}

void ka_text_put_seconds(struct ka_text *text, ka_time duration)
{
    char digits[KA_DIGITS_SECONDS];
    ka_text_put(text, digits, (size_t)(ka_digits_seconds(digits, duration) - digits));
}

void ka_text_put_double(struct ka_text *text, double value)
{
    char digits[KA_DIGITS_DOUBLE];
    ka_text_put(text, digits, (size_t)(ka_digits_double(digits, value) - digits));
}

void ka_text_pad(struct ka_text *text, size_t from, size_t width)
{
    while (text->used - from < width && !text->overflow)
        ka_text_put_char(text, ' ');
}

void ka_text_put_foreign(struct ka_text *text, const char *foreign, size_t size)
{
    struct ka_reader reader = ka_reader_make(foreign, strnlen(foreign, size));
    while (reader.left > 0) {
        const uint8_t *start = reader.at;
        uint32_t point = ka_unicode_next(&reader);
        if (point == KA_UNICODE_INVALID)
            ka_text_put_string(text, KA_UNICODE_REPLACEMENT);
        else if (!ka_unicode_is_hostile(point))
            ka_text_put(text, (const char *)start, (size_t)(reader.at - start));
        else {
            char escape[8];
            int length =
                snprintf(escape, sizeof(escape), point < 0x100 ? "\\x%02x" : "\\u%04x", point);
            ka_text_put(text, escape, (size_t)length);
        }
    }
}
