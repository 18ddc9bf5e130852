/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/digits.h"

#include <math.h>
#include <stdio.h>

char *ka_digits_long(char *at, uint64_t value)
{
    at = ka_digits_number(at, value / 100000000); /* at most twice over */
    return ka_digits_fixed(at, (uint32_t)(value % 100000000), 8);
}

/* Nanoseconds below a second: ".5" for 500000000, nothing for 0. */
static char *put_fraction(char *at, uint32_t nanoseconds)
{
    if (nanoseconds == 0)
        return at;
    *at++ = '.';
    if (nanoseconds % 1000 != 0) {
        at = ka_digits_fixed(at, nanoseconds / 1000, 6);
        at = ka_digits_fixed(at, nanoseconds % 1000, 3);
        while (at[-1] == '0')
            at--;
        return at;
    }
    uint64_t digits = ka_digits_eight(nanoseconds / 1000) >> 16;
    unsigned zeros = (unsigned)__builtin_clzll(digits) / 8; /* at the end */
    return ka_digits_store(at, digits | KA_DIGITS_ZEROS, 8 - zeros);
}

char *ka_digits_seconds(char *at, ka_time duration)
{
    uint64_t value = duration < 0 ? -(uint64_t)duration : (uint64_t)duration;
    if (duration < 0)
        *at++ = '-';
    at = ka_digits_number(at, value / (uint64_t)KA_SECOND);
    return put_fraction(at, (uint32_t)(value % (uint64_t)KA_SECOND));
}

char *ka_digits_double(char *at, double value)
{
    if (fabs(value) >= 1e12)
        return at + snprintf(at, KA_DIGITS_DOUBLE, "%.17g", value);
    uint64_t scaled = (uint64_t)llround(fabs(value) * 1e6);
    if (value < 0 && scaled > 0)
        *at++ = '-';
    at = ka_digits_number(at, scaled / 1000000);
    return put_fraction(at, (uint32_t)(scaled % 1000000 * 1000));
}
