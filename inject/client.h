/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Starts kasniff-inject and talks to it. Every probe is logged before it is asked for, and every
 * reply after; without a log nothing is asked, but in a dry run.
 */
#ifndef KA_INJECT_CLIENT_H
#define KA_INJECT_CLIENT_H

#include "base/time.h"
#include "inject/log.h"
#include "inject/protocol.h"

struct ka_injector_options {
    const char *path;         /* the program; NULL: own folder, then libexec */
    const char *const *allow; /* targets, as --allow takes them; at least one */
    size_t allow_count;
    const char *device; /* IP packets leave here only; NULL: as routed */
    const char *link;   /* write Ethernet frames here instead; NULL: no */
    uint32_t rate;      /* 0: the helper's default; likewise below */
    uint32_t total;
    uint32_t unanswered;
    uint32_t one_byte;        /* 0: no one-byte probes */
    bool exact;               /* exact acknowledgements */
    bool dry_run;             /* nothing is sent; needs no privilege and no log */
    ka_time timeout;          /* for a reply; 0: 5 s */
    struct ka_probe_log *log; /* the caller's, outlives the injector */
};

struct ka_injector;

/* Starts the helper and reads its greeting. To be called before privileges are dropped. Returns
 * NULL with a message: the helper is missing, lacks the capability (the message names it and the
 * command that grants it), speaks another protocol, greets with looser limits than it was given, or
 * there is no log. */
struct ka_injector *ka_injector_start(const struct ka_injector_options *options,
                                      struct ka_error *error);

/* Ends the helper by closing its input, and waits for it. NULL is taken. */
void ka_injector_stop(struct ka_injector *injector);

/* Asks for the probe; its id is given by the injector and written to it. `now` is the wall clock,
 * for the log. Returns 0 with the reply in *reply: SENT or BUILT with the bytes, REFUSED or FAILED
 * with text. Returns -1 with a message when nothing more can be asked: the helper is gone, says
 * nothing in time, or the log cannot be written (then the probe was not sent, or its reply is lost
 * to the log and the message says so). */
int ka_injector_send(struct ka_injector *injector, ka_time now, struct ka_probe *probe,
                     struct ka_reply *reply, struct ka_error *error);

/* Tells that the target answered this probe, and logs `outcome` ("ack after 0.5 ms"). To be called
 * for each answer, or the helper stops at the third probe. 0, or -1 with a message as above. */
int ka_injector_answered(struct ka_injector *injector, ka_time now, const struct ka_probe *probe,
                         const char *outcome, struct ka_error *error);

#endif
