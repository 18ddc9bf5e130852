/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/output/plain_json.h"

#include "base/json.h"
#include "events/field.h"
#include "output/community_id.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct writer {
    struct ka_json json;
    unsigned digits;
};

static void write_fields(struct writer *writer, const struct ka_field *fields,
                         const unsigned char *object);

static const char *text_of(const struct ka_field *field, const void *at)
{
    if (field->inline_text)
        return at;
    return *(const char *const *)at;
}

static const char *name_of(const struct ka_field *field, const void *at)
{
    uint8_t value = *(const uint8_t *)at;
    return value < field->count ? field->names[value] : NULL;
}

/* Whether the value itself says that it is unknown. */
static bool is_unknown(const struct ka_field *field, const void *at)
{
    const char *text;
    switch (field->type) {
    case KA_FIELD_DURATION:
    case KA_FIELD_TIMESTAMP:
        return *(const ka_time *)at == KA_TIME_NONE;
    case KA_FIELD_DOUBLE:
        return !isfinite(*(const double *)at);
    case KA_FIELD_ENUM:
        return name_of(field, at) == NULL;
    case KA_FIELD_TEXT:
        text = text_of(field, at);
        return text == NULL || text[0] == '\0';
    case KA_FIELD_ADDR:
        return ((const struct ka_addr *)at)->family == 0;
    case KA_FIELD_ENDPOINT:
        return ((const struct ka_endpoint *)at)->addr.family == 0;
    case KA_FIELD_BOOL:
    case KA_FIELD_U8:
    case KA_FIELD_U16:
    case KA_FIELD_U32:
    case KA_FIELD_U64:
    case KA_FIELD_TEXTS:
    case KA_FIELD_NUMBERS:
    case KA_FIELD_TAGS:
    case KA_FIELD_COUNTS32:
    case KA_FIELD_COUNTS64:
    case KA_FIELD_FIGURES:
    case KA_FIELD_OBJECT:
        break;
    }
    return false;
}

static uint64_t integer(enum ka_field_type type, const void *at, size_t index)
{
    if (type == KA_FIELD_U8)
        return ((const uint8_t *)at)[index];
    if (type == KA_FIELD_U16)
        return ((const uint16_t *)at)[index];
    if (type == KA_FIELD_U32)
        return ((const uint32_t *)at)[index];
    return ((const uint64_t *)at)[index];
}

static void write_integers(struct ka_json *json, const struct ka_field *field, const void *at)
{
    if (field->count == 0) {
        ka_json_number(json, integer(field->type, at, 0));
        return;
    }
    ka_json_open_array(json);
    for (size_t i = 0; i < field->count; i++)
        ka_json_number(json, integer(field->type, at, i));
    ka_json_close_array(json);
}

static void write_list(struct ka_json *json, const struct ka_field *field, const void *at)
{
    const char *const *texts = at;
    const uint64_t *numbers = at;
    ka_json_open_array(json);
    for (size_t i = 0; i < field->count; i++) {
        if (field->type == KA_FIELD_TEXTS ? texts[i] == NULL : numbers[i] == 0)
            break;
        if (field->type == KA_FIELD_TEXTS)
            ka_json_string(json, texts[i]);
        else
            ka_json_number(json, numbers[i]);
    }
    ka_json_close_array(json);
}

static void write_counts(struct ka_json *json, const struct ka_field *field, const void *at)
{
    enum ka_field_type width = field->type == KA_FIELD_COUNTS32 ? KA_FIELD_U32 : KA_FIELD_U64;
    ka_json_open_object(json);
    for (size_t i = 0; i < field->count; i++) {
        uint64_t count = integer(width, at, i);
        if (count == 0 || field->names[i] == NULL)
            continue;
        ka_json_key(json, field->names[i]);
        ka_json_number(json, count);
    }
    ka_json_close_object(json);
}

static void write_figures(struct ka_json *json, const struct ka_field *field, const void *at)
{
    const struct ka_figure *figures = at;
    ka_json_open_object(json);
    for (size_t i = 0; i < field->count && figures[i].name != NULL; i++) {
        ka_json_key(json, figures[i].name);
        ka_json_double(json, figures[i].value);
    }
    ka_json_close_object(json);
}

static void write_text(struct ka_json *json, const struct ka_field *field, const void *at)
{
    const char *text = text_of(field, at);
    ka_json_bytes(json, text, field->inline_text ? strnlen(text, field->count) : strlen(text));
}

static void write_address(struct ka_json *json, const struct ka_field *field, const void *at)
{
    char text[KA_ENDPOINT_TEXT_SIZE];
    if (field->type == KA_FIELD_ADDR)
        ka_addr_text(at, text);
    else
        ka_endpoint_text(at, text);
    ka_json_string(json, text);
}

static void write_time(struct ka_json *json, ka_time time, unsigned digits)
{
    char text[KA_TIME_TEXT_SIZE];
    if (time == KA_TIME_NONE) {
        ka_json_null(json);
        return;
    }
    ka_time_rfc3339(time, digits, text);
    ka_json_string(json, text);
}

