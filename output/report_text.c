/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The report as text: what was captured, the findings, the connections.
 */
#include "events/field.h"
#include "output/line.h"
#include "output/report_parts.h"

#include <string.h>

static const char *const colors[] = {
    [KA_SEVERITY_NOTE] = "36",
    [KA_SEVERITY_WARNING] = "33",
    [KA_SEVERITY_ERROR] = "1;31",
};

static void put_colored(struct ka_text *out, const char *text, const char *color, bool wanted)
{
    if (wanted) {
        ka_text_put_string(out, "\033[");
        ka_text_put_string(out, color);
        ka_text_put_char(out, 'm');
    }
    ka_text_put_string(out, text);
    if (wanted)
        ka_text_put_string(out, "\033[0m");
}

static void put_heading(const struct ka_report *report, struct ka_text *out, const char *heading)
{
    put_colored(out, heading, "1", report->options.color);
    ka_text_put_char(out, '\n');
}

/* --- what was captured */

/* Where the numbers of a capture may mislead, in words. */
static void put_caveats(const struct ka_report *report, struct ka_text *out)
{
    const struct ka_ev_capture *capture = &report->capture.capture;
    if (report->midstream > 0) {
        ka_text_put_string(out, "            ");
        ka_text_put_number(out, report->midstream);
        ka_text_put_string(out, " connection");
        ka_text_put_string(out, ka_text_plural(report->midstream));
        ka_text_put_string(out, " began before the capture\n");
    }
    if (report->one_way > 0) {
        ka_text_put_string(out, "            ");
        ka_text_put_number(out, report->one_way);
        ka_text_put_string(out, " captured in one direction only: no answer can be missed there\n");
    }
    if (capture->dropped_kernel + capture->dropped_interface > 0)
        ka_text_put_string(out, "            packets were lost while capturing: an answer that "
                                "seems absent may have come\n");
}

static void put_capture(const struct ka_report *report, struct ka_text *out)
{
    put_heading(report, out, "What was captured");
    ka_line_summary(out, &report->capture, report->options.utc);
    put_caveats(report, out);
    ka_text_put_char(out, '\n');
}

/* --- findings */

static void put_flow(struct ka_text *out, const struct ka_event *event)
{
    if (event->envelope.flow_id == 0)
        return;
    ka_text_put_string(out, "#");
    ka_text_put_number(out, event->envelope.flow_id);
    ka_text_put_string(out, "  ");
}

void ka_report_put_file(const struct ka_report *report, uint16_t input, struct ka_text *out)
{
    const struct ka_report_options *options = &report->options;
    if (options->input_count < 2 || input >= options->input_count)
        return;
    const char *name = options->input_names[input];
    ka_text_put_string(out, " of ");
    ka_text_put_foreign(out, name, strlen(name));
}

static void put_finding(const struct ka_report *report, const struct ka_event *event,
                        struct ka_text *out)
{
    const struct ka_ev_finding *finding = &event->finding;
    ka_text_put_string(out, "    ");
    ka_line_time(out, event->envelope.time, event->envelope.digits, report->options.utc, true);
    ka_text_put_string(out, "  ");
    put_flow(out, event);
    ka_line_finding(out, finding);
    if (finding->evidence_of == KA_EVIDENCE_FRAMES && finding->evidence[0] != 0)
        ka_report_put_file(report, event->envelope.input, out);
    ka_text_put_char(out, '\n');
}

/* What to change, each advice once. */
static void put_advice(const struct ka_event *first, size_t count, struct ka_text *out)
{
    const char *given[3] = {NULL};
    for (size_t i = 0; i < count; i++) {
        const char *advice = first[i].finding.advice;
        size_t n = 0;
        while (n < 3 && given[n] != NULL && given[n] != advice)
            n++;
        if (advice == NULL || n == 3 || given[n] == advice)
            continue;
        given[n] = advice;
        ka_text_put_string(out, "    > ");
        ka_text_put_string(out, advice);
        ka_text_put_char(out, '\n');
    }
}

