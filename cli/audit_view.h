/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What an audit shows while it runs and at its end: results as soon as they are sure, a line of
 * progress, findings, settings.
 */
#ifndef KA_CLI_AUDIT_VIEW_H
#define KA_CLI_AUDIT_VIEW_H

#include "audit/engine.h"
#include "audit/findings.h"
#include "output/output.h"

struct ka_audit_view {
    struct ka_output *output;
    struct ka_audit_report report;
    bool on_terminal; /* a progress line stands on standard error */
    bool told[KA_SERIES_MAX];
};

/* The callbacks of an audit; `context` is a struct ka_audit_view. */
void ka_audit_view_known(void *context, const struct ka_audit_result *result,
                         const struct ka_series *series);
void ka_audit_view_progress(void *context, const struct ka_audit_progress *progress);

/* Tells what was not told yet, and the findings. True when something died. */
bool ka_audit_view_conclude(struct ka_audit_view *view, const struct ka_audit_result *result);

/* Prints the settings that a measured path calls for. */
void ka_audit_view_settings(const struct ka_audit_result *result);

#endif
