/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kagen --load=plain|hard|busy|mix|idle [--seed=N] [--packets=N] [--connections=N] [--snap=N]
 *       [--truth=FILE] --out=FILE
 * Makes a capture of connections that were never there, the same bytes for the same arguments, and
 * the truth of its frames (tests/gen/score reads it).
 */
#include "tests/gen/emit.h"
#include "tests/gen/loads.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
    const struct ka_load *load;
    const char *out;
    const char *truth;
    uint64_t seed;
    uint32_t packets;
    uint32_t connections;
    uint32_t snap;
};

/* A connection and what it does next. */
struct live {
    struct ka_flow flow;
    struct ka_episode *episode; /* NULL: between episodes */
    enum ka_doing doing;
};

/* Entries of the heap, earliest first; ties by index, so that every run is the same. */
struct due {
    ka_time time;
    uint32_t index;
};

struct world {
    const struct arguments *arguments;
    struct ka_random random;
    struct ka_recording recording;
    struct ka_emitter *emitter;
    struct live *lives;
    struct due *heap;
    struct ka_episode **spare;
    uint32_t spare_count;
    uint32_t serial;
};

static bool is_before(const struct due *a, const struct due *b)
{
    return a->time != b->time ? a->time < b->time : a->index < b->index;
}

/* Puts heap[0] to its place. */
static void sink_first(struct due *heap, uint32_t count)
{
    struct due moving = heap[0];
    uint32_t at = 0;
    for (uint32_t child = 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && is_before(&heap[child + 1], &heap[child]))
            child++;
        if (!is_before(&heap[child], &moving))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moving;
}

static int compare_due(const void *a, const void *b)
{
    const struct due *left = a;
    const struct due *right = b;
    return is_before(left, right) ? -1 : is_before(right, left) ? 1 : 0;
}

static void start_flow(struct world *world, struct live *live)
{
    bool midstream = ka_random_chance(&world->random, world->arguments->load->midstream);
    ka_flow_start(&live->flow, world->serial++, midstream, &world->random);
    live->doing = ka_load_choose(world->arguments->load, &world->random);
    const struct ka_stack *stack = &ka_stacks[live->flow.peers[live->flow.prober].stack];
    if (stack->at_once && !midstream)
        live->doing = KA_DO_PROBE;
    else if (!midstream) /* nobody opens a connection to say nothing */
        live->doing =
            world->arguments->load->weights[KA_DO_REQUEST] > 0 ? KA_DO_REQUEST : KA_DO_HEARTBEAT;
}

static bool open_world(struct world *world, const struct arguments *arguments)
{
    uint32_t count = arguments->connections;
    *world = (struct world){.arguments = arguments, .random = {arguments->seed}};
    if (!ka_recording_open(&world->recording, arguments->out, KA_RECORDING_MICRO, 1,
                           arguments->snap))
        return false;
    world->emitter = ka_emitter_create(&world->recording, arguments->packets);
    world->lives = calloc(count, sizeof(*world->lives));
    world->heap = calloc(count, sizeof(*world->heap));
    world->spare = calloc(count, sizeof(struct ka_episode *));
    if (world->emitter == NULL || world->lives == NULL || world->heap == NULL ||
        world->spare == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        start_flow(world, &world->lives[i]);
        ka_time begins = ka_random_time(&world->random, 0, arguments->load->spread);
        world->heap[i] = (struct due){.time = begins, .index = i};
    }
    qsort(world->heap, count, sizeof(*world->heap), compare_due); /* sorted is a heap */
    return true;
}

/* Plans what is due; the episode's memory comes from what ended before. */
static bool begin_episode(struct world *world, struct live *live, ka_time now)
{
    live->episode = world->spare_count > 0 ? world->spare[--world->spare_count]
                                           : malloc(sizeof(*live->episode));
    if (live->episode == NULL)
        return false;
    ka_episode_plan(live->episode, &live->flow, live->doing, now, &world->random);
    ka_episode_trouble(live->episode, &world->arguments->load->trouble, &world->random);
    return true;
}

