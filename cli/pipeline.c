/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/pipeline.h"

#include "analyzers/engine.h"
#include "base/clock.h"
#include "base/random.h"
#include "cli/command.h"
#include "cli/complaint.h"
#include "cli/packet_clock.h"
#include "cli/signals.h"
#include "decode/decode.h"
#include "events/field.h"

#include <stdio.h>
#include <string.h>

static const char *state_value(unsigned index)
{
    return index < KA_PEER_STATE_COUNT ? ka_peer_state_name((enum ka_peer_state)index) : NULL;
}

const struct ka_option ka_pipeline_rows[] = {
    {.name = "count",
     .letter = 'c',
     .kind = KA_ARG_NUMBER,
     .arg = "N",
     .offset = offsetof(struct ka_pipeline_options, frames),
     .min = 1,
     .max = INT64_MAX,
     .group = "Input",
     .help = "end after N frames"},
    {.name = "all",
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct ka_pipeline_options, all),
     .group = "Analysis",
     .help = "a connection line for every connection, not only for those of interest"},
    {.name = "fail-on",
     .kind = KA_ARG_SET,
     .arg = "STATE,...",
     .offset = offsetof(struct ka_pipeline_options, fail_on),
     .value = state_value,
     .group = "Analysis",
     .help = "exit with status 3 when a peer was found in one of these states"},
    {.name = "vlan-key",
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct ka_pipeline_options, vlan_key),
     .group = "Analysis",
     .help = "the same endpoints under different VLAN tags are different connections"},
    {.name = "memcap",
     .kind = KA_ARG_SIZE,
     .arg = "SIZE",
     .offset = offsetof(struct ka_pipeline_options, memcap),
     .min = 64 * 1024,
     .max = INT64_MAX / 2,
     .group = "Analysis",
     .help = "memory for connections (default: a quarter of the machine's, at most 4G)"},
    {.help = NULL},
};

/* A run under way. */
struct run {
    struct ka_source *source;
    struct ka_engine *engine;
    const struct ka_pipeline_outlet *outlet;
    uint64_t undecoded[KA_UNDECODED_COUNT];
    uint64_t left; /* frames until -c is reached */
    uint32_t seen; /* states, a bit each */
    uint8_t digits;
    bool damaged;
    bool told_memory;
    ka_time flushed; /* monotonic */
    ka_time ticked;  /* likewise */
    struct ka_packet_clock clock;
};

_Static_assert((int)KA_UNDECODED_COUNT <= (int)KA_UNDECODED_SLOTS, "a slot for every reason");

/* The bit of "unknown" where a side was probed and nothing could be said of it to the end: no event
 * tells of a change to that state, since all begin in it. */
static uint32_t never_judged(const struct ka_ev_connection *connection)
{
    for (unsigned side = 0; side < 2; side++) {
        if (connection->keepalive[!side].probes > 0 && connection->state[side] == KA_PEER_UNKNOWN)
            return UINT32_C(1) << KA_PEER_UNKNOWN;
    }
    return 0;
}

/* Looks at what passes before it goes to the outlet: --fail-on needs no analyser of its own. */
static void watch_event(void *context, const struct ka_event *event)
{
    struct run *run = context;
    if (event->type == KA_EVENT_STATE)
        run->seen |= UINT32_C(1) << event->state.to;
    else if (event->type == KA_EVENT_CONNECTION)
        run->seen |= never_judged(&event->connection);
    if (run->outlet->summary_only)
        return;
    run->outlet->sink.emit(run->outlet->sink.context, event);
}

static struct ka_event make_capture_event(struct run *run)
{
    struct ka_source_stats source;
    struct ka_engine_stats engine;
    ka_source_stats(run->source, &source);
    ka_engine_stats(run->engine, &engine);
    struct ka_event event = {
        .type = KA_EVENT_CAPTURE,
        .notable = true,
        .envelope = {.time = engine.last, .digits = run->digits},
        .capture = {.frames = source.frames,
                    .tcp = engine.tcp,
                    .received = source.received,
                    .dropped_kernel = source.dropped_kernel,
                    .dropped_interface = source.dropped_interface,
                    .connections = engine.connections,
                    .evicted = engine.evicted,
                    .probes = engine.probes,
                    .answers = engine.answers,
                    .window_probes = engine.window_probes,
                    .lookalikes = engine.lookalikes,
                    .time_steps = engine.time_steps,
                    .first = engine.first,
                    .last = engine.last,
                    .received_known = source.received_known,
                    .drops_known = source.dropped_kernel_known,
                    .interface_drops_known = source.dropped_interface_known,
                    .damaged = run->damaged},
    };
    for (int i = 0; i < KA_UNDECODED_COUNT; i++)
        event.capture.undecoded[i] = run->undecoded[i];
    for (int i = 0; i < KA_PEER_STATE_COUNT; i++)
        event.capture.states[i] = engine.states[i];
    return event;
}

