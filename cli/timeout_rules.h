/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The known idle timeouts as the rules of a chart: one for each time, with the products that have
 * it.
 */
#ifndef KA_CLI_TIMEOUT_RULES_H
#define KA_CLI_TIMEOUT_RULES_H

#include "base/error.h"
#include "output/report.h"

enum { KA_TIMEOUT_RULES_MAX = 64 };

struct ka_timeout_rules {
    struct ka_report_rule rules[KA_TIMEOUT_RULES_MAX]; /* by time */
    size_t count;
};

/* Fills the rules from the table that comes with the program; what does not fit is left out.
 * Returns 0, or -1 with the reason. */
int ka_timeout_rules_make(struct ka_timeout_rules *rules, struct ka_error *error);

#endif
