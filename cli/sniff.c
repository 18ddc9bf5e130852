/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/sniff.h"

#include "capture/live.h"
#include "cli/complaint.h"
#include "cli/expected.h"
#include "cli/listen.h"
#include "cli/notify.h"
#include "cli/privileges.h"
#include "cli/selection.h"
#include "cli/signals.h"
#include "cli/view.h"

#include <string.h>

struct options {
    struct ka_general general;
    struct ka_selection_options selection;
    struct ka_listen_options listen;
    struct ka_rotation_options rotation;
    struct ka_pipeline_options pipeline;
    struct ka_view_options view;
    struct ka_privileges_options privileges;
};

static const struct ka_option_set sets[] = {
    {ka_selection_live_rows, offsetof(struct options, selection)},
    {ka_selection_rows, offsetof(struct options, selection)},
    {ka_listen_rows, offsetof(struct options, listen)},
    {ka_pipeline_rows, offsetof(struct options, pipeline)},
    {ka_form_json_rows, offsetof(struct options, view.form)},
    {ka_view_rows, offsetof(struct options, view)},
    {ka_form_color_rows, offsetof(struct options, view.form)},
    {ka_form_text_rows, offsetof(struct options, view.form)},
    {ka_form_numeric_rows, offsetof(struct options, view.form)},
    {ka_rotation_rows, offsetof(struct options, rotation)},
    {ka_privileges_rows, offsetof(struct options, privileges)},
    {ka_general_rows, offsetof(struct options, general)},
    {.rows = NULL},
};

static const struct options defaults = {.listen = KA_LISTEN_DEFAULTS};

/* What a run holds open. */
struct session {
    struct ka_selection selection;
    struct ka_source *source;
    struct ka_rotation *rotation; /* until the view takes it over */
    int notify;
};

/* Everything that needs privileges or may say no, then gives the privileges up. */
static int prepare(struct session *session, const struct options *options, struct ka_error *error)
{
    if (ka_selection_open(&session->selection, &options->listen, &session->source, error) < 0)
        return -1;
    if (options->rotation.path != NULL &&
        ka_rotation_create(&options->rotation, &session->selection.files, &session->rotation,
                           error) < 0)
        return -1;
    session->notify = ka_notify_open();
    if (session->source->pace == KA_PACE_LIVE) {
        ka_listen_announce(session->source, session->selection.filter, &options->listen);
        ka_expected_announce();
    }
    return ka_privileges_drop(options->privileges.user, error);
}

/* Runs the pipeline into the view. */
static int show_source(struct session *session, const struct options *options,
                       struct ka_error *error)
{
    struct ka_view *view = NULL;
    bool to_stdout = options->rotation.path != NULL && strcmp(options->rotation.path, "-") == 0;
    if (ka_view_create(&options->view, session->source, session->rotation, to_stdout, &view,
                       error) < 0)
        return KA_EXIT_FAILED;
    session->rotation = NULL;
    ka_notify_say(session->notify, "READY=1");
    struct ka_pipeline_outlet outlet = ka_view_outlet(view);
    int status = ka_pipeline_run(session->source, &options->pipeline, &outlet, error);
    ka_notify_say(session->notify, "STOPPING=1");
    struct ka_error late = {.text = ""};
    if (ka_view_close(view, &late) < 0) {
        if (status != KA_EXIT_FAILED)
            *error = late;
        status = KA_EXIT_FAILED;
    }
    return status;
}

static int run(const void *given, const struct ka_texts *words, struct ka_error *error)
{
    const struct options *options = given;
    if (options->view.schema)
        return ka_view_print_schema(error) == 0 ? KA_EXIT_DONE : KA_EXIT_FAILED;
    if (options->listen.list)
        return ka_listen_list(error) == 0 ? KA_EXIT_DONE : KA_EXIT_FAILED;
    if (ka_rotation_check(&options->rotation, error) < 0)
        return KA_EXIT_USAGE;
    if ((options->pipeline.fail_on & UINT32_C(1) << KA_PEER_APP_SILENT) != 0)
        ka_complain(
            "--fail-on app-silent: only 'kasniff report' looks for it, it is not seen here");
    if (ka_signals_install(error) < 0)
        return KA_EXIT_FAILED;
    struct session session = {.notify = -1};
    int status = ka_selection_init(&session.selection, &options->selection, words, error);
    if (status == KA_EXIT_DONE) {
        status = KA_EXIT_FAILED;
        if (prepare(&session, options, error) == 0)
            status = show_source(&session, options, error);
    }
    ka_notify_close(session.notify);
    ka_rotation_close(session.rotation, NULL);
    ka_source_close(session.source);
    ka_selection_fini(&session.selection);
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
