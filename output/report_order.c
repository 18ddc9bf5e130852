/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The order of a report: findings by importance, connections by what was asked for.
 */
#include "events/field.h"
#include "output/report_parts.h"

#include <stdlib.h>
#include <string.h>

static const char *const sort_names[KA_REPORT_SORT_COUNT] = {
    [KA_REPORT_IMPORTANCE] = "importance", [KA_REPORT_ID] = "id",
    [KA_REPORT_START] = "start",           [KA_REPORT_IDLE] = "idle",
    [KA_REPORT_PROBES] = "probes",         [KA_REPORT_RTT] = "rtt",
    [KA_REPORT_OVERHEAD] = "overhead",     [KA_REPORT_BYTES] = "bytes",
};

const char *ka_report_sort_name(unsigned index)
{
    return index < KA_REPORT_SORT_COUNT ? sort_names[index] : NULL;
}

/* --- how bad */

static const unsigned badness[KA_PEER_STATE_COUNT] = {
    [KA_PEER_SILENT] = 1,      [KA_PEER_DEAD] = 2,       [KA_PEER_RESET] = 2,
    [KA_PEER_UNREACHABLE] = 2, [KA_PEER_APP_SILENT] = 2,
};

/* The side whose state is told of: the worse one, the server where both are alike. */
static unsigned worse_side(const struct ka_ev_connection *connection)
{
    unsigned client = badness[connection->state[0]];
    unsigned server = badness[connection->state[1]];
    if (client != server)
        return client < server;
    return connection->state[1] != KA_PEER_UNKNOWN;
}

bool ka_told_is_judged(const struct ka_told *told)
{
    const struct ka_ev_connection *connection = &told->event.connection;
    return connection->state[0] != KA_PEER_UNKNOWN || connection->state[1] != KA_PEER_UNKNOWN ||
           told->findings > 0;
}

void ka_report_put_state(struct ka_text *out, const struct ka_told *told)
{
    const struct ka_ev_connection *connection = &told->event.connection;
    unsigned state = connection->state[worse_side(connection)];
    bool found = told->findings > 0 && badness[state] == 0;
    if (state != KA_PEER_UNKNOWN)
        ka_text_put_string(out, ka_peer_state_name((enum ka_peer_state)state));
    if (state != KA_PEER_UNKNOWN && found)
        ka_text_put_string(out, ", ");
    if (found)
        ka_text_put_string(out, told->kind);
    else if (state == KA_PEER_UNKNOWN)
        ka_text_put_char(out, '-');
}

unsigned ka_told_badness(const struct ka_told *told)
{
    const struct ka_ev_connection *connection = &told->event.connection;
    unsigned bad = badness[connection->state[worse_side(connection)]];
    if (told->findings > 0 && told->severity > bad)
        bad = told->severity;
    return bad;
}

/* --- connections */

/* Larger comes first. */
static int64_t key_of(const struct ka_told *told, unsigned sort)
{
    const struct ka_ev_connection *connection = &told->event.connection;
    const struct ka_ev_keepalive *client = &connection->keepalive[0];
    const struct ka_ev_keepalive *server = &connection->keepalive[1];
    switch ((enum ka_report_sort)sort) {
    case KA_REPORT_IMPORTANCE:
        return 16 * (int64_t)ka_told_badness(told) + 2 * (told->findings > 0) +
               (client->present || server->present);
    case KA_REPORT_ID:
        return -(int64_t)told->event.envelope.flow_id;
    case KA_REPORT_START:
        return connection->start == KA_TIME_NONE ? KA_TIME_NONE : -connection->start;
    case KA_REPORT_IDLE:
        return connection->longest_idle;
    case KA_REPORT_PROBES:
        return (int64_t)client->probes + server->probes;
    case KA_REPORT_RTT:
        if (!server->present || (client->present && client->rtt_median > server->rtt_median))
            return client->present ? client->rtt_median : KA_TIME_NONE;
        return server->rtt_median;
    case KA_REPORT_OVERHEAD:
        return (int64_t)(client->overhead_bytes + server->overhead_bytes);
    case KA_REPORT_BYTES:
        return (int64_t)(connection->bytes[0] + connection->bytes[1]);
    case KA_REPORT_SORT_COUNT:
        break;
    }
    return 0;
}

static int compare_told(const void *a, const void *b, void *context)
{
    const struct ka_told *first = a;
    const struct ka_told *second = b;
    const struct ka_report_options *options = context;
    int64_t x = key_of(first, options->sort);
    int64_t y = key_of(second, options->sort);
    if (x != y)
        return x > y ? -1 : 1;
    return first->event.envelope.flow_id < second->event.envelope.flow_id ? -1 : 1;
}

static int by_flow(const void *a, const void *b)
{
    const struct ka_told *first = a;
    const struct ka_told *second = b;
    uint32_t x = first->event.envelope.flow_id;
    uint32_t y = second->event.envelope.flow_id;
    return (x > y) - (x < y);
}

const struct ka_told *ka_report_find(const struct ka_report *report, uint32_t flow_id)
{
    for (size_t i = 0; i < report->told_count; i++) {
        if (report->told[i].event.envelope.flow_id == flow_id)
            return &report->told[i];
    }
    return NULL;
}

