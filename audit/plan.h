/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which silences to try next: a coarse, logarithmic grid over the whole range first, then fine,
 * even grids inside the bracket, until it is as narrow as asked.
 */
#ifndef KA_AUDIT_PLAN_H
#define KA_AUDIT_PLAN_H

#include "audit/bracket.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>

enum { KA_PLAN_STEPS_MAX = 4096 };

/* The narrowest bracket worth a pass: kernels count TCP's idle times in ticks of up to 10 ms, so
 * that the same limit shows at silences that differ by that much. */
#define KA_PLAN_NARROWEST (20 * KA_MILLISECOND)

/* The range of silences and how finely it is searched. */
struct ka_plan {
    ka_time min;       /* above 0 */
    ka_time max;       /* at least min */
    ka_time precision; /* stop when the bracket is no wider; 0: after one fine pass */
    unsigned steps;    /* silences a pass, 2..KA_PLAN_STEPS_MAX */
};

/* Writes `steps` silences from `from` to `to`, both included, each the same factor above the last;
 * fewer where they would lie closer than a millisecond. Needs 0 < from <= to and steps >= 2.
 * Returns how many were written to out[steps]. */
size_t ka_plan_logarithmic(ka_time from, ka_time to, unsigned steps, ka_time *out);

/* Writes silences evenly inside the bracket from..to: `steps` of them, `from` left out, the last
 * one a little above `to`, so that the death there is tried once more. Fewer where they would lie
 * closer than a millisecond. Returns how many were written to out[steps]. */
size_t ka_plan_even(ka_time from, ka_time to, unsigned steps, ka_time *out);

/* The silences of the next pass, given the bracket after `passes` of them. Besides narrowing the
 * bracket it repeats what was censored, and looks further up where a single death, perhaps by
 * chance, is all there is. Writes to out[plan->steps] and returns the count; 0 when nothing is left
 * to be tried. */
size_t ka_plan_next(const struct ka_plan *plan, const struct ka_bracket *bracket, unsigned passes,
                    ka_time *out);

/* The width at which a bracket that ends at `died` is narrow enough: the precision asked for, or
 * what one fine pass inside a step of the coarse one gives. */
ka_time ka_plan_target(const struct ka_plan *plan, ka_time died);

#endif
