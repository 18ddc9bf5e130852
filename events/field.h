/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The declaration of every event's fields: the one list from which JSON, the schema and the
 * manual's table are made.
 */
#ifndef KA_EVENTS_FIELD_H
#define KA_EVENTS_FIELD_H

#include "events/event.h"

#include <stddef.h>

enum ka_field_type {
    KA_FIELD_BOOL, /* bool */
    KA_FIELD_U8,   /* integers by width */
    KA_FIELD_U16,
    KA_FIELD_U32,
    KA_FIELD_U64,
    KA_FIELD_DOUBLE,
    KA_FIELD_DURATION,  /* ka_time, as seconds; null for KA_TIME_NONE */
    KA_FIELD_TIMESTAMP, /* ka_time, RFC 3339; null for KA_TIME_NONE */
    KA_FIELD_ENUM,      /* uint8_t, named by `names` */
    KA_FIELD_TEXT,      /* const char *, or char[] when `inline_text`; absent when NULL or empty */
    KA_FIELD_TEXTS,     /* const char *[count], NULL ends */
    KA_FIELD_ADDR,      /* struct ka_addr */
    KA_FIELD_ENDPOINT,  /* struct ka_endpoint, "10.0.0.1:5432" */
    KA_FIELD_OBJECT,    /* members in `fields` at this offset; absent unless `when` holds */
};

/* One field. `offset` counts from the start of the enclosing struct. */
struct ka_field {
    const char *name;
    const char *unit;              /* "s", "bytes", "frames", ...; NULL without */
    const char *meaning;           /* one line, for the manual and the schema's description */
    const char *const *names;      /* KA_FIELD_ENUM: by value, NULL where a value is not written */
    const struct ka_field *fields; /* KA_FIELD_OBJECT: ends with a NULL name */
    bool (*when)(const void *object); /* the field stands only where this holds of the enclosing
                                         struct; NULL: always */
    bool (*null_when)(const void *object); /* written as null where this holds; NULL: never */
    enum ka_field_type type;
    uint16_t count; /* array length; 0: a single value */
    bool inline_text;
    bool required; /* always present, as the schema says it */
    size_t offset;
};

/* The name of an event type and of its object ("window_probe"). */
const char *ka_event_name(enum ka_event_type type);

/* The fields of an event type's object, offsets from struct ka_event; ends with a NULL name. */
const struct ka_field *ka_event_fields(enum ka_event_type type);

/* Names by value, as they stand in JSON and in --fail-on. */
const char *ka_peer_state_name(enum ka_peer_state state);
const char *ka_lookalike_name(enum ka_lookalike reason);
const char *ka_app_error_name(enum ka_app_error error);

#endif
