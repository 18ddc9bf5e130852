/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What an audit says: its results as events, an `idle_timeout` for each series and `finding`s for
 * what several of them show together.
 */
#ifndef KA_AUDIT_FINDINGS_H
#define KA_AUDIT_FINDINGS_H

#include "audit/engine.h"
#include "audit/products.h"
#include "base/addr.h"
#include "events/event.h"

/* What stands in every event of an audit, and where they go. */
struct ka_audit_report {
    struct ka_endpoint near; /* of one of its connections */
    struct ka_endpoint far;
    ka_time time; /* of the day */
    const struct ka_products *products;
    struct ka_sink sink;
};

/* Emits the `idle_timeout` event of a series; nothing for one that was not run. */
void ka_audit_findings_series(const struct ka_audit_report *report,
                              const struct ka_audit_result *result, const struct ka_series *series);

/* Emits the findings: whether and in which direction keepalives and data refresh, who answers them,
 * an expiry that one side alone does not notice, contradictions, the largest safe keepalive time
 * and what common schedules would do, what it costs, and what could not be measured. */
void ka_audit_findings_all(const struct ka_audit_report *report,
                           const struct ka_audit_result *result);

/* Emits one finding with the text and, unless `figure` is NULL, one figure. */
void ka_audit_findings_tell(const struct ka_audit_report *report, const char *kind,
                            const char *figure, double value, const char *text);

/* The bracket that advice should go by: the shortest-lived of all silent series; KA_TIME_NONE in
 * both ends where none was run. */
struct ka_bracket ka_audit_findings_worst(const struct ka_audit_result *result);

#endif
