/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Text under construction: a buffer that grows, or one of fixed size, and fast ways to put numbers
 * into it. Like the builder it remembers an overflow instead of failing each call: build first, ask
 * once.
 */
#ifndef KA_BASE_TEXT_H
#define KA_BASE_TEXT_H

#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct ka_text {
    char *bytes; /* `used` of `size` are written; not terminated */
    size_t size;
    size_t used;
    bool grows;    /* `bytes` is from malloc and ours */
    bool overflow; /* something did not fit, or memory was out; what came after may be missing */
};

/* An empty text that grows as needed; ka_text_free releases it. */
struct ka_text ka_text_growing(void);

/* An empty text in the caller's buffer. */
struct ka_text ka_text_fixed(char *bytes, size_t size);

/* Releases what a growing text took; a fixed one is only emptied. */
void ka_text_free(struct ka_text *text);

/* Makes the buffer larger so that `count` more bytes fit. False, `overflow` set, where it cannot.
 */
bool ka_text_grow(struct ka_text *text, size_t count);

static inline void ka_text_put(struct ka_text *text, const char *bytes, size_t count)
{
    if (count == 0 || (text->size - text->used < count && !ka_text_grow(text, count)))
        return;
    memcpy(text->bytes + text->used, bytes, count);
    text->used += count;
}

static inline void ka_text_put_string(struct ka_text *text, const char *string)
{
    ka_text_put(text, string, strlen(string));
}

static inline void ka_text_put_char(struct ka_text *text, char value)
{
    if (text->size > text->used || ka_text_grow(text, 1))
        text->bytes[text->used++] = value;
}

/* The ending that makes a noun fit its number: nothing for one, else an s. */
static inline const char *ka_text_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* Decimal digits. */
void ka_text_put_number(struct ka_text *text, uint64_t value);

/* Nanoseconds as seconds: exact, at most nine decimals, trailing zeros left out ("60", "0.0005",
 * "-1.5"). Any value but KA_TIME_NONE. */
void ka_text_put_seconds(struct ka_text *text, ka_time duration);

/* A finite number with at most six decimals, trailing zeros left out; from 10^12 on in the form of
 * "%.17g". */
void ka_text_put_double(struct ka_text *text, double value);

/* Spaces until `width` columns have been written since `from`, an earlier `used`; none when there
 * are as many already. Counts bytes. */
void ka_text_pad(struct ka_text *text, size_t from, size_t width);

/* Foreign text made safe for a terminal: control characters, ESC among them, bidi marks and line
 * separators appear as "\x1b" or "\u202e", bytes that are no UTF-8 as U+FFFD. Reads up to `size`
 * bytes, less where a NUL comes first. */
void ka_text_put_foreign(struct ka_text *text, const char *foreign, size_t size);

#endif
