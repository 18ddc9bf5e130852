/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What to do about a measured bracket: the largest keepalive time that is safe, the settings that
 * bring it about in each system and program, what it costs, and which common schedules would fail.
 */
#ifndef KA_AUDIT_ADVICE_H
#define KA_AUDIT_ADVICE_H

#include "audit/bracket.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest safe keepalive time, whole seconds from a second on: half of the shortest death, or
 * two thirds of the longest survival where that is less or nothing died (a lost probe must leave
 * time for another). KA_TIME_NONE where the bracket says nothing, or where it is below a second. */
ka_time ka_advice_idle(const struct ka_bracket *bracket);

/* The time between probes that get no answer: a third of `idle`, within a second and the 75 s that
 * are customary. */
ka_time ka_advice_interval(ka_time idle);

/* What keepalives with this idle time cost a connection that says nothing else. */
struct ka_cost {
    double packets; /* a day, probe and answer */
    double bytes;   /* a day, from the IP header on, with the timestamp option */
};

/* For IP version `family` (4 or 6); `idle` above 0. */
struct ka_cost ka_advice_cost(ka_time idle, unsigned family);

/* The settings: one entry for each system or program. */
struct ka_setting {
    const char *subject; /* "Linux, sysctl" */
    const char *text;    /* lines to type or to put into a file; valid until the next call on the
                            same buffer */
    bool sends_data;     /* it makes the application speak, not TCP */
};

enum { KA_ADVICE_TEXT_SIZE = 1024 };

/* The entry number `index` for keepalives at `idle` with `interval` between unanswered ones and
 * `count` of them before giving up; the text is written into buffer[KA_ADVICE_TEXT_SIZE]. False
 * past the last entry. Times are rounded down to whole seconds, never below one. */
bool ka_advice_setting(size_t index, ka_time idle, ka_time interval, unsigned count, char *buffer,
                       struct ka_setting *out);

/* Common keepalive schedules that come too late for the bracket. */
struct ka_schedule {
    const char *who;
    ka_time idle;
};

/* The schedule number `index` whose idle time does not keep a connection on this path alive, from
 * the ones in common use. False past the last. Nothing is late where nothing died. */
bool ka_advice_late(size_t index, const struct ka_bracket *bracket, struct ka_schedule *out);

#endif
