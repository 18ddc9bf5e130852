/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Collecting for a report.
 */
#include "output/report.h"

#include "output/report_parts.h"

#include <stdlib.h>
#include <string.h>

int ka_report_create(const struct ka_report_options *options, struct ka_report **out,
                     struct ka_error *error)
{
    struct ka_report *report = calloc(1, sizeof(*report));
    if (report == NULL)
        return ka_error_set(error, "cannot prepare the report: out of memory");
    report->options = *options;
    report->capture.capture.first = KA_TIME_NONE;
    report->capture.capture.last = KA_TIME_NONE;
    *out = report;
    return 0;
}

void ka_report_free(struct ka_report *report)
{
    if (report == NULL)
        return;
    for (size_t i = 0; i < report->told_count; i++) {
        free((void *)(uintptr_t)report->told[i].activity.spans);
        free((void *)(uintptr_t)report->told[i].activity.gaps);
    }
    free(report->told);
    free(report->findings);
    free(report->timeouts);
    free(report->marks);
    free(report);
}

/* Makes room for one more item. Returns it, or NULL with memory_out set. */
static void *add(struct ka_report *report, void **items, size_t *count, size_t *room, size_t size)
{
    if (*count == *room) {
        size_t wanted = *room == 0 ? 64 : *room * 2;
        void *more = reallocarray(*items, wanted, size);
        if (more == NULL) {
            report->memory_out = true;
            return NULL;
        }
        *items = more;
        *room = wanted;
    }
    return (unsigned char *)*items + (*count)++ * size;
}

static size_t most_of(const struct ka_report *report)
{
    return report->options.most != 0 ? report->options.most : (size_t)KA_REPORT_MOST;
}

static void *copy(struct ka_report *report, const void *from, size_t count, size_t size)
{
    if (count == 0)
        return NULL;
    void *to = calloc(count, size);
    if (to == NULL)
        report->memory_out = true;
    else
        memcpy(to, from, count * size);
    return to;
}

static bool is_wanted(const struct ka_report *report, const struct ka_event *event)
{
    const struct ka_report_options *options = &report->options;
    if (options->connection != 0)
        return event->envelope.flow_id == options->connection;
    return event->notable || options->all;
}

static void take_connection(struct ka_report *report, const struct ka_event *event)
{
    const struct ka_ev_connection *connection = &event->connection;
    report->one_way += connection->one_way;
    report->midstream += connection->midstream;
    if (!is_wanted(report, event)) {
        report->untold++;
        return;
    }
    if (report->told_count >= most_of(report)) {
        report->connections_lost++;
        return;
    }
    void *items = report->told;
    struct ka_told *told =
        add(report, &items, &report->told_count, &report->told_room, sizeof(*told));
    report->told = items;
    if (told == NULL)
        return;
    memset(told, 0, sizeof(*told));
    told->event = *event;
    told->event.connection.activity = NULL;
    const struct ka_activity *activity = connection->activity;
    if (activity == NULL)
        return;
    told->activity.spans =
        copy(report, activity->spans, activity->span_count, sizeof(*activity->spans));
    told->activity.gaps =
        copy(report, activity->gaps, activity->gap_count, sizeof(*activity->gaps));
    if (told->activity.spans != NULL)
        told->activity.span_count = activity->span_count;
    if (told->activity.gaps != NULL)
        told->activity.gap_count = activity->gap_count;
    told->activity.gaps_survived = activity->gaps_survived;
}

static void take_finding(struct ka_report *report, const struct ka_event *event)
{
    uint32_t flow_id = event->envelope.flow_id;
    if (report->options.connection != 0 && flow_id != report->options.connection)
        return;
    if (event->finding.severity < 3)
        report->severities[event->finding.severity]++;
    if (report->finding_count >= most_of(report)) {
        report->findings_lost++;
        return;
    }
    void *items = report->findings;
    struct ka_event *place =
        add(report, &items, &report->finding_count, &report->finding_room, sizeof(*place));
    report->findings = items;
    if (place != NULL)
        *place = *event;
}

static void take_timeout(struct ka_report *report, const struct ka_event *event)
{
    void *items = report->timeouts;
    struct ka_event *place =
        add(report, &items, &report->timeout_count, &report->timeout_room, sizeof(*place));
    report->timeouts = items;
    if (place != NULL)
        *place = *event;
}

ka_time ka_report_rtt_edge(unsigned bucket)
{
    static const double steps[KA_RTT_A_DECADE] = {1, 1.7783, 3.1623, 5.6234};
    double edge = steps[bucket % KA_RTT_A_DECADE];
    for (unsigned i = 0; i < bucket / KA_RTT_A_DECADE; i++)
        edge *= 10;
    return (ka_time)(edge * (double)KA_MICROSECOND);
}

static void take_rtt(struct ka_report *report, ka_time rtt)
{
    unsigned bucket = 0;
    if (rtt == KA_TIME_NONE)
        return;
    while (bucket + 1 < KA_RTT_BUCKETS && rtt >= ka_report_rtt_edge(bucket + 1))
        bucket++;
    report->rtt[bucket]++;
}

static void take_mark(struct ka_report *report, const struct ka_event *event)
{
    uint32_t only = report->options.connection;
    if (only != 0 ? event->envelope.flow_id != only : !report->options.marks)
        return;
    if (report->mark_count == KA_MARKS_MOST) {
        report->marks_lost++;
        return;
    }
    void *items = report->marks;
    struct ka_mark *mark =
        add(report, &items, &report->mark_count, &report->mark_room, sizeof(*mark));
    report->marks = items;
    if (mark == NULL)
        return;
    *mark = (struct ka_mark){
        .time = event->envelope.time,
        .frame = event->envelope.frame,
        .value = KA_TIME_NONE,
        .flow_id = event->envelope.flow_id,
        .input = event->envelope.input,
        .type = (uint8_t)event->type,
        .by = event->envelope.src,
    };
    if (event->type == KA_EVENT_PROBE) {
        mark->value = event->probe.idle;
        mark->number = event->probe.number;
    } else if (event->type == KA_EVENT_ANSWER) {
        mark->value = event->answer.rtt;
        mark->result = event->answer.result;
        mark->number = (uint32_t)event->answer.probe_frame;
    } else if (event->type == KA_EVENT_STATE) {
        mark->number = event->state.to;
        mark->why = event->state.why;
    } else {
        mark->number = event->window_probe.number;
    }
}

void ka_report_event(struct ka_report *report, const struct ka_event *event)
{
    switch (event->type) {
    case KA_EVENT_ANSWER:
        if (event->answer.result !=
            KA_ANSWER_ICMP) /* a router's patience with a host that is gone */
            take_rtt(report, event->answer.rtt);
        take_mark(report, event);
        break;
    case KA_EVENT_PROBE:
    case KA_EVENT_WINDOW_PROBE:
    case KA_EVENT_STATE:
        take_mark(report, event);
        break;
    case KA_EVENT_CONNECTION:
        take_connection(report, event);
        break;
    case KA_EVENT_FINDING:
        take_finding(report, event);
        break;
    case KA_EVENT_IDLE_TIMEOUT:
        take_timeout(report, event);
        break;
    case KA_EVENT_CAPTURE:
        report->capture = *event;
        break;
    case KA_EVENT_LOOKALIKE:
    case KA_EVENT_VERDICT:
    case KA_EVENT_SOCKET:
    case KA_EVENT_TYPE_COUNT:
        break;
    }
}
