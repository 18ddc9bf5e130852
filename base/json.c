/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/json.h"

#include "base/unicode.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct ka_json ka_json_make(struct ka_text *text, bool pretty)
{
    return (struct ka_json){.text = text, .pretty = pretty};
}

static void new_line(struct ka_json *json)
{
    ka_text_put_char(json->text, '\n');
    for (unsigned i = 0; i < json->depth; i++)
        ka_text_put(json->text, "  ", 2);
}

/* What stands between the previous value of this level and the one to come. */
static void separate(struct ka_json *json)
{
    uint64_t level = UINT64_C(1) << json->depth;
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    if (json->started & level)
        ka_text_put_char(json->text, ',');
    json->started |= level;
    if (json->pretty && json->depth > 0)
        new_line(json);
}

static void open_level(struct ka_json *json, char bracket)
{
    separate(json);
    ka_text_put_char(json->text, bracket);
    assert(json->depth < KA_JSON_DEPTH_MAX);
    json->depth++;
    json->started &= ~(UINT64_C(1) << json->depth);
}

static void close_level(struct ka_json *json, char bracket)
{
    assert(json->depth > 0);
    bool empty = !(json->started & UINT64_C(1) << json->depth);
    json->depth--;
    if (json->pretty && !empty)
        new_line(json);
    ka_text_put_char(json->text, bracket);
}

void ka_json_open_object(struct ka_json *json)
{
    open_level(json, '{');
}

void ka_json_close_object(struct ka_json *json)
{
    close_level(json, '}');
}

void ka_json_open_array(struct ka_json *json)
{
    open_level(json, '[');
}

void ka_json_close_array(struct ka_json *json)
{
    close_level(json, ']');
}

/* Printable, and neither '"' (22), '<' (3c) nor '\\' (5c). */
static const bool is_plain[256] = {
    [0x20 ... 0x21] = true,
    [0x23 ... 0x3b] = true,
    [0x3d ... 0x5b] = true,
    [0x5d ... 0x7e] = true,
};

/* Whether one of eight bytes may not be plain. Each test marks the high bit of the bytes that it
 * finds, and may mark bytes above one that it found. */
static bool has_special(uint64_t bytes)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    static const uint8_t specials[] = {'"', '<', '\\', 0x7f};
    uint64_t found = bytes | ((bytes - each * 0x20) & ~bytes);
    for (size_t i = 0; i < sizeof(specials); i++) {
        uint64_t zero_where_equal = bytes ^ each * specials[i];
        found |= (zero_where_equal - each) & ~zero_where_equal;
    }
    return (found & each * 0x80) != 0;
}

/* How many bytes at the start are plain. */
static size_t plain_run(const uint8_t *bytes, size_t count)
{
    size_t run = 0;
    for (uint64_t word; count - run >= sizeof(word); run += sizeof(word)) {
        memcpy(&word, bytes + run, sizeof(word));
        if (has_special(word))
            break;
    }
    while (run < count && is_plain[bytes[run]])
        run++;
    return run;
}

static char *put_escape(char *at, uint32_t point)
{
    static const char digits[] = "0123456789abcdef";
    memcpy(at, "\\u", 2);
    for (unsigned i = 0; i < 4; i++)
        at[2 + i] = digits[point >> (12 - 4 * i) & 15];
    return at + 6;
}

/* The next code point, which is not plain. Hostile ones all lie below U+10000. */
static char *put_special(char *at, struct ka_reader *reader)
{
    const uint8_t *start = reader->at;
    uint32_t point = ka_unicode_next(reader);
    if (point == KA_UNICODE_INVALID)
        return stpcpy(at, KA_UNICODE_REPLACEMENT);
    if (point == '<' || ka_unicode_is_hostile(point))
        return put_escape(at, point);
    if (point == '"' || point == '\\')
        *at++ = '\\';
    return mempcpy(at, start, (size_t)(reader->at - start));
}

char *ka_json_quote(char *at, const char *bytes, size_t count)
{
    struct ka_reader reader = ka_reader_make(bytes, count);
    *at++ = '"';
    while (reader.left > 0) {
        size_t run = plain_run(reader.at, reader.left);
        at = mempcpy(at, reader.at, run);
        ka_skip(&reader, run);
        if (reader.left > 0)
            at = put_special(at, &reader);
    }
    *at++ = '"';
    return at;
}

static void put_quoted(struct ka_text *text, const char *bytes, size_t count)
{
    if (text->size - text->used < KA_JSON_QUOTED(count) &&
        !ka_text_grow(text, KA_JSON_QUOTED(count)))
        return;
    char *at = text->bytes + text->used;
    text->used += (size_t)(ka_json_quote(at, bytes, count) - at);
}

void ka_json_key(struct ka_json *json, const char *key)
{
    separate(json);
    put_quoted(json->text, key, strlen(key));
    ka_text_put_char(json->text, ':');
    if (json->pretty)
        ka_text_put_char(json->text, ' ');
    json->after_key = true;
}

void ka_json_bytes(struct ka_json *json, const char *bytes, size_t count)
{
    separate(json);
    put_quoted(json->text, bytes, count);
}

void ka_json_string(struct ka_json *json, const char *string)
{
    ka_json_bytes(json, string, strlen(string));
}

void ka_json_number(struct ka_json *json, uint64_t value)
{
    separate(json);
    ka_text_put_number(json->text, value);
}

void ka_json_seconds(struct ka_json *json, ka_time duration)
{
    if (duration == KA_TIME_NONE) {
        ka_json_null(json);
        return;
    }
    separate(json);
    ka_text_put_seconds(json->text, duration);
}

void ka_json_double(struct ka_json *json, double value)
{
    if (!isfinite(value)) {
        ka_json_null(json);
        return;
    }
    separate(json);
    ka_text_put_double(json->text, value);
}

void ka_json_bool(struct ka_json *json, bool value)
{
    separate(json);
    ka_text_put_string(json->text, value ? "true" : "false");
}

void ka_json_null(struct ka_json *json)
{
    separate(json);
    ka_text_put_string(json->text, "null");
}
