/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From a pcapng time stamp, counted in the interface's own units (if_tsresol, if_tsoffset), to
 * nanoseconds.
 */
#ifndef KA_CAPTURE_TICK_H
#define KA_CAPTURE_TICK_H

#include "base/time.h"

struct ka_tick {
    enum { KA_TICK_TIMES, KA_TICK_DIVIDED, KA_TICK_BINARY, KA_TICK_NEVER } kind;
    uint64_t factor; /* TIMES, DIVIDED: the number; BINARY: how many bits the fraction has */
    uint64_t last;   /* TIMES: the largest count that stays within KA_TIME_MAX */
    int64_t offset;  /* seconds */
    uint8_t digits;  /* of fraction: 6 or 9 */
};

/* `resolution` as if_tsresol has it: 10^-n, or 2^-n with the upper bit set. Units too small for a
 * present-day time in 64 bits give a tick whose times are all KA_TIME_NONE. */
struct ka_tick ka_tick_make(uint8_t resolution, int64_t offset);

/* For what is not a plain multiple of nanoseconds without offset. */
ka_time ka_tick_time_slow(const struct ka_tick *tick, uint64_t count);

/* The time of a stamp, or KA_TIME_NONE outside 0..KA_TIME_MAX. */
static inline ka_time ka_tick_time(const struct ka_tick *tick, uint64_t count)
{
    if (tick->kind == KA_TICK_TIMES && tick->offset == 0 && count <= tick->last)
        return (ka_time)(count * tick->factor);
    return ka_tick_time_slow(tick, count);
}

#endif
