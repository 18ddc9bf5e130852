/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of the prober share. Not for other rooms.
 */
#ifndef KA_PROBE_PARTS_H
#define KA_PROBE_PARTS_H

#include "probe/prober.h"

struct ka_prober {
    struct ka_prober_config config;
    struct ka_dialogue **dialogues; /* one allocation each: they must not move */
    uint32_t count;
    uint32_t room;
    uint32_t ended;
    uint64_t sent;
    uint64_t answered;
    ka_time began;     /* wall clock */
    ka_time next_send; /* monotonic */
    ka_time shown;     /* monotonic, of the last progress */
    struct ka_error error;
    bool failed; /* in a callback; error says how */
};

/* Ends the dialogue without a further verdict; `why` is copied. */
void ka_prober_end(struct ka_prober *prober, struct ka_dialogue *dialogue, enum ka_dialogue_end end,
                   const char *why);

/* The asking of one end is over: tells the verdict, and goes on to the other end or ends. */
void ka_prober_conclude(struct ka_prober *prober, struct ka_dialogue *dialogue);

/* Takes a frame from the tap; `context` is the prober. */
void ka_prober_take(void *context, const struct ka_frame *frame);

#endif