/* When the connection goes on after its episode. */
static ka_time end_episode(struct world *world, struct live *live, ka_time now)
{
    world->spare[world->spare_count++] = live->episode;
    live->episode = NULL;
    if (live->flow.ended) {
        start_flow(world, live);
        return now + ka_random_time(&world->random, 100 * KA_MILLISECOND, 5 * KA_SECOND);
    }
    live->doing = ka_load_choose(world->arguments->load, &world->random);
    return ka_load_when(&live->flow, live->doing, now, &world->random);
}

static bool run_world(struct world *world)
{
    uint32_t count = world->arguments->connections;
    while (world->recording.frames < world->arguments->packets) {
        struct due *first = &world->heap[0];
        struct live *live = &world->lives[first->index];
        if (live->episode == NULL && !begin_episode(world, live, first->time))
            return false;
        struct ka_episode *episode = live->episode;
        if (episode->next < episode->count && episode->frames[episode->next].time <= first->time)
            ka_emit(world->emitter, &live->flow, episode);
        if (episode->next < episode->count)
            first->time = episode->frames[episode->next].time;
        else
            first->time = end_episode(world, live, first->time);
        sink_first(world->heap, count);
    }
    return true;
}

static bool write_truth(const struct world *world)
{
    if (world->arguments->truth == NULL)
        return true;
    FILE *stream = fopen(world->arguments->truth, "w");
    if (stream == NULL)
        return false;
    bool good = ka_emitter_truth(world->emitter, stream);
    return fclose(stream) == 0 && good;
}

static void close_world(struct world *world)
{
    for (uint32_t i = 0; world->lives != NULL && i < world->arguments->connections; i++)
        free(world->lives[i].episode);
    while (world->spare_count > 0)
        free(world->spare[--world->spare_count]);
    ka_emitter_free(world->emitter);
    free(world->lives);
    free(world->heap);
    free(world->spare);
}

static bool parse_argument(const char *text, struct arguments *out)
{
    const char *value = strchr(text, '=');
    size_t length = value != NULL ? (size_t)(value - text) : 0;
    if (value == NULL)
        return false;
    value++;
    if (strncmp(text, "--load", length) == 0)
        out->load = ka_load_find(value);
    else if (strncmp(text, "--out", length) == 0)
        out->out = value;
    else if (strncmp(text, "--truth", length) == 0)
        out->truth = value;
    else if (strncmp(text, "--seed", length) == 0)
        out->seed = strtoull(value, NULL, 10);
    else if (strncmp(text, "--packets", length) == 0)
        out->packets = (uint32_t)strtoul(value, NULL, 10);
    else if (strncmp(text, "--connections", length) == 0)
        out->connections = (uint32_t)strtoul(value, NULL, 10);
    else if (strncmp(text, "--snap", length) == 0)
        out->snap = (uint32_t)strtoul(value, NULL, 10);
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.seed = 1};
    struct world world;
    bool good = true;
    for (int i = 1; i < argc; i++)
        good = good && parse_argument(argv[i], &arguments);
    if (!good || arguments.load == NULL || arguments.out == NULL) {
        fprintf(stderr, "usage: kagen --load=plain|hard|busy|mix|idle [--seed=N] [--packets=N]"
                        " [--connections=N] [--snap=N] [--truth=FILE] --out=FILE\n");
        return 2;
    }
    if (arguments.packets == 0)
        arguments.packets = arguments.load->packets;
    if (arguments.connections == 0)
        arguments.connections = arguments.load->connections;
    good = open_world(&world, &arguments) && run_world(&world);
    if (world.recording.stream != NULL)
        good = ka_recording_close(&world.recording) && good;
    good = good && write_truth(&world);
    if (!good)
        fprintf(stderr, "kagen: cannot write %s: %s\n", arguments.out, strerror(errno));
    close_world(&world);
    return good ? 0 : 1;
}
