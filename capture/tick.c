/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/tick.h"

enum { BINARY = 0x80, NANO_DIGITS = 9, DECIMAL_DIGITS_MAX = 27, BINARY_BITS_MAX = 63 };

static uint64_t power_of_ten(unsigned exponent)
{
    uint64_t value = 1;
    while (exponent-- > 0)
        value *= 10;
    return value;
}

struct ka_tick ka_tick_make(uint8_t resolution, int64_t offset)
{
    unsigned exponent = resolution & (BINARY - 1u);
    struct ka_tick tick = {.kind = KA_TICK_NEVER, .offset = offset, .digits = NANO_DIGITS};
    if ((resolution & BINARY) != 0) {
        if (exponent <= BINARY_BITS_MAX) {
            tick.kind = KA_TICK_BINARY;
            tick.factor = exponent;
            tick.digits = exponent < 20 ? 6 : NANO_DIGITS; /* 2^-20 is the first below 10^-6 */
        }
    } else if (exponent <= NANO_DIGITS) {
        tick.kind = KA_TICK_TIMES;
        tick.factor = power_of_ten(NANO_DIGITS - exponent);
        tick.last = (uint64_t)KA_TIME_MAX / tick.factor;
        tick.digits = exponent <= 6 ? 6 : NANO_DIGITS;
    } else if (exponent <= DECIMAL_DIGITS_MAX) {
        tick.kind = KA_TICK_DIVIDED;
        tick.factor = power_of_ten(exponent - NANO_DIGITS);
    }
    return tick;
}

ka_time ka_tick_time_slow(const struct ka_tick *tick, uint64_t count)
{
    uint64_t seconds = 0;
    uint64_t nanoseconds = 0;
    switch (tick->kind) {
    case KA_TICK_TIMES: {
        uint64_t a_second = (uint64_t)KA_SECOND / tick->factor;
        seconds = count / a_second;
        nanoseconds = count % a_second * tick->factor;
        break;
    }
    case KA_TICK_DIVIDED:
        nanoseconds = count / tick->factor;
        seconds = nanoseconds / (uint64_t)KA_SECOND;
        nanoseconds %= (uint64_t)KA_SECOND;
        break;
    case KA_TICK_BINARY: {
        uint64_t mask = ((uint64_t)1 << tick->factor) - 1;
        seconds = count >> tick->factor;
        nanoseconds = (uint64_t)((unsigned __int128)(count & mask) * KA_SECOND >> tick->factor);
        break;
    }
    case KA_TICK_NEVER:
        return KA_TIME_NONE;
    }
    int64_t whole;
    if (seconds > INT64_MAX || __builtin_add_overflow((int64_t)seconds, tick->offset, &whole) ||
        whole < 0 || whole >= KA_TIME_MAX / KA_SECOND)
        return KA_TIME_NONE;
    return whole * KA_SECOND + (ka_time)nanoseconds;
}
