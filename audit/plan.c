/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/plan.h"

#include <math.h>

/* Silences closer than this cannot be told apart by a userland timer. */
#define CLOSEST KA_MILLISECOND

/* How far above a death it is tried again: at the same silence the answer would be luck, for
 * kernels count idle times in ticks. */
#define ABOVE (10 * KA_MILLISECOND)

/* More passes than any measurement needs; bounds one whose answers contradict each other. */
enum { PASSES_MAX = 8 };

/* Appends unless it is too close to the last one. */
static size_t append(ka_time silence, ka_time *out, size_t count)
{
    if (count > 0 && silence - out[count - 1] < CLOSEST)
        return count;
    out[count] = silence;
    return count + 1;
}

size_t ka_plan_logarithmic(ka_time from, ka_time to, unsigned steps, ka_time *out)
{
    double factor = pow((double)to / (double)from, 1.0 / (steps - 1));
    size_t count = 0;
    for (unsigned i = 0; i + 1 < steps; i++)
        count = append((ka_time)llround((double)from * pow(factor, i)), out, count);
    if (count > 0 && to - out[count - 1] < CLOSEST)
        count--; /* the end itself stands in the grid, rounded or not */
    return append(to, out, count);
}

size_t ka_plan_even(ka_time from, ka_time to, unsigned steps, ka_time *out)
{
    size_t count = 0;
    if (to - from < CLOSEST * steps)
        steps = (unsigned)((to - from) / CLOSEST);
    for (unsigned i = 1; i <= steps; i++)
        count = append(from + (to - from) / steps * i, out, count);
    if (count > 0)
        out[count - 1] = to + ABOVE;
    return count;
}

ka_time ka_plan_target(const struct ka_plan *plan, ka_time died)
{
    if (plan->precision > 0)
        return plan->precision > KA_PLAN_NARROWEST ? plan->precision : KA_PLAN_NARROWEST;
    double factor = pow((double)plan->max / (double)plan->min, 1.0 / (plan->steps - 1));
    double coarse = (double)died * (1 - 1 / factor);
    ka_time target = (ka_time)(1.5 * coarse / plan->steps);
    return target > KA_PLAN_NARROWEST ? target : KA_PLAN_NARROWEST;
}

/* A single death may be chance: one more in its place or above it is asked for. */
static bool is_confirmed(const struct ka_bracket *bracket)
{
    return bracket->deaths > 1 + bracket->contradictions;
}

/* True when the bracket needs no further pass: closed, confirmed by a second death, narrow. */
static bool is_done(const struct ka_plan *plan, const struct ka_bracket *bracket)
{
    return bracket->died != KA_TIME_NONE && bracket->survived != KA_TIME_NONE &&
           is_confirmed(bracket) &&
           ka_bracket_width(bracket) <= ka_plan_target(plan, bracket->died);
}

size_t ka_plan_next(const struct ka_plan *plan, const struct ka_bracket *bracket, unsigned passes,
                    ka_time *out)
{
    ka_time died = bracket->died;
    ka_time survived = bracket->survived;
    if (passes >= PASSES_MAX || is_done(plan, bracket))
        return 0;
    if (died == KA_TIME_NONE && survived == KA_TIME_NONE)
        return passes < 3 ? ka_plan_logarithmic(plan->min, plan->max, plan->steps, out) : 0;
    if (died == KA_TIME_NONE)
        /* Trials overshoot a little, never the other way: what is near the end is the end. */
        return survived < plan->max - plan->max / 1000
                   ? ka_plan_logarithmic(survived, plan->max, plan->steps, out)
                   : 0;
    if (survived == KA_TIME_NONE)
        return died > plan->min + plan->min / 20
                   ? ka_plan_logarithmic(plan->min, died, plan->steps, out)
                   : 0;
    if (!is_confirmed(bracket) && passes > 1 && died < plan->max - plan->max / 1000)
        return ka_plan_logarithmic(died, plan->max, plan->steps, out);
    if (!is_confirmed(bracket) || ka_bracket_width(bracket) > ka_plan_target(plan, died))
        return ka_plan_even(survived, died, plan->steps, out);
    return 0;
}
