/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The rule that keeps a probe from killing what it asks after: a living target's answer travels to
 * the other end, and if that one has lost the connection, its reset ends the target. So an end is
 * asked only when the other is known to be there.
 */
#ifndef KA_PROBE_RISK_H
#define KA_PROBE_RISK_H

#include "base/time.h"
#include "probe/known.h"

/* How it is known that an end is there, the weaker the lower. */
enum ka_presence {
    KA_PRESENCE_GONE,  /* it sent a reset, or ICMP or silence spoke against it in this run */
    KA_PRESENCE_NONE,  /* nothing speaks for it */
    KA_PRESENCE_SEEN,  /* it sent something within KA_PRESENCE_FRESH */
    KA_PRESENCE_LOCAL, /* this host has the connection */
    KA_PRESENCE_FOUND, /* it was found alive in this run, and answered within KA_PRESENCE_FRESH */
};

/* How long a packet seen, an answer too, speaks for its sender. */
#define KA_PRESENCE_FRESH (10 * KA_SECOND)

/* What speaks for the side at `now`, wall clock. */
enum ka_presence ka_risk_presence(const struct ka_known_conn *entry, unsigned side, ka_time now);

/* True when side `to` may be asked without risk to it. */
bool ka_risk_free(const struct ka_known_conn *entry, unsigned to, ka_time now);

/* The side more in doubt, which is asked first; `wanted` where nothing tells them apart. */
unsigned ka_risk_first(const struct ka_known_conn *entry, unsigned wanted, ka_time now);

enum { KA_RISK_TEXT_SIZE = 512 };

/* Writes what could happen to side `to`, and what to do about it, into out[KA_RISK_TEXT_SIZE]. */
void ka_risk_text(const struct ka_known_conn *entry, unsigned to, char *out);

/* A word on how the side is known to be there, for people: "established on this host". */
const char *ka_presence_text(enum ka_presence presence);

#endif
