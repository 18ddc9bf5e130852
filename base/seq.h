/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TCP sequence numbers: arithmetic modulo 2^32 (RFC 9293 3.4). Everything that compares two
 * sequence numbers goes through here; `<` on them is wrong near a wrap.
 */
#ifndef KA_BASE_SEQ_H
#define KA_BASE_SEQ_H

#include <stdbool.h>
#include <stdint.h>

/* How far b is ahead of a, from -2^31 to 2^31 - 1. */
static inline int32_t ka_seq_diff(uint32_t a, uint32_t b)
{
    uint32_t ahead = b - a;
    return ahead <= INT32_MAX ? (int32_t)ahead : -(int32_t)(UINT32_MAX - ahead) - 1;
}

/* True when a comes before b. */
static inline bool ka_seq_lt(uint32_t a, uint32_t b)
{
    return ka_seq_diff(a, b) > 0;
}

/* True when a comes before b or equals it. */
static inline bool ka_seq_le(uint32_t a, uint32_t b)
{
    return ka_seq_diff(a, b) >= 0;
}

/* The later of the two. */
static inline uint32_t ka_seq_max(uint32_t a, uint32_t b)
{
    return ka_seq_lt(a, b) ? b : a;
}

#endif