static void put_kind(const struct ka_report *report, const struct ka_event *first, size_t count,
                     struct ka_text *out)
{
    const struct ka_ev_finding *finding = &first->finding;
    size_t shown = count;
    if (report->options.top > 0 && !report->options.all && shown > report->options.top)
        shown = report->options.top;
    ka_text_put_string(out, "  ");
    put_colored(out, ka_severity_name(finding->severity), colors[finding->severity],
                report->options.color);
    ka_text_put_string(out, "  ");
    put_colored(out, finding->kind, "1", report->options.color);
    if (count > 1) {
        ka_text_put_string(out, ", ");
        ka_text_put_number(out, count);
        ka_text_put_string(out, " times");
    }
    ka_text_put_char(out, '\n');
    for (size_t i = 0; i < shown; i++)
        put_finding(report, &first[i], out);
    if (shown < count) {
        ka_text_put_string(out, "    ... and ");
        ka_text_put_number(out, count - shown);
        ka_text_put_string(out, " more (--all shows them)\n");
    }
    put_advice(first, shown, out);
}

static void put_findings(const struct ka_report *report, struct ka_text *out)
{
    put_heading(report, out, "Findings");
    if (report->finding_count == 0)
        ka_text_put_string(out, "  none\n");
    for (size_t i = 0; i < report->finding_count;) {
        const struct ka_event *first = &report->findings[i];
        size_t count = 1;
        while (i + count < report->finding_count &&
               first[count].finding.severity == first->finding.severity &&
               strcmp(first[count].finding.kind, first->finding.kind) == 0)
            count++;
        put_kind(report, first, count, out);
        i += count;
    }
    ka_text_put_char(out, '\n');
}

/* --- idle timeouts */

/* Whose idle timeout it is: a server, a prefix (port 0), or all. */
static void put_path(struct ka_text *out, const struct ka_endpoint *server)
{
    char text[KA_ENDPOINT_TEXT_SIZE];
    static const uint8_t zero[sizeof(server->addr.bytes)];
    if (memcmp(server->addr.bytes, zero, sizeof(zero)) == 0) {
        ka_text_put_string(out, "all servers");
    } else if (server->port != 0) {
        ka_line_endpoint(out, server);
    } else {
        ka_addr_text(&server->addr, text);
        ka_text_put_string(out, text);
        ka_text_put_string(out, server->addr.family == 4 ? "/24" : "/64");
    }
}

static void put_timeouts(const struct ka_report *report, struct ka_text *out)
{
    if (report->timeout_count == 0)
        return;
    put_heading(report, out, "Idle times survived and not");
    for (size_t i = 0; i < report->timeout_count; i++) {
        const struct ka_event *event = &report->timeouts[i];
        ka_text_put_string(out, "  ");
        put_path(out, &event->envelope.dst);
        ka_text_put_string(out, "  ");
        ka_line_idle_timeout(out, &event->idle_timeout);
        ka_text_put_char(out, '\n');
    }
    ka_text_put_char(out, '\n');
}

/* --- the whole */

int ka_report_check(const struct ka_report *report, struct ka_error *error)
{
    uint32_t wanted = report->options.connection;
    if (wanted == 0 || ka_report_find(report, wanted) != NULL)
        return 0;
    return ka_error_set(error, "there is no connection %u in this capture (%llu seen)", wanted,
                        (unsigned long long)report->capture.capture.connections);
}

static void put_one(const struct ka_report *report, struct ka_text *out)
{
    ka_report_put_timeline(report, ka_report_find(report, report->options.connection), out);
    ka_text_put_char(out, '\n');
    put_findings(report, out);
    ka_report_put_table(report, out);
}

int ka_report_text(const struct ka_report *report, struct ka_text *out, struct ka_error *error)
{
    if (ka_report_check(report, error) < 0)
        return -1;
    if (report->options.connection != 0) {
        put_one(report, out);
    } else {
        put_capture(report, out);
        put_findings(report, out);
        put_timeouts(report, out);
        put_heading(report, out, "Connections");
        ka_report_put_table(report, out);
    }
    if (report->memory_out || out->overflow)
        return ka_error_set(error, "the report is not whole: out of memory");
    return 0;
}
