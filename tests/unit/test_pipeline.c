/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How a run ends: by the source, by -c, by an output that fails, by a signal; and what is said
 * then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/command.h"
#include "cli/pipeline.h"
#include "cli/signals.h"

#include <signal.h>
#include <string.h>

/* A source of ARP frames: `frames` of them, then `end`. */
struct scripted {
    struct ka_source source;
    uint64_t frames;
    uint64_t given;
    enum ka_source_status end;
};

static enum ka_source_status give(struct ka_source *source, struct ka_frame *frames, size_t size,
                                  size_t *count, struct ka_error *error)
{
    static const uint8_t arp[60] = {[12] = 0x08, [13] = 0x06};
    struct scripted *script = (struct scripted *)source;
    if (script->given == script->frames) {
        if (script->end != KA_SOURCE_END)
            ka_error_set(error, "the script says so");
        return script->end;
    }
    for (*count = 0; *count < size && script->given < script->frames; (*count)++) {
        frames[*count] = (struct ka_frame){.time = KA_SECOND * (ka_time)script->given,
                                           .number = ++script->given,
                                           .data = arp,
                                           .captured = sizeof(arp),
                                           .length = sizeof(arp),
                                           .link_type = 1,
                                           .digits = 6};
    }
    return KA_SOURCE_FRAMES;
}

static void tell(struct ka_source *source, struct ka_source_stats *out)
{
    *out = (struct ka_source_stats){.frames = ((struct scripted *)source)->given};
}

static const struct ka_source_ops scripted_ops = {.next = give, .stats = tell};

/* What came out. */
struct seen {
    size_t events;
    size_t summaries;
    struct ka_event last;
    bool full; /* flushing fails */
};

static void take(void *context, const struct ka_event *event)
{
    struct seen *seen = context;
    seen->events++;
    seen->last = *event;
}

static int flush(void *context, struct ka_error *error)
{
    const struct seen *seen = context;
    return seen->full ? ka_error_set(error, "the disk is full") : 0;
}

static void summarise(void *context, const struct ka_event *event)
{
    struct seen *seen = context;
    assert_int_equal(event->type, KA_EVENT_CAPTURE);
    seen->summaries++;
}

static int run(struct scripted *script, uint64_t frames, struct seen *seen, struct ka_error *error)
{
    script->source = (struct ka_source){.ops = &scripted_ops, .inputs = 1};
    struct ka_pipeline_options options = {.frames = frames, .memcap = 1 << 20};
    struct ka_pipeline_outlet outlet = {.sink = {.emit = take, .context = seen},
                                        .flush = flush,
                                        .summary = summarise,
                                        .context = seen};
    return ka_pipeline_run(&script->source, &options, &outlet, error);
}

static void the_end_decides_the_status_and_the_summary_comes_last(void **state)
{
    (void)state;
    static const struct {
        uint64_t frames;
        enum ka_source_status end;
        uint64_t limit;
        bool full;
        int status;
        uint64_t counted;
        const char *message;
    } rows[] = {
        {0, KA_SOURCE_END, 0, false, KA_EXIT_DONE, 0, ""},
        {100, KA_SOURCE_END, 0, false, KA_EXIT_DONE, 100, ""},
        {100, KA_SOURCE_DAMAGED, 0, false, KA_EXIT_FAILED, 100, "the script says so"},
        {100, KA_SOURCE_FAILED, 0, false, KA_EXIT_FAILED, 100, "the script says so"},
        {100, KA_SOURCE_FAILED, 70, false, KA_EXIT_DONE, 70, ""},
        {100, KA_SOURCE_END, 100, false, KA_EXIT_DONE, 100, ""},
        {100, KA_SOURCE_END, 0, true, KA_EXIT_FAILED, 100, "the disk is full"},
        {100, KA_SOURCE_FAILED, 0, true, KA_EXIT_FAILED, 100, "the script says so"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scripted script = {.frames = rows[i].frames, .end = rows[i].end};
        struct seen seen = {.full = rows[i].full};
        struct ka_error error = {.text = ""};
        assert_int_equal(run(&script, rows[i].limit, &seen, &error), rows[i].status);
        assert_string_equal(error.text, rows[i].message);
        assert_int_equal(seen.events, 1);
        assert_int_equal(seen.last.type, KA_EVENT_CAPTURE);
        assert_int_equal(seen.last.capture.frames, rows[i].counted);
        assert_int_equal(seen.last.capture.undecoded[2], rows[i].counted); /* not IP */
        assert_int_equal(seen.last.capture.damaged, rows[i].end == KA_SOURCE_DAMAGED);
    }
}

/* Must be the last test: a stop stays. */
static void signals_ask_for_a_summary_or_for_the_end(void **state)
{
    (void)state;
    struct scripted script = {.frames = 100, .end = KA_SOURCE_END};
    struct seen seen = {.events = 0};
    assert_int_equal(ka_signals_install(NULL), 0);
    assert_int_equal(ka_signals_take(), KA_SIGNAL_NONE);
    raise(SIGUSR1);
    assert_int_equal(run(&script, 0, &seen, NULL), KA_EXIT_DONE);
    assert_int_equal(seen.summaries, 1);
    assert_int_equal(seen.last.capture.frames, 100);
    raise(SIGTERM);
    raise(SIGUSR1);
    script.given = 0;
    assert_int_equal(run(&script, 0, &seen, NULL), KA_EXIT_DONE);
    assert_int_equal(seen.last.capture.frames, 0);
    assert_int_equal(ka_signals_take(), KA_SIGNAL_STOP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_decides_the_status_and_the_summary_comes_last),
        cmocka_unit_test(signals_ask_for_a_summary_or_for_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
