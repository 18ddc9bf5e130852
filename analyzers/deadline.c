/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Deadlines: a binary heap of probers, each of which knows its place, so that a deadline is moved
 * or taken away in logarithmic time.
 */
#include "analyzers/analysis.h"

#include <stdlib.h>

static bool comes_first(const struct ka_deadline *a, const struct ka_deadline *b)
{
    if (a->time != b->time)
        return a->time < b->time;
    if (a->prober->conn->flow_id != b->prober->conn->flow_id)
        return a->prober->conn->flow_id < b->prober->conn->flow_id;
    return a->prober->side < b->prober->side;
}

static void place(struct ka_deadlines *all, struct ka_deadline deadline, uint32_t at)
{
    all->heap[at] = deadline;
    deadline.prober->heap_at = at;
}

static void sift_up(struct ka_deadlines *all, struct ka_deadline deadline, uint32_t at)
{
    for (; at > 1 && comes_first(&deadline, &all->heap[at / 2]); at /= 2)
        place(all, all->heap[at / 2], at);
    place(all, deadline, at);
}

static void sift_down(struct ka_deadlines *all, struct ka_deadline deadline, uint32_t at)
{
    for (;;) {
        uint32_t child = 2 * at;
        if (child > all->count)
            break;
        if (child < all->count && comes_first(&all->heap[child + 1], &all->heap[child]))
            child++;
        if (!comes_first(&all->heap[child], &deadline))
            break;
        place(all, all->heap[child], at);
        at = child;
    }
    place(all, deadline, at);
}

static bool make_room(struct ka_analysis *analysis)
{
    struct ka_deadlines *all = &analysis->deadlines;
    if (all->count + 1 < all->room)
        return true;
    uint32_t room = all->room == 0 ? 256 : all->room * 2;
    struct ka_deadline *heap = realloc(all->heap, room * sizeof(*heap));
    if (heap == NULL) {
        analysis->memory_out = true;
        return false;
    }
    all->heap = heap;
    all->room = room;
    return true;
}

static void take_out(struct ka_deadlines *all, struct ka_prober *prober)
{
    uint32_t at = prober->heap_at;
    struct ka_deadline last = all->heap[all->count--];
    prober->heap_at = 0;
    if (last.prober == prober)
        return;
    if (at > 1 && comes_first(&last, &all->heap[at / 2]))
        sift_up(all, last, at);
    else
        sift_down(all, last, at);
}

void ka_deadline_set(struct ka_analysis *analysis, struct ka_prober *prober, ka_time deadline)
{
    struct ka_deadlines *all = &analysis->deadlines;
    if (prober->heap_at != 0)
        take_out(all, prober);
    prober->deadline = deadline;
    if (deadline != KA_TIME_NONE && make_room(analysis))
        sift_up(all, (struct ka_deadline){.time = deadline, .prober = prober}, ++all->count);
}

void ka_deadlines_shift(struct ka_analysis *analysis, ka_time delta)
{
    for (uint32_t i = 1; i <= analysis->deadlines.count; i++) {
        analysis->deadlines.heap[i].time += delta;
        analysis->deadlines.heap[i].prober->deadline += delta;
    }
}

void ka_deadlines_fini(struct ka_analysis *analysis)
{
    free(analysis->deadlines.heap);
    analysis->deadlines = (struct ka_deadlines){0};
}
