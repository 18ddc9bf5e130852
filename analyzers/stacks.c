/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which TCP stack a side's probes look like: a guess from their form and, where they are left at
 * the defaults, their times. A form that a stack never sends rules it out; what fits is ordered by
 * how much it fits.
 */
#include "analyzers/analysis.h"

enum {
    ZERO = KA_PROBER_ZERO,
    ONE = KA_PROBER_ONE,
    BOTH = KA_PROBER_ZERO | KA_PROBER_ONE,
    NOT_NULL = KA_PROBER_NOT_NULL,
    PSH = KA_PROBER_PSH,
    STAMPS = KA_PROBER_STAMPS,
    NO_STAMPS = KA_PROBER_NO_STAMPS,
    ACK_LESS = KA_PROBER_ACK_LESS,
    FLIGHT = KA_PROBER_FLIGHT,
};

struct stack {
    const char *name;
    unsigned bytes;
    unsigned never;
    unsigned mark;
    unsigned idle_s;
    unsigned interval_s;
    unsigned count;
};

#define STACK(name, bytes, never, mark, idle, interval, count)                                     \
    {name, bytes, never, mark, idle, interval, count},
static const struct stack stacks[] = {
#include "analyzers/stacks.def"
};
#undef STACK

enum { STACK_COUNT = sizeof(stacks) / sizeof(stacks[0]) };

static bool is_about(ka_time value, unsigned seconds)
{
    if (value == KA_TIME_NONE || seconds == 0)
        return false;
    ka_time off = value - (ka_time)seconds * KA_SECOND;
    ka_time allowed = (ka_time)seconds * KA_SECOND / 20 + 250 * KA_MILLISECOND;
    return off <= allowed && off >= -allowed;
}

/* How well the row fits: 0 ruled out, more is better. */
static unsigned score(const struct stack *row, unsigned seen, const struct ka_ev_keepalive *found)
{
    if ((seen & BOTH & ~row->bytes) != 0 || (seen & row->never) != 0)
        return 0;
    unsigned points = 1;
    if (row->mark != 0)
        points = (seen & row->mark) == row->mark ? points + 3 : 0;
    if (points == 0)
        return 0;
    points += 4 * is_about(found->idle, row->idle_s);
    points += 2 * is_about(found->interval, row->interval_s);
    if (found->count != 0 && row->count != 0)
        points += 2 * (found->count == row->count);
    return points;
}

static const char *reason(unsigned seen, bool defaults)
{
    if ((seen & ACK_LESS) != 0)
        return "ack one below what it had acknowledged: the old BSD form";
    if ((seen & NO_STAMPS) != 0)
        return "no timestamps on a connection that uses them";
    if ((seen & PSH) != 0 && (seen & ONE) != 0)
        return "one byte with PSH";
    if ((seen & ONE) != 0)
        return defaults ? "one byte, and times that are defaults" : "one byte, by form alone";
    return defaults ? "no byte, and times that are defaults" : "no byte, by form alone";
}

void ka_stacks_guess(const struct ka_prober *prober, struct ka_ev_keepalive *out)
{
    unsigned points[STACK_COUNT];
    unsigned best = 0;
    unsigned found = 0;
    if ((prober->flags & KA_PROBER_INJECTED) != 0)
        return; /* who injects writes what he likes */
    for (unsigned i = 0; i < STACK_COUNT; i++) {
        points[i] = score(&stacks[i], prober->flags, out);
        best = points[i] > best ? points[i] : best;
    }
    for (unsigned level = best; level > 0 && found < KA_STACKS_MAX; level--) {
        for (unsigned i = 0; i < STACK_COUNT && found < KA_STACKS_MAX; i++) {
            if (points[i] == level)
                out->stack[found++] = stacks[i].name;
        }
    }
    if (found > 0)
        out->stack_why = reason(prober->flags, best >= 3 && (is_about(out->idle, 7200) ||
                                                             is_about(out->interval, 75) ||
                                                             is_about(out->interval, 1)));
}
