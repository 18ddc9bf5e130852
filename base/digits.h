/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Numbers as text, straight into memory that the caller knows to be large enough. Each function
 * writes at `at`, without a terminating NUL, and returns the end.
 */
#ifndef KA_BASE_DIGITS_H
#define KA_BASE_DIGITS_H

#include "base/time.h"

#include <stdint.h>
#include <string.h>

enum {
    KA_DIGITS_NUMBER = 20, /* bytes that a number takes at most */
    KA_DIGITS_SECONDS = 24,
    KA_DIGITS_DOUBLE = 40,
};

/* "00" to "99": two digits at a time halve the divisions. */
extern const char ka_digits_pairs[200];

/* Exactly `count` digits, zeros in front; the value has no more. */
static inline char *ka_digits_fixed(char *at, uint32_t value, unsigned count)
{
    unsigned left = count;
    for (; left >= 2; left -= 2) {
        memcpy(at + left - 2, ka_digits_pairs + value % 100 * 2, 2);
        value /= 100;
    }
    if (left > 0)
        at[0] = (char)('0' + value);
    return at + count;
}

/* Behind ka_digits_number, for values of more digits than one. */
char *ka_digits_long(char *at, uint64_t value);

static inline char *ka_digits_number(char *at, uint64_t value)
{
    return value < 10 ? ka_digits_fixed(at, (uint32_t)value, 1) : ka_digits_long(at, value);
}

/* As ka_text_put_seconds and ka_text_put_double. */
char *ka_digits_seconds(char *at, ka_time duration);
char *ka_digits_double(char *at, double value);

#endif
