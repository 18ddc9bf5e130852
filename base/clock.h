/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The machine's clocks, for what happens now. Packets have stamps of their own, and code that
 * judges them takes its time as an argument.
 */
#ifndef KA_BASE_CLOCK_H
#define KA_BASE_CLOCK_H

#include "base/time.h"

/* A clock that nobody sets, for durations and deadlines; its zero means nothing. */
ka_time ka_clock_monotonic(void);

/* The time of day: since the epoch, for stamps. It may be set, also backwards. */
ka_time ka_clock_wall(void);

#endif
