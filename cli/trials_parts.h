/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What trials.c, which collects, and trials_tell.c, which tells, share. Not for others.
 */
#ifndef KA_CLI_TRIALS_PARTS_H
#define KA_CLI_TRIALS_PARTS_H

#include "audit/bracket.h"
#include "audit/products.h"
#include "cli/trials.h"

#include <stdint.h>

/* A silence, and to which server. */
struct ka_trials_entry {
    struct ka_endpoint server;
    struct ka_addr client;
    struct ka_trial trial;
    ka_time from;  /* the silence began */
    ka_time start; /* its connection began */
    uint32_t flow_id;
    uint8_t speaker;
};

/* A connection that lives on, and how long its longest silence can get: the shorter keepalive time
 * of its sides; KA_TIME_NONE without keepalive. */
struct ka_trials_risk {
    struct ka_endpoint server;
    uint32_t flow_id;
    ka_time idle;
};

struct ka_trials {
    size_t most;
    struct ka_trials_entry *entries;
    size_t count;
    size_t room;
    struct ka_trials_risk *risks;
    size_t risk_count;
    size_t risk_room;
    uint64_t left_out; /* silences */
    uint64_t risks_left_out;
    struct ka_products products;
};

#endif
