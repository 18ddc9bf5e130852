/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An event as JSON in the plainest way, by the general writer of base/json.h and without
 * remembering anything: what output/json.c is compared with, byte by byte.
 */
#ifndef KA_TESTS_OUTPUT_PLAIN_JSON_H
#define KA_TESTS_OUTPUT_PLAIN_JSON_H

#include "base/text.h"
#include "output/output.h"

/* Appends the event's line. */
void plain_json(struct ka_text *text, const struct ka_output_options *options,
                const struct ka_event *event);

#endif
