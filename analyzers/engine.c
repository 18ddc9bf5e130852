/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The engine: a batch of packets is hashed, then fetched, then tracked and judged in order. It
 * keeps the clock that deadlines go by.
 */
#include "analyzers/engine.h"

#include "analyzers/finding.h"
#include "analyzers/history.h"
#include "analyzers/odd_stamp.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A closed connection is kept this long for what comes late (2 x MSL as Linux has it). */
static const ka_time linger = 60 * KA_SECOND;

/* A step forward beyond this, or backward beyond that, is believed when two packets agree. Nothing
 * at all for some hours is usual where a capture holds one connection that is kept alive. */
static const ka_time leap = 24 * 3600 * KA_SECOND;
static const ka_time step_back = KA_SECOND;

/* Where nothing at all was captured for so long, it may be that nobody was looking. */
static const ka_time hole = 60 * KA_SECOND;

struct ka_engine {
    struct ka_analysis analysis;
    ka_time odd_stamp;       /* of the last packet, where it was not believed; else KA_TIME_NONE */
    struct ka_odd_stamp odd; /* what that packet left behind, where it leaps by more than a day */
};

static uint64_t default_memcap(void)
{
    const uint64_t most = (uint64_t)4 << 30;
    long pages = sysconf(_SC_PHYS_PAGES);
    long size = sysconf(_SC_PAGESIZE);
    if (pages <= 0 || size <= 0)
        return most;
    uint64_t quarter = (uint64_t)pages * (uint64_t)size / 4;
    return quarter < most ? quarter : most;
}

int ka_engine_create(const struct ka_engine_config *config, struct ka_engine **out,
                     struct ka_error *error)
{
    struct ka_engine *engine = calloc(1, sizeof(*engine));
    uint64_t memcap = config->memcap != 0 ? config->memcap : default_memcap();
    if (engine == NULL ||
        ka_table_init(&engine->analysis.table, config->key, config->vlan_key, memcap) < 0) {
        free(engine);
        return ka_error_set(error, "out of memory for the connection table");
    }
    struct ka_analysis *analysis = &engine->analysis;
    ka_slab_init(&analysis->extras, sizeof(struct ka_extra), memcap);
    ka_slab_init(&analysis->probers, sizeof(struct ka_prober), memcap);
    ka_slab_init(&analysis->doubts, sizeof(struct ka_doubt), memcap);
    ka_histories_init(&analysis->histories, memcap);
    analysis->config = *config;
    analysis->config.memcap = memcap;
    analysis->clock = KA_TIME_NONE;
    analysis->hole = KA_TIME_NONE;
    analysis->stats.first = KA_TIME_NONE;
    analysis->stats.last = KA_TIME_NONE;
    analysis->digits = 6;
    engine->odd_stamp = KA_TIME_NONE;
    *out = engine;
    return 0;
}

void ka_engine_free(struct ka_engine *engine)
{
    if (engine == NULL)
        return;
    ka_deadlines_fini(&engine->analysis);
    ka_histories_fini(&engine->analysis.histories);
    ka_slab_fini(&engine->analysis.doubts);
    ka_slab_fini(&engine->analysis.probers);
    ka_slab_fini(&engine->analysis.extras);
    ka_table_fini(&engine->analysis.table);
    free(engine);
}

/* --- time */

static void end_closed(struct ka_analysis *analysis, ka_time now)
{
    struct ka_conn *conn;
    analysis->next_end = now + linger; /* what closes later lingers beyond that */
    while ((conn = ka_table_oldest(&analysis->table, KA_CLASS_CLOSED)) != NULL) {
        ka_time last = ka_conn_last(conn);
        /* Far ahead of the clock: a stamp that made no sense, and nothing to wait for. */
        bool is_ahead = last != KA_TIME_NONE && last - now > linger;
        if (last != KA_TIME_NONE && now - last < linger && !is_ahead) {
            analysis->next_end = last + linger;
            return;
        }
        ka_connection_end(analysis, conn, KA_ENDED_OPEN);
    }
}

