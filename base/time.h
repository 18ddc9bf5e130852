/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Time: 64-bit nanoseconds since 1970-01-01 UTC, and durations in the same unit.
 */
#ifndef KA_BASE_TIME_H
#define KA_BASE_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Nanoseconds: an instant since the epoch, or a duration. */
typedef int64_t ka_time;

/* No time, unknown. Never the result of arithmetic: check before you calculate. */
#define KA_TIME_NONE INT64_MIN

#define KA_MICROSECOND ((ka_time)1000)
#define KA_MILLISECOND ((ka_time)1000 * 1000)
#define KA_SECOND      ((ka_time)1000 * 1000 * 1000)

/* The last instant a capture may carry: the end of year 9999, or as much of it as nanoseconds
 * reach. Readers turn stamps outside 0..KA_TIME_MAX into KA_TIME_NONE. */
#define KA_TIME_MAX (INT64_MAX / 2)

/* From `from` to `to`; KA_TIME_NONE when either is unknown or time ran backwards. */
static inline ka_time ka_time_between(ka_time from, ka_time to)
{
    return from == KA_TIME_NONE || to == KA_TIME_NONE || to < from ? KA_TIME_NONE : to - from;
}

/* True when a duration is known and at most `limit`. */
static inline bool ka_time_within(ka_time duration, ka_time limit)
{
    return duration != KA_TIME_NONE && duration <= limit;
}

/* Reads a duration as users type it: a number with an optional fraction and a unit ("90s", "1.5h",
 * "250ms", "10m", "2d"); a bare number is seconds. Returns false and leaves *out alone when the
 * text is no duration, is negative, or exceeds 100 years. */
bool ka_duration_parse(const char *text, ka_time *out);

enum { KA_TIME_TEXT_SIZE = 40 };

/* Writes RFC 3339 UTC ("2026-11-21T10:00:00.123456Z") with `digits` (0 to 9) of fraction into
 * out[KA_TIME_TEXT_SIZE]. KA_TIME_NONE is written as the epoch with all digits 0. */
void ka_time_rfc3339(ka_time time, unsigned digits, char *out);

/* Writes the clock time "12:00:05.123456", in UTC or in the process's time zone, with `digits` of
 * fraction, into out[KA_TIME_TEXT_SIZE]. */
void ka_time_clock(ka_time time, unsigned digits, bool utc, char *out);

/* Writes the day "2026-11-21" of the same clock into out[KA_TIME_TEXT_SIZE]. */
void ka_time_date(ka_time time, bool utc, char *out);

/* Writes a duration for people, at most three significant parts: "0.5 ms", "15.0 s", "2 h",
 * "1 h 58 min". Writes "?" for KA_TIME_NONE. out[KA_TIME_TEXT_SIZE]. */
void ka_duration_text(ka_time duration, char *out);

#endif
