/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The active audit: opens connections of its own to a far end, leaves each silent for its own time,
 * lets one side speak, and narrows down how long the path remembers.
 */
#ifndef KA_AUDIT_ENGINE_H
#define KA_AUDIT_ENGINE_H

#include "audit/bracket.h"
#include "audit/plan.h"
#include "base/addr.h"
#include "base/error.h"
#include "base/time.h"
#include "events/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Silent: 1 arm with 2 speakers; each of 3 refreshing arms with 2 speakers and 2 refreshers. */
enum { KA_SERIES_MAX = 14 };

/* Trials of one kind: an arm, who speaks first, who refreshes. */
struct ka_series {
    uint8_t arm;           /* enum ka_arm */
    uint8_t first_speaker; /* enum ka_speaker */
    uint8_t refresher;     /* enum ka_speaker; meaningless for the silent arm */
    bool started;
    bool done;    /* nothing is left to be tried */
    bool skipped; /* was not run: without an expiry there is nothing to refresh */
    unsigned passes;
    struct ka_plan plan;     /* its own range */
    ka_time interval_max;    /* between refreshes; KA_TIME_NONE: a third of the silence */
    struct ka_trial *trials; /* `count` of them, the engine's */
    size_t count;
    size_t room;
    uint32_t pending;          /* connections on the way */
    uint32_t refreshed;        /* trials of which the far end told what arrived, refreshes sent */
    uint32_t unseen;           /* those of them of which no refresh arrived: another one answers */
    uint32_t closed_between;   /* closed or reset in silence, and the far end did not do it */
    struct ka_bracket bracket; /* of all trials so far */
};

/* Why an audit ended. */
enum ka_audit_end {
    KA_AUDIT_DONE,
    KA_AUDIT_INTERRUPTED,
    KA_AUDIT_PATH_DIED, /* the far end could not be reached any more */
};

struct ka_audit_result {
    struct ka_series series[KA_SERIES_MAX];
    size_t count;
    struct ka_endpoint near; /* our end of the first connection to the far end */
    bool plain;              /* the far end is no `kasniff audit --listen` */
    bool watched;            /* resets were seen on the wire, too: who sent them can be told */
    uint8_t end;             /* enum ka_audit_end */
    uint32_t interruptions;  /* times the path or the far end was away, and came back */
    uint64_t connections;    /* opened for trials */
};

struct ka_audit_progress {
    ka_time elapsed;
    ka_time left;     /* at most, of the pass that runs */
    uint32_t pending; /* connections that are being tried */
    uint32_t judged;  /* trials judged so far */
    const struct ka_audit_result *result;
};

/* What sends the 1-byte keepalives, which the kernel does not: a byte before the next one, from
 * outside, on a connection of ours. */
struct ka_audit_injector {
    /* Sends one on the connection `fd`. Returns the probe's number, from 1; 0 on failure. */
    uint32_t (*send)(void *context, int fd, const struct ka_endpoint *to);
    /* Tells that the probe of this number was answered. */
    void (*answered)(void *context, int fd, const struct ka_endpoint *to, uint32_t number);
    void *context;
};

struct ka_audit_config {
    struct ka_endpoint to;
    struct ka_plan plan;
    uint32_t arms;                            /* bits by enum ka_arm; at least one */
    uint32_t first_speakers;                  /* bits by enum ka_speaker; at least one */
    uint32_t refreshers;                      /* likewise */
    uint64_t id;                              /* random */
    const struct ka_audit_injector *injector; /* for KA_ARM_KEEPALIVE_1; else may be NULL */
    bool (*stop)(void *context); /* true: end with what is known; asked in every round */
    /* Each may be NULL. The result is the engine's, valid during the call. */
    void (*known)(void *context, const struct ka_audit_result *result,
                  const struct ka_series *series); /* a series is sure */
    void (*progress)(void *context, const struct ka_audit_progress *progress); /* each second */
    /* Called once when everything is open and nobody was talked to yet; may be NULL. With -1 and a
     * message it ends. */
    int (*ready)(void *context, struct ka_error *error);
    void *context;
};

/* Runs the audit to its end. Returns 0 with the result, to be released with ka_audit_fini, or -1
 * with the reason when nothing could be measured: the far end cannot be reached, does not answer
 * even without a silence, or too many connections are asked for. */
int ka_audit_run(const struct ka_audit_config *config, struct ka_audit_result *out,
                 struct ka_error *error);

/* Frees what the result holds. */
void ka_audit_fini(struct ka_audit_result *result);

/* The silent series with the same first speaker as `series`, or NULL. */
const struct ka_series *ka_audit_base(const struct ka_audit_result *result,
                                      const struct ka_series *series);

/* What a series says in the end. A connection that heals when its own side speaks shows no death:
 * where the other speaker's silent trials died, and this one's lived through longer silences, the
 * bracket is the other speaker's and the consequence is "recovered". */
struct ka_bracket ka_audit_outcome(const struct ka_audit_result *result,
                                   const struct ka_series *series);

#endif