static inline bool is_anything_due(const struct ka_analysis *analysis, ka_time now)
{
    return ka_deadline_due(analysis, now) != NULL || now >= analysis->next_end;
}

static void pass_deadlines(struct ka_analysis *analysis, ka_time now)
{
    struct ka_prober *prober;
    while ((prober = ka_deadline_due(analysis, now)) != NULL)
        ka_recognise_deadline(analysis, prober);
    if (now >= analysis->next_end)
        end_closed(analysis, now);
}

/* Time goes on to `now`, or begins. */
static inline void set_clock(struct ka_analysis *analysis, ka_time now)
{
    if (analysis->clock != KA_TIME_NONE && now - analysis->clock >= hole)
        analysis->hole = now;
    analysis->clock = now;
    if (is_anything_due(analysis, now))
        pass_deadlines(analysis, now);
}

static inline void note_stamp(struct ka_engine_stats *stats, ka_time time)
{
    if (stats->first == KA_TIME_NONE || time < stats->first)
        stats->first = time;
    if (time > stats->last)
        stats->last = time;
}

static bool is_far(ka_time time, ka_time clock)
{
    return time > clock + leap || time < clock - leap;
}

/* A stamp that leaps: not believed until the next agrees, so that a single broken frame expires
 * nothing. */
static void tick_oddly(struct ka_engine *engine, ka_time time)
{
    struct ka_analysis *analysis = &engine->analysis;
    ka_time clock = analysis->clock;
    ka_time before = engine->odd_stamp;
    engine->odd_stamp = time;
    if (time < clock && before == KA_TIME_NONE)
        analysis->stats.time_steps++;
    if (!is_far(time, clock))
        note_stamp(&analysis->stats, time);
    if (before == KA_TIME_NONE || time < before - step_back || time > before + leap) {
        ka_odd_stamp_disbelieve(analysis, &engine->odd);
        return;
    }
    engine->odd_stamp = KA_TIME_NONE;
    engine->odd.conn = NULL;
    note_stamp(&analysis->stats, before);
    note_stamp(&analysis->stats, time);
    if (time < clock) {
        ka_deadlines_shift(analysis, time - clock);
        analysis->next_end += time - clock;
        analysis->clock = time;
    } else {
        set_clock(analysis, time);
    }
}

/* Takes a packet's stamp into the clock. */
static inline void tick(struct ka_engine *engine, ka_time time)
{
    struct ka_analysis *analysis = &engine->analysis;
    ka_time clock = analysis->clock;
    if (time != KA_TIME_NONE && clock != KA_TIME_NONE &&
        (time > clock + leap || time < clock - step_back)) {
        tick_oddly(engine, time);
        return;
    }
    if (engine->odd_stamp != KA_TIME_NONE)
        ka_odd_stamp_disbelieve(analysis, &engine->odd);
    if (time == KA_TIME_NONE)
        return;
    engine->odd_stamp = KA_TIME_NONE;
    note_stamp(&analysis->stats, time);
    if (clock == KA_TIME_NONE)
        analysis->clock = time;
    else if (time > clock)
        set_clock(analysis, time);
}

/* --- classes */

static bool is_closed(const struct ka_conn *conn)
{
    unsigned both = conn->side[0].flags & conn->side[1].flags;
    unsigned any = conn->side[0].flags | conn->side[1].flags;
    return (both & KA_SIDE_FIN) != 0 || (any & KA_SIDE_RST) != 0;
}

