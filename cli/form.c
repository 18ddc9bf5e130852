/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/form.h"

#include "output/output.h"

#include <stdlib.h>
#include <unistd.h>

static const char *color_value(unsigned index)
{
    static const char *const names[] = {
        [KA_COLOR_AUTO] = "auto", [KA_COLOR_ALWAYS] = "always", [KA_COLOR_NEVER] = "never"};
    return index < sizeof(names) / sizeof(names[0]) ? names[index] : NULL;
}

const struct ka_option ka_form_json_rows[] = {
    {.name = "json",
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct ka_form_options, json),
     .group = "Output",
     .help = "one JSON object a line"},
    {.help = NULL},
};

const struct ka_option ka_form_color_rows[] = {
    {.name = "color",
     .kind = KA_ARG_ENUM,
     .arg = "WHEN",
     .offset = offsetof(struct ka_form_options, color),
     .value = color_value,
     .group = "Output",
     .help = "auto (on a terminal, unless NO_COLOR is set), always or never"},
    {.help = NULL},
};

const struct ka_option ka_form_text_rows[] = {
    {.name = "utc",
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct ka_form_options, utc),
     .group = "Output",
     .help = "clock times in UTC instead of local time"},
    {.help = NULL},
};

const struct ka_option ka_form_numeric_rows[] = {
    {.letter = 'n',
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct ka_form_options, numeric),
     .group = "Output",
     .help = "numeric addresses and ports; this is always so, the letter is taken for habit"},
    {.help = NULL},
};

bool ka_form_has_color(const struct ka_form_options *options)
{
    const char *no_color = getenv("NO_COLOR");
    if (options->color != KA_COLOR_AUTO)
        return options->color == KA_COLOR_ALWAYS;
    return isatty(STDOUT_FILENO) && (no_color == NULL || no_color[0] == '\0');
}

void ka_form_summary(const struct ka_form_options *options, const struct ka_event *capture)
{
    struct ka_output *output = NULL;
    struct ka_output_options form = {.form = KA_OUTPUT_TEXT, .utc = options->utc};
    if (ka_output_create(stderr, &form, &output, NULL) < 0)
        return;
    ka_output_event(output, capture);
    ka_output_flush(output, NULL);
    ka_output_free(output);
}
