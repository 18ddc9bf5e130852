/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Asking one end: when to send, what an answer means for that, when silence has lasted long enough.
 * Time comes in as an argument, from a monotonic clock for waiting and from the capture's clock for
 * round trips; nothing is sent here.
 */
#ifndef KA_PROBE_ASK_H
#define KA_PROBE_ASK_H

#include "base/time.h"
#include "inject/verdict.h"

/* At most so many in a row without an answer: the fourth makes Linux's conntrack shorten its
 * timeout. */
enum { KA_ASK_UNANSWERED = 3 };

struct ka_ask_settings {
    uint32_t count;   /* answers wanted, at least 1 */
    ka_time interval; /* between probes, at least 1 s */
    ka_time timeout;  /* after the last probe, at least KA_SILENCE_MIN */
};

struct ka_ask {
    struct ka_judgement judgement;
    struct ka_probe probe; /* the last sent, with judgement.sent above 0 */
    ka_time left_at;       /* capture clock: when it left */
    ka_time sent_at;       /* monotonic */
    ka_time due;           /* monotonic: when the next may go */
    uint32_t unanswered;   /* in a row */
    bool answered;         /* the last probe was */
    bool done;
};

/* Begins. `blind`: the first probe will be numberless. */
struct ka_ask ka_ask_begin(bool blind, ka_time now);

/* True when a probe is to be sent at `now`. */
bool ka_ask_is_due(const struct ka_ask *ask, const struct ka_ask_settings *settings, ka_time now);

/* When something is to be done next, a probe or giving up; monotonic. */
ka_time ka_ask_next(const struct ka_ask *ask, const struct ka_ask_settings *settings);

/* The probe was sent, at `now` monotonic and `wall` at the earliest on the capture's clock. */
void ka_ask_sent(struct ka_ask *ask, const struct ka_ask_settings *settings,
                 const struct ka_probe *probe, ka_time now, ka_time wall);

/* The probe itself was seen on the wire at `wall`. */
void ka_ask_left(struct ka_ask *ask, ka_time wall);

/* Takes in an observation of a packet stamped `wall`. Returns true when it is an answer to the last
 * probe; *rtt is then the round trip. Packets stamped before the probe left are no answers, and
 * later ones to the same probe count no more, but may change the verdict. */
bool ka_ask_take(struct ka_ask *ask, const struct ka_ask_settings *settings,
                 const struct ka_observation *seen, const struct ka_target_facts *facts,
                 ka_time wall, ka_time *rtt);

/* Lets time pass: ends the asking when silence has lasted long enough. */
void ka_ask_tick(struct ka_ask *ask, const struct ka_ask_settings *settings, ka_time now);

#endif
