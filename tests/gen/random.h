/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For tests: random numbers that are the same everywhere for the same seed (splitmix64, by
 * S. Vigna, public domain).
 */
#ifndef KA_TESTS_GEN_RANDOM_H
#define KA_TESTS_GEN_RANDOM_H

#include "base/time.h"

#include <stdbool.h>
#include <stdint.h>

struct ka_random {
    uint64_t state; /* the seed, at first */
};

static inline uint64_t ka_random_next(struct ka_random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

/* From 0 to limit - 1; limit at least 1. */
static inline uint32_t ka_random_below(struct ka_random *random, uint32_t limit)
{
    return (uint32_t)((ka_random_next(random) >> 32) * limit >> 32);
}

/* True `share` times in a million. */
static inline bool ka_random_chance(struct ka_random *random, uint32_t share)
{
    return ka_random_below(random, 1000000) < share;
}

/* From `low` to `high`. */
static inline ka_time ka_random_time(struct ka_random *random, ka_time low, ka_time high)
{
    return low + (ka_time)(ka_random_next(random) % (uint64_t)(high - low + 1));
}

#endif
