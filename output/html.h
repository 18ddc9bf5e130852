/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Pieces of HTML and SVG. Not for other rooms.
 */
#ifndef KA_OUTPUT_HTML_H
#define KA_OUTPUT_HTML_H

#include "base/text.h"
#include "output/report_parts.h"

/* Text of any origin: what a terminal or a browser acts on is escaped. Reads up to `size` bytes,
 * less where a NUL comes first. */
void ka_html_put_foreign(struct ka_text *out, const char *text, size_t size);

/* The same of a terminated string. */
void ka_html_put_string(struct ka_text *out, const char *text);

/* Markup of our own, as it is. */
void ka_html_put(struct ka_text *out, const char *markup);

/* A coordinate, one decimal. */
void ka_html_put_at(struct ka_text *out, double at);

/* The style sheet, and the source expression that allows it in a content security policy:
 * 'sha256-...'. False when memory is out. */
extern const char ka_html_style[];
bool ka_html_put_style_hash(struct ka_text *out);

/* Where a duration lies on a logarithmic axis from `low` to `high`, 0 to 1. */
double ka_html_log_place(ka_time value, ka_time low, ka_time high);

/* The swim lane of a connection; `marks` as ka_report_marks gives them. */
void ka_html_put_lane(struct ka_text *out, const struct ka_report *report,
                      const struct ka_told *told);

/* Idle times survived and not on one axis; round trips as a histogram. Nothing where there are
 * none. */
void ka_html_put_gap_chart(struct ka_text *out, const struct ka_report *report);
void ka_html_put_rtt_chart(struct ka_text *out, const struct ka_report *report);

#endif
