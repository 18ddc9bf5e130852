/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/report.h"

#include "cli/form.h"
#include "cli/pipeline.h"
#include "cli/privileges.h"
#include "cli/recorder.h"
#include "cli/selection.h"
#include "cli/signals.h"
#include "cli/timeout_rules.h"
#include "cli/trials.h"
#include "cli/whole_file.h"
#include "output/output.h"
#include "output/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TOP = 20 };

struct options {
    struct ka_general general;
    struct ka_selection_options selection;
    struct ka_pipeline_options pipeline;
    struct ka_form_options form;
    struct ka_privileges_options privileges;
    uint64_t top;
    uint64_t connection;                 /* 0: all */
    unsigned sort;                       /* enum ka_report_sort */
    struct ka_rotation_options rotation; /* only its path: -w */
    const char *html;                    /* NULL: no page */
};

static const struct ka_option rows[] = {
    {.name = "top",
     .kind = KA_ARG_NUMBER,
     .arg = "N",
     .offset = offsetof(struct options, top),
     .min = 1,
     .max = UINT32_MAX,
     .group = "Report",
     .help = "show N connections, and N findings of a kind (default 20; --all: every one)"},
    {.name = "sort",
     .kind = KA_ARG_ENUM,
     .arg = "KEY",
     .offset = offsetof(struct options, sort),
     .value = ka_report_sort_name,
     .group = "Report",
     .help = "order of connections: importance, id, start, idle, probes, rtt, overhead, bytes"},
    {.name = "connection",
     .kind = KA_ARG_NUMBER,
     .arg = "ID",
     .offset = offsetof(struct options, connection),
     .min = 1,
     .max = UINT32_MAX,
     .group = "Report",
     .help = "the timeline of one connection, by its number in the table"},
    {.name = "html",
     .kind = KA_ARG_TEXT,
     .arg = "FILE",
     .offset = offsetof(struct options, html),
     .group = "Output",
     .help = "write the report as a page of its own, too"},
    {.name = "write",
     .letter = 'w',
     .kind = KA_ARG_TEXT,
     .arg = "FILE",
     .offset = offsetof(struct options, rotation) + offsetof(struct ka_rotation_options, path),
     .group = "Output",
     .help = "write the packets that matter to a pcapng file, too, each with a comment"},
    {.help = NULL},
};

static const struct ka_option_set sets[] = {
    {rows, 0},
    {ka_form_json_rows, offsetof(struct options, form)},
    {ka_form_color_rows, offsetof(struct options, form)},
    {ka_form_text_rows, offsetof(struct options, form)},
    {ka_form_numeric_rows, offsetof(struct options, form)},
    {ka_privileges_rows, offsetof(struct options, privileges)},
    {ka_selection_rows, offsetof(struct options, selection)},
    {ka_pipeline_rows, offsetof(struct options, pipeline)},
    {ka_general_rows, offsetof(struct options, general)},
    {.rows = NULL},
};

static const struct options defaults = {.top = TOP, .selection = {.files_only = true}};

/* Where events go: into the report, and with --json out at once. */
struct view {
    struct ka_report *report; /* NULL: not wanted */
    struct ka_output *output; /* JSON; NULL: not wanted */
    struct ka_trials *trials;
    struct ka_recorder *recorder; /* NULL: not wanted */
    const struct options *options;
    uint64_t frames;
};

static bool is_told(const struct options *options, const struct ka_event *event)
{
    if (options->connection != 0 && event->type != KA_EVENT_CAPTURE &&
        event->envelope.flow_id != options->connection)
        return false;
    return event->type != KA_EVENT_CONNECTION || event->notable || options->pipeline.all ||
           options->connection != 0;
}

static void pass_event(void *context, const struct ka_event *event)
{
    struct view *view = context;
    if (event->type == KA_EVENT_CAPTURE)
        view->frames = event->capture.frames;
    if (view->report != NULL)
        ka_report_event(view->report, event);
    if (view->output != NULL && is_told(view->options, event))
        ka_output_event(view->output, event);
}

