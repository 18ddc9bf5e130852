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

static void put_escape(struct ka_text *text, uint32_t point)
{
    static const char digits[] = "0123456789abcdef";
    char escape[] = {'\\',
                     'u',
                     digits[point >> 12 & 15],
                     digits[point >> 8 & 15],
                     digits[point >> 4 & 15],
                     digits[point & 15]};
    ka_text_put(text, escape, sizeof(escape));
}

/* The next code point, which is not plain. Hostile ones all lie below U+10000. */
static void put_special(struct ka_text *text, struct ka_reader *reader)
{
    const uint8_t *start = reader->at;
    uint32_t point = ka_unicode_next(reader);
    if (point == KA_UNICODE_INVALID) {
        ka_text_put_string(text, KA_UNICODE_REPLACEMENT);
    } else if (point == '"' || point == '\\') {
        ka_text_put_char(text, '\\');
        ka_text_put_char(text, (char)point);
    } else if (point == '<' || ka_unicode_is_hostile(point)) {
        put_escape(text, point);
    } else {
        ka_text_put(text, (const char *)start, (size_t)(reader->at - start));
    }
}

static void put_quoted(struct ka_text *text, const char *bytes, size_t count)
{
    struct ka_reader reader = ka_reader_make(bytes, count);
    ka_text_put_char(text, '"');
    while (reader.left > 0) {
        size_t run = 0;
        while (run < reader.left && is_plain[reader.at[run]])
            run++;
        ka_text_put(text, (const char *)reader.at, run);
        ka_skip(&reader, run);
        if (reader.left > 0)
            put_special(text, &reader);
    }
    ka_text_put_char(text, '"');
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

void ka_json_raw(struct ka_json *json, const char *bytes, size_t count)
{
    separate(json);
    ka_text_put(json->text, bytes, count);
}
