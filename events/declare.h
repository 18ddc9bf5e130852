/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Shorthand in which the files of this room declare fields, and the tables they declare. Not for
 * other rooms.
 */
#ifndef KA_EVENTS_DECLARE_H
#define KA_EVENTS_DECLARE_H

#include "events/field.h"
#include "events/names.h"

#include <stddef.h>

/* The start of a row: type, name, offset, unit. Always there; there but null where unknown; left
 * out where unknown or where `when` does not hold. */
#define ALWAYS(TYPE, NAME, OFFSET, UNIT)  OPTIONAL(TYPE, NAME, OFFSET, UNIT), .required = true
#define OR_NULL(TYPE, NAME, OFFSET, UNIT) ALWAYS(TYPE, NAME, OFFSET, UNIT), .nullable = true
#define OPTIONAL(TYPE, NAME, OFFSET, UNIT)                                                         \
    .name = NAME, .key = "\"" NAME "\":", .key_length = sizeof(NAME) + 2, .unit = (UNIT),          \
    .type = KA_FIELD_##TYPE, .offset = (OFFSET)

/* An enum's names or a map's keys: the table and how many. */
#define NAMES(table) .names = (table), .count = sizeof(table) / sizeof((table)[0])

#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* Offset in the event. */
#define AT(member) offsetof(struct ka_event, member)

/* What analysers say packet by packet, and of a connection: packet_fields.c, connection_fields.c.
 */
extern const struct ka_field ka_probe_fields[];
extern const struct ka_field ka_answer_fields[];
extern const struct ka_field ka_window_probe_fields[];
extern const struct ka_field ka_lookalike_fields[];
extern const struct ka_field ka_state_fields[];
extern const struct ka_field ka_connection_fields[];

/* What the commands say at the end or beside a capture: result_fields.c. */
extern const struct ka_field ka_finding_fields[];
extern const struct ka_field ka_verdict_fields[];
extern const struct ka_field ka_idle_timeout_fields[];
extern const struct ka_field ka_socket_fields[];
extern const struct ka_field ka_capture_fields[];

#endif
