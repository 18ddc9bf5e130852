/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What analysers share: the table, the records, the deadlines, the sink; and the occurrences that
 * recognition finds and the analysers of the table judge. Recognition turns segments into
 * occurrences; analysers never look at packets.
 */
#ifndef KA_ANALYZERS_ANALYSIS_H
#define KA_ANALYZERS_ANALYSIS_H

#include "analyzers/engine.h"
#include "analyzers/rebinding.h"
#include "analyzers/record.h"
#include "base/slab.h"
#include "flow/table.h"
#include "flow/track.h"

/* Deadlines in order of time; ties by flow id and side, so that every run is alike. The times stand
 * beside the probers, so that putting one in its place fetches no other prober. */
struct ka_deadline {
    ka_time time;
    struct ka_prober *prober;
};

struct ka_deadlines {
    struct ka_deadline *heap; /* from 1 */
    uint32_t count;
    uint32_t room;
};

/* The records of what a report remembers (history.h), by ka_table_index. */
struct ka_histories {
    struct ka_slab records;
    uint32_t *index;
    uint32_t room;
    struct ka_marks marks;
};

struct ka_analysis {
    struct ka_table table;
    struct ka_histories histories; /* empty unless a report is wanted */
    struct ka_slab extras;
    struct ka_slab probers;
    struct ka_slab doubts;
    struct ka_deadlines deadlines;
    struct ka_engine_config config;
    struct ka_engine_stats stats;
    ka_time next_end; /* no closed connection's lingering ends before */
    ka_time clock;    /* the latest time that packets agree on; KA_TIME_NONE before the first */
    ka_time hole;   /* end of the last pause of a minute in the whole capture; KA_TIME_NONE none */
    uint8_t digits; /* of the capture's stamps */
    bool lossy;     /* see ka_engine_lossy */
    bool memory_out;
};

enum ka_occurrence_kind {
    KA_OCC_PROBE,        /* side sent a keepalive probe */
    KA_OCC_ANSWER,       /* side answered the other's probe */
    KA_OCC_LIFE,         /* side showed life otherwise, while a probe of the other waits */
    KA_OCC_ABSENCE,      /* the answer of side to the other's last probe is known to be absent */
    KA_OCC_STOPPED,      /* the other side stopped probing side, long ago */
    KA_OCC_GAVE_UP,      /* side reset the connection after its probes went unanswered */
    KA_OCC_RESET,        /* side reset the connection, not in answer to a probe */
    KA_OCC_REINCARNATED, /* side had answered with unrelated numbers and was reset for it */
    KA_OCC_WINDOW_PROBE, /* side sent a window probe */
    KA_OCC_LOOKALIKE,    /* side sent what only looks like a probe */
    KA_OCC_APP_SILENT, /* side answers probes, but its application left requests without response */
    KA_OCC_APP_SPEAKS, /* it speaks again */
};

/* Something that happened. Members beside the first block hold only for their kind. */
struct ka_occurrence {
    enum ka_occurrence_kind kind;
    uint8_t side; /* who did it, or is judged */
    uint16_t input;
    struct ka_conn *conn;
    const struct ka_packet *packet; /* NULL when the packet is gone or there is none */
    ka_time time;
    uint64_t frame; /* 0 none */
    uint32_t ip_length;
    /* KA_OCC_PROBE */
    ka_time idle;     /* KA_TIME_NONE unknown */
    ka_time interval; /* KA_TIME_NONE unknown; also for KA_OCC_WINDOW_PROBE */
    uint32_t number;
    uint8_t bytes;
    uint8_t confidence;
    bool injected;
    ka_time spoke_before; /* when the side last sent something before; KA_TIME_NONE unknown */
    uint32_t print;       /* fingerprint of the frame; 0 unknown */
    uint16_t form;        /* KA_PROBER_ flags that the probe's form tells */
    /* KA_OCC_ANSWER */
    uint64_t probe_frame;
    ka_time rtt;
    uint8_t result; /* enum ka_answer_result */
    uint8_t origin; /* enum ka_origin */
    bool other_ttl; /* than the host's data had */
    const char *why;
    const struct ka_icmp *icmp;
    struct ka_addr icmp_from;
    bool unreachable; /* the ICMP error says so */
    /* KA_OCC_LOOKALIKE */
    uint8_t reason; /* enum ka_lookalike */
};

/* An analyser judges occurrences and may emit events. */
struct ka_analyzer {
    const char *name;
    void (*occurred)(struct ka_analysis *analysis, const struct ka_occurrence *occurrence);
};

/* The table of analysers, in the order they are asked; ends with a NULL name. */
extern const struct ka_analyzer ka_analyzers[];

/* Shows an occurrence to all analysers. */
void ka_occur(struct ka_analysis *analysis, const struct ka_occurrence *occurrence);

/* An occurrence of `kind` by `side`, with the segment's frame and time. */
struct ka_occurrence ka_occurrence_of(const struct ka_segment *segment,
                                      enum ka_occurrence_kind kind, unsigned side);

