/* SPDX-License-Identifier: BSD-2-Clause */
#include "output/envelope.h"

#include "events/field.h"
#include "output/community_id.h"

#include <stdlib.h>
#include <string.h>

enum {
    REMEMBERED = 32768, /* directions; a newer one takes the place of the older (10 MB when full) */
    MEMBERS_SIZE = 256, /* longest: two IPv6 addresses of 45 characters, about 230 in all */
    SECOND_SIZE = sizeof("2026-11-21T10:00:00") - 1,
};

/* src_ip to community_id of one direction, written out. */
struct direction {
    struct ka_endpoint src;
    struct ka_endpoint dst;
    uint16_t length; /* 0: empty */
    char members[MEMBERS_SIZE];
};

struct ka_envelope_writer {
    const struct ka_output_options *options;
    ka_time second; /* whose text is in second_text; KA_TIME_NONE none */
    char second_text[KA_TIME_TEXT_SIZE];
    struct direction directions[REMEMBERED];
};

struct ka_envelope_writer *ka_envelope_writer_create(const struct ka_output_options *options)
{
    struct ka_envelope_writer *writer = calloc(1, sizeof(*writer));
    if (writer == NULL)
        return NULL;
    writer->options = options;
    writer->second = KA_TIME_NONE;
    return writer;
}

void ka_envelope_write_time(struct ka_envelope_writer *writer, struct ka_json *json, ka_time time,
                            unsigned digits)
{
    char text[KA_TIME_TEXT_SIZE];
    if (time == KA_TIME_NONE) {
        ka_json_null(json);
        return;
    }
    if (time < 0)
        time = 0;
    if (digits > 9)
        digits = 9;
    if (time / KA_SECOND != writer->second) {
        writer->second = time / KA_SECOND;
        ka_time_rfc3339(time, 0, writer->second_text);
    }
    memcpy(text, writer->second_text, SECOND_SIZE);
    uint32_t fraction = (uint32_t)(time % KA_SECOND);
    text[SECOND_SIZE] = '.';
    for (size_t i = SECOND_SIZE + 9; i > SECOND_SIZE; i--) {
        text[i] = (char)('0' + fraction % 10);
        fraction /= 10;
    }
    size_t length = SECOND_SIZE + (digits > 0 ? digits + 1 : 0);
    text[length] = 'Z';
    ka_json_bytes(json, text, length + 1);
}

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

/* Where a direction is remembered; only speed depends on it. */
static uint32_t slot_of(const struct ka_endpoint *src, const struct ka_endpoint *dst)
{
    uint64_t words[4];
    memcpy(words, src->addr.bytes, 16);
    memcpy(words + 2, dst->addr.bytes, 16);
    uint64_t hash = (uint64_t)src->port << 16 | dst->port;
    for (size_t i = 0; i < 4; i++)
        hash = (hash ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(hash >> 32) % REMEMBERED;
}

static bool is_same(const struct ka_endpoint *a, const struct ka_endpoint *b)
{
    return a->port == b->port && ka_addr_equal(&a->addr, &b->addr);
}

static void write_endpoints(struct ka_envelope_writer *writer, struct ka_json *json,
                            const struct ka_envelope *envelope)
{
    struct direction *direction = &writer->directions[slot_of(&envelope->src, &envelope->dst)];
    if (direction->length == 0 || !is_same(&direction->src, &envelope->src) ||
        !is_same(&direction->dst, &envelope->dst)) {
        struct ka_text text = ka_text_fixed(direction->members, MEMBERS_SIZE);
        struct ka_json members = ka_json_make(&text, false);
        write_members(envelope, &members);
        direction->src = envelope->src;
        direction->dst = envelope->dst;
        direction->length = (uint16_t)text.used;
    }
    ka_json_raw(json, direction->members, direction->length);
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

void ka_envelope_write(struct ka_envelope_writer *writer, struct ka_json *json,
                       const struct ka_event *event)
{
    const struct ka_envelope *envelope = &event->envelope;
    ka_json_key(json, "timestamp");
    /* The one time that is always there: an event without an instant carries the epoch. */
    ka_envelope_write_time(writer, json, envelope->time == KA_TIME_NONE ? 0 : envelope->time,
                           envelope->digits);
    if (envelope->flow_id != 0) {
        ka_json_key(json, "flow_id");
        ka_json_number(json, envelope->flow_id);
    }
    ka_json_key(json, "event_type");
    ka_json_string(json, ka_event_name(event->type));
    if (envelope->src.addr.family != 0)
        write_endpoints(writer, json, envelope);
    if (envelope->frame != 0) {
        ka_json_key(json, "frame");
        ka_json_number(json, envelope->frame);
    }
    write_source(writer->options, json, envelope->input);
    write_encapsulation(json, envelope);
}
