/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the guard remembers: a record for each connection and direction that it let a probe through
 * for. Fixed in size, so that nothing is ever forgotten and memory is bounded.
 */
#ifndef KA_INJECT_MEMORY_H
#define KA_INJECT_MEMORY_H

#include "base/time.h"
#include "inject/probe.h"

/* What was sent in one direction. */
struct ka_sent {
    uint32_t first_id; /* of the row since the last answer */
    uint32_t last_id;
    uint32_t unanswered;
    uint32_t one_byte;
    ka_time numberless; /* the last; KA_TIME_NONE never */
};

/* A connection: its ends in a fixed order, whoever is the target. */
struct ka_record {
    struct ka_endpoint ends[2];
    struct ka_sent sent[2]; /* [i]: towards ends[i] */
    ka_time last;           /* probe in either direction */
    bool used;
};

struct ka_memory;

/* Room for `capacity` connections, at least 1. NULL when memory is short. */
struct ka_memory *ka_memory_create(uint32_t capacity, uint64_t key);
void ka_memory_free(struct ka_memory *memory);

/* The record of the probe's connection, NULL when there is none. *towards is the index of the
 * target in it (also what it will be). Valid until the memory is freed. */
struct ka_record *ka_memory_find(const struct ka_memory *memory, const struct ka_probe *probe,
                                 unsigned *towards);

/* The same, making an empty record where there is none. Must not be called for more than
 * `capacity` connections. */
struct ka_record *ka_memory_get(struct ka_memory *memory, const struct ka_probe *probe,
                                unsigned *towards);

#endif
