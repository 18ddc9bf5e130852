/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The analysers, in the order they are asked: an analyser is one file and one line here.
 */
#include "analyzers/history.h"

const struct ka_analyzer ka_analyzers[] = {
    {"keepalive", ka_keepalive_occurred},
    {"schedule", ka_schedule_occurred},
    {"liveness", ka_liveness_occurred},
    {"history", ka_history_occurred},
    {NULL, NULL},
};

void ka_occur(struct ka_analysis *analysis, const struct ka_occurrence *occurrence)
{
    for (const struct ka_analyzer *row = ka_analyzers; row->name != NULL; row++)
        row->occurred(analysis, occurrence);
}
