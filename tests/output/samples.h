/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One event of every kind, full and as bare as it may be: what the tests of the forms and of the
 * schema are fed with.
 */
#ifndef KA_TESTS_OUTPUT_SAMPLES_H
#define KA_TESTS_OUTPUT_SAMPLES_H

#include "events/event.h"

#include <stddef.h>

struct sample {
    const char *text; /* the line, or lines, of the text form in UTC, without the newline */
    struct ka_event event;
};

/* The samples, in an order in which they could be met. Static. */
size_t sample_count(void);
const struct sample *sample_at(size_t index);

/* A sample whose foreign texts hold what must not reach a terminal or a page. */
const struct ka_event *hostile_sample(void);

#endif
