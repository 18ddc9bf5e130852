/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"

#include <time.h>

static ka_time read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (ka_time)now.tv_sec * KA_SECOND + now.tv_nsec;
}

ka_time ka_clock_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

ka_time ka_clock_wall(void)
{
    return read_clock(CLOCK_REALTIME);
}
