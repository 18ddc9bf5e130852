/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/sniff.h"

#include "capture/live.h"
#include "cli/color.h"
#include "cli/listen.h"
#include "cli/pipeline.h"
#include "cli/privileges.h"
#include "cli/selection.h"
#include "cli/signals.h"
#include "output/output.h"

#include <stdlib.h>
#include <unistd.h>

struct options {
    struct ka_general general;
    struct ka_selection_options selection;
    struct ka_listen_options listen;
    struct ka_pipeline_options pipeline;
    unsigned color; /* enum ka_color */
    bool json;
    bool utc;
    bool verbose;
    bool quiet;
    bool line_buffered;
    bool numeric;
    bool schema;
};

static const struct ka_option rows[] = {
    {.name = "json",
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct options, json),
     .group = "Output",
     .help = "one JSON object a line"},
    {.name = "schema",
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct options, schema),
     .group = "Output",
     .help = "print the JSON Schema of --json and end"},
    {.name = "color",
     .kind = KA_ARG_ENUM,
     .arg = "WHEN",
     .offset = offsetof(struct options, color),
     .value = ka_color_value,
     .group = "Output",
     .help = "auto (on a terminal, unless NO_COLOR is set), always or never"},
    {.name = "utc",
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct options, utc),
     .group = "Output",
     .help = "clock times in UTC instead of local time"},
    {.name = "verbose",
     .letter = 'v',
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct options, verbose),
     .group = "Output",
     .help = "also what looks like a probe and is none, and why"},
    {.name = "quiet",
     .letter = 'q',
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct options, quiet),
     .group = "Output",
     .help = "only the summary at the end"},
    {.name = "line-buffered",
     .letter = 'l',
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct options, line_buffered),
     .group = "Output",
     .help = "write every line at once"},
    {.letter = 'n',
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct options, numeric),
     .group = "Output",
     .help = "numeric addresses and ports; this is always so, the letter is taken for habit"},
    {.help = NULL},
};

static const struct ka_option_set sets[] = {
    {ka_selection_live_rows, offsetof(struct options, selection)},
    {ka_selection_rows, offsetof(struct options, selection)},
    {ka_listen_rows, offsetof(struct options, listen)},
    {ka_pipeline_rows, offsetof(struct options, pipeline)},
    {rows, 0},
    {ka_general_rows, offsetof(struct options, general)},
    {.rows = NULL},
};

static const struct options defaults = {.listen = KA_LISTEN_DEFAULTS, .color = KA_COLOR_AUTO};

/* A sink in front of the output, and what it needs to know. */
struct view {
    struct ka_output *output;
    const struct options *options;
};

static void show_event(void *context, const struct ka_event *event)
{
    struct view *view = context;
    ka_output_event(view->output, event);
}

static int flush_view(void *context, struct ka_error *error)
{
    struct view *view = context;
    return ka_output_flush(view->output, error);
}

/* The interim summary is text on standard error, whatever the form of the output. Where even that
 * fails there is no one left to tell. */
static void show_summary(void *context, const struct ka_event *capture)
{
    struct view *view = context;
    struct ka_output *output = NULL;
    struct ka_output_options options = {.form = KA_OUTPUT_TEXT, .utc = view->options->utc};
    if (ka_output_create(stderr, &options, &output, NULL) < 0)
        return;
    ka_output_event(output, capture);
    ka_output_flush(output, NULL);
    ka_output_free(output);
}

/* Runs the pipeline into an output on standard output. */
static int show_source(struct ka_source *source, const struct options *options,
                       struct ka_error *error)
{
    int status = KA_EXIT_FAILED;
    struct view view = {.options = options};
    bool live = source->pace == KA_PACE_LIVE;
    const char **names = calloc(source->inputs, sizeof(*names));
    if (names == NULL) {
        ka_error_set(error, "cannot list %u inputs: out of memory", source->inputs);
        return status;
    }
    for (uint16_t i = 0; i < source->inputs; i++)
        names[i] = ka_source_input_name(source, i);
    struct ka_output_options form = {
        .form = options->json ? KA_OUTPUT_JSON : KA_OUTPUT_TEXT,
        .color = ka_wants_color(options->color),
        .utc = options->utc,
        .verbose = options->verbose,
        .line_buffered = options->line_buffered || live,
        .live = live,
        .only_changes = live && !options->verbose && isatty(STDOUT_FILENO),
        .input_names = names,
        .input_count = source->inputs,
    };
    struct ka_pipeline_outlet outlet = {
        .sink = {.emit = show_event, .context = &view},
        .flush = flush_view,
        .summary = show_summary,
        .context = &view,
        .lookalikes = options->verbose,
        .summary_only = options->quiet,
    };
    if (ka_output_create(stdout, &form, &view.output, error) == 0)
        status = ka_pipeline_run(source, &options->pipeline, &outlet, error);
    ka_output_free(view.output);
    free(names);
    return status;
}

static int print_schema(struct ka_error *error)
{
    if (ka_output_schema(stdout) == 0 && fflush(stdout) == 0)
        return KA_EXIT_DONE;
    ka_error_set(error, "cannot write the schema to standard output: %m");
    return KA_EXIT_FAILED;
}

static int run(const void *given, const struct ka_texts *words, struct ka_error *error)
{
    const struct options *options = given;
    if (options->schema)
        return print_schema(error);
    if (options->listen.list)
        return ka_listen_list(error) == 0 ? KA_EXIT_DONE : KA_EXIT_FAILED;
    if (ka_signals_install(error) < 0)
        return KA_EXIT_FAILED;
    struct ka_selection selection;
    struct ka_source *source = NULL;
    int status = ka_selection_init(&selection, &options->selection, words, error);
    if (status == KA_EXIT_DONE) {
        status = KA_EXIT_FAILED;
        if (ka_selection_open(&selection, &options->listen, &source, error) == 0 &&
            ka_privileges_drop(error) == 0) {
            if (source->pace == KA_PACE_LIVE)
                ka_listen_announce(source, selection.filter, &options->listen);
            status = show_source(source, options, error);
        }
    }
    ka_source_close(source);
    ka_selection_fini(&selection);
    return status;
}

const struct ka_command ka_command_sniff = {
    .name = "sniff",
    .summary = "Watches an interface, or reads captures, and tells of every keepalive probe, its "
               "answer and its end",
    .synopsis = "[OPTIONS] [INTERFACE|FILE...] [FILTER...]",
    .notes = "The first words that are existing files are read as one capture in time order, - is\n"
             "standard input; another first word is an interface to listen on (none: any); the\n"
             "rest is a filter in tcpdump's language. Exit status: 0 done, 1 failed or input\n"
             "damaged, 2 wrong usage, 3 a --fail-on state was seen.\n",
    .sets = sets,
    .defaults = &defaults,
    .options_size = sizeof(struct options),
    .run = run,
};
