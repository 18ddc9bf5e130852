/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Several sources as one, in time order. Each source has its own batch; the earliest frame of all
 * goes out next. A batch that is used up may be refilled only once its frames, which the caller
 * still looks at, are done with: so a merged batch ends where one of the sources' batches does.
 */
#include "capture/file.h"

#include <stdlib.h>

struct lane {
    struct ka_source *source;
    struct ka_frame *frames; /* KA_BATCH */
    size_t at;
    size_t count;
    ka_time last; /* the time frames without one are sorted under */
};

struct merge_source {
    struct ka_source base;
    struct lane *lanes; /* by index of the source */
    size_t lane_count;
    uint32_t *heap; /* lanes that have a frame, the earliest first */
    size_t heap_count;
    uint32_t *empty; /* lanes to be refilled before anything can go out */
    size_t empty_count;
    bool primed;               /* each lane was filled once */
    unsigned trouble;          /* how many sources ended badly */
    enum ka_source_status end; /* KA_SOURCE_END, or the worst of theirs */
    struct ka_error end_error; /* the first one's */
};

static ka_time head_time(const struct lane *lane)
{
    ka_time time = lane->frames[lane->at].time;
    return time == KA_TIME_NONE ? lane->last : time;
}

static bool is_before(const struct merge_source *merge, uint32_t a, uint32_t b)
{
    ka_time time_a = head_time(&merge->lanes[a]);
    ka_time time_b = head_time(&merge->lanes[b]);
    return time_a != time_b ? time_a < time_b : a < b;
}

static void swap(uint32_t *a, uint32_t *b)
{
    uint32_t value = *a;
    *a = *b;
    *b = value;
}

static void sift_down(struct merge_source *merge)
{
    uint32_t *heap = merge->heap;
    size_t at = 0;
    for (;;) {
        size_t first = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < merge->heap_count; child++)
            if (is_before(merge, heap[child], heap[first]))
                first = child;
        if (first == at)
            return;
        swap(&heap[at], &heap[first]);
        at = first;
    }
}

