/* SPDX-License-Identifier: BSD-2-Clause
 *
 * NDJSON: walks the declaration of events/ and knows no event by name. Written straight into the
 * output's buffer; envelope.h says how commas come about.
 */
#include "base/json.h"

#include "base/digits.h"
#include "events/field.h"
#include "output/envelope.h"
#include "output/form.h"

#include <math.h>
#include <string.h>

/* Bytes that a field takes at most, texts apart: the longest are 16 counters with their names. */
enum { FIELD_ROOM = 1024 };

struct writer {
    struct ka_text *text; /* its `used` lags behind while an event is written */
    struct ka_envelope_writer *envelope;
    unsigned digits;
};

static char *put_fields(struct writer *writer, char *at, const struct ka_field *fields,
                        const unsigned char *object);

static size_t left_after(const struct writer *writer, const char *at)
{
    return writer->text->size - (size_t)(at - writer->text->bytes);
}

/* Makes room for `count` bytes at `at` and returns where that is now. Without memory the text is
 * marked, so that nothing of it will leave, and `at` goes back to where an event begins. */
static char *make_room(struct writer *writer, char *at, size_t count)
{
    struct ka_text *text = writer->text;
    if (left_after(writer, at) >= count)
        return at;
    text->used = (size_t)(at - text->bytes);
    if (!ka_text_grow(text, count))
        text->used = 1;
    return text->bytes + text->used;
}

/* Ends an object or a list, where a comma may stand that has nothing to separate. */
static char *put_end(char *at, char bracket)
{
    if (at[-1] == ',')
        at--;
    *at++ = bracket;
    return at;
}

static char *put_plain(char *at, const char *text)
{
    *at++ = '"';
    at = stpcpy(at, text);
    *at++ = '"';
    return at;
}

/* A text of any length, and room for a field behind it. */
static char *put_text(struct writer *writer, char *at, const char *text, size_t length)
{
    size_t count = KA_JSON_QUOTED(length) + FIELD_ROOM;
    at = make_room(writer, at, count);
    return left_after(writer, at) >= count ? ka_json_quote(at, text, length) : KA_PUT(at, "\"\"");
}

/* --- values: NULL where the value itself says that it is unknown */

static char *put_bool(char *at, bool value)
{
    return value ? KA_PUT(at, "true") : KA_PUT(at, "false");
}

static uint64_t integer(enum ka_field_type type, const void *value, size_t index)
{
    if (type == KA_FIELD_U8)
        return ((const uint8_t *)value)[index];
    if (type == KA_FIELD_U16)
        return ((const uint16_t *)value)[index];
    if (type == KA_FIELD_U32)
        return ((const uint32_t *)value)[index];
    return ((const uint64_t *)value)[index];
}

static char *put_integers(char *at, const struct ka_field *field, const void *value)
{
    if (field->count == 0)
        return ka_digits_number(at, integer(field->type, value, 0));
    *at++ = '[';
    for (size_t i = 0; i < field->count; i++) {
        at = ka_digits_number(at, integer(field->type, value, i));
        *at++ = ',';
    }
    return put_end(at, ']');
}

static char *put_numbers(char *at, const struct ka_field *field, const uint64_t *numbers)
{
    *at++ = '[';
    for (size_t i = 0; i < field->count && numbers[i] != 0; i++) {
        at = ka_digits_number(at, numbers[i]);
        *at++ = ',';
    }
    return put_end(at, ']');
}

static char *put_texts(struct writer *writer, char *at, const struct ka_field *field,
                       const char *const *texts)
{
    *at++ = '[';
    for (size_t i = 0; i < field->count && texts[i] != NULL; i++) {
        at = put_text(writer, at, texts[i], strlen(texts[i]));
        *at++ = ',';
    }
    return put_end(at, ']');
}

static char *put_counts(char *at, const struct ka_field *field, const void *value)
{
    enum ka_field_type width = field->type == KA_FIELD_COUNTS32 ? KA_FIELD_U32 : KA_FIELD_U64;
    *at++ = '{';
    for (size_t i = 0; i < field->count; i++) {
        uint64_t count = integer(width, value, i);
        if (count == 0 || field->names[i] == NULL)
            continue;
        at = put_plain(at, field->names[i]);
        *at++ = ':';
        at = ka_digits_number(at, count);
        *at++ = ',';
    }
    return put_end(at, '}');
}

static char *put_figures(struct writer *writer, char *at, const struct ka_field *field,
                         const struct ka_figure *figures)
{
    *at++ = '{';
    for (size_t i = 0; i < field->count && figures[i].name != NULL; i++) {
        at = put_text(writer, at, figures[i].name, strlen(figures[i].name));
        *at++ = ':';
        at = isfinite(figures[i].value) ? ka_digits_double(at, figures[i].value)
                                        : KA_PUT(at, "null");
        *at++ = ',';
    }
    return put_end(at, '}');
}

