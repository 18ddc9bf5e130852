/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/trials_parts.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>

enum { RISKS_PART = 4 }; /* of the most silences: connections that live on */

int ka_trials_create(size_t most, struct ka_trials **out, struct ka_error *error)
{
    struct ka_trials *trials = calloc(1, sizeof(*trials));
    if (trials == NULL)
        return ka_error_set(error, "cannot prepare the report: out of memory");
    if (ka_products_load_usual(&trials->products, error) < 0) {
        ka_trials_free(trials);
        return -1;
    }
    trials->most = most;
    *out = trials;
    return 0;
}

void ka_trials_free(struct ka_trials *trials)
{
    if (trials == NULL)
        return;
    ka_products_fini(&trials->products);
    free(trials->entries);
    free(trials->risks);
    free(trials);
}

/* Room for one more of at most `most`. False without memory. */
static bool reserve(void **items, size_t count, size_t *room, size_t size, size_t most)
{
    if (count < *room)
        return true;
    size_t wanted = *room == 0 ? 256 : *room * 2;
    if (wanted > most)
        wanted = most;
    void *more = count >= most ? NULL : reallocarray(*items, wanted, size);
    if (more == NULL)
        return false;
    *items = more;
    *room = wanted;
    return true;
}

static void add_gap(struct ka_trials *trials, const struct ka_event *event,
                    const struct ka_gap *gap)
{
    static const uint8_t results[] = {
        [KA_GAP_SURVIVED] = KA_TRIAL_SURVIVED,
        [KA_GAP_DIED] = KA_TRIAL_DIED,
        [KA_GAP_CENSORED] = KA_TRIAL_CENSORED,
    };
    void *items = trials->entries;
    if (!reserve(&items, trials->count, &trials->room, sizeof(*trials->entries), trials->most)) {
        trials->left_out++;
        return;
    }
    trials->entries = items;
    trials->entries[trials->count++] = (struct ka_trials_entry){
        .server = event->envelope.dst,
        .client = event->envelope.src.addr,
        .from = gap->from,
        .start = event->connection.start,
        .trial = {.idle = gap->length, .result = results[gap->result], .after = gap->after},
        .flow_id = event->envelope.flow_id,
        .speaker = gap->speaker,
    };
}

static void add_risk(struct ka_trials *trials, const struct ka_event *event)
{
    const struct ka_ev_keepalive *keepalive = event->connection.keepalive;
    struct ka_trials_risk risk = {
        .server = event->envelope.dst, .flow_id = event->envelope.flow_id, .idle = KA_TIME_NONE};
    void *items = trials->risks;
    if (event->connection.heartbeat.present)
        risk.idle = event->connection.heartbeat.period; /* the application keeps it alive */
    for (unsigned side = 0; side < 2; side++) {
        if (keepalive[side].present && keepalive[side].idle == KA_TIME_NONE)
            return; /* it probes, who knows when */
        if (keepalive[side].present &&
            (risk.idle == KA_TIME_NONE || keepalive[side].idle < risk.idle))
            risk.idle = keepalive[side].idle;
    }
    if (!reserve(&items, trials->risk_count, &trials->risk_room, sizeof(risk),
                 trials->most / RISKS_PART)) {
        trials->risks_left_out++;
        return;
    }
    trials->risks = items;
    trials->risks[trials->risk_count++] = risk;
}

void ka_trials_connection(struct ka_trials *trials, const struct ka_event *event)
{
    const struct ka_activity *activity = event->connection.activity;
    if (activity == NULL || event->connection.one_way)
        return;
    for (uint16_t i = 0; i < activity->gap_count; i++)
        add_gap(trials, event, &activity->gaps[i]);
    bool died =
        activity->gap_count > 0 && activity->gaps[activity->gap_count - 1].result == KA_GAP_DIED;
    if (event->connection.ended == KA_ENDED_OPEN && !died)
        add_risk(trials, event);
}

void ka_trials_complain(const struct ka_trials *trials, FILE *stream)
{
    if (trials->left_out > 0)
        fprintf(stream,
                "kasniff: %" PRIu64 " silence%s left out of what is told of paths: no more than "
                "%zu are kept, or what memory allows; a filter leaves fewer\n",
                trials->left_out, ka_text_plural(trials->left_out), trials->most);
    if (trials->risks_left_out > 0)
        fprintf(stream,
                "kasniff: %" PRIu64 " open connection%s not held against what paths forget: no "
                "more than %zu are kept, or what memory allows; a filter leaves fewer\n",
                trials->risks_left_out, ka_text_plural(trials->risks_left_out),
                trials->most / RISKS_PART);
}
