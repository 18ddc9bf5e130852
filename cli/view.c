/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/view.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/outbox.h"
#include "output/output.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

const struct ka_option ka_view_rows[] = {
    {.name = "schema",
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct ka_view_options, schema),
     .group = "Output",
     .help = "print the JSON Schema of --json and end"},
    {.name = "verbose",
     .letter = 'v',
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct ka_view_options, verbose),
     .group = "Output",
     .help = "every event also live on a terminal; and what looks like a probe and is none"},
    {.name = "quiet",
     .letter = 'q',
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct ka_view_options, quiet),
     .group = "Output",
     .help = "only the summary at the end"},
    {.name = "line-buffered",
     .letter = 'l',
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct ka_view_options, line_buffered),
     .group = "Output",
     .help = "write every line at once"},
    {.help = NULL},
};

/* How long a slow reader is waited for at the end: together with that of a recording less than a
 * second, so that SIGTERM ends in time. */
static const ka_time last_patience = 350 * KA_MILLISECOND;

struct ka_view {
    const struct ka_view_options *options;
    struct ka_output *output;
    struct ka_outbox *outbox; /* NULL unless listening */
    struct ka_recorder *recorder;
    const char **names; /* of the inputs */
    bool has_status_line;
    bool summary_apart; /* nothing but a recording goes to standard output */
    bool told_lost;
    bool told_gaps;
};

/* --- what the pipeline calls */

static void show_summary(void *context, const struct ka_event *capture)
{
    struct ka_view *view = context;
    if (view->outbox != NULL)
        ka_outbox_show(view->outbox, "");
    ka_form_summary(&view->options->form, capture);
}

/* The last line of all says how many before it are missing. */
static void show_end(struct ka_view *view, const struct ka_event *event)
{
    struct ka_event last = *event;
    if (view->outbox != NULL) {
        ka_outbox_take_last(view->outbox);
        last.capture.lost_lines = ka_outbox_lost(view->outbox);
        last.capture.lost_lines_known = true;
    }
    if (view->summary_apart)
        show_summary(view, &last);
    ka_output_event(view->output, &last);
}

static void show_event(void *context, const struct ka_event *event)
{
    struct ka_view *view = context;
    if (view->recorder != NULL)
        ka_recorder_event(view->recorder, event);
    if (event->type == KA_EVENT_CAPTURE)
        show_end(view, event);
    else if (!view->options->quiet)
        ka_output_event(view->output, event);
}

static int flush_view(void *context, struct ka_error *error)
{
    struct ka_view *view = context;
    if (ka_output_flush(view->output, error) < 0)
        return -1;
    return view->recorder != NULL ? ka_recorder_flush(view->recorder, error) : 0;
}

static void begin_batch(void *context, const struct ka_packet *packets, size_t count)
{
    struct ka_view *view = context;
    if (view->recorder != NULL)
        ka_recorder_begin(view->recorder, packets, count);
}

static const enum ka_pipeline_wish wishes[] = {
    [KA_ROTATION_GOES_ON] = KA_PIPELINE_MORE,
    [KA_ROTATION_FULL] = KA_PIPELINE_ENOUGH,
    [KA_ROTATION_FAILED] = KA_PIPELINE_FAILED,
};

static enum ka_pipeline_wish end_batch(void *context, struct ka_error *error)
{
    struct ka_view *view = context;
    if (view->recorder == NULL)
        return KA_PIPELINE_MORE;
    return wishes[ka_recorder_end(view->recorder, error)];
}

static int reopen(void *context, struct ka_error *error)
{
    struct ka_view *view = context;
    return view->recorder != NULL ? ka_recorder_reopen(view->recorder, error) : 0;
}

/* Cut to the window as it is now: a line that wraps could not be taken back. */
static void show_status(struct ka_view *view, const struct ka_ev_capture *capture)
{
    enum { COLUMNS = 80, LINE = 512 };
    char line[LINE];
    struct winsize window;
    size_t columns = COLUMNS;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0)
        columns = window.ws_col;
    snprintf(line, sizeof(line),
             "%" PRIu64 " connection%s, %" PRIu64 " probe%s, %" PRIu64 " answer%s, %" PRIu64
             " dropped",
             capture->connections, ka_text_plural(capture->connections), capture->probes,
             ka_text_plural(capture->probes), capture->answers, ka_text_plural(capture->answers),
             capture->dropped_kernel + capture->dropped_interface);
    if (strlen(line) >= columns)
        line[columns - 1] = '\0';
    ka_outbox_show(view->outbox, line);
}

static void tell_lost(struct ka_view *view, uint64_t lost)
{
    if (lost == 0 || view->told_lost)
        return;
    view->told_lost = true;
    fputs("kasniff: standard output is read too slowly; lines are being dropped, packets are not\n",
          stderr);
}

static void tell_gaps(struct ka_view *view)
{
    if (view->told_gaps || ka_recorder_lost(view->recorder) == 0)
        return;
    view->told_gaps = true;
    fputs("kasniff: the recording is read too slowly; packets are missing in it, events are not\n",
          stderr);
}

