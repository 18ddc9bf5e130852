/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The histories as records: taken when first needed, found by the connection's index.
 */
#include "analyzers/history.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 1024 };

void ka_histories_init(struct ka_histories *histories, uint64_t limit)
{
    memset(histories, 0, sizeof(*histories));
    ka_slab_init(&histories->records, sizeof(struct ka_history), limit);
    ka_marks_init(&histories->marks, limit);
}

void ka_histories_fini(struct ka_histories *histories)
{
    ka_marks_fini(&histories->marks);
    ka_slab_fini(&histories->records);
    free(histories->index);
}

size_t ka_histories_memory(const struct ka_histories *histories)
{
    return ka_slab_memory(&histories->records) + histories->room * sizeof(uint32_t) +
           ka_marks_memory(&histories->marks);
}

struct ka_history *ka_history_of(const struct ka_analysis *analysis, const struct ka_conn *conn)
{
    const struct ka_histories *histories = &analysis->histories;
    uint32_t at = ka_table_index(&analysis->table, conn);
    if (at >= histories->room || histories->index[at] == 0)
        return NULL;
    return ka_slab_at(&histories->records, histories->index[at]);
}

static bool grow_index(struct ka_histories *histories, uint32_t at)
{
    uint32_t room = histories->room == 0 ? FIRST_ROOM : histories->room;
    while (room <= at)
        room *= 2;
    uint32_t *index = reallocarray(histories->index, room, sizeof(*index));
    if (index == NULL)
        return false;
    memset(index + histories->room, 0, (room - histories->room) * sizeof(*index));
    histories->index = index;
    histories->room = room;
    return true;
}

static void begin_history(struct ka_history *history)
{
    for (unsigned side = 0; side < 2; side++) {
        history->last_data[side] = KA_TIME_NONE;
        history->pause[side] = KA_TIME_NONE;
        history->asking[side].since = KA_TIME_NONE;
        history->app_silence[side].from = KA_TIME_NONE;
        history->resending[side].since = KA_TIME_NONE;
        history->closed[side].since = KA_TIME_NONE;
        history->loss[side].time = KA_TIME_NONE;
        history->loss[side].last_heard = KA_TIME_NONE;
    }
    history->reset.time = KA_TIME_NONE;
    history->closing = KA_TIME_NONE;
    history->idle_close = KA_TIME_NONE;
    history->late = KA_TIME_NONE;
    history->http.timeout = KA_TIME_NONE;
    history->http.idle_before_close = KA_TIME_NONE;
}

struct ka_history *ka_history_need(struct ka_analysis *analysis, const struct ka_conn *conn)
{
    struct ka_histories *histories = &analysis->histories;
    uint32_t at = ka_table_index(&analysis->table, conn);
    if (at >= histories->room && !grow_index(histories, at)) {
        analysis->memory_out = true;
        return NULL;
    }
    if (histories->index[at] == 0) {
        histories->index[at] = ka_record_take(analysis, &histories->records, 0);
        if (histories->index[at] == 0)
            return NULL;
        begin_history(ka_slab_at(&histories->records, histories->index[at]));
    }
    return ka_slab_at(&histories->records, histories->index[at]);
}

void ka_history_drop(struct ka_analysis *analysis, const struct ka_conn *conn)
{
    struct ka_histories *histories = &analysis->histories;
    uint32_t at = ka_table_index(&analysis->table, conn);
    if (at >= histories->room || histories->index[at] == 0)
        return;
    ka_rebinding_end(analysis, conn);
    ka_slab_give(&histories->records, histories->index[at]);
    histories->index[at] = 0;
}