static enum ka_pipeline_wish take_frames(struct run *run, const struct ka_frame *frames,
                                         size_t count, struct ka_error *error)
{
    struct ka_packet packets[KA_BATCH];
    size_t decoded = 0;
    for (size_t i = 0; i < count; i++) {
        if (frames[i].digits > run->digits)
            run->digits = frames[i].digits;
        enum ka_undecoded reason = ka_decode(&frames[i], &packets[decoded]);
        if (reason == KA_DECODED)
            decoded++;
        else
            run->undecoded[reason]++;
    }
    const struct ka_pipeline_outlet *outlet = run->outlet;
    if (outlet->begin != NULL)
        outlet->begin(outlet->context, packets, decoded);
    ka_engine_packets(run->engine, packets, decoded);
    run->left -= count;
    if (run->clock.pace != KA_PACE_RECORDED)
        ka_packet_clock_take(&run->clock, frames[count - 1].time, ka_clock_monotonic(),
                             ka_clock_wall());
    return outlet->end != NULL ? outlet->end(outlet->context, error) : KA_PIPELINE_MORE;
}

/* Tells the engine when the capture lost frames. */
static void note_losses(struct run *run)
{
    struct ka_source_stats stats;
    ka_source_stats(run->source, &stats);
    if (stats.dropped_kernel > 0 || stats.dropped_interface > 0)
        ka_engine_lossy(run->engine);
}

/* A word when memory gets short, once. */
static void tell_memory(struct run *run)
{
    struct ka_engine_stats stats;
    if (run->told_memory)
        return;
    ka_engine_stats(run->engine, &stats);
    if (stats.evicted == 0 && !stats.memory_out)
        return;
    run->told_memory = true;
    fprintf(stderr,
            "kasniff: the memory for connections is used up (--memcap allows more): those least "
            "likely to matter are forgotten, the summary counts them\n");
}

/* Flushes where half a second has passed, so that a reader of our output sees events soon, yet the
 * output is not written in crumbs. */
static int flush_in_time(struct run *run, bool idle, struct ka_error *error)
{
    ka_time now = ka_clock_monotonic();
    if (!idle && now - run->flushed < 500 * KA_MILLISECOND)
        return 0;
    run->flushed = now;
    if (run->clock.pace != KA_PACE_RECORDED) /* a file's losses are told when all is read */
        note_losses(run);
    tell_memory(run);
    return run->outlet->flush(run->outlet->context, error);
}

/* Nothing came: time passes all the same where the source is live. */
static void pass_time(struct run *run)
{
    ka_time now = ka_packet_clock_now(&run->clock, ka_clock_monotonic());
    if (now != KA_TIME_NONE)
        ka_engine_now(run->engine, now);
}

static enum ka_pipeline_wish tick(struct run *run, struct ka_error *error)
{
    const struct ka_pipeline_outlet *outlet = run->outlet;
    ka_time monotonic = ka_clock_monotonic();
    if (outlet->tick == NULL || run->clock.pace != KA_PACE_LIVE ||
        monotonic - run->ticked < KA_SECOND)
        return KA_PIPELINE_MORE;
    run->ticked = monotonic;
    ka_time now = ka_packet_clock_now(&run->clock, monotonic);
    if (now == KA_TIME_NONE)
        now = run->clock.stamp;
    if (!outlet->status)
        return outlet->tick(outlet->context, now, NULL, error);
    struct ka_event event = make_capture_event(run);
    return outlet->tick(outlet->context, now, &event, error);
}

