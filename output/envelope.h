/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The members that all events share, as JSON. What is dear to make, the calendar date and the
 * Community ID, is remembered from event to event. Not for other rooms.
 */
#ifndef KA_OUTPUT_ENVELOPE_H
#define KA_OUTPUT_ENVELOPE_H

#include "base/json.h"
#include "output/output.h"

struct ka_envelope_writer;

/* NULL when memory is out; released with free(). The options are borrowed. */
struct ka_envelope_writer *ka_envelope_writer_create(const struct ka_output_options *options);

/* Writes the envelope's members into the object that is open. */
void ka_envelope_write(struct ka_envelope_writer *writer, struct ka_json *json,
                       const struct ka_event *event);

/* Writes an instant as a string with `digits` of fraction; null for KA_TIME_NONE. */
void ka_envelope_write_time(struct ka_envelope_writer *writer, struct ka_json *json, ka_time time,
                            unsigned digits);

#endif
