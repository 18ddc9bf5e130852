/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyzers/analysis.h"

#include "analyzers/history.h"

#include <string.h>

enum { DOUBT_SPARE = 16 }; /* doubts leave this part of all memory to other records */

uint64_t ka_analysis_memory(const struct ka_analysis *analysis)
{
    return ka_table_memory(&analysis->table) + ka_slab_memory(&analysis->extras) +
           ka_slab_memory(&analysis->probers) + ka_slab_memory(&analysis->doubts) +
           ka_histories_memory(&analysis->histories) +
           analysis->deadlines.room * sizeof(struct ka_deadline);
}

uint32_t ka_record_take(struct ka_analysis *analysis, struct ka_slab *slab, uint64_t spare)
{
    size_t cost = ka_slab_next_cost(slab);
    uint32_t index = 0;
    if (cost == 0 || ka_analysis_memory(analysis) + cost + spare <= analysis->config.memcap)
        index = ka_slab_take(slab);
    if (index == 0)
        analysis->memory_out = true;
    return index;
}

struct ka_extra *ka_extra_need(struct ka_analysis *analysis, struct ka_conn *conn)
{
    if (conn->extra == 0) {
        conn->extra = ka_record_take(analysis, &analysis->extras, 0);
        if (conn->extra == 0)
            return NULL;
        ka_extra_of(analysis, conn)->last_window_probe = KA_TIME_NONE;
    }
    return ka_extra_of(analysis, conn);
}

void ka_watch_update(struct ka_analysis *analysis, struct ka_conn *conn)
{
    const struct ka_extra *extra = ka_extra_of(analysis, conn);
    bool watched = extra != NULL && (extra->doubt != 0 || extra->window_number > 0);
    for (unsigned side = 0; side < 2 && !watched; side++) {
        const struct ka_prober *prober = ka_prober_of(analysis, conn, side);
        watched = prober != NULL && ka_pair_listens(prober);
    }
    conn->flags &= (uint16_t)~KA_CONN_WATCHED;
    if (watched)
        conn->flags |= KA_CONN_WATCHED;
}

struct ka_prober *ka_prober_need(struct ka_analysis *analysis, struct ka_conn *conn, unsigned side)
{
    struct ka_extra *extra = ka_extra_need(analysis, conn);
    if (extra == NULL)
        return NULL;
    if (extra->prober[side] == 0) {
        extra->prober[side] = ka_record_take(analysis, &analysis->probers, 0);
        if (extra->prober[side] == 0)
            return NULL;
        struct ka_prober *prober = ka_slab_at(&analysis->probers, extra->prober[side]);
        prober->conn = conn;
        prober->side = side & 1;
        prober->last_probe = KA_TIME_NONE;
        prober->spoke_before = KA_TIME_NONE;
        prober->deadline = KA_TIME_NONE;
        prober->rtt_min_us = UINT32_MAX;
        prober->segments = 1;
    }
    return ka_slab_at(&analysis->probers, extra->prober[side]);
}

struct ka_doubt *ka_doubt_need(struct ka_analysis *analysis, struct ka_conn *conn)
{
    struct ka_doubt *doubt = ka_doubt_of(analysis, conn);
    if (doubt != NULL)
        return doubt;
    /* Anybody's single segment can take one: something is left for what will not go away. */
    uint64_t spare = analysis->config.memcap / DOUBT_SPARE;
    uint32_t index = ka_record_take(analysis, &analysis->doubts, spare);
    if (index == 0)
        return NULL;
    struct ka_extra *extra = ka_extra_need(analysis, conn);
    if (extra == NULL) {
        ka_slab_give(&analysis->doubts, index);
        return NULL;
    }
    extra->doubt = index;
    ka_watch_update(analysis, conn);
    return ka_doubt_of(analysis, conn);
}

void ka_doubt_drop(struct ka_analysis *analysis, struct ka_conn *conn)
{
    struct ka_extra *extra = ka_extra_of(analysis, conn);
    if (extra == NULL || extra->doubt == 0)
        return;
    ka_slab_give(&analysis->doubts, extra->doubt);
    extra->doubt = 0;
    ka_watch_update(analysis, conn);
    /* An extra record that holds nothing else is not worth keeping. */
    static const uint32_t none[KA_LOOKALIKE_COUNT];
    if (extra->prober[0] == 0 && extra->prober[1] == 0 && extra->window_probes == 0 &&
        extra->flags == 0 && memcmp(extra->lookalikes, none, sizeof(none)) == 0) {
        ka_slab_give(&analysis->extras, conn->extra);
        conn->extra = 0;
    }
}

void ka_records_drop(struct ka_analysis *analysis, struct ka_conn *conn)
{
    for (unsigned side = 0; side < 2; side++) {
        struct ka_prober *prober = ka_prober_of(analysis, conn, side);
        if (prober == NULL)
            continue;
        ka_deadline_set(analysis, prober, KA_TIME_NONE);
        ka_slab_give(&analysis->probers, ka_extra_of(analysis, conn)->prober[side]);
        ka_extra_of(analysis, conn)->prober[side] = 0;
    }
    ka_doubt_drop(analysis, conn);
    if (conn->extra != 0)
        ka_slab_give(&analysis->extras, conn->extra);
    conn->extra = 0;
}

void ka_records_look_ahead(const struct ka_analysis *analysis, const struct ka_lookup *lookups,
                           size_t count)
{
    const struct ka_conn *known[KA_BATCH];
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const struct ka_conn *conn = lookups[i].guess;
        if (conn == NULL || conn->extra == 0)
            continue;
        known[found++] = conn;
        __builtin_prefetch(ka_extra_of(analysis, conn), 1);
    }
    for (size_t i = 0; i < found; i++) {
        for (unsigned side = 0; side < 2; side++) {
            const uint8_t *prober = (const uint8_t *)ka_prober_of(analysis, known[i], side);
            if (prober == NULL)
                continue;
            __builtin_prefetch(prober, 1);
            __builtin_prefetch(prober + 64, 1);
            __builtin_prefetch(prober + 128, 1);
        }
    }
}