/* What the connections show together is told before the summary. */
static void take_event(void *context, const struct ka_event *event)
{
    struct view *view = context;
    const struct ka_sink sink = {.emit = pass_event, .context = view};
    if (event->type == KA_EVENT_CONNECTION)
        ka_trials_connection(view->trials, event);
    else if (event->type == KA_EVENT_CAPTURE)
        ka_trials_tell(view->trials, &event->envelope, &sink);
    if (view->recorder != NULL)
        ka_recorder_event(view->recorder, event);
    pass_event(context, event);
}

static int flush_view(void *context, struct ka_error *error)
{
    struct view *view = context;
    return view->output == NULL ? 0 : ka_output_flush(view->output, error);
}

static void begin_batch(void *context, const struct ka_packet *packets, size_t count)
{
    struct view *view = context;
    ka_recorder_begin(view->recorder, packets, count);
}

static enum ka_pipeline_wish end_batch(void *context, struct ka_error *error)
{
    struct view *view = context;
    return ka_recorder_end(view->recorder, error) == KA_ROTATION_FAILED ? KA_PIPELINE_FAILED
                                                                        : KA_PIPELINE_MORE;
}

static void show_summary(void *context, const struct ka_event *capture)
{
    struct view *view = context;
    ka_form_summary(&view->options->form, capture);
}

static int write_text(const struct ka_report *report, struct ka_error *error)
{
    struct ka_text text = ka_text_growing();
    int status = ka_report_text(report, &text, error);
    if (status == 0 &&
        (fwrite(text.bytes, 1, text.used, stdout) != text.used || fflush(stdout) != 0))
        status = ka_error_set(error, "cannot write the report: %s", strerror(errno));
    ka_text_free(&text);
    return status;
}

static int write_html(const struct ka_report *report, const char *path, struct ka_error *error)
{
    struct ka_text text = ka_text_growing();
    int status = ka_report_html(report, &text, error);
    if (status == 0)
        status = ka_whole_file_write(path, text.bytes, text.used, error);
    ka_text_free(&text);
    return status;
}

/* Runs the pipeline and writes what was asked for. What went wrong while reading is reported after
 * what could be read. */
static int run_pipeline(struct view *view, struct ka_source *source, struct ka_error *error)
{
    const struct options *options = view->options;
    struct ka_pipeline_outlet outlet = {
        .sink = {.emit = take_event, .context = view},
        .flush = flush_view,
        .summary = show_summary,
        .context = view,
        .report = true,
        .begin = view->recorder != NULL ? begin_batch : NULL,
        .end = view->recorder != NULL ? end_batch : NULL,
    };
    struct ka_error late = {.text = ""};
    int status = ka_pipeline_run(source, &options->pipeline, &outlet, error);
    ka_trials_complain(view->trials, stderr);
    if (view->report == NULL)
        return status;
    ka_report_finish(view->report);
    bool written = ka_recorder_close(view->recorder, &late) == 0;
    view->recorder = NULL;
    /* Of what is no capture "no findings" would be a lie. */
    bool empty = status == KA_EXIT_FAILED && view->frames == 0;
    if (written && !empty)
        written = ka_report_check(view->report, &late) == 0;
    if (written && !empty && !options->form.json)
        written = write_text(view->report, &late) == 0;
    if (written && !empty && options->html != NULL)
        written = write_html(view->report, options->html, &late) == 0;
    if (!written) {
        *error = late;
        return KA_EXIT_FAILED;
    }
    return status;
}

/* Takes over *rotation, where there is one, and makes it NULL. */
static int open_recorder(struct view *view, const struct ka_source *source,
                         const char *const *names, struct ka_rotation **rotation,
                         struct ka_error *error)
{
    if (*rotation == NULL)
        return 0;
    if (ka_recorder_create(*rotation, names, source->inputs, &view->recorder, error) < 0)
        return -1;
    *rotation = NULL;
    return ka_recorder_start(view->recorder, KA_TIME_NONE, error);
}

/* What every page begins with (output/report_html.c), and an older one that may be replaced. */
static const char page_start[] = "<!doctype html";

