/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a quiet live view leaves out, counted over ten seconds of event time: "214 probes, 213
 * answered, 41 connections". Not for other rooms.
 */
#ifndef KA_OUTPUT_ROLLUP_H
#define KA_OUTPUT_ROLLUP_H

#include "base/text.h"
#include "events/event.h"

struct ka_rollup;

/* NULL when memory is out. */
struct ka_rollup *ka_rollup_create(void);

/* Frees; takes NULL. */
void ka_rollup_free(struct ka_rollup *rollup);

/* Counts probes, the answers that say alive, and the connections they belong to. */
void ka_rollup_add(struct ka_rollup *rollup, const struct ka_event *event);

/* True when an event at `now` shows that the period is over and something was counted in it; then
 * *end is the end of the period, and ka_rollup_write is to follow. Call before adding the event. */
bool ka_rollup_is_due(struct ka_rollup *rollup, ka_time now, ka_time *end);

/* Writes the line's text and starts counting anew. */
void ka_rollup_write(struct ka_rollup *rollup, struct ka_text *line);

#endif
