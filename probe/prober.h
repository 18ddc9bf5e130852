/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The run: listens, learns, asks the ends of one connection or of many, and tells what it finds as
 * events. One thread, one poll; kasniff-inject sends, a tap hears.
 */
#ifndef KA_PROBE_PROBER_H
#define KA_PROBE_PROBER_H

#include "capture/tap.h"
#include "events/event.h"
#include "inject/client.h"
#include "inject/past.h"
#include "probe/ask.h"
#include "probe/known.h"
#include "probe/risk.h"

/* How a dialogue ended. */
enum ka_dialogue_end {
    KA_DIALOGUE_OPEN,
    KA_DIALOGUE_DONE,   /* every end that was to be asked has its verdict */
    KA_DIALOGUE_RISKY,  /* not asked: the other end is not known to be there */
    KA_DIALOGUE_BUSY,   /* not asked: it was not idle for long enough */
    KA_DIALOGUE_FAILED, /* not asked: the probe cannot be made, or was refused */
    KA_DIALOGUE_END_COUNT
};

/* The asking of one connection. */
struct ka_dialogue {
    struct ka_known_conn *entry;
    struct ka_ask ask;
    struct ka_target_facts target; /* of before the first probe */
    struct ka_ev_verdict verdict;  /* the last; with `judged` */
    ka_time idle;                  /* when it was asked, or was not for being busy */
    uint8_t to;                    /* the side asked now, or last */
    uint8_t end;                   /* enum ka_dialogue_end */
    bool both;                     /* the other side is asked next if this one is alive */
    bool begun;                    /* the first probe has left, or is about to */
    bool judged;
    char why[KA_RISK_TEXT_SIZE]; /* why it was not asked */
};

struct ka_prober_config {
    struct ka_known *known;       /* all the caller's, and outlive the prober */
    struct ka_tap *tap;           /* NULL: nothing is heard (dry run) */
    struct ka_injector *injector; /* may be NULL while learning only */
    struct ka_probe_log *log;     /* NULL in a dry run */
    const struct ka_past *past;   /* of earlier runs; NULL: not looked at */
    struct ka_sink sink;          /* gets probe, answer and verdict events */
    struct ka_ask_settings ask;
    struct ka_probe_wish wish;
    ka_time idle;    /* a connection with traffic within this is not asked; 0: any */
    uint32_t rate;   /* probes a second */
    bool grow;       /* take up connections that are not known yet, while learning */
    bool link;       /* probes leave as Ethernet frames */
    unsigned device; /* the interface by which alone probes leave; 0: as routed */
    bool yes;        /* the risk of ka_risk_text is taken */
    bool quiet;      /* verdicts only, no events for single probes and answers */
    bool (*stop)(void *context);
    void (*progress)(void *context); /* now and then; may be NULL */
    /* True while this host still has the connection with that side; NULL: what was found at the
     * start is believed. Asked before each probe that rests on it. */
    bool (*is_open)(void *context, const struct ka_known_conn *entry, unsigned side);
    void *context;
};

struct ka_prober_counts {
    uint64_t sent;
    uint64_t answered;
    uint32_t dialogues;
    uint32_t ended;
};

struct ka_prober;

/* Returns NULL when memory is out. The idle time of connections counts from here where nothing else
 * is known of them. */
struct ka_prober *ka_prober_create(const struct ka_prober_config *config);
void ka_prober_free(struct ka_prober *prober);

/* Listens for `most` at most, or until `enough` (NULL: never) says so or a stop is asked for.
 * Returns 0, or -1 with a message. */
int ka_prober_learn(struct ka_prober *prober, ka_time most,
                    bool (*enough)(void *context, struct ka_prober *prober), void *context,
                    struct ka_error *error);

/* How long the connection has been idle as far as is known, at least 0. */
ka_time ka_prober_idle(const struct ka_prober *prober, const struct ka_known_conn *entry);

/* Adds the asking of side `to`; with `both` it begins at the end more in doubt. Valid until the
 * prober is freed; NULL when memory is out. */
struct ka_dialogue *ka_prober_add(struct ka_prober *prober, struct ka_known_conn *entry,
                                  unsigned to, bool both);

/* Asks until every dialogue has ended or a stop is asked for. Returns 0, or -1 with a message: the
 * helper, the log or the interface failed. */
int ka_prober_run(struct ka_prober *prober, struct ka_error *error);

struct ka_prober_counts ka_prober_counts(const struct ka_prober *prober);

/* Dialogues in the order in which they were added; NULL past the last. */
const struct ka_dialogue *ka_prober_at(const struct ka_prober *prober, uint32_t index);

#endif