/* Does what signals ask for. Returns KA_PIPELINE_ENOUGH when they ask for the end. */
static enum ka_pipeline_wish heed_signals(struct run *run, struct ka_error *error)
{
    const struct ka_pipeline_outlet *outlet = run->outlet;
    enum ka_signal taken = ka_signals_take();
    if (taken == KA_SIGNAL_STOP)
        return KA_PIPELINE_ENOUGH;
    if (taken == KA_SIGNAL_SUMMARY) {
        struct ka_event event = make_capture_event(run);
        outlet->summary(outlet->context, &event);
    }
    if (taken == KA_SIGNAL_REOPEN && outlet->reopen != NULL &&
        outlet->reopen(outlet->context, error) < 0)
        return KA_PIPELINE_FAILED;
    return KA_PIPELINE_MORE;
}

/* What a source that goes on has to say. */
static void tell_warning(struct ka_error *error)
{
    if (error == NULL || error->text[0] == '\0')
        return;
    ka_complain(error->text);
    error->text[0] = '\0';
}

/* Reads until the end. Returns how it ended; an output that fails counts as KA_SOURCE_FAILED. */
static enum ka_source_status read_all(struct run *run, struct ka_error *error)
{
    enum ka_pipeline_wish wish = KA_PIPELINE_MORE;
    while (run->left > 0 && wish == KA_PIPELINE_MORE) {
        struct ka_frame frames[KA_BATCH];
        size_t size = run->left < KA_BATCH ? (size_t)run->left : KA_BATCH;
        size_t count = 0;
        wish = heed_signals(run, error);
        if (wish != KA_PIPELINE_MORE)
            break;
        enum ka_source_status status = ka_source_next(run->source, frames, size, &count, error);
        if (status != KA_SOURCE_FRAMES && status != KA_SOURCE_IDLE)
            return status;
        tell_warning(error);
        if (status == KA_SOURCE_FRAMES)
            wish = take_frames(run, frames, count, error);
        else
            pass_time(run);
        if (wish == KA_PIPELINE_MORE)
            wish = tick(run, error);
        if (wish == KA_PIPELINE_MORE && flush_in_time(run, status == KA_SOURCE_IDLE, error) < 0)
            wish = KA_PIPELINE_FAILED;
    }
    return wish == KA_PIPELINE_FAILED ? KA_SOURCE_FAILED : KA_SOURCE_END;
}

static int create_engine(struct run *run, const struct ka_pipeline_options *options,
                         struct ka_error *error)
{
    struct ka_engine_config config = {
        .memcap = options->memcap,
        .vlan_key = options->vlan_key,
        .all = options->all,
        .lookalikes = run->outlet->lookalikes,
        .report = run->outlet->report,
        .summary = run->outlet->summary_only,
        .sink = {.emit = watch_event, .context = run},
    };
    if (ka_random_fill(config.key, sizeof(config.key), error) < 0)
        return -1;
    return ka_engine_create(&config, &run->engine, error);
}

int ka_pipeline_run(struct ka_source *source, const struct ka_pipeline_options *options,
                    const struct ka_pipeline_outlet *outlet, struct ka_error *error)
{
    struct run run = {
        .source = source,
        .outlet = outlet,
        .left = options->frames == 0 ? UINT64_MAX : options->frames,
    };
    if (create_engine(&run, options, error) < 0)
        return KA_EXIT_FAILED;
    run.flushed = ka_clock_monotonic();
    ka_packet_clock_init(&run.clock, source->pace);
    enum ka_source_status end = read_all(&run, error);
    run.damaged = end == KA_SOURCE_DAMAGED;
    note_losses(&run);
    tell_memory(&run);
    ka_engine_end(run.engine);
    struct ka_event event = make_capture_event(&run);
    outlet->sink.emit(outlet->sink.context, &event);
    struct ka_error late = {.text = ""};
    bool written = outlet->flush(outlet->context, &late) == 0;
    if (!written && end != KA_SOURCE_FAILED)
        *error = late;
    ka_engine_free(run.engine);
    if (end == KA_SOURCE_FAILED || !written)
        return KA_EXIT_FAILED;
    if ((run.seen & options->fail_on) != 0)
        return KA_EXIT_STATE;
    return run.damaged ? KA_EXIT_FAILED : KA_EXIT_DONE;
}
