/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The analysis as a whole: packets in, events out. Owns the connection table and runs the analysers
 * of the table in analyzers/table.c on every segment, in order, with time as packets tell it.
 */
#ifndef KA_ANALYZERS_ENGINE_H
#define KA_ANALYZERS_ENGINE_H

#include "base/error.h"
#include "decode/packet.h"
#include "events/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ka_engine_config {
    uint64_t memcap; /* bytes; 0: a quarter of the machine's memory, at most 4 GiB */
    uint64_t key[2]; /* random, for the hash; no output depends on it */
    bool vlan_key;   /* VLAN tags are part of a connection's key */
    bool all;        /* connection events for every connection */
    bool summary;    /* state events only: probes, answers, connections are counted, not told */
    bool lookalikes; /* emit lookalike events */
    bool report;   /* look closer: findings, heartbeats, HTTP, every silence; and a connection event
                      for every connection, `notable` where it is worth a line */
    bool long_way; /* for tests: no short cuts (ordinary.c); what comes out is the same */
    struct ka_sink sink;
};

/* What the engine counts, for the capture event and the status line. */
struct ka_engine_stats {
    uint64_t tcp;         /* segments */
    uint64_t connections; /* seen so far */
    uint64_t live;        /* in the table now */
    uint64_t evicted;
    uint64_t memory; /* bytes taken now */
    uint64_t probes;
    uint64_t answers;
    uint64_t window_probes;
    uint64_t lookalikes;
    uint64_t time_steps;
    bool memory_out;                      /* something could not be remembered for want of memory */
    uint64_t states[KA_PEER_STATE_COUNT]; /* judged peers by their present or last state */
    ka_time first;                        /* of all packets, by stamps that are believed */
    ka_time last;
};

struct ka_engine;

/* Returns 0, or -1 when memory is out. */
int ka_engine_create(const struct ka_engine_config *config, struct ka_engine **out,
                     struct ka_error *error);

/* Takes `count` packets (at most KA_BATCH) in capture order; deadlines that lie at or before a
 * packet's time are dealt with before it. Packets and frames may be reused after the call. */
void ka_engine_packets(struct ka_engine *engine, const struct ka_packet *packets, size_t count);

/* Live: tells that it is `now` on the packets' clock although no packet came, so that deadlines
 * pass. Offline this is never called. */
void ka_engine_now(struct ka_engine *engine, ka_time now);

/* The capture lost frames (kernel or interface drops): from now on what was not seen proves less.
 * An absent answer says so, death is not inferred from it, and schedules are probable at most. */
void ka_engine_lossy(struct ka_engine *engine);

/* The end of input: emits what is held back, then the connection events by flow id. The engine
 * takes no packets afterwards. */
void ka_engine_end(struct ka_engine *engine);

void ka_engine_stats(const struct ka_engine *engine, struct ka_engine_stats *out);

/* Frees; takes NULL. */
void ka_engine_free(struct ka_engine *engine);

#endif