/* --- records */

/* Bytes taken for the table, the records and the deadlines. */
uint64_t ka_analysis_memory(const struct ka_analysis *analysis);

/* Takes a record as ka_slab_take does, unless that leaves less than `spare` bytes of the memory
 * allowed. Returns 0, with analysis->memory_out set, when there is none. */
uint32_t ka_record_take(struct ka_analysis *analysis, struct ka_slab *slab, uint64_t spare);

/* The connection's record, or NULL when there is none yet. */
static inline struct ka_extra *ka_extra_of(const struct ka_analysis *analysis,
                                           const struct ka_conn *conn)
{
    return conn->extra == 0 ? NULL : ka_slab_at(&analysis->extras, conn->extra);
}

static inline struct ka_prober *ka_prober_of(const struct ka_analysis *analysis,
                                             const struct ka_conn *conn, unsigned side)
{
    const struct ka_extra *extra = ka_extra_of(analysis, conn);
    if (extra == NULL || extra->prober[side] == 0)
        return NULL;
    return ka_slab_at(&analysis->probers, extra->prober[side]);
}

static inline struct ka_doubt *ka_doubt_of(const struct ka_analysis *analysis,
                                           const struct ka_conn *conn)
{
    const struct ka_extra *extra = ka_extra_of(analysis, conn);
    return extra == NULL || extra->doubt == 0 ? NULL : ka_slab_at(&analysis->doubts, extra->doubt);
}

/* The same, taken when missing; NULL when memory is out (then analysis->memory_out is set, and the
 * connection goes on without it). */
struct ka_extra *ka_extra_need(struct ka_analysis *analysis, struct ka_conn *conn);
struct ka_prober *ka_prober_need(struct ka_analysis *analysis, struct ka_conn *conn, unsigned side);
struct ka_doubt *ka_doubt_need(struct ka_analysis *analysis, struct ka_conn *conn);

/* Decides anew whether every segment of the connection is worth a look: while a probe waits for its
 * answer, a window is closed, or something is in doubt. Called by whoever changed one of these. */
void ka_watch_update(struct ka_analysis *analysis, struct ka_conn *conn);

/* Asks the processor to fetch the records of the connections that come next, at most KA_BATCH. */
void ka_records_look_ahead(const struct ka_analysis *analysis, const struct ka_lookup *lookups,
                           size_t count);

/* Gives the doubt back, or all records. */
void ka_doubt_drop(struct ka_analysis *analysis, struct ka_conn *conn);
void ka_records_drop(struct ka_analysis *analysis, struct ka_conn *conn);

/* --- deadlines */

/* Sets, moves or (KA_TIME_NONE) takes away the prober's deadline. Without memory it is not set. */
void ka_deadline_set(struct ka_analysis *analysis, struct ka_prober *prober, ka_time deadline);

/* The prober whose deadline comes first, when that is at or before `now`; NULL when none is. */
static inline struct ka_prober *ka_deadline_due(const struct ka_analysis *analysis, ka_time now)
{
    const struct ka_deadlines *all = &analysis->deadlines;
    return all->count == 0 || all->heap[1].time > now ? NULL : all->heap[1].prober;
}

/* Moves all deadlines by `delta`: the packets' clock was set back. */
void ka_deadlines_shift(struct ka_analysis *analysis, ka_time delta);

void ka_deadlines_fini(struct ka_analysis *analysis);

/* --- events */

/* Fills an event's type and envelope: `side` is its src. */
void ka_event_begin(const struct ka_analysis *analysis, struct ka_event *event,
                    enum ka_event_type type, const struct ka_occurrence *occurrence);

/* The endpoint of a side. */
struct ka_endpoint ka_conn_endpoint(const struct ka_conn *conn, unsigned side);

/* --- recognition */

/* Judges a segment that tracking found worth a look. */
void ka_recognise(struct ka_analysis *analysis, const struct ka_segment *segment);

/* Judges an ICMP error about `conn`, quoting a segment that `side` sent. True when it says that
 * this did not get through. */
bool ka_recognise_icmp(struct ka_analysis *analysis, struct ka_conn *conn, unsigned side,
                       const struct ka_packet *packet);

/* True when a reset's TTL (or hop limit) is not that of the host, whose packets usually come with
 * `usual`. One hop may be that of another route; not where the reset is fresh, as a box that stands
 * next to the capture sends it. */
bool ka_ttl_is_foreign(uint8_t ttl, uint8_t usual);

/* A prober's deadline has come. */
void ka_recognise_deadline(struct ka_analysis *analysis, struct ka_prober *prober);

/* --- the short way (ordinary.c) */

/* Takes a segment of `side` that is an ordinary probe or its ordinary answer, with all that comes
 * of it. False, and nothing done, when it is anything else: then it must be tracked and judged. */
bool ka_ordinary(struct ka_analysis *analysis, struct ka_conn *conn, unsigned side,
                 const struct ka_packet *packet);

