/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/parts.h"

#include <stdlib.h>
#include <string.h>

/* How far above the shortest death the other series look: a second limit further up is beyond what
 * the audit waits for. */
enum { REACH = 3 };

static bool add_series(struct ka_audit *audit, uint8_t arm, uint8_t first, uint8_t refresher)
{
    struct ka_audit_result *result = audit->result;
    struct ka_series *series = &result->series[result->count];
    uint8_t server = KA_SPEAKER_SERVER;
    if (result->plain && (first == server || (arm != KA_ARM_SILENT && refresher == server)))
        return false;
    /* The 1-byte form is made by the injector, which stands beside our own end. */
    if (arm == KA_ARM_KEEPALIVE_1 && refresher == server)
        return false;
    *series = (struct ka_series){
        .arm = arm,
        .first_speaker = first,
        .refresher = refresher,
        .plan = audit->config->plan,
        .interval_max = KA_TIME_NONE,
    };
    ka_bracket_judge(NULL, 0, &series->bracket);
    result->count++;
    return true;
}

int ka_series_prepare(struct ka_audit *audit)
{
    const struct ka_audit_config *config = audit->config;
    for (uint8_t arm = KA_ARM_SILENT; arm <= KA_ARM_DATA; arm++) {
        for (uint8_t refresher = 0; refresher <= KA_SPEAKER_SERVER; refresher++) {
            bool wanted = arm == KA_ARM_SILENT ? refresher == KA_SPEAKER_CLIENT
                                               : (config->refreshers >> refresher & 1) != 0;
            for (uint8_t first = 0; first <= KA_SPEAKER_SERVER; first++)
                if (wanted && (config->arms >> arm & 1) && (config->first_speakers >> first & 1))
                    add_series(audit, arm, first, refresher);
        }
    }
    if (audit->result->count > 0)
        return 0;
    return ka_error_set(audit->error,
                        "the far end is a plain server, which neither speaks first nor refreshes: "
                        "run 'kasniff audit --listen' there, or use --first-speaker client "
                        "--refresher client");
}

const struct ka_series *ka_audit_base(const struct ka_audit_result *result,
                                      const struct ka_series *series)
{
    for (size_t i = 0; i < result->count; i++)
        if (result->series[i].arm == KA_ARM_SILENT &&
            result->series[i].first_speaker == series->first_speaker)
            return &result->series[i];
    return NULL;
}

/* The silent series of the other speaker, or NULL. */
static const struct ka_series *other_side(const struct ka_audit_result *result,
                                          const struct ka_series *series)
{
    for (size_t i = 0; i < result->count; i++)
        if (result->series[i].arm == KA_ARM_SILENT && series->arm == KA_ARM_SILENT &&
            result->series[i].first_speaker != series->first_speaker)
            return &result->series[i];
    return NULL;
}

struct ka_bracket ka_audit_outcome(const struct ka_audit_result *result,
                                   const struct ka_series *series)
{
    struct ka_bracket bracket = series->bracket;
    const struct ka_series *other = other_side(result, series);
    /* A proxy answers the SYN, too; but a far end of ours does not reset what it keeps silent. */
    if (series->closed_between > 0 && !result->plain && bracket.origin == KA_ORIGIN_ENDPOINT)
        bracket.origin = KA_ORIGIN_MIDDLEBOX;
    if (other == NULL || bracket.died != KA_TIME_NONE || bracket.longest == KA_TIME_NONE ||
        other->bracket.died == KA_TIME_NONE || bracket.longest < other->bracket.died)
        return bracket;
    bracket.survived = other->bracket.survived;
    bracket.died = other->bracket.died;
    bracket.after = KA_AFTER_RECOVERED;
    return bracket;
}

ka_time ka_series_interval(const struct ka_series *series, ka_time silence)
{
    ka_time interval = silence / 3;
    if (series->arm == KA_ARM_SILENT)
        return 0;
    if (series->interval_max != KA_TIME_NONE && interval > series->interval_max)
        interval = series->interval_max;
    if (series->arm == KA_ARM_DATA)
        return interval / KA_MILLISECOND * KA_MILLISECOND;
    /* kasniff-inject probes a connection once a second at most. */
    if (series->arm == KA_ARM_KEEPALIVE_1)
        return interval < KA_SECOND * 11 / 10 ? KA_SECOND * 11 / 10 : interval;
    /* The kernel's own keepalives know whole seconds only. */
    return interval < KA_SECOND ? KA_SECOND : interval / KA_SECOND * KA_SECOND;
}

static bool queue_put(struct ka_audit *audit, int series, ka_time silence)
{
    if (audit->queued == audit->queue_room) {
        size_t room = audit->queue_room * 2 + 64;
        struct ka_planned *queue = realloc(audit->queue, room * sizeof(*queue));
        if (queue == NULL) {
            ka_error_set(audit->error, "out of memory");
            audit->failed = true;
            return false;
        }
        audit->queue = queue;
        audit->queue_room = room;
    }
    audit->queue[audit->queued++] = (struct ka_planned){.series = series, .silence = silence};
    audit->result->series[series].pending++;
    return true;
}

static int by_silence(const void *a, const void *b)
{
    const struct ka_planned *x = a;
    const struct ka_planned *y = b;
    return x->silence < y->silence ? -1 : x->silence > y->silence;
}

static void finish(struct ka_audit *audit, struct ka_series *series)
{
    series->done = true;
    if (audit->config->known != NULL)
        audit->config->known(audit->config->context, audit->result, series);
}

/* A refreshing series looks where the silent one died, and some way beyond. False while that is not
 * known yet. */