static void write_value(struct writer *writer, const struct ka_field *field, const void *at)
{
    struct ka_json *json = &writer->json;
    switch (field->type) {
    case KA_FIELD_BOOL:
        ka_json_bool(json, *(const bool *)at);
        return;
    case KA_FIELD_U8:
    case KA_FIELD_U16:
    case KA_FIELD_U32:
    case KA_FIELD_U64:
        write_integers(json, field, at);
        return;
    case KA_FIELD_DOUBLE:
        ka_json_double(json, *(const double *)at);
        return;
    case KA_FIELD_DURATION:
        ka_json_seconds(json, *(const ka_time *)at);
        return;
    case KA_FIELD_TIMESTAMP:
        write_time(json, *(const ka_time *)at, writer->digits);
        return;
    case KA_FIELD_ENUM:
        ka_json_string(json, name_of(field, at));
        return;
    case KA_FIELD_TEXT:
        write_text(json, field, at);
        return;
    case KA_FIELD_TEXTS:
    case KA_FIELD_NUMBERS:
        write_list(json, field, at);
        return;
    case KA_FIELD_TAGS:
        assert(!"tags stand in the envelope only, which is written by hand");
        return;
    case KA_FIELD_COUNTS32:
    case KA_FIELD_COUNTS64:
        write_counts(json, field, at);
        return;
    case KA_FIELD_FIGURES:
        write_figures(json, field, at);
        return;
    case KA_FIELD_ADDR:
    case KA_FIELD_ENDPOINT:
        write_address(json, field, at);
        return;
    case KA_FIELD_OBJECT:
        ka_json_open_object(json);
        write_fields(writer, field->fields, at);
        ka_json_close_object(json);
        return;
    }
}

/* Recursion ends with the declaration, which is three objects deep. */
static void write_fields(struct writer *writer, const struct ka_field *fields,
                         const unsigned char *object)
{
    for (const struct ka_field *field = fields; field->name != NULL; field++) {
        const unsigned char *at = object + field->offset;
        if (field->when != NULL && !field->when(object))
            continue;
        bool unknown = field->null_when != NULL ? field->null_when(object) : is_unknown(field, at);
        if (unknown && !field->required)
            continue;
        ka_json_key(&writer->json, field->name);
        if (unknown)
            ka_json_null(&writer->json);
        else if (field->false_when != NULL && field->false_when(object))
            ka_json_bool(&writer->json, false);
        else
            write_value(writer, field, at);
    }
}

/* --- the envelope */

static void write_members(const struct ka_envelope *envelope, struct ka_json *json)
{
    char text[KA_ADDR_TEXT_SIZE];
    char id[KA_COMMUNITY_ID_SIZE];
    ka_addr_text(&envelope->src.addr, text);
    ka_json_key(json, "src_ip");
    ka_json_string(json, text);
    ka_json_key(json, "src_port");
    ka_json_number(json, envelope->src.port);
    ka_addr_text(&envelope->dst.addr, text);
    ka_json_key(json, "dest_ip");
    ka_json_string(json, text);
    ka_json_key(json, "dest_port");
    ka_json_number(json, envelope->dst.port);
    ka_json_key(json, "proto");
    ka_json_string(json, "TCP");
    if (ka_community_id(&envelope->src, &envelope->dst, id)) {
        ka_json_key(json, "community_id");
        ka_json_string(json, id);
    }
}

static void write_source(const struct ka_output_options *options, struct ka_json *json,
                         uint16_t input)
{
    if (options->input_names == NULL || input >= options->input_count)
        return;
    if (!options->live && options->input_count < 2)
        return;
    ka_json_key(json, options->live ? "in_iface" : "file");
    ka_json_string(json, options->input_names[input]);
}

static void write_encapsulation(struct ka_json *json, const struct ka_envelope *envelope)
{
    const char *tunnel = ka_event_tunnel_name(envelope->tunnel_type);
    if (envelope->vlan_count > 0) {
        ka_json_key(json, "vlan");
        ka_json_open_array(json);
        for (uint8_t i = 0; i < envelope->vlan_count; i++)
            ka_json_number(json, envelope->vlan[i]);
        ka_json_close_array(json);
    }
    if (tunnel != NULL) {
        ka_json_key(json, "tunnel");
        ka_json_open_object(json);
        ka_json_key(json, "type");
        ka_json_string(json, tunnel);
        ka_json_key(json, "id");
        ka_json_number(json, envelope->tunnel_id);
        ka_json_close_object(json);
    }
}

static void write_envelope(struct ka_json *json, const struct ka_output_options *options,
                           const struct ka_event *event)
{
    const struct ka_envelope *envelope = &event->envelope;
    ka_json_key(json, "timestamp");
    /* The one time that is always there: an event without an instant carries the epoch. */
    write_time(json, envelope->time == KA_TIME_NONE ? 0 : envelope->time, envelope->digits);
    if (envelope->flow_id != 0) {
        ka_json_key(json, "flow_id");
        ka_json_number(json, envelope->flow_id);
    }
    ka_json_key(json, "event_type");
    ka_json_string(json, ka_event_name(event->type));
    if (envelope->src.addr.family != 0)
        write_members(envelope, json);
    if (envelope->frame != 0) {
        ka_json_key(json, "frame");
        ka_json_number(json, envelope->frame);
    }
    if (envelope->flow_id != 0 || options->input_count == 1)
        write_source(options, json, envelope->input);
    write_encapsulation(json, envelope);
}

void plain_json(struct ka_text *text, const struct ka_output_options *options,
                const struct ka_event *event)
{
    struct writer writer = {.json = ka_json_make(text, false), .digits = event->envelope.digits};
    ka_json_open_object(&writer.json);
    write_envelope(&writer.json, options, event);
    ka_json_key(&writer.json, ka_event_name(event->type));
    ka_json_open_object(&writer.json);
    write_fields(&writer, ka_event_fields(event->type), (const unsigned char *)event);
    ka_json_close_object(&writer.json);
    ka_json_close_object(&writer.json);
    ka_text_put_char(text, '\n');
}