static char *put_foreign(struct writer *writer, char *at, const struct ka_field *field,
                         const void *value)
{
    const char *text = field->inline_text ? value : *(const char *const *)value;
    if (text == NULL || text[0] == '\0')
        return NULL;
    return put_text(writer, at, text,
                    field->inline_text ? strnlen(text, field->count) : strlen(text));
}

static char *put_address(char *at, const struct ka_addr *addr)
{
    char text[KA_ADDR_TEXT_SIZE];
    if (addr->family == 0)
        return NULL;
    ka_addr_text(addr, text);
    return put_plain(at, text);
}

static char *put_endpoint(char *at, const struct ka_endpoint *endpoint)
{
    char text[KA_ENDPOINT_TEXT_SIZE];
    if (endpoint->addr.family == 0)
        return NULL;
    ka_endpoint_text(endpoint, text);
    return put_plain(at, text);
}

static char *put_object(struct writer *writer, char *at, const struct ka_field *fields,
                        const void *object)
{
    *at++ = '{';
    at = put_fields(writer, at, fields, object);
    return put_end(at, '}');
}

static char *put_value(struct writer *writer, char *at, const struct ka_field *field,
                       const void *value)
{
    const char *name;
    switch (field->type) {
    case KA_FIELD_BOOL:
        return put_bool(at, *(const bool *)value);
    case KA_FIELD_U8:
    case KA_FIELD_U16:
    case KA_FIELD_U32:
    case KA_FIELD_U64:
        return put_integers(at, field, value);
    case KA_FIELD_DOUBLE:
        return isfinite(*(const double *)value) ? ka_digits_double(at, *(const double *)value)
                                                : NULL;
    case KA_FIELD_DURATION:
        return *(const ka_time *)value != KA_TIME_NONE
                   ? ka_digits_seconds(at, *(const ka_time *)value)
                   : NULL;
    case KA_FIELD_TIMESTAMP:
        return *(const ka_time *)value != KA_TIME_NONE
                   ? ka_envelope_put_time(writer->envelope, at, *(const ka_time *)value,
                                          writer->digits)
                   : NULL;
    case KA_FIELD_ENUM:
        name =
            *(const uint8_t *)value < field->count ? field->names[*(const uint8_t *)value] : NULL;
        return name != NULL ? put_plain(at, name) : NULL;
    case KA_FIELD_TEXT:
        return put_foreign(writer, at, field, value);
    case KA_FIELD_TEXTS:
        return put_texts(writer, at, field, value);
    case KA_FIELD_NUMBERS:
        return put_numbers(at, field, value);
    case KA_FIELD_TAGS:
        return NULL; /* in the envelope only, which is written by hand */
    case KA_FIELD_COUNTS32:
    case KA_FIELD_COUNTS64:
        return put_counts(at, field, value);
    case KA_FIELD_FIGURES:
        return put_figures(writer, at, field, value);
    case KA_FIELD_ADDR:
        return put_address(at, value);
    case KA_FIELD_ENDPOINT:
        return put_endpoint(at, value);
    case KA_FIELD_OBJECT:
        return put_object(writer, at, field->fields, value);
    }
    return NULL;
}

/* Recursion ends with the declaration, which is three objects deep. A key is written first, and
 * stays only where a value follows. */
static char *put_fields(struct writer *writer, char *at, const struct ka_field *fields,
                        const unsigned char *object)
{
    for (const struct ka_field *field = fields; field->name != NULL; field++) {
        if (field->when != NULL && !field->when(object))
            continue;
        at = make_room(writer, at, FIELD_ROOM);
        memcpy(at, field->key, sizeof(field->key));
        char *start = at + field->key_length;
        char *end;
        if (field->null_when != NULL && field->null_when(object))
            end = NULL;
        else if (field->false_when != NULL && field->false_when(object))
            end = put_bool(start, false);
        else
            end = put_value(writer, start, field, object + field->offset);
        if (end == NULL && !field->required)
            continue;
        if (end == NULL) /* nothing was written, so `start` is where it was */
            end = KA_PUT(start, "null");
        *end++ = ',';
        at = end;
    }
    return at;
}

static int open_form(struct ka_output *output)
{
    output->state = ka_envelope_writer_create(&output->options);
    return output->state != NULL ? 0 : -1;
}

static void write_event(struct ka_output *output, const struct ka_event *event)
{
    struct ka_text *text = &output->buffer;
    struct writer writer = {
        .text = text, .envelope = output->state, .digits = event->envelope.digits};
    size_t room = ka_envelope_room(writer.envelope) + FIELD_ROOM;
    if (text->size - text->used < room && !ka_text_grow(text, room))
        return;
    char *at = text->bytes + text->used;
    *at++ = '{';
    at = ka_envelope_put(writer.envelope, at, event);
    at = put_plain(at, ka_event_name(event->type));
    *at++ = ':';
    at = put_object(&writer, at, ka_event_fields(event->type), event);
    at = KA_PUT(at, "}\n");
    text->used = (size_t)(at - text->bytes);
}

static void close_form(struct ka_output *output)
{
    ka_envelope_writer_free(output->state);
}

const struct ka_form ka_form_json = {
    .open = open_form,
    .event = write_event,
    .close = close_form,
};