static bool start(struct ka_audit *audit, struct ka_series *series)
{
    const struct ka_series *base = ka_audit_base(audit->result, series);
    if (series->arm != KA_ARM_SILENT && base != NULL) {
        if (!base->done)
            return false;
        if (base->bracket.died == KA_TIME_NONE) {
            series->skipped = true;
            series->done = true;
            return true;
        }
        if (base->bracket.survived != KA_TIME_NONE) {
            series->plan.min = base->bracket.survived;
            series->interval_max = base->bracket.survived / 2;
        }
        if (series->plan.max > base->bracket.died * REACH)
            series->plan.max = base->bracket.died * REACH;
    }
    series->started = true;
    return true;
}

/* Plans the series' next pass. */
static void plan(struct ka_audit *audit, int index)
{
    struct ka_series *series = &audit->result->series[index];
    ka_time *silences = calloc(series->plan.steps, sizeof(*silences));
    if (silences == NULL) {
        ka_error_set(audit->error, "out of memory");
        audit->failed = true;
        return;
    }
    /* What began where the silent series died, and died all the way, is looked for further down:
     * that series' survivor may have been a tick ahead of the limit. */
    if (series->bracket.died != KA_TIME_NONE && series->bracket.survived == KA_TIME_NONE)
        series->plan.min = audit->config->plan.min;
    struct ka_plan own = series->plan;
    const struct ka_series *other = other_side(audit->result, series);
    /* Once the other speaker's expiry is known nothing further up is waited for. */
    if (other != NULL && other->done && other->bracket.died != KA_TIME_NONE &&
        series->bracket.died == KA_TIME_NONE && own.max > other->bracket.died * REACH)
        own.max = other->bracket.died * REACH;
    size_t count =
        own.max < own.min ? 0 : ka_plan_next(&own, &series->bracket, series->passes, silences);
    series->passes++;
    for (size_t i = 0; i < count; i++)
        if (!queue_put(audit, index, silences[i]))
            break;
    free(silences);
    if (count == 0)
        finish(audit, series);
    else
        qsort(audit->queue, audit->queued, sizeof(*audit->queue), by_silence);
}

bool ka_series_advance(struct ka_audit *audit)
{
    bool left = false;
    for (size_t i = 0; i < audit->result->count && !audit->failed; i++) {
        struct ka_series *series = &audit->result->series[i];
        if (!series->done && series->pending == 0 && (series->started || start(audit, series)) &&
            !series->done)
            plan(audit, (int)i);
    }
    for (size_t i = 0; i < audit->result->count; i++)
        left |= !audit->result->series[i].done;
    return left;
}

/* Drops what is planned or under way for silences above `above`, but what has died meanwhile. */
static void drop(struct ka_audit *audit, int index, ka_time above)
{
    size_t kept = 0;
    for (size_t i = 0; i < audit->queued; i++) {
        if (audit->queue[i].series == index && audit->queue[i].silence > above)
            audit->result->series[index].pending--;
        else
            audit->queue[kept++] = audit->queue[i];
    }
    audit->queued = kept;
    for (uint32_t i = 0; i < audit->top; i++) {
        struct ka_conn *conn = &audit->conns[i];
        if (conn->kind != KA_CONN_TRIAL || conn->series != index || conn->verifying ||
            conn->planned <= above)
            continue;
        audit->result->series[index].pending--;
        ka_conn_close(audit, conn);
    }
}

/* True when a silence below `limit` is still being tried. */
static bool tries_below(const struct ka_audit *audit, int index, ka_time limit)
{
    for (size_t i = 0; i < audit->queued; i++)
        if (audit->queue[i].series == index && audit->queue[i].silence < limit)
            return true;
    for (uint32_t i = 0; i < audit->top; i++)
        if (audit->conns[i].kind == KA_CONN_TRIAL && audit->conns[i].series == index &&
            audit->conns[i].planned < limit)
            return true;
    return false;
}

/* Longer silences teach nothing once every shorter one is judged and one has died. */
static void drop_needless(struct ka_audit *audit)
{
    for (size_t i = 0; i < audit->result->count; i++) {
        struct ka_series *series = &audit->result->series[i];
        ka_time died = series->bracket.died;
        const struct ka_series *other = other_side(audit->result, series);
        if (series->done || series->pending == 0)
            continue;
        if (died != KA_TIME_NONE && series->bracket.contradictions == 0 &&
            !tries_below(audit, (int)i, died))
            drop(audit, (int)i, died);
        else if (died == KA_TIME_NONE && other != NULL && other->done &&
                 other->bracket.died != KA_TIME_NONE)
            drop(audit, (int)i, other->bracket.died * REACH);
    }
}

void ka_series_keep(struct ka_audit *audit, struct ka_conn *conn, uint8_t result)
{
    struct ka_series *series = &audit->result->series[conn->series];
    struct ka_trial trial = {.idle = conn->idle,
                             .result = result,
                             .after = conn->after,
                             .origin = ka_watch_origin(&conn->seen),
                             .reset_ttl = conn->seen.reset,
                             .usual_ttl = conn->seen.usual};
    ka_conn_close(audit, conn);
    if (series->count == series->room) {
        size_t room = series->room * 2 + 32;
        struct ka_trial *trials = realloc(series->trials, room * sizeof(*trials));
        if (trials == NULL) {
            ka_error_set(audit->error, "out of memory");
            audit->failed = true;
            return;
        }
        series->trials = trials;
        series->room = room;
    }
    series->trials[series->count++] = trial;
    series->pending--;
    audit->judged++;
    ka_bracket_judge(series->trials, series->count, &series->bracket);
    drop_needless(audit);
}
