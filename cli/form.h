/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The form of what is written: the options that several commands share, each command naming the
 * rows it has a use for, and the interim summary.
 */
#ifndef KA_CLI_FORM_H
#define KA_CLI_FORM_H

#include "cli/options.h"
#include "events/event.h"

enum ka_color { KA_COLOR_AUTO, KA_COLOR_ALWAYS, KA_COLOR_NEVER };

/* The options of this module. An option whose rows a command does not name stays zero, which is the
 * default of all. */
struct ka_form_options {
    unsigned color; /* enum ka_color */
    bool json;
    bool utc;
    bool numeric;
};

extern const struct ka_option ka_form_json_rows[];    /* --json */
extern const struct ka_option ka_form_color_rows[];   /* --color */
extern const struct ka_option ka_form_text_rows[];    /* --utc */
extern const struct ka_option ka_form_numeric_rows[]; /* -n */

/* True when standard output is to be coloured: with KA_COLOR_AUTO on a terminal, unless NO_COLOR is
 * set. */
bool ka_form_has_color(const struct ka_form_options *options);

/* Writes the interim summary, of a capture event, to standard error: always text. Where even that
 * fails there is no one left to tell. */
void ka_form_summary(const struct ka_form_options *options, const struct ka_event *capture);

#endif