static enum ka_pipeline_wish tick(void *context, ka_time now, const struct ka_event *capture,
                                  struct ka_error *error)
{
    struct ka_view *view = context;
    ka_output_now(view->output, now);
    if (view->outbox != NULL) {
        tell_lost(view, ka_outbox_lost(view->outbox));
        if (capture != NULL)
            show_status(view, &capture->capture);
    }
    if (view->recorder == NULL)
        return KA_PIPELINE_MORE;
    tell_gaps(view);
    return wishes[ka_recorder_now(view->recorder, now != KA_TIME_NONE ? now : ka_clock_wall(),
                                  error)];
}

struct ka_pipeline_outlet ka_view_outlet(struct ka_view *view)
{
    return (struct ka_pipeline_outlet){
        .sink = {.emit = show_event, .context = view},
        .flush = flush_view,
        .summary = show_summary,
        .begin = begin_batch,
        .end = end_batch,
        .reopen = reopen,
        .tick = tick,
        .context = view,
        .lookalikes = view->options->verbose,
        .status = view->has_status_line,
        /* A recorder's comments are made of events. */
        .summary_only = view->options->quiet && view->recorder == NULL,
    };
}

/* --- beginning and end */

static bool is_terminal(void)
{
    const char *kind = getenv("TERM");
    return isatty(STDOUT_FILENO) && kind != NULL && strcmp(kind, "dumb") != 0;
}

static int open_output(struct ka_view *view, const struct ka_source *source, struct ka_error *error)
{
    const struct ka_view_options *options = view->options;
    bool live = source->pace == KA_PACE_LIVE;
    struct ka_output_options form = {
        .form = view->summary_apart  ? KA_OUTPUT_NONE
                : options->form.json ? KA_OUTPUT_JSON
                                     : KA_OUTPUT_TEXT,
        .color = ka_form_has_color(&options->form),
        .utc = options->form.utc,
        .verbose = options->verbose,
        .line_buffered = options->line_buffered || live,
        .live = live,
        .only_changes = live && !options->verbose && isatty(STDOUT_FILENO),
        .input_names = view->names,
        .input_count = source->inputs,
    };
    FILE *stream = stdout;
    if (live && !view->summary_apart) {
        if (ka_outbox_open(STDOUT_FILENO, &view->outbox, error) < 0)
            return -1;
        stream = ka_outbox_stream(view->outbox);
        view->has_status_line = is_terminal() && !options->form.json && !options->quiet;
    }
    return ka_output_create(stream, &form, &view->output, error);
}

static int open_recorder(struct ka_view *view, const struct ka_source *source,
                         struct ka_rotation *rotation, struct ka_error *error)
{
    if (ka_recorder_create(rotation, view->names, source->inputs, &view->recorder, error) < 0)
        return -1;
    bool live = source->pace == KA_PACE_LIVE;
    if (live)
        ka_rotation_never_wait(rotation);
    return ka_recorder_start(view->recorder, live ? ka_clock_wall() : KA_TIME_NONE, error);
}

int ka_view_create(const struct ka_view_options *options, const struct ka_source *source,
                   struct ka_rotation *rotation, bool records_to_stdout, struct ka_view **out,
                   struct ka_error *error)
{
    struct ka_view *view = calloc(1, sizeof(*view));
    if (view != NULL)
        view->names = calloc(source->inputs, sizeof(*view->names));
    if (view == NULL || view->names == NULL) {
        free(view);
        return ka_error_set(error, "cannot list %u inputs: out of memory", source->inputs);
    }
    view->options = options;
    view->summary_apart = records_to_stdout;
    for (uint16_t i = 0; i < source->inputs; i++)
        view->names[i] = ka_source_input_name(source, i);
    if (open_output(view, source, error) < 0 ||
        (rotation != NULL && open_recorder(view, source, rotation, error) < 0)) {
        /* What follows the first failure would hide it; a rotation that was not taken over stays
         * the caller's. */
        if (view->recorder != NULL)
            ka_recorder_release(view->recorder);
        view->recorder = NULL;
        ka_view_close(view, NULL);
        return -1;
    }
    *out = view;
    return 0;
}

int ka_view_close(struct ka_view *view, struct ka_error *error)
{
    if (view == NULL)
        return 0;
    struct ka_error why = {.text = ""};
    struct ka_outbox_loss loss = {.dropped = 0};
    int status = ka_recorder_close(view->recorder, &why);
    ka_output_free(view->output);
    if (view->outbox != NULL) {
        ka_outbox_show(view->outbox, "");
        if (ka_outbox_close(view->outbox, last_patience, &loss, &why) < 0)
            status = -1;
    }
    uint64_t lost = loss.dropped + loss.lines;
    if (status == 0 && lost > 0)
        status =
            ka_error_set(&why, "%" PRIu64 " line%s dropped: standard output was read too slowly",
                         lost, lost == 1 ? " was" : "s were");
    free(view->names);
    free(view);
    return status == 0 ? 0 : ka_error_set(error, "%s", why.text);
}

int ka_view_print_schema(struct ka_error *error)
{
    if (ka_output_schema(stdout) == 0 && fflush(stdout) == 0)
        return 0;
    return ka_error_set(error, "cannot write the schema to standard output: %m");
}