/* Moves the connection to the class that its state asks for, and to the end of its list. */
static void classify(struct ka_analysis *analysis, struct ka_conn *conn, unsigned flags)
{
    enum ka_conn_class now = ka_conn_class(conn);
    if (now >= KA_CLASS_PLAIN && (flags & (KA_TCP_FIN | KA_TCP_RST)) == 0) {
        if (analysis->table.ordered)
            ka_table_touch(&analysis->table, conn);
        return;
    }
    enum ka_conn_class wanted = now;
    if (is_closed(conn)) {
        wanted = KA_CLASS_CLOSED;
    } else if (now == KA_CLASS_HANDSHAKE) {
        unsigned any = conn->side[0].flags | conn->side[1].flags;
        const struct ka_side *client = &conn->side[ka_conn_client(conn)];
        const struct ka_side *server = &conn->side[!ka_conn_client(conn)];
        bool shaken = ka_side_packets(client) >= 2 && ka_side_packets(server) >= 1;
        if ((any & KA_SIDE_PAYLOAD) != 0 || (conn->flags & KA_CONN_MIDSTREAM) != 0 || shaken)
            wanted = KA_CLASS_PLAIN;
    }
    if (wanted != now)
        ka_table_reclass(&analysis->table, conn, wanted);
    else
        ka_table_touch(&analysis->table, conn);
}

/* --- packets */

/* Finds the connection a segment belongs to, opening or renewing it. NULL: it belongs to none. */
static struct ka_conn *conn_for(struct ka_analysis *analysis, const struct ka_lookup *lookup,
                                const struct ka_packet *packet)
{
    struct ka_conn *conn = ka_table_look_up(&analysis->table, lookup);
    if (conn == NULL)
        return ka_connection_begin(analysis, lookup, packet);
    if ((packet->tcp.flags & (KA_TCP_SYN | KA_TCP_RST)) != KA_TCP_SYN)
        return conn;
    return ka_connection_renew(analysis, conn, lookup, packet);
}

static void take_icmp(struct ka_analysis *analysis, const struct ka_packet *packet,
                      const struct ka_lookup *lookup)
{
    struct ka_conn *conn = ka_table_look_up(&analysis->table, lookup);
    if (conn != NULL && ka_recognise_icmp(analysis, conn, lookup->side, packet) &&
        analysis->config.report)
        ka_history_icmp(analysis, conn, lookup->side, packet);
}

static void look(struct ka_analysis *analysis, struct ka_conn *conn, unsigned side,
                 const struct ka_packet *packet)
{
    struct ka_segment segment;
    if (ka_track_in_order(conn, side, packet))
        return;
    if (!analysis->config.long_way && ka_ordinary(analysis, conn, side, packet))
        return;
    if (ka_track(conn, side, packet, &segment))
        ka_recognise(analysis, &segment);
}

/* For a report: histories want to know of every segment, before and after. */
static void look_closely(struct ka_analysis *analysis, struct ka_conn *conn, unsigned side,
                         const struct ka_packet *packet)
{
    struct ka_segment segment;
    struct ka_glimpse before;
    ka_history_before(conn, side, packet, &before);
    bool copy = false;
    if (!ka_track_in_order(conn, side, packet) && ka_track(conn, side, packet, &segment)) {
        ka_recognise(analysis, &segment);
        copy = (segment.facts & KA_SEG_COPY) != 0;
    }
    if (!copy)
        ka_history_segment(analysis, conn, side, packet, &before);
}

static void take_segment(struct ka_analysis *analysis, const struct ka_packet *packet,
                         const struct ka_lookup *lookup)
{
    struct ka_conn *conn = conn_for(analysis, lookup, packet);
    analysis->stats.tcp++;
    if (conn == NULL)
        return;
    if (analysis->config.report)
        look_closely(analysis, conn, lookup->side, packet);
    else
        look(analysis, conn, lookup->side, packet);
    classify(analysis, conn, packet->tcp.flags);
}

/* The packet's stamp is not believed yet, and has to go if that stays so. One that is merely behind
 * may be that of another interface, whose clock is always so. */
static inline bool is_doubtful(const struct ka_engine *engine, const struct ka_packet *packet)
{
    return engine->odd_stamp != KA_TIME_NONE && packet->frame->time == engine->odd_stamp &&
           is_far(engine->odd_stamp, engine->analysis.clock);
}