/* --- candidates held back (held.c) */

/* A segment of a connection where something is held or the sender has no baseline. Returns true
 * when the segment is dealt with: held, or part of what is held. */
bool ka_hold(struct ka_analysis *analysis, const struct ka_segment *segment);

/* --- pairing of probes and answers (pairing.c) */

/* True when the prober's last probe still waits for its answer. */
static inline bool ka_pair_is_waiting(const struct ka_prober *prober)
{
    return prober->waiting > 0 && (prober->flags & (KA_PROBER_SETTLED | KA_PROBER_ICMP)) == 0;
}

/* True when an ICMP error answered the prober's last probe, and the peer was not heard since. */
static inline bool ka_pair_is_refused(const struct ka_prober *prober)
{
    return (prober->flags & (KA_PROBER_SETTLED | KA_PROBER_ICMP)) == KA_PROBER_ICMP;
}

/* True when something of the peer would be news to the prober: every segment is worth a look. */
static inline bool ka_pair_listens(const struct ka_prober *prober)
{
    return prober->waiting > 0 || ka_pair_is_refused(prober);
}

/* Adds a probe's or an answer's length, in bytes, to what the prober costs. */
static inline void ka_pair_add_overhead(struct ka_prober *prober, uint32_t bytes)
{
    uint32_t room = UINT32_MAX - prober->overhead_bytes;
    prober->overhead_bytes += bytes < room ? bytes : room;
}

/* Takes the round trip of a probe and its answer; KA_TIME_NONE is ignored. */
void ka_pair_note_rtt(struct ka_prober *prober, ka_time rtt);

/* Sets the time when the absence of the last probe's answer becomes known. */
void ka_pair_set_deadline(struct ka_analysis *analysis, struct ka_prober *prober);

/* A probe goes out: what was waiting becomes older, an absence becomes known. */
void ka_pair_probe(struct ka_analysis *analysis, struct ka_occurrence *probe);

/* The side sends something of its own that is no answer, a probe, a window probe or a
 * retransmission: it is alive, and what the other side waits for is late, not absent. */
void ka_pair_life(struct ka_analysis *analysis, const struct ka_occurrence *sign);

/* The occurrence, KA_OCC_ANSWER with result, frame and time, is an answer to a probe of the other
 * side, if one waits. Finds which, and lets it occur. False when none waits. */
bool ka_pair_answer(struct ka_analysis *analysis, struct ka_occurrence *answer);

/* The connection is reset: what still waits will not be answered, no deadline is left. */
void ka_pair_end(struct ka_analysis *analysis, struct ka_conn *conn);

/* --- the schedule (schedule.c) and stacks (stacks.c) */

/* Fills the schedule's part and the likely stacks of a connection event. */
void ka_schedule_report(const struct ka_prober *prober, struct ka_ev_keepalive *out);
void ka_stacks_guess(const struct ka_prober *prober, struct ka_ev_keepalive *out);

/* The interval at which the side probes while unanswered; KA_TIME_NONE unknown. */
ka_time ka_schedule_interval(const struct ka_prober *prober);

/* Takes the gap before a probe that follows an answer. */
void ka_schedule_add_idle(struct ka_prober *prober, ka_time idle);

/* True when a gap fits the side's answered schedule. */
bool ka_schedule_has_idle(const struct ka_prober *prober, ka_time gap);

/* True when the side's unanswered probes come ever later: the next one `gap` behind the last, each
 * of three gaps twice the one before. `quiet` is the time since the side's last data. */
bool ka_schedule_doubles(const struct ka_prober *prober, ka_time quiet, ka_time gap);

/* The analysers of the table. */
void ka_keepalive_occurred(struct ka_analysis *analysis, const struct ka_occurrence *occurrence);
void ka_schedule_occurred(struct ka_analysis *analysis, const struct ka_occurrence *occurrence);
void ka_liveness_occurred(struct ka_analysis *analysis, const struct ka_occurrence *occurrence);

/* --- the connection's beginning (opening.c) */

/* Opens a connection for its first packet, at the cost of the least worth where memory is short.
 * NULL when there is none; then analysis->memory_out is set. */
struct ka_conn *ka_connection_begin(struct ka_analysis *analysis, const struct ka_lookup *lookup,
                                    const struct ka_packet *packet);

/* A SYN or SYN-ACK on a connection that is known. Returns the connection it belongs to, perhaps a
 * new one; NULL: to none. */
struct ka_conn *ka_connection_renew(struct ka_analysis *analysis, struct ka_conn *conn,
                                    const struct ka_lookup *lookup, const struct ka_packet *packet);

/* --- the connection's end (connection.c) */

/* Emits the connection event if the connection is worth one, and gives its memory back. */
void ka_connection_end(struct ka_analysis *analysis, struct ka_conn *conn, enum ka_ended ended);

/* Emits the connection event only. */
void ka_connection_report(struct ka_analysis *analysis, struct ka_conn *conn, enum ka_ended ended);

#endif
