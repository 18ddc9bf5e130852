/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What time it is on the packets' clock while no packets come: the last stamp, and how long ago it
 * came on the monotonic clock. All times are arguments.
 */
#ifndef KA_CLI_PACKET_CLOCK_H
#define KA_CLI_PACKET_CLOCK_H

#include "base/time.h"
#include "capture/source.h"

struct ka_packet_clock {
    enum ka_pace pace; /* of the source */
    ka_time stamp;     /* of the last packet; KA_TIME_NONE before the first */
    ka_time came;      /* when it came, on the monotonic clock */
    bool follows;      /* its stamp was near the wall clock when it came */
};

void ka_packet_clock_init(struct ka_packet_clock *clock, enum ka_pace pace);

/* A packet stamped `stamp` came at `monotonic`, when the wall clock said `wall`. */
void ka_packet_clock_take(struct ka_packet_clock *clock, ka_time stamp, ka_time monotonic,
                          ka_time wall);

/* A time that all packets which came until `monotonic` were stamped before, and later ones hardly
 * are: it stays behind by the delay that packets may have on their way to us. KA_TIME_NONE where it
 * cannot be told: from files; before the first packet; and from a pipe whose stamps are more than
 * ten minutes off the wall clock, since that is no recording of now. */
ka_time ka_packet_clock_now(const struct ka_packet_clock *clock, ka_time monotonic);

#endif
