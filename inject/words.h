/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Words of a protocol line: splitting a stream into lines, a line into key=value words, and reading
 * values strictly. No names, no signs, no blanks, nothing after the number.
 */
#ifndef KA_INJECT_WORDS_H
#define KA_INJECT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KA_LINES_SIZE = 1024 };

/* Collects lines from a byte stream. A line that does not fit is dropped up to its newline and
 * handed over as too long. Zero-initialise. */
struct ka_lines {
    char line[KA_LINES_SIZE];
    size_t used;
    bool too_long;
};

enum ka_line_state {
    KA_LINE_MORE,  /* all bytes are taken, no line is complete */
    KA_LINE_READY, /* lines->line holds one, terminated, without its newline */
    KA_LINE_BAD,   /* one ended that was too long or held something else than printable ASCII */
};

/* Takes bytes from *bytes, advancing it and *length, up to the first newline. The line is valid
 * until the next call. */
enum ka_line_state ka_lines_take(struct ka_lines *lines, const char **bytes, size_t *length);

/* Cuts the next word off *rest, which moves on: words are separated by single blanks. Writes it,
 * terminated, into out[size]. False at the end of the line or when the word does not fit. */
bool ka_word_next(const char **rest, char *out, size_t size);

/* Decimal, 0..max. False, *out untouched, for anything else. */
bool ka_word_number(const char *text, uint32_t max, uint32_t *out);

/* Two hexadecimal digits a byte, lower or upper case, exactly `count` bytes, with `separator`
 * between bytes unless it is 0. */
bool ka_word_hex(const char *text, char separator, uint8_t *out, size_t count);

#endif
