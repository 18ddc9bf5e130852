/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a form of output is: a row of the table in output.c. To add one, write its file and its
 * line there. Not for other rooms.
 */
#ifndef KA_OUTPUT_FORM_H
#define KA_OUTPUT_FORM_H

#include "base/text.h"
#include "output/aside.h"
#include "output/output.h"

struct ka_form {
    /* Makes output->state. Returns 0, or -1 when memory is out; NULL: there is none to make. */
    int (*open)(struct ka_output *output);
    /* Appends the event to output->buffer, whole lines only. */
    void (*event)(struct ka_output *output, const struct ka_event *event);
    /* Appends what is due at this time, whole lines only; NULL: nothing ever is. */
    void (*now)(struct ka_output *output, ka_time now);
    /* Frees output->state; NULL: nothing to free. */
    void (*close)(struct ka_output *output);
};

struct ka_output {
    struct ka_output_options options;
    const struct ka_form *form;
    FILE *stream; /* the caller's */
    void *state;  /* the form's */
    struct ka_text buffer;
    struct ka_aside *aside; /* NULL: written directly */
    bool is_much;           /* a first chunk was written */
    int error;              /* errno of the first failure; 0 none */
};

extern const struct ka_form ka_form_text;
extern const struct ka_form ka_form_json;

#endif
