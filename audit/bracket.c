/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/bracket.h"

#include <stdlib.h>
#include <string.h>

enum { WAYS = KA_AFTER_CLOSED + 1 };

static int by_idle(const void *a, const void *b)
{
    const struct ka_trial *x = a;
    const struct ka_trial *y = b;
    if (x->idle != y->idle)
        return x->idle < y->idle ? -1 : 1;
    return (int)x->result - (int)y->result; /* a survivor first: the boundary lies above it */
}

/* True when the trial counts; with `way` other than UNKNOWN only deaths of that way do. */
static bool counts(const struct ka_trial *trial, int way)
{
    if (trial->result == KA_TRIAL_CENSORED)
        return false;
    return trial->result == KA_TRIAL_SURVIVED || way < 0 || trial->after == way;
}

/* Where the boundary lies in the sorted list: trials before the index should have survived. */
static size_t find_boundary(const struct ka_trial *trials, size_t count, int way, uint32_t *wrong)
{
    uint32_t errors = 0;
    for (size_t i = 0; i < count; i++)
        errors += counts(&trials[i], way) && trials[i].result == KA_TRIAL_SURVIVED;
    size_t best = 0;
    *wrong = errors;
    for (size_t i = 0; i < count; i++) {
        if (!counts(&trials[i], way))
            continue;
        if (trials[i].result == KA_TRIAL_SURVIVED)
            errors--;
        else
            errors++;
        if (errors < *wrong) {
            *wrong = errors;
            best = i + 1;
        }
    }
    return best;
}

/* The commonest way to die from `from` on; ties go to the one met first. */
static uint8_t commonest(const struct ka_trial *trials, size_t from, size_t count, int way)
{
    uint32_t deaths[WAYS] = {0};
    uint8_t best = KA_AFTER_UNKNOWN;
    uint32_t most = 0;
    for (size_t i = from; i < count; i++)
        if (counts(&trials[i], way) && trials[i].result == KA_TRIAL_DIED && trials[i].after < WAYS)
            deaths[trials[i].after]++;
    for (size_t i = 0; i < WAYS; i++)
        if (deaths[i] > most)
            most = deaths[i];
    for (size_t i = count; i-- > from;)
        if (counts(&trials[i], way) && trials[i].result == KA_TRIAL_DIED &&
            trials[i].after < WAYS && deaths[trials[i].after] == most)
            best = trials[i].after;
    return best;
}

/* By whom the resets at or above the boundary were sent, as far as that is known. */
static void judge_origin(const struct ka_trial *trials, size_t from, size_t count,
                         struct ka_bracket *out)
{
    bool agree = true;
    for (size_t i = from; i < count && out->after == KA_AFTER_RST; i++) {
        if (trials[i].result != KA_TRIAL_DIED || trials[i].after != KA_AFTER_RST ||
            trials[i].origin == KA_ORIGIN_UNKNOWN)
            continue;
        if (out->reset_ttl == 0) {
            out->origin = trials[i].origin;
            out->reset_ttl = trials[i].reset_ttl;
            out->usual_ttl = trials[i].usual_ttl;
        }
        agree &= trials[i].origin == out->origin;
    }
    if (!agree)
        out->origin = KA_ORIGIN_UNKNOWN;
}

static void judge(const struct ka_trial *trials, size_t count, int way, struct ka_bracket *out)
{
    *out = (struct ka_bracket){
        .survived = KA_TIME_NONE, .died = KA_TIME_NONE, .longest = KA_TIME_NONE};
    size_t boundary = find_boundary(trials, count, way, &out->contradictions);
    for (size_t i = 0; i < count; i++) {
        out->censored += trials[i].result == KA_TRIAL_CENSORED;
        if (!counts(&trials[i], way))
            continue;
        if (trials[i].result == KA_TRIAL_SURVIVED) {
            out->survivors++;
            out->longest = trials[i].idle;
            if (i < boundary)
                out->survived = trials[i].idle;
        } else {
            out->deaths++;
            if (i >= boundary && out->died == KA_TIME_NONE)
                out->died = trials[i].idle;
        }
    }
    out->after = commonest(trials, boundary, count, way);
    judge_origin(trials, boundary, count, out);
}

void ka_bracket_judge(struct ka_trial *trials, size_t count, struct ka_bracket *out)
{
    if (count > 0)
        qsort(trials, count, sizeof(*trials), by_idle);
    judge(trials, count, -1, out);
}

static int by_died(const void *a, const void *b)
{
    const struct ka_bracket *x = a;
    const struct ka_bracket *y = b;
    return x->died < y->died ? -1 : x->died > y->died;
}

size_t ka_bracket_causes(struct ka_trial *trials, size_t count, struct ka_bracket *out)
{
    size_t causes = 0;
    if (count > 0)
        qsort(trials, count, sizeof(*trials), by_idle);
    for (int way = 0; way < WAYS && causes < KA_CAUSES_MAX; way++) {
        judge(trials, count, way, &out[causes]);
        if (out[causes].died != KA_TIME_NONE)
            causes++;
    }
    qsort(out, causes, sizeof(*out), by_died);
    return causes;
}

ka_time ka_bracket_width(const struct ka_bracket *bracket)
{
    return ka_time_between(bracket->survived, bracket->died);
}

const char *ka_after_text(uint8_t after)
{
    static const char *const texts[WAYS] = {
        [KA_AFTER_UNKNOWN] = "unknown", [KA_AFTER_RECOVERED] = "recovered",
        [KA_AFTER_SILENT] = "silent",   [KA_AFTER_RST] = "rst",
        [KA_AFTER_ICMP] = "icmp",       [KA_AFTER_CLOSED] = "closed-by-server",
    };
    return after < WAYS ? texts[after] : "unknown";
}
