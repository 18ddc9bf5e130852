/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The JSON Schema of all events, made from the declaration.
 */
#include "base/json.h"

#include "events/field.h"
#include "output/output.h"

#include <string.h>

#define DRAFT "https://json-schema.org/draft/2020-12/schema"
/* RFC 3339 in UTC with any fraction; the addresses are checked by their format. */
#define INSTANT "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?Z$"

static void put_object(struct ka_json *json, const struct ka_field *fields);

static void put_string(struct ka_json *json, const char *key, const char *value)
{
    ka_json_key(json, key);
    ka_json_string(json, value);
}

static void put_number(struct ka_json *json, const char *key, uint64_t value)
{
    ka_json_key(json, key);
    ka_json_number(json, value);
}

static void put_integer(struct ka_json *json, uint64_t least, uint64_t most)
{
    put_string(json, "type", "integer");
    put_number(json, "minimum", least);
    if (most < UINT64_MAX)
        put_number(json, "maximum", most);
}

static uint64_t greatest(const struct ka_field *field)
{
    if (field->most != 0)
        return field->most;
    if (field->type == KA_FIELD_U8)
        return UINT8_MAX;
    if (field->type == KA_FIELD_U16)
        return UINT16_MAX;
    return field->type == KA_FIELD_U32 ? UINT32_MAX : UINT64_MAX;
}

/* Opens the schema of an array's elements; the caller fills it, and closes it. */
static void open_items(struct ka_json *json, uint16_t least, uint16_t most)
{
    put_string(json, "type", "array");
    put_number(json, "minItems", least);
    put_number(json, "maxItems", most);
    ka_json_key(json, "items");
    ka_json_open_object(json);
}

static void put_integers(struct ka_json *json, const struct ka_field *field)
{
    if (field->count == 0) {
        put_integer(json, field->least, greatest(field));
        return;
    }
    open_items(json, field->count, field->count);
    put_integer(json, field->least, greatest(field));
    ka_json_close_object(json);
}

static void put_list(struct ka_json *json, const struct ka_field *field)
{
    enum { VLAN_MAX = 4095 };
    open_items(json, 0, field->count);
    if (field->type == KA_FIELD_TEXTS)
        put_string(json, "type", "string");
    else if (field->type == KA_FIELD_TAGS)
        put_integer(json, 0, VLAN_MAX);
    else
        put_integer(json, 1, UINT64_MAX);
    ka_json_close_object(json);
}

static void put_names(struct ka_json *json, const struct ka_field *field)
{
    ka_json_key(json, "enum");
    ka_json_open_array(json);
    for (size_t i = 0; i < field->count; i++) {
        if (field->names[i] != NULL)
            ka_json_string(json, field->names[i]);
    }
    ka_json_close_array(json);
}

static void put_counts(struct ka_json *json, const struct ka_field *field)
{
    put_string(json, "type", "object");
    ka_json_key(json, "propertyNames");
    ka_json_open_object(json);
    put_names(json, field);
    ka_json_close_object(json);
    ka_json_key(json, "additionalProperties");
    ka_json_open_object(json);
    put_integer(json, 1, UINT64_MAX);
    ka_json_close_object(json);
}

static void put_figures(struct ka_json *json)
{
    put_string(json, "type", "object");
    ka_json_key(json, "additionalProperties");
    ka_json_open_object(json);
    ka_json_key(json, "type");
    ka_json_open_array(json);
    ka_json_string(json, "number");
    ka_json_string(json, "null");
    ka_json_close_array(json);
    ka_json_close_object(json);
}

/* The members of the schema of a value that is known. */
static void put_value(struct ka_json *json, const struct ka_field *field)
{
    switch (field->type) {
    case KA_FIELD_BOOL:
        put_string(json, "type", "boolean");
        return;
    case KA_FIELD_U8:
    case KA_FIELD_U16:
    case KA_FIELD_U32:
    case KA_FIELD_U64:
        put_integers(json, field);
        return;
    case KA_FIELD_DOUBLE:
        put_string(json, "type", "number");
        if (field->most != 0) {
            put_number(json, "minimum", field->least);
            put_number(json, "maximum", field->most);
        }
        return;
    case KA_FIELD_DURATION:
        put_string(json, "type", "number");
        put_number(json, "minimum", 0);
        return;
    case KA_FIELD_TIMESTAMP:
        put_string(json, "type", "string");
        put_string(json, "format", "date-time");
        put_string(json, "pattern", INSTANT);
        return;
    case KA_FIELD_ENUM:
        put_names(json, field);
        return;
    case KA_FIELD_TEXT:
    case KA_FIELD_ADDR:
    case KA_FIELD_ENDPOINT:
        put_string(json, "type", "string");
        put_number(json, "minLength", 1);
        return;
    case KA_FIELD_TEXTS:
    case KA_FIELD_NUMBERS:
    case KA_FIELD_TAGS:
        put_list(json, field);
        return;
    case KA_FIELD_COUNTS32:
    case KA_FIELD_COUNTS64:
        put_counts(json, field);
        return;
    case KA_FIELD_FIGURES:
        put_figures(json);
        return;
    case KA_FIELD_OBJECT:
        put_object(json, field->fields);
        return;
    }
}

