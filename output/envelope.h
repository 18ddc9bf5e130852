/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The members that all events share, as JSON, straight into memory. What is dear to make, the
 * calendar date, the addresses and the Community ID, is remembered from event to event. Not for
 * other rooms.
 *
 * Here and in json.c every member ends with a comma, and the bracket that closes the object takes
 * the place of the last: so nobody has to know what stands in front.
 */
#ifndef KA_OUTPUT_ENVELOPE_H
#define KA_OUTPUT_ENVELOPE_H

#include "output/output.h"

#include <string.h>

/* Writes a string literal. */
#define KA_PUT(at, literal) ((char *)mempcpy((at), (literal), sizeof(literal) - 1))

struct ka_envelope_writer;

/* NULL when memory is out. The options are borrowed. */
struct ka_envelope_writer *ka_envelope_writer_create(const struct ka_output_options *options);
void ka_envelope_writer_free(struct ka_envelope_writer *writer);

/* Bytes that an envelope takes at most. */
size_t ka_envelope_room(const struct ka_envelope_writer *writer);

/* Writes the envelope's members at `at`. Returns the end. */
char *ka_envelope_put(struct ka_envelope_writer *writer, char *at, const struct ka_event *event);

/* Writes an instant, not KA_TIME_NONE, as a string with `digits` of fraction. Returns the end. */
char *ka_envelope_put_time(struct ka_envelope_writer *writer, char *at, ka_time time,
                           unsigned digits);

#endif