static int report_source(struct ka_source *source, const struct options *options,
                         struct ka_trials *trials, struct ka_rotation **rotation,
                         struct ka_error *error)
{
    struct view view = {.options = options, .trials = trials};
    int status = KA_EXIT_FAILED;
    struct ka_timeout_rules rules;
    if (ka_timeout_rules_make(&rules, error) < 0)
        return status;
    const char **names = calloc(source->inputs, sizeof(*names));
    if (names == NULL) {
        ka_error_set(error, "cannot list %u inputs: out of memory", source->inputs);
        return status;
    }
    for (uint16_t i = 0; i < source->inputs; i++)
        names[i] = ka_source_input_name(source, i);
    struct ka_output_options form = {
        .form = KA_OUTPUT_JSON,
        .input_names = names,
        .input_count = source->inputs,
    };
    struct ka_report_options wanted = {
        .input_names = names,
        .input_count = source->inputs,
        .top = options->top,
        .connection = (uint32_t)options->connection,
        .sort = options->sort,
        .all = options->pipeline.all,
        .marks = options->html != NULL,
        .rules = rules.rules,
        .rule_count = rules.count,
        .color = ka_form_has_color(&options->form),
        .utc = options->form.utc,
    };
    int made = options->html == NULL ? 0 : ka_whole_file_check(options->html, page_start, error);
    if (made == 0)
        made = ka_report_create(&wanted, &view.report, error);
    if (made == 0)
        made = open_recorder(&view, source, names, rotation, error);
    if (made == 0 && options->form.json)
        made = ka_output_create(stdout, &form, &view.output, error);
    if (made == 0)
        status = run_pipeline(&view, source, error);
    ka_output_free(view.output);
    ka_report_free(view.report);
    ka_recorder_close(view.recorder, NULL);
    free(names);
    return status;
}

static int run(const void *given, const struct ka_texts *words, struct ka_error *error)
{
    const struct options *options = given;
    if (ka_signals_install(error) < 0)
        return KA_EXIT_FAILED;
    struct ka_selection selection;
    struct ka_source *source = NULL;
    struct ka_trials *trials = NULL;
    struct ka_rotation *rotation = NULL;
    int status = ka_selection_init(&selection, &options->selection, words, error);
    if (status == KA_EXIT_DONE && selection.files.count == 0) {
        const char *word = words->count > 0 ? words->items[0] : "nothing";
        ka_error_set(error, "a report needs a capture file, and got %s", word);
        status = KA_EXIT_USAGE;
    }
    const char *path = options->rotation.path;
    if (status == KA_EXIT_DONE && path != NULL && strcmp(path, "-") == 0) {
        ka_error_set(error, "standard output is the report's: -w needs a file");
        status = KA_EXIT_USAGE;
    }
    if (status == KA_EXIT_DONE && options->html != NULL && strcmp(options->html, "-") == 0) {
        ka_error_set(error, "standard output is the report's: --html needs a file");
        status = KA_EXIT_USAGE;
    }
    if (status == KA_EXIT_DONE && options->html != NULL && path != NULL &&
        strcmp(options->html, path) == 0) {
        ka_error_set(error, "--html and -w name the same file %s: give each its own", path);
        status = KA_EXIT_USAGE;
    }
    if (status == KA_EXIT_DONE) {
        status = KA_EXIT_FAILED;
        /* The user's table of products may be for the user's eyes only: read it first. */
        if (ka_trials_create(KA_TRIALS_MOST, &trials, error) == 0 &&
            (path == NULL ||
             ka_rotation_create(&options->rotation, &selection.files, &rotation, error) == 0) &&
            ka_selection_open(&selection, NULL, &source, error) == 0 &&
            ka_privileges_drop(options->privileges.user, error) == 0)
            status = report_source(source, options, trials, &rotation, error);
    }
    ka_source_close(source);
    ka_trials_free(trials);
    ka_rotation_close(rotation, NULL);
    ka_selection_fini(&selection);
    return status;
}

const struct ka_command ka_command_report = {
    .name = "report",
    .summary = "Tells what happened to each connection of a capture, and what was found",
    .synopsis = "[OPTIONS] FILE... [FILTER...]",
    .notes = "The first words that are existing files are read as one capture in time order, - is\n"
             "standard input; the rest is a filter in tcpdump's language. Exit status: 0 done,\n"
             "1 failed or input damaged, 2 wrong usage, 3 a --fail-on state was seen.\n",
    .sets = sets,
    .defaults = &defaults,
    .options_size = sizeof(struct options),
    .run = run,
};
