/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/packet_clock.h"

/* How late packets may be: an interface's ring hands over a block after 100 ms; tcpdump, at the
 * other end of a pipe, waits a second for the same. */
static const ka_time delays[] = {
    [KA_PACE_PIPED] = 2 * KA_SECOND,
    [KA_PACE_LIVE] = 250 * KA_MILLISECOND,
};

static const ka_time near = 600 * KA_SECOND;

void ka_packet_clock_init(struct ka_packet_clock *clock, enum ka_pace pace)
{
    *clock = (struct ka_packet_clock){.pace = pace, .stamp = KA_TIME_NONE};
}

void ka_packet_clock_take(struct ka_packet_clock *clock, ka_time stamp, ka_time monotonic,
                          ka_time wall)
{
    if (stamp == KA_TIME_NONE)
        return;
    clock->stamp = stamp;
    clock->came = monotonic;
    clock->follows = stamp > wall - near && stamp < wall + near;
}

ka_time ka_packet_clock_now(const struct ka_packet_clock *clock, ka_time monotonic)
{
    if (clock->pace == KA_PACE_RECORDED || clock->stamp == KA_TIME_NONE ||
        (clock->pace == KA_PACE_PIPED && !clock->follows))
        return KA_TIME_NONE;
    ka_time passed = monotonic - clock->came - delays[clock->pace];
    return passed > 0 ? clock->stamp + passed : KA_TIME_NONE;
}
