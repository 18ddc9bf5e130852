/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Numbers as text, straight into memory that the caller knows to be large enough. Each function
 * writes at `at`, without a terminating NUL, and returns the end. Up to eight digits are made at
 * once in one word, without a branch on how many there are; so what lies behind the end may be
 * overwritten too, within the sizes given here.
 */
#ifndef KA_BASE_DIGITS_H
#define KA_BASE_DIGITS_H

#include "base/time.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

enum {
    KA_DIGITS_NUMBER = 28, /* bytes that a number takes at most, the overwritten included */
    KA_DIGITS_SECONDS = 32,
    KA_DIGITS_DOUBLE = 40,
};

#define KA_DIGITS_ZEROS UINT64_C(0x3030303030303030)

/* The eight digits of a value below 10^8 as bytes 0 to 9, the first in the lowest byte: halves of
 * four digits, then pairs, then single ones, all at a time. n * 10486 >> 20 is n / 100 for four
 * digits, n * 103 >> 10 is n / 10 for two. */
static inline uint64_t ka_digits_eight(uint32_t value)
{
    uint64_t fours = value / 10000 | (uint64_t)(value % 10000) << 32;
    uint64_t hundreds = fours * 10486 >> 20 & UINT64_C(0x0000007f0000007f);
    uint64_t pairs = hundreds | (fours - hundreds * 100) << 16;
    uint64_t tens = pairs * 103 >> 10 & UINT64_C(0x000f000f000f000f);
    return tens | (pairs - tens * 10) << 8;
}

/* Writes the word, its lowest byte first, of which `count` bytes count. */
static inline char *ka_digits_store(char *at, uint64_t bytes, unsigned count)
{
    uint64_t word = htole64(bytes);
    memcpy(at, &word, sizeof(word));
    return at + count;
}

/* Exactly `count` digits, 1 to 8, zeros in front; the value has no more. Takes 8 bytes. */
static inline char *ka_digits_fixed(char *at, uint32_t value, unsigned count)
{
    uint64_t digits = ka_digits_eight(value) | KA_DIGITS_ZEROS;
    return ka_digits_store(at, digits >> (64 - 8 * count), count);
}

/* "10:00:05" for the seconds of a day: zeros between the pairs become colons. */
static inline char *ka_digits_clock(char *at, uint32_t second)
{
    const uint64_t colons = UINT64_C(0x00000a00000a0000);
    uint32_t value = second / 3600 * 1000000 + second / 60 % 60 * 1000 + second % 60;
    return ka_digits_store(at, (ka_digits_eight(value) | KA_DIGITS_ZEROS) + colons, 8);
}

/* Behind ka_digits_number, for values from 10^8 on. */
char *ka_digits_long(char *at, uint64_t value);

static inline char *ka_digits_number(char *at, uint64_t value)
{
    if (value >= 100000000)
        return ka_digits_long(at, value);
    uint64_t digits = ka_digits_eight((uint32_t)value);
    unsigned zeros = (unsigned)__builtin_ctzll(digits | UINT64_C(1) << 56) / 8; /* in front */
    return ka_digits_store(at, (digits | KA_DIGITS_ZEROS) >> 8 * zeros, 8 - zeros);
}

/* As ka_text_put_seconds and ka_text_put_double. */
char *ka_digits_seconds(char *at, ka_time duration);
char *ka_digits_double(char *at, double value);

#endif
