/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The forms events leave in: text lines and NDJSON. Each form is a row of a table; both go through
 * a buffered writer whose errors are kept and reported.
 */
#ifndef KA_OUTPUT_OUTPUT_H
#define KA_OUTPUT_OUTPUT_H

#include "base/error.h"
#include "events/event.h"

#include <stdbool.h>
#include <stdio.h>

enum ka_output_form { KA_OUTPUT_TEXT, KA_OUTPUT_JSON, KA_OUTPUT_NONE };

struct ka_output_options {
    enum ka_output_form form;
    bool color;         /* text: ANSI colours */
    bool utc;           /* text: UTC clock instead of local time */
    bool verbose;       /* lookalikes too */
    bool live;          /* `in_iface` instead of `file` */
    bool line_buffered; /* flush after every event */
    bool only_changes;  /* text on a live terminal: events with `notable`, and a roll-up */
    const char *const *input_names; /* by input index; NULL: no `file` */
    size_t input_count;             /* `file` is written where this exceeds 1 */
};

struct ka_output;

/* Prepares an output on `stream`, which stays the caller's. Options' strings must outlive it.
 * Returns 0, or -1 with the reason. */
int ka_output_create(FILE *stream, const struct ka_output_options *options, struct ka_output **out,
                     struct ka_error *error);

/* Writes an event. Write errors are remembered; see ka_output_finish. */
void ka_output_event(struct ka_output *output, const struct ka_event *event);

/* Tells that it is `now` (KA_TIME_NONE: unknown) though no event came: a roll-up may be due. */
void ka_output_now(struct ka_output *output, ka_time now);

/* Flushes. Returns 0, or -1 with the first error met, such as a full disk. */
int ka_output_flush(struct ka_output *output, struct ka_error *error);

/* Frees; takes NULL. */
void ka_output_free(struct ka_output *output);

/* A sink that feeds this output. */
struct ka_sink ka_output_sink(struct ka_output *output);

/* Writes the JSON Schema (draft 2020-12) of all events to `stream`. Returns 0, or -1. */
int ka_output_schema(FILE *stream);

#endif
