/* SPDX-License-Identifier: BSD-2-Clause */
#include "inject/protocol.h"
#include "inject/words.h"

#include <stdio.h>
#include <string.h>

/* What stands in each reply; the text is the rest of the line. */
enum { WITH_ID = 1, WITH_BYTES = 2, WITH_REASON = 4, WITH_TEXT = 8, WITH_CAPS = 16 };

static const struct {
    const char *name;
    uint8_t parts;
} kinds[] = {
    [KA_REPLY_READY] = {"ready", WITH_CAPS},
    [KA_REPLY_SENT] = {"sent", WITH_ID | WITH_BYTES},
    [KA_REPLY_BUILT] = {"built", WITH_ID | WITH_BYTES},
    [KA_REPLY_NOTED] = {"noted", WITH_ID},
    [KA_REPLY_REFUSED] = {"refused", WITH_ID | WITH_REASON | WITH_TEXT},
    [KA_REPLY_FAILED] = {"failed", WITH_ID | WITH_TEXT},
};

enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]), WORD_SIZE = 2 * KA_PROBE_BYTES_MAX + 8 };

static int write_caps(const struct ka_reply *reply, char *out, size_t size)
{
    const struct ka_caps *caps = &reply->caps;
    return snprintf(out, size,
                    " protocol=%u rate=%u total=%u unanswered=%u one-byte=%u exact=%d link=%d "
                    "dry-run=%d",
                    reply->version, caps->rate, caps->total, caps->unanswered, caps->one_byte,
                    caps->exact, caps->link, caps->dry_run);
}

static int write_bytes(const struct ka_reply *reply, char *out, size_t size)
{
    int used = snprintf(out, size, " bytes=");
    for (size_t i = 0; i < reply->length && i < sizeof(reply->bytes); i++)
        used += snprintf(out + used, size - (size_t)used, "%02x", reply->bytes[i]);
    return used;
}

void ka_reply_text(const struct ka_reply *reply, char *out)
{
    uint8_t parts = kinds[reply->kind].parts;
    int used = snprintf(out, KA_LINE_SIZE, "%s", kinds[reply->kind].name);
    if ((parts & WITH_CAPS) != 0)
        used += write_caps(reply, out + used, KA_LINE_SIZE - (size_t)used);
    if ((parts & WITH_ID) != 0)
        used += snprintf(out + used, KA_LINE_SIZE - (size_t)used, " id=%u", reply->id);
    if ((parts & WITH_BYTES) != 0)
        used += write_bytes(reply, out + used, KA_LINE_SIZE - (size_t)used);
    if ((parts & WITH_REASON) != 0)
        used += snprintf(out + used, KA_LINE_SIZE - (size_t)used, " reason=%s wait_ms=%u",
                         reply->reason, reply->wait_ms);
    if ((parts & WITH_TEXT) != 0)
        used += snprintf(out + used, KA_LINE_SIZE - (size_t)used, " text=%s", reply->text);
    for (int i = 0; i < used; i++)
        if (out[i] < ' ' || out[i] > '~')
            out[i] = '?';
}

/* Reads the word "name=value" where it stands next; the value into out[size]. */
static bool read_value(const char **rest, const char *name, char *out, size_t size)
{
    char word[WORD_SIZE];
    const char *at = *rest;
    size_t length = strlen(name);
    if (!ka_word_next(&at, word, sizeof(word)) || strncmp(word, name, length) != 0 ||
        word[length] != '=' || strlen(word + length + 1) >= size)
        return false;
    snprintf(out, size, "%s", word + length + 1);
    *rest = at;
    return true;
}

static bool read_u32(const char **rest, const char *name, uint32_t max, uint32_t *out)
{
    char value[WORD_SIZE];
    return read_value(rest, name, value, sizeof(value)) && ka_word_number(value, max, out);
}

static bool read_bool(const char **rest, const char *name, bool *out)
{
    uint32_t value;
    if (!read_u32(rest, name, 1, &value))
        return false;
    *out = value == 1;
    return true;
}

static bool read_caps(const char **rest, struct ka_reply *out)
{
    struct ka_caps *caps = &out->caps;
    return read_u32(rest, "protocol", UINT32_MAX, &out->version) &&
           read_u32(rest, "rate", UINT32_MAX, &caps->rate) &&
           read_u32(rest, "total", UINT32_MAX, &caps->total) &&
           read_u32(rest, "unanswered", UINT32_MAX, &caps->unanswered) &&
           read_u32(rest, "one-byte", UINT32_MAX, &caps->one_byte) &&
           read_bool(rest, "exact", &caps->exact) && read_bool(rest, "link", &caps->link) &&
           read_bool(rest, "dry-run", &caps->dry_run);
}

static bool read_bytes(const char **rest, struct ka_reply *out)
{
    char hex[2 * KA_PROBE_BYTES_MAX + 1];
    if (!read_value(rest, "bytes", hex, sizeof(hex)))
        return false;
    out->length = strlen(hex) / 2;
    return ka_word_hex(hex, 0, out->bytes, out->length);
}

static bool read_text(const char **rest, struct ka_reply *out)
{
    if (strncmp(*rest, "text=", 5) != 0 || strlen(*rest + 5) >= sizeof(out->text))
        return false;
    snprintf(out->text, sizeof(out->text), "%s", *rest + 5);
    *rest += strlen(*rest);
    return true;
}

int ka_reply_parse(const char *line, struct ka_reply *out, struct ka_error *error)
{
    char word[WORD_SIZE];
    struct ka_reply reply = {.kind = KA_REPLY_READY};
    const char *rest = line;
    size_t kind = KIND_COUNT;
    bool started = ka_word_next(&rest, word, sizeof(word));
    for (size_t i = 0; started && i < KIND_COUNT; i++)
        if (strcmp(word, kinds[i].name) == 0)
            kind = i;
    if (kind == KIND_COUNT)
        return ka_error_set(error, "the injector said something unknown: '%.80s'", line);
    uint8_t parts = kinds[kind].parts;
    reply.kind = (enum ka_reply_kind)kind;
    if (((parts & WITH_CAPS) != 0 && !read_caps(&rest, &reply)) ||
        ((parts & WITH_ID) != 0 && !read_u32(&rest, "id", UINT32_MAX, &reply.id)) ||
        ((parts & WITH_BYTES) != 0 && !read_bytes(&rest, &reply)) ||
        ((parts & WITH_REASON) != 0 &&
         (!read_value(&rest, "reason", reply.reason, sizeof(reply.reason)) ||
          !read_u32(&rest, "wait_ms", UINT32_MAX, &reply.wait_ms))) ||
        ((parts & WITH_TEXT) != 0 && !read_text(&rest, &reply)) || *rest != '\0')
        return ka_error_set(error, "the injector's reply cannot be read: '%.80s'", line);
    *out = reply;
    return 0;
}