/* In one place, so that it stands in the loop below: a call for each packet costs. */
static inline void take_tcp(struct ka_engine *engine, const struct ka_packet *packet,
                            const struct ka_lookup *lookup)
{
    struct ka_analysis *analysis = &engine->analysis;
    bool doubtful = is_doubtful(engine, packet);
    if (doubtful)
        ka_odd_stamp_before(&engine->odd, ka_table_look_up(&analysis->table, lookup));
    take_segment(analysis, packet, lookup);
    if (doubtful)
        ka_odd_stamp_after(&engine->odd, ka_table_look_up(&analysis->table, lookup), lookup->side,
                           packet->frame->time);
}

void ka_engine_packets(struct ka_engine *engine, const struct ka_packet *packets, size_t count)
{
    struct ka_analysis *analysis = &engine->analysis;
    struct ka_lookup lookups[KA_BATCH];
    if (count > KA_BATCH)
        count = KA_BATCH;
    ka_table_look_ahead(&analysis->table, packets, count, lookups);
    ka_records_look_ahead(analysis, lookups, count);
    for (size_t i = 0; i < count; i++) {
        const struct ka_packet *packet = &packets[i];
        if (packet->frame->digits > 0)
            analysis->digits = packet->frame->digits;
        tick(engine, packet->frame->time);
        if (packet->kind == KA_PACKET_TCP)
            take_tcp(engine, packet, &lookups[i]);
        else
            take_icmp(analysis, packet, &lookups[i]);
    }
}

void ka_engine_now(struct ka_engine *engine, ka_time now)
{
    struct ka_analysis *analysis = &engine->analysis;
    if (analysis->clock != KA_TIME_NONE && now <= analysis->clock)
        return;
    /* After a day without packets this clock agrees with the first stamp. */
    if (engine->odd.conn != NULL && !is_far(engine->odd.time, now))
        engine->odd.conn = NULL;
    ka_odd_stamp_disbelieve(analysis, &engine->odd);
    set_clock(analysis, now);
}

void ka_engine_lossy(struct ka_engine *engine)
{
    engine->analysis.lossy = true;
}

/* --- the end */

static int by_flow_id(const void *a, const void *b)
{
    const struct ka_conn *first = *(struct ka_conn *const *)a;
    const struct ka_conn *second = *(struct ka_conn *const *)b;
    return (first->flow_id > second->flow_id) - (first->flow_id < second->flow_id);
}

void ka_engine_end(struct ka_engine *engine)
{
    struct ka_analysis *analysis = &engine->analysis;
    ka_odd_stamp_disbelieve(analysis, &engine->odd);
    if (analysis->config.summary)
        return;
    const struct ka_table *table = &analysis->table;
    size_t count = ka_table_count(table);
    struct ka_conn **all = calloc(count > 0 ? count : 1, sizeof(struct ka_conn *));
    size_t used = 0;
    for (unsigned class = 0; class < KA_CLASS_COUNT; class ++) {
        struct ka_conn *conn = ka_table_oldest(table, (enum ka_conn_class) class);
        for (; conn != NULL; conn = ka_table_newer(table, conn)) {
            if (all != NULL)
                all[used++] = conn;
            else /* no memory to sort them: better unsorted than not told */
                ka_connection_report(analysis, conn, KA_ENDED_OPEN);
        }
    }
    if (all == NULL)
        return;
    qsort(all, used, sizeof(struct ka_conn *), by_flow_id);
    for (size_t i = 0; i < used; i++)
        ka_connection_report(analysis, all[i], KA_ENDED_OPEN);
    free(all);
}

void ka_engine_stats(const struct ka_engine *engine, struct ka_engine_stats *out)
{
    *out = engine->analysis.stats;
    out->live = ka_table_count(&engine->analysis.table);
    out->memory_out = engine->analysis.memory_out;
    out->memory = ka_analysis_memory(&engine->analysis);
}