static void put_description(struct ka_json *json, const struct ka_field *field)
{
    char bytes[512];
    struct ka_text text = ka_text_fixed(bytes, sizeof(bytes));
    ka_text_put_string(&text, field->meaning);
    if (field->unit != NULL) {
        ka_text_put_string(&text, " [");
        ka_text_put_string(&text, field->unit);
        ka_text_put_char(&text, ']');
    }
    ka_json_key(json, "description");
    ka_json_bytes(json, bytes, text.used);
}

/* The members of a field's schema: its value, or null or false where the declaration allows it. */
static void put_field(struct ka_json *json, const struct ka_field *field)
{
    put_description(json, field);
    if (!field->nullable && field->false_when == NULL) {
        put_value(json, field);
        return;
    }
    ka_json_key(json, "anyOf");
    ka_json_open_array(json);
    ka_json_open_object(json);
    put_value(json, field);
    ka_json_close_object(json);
    if (field->nullable) {
        ka_json_open_object(json);
        put_string(json, "type", "null");
        ka_json_close_object(json);
    }
    if (field->false_when != NULL) {
        ka_json_open_object(json);
        ka_json_key(json, "const");
        ka_json_bool(json, false);
        ka_json_close_object(json);
    }
    ka_json_close_array(json);
}

static void put_required(struct ka_json *json, const struct ka_field *fields)
{
    for (const struct ka_field *field = fields; field->name != NULL; field++) {
        if (field->required)
            ka_json_string(json, field->name);
    }
}

static void close_strict(struct ka_json *json)
{
    ka_json_key(json, "additionalProperties");
    ka_json_bool(json, false);
}

static void put_object(struct ka_json *json, const struct ka_field *fields)
{
    put_string(json, "type", "object");
    ka_json_key(json, "properties");
    ka_json_open_object(json);
    for (const struct ka_field *field = fields; field->name != NULL; field++) {
        ka_json_key(json, field->name);
        ka_json_open_object(json);
        put_field(json, field);
        ka_json_close_object(json);
    }
    ka_json_close_object(json);
    ka_json_key(json, "required");
    ka_json_open_array(json);
    put_required(json, fields);
    ka_json_close_array(json);
    close_strict(json);
}

/* The envelope's keys stand once, under $defs; each event type refers to them. */
static void put_envelope_reference(struct ka_json *json, const char *name, const char *type)
{
    char bytes[64];
    struct ka_text text = ka_text_fixed(bytes, sizeof(bytes));
    ka_json_key(json, name);
    ka_json_open_object(json);
    if (strcmp(name, "event_type") == 0) {
        put_string(json, "const", type);
    } else {
        ka_text_put_string(&text, "#/$defs/");
        ka_text_put_string(&text, name);
        ka_json_key(json, "$ref");
        ka_json_bytes(json, bytes, text.used);
    }
    ka_json_close_object(json);
}

static void put_event_required(struct ka_json *json, enum ka_event_type type)
{
    static const char *const endpoints[] = {"src_ip", "src_port", "dest_ip", "dest_port", "proto"};
    ka_json_key(json, "required");
    ka_json_open_array(json);
    put_required(json, ka_envelope_fields());
    for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
        if (ka_event_src(type) != NULL)
            ka_json_string(json, endpoints[i]);
    }
    ka_json_string(json, ka_event_name(type));
    ka_json_close_array(json);
}

static void put_event(struct ka_json *json, enum ka_event_type type)
{
    const char *name = ka_event_name(type);
    ka_json_open_object(json);
    put_string(json, "title", name);
    put_string(json, "description", ka_event_meaning(type));
    put_string(json, "type", "object");
    ka_json_key(json, "properties");
    ka_json_open_object(json);
    for (const struct ka_field *field = ka_envelope_fields(); field->name != NULL; field++)
        put_envelope_reference(json, field->name, name);
    ka_json_key(json, name);
    ka_json_open_object(json);
    put_object(json, ka_event_fields(type));
    ka_json_close_object(json);
    ka_json_close_object(json);
    put_event_required(json, type);
    close_strict(json);
    ka_json_close_object(json);
}

static void put_schema(struct ka_json *json)
{
    ka_json_open_object(json);
    put_string(json, "$schema", DRAFT);
    put_string(json, "title", "kasniff events");
    put_string(json, "description",
               "One line of what kasniff writes with --json. Made from the declaration of fields.");
    ka_json_key(json, "oneOf");
    ka_json_open_array(json);
    for (unsigned type = 0; type < KA_EVENT_TYPE_COUNT; type++)
        put_event(json, type);
    ka_json_close_array(json);
    ka_json_key(json, "$defs");
    ka_json_open_object(json);
    for (const struct ka_field *field = ka_envelope_fields(); field->name != NULL; field++) {
        ka_json_key(json, field->name);
        ka_json_open_object(json);
        put_field(json, field);
        ka_json_close_object(json);
    }
    ka_json_close_object(json);
    ka_json_close_object(json);
}

int ka_output_schema(FILE *stream)
{
    struct ka_text text = ka_text_growing();
    struct ka_json json = ka_json_make(&text, true);
    put_schema(&json);
    ka_text_put_char(&text, '\n');
    bool written = !text.overflow && fwrite(text.bytes, 1, text.used, stream) == text.used;
    ka_text_free(&text);
    return written && fflush(stream) == 0 ? 0 : -1;
}
