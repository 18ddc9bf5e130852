/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The report: collects events, then tells what happened as text or as a page. Memory grows with the
 * connections worth a line, with findings and, for the page, with probes, each up to a bound; what
 * is beyond it is counted, and the report says so.
 */
#ifndef KA_OUTPUT_REPORT_H
#define KA_OUTPUT_REPORT_H

#include "base/error.h"
#include "base/text.h"
#include "events/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the connections are ordered by; the names are ka_report_sort_name's. */
enum ka_report_sort {
    KA_REPORT_IMPORTANCE, /* findings and states first */
    KA_REPORT_ID,
    KA_REPORT_START,
    KA_REPORT_IDLE,     /* longest idle time */
    KA_REPORT_PROBES,   /* most */
    KA_REPORT_RTT,      /* highest median */
    KA_REPORT_OVERHEAD, /* most bytes of keepalive */
    KA_REPORT_BYTES,    /* most payload */
    KA_REPORT_SORT_COUNT
};

/* By enum ka_report_sort; NULL past the last. */
const char *ka_report_sort_name(unsigned index);

/* A known idle timeout, as a rule on the page's axis. */
struct ka_report_rule {
    ka_time at;
    char names[224]; /* of the products that have it */
};

/* Connections that a report keeps at most, and findings: some hundred megabytes each. */
enum { KA_REPORT_MOST = 1 << 19 };

struct ka_report_options {
    size_t most;                        /* the same where it is to be less; 0: KA_REPORT_MOST */
    const struct ka_report_rule *rules; /* by time; outlive the report */
    size_t rule_count;
    const char *const *input_names; /* by input index; outlive the report */
    size_t input_count;
    uint64_t top;        /* connections shown, and findings of a kind; 0: all */
    uint32_t connection; /* flow id of the one connection to tell of; 0: all of them */
    unsigned sort;       /* enum ka_report_sort */
    bool all;            /* also connections not worth a line */
    bool marks;          /* keep single probes and answers: for the page */
    bool color;
    bool utc;
};

struct ka_report;

/* Returns 0, or -1 with the reason. */
int ka_report_create(const struct ka_report_options *options, struct ka_report **out,
                     struct ka_error *error);

/* Frees; takes NULL. */
void ka_report_free(struct ka_report *report);

/* Takes an event; the `capture` event comes last. Memory that runs out is told by the writers. */
void ka_report_event(struct ka_report *report, const struct ka_event *event);

/* Puts the connections and findings in order. Call once, after the last event. */
void ka_report_finish(struct ka_report *report);

/* Returns 0, or -1 when the one connection asked for is not in the capture. */
int ka_report_check(const struct ka_report *report, struct ka_error *error);

/* Appends the report as text: the whole, or the timeline of the one connection asked for. Returns
 * 0, or -1 with the reason: memory is out, or the connection is not in the capture. */
int ka_report_text(const struct ka_report *report, struct ka_text *out, struct ka_error *error);

/* Appends the report as one HTML page that needs nothing else. Returns 0, or -1 with the reason. */
int ka_report_html(const struct ka_report *report, struct ka_text *out, struct ka_error *error);

#endif
