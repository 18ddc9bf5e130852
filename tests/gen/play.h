/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For tests: plays a packet script: keeps each side's sequence state as an endpoint would and
 * records the frames under one of the wraps.
 */
#ifndef KA_TESTS_GEN_PLAY_H
#define KA_TESTS_GEN_PLAY_H

#include "tests/gen/script.h"
#include "tests/gen/wrap.h"

/* One frame of the recording, for those who compare. */
struct ka_played {
    uint64_t frame;
    ka_time time;      /* as recorded */
    const char *label; /* or "" */
    char side;         /* 'C', 'S', or 'I' for an ICMP error */
};

/* Records `script` under `wrap` to `path`. `tell` (may be NULL) gets every frame. Returns 0, or -1
 * with the reason. */
int ka_play(const struct ka_script *script, const struct ka_wrap *wrap, const char *path,
            void (*tell)(void *context, const struct ka_played *played), void *context,
            struct ka_error *error);

#endif
