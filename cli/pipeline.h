/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The run from frames to events that `sniff` and `report` share: source, decoder, engine, sink, and
 * the `capture` event at the end.
 */
#ifndef KA_CLI_PIPELINE_H
#define KA_CLI_PIPELINE_H

#include "capture/source.h"
#include "cli/options.h"
#include "decode/packet.h"
#include "events/event.h"

/* The options of this module; ka_pipeline_rows describe them. */
struct ka_pipeline_options {
    uint64_t frames;  /* -c: end after so many; 0: all */
    uint64_t memcap;  /* bytes; 0: the engine's default */
    uint32_t fail_on; /* a bit per enum ka_peer_state */
    bool all;
    bool vlan_key;
};

extern const struct ka_option ka_pipeline_rows[];

/* What an outlet says after a batch. */
enum ka_pipeline_wish {
    KA_PIPELINE_MORE,
    KA_PIPELINE_ENOUGH, /* the run shall end, all is well */
    KA_PIPELINE_FAILED,
};

/* Where a run sends what it finds. `begin` to `tick` may be NULL. */
struct ka_pipeline_outlet {
    struct ka_sink sink; /* gets every event, the `capture` event last */
    /* Writes out what is buffered; called when nothing comes and otherwise about twice a second.
     * Returns 0, or -1 with the reason, which ends the run. */
    int (*flush)(void *context, struct ka_error *error);
    /* Prints an interim summary (SIGUSR1) from a capture event. */
    void (*summary)(void *context, const struct ka_event *capture);
    /* The packets that are judged next; they stay until `end`, which is called when the events
     * about them have been emitted as far as they can be. */
    void (*begin)(void *context, const struct ka_packet *packets, size_t count);
    enum ka_pipeline_wish (*end)(void *context, struct ka_error *error);
    /* Opens output files anew (SIGHUP). Returns 0, or -1 with the reason, which ends the run. */
    int (*reopen)(void *context, struct ka_error *error);
    /* About every second while the source is live: the packets' clock (KA_TIME_NONE before the
     * first), and with `status` a capture event of now, else NULL. */
    enum ka_pipeline_wish (*tick)(void *context, ka_time now, const struct ka_event *capture,
                                  struct ka_error *error);
    void *context;
    bool lookalikes; /* lookalike events are wanted too */
    bool status;     /* tick needs the capture event, which costs a look at the kernel's counters */
    bool report;     /* the engine looks closer: see ka_engine_config */
    bool summary_only; /* nothing but the `capture` event is wanted */
};

/* Reads `source` (which stays the caller's) to its end, -c frames or a stop signal. Returns the
 * exit status: KA_EXIT_DONE; KA_EXIT_FAILED with the reason, also for damaged input, all of whose
 * readable part has been reported then; KA_EXIT_STATE when a --fail-on state was seen, which
 * outranks damage (*error still tells it) but not a failure to write. */
int ka_pipeline_run(struct ka_source *source, const struct ka_pipeline_options *options,
                    const struct ka_pipeline_outlet *outlet, struct ka_error *error);

#endif