static void heap_add(struct merge_source *merge, uint32_t lane)
{
    uint32_t *heap = merge->heap;
    size_t at = merge->heap_count++;
    heap[at] = lane;
    while (at > 0 && is_before(merge, heap[at], heap[(at - 1) / 2])) {
        swap(&heap[at], &heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

static void note_trouble(struct merge_source *merge, enum ka_source_status status,
                         const struct ka_error *error)
{
    if (merge->trouble++ == 0)
        merge->end_error = *error;
    if (status == KA_SOURCE_FAILED || merge->end == KA_SOURCE_END)
        merge->end = status;
}

/* Refills the lanes that ran out. KA_SOURCE_FRAMES: all have a frame or are at their end. */
static enum ka_source_status refill(struct merge_source *merge, struct ka_error *error)
{
    while (merge->empty_count > 0) {
        uint32_t index = merge->empty[merge->empty_count - 1];
        struct lane *lane = &merge->lanes[index];
        struct ka_error word;
        lane->at = 0;
        enum ka_source_status status =
            ka_source_next(lane->source, lane->frames, KA_BATCH, &lane->count, &word);
        bool over = status != KA_SOURCE_FRAMES && status != KA_SOURCE_IDLE;
        if (word.text[0] != '\0' && status <= KA_SOURCE_END && error != NULL)
            *error = word; /* a warning */
        if (status == KA_SOURCE_IDLE)
            return status;
        if (status == KA_SOURCE_FRAMES)
            heap_add(merge, index);
        else if (status != KA_SOURCE_END)
            note_trouble(merge, status, &word);
        merge->empty_count--;
        if (over) {
            free(lane->frames);
            lane->frames = NULL;
        }
        /* What is no capture at all is better said at once than after hours of the others. */
        if (status == KA_SOURCE_FAILED && !merge->primed) {
            merge->heap_count = 0;
            merge->empty_count = 0;
        }
    }
    merge->primed = true;
    return KA_SOURCE_FRAMES;
}

static enum ka_source_status merge_next(struct ka_source *source, struct ka_frame *frames,
                                        size_t size, size_t *count, struct ka_error *error)
{
    struct merge_source *merge = (struct merge_source *)source;
    enum ka_source_status status = refill(merge, error);
    if (status != KA_SOURCE_FRAMES)
        return status;
    if (merge->heap_count == 0) {
        if (merge->trouble > 1)
            ka_error_set(error, "%.400s (and %u more %s badly)", merge->end_error.text,
                         merge->trouble - 1, merge->trouble == 2 ? "input ends" : "inputs end");
        else if (merge->trouble == 1 && error != NULL)
            *error = merge->end_error;
        return merge->end;
    }
    while (*count < size && merge->empty_count == 0) {
        uint32_t index = merge->heap[0];
        struct lane *lane = &merge->lanes[index];
        lane->last = head_time(lane);
        frames[*count] = lane->frames[lane->at++];
        frames[*count].input = (uint16_t)index;
        (*count)++;
        if (lane->at == lane->count) {
            merge->heap[0] = merge->heap[--merge->heap_count];
            merge->empty[merge->empty_count++] = index;
        }
        sift_down(merge);
    }
    return KA_SOURCE_FRAMES;
}

/* How many frames of its source a lane is done with: not those of its batch that wait for their
 * turn, nor what the filter took out between and behind them. */
static uint64_t frames_done(const struct lane *lane, const struct ka_source_stats *stats)
{
    return lane->at < lane->count ? lane->frames[lane->at].number - 1 : stats->frames;
}

static void merge_stats(struct ka_source *source, struct ka_source_stats *out)
{
    struct merge_source *merge = (struct merge_source *)source;
    for (size_t i = 0; i < merge->lane_count; i++) {
        struct ka_source_stats one;
        ka_source_stats(merge->lanes[i].source, &one);
        out->frames += frames_done(&merge->lanes[i], &one);
        out->received += one.received;
        out->dropped_kernel += one.dropped_kernel;
        out->dropped_interface += one.dropped_interface;
        out->received_known |= one.received_known;
        out->dropped_kernel_known |= one.dropped_kernel_known;
        out->dropped_interface_known |= one.dropped_interface_known;
    }
}

static const char *merge_input_name(const struct ka_source *source, uint16_t index)
{
    const struct merge_source *merge = (const struct merge_source *)source;
    return ka_source_input_name(merge->lanes[index].source, 0);
}

/* Frees all but the sources. */
static void free_merge(struct merge_source *merge)
{
    for (size_t i = 0; merge->lanes != NULL && i < merge->lane_count; i++)
        free(merge->lanes[i].frames);
    free(merge->lanes);
    free(merge->heap);
    free(merge->empty);
    free(merge);
}

static void merge_close(struct ka_source *source)
{
    struct merge_source *merge = (struct merge_source *)source;
    for (size_t i = 0; i < merge->lane_count; i++)
        ka_source_close(merge->lanes[i].source);
    free_merge(merge);
}

static const struct ka_source_ops merge_ops = {
    .next = merge_next,
    .stats = merge_stats,
    .input_name = merge_input_name,
    .close = merge_close,
};

static struct merge_source *create(size_t count)
{
    struct merge_source *merge = calloc(1, sizeof(*merge));
    if (merge == NULL)
        return NULL;
    merge->lane_count = count;
    merge->lanes = calloc(count, sizeof(*merge->lanes));
    merge->heap = calloc(count, sizeof(*merge->heap));
    merge->empty = calloc(count, sizeof(*merge->empty));
    bool ok = merge->lanes != NULL && merge->heap != NULL && merge->empty != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        merge->lanes[i].frames = calloc(KA_BATCH, sizeof(struct ka_frame));
        ok = merge->lanes[i].frames != NULL;
    }
    if (ok)
        return merge;
    free_merge(merge);
    return NULL;
}

int ka_merge_open(struct ka_source **sources, size_t count, struct ka_source **out,
                  struct ka_error *error)
{
    if (count < 1 || count > UINT16_MAX)
        return ka_error_set(error, "%zu inputs: at most %d can be read as one", count, UINT16_MAX);
    struct merge_source *merge = create(count);
    if (merge == NULL)
        return ka_error_set(error, "no memory to read %zu inputs", count);
    merge->base = (struct ka_source){.ops = &merge_ops, .inputs = (uint16_t)count};
    merge->end = KA_SOURCE_END;
    /* Taken from the end: the first source is filled, and complains, first. */
    for (size_t i = 0; i < count; i++) {
        merge->lanes[i].source = sources[i];
        merge->empty[count - 1 - i] = (uint32_t)i;
    }
    merge->empty_count = count;
    *out = &merge->base;
    return 0;
}
