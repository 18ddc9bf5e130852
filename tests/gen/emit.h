/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For tests: writes planned frames into a capture and keeps the truth of each. What an episode made
 * is true of a frame only as far as the capture can show it: where lost frames hide what one would
 * need to know, the truth becomes "unsure".
 */
#ifndef KA_TESTS_GEN_EMIT_H
#define KA_TESTS_GEN_EMIT_H

#include "tests/gen/recording.h"
#include "tests/gen/traffic.h"

struct ka_emitter;

/* For at most `frames` frames. Returns NULL when memory is out. The recording stays the caller's.
 */
struct ka_emitter *ka_emitter_create(struct ka_recording *recording, uint32_t frames);

/* Writes the next frame of the episode, unless it is lost. */
void ka_emit(struct ka_emitter *emitter, struct ka_flow *flow, struct ka_episode *episode);

/* Writes "frame, truth, of" for each frame that has one. Returns false on a write error. */
bool ka_emitter_truth(const struct ka_emitter *emitter, FILE *stream);

/* Takes NULL. */
void ka_emitter_free(struct ka_emitter *emitter);

#endif