static struct ka_told *find_sorted(struct ka_report *report, uint32_t flow_id)
{
    struct ka_told wanted = {.event = {.envelope = {.flow_id = flow_id}}};
    if (report->told_count == 0)
        return NULL;
    return bsearch(&wanted, report->told, report->told_count, sizeof(wanted), by_flow);
}

static bool is_worse(const struct ka_ev_finding *finding, const struct ka_told *told)
{
    if (finding->severity != told->severity)
        return finding->severity > told->severity;
    return finding->rank < told->rank;
}

static void count_findings(struct ka_report *report)
{
    for (size_t i = 0; i < report->finding_count; i++) {
        const struct ka_event *finding = &report->findings[i];
        struct ka_told *told = find_sorted(report, finding->envelope.flow_id);
        if (told == NULL || finding->finding.severity == KA_SEVERITY_NOTE)
            continue;
        if (told->findings == 0 || is_worse(&finding->finding, told)) {
            told->severity = finding->finding.severity;
            told->rank = finding->finding.rank;
            told->kind = finding->finding.kind;
        }
        told->findings++;
    }
}

/* --- findings */

/* By severity, then by kind as the analysis ranks them, then by time. */
static int compare_findings(const void *a, const void *b)
{
    const struct ka_event *first = a;
    const struct ka_event *second = b;
    if (first->finding.severity != second->finding.severity)
        return first->finding.severity > second->finding.severity ? -1 : 1;
    if (first->finding.rank != second->finding.rank)
        return first->finding.rank < second->finding.rank ? -1 : 1;
    int kinds = strcmp(first->finding.kind, second->finding.kind);
    if (kinds != 0)
        return kinds;
    if (first->envelope.time != second->envelope.time)
        return first->envelope.time < second->envelope.time ? -1 : 1;
    return (first->envelope.flow_id > second->envelope.flow_id) -
           (first->envelope.flow_id < second->envelope.flow_id);
}

/* --- marks */

static int compare_marks(const void *a, const void *b)
{
    const struct ka_mark *first = a;
    const struct ka_mark *second = b;
    if (first->flow_id != second->flow_id)
        return first->flow_id < second->flow_id ? -1 : 1;
    if (first->time != second->time)
        return first->time < second->time ? -1 : 1;
    if (first->frame != second->frame)
        return first->frame < second->frame ? -1 : 1;
    return (first->type > second->type) - (first->type < second->type);
}

const struct ka_mark *ka_report_marks(const struct ka_report *report, uint32_t flow_id,
                                      size_t *count)
{
    size_t low = 0;
    size_t high = report->mark_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (report->marks[middle].flow_id < flow_id)
            low = middle + 1;
        else
            high = middle;
    }
    *count = 0;
    while (low + *count < report->mark_count && report->marks[low + *count].flow_id == flow_id)
        ++*count;
    return *count == 0 ? NULL : &report->marks[low];
}

/* Which end is the client is told only with the connection. */
static void attribute_marks(struct ka_report *report)
{
    for (size_t i = 0; i < report->told_count; i++) {
        const struct ka_envelope *envelope = &report->told[i].event.envelope;
        size_t count;
        const struct ka_mark *first = ka_report_marks(report, envelope->flow_id, &count);
        for (size_t n = 0; n < count; n++) {
            struct ka_mark *mark = &report->marks[(size_t)(first - report->marks) + n];
            mark->by_client = mark->by.port == envelope->src.port &&
                              ka_addr_equal(&mark->by.addr, &envelope->src.addr);
        }
    }
}

/* --- what is drawn */

/* The connections of the errors and warnings that a page lists, of each kind one in turn, so that
 * a frequent kind does not crowd out a rare one. Returns how many more may be drawn. */
static size_t draw_findings(struct ka_report *report)
{
    size_t left = KA_DRAWN_MOST;
    for (size_t round = 0; round < KA_LISTED_MOST; round++) {
        size_t nth = 0; /* of its kind */
        for (size_t i = 0; i < report->finding_count; i++) {
            const struct ka_event *event = &report->findings[i];
            if (event->finding.severity == KA_SEVERITY_NOTE)
                break;
            nth = i > 0 && strcmp(event[-1].finding.kind, event->finding.kind) == 0 ? nth + 1 : 0;
            struct ka_told *told =
                nth == round ? find_sorted(report, event->envelope.flow_id) : NULL;
            if (told == NULL || told->drawn || left == 0)
                continue;
            told->drawn = true;
            left--;
        }
    }
    return left;
}

static void draw_first(struct ka_report *report, size_t left)
{
    for (size_t i = 0; i < report->told_count && left > 0; i++) {
        left -= !report->told[i].drawn;
        report->told[i].drawn = true;
    }
}

void ka_report_finish(struct ka_report *report)
{
    if (report->told_count > 0)
        qsort(report->told, report->told_count, sizeof(*report->told), by_flow);
    if (report->finding_count > 0)
        qsort(report->findings, report->finding_count, sizeof(*report->findings), compare_findings);
    count_findings(report);
    if (report->mark_count > 0)
        qsort(report->marks, report->mark_count, sizeof(*report->marks), compare_marks);
    attribute_marks(report);
    size_t left = draw_findings(report);
    if (report->told_count > 0)
        qsort_r(report->told, report->told_count, sizeof(*report->told), compare_told,
                &report->options);
    draw_first(report, left);
}
