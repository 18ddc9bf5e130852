/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where a run's events go: standard output as text or JSON, a terminal's status line, and the
 * recorder of packets.
 */
#ifndef KA_CLI_VIEW_H
#define KA_CLI_VIEW_H

#include "cli/form.h"
#include "cli/pipeline.h"
#include "cli/recorder.h"

/* The options of this module; ka_view_rows describe them, but for `form`, whose rows are listed
 * beside them. */
struct ka_view_options {
    struct ka_form_options form;
    bool verbose;
    bool quiet;
    bool line_buffered;
    bool schema;
};

extern const struct ka_option ka_view_rows[];

struct ka_view;

/* Prepares the outputs for events of `source`, which must outlive the view, as must the options.
 * `rotation` is taken over on success; NULL: no packets are recorded; `records_to_stdout`: then no
 * events are written there. Returns 0, or -1 with the reason. */
int ka_view_create(const struct ka_view_options *options, const struct ka_source *source,
                   struct ka_rotation *rotation, bool records_to_stdout, struct ka_view **out,
                   struct ka_error *error);

/* What the pipeline is given; valid as long as the view is. */
struct ka_pipeline_outlet ka_view_outlet(struct ka_view *view);

/* Writes out the rest (a slow reader is given half a second), closes and frees; takes NULL. Returns
 * 0, or -1 with the reason when something was not written. */
int ka_view_close(struct ka_view *view, struct ka_error *error);

/* Prints the JSON Schema. Returns 0, or -1 with the reason. */
int ka_view_print_schema(struct ka_error *error);

#endif
