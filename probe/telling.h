/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a dialogue says, as events and as words for the log.
 */
#ifndef KA_PROBE_TELLING_H
#define KA_PROBE_TELLING_H

#include "events/event.h"
#include "probe/prober.h"

enum { KA_TELL_SIZE = 128 };

/* A probe has left at `wall`. */
void ka_tell_probe(const struct ka_sink *sink, const struct ka_dialogue *dialogue, ka_time wall);

/* An answer came; `rtt` KA_TIME_NONE where it is none to the last probe. */
void ka_tell_answer(const struct ka_sink *sink, const struct ka_dialogue *dialogue,
                    const struct ka_observation *seen, ka_time rtt, ka_time wall);

/* The dialogue's verdict stands. */
void ka_tell_verdict(const struct ka_sink *sink, const struct ka_dialogue *dialogue, ka_time wall);

/* Writes "ack after 0.5 ms" into out[KA_TELL_SIZE]. */
void ka_tell_outcome(const struct ka_observation *seen, ka_time rtt, char *out);

#endif
