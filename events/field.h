/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The declaration of every event's fields: the one list from which JSON, the schema and the
 * manual's table are made.
 */
#ifndef KA_EVENTS_FIELD_H
#define KA_EVENTS_FIELD_H

#include "events/event.h"

#include <stddef.h>

/* A value may be unknown: KA_TIME_NONE, NaN, no text, no address, an enum value without a name, or
 * what `null_when` says. An unknown value is written as null where the field is required, else the
 * field is left out. */
enum ka_field_type {
    KA_FIELD_BOOL, /* bool */
    KA_FIELD_U8,   /* integers by width */
    KA_FIELD_U16,
    KA_FIELD_U32,
    KA_FIELD_U64,
    KA_FIELD_DOUBLE,
    KA_FIELD_DURATION,  /* ka_time, as seconds */
    KA_FIELD_TIMESTAMP, /* ka_time, RFC 3339 with the envelope's digits */
    KA_FIELD_ENUM,      /* uint8_t, named by `names` */
    KA_FIELD_TEXT,      /* const char *, or char[count] when `inline_text` */
    KA_FIELD_TEXTS,     /* const char *[count], an array; NULL ends */
    KA_FIELD_NUMBERS,   /* uint64_t[count], an array; 0 ends */
    KA_FIELD_TAGS,      /* uint16_t[count], an array; the envelope's VLAN identifiers */
    KA_FIELD_COUNTS32,  /* uint32_t[count], an object: a member for each one above 0, by `names` */
    KA_FIELD_COUNTS64,  /* the same of uint64_t */
    KA_FIELD_FIGURES,   /* struct ka_figure[count], an object */
    KA_FIELD_ADDR,      /* struct ka_addr */
    KA_FIELD_ENDPOINT,  /* struct ka_endpoint, "10.0.0.1:5432" */
    KA_FIELD_OBJECT,    /* members in `fields` at this offset */
};

enum { KA_FIELD_KEY_SIZE = 32 };

/* One field. `offset` counts from the start of the enclosing struct: the event, and inside an
 * object what stands at that object's offset. */
struct ka_field {
    const char *name;
    char key[KA_FIELD_KEY_SIZE];      /* the name as it stands in JSON, "name": with the quotes */
    const char *unit;                 /* "s", "bytes", "frames", ...; NULL without */
    const char *meaning;              /* one line, for the manual and the schema's description */
    const char *const *names;         /* by value; NULL where a value is not written */
    const struct ka_field *fields;    /* KA_FIELD_OBJECT: ends with a NULL name */
    bool (*when)(const void *object); /* the field stands only where this holds of the enclosing
                                         struct; NULL: always */
    bool (*null_when)(const void *object);  /* unknown where this holds; NULL: see above */
    bool (*false_when)(const void *object); /* written as false where this holds; NULL: never */
    enum ka_field_type type;
    uint16_t count; /* array length, 0: a single value; with `names`, how many there are */
    uint8_t least;  /* of a number, for the schema */
    uint8_t most;   /* likewise; 0: as much as the type holds */
    uint8_t key_length;
    bool inline_text; /* KA_FIELD_TEXT: the characters stand in the struct itself */
    bool required;    /* always present */
    bool nullable;    /* may be null; the writer is checked against it by the schema's test */
    size_t offset;
};

/* The name of an event type and of its object ("window_probe"). */
const char *ka_event_name(enum ka_event_type type);

/* The fields of an event type's object, offsets from struct ka_event; ends with a NULL name. */
const struct ka_field *ka_event_fields(enum ka_event_type type);

/* What an event type tells, and who `src` is; NULL where it has no endpoints. For the manual and
 * the schema. */
const char *ka_event_meaning(enum ka_event_type type);
const char *ka_event_src(enum ka_event_type type);

/* The envelope's keys in the order in which they are written; ends with a NULL name. Offsets are
 * from struct ka_event where a member stands behind the key, and 0 where the writer makes it. */
const struct ka_field *ka_envelope_fields(void);

/* Names by value, as they stand in JSON and in --fail-on. */
const char *ka_peer_state_name(enum ka_peer_state state);
const char *ka_app_error_name(enum ka_app_error error); /* NULL for none */
const char *ka_ended_name(enum ka_ended ended);
const char *ka_severity_name(enum ka_severity severity);

/* Indexed by enum ka_tunnel_type and enum ka_undecoded of decode/, which this room may not include:
 * a test holds the order. NULL for a value out of range and for "none" and "decoded". */
const char *ka_event_tunnel_name(unsigned tunnel_type);
const char *ka_event_undecoded_name(unsigned reason);

#endif
