/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The guard: what kasniff-inject sends and what it never sends. A table of rules over a request,
 * over what was sent before and over the time; no rule can be switched off, some have a figure.
 *
 * It trusts no one about the past: gaps, counts and rates are its own. What only an observer of the
 * connection can know (nxt, rcv, sack, in_flight) must be stated in the request, and is held
 * against the numbers that would be sent.
 */
#ifndef KA_INJECT_GUARD_H
#define KA_INJECT_GUARD_H

#include "base/time.h"
#include "inject/allow.h"
#include "inject/probe.h"
#include "inject/protocol.h"

/* The figures that no option goes beyond. */
enum {
    KA_RATE_DEFAULT = 50,
    KA_RATE_MAX = 1000,
    KA_TOTAL_DEFAULT = 10000,
    KA_TOTAL_MAX = 100000,
    KA_UNANSWERED_DEFAULT = 3, /* Linux conntrack cuts its timeout at the 4th in a row */
    KA_UNANSWERED_MAX = 64,    /* for the hop search, where routers may stay silent */
    KA_ONE_BYTE_MAX = 1000,
};

/* Linux answers at most every 500 ms per socket; twice that is never too often. The margin is for
 * the way out: a packet that the kernel holds back, to ask for its neighbour, must not come to the
 * next one closer than a second. */
#define KA_GUARD_GAP            (KA_SECOND + 50 * KA_MILLISECOND)
#define KA_GUARD_NUMBERLESS_GAP (4 * KA_SECOND)

struct ka_guard_limits {
    struct ka_caps caps;
    const struct ka_allow *allow; /* targets; the arrays stay the caller's and outlive the guard */
    size_t allow_count;
    const struct ka_addr *broadcast; /* the subnets' broadcast and network addresses */
    size_t broadcast_count;
    const struct ka_addr *local; /* this host's own addresses */
    size_t local_count;
};

/* Each rule, in the order in which they are looked at. */
enum ka_rule {
    KA_RULE_FAMILY,
    KA_RULE_SOURCE,
    KA_RULE_TARGET,
    KA_RULE_BROADCAST,
    KA_RULE_SAME,
    KA_RULE_PORT,
    KA_RULE_NOT_ALLOWED,
    KA_RULE_LINK,
    KA_RULE_MAC,
    KA_RULE_TTL,
    KA_RULE_NUMBERLESS_FORM,
    KA_RULE_LENGTH,
    KA_RULE_SEQ_AHEAD,
    KA_RULE_SEQ_BEHIND,
    KA_RULE_ACK,
    KA_RULE_EXACT_OFF,
    KA_RULE_BYTE_OFF,
    KA_RULE_BYTE_GENTLE,
    KA_RULE_BYTE_SACK,
    KA_RULE_BYTE_FLIGHT,
    KA_RULE_BYTE_AGAIN,
    KA_RULE_ID,
    KA_RULE_TOTAL,
    KA_RULE_UNANSWERED,
    KA_RULE_NUMBERLESS_GAP,
    KA_RULE_GAP,
    KA_RULE_RATE,
    KA_RULE_COUNT /* none is broken */
};

struct ka_guard;

/* Says whether a guard can be made of these: 0, or -1 with a message when there is no target, or a
 * cap is 0 where it must not be or beyond its maximum. */
int ka_guard_check(const struct ka_guard_limits *limits, struct ka_error *error);

/* Makes a guard that nothing has passed yet. `key` is random and keeps the positions in its table
 * from being foreseen. The table is sized for `caps.total` connections at once, so it is never
 * full. Returns NULL with a message when the limits do not pass ka_guard_check, or memory is short.
 */
struct ka_guard *ka_guard_create(const struct ka_guard_limits *limits, uint64_t key,
                                 struct ka_error *error);

/* NULL is taken. */
void ka_guard_free(struct ka_guard *guard);

/* Asks whether the probe may be sent at `now`, of a monotonic clock. Returns KA_RULE_COUNT when it
 * may: then it counts as sent, whatever becomes of it. Otherwise the first rule that it breaks, and
 * nothing is remembered; *wait is how long that rule goes on to hold, 0 when waiting does not help.
 */
enum ka_rule ka_guard_ask(struct ka_guard *guard, const struct ka_probe *probe, ka_time now,
                          ka_time *wait);

/* Takes note that the probe let through last left at `now`: gap and rate count from there, so that
 * a slow way out never brings two packets closer on the wire than was asked for. */
void ka_guard_left(struct ka_guard *guard, const struct ka_probe *probe, ka_time now);

/* Takes note that the target answered: ends the row of unanswered probes. False when no probe of
 * this id, or none since the last answer, was let through from src to dst. */
bool ka_guard_answered(struct ka_guard *guard, const struct ka_probe *probe);

/* The rule's name in replies ("seq-ahead"), and what it says, for people. Static strings. */
const char *ka_rule_name(enum ka_rule rule);
const char *ka_rule_text(enum ka_rule rule);

#endif
