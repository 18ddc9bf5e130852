/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/digits.h"

#include <math.h>
#include <stdio.h>

const char ka_digits_pairs[200] = "00010203040506070809"
                                  "10111213141516171819"
                                  "20212223242526272829"
                                  "30313233343536373839"
                                  "40414243444546474849"
                                  "50515253545556575859"
                                  "60616263646566676869"
                                  "70717273747576777879"
                                  "80818283848586878889"
                                  "90919293949596979899";

char *ka_digits_long(char *at, uint64_t value)
{
    enum { BILLION = 1000000000 };
    if (value >= BILLION) {
        at = ka_digits_number(at, value / BILLION);
        return ka_digits_fixed(at, (uint32_t)(value % BILLION), 9);
    }
    unsigned count = 1;
    for (uint32_t limit = 10; value >= limit && count < 9; limit *= 10)
        count++;
    return ka_digits_fixed(at, (uint32_t)value, count);
}

/* ".5" for 500 of 1000 and three digits; nothing for 0. */
static char *put_fraction(char *at, uint32_t fraction, unsigned digits)
{
    if (fraction == 0)
        return at;
    while (fraction % 1000 == 0) {
        fraction /= 1000;
        digits -= 3;
    }
    *at++ = '.';
    at = ka_digits_fixed(at, fraction, digits);
    while (at[-1] == '0')
        at--;
    return at;
}

char *ka_digits_seconds(char *at, ka_time duration)
{
    uint64_t value = duration < 0 ? -(uint64_t)duration : (uint64_t)duration;
    if (duration < 0)
        *at++ = '-';
    at = ka_digits_number(at, value / (uint64_t)KA_SECOND);
    return put_fraction(at, (uint32_t)(value % (uint64_t)KA_SECOND), 9);
}

char *ka_digits_double(char *at, double value)
{
    enum { MILLION = 1000000 };
    if (fabs(value) >= 1e12)
        return at + snprintf(at, KA_DIGITS_DOUBLE, "%.17g", value);
    uint64_t scaled = (uint64_t)llround(fabs(value) * MILLION);
    if (value < 0 && scaled > 0)
        *at++ = '-';
    at = ka_digits_number(at, scaled / MILLION);
    return put_fraction(at, (uint32_t)(scaled % MILLION), 6);
}
