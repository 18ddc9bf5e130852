/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For tests, between traffic.c and episodes.c: an episode in the making.
 */
#ifndef KA_TESTS_GEN_PLANNER_H
#define KA_TESTS_GEN_PLANNER_H

#include "tests/gen/traffic.h"

enum { KA_CLIENT, KA_SERVER };

struct ka_planner {
    struct ka_episode *episode;
    struct ka_flow *flow;
    struct ka_random *random;
    ka_time now; /* at the place of the capture */
};

/* Time goes on until the reaction to what `side` sends now passes the place of the capture. */
void ka_plan_reply(struct ka_planner *planner, unsigned side);

/* Adds a segment in which all is as its sender's state says; `delivered`: it reaches the peer. The
 * frame may be changed until the next call; of episodes too long the last frame is overwritten. */
struct ka_planned *ka_plan_send(struct ka_planner *planner, unsigned side, uint8_t flags,
                                uint16_t length, bool delivered);

/* The same for a segment at NXT + `offset` that does not move NXT. */
struct ka_planned *ka_plan_again(struct ka_planner *planner, unsigned side, uint8_t flags,
                                 int32_t offset, uint16_t length, bool delivered);

/* The index of a frame, for `of`. */
int8_t ka_plan_index(const struct ka_planner *planner, const struct ka_planned *frame);

/* One row for each enum ka_doing. */
extern void (*const ka_doings[KA_DO_COUNT])(struct ka_planner *planner);

#endif
