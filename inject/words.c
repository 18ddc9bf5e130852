/* SPDX-License-Identifier: BSD-2-Clause */
#include "inject/words.h"

#include <string.h>

static enum ka_line_state end_line(struct ka_lines *lines)
{
    bool bad = lines->too_long;
    for (size_t i = 0; i < lines->used; i++)
        bad = bad || lines->line[i] < ' ' || lines->line[i] > '~';
    lines->line[lines->used] = '\0';
    lines->used = 0;
    lines->too_long = false;
    return bad ? KA_LINE_BAD : KA_LINE_READY;
}

enum ka_line_state ka_lines_take(struct ka_lines *lines, const char **bytes, size_t *length)
{
    while (*length > 0) {
        char c = **bytes;
        (*bytes)++;
        (*length)--;
        if (c == '\n')
            return end_line(lines);
        if (lines->used < sizeof(lines->line) - 1)
            lines->line[lines->used++] = c;
        else
            lines->too_long = true;
    }
    return KA_LINE_MORE;
}

bool ka_word_next(const char **rest, char *out, size_t size)
{
    size_t length = strcspn(*rest, " ");
    if (length == 0 || length >= size)
        return false;
    memcpy(out, *rest, length);
    out[length] = '\0';
    *rest += length;
    if (**rest == ' ')
        (*rest)++;
    return true;
}

bool ka_word_number(const char *text, uint32_t max, uint32_t *out)
{
    uint64_t value = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 10 || text[digits] != '\0')
        return false;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (uint64_t)(text[i] - '0');
    if (value > max)
        return false;
    *out = (uint32_t)value;
    return true;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
    return at == NULL ? -1 : (int)(at - digits);
}

bool ka_word_hex(const char *text, char separator, uint8_t *out, size_t count)
{
    size_t step = separator == 0 ? 2 : 3;
    if (strlen(text) != (count == 0 ? 0 : count * step - (step - 2)))
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *at = text + i * step;
        if (hex_digit(at[0]) < 0 || hex_digit(at[1]) < 0)
            return false;
        if (step == 3 && i + 1 < count && at[2] != separator)
            return false;
    }
    for (size_t i = 0; i < count; i++)
        out[i] = (uint8_t)(hex_digit(text[i * step]) << 4 | hex_digit(text[i * step + 1]));
    return true;
}
