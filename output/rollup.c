/* SPDX-License-Identifier: BSD-2-Clause */
#include "output/rollup.h"

#include "output/line.h"

#include <stdlib.h>
#include <string.h>

/* Flow ids are kept in an open hash of SLOTS; past FLOWS_MAX in one period they are not told apart
 * any more, and the number is written with a plus. */
enum { PERIOD_S = 10, SLOTS = 16384, FLOWS_MAX = 12000 };

struct ka_rollup {
    ka_time end; /* of the period; KA_TIME_NONE before the first event */
    uint64_t probes;
    uint64_t answers;
    uint32_t flow_count;
    uint32_t flows[SLOTS]; /* 0: free */
};

struct ka_rollup *ka_rollup_create(void)
{
    struct ka_rollup *rollup = calloc(1, sizeof(*rollup));
    if (rollup != NULL)
        rollup->end = KA_TIME_NONE;
    return rollup;
}

void ka_rollup_free(struct ka_rollup *rollup)
{
    free(rollup);
}

static void add_flow(struct ka_rollup *rollup, uint32_t flow_id)
{
    if (flow_id == 0 || rollup->flow_count >= FLOWS_MAX)
        return;
    uint32_t slot = flow_id * 2654435761u % SLOTS;
    while (rollup->flows[slot] != 0 && rollup->flows[slot] != flow_id)
        slot = (slot + 1) % SLOTS;
    if (rollup->flows[slot] == 0)
        rollup->flow_count++;
    rollup->flows[slot] = flow_id;
}

void ka_rollup_add(struct ka_rollup *rollup, const struct ka_event *event)
{
    if (rollup->end == KA_TIME_NONE && event->envelope.time != KA_TIME_NONE)
        rollup->end = event->envelope.time + PERIOD_S * KA_SECOND;
    if (event->type != KA_EVENT_PROBE && event->type != KA_EVENT_ANSWER)
        return;
    if (event->type == KA_EVENT_PROBE)
        rollup->probes++;
    else if (event->answer.result == KA_ANSWER_ACK || event->answer.result == KA_ANSWER_DATA)
        rollup->answers++;
    add_flow(rollup, event->envelope.flow_id);
}

bool ka_rollup_is_due(struct ka_rollup *rollup, ka_time now, ka_time *end)
{
    ka_time period = PERIOD_S * KA_SECOND;
    if (rollup->end == KA_TIME_NONE || now == KA_TIME_NONE || now < rollup->end)
        return false;
    *end = rollup->end;
    rollup->end += (now - rollup->end) / period * period + period;
    return rollup->probes > 0 || rollup->answers > 0;
}

void ka_rollup_write(struct ka_rollup *rollup, struct ka_text *line)
{
    ka_line_count(line, rollup->probes, "probe");
    ka_text_put_string(line, ", ");
    ka_text_put_number(line, rollup->answers);
    ka_text_put_string(line, " answered, ");
    ka_text_put_number(line, rollup->flow_count);
    ka_text_put_string(line, rollup->flow_count >= FLOWS_MAX ? "+ connection" : " connection");
    ka_text_put_string(line, ka_text_plural(rollup->flow_count));
    rollup->probes = 0;
    rollup->answers = 0;
    rollup->flow_count = 0;
    memset(rollup->flows, 0, sizeof(rollup->flows));
}
