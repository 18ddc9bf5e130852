/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For tests: the mixtures of traffic that are generated, a row each.
 */
#ifndef KA_TESTS_GEN_LOADS_H
#define KA_TESTS_GEN_LOADS_H

#include "tests/gen/traffic.h"

struct ka_load {
    const char *name;
    uint32_t packets;     /* unless told otherwise */
    uint32_t connections; /* alive at a time */
    uint32_t midstream;   /* share in a million of connections that begin before the capture */
    ka_time spread;       /* over which the first connections begin */
    struct ka_trouble trouble;
    uint16_t weights[KA_DO_COUNT];
};

/* The row of that name, or NULL. */
const struct ka_load *ka_load_find(const char *name);

/* What a connection does next. */
enum ka_doing ka_load_choose(const struct ka_load *load, struct ka_random *random);

/* When it begins, `now` being the end of what it did before. */
ka_time ka_load_when(const struct ka_flow *flow, enum ka_doing doing, ka_time now,
                     struct ka_random *random);

#endif
