/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The report as one HTML page: no script, no request, everything escaped.
 */
#include "events/field.h"
#include "output/html.h"
#include "output/line.h"

#include <string.h>

static void put_head(const struct ka_report *report, struct ka_text *out)
{
    ka_html_put(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                     "style-src ");
    ka_html_put_style_hash(out);
    ka_html_put(out, "; img-src data:; base-uri 'none'; form-action 'none'\">"
                     "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                     "<meta name=\"referrer\" content=\"no-referrer\">"
                     "<link rel=\"icon\" href=\"data:,\"><title>kasniff report");
    for (size_t i = 0; i < report->options.input_count && i < 3; i++) {
        ka_html_put(out, i == 0 ? ": " : ", ");
        ka_html_put_string(out, report->options.input_names[i]);
    }
    ka_html_put(out, "</title><style>");
    ka_html_put(out, ka_html_style);
    ka_html_put(out, "</style></head>\n<body>\n");
}

/* --- summary */

static void put_tile(struct ka_text *out, const char *class, uint64_t value, const char *what)
{
    ka_html_put(out, "<div class=\"tile ");
    ka_html_put(out, class);
    ka_html_put(out, "\"><b>");
    ka_text_put_number(out, value);
    ka_html_put(out, "</b>");
    ka_html_put(out, what);
    ka_html_put(out, "</div>");
}

static void put_severity_tile(const struct ka_report *report, struct ka_text *out,
                              enum ka_severity severity, const char *what)
{
    bool any = report->severities[severity] > 0;
    put_tile(out, any ? ka_severity_name(severity) : "", report->severities[severity], what);
}

static void put_files(const struct ka_report *report, struct ka_text *out)
{
    const struct ka_ev_capture *capture = &report->capture.capture;
    unsigned digits = report->capture.envelope.digits;
    ka_html_put(out, "<p class=\"dim file\">");
    for (size_t i = 0; i < report->options.input_count; i++) {
        ka_html_put(out, i == 0 ? "" : ", ");
        ka_html_put_string(out, report->options.input_names[i]);
    }
    if (capture->first != KA_TIME_NONE) {
        ka_html_put(out, "<br>");
        ka_line_time(out, capture->first, digits, report->options.utc, true);
        ka_html_put(out, " to ");
        ka_line_time(out, capture->last, digits, report->options.utc, true);
        ka_html_put(out, report->options.utc ? " UTC (" : " (");
        ka_line_duration(out, ka_time_between(capture->first, capture->last));
        ka_text_put_char(out, ')');
    }
    ka_html_put(out, "</p>\n");
}

static void put_loss(struct ka_text *out, uint64_t count, bool known, const char *who)
{
    ka_html_put(out, who);
    if (known)
        ka_text_put_number(out, count);
    else
        ka_html_put(out, "n/a");
}

static void put_doubts(const struct ka_report *report, struct ka_text *out)
{
    const struct ka_ev_capture *capture = &report->capture.capture;
    uint64_t undecoded = 0;
    for (size_t i = 1; i < KA_UNDECODED_SLOTS; i++)
        undecoded += capture->undecoded[i];
    ka_html_put(out, "<p class=\"dim\">");
    put_loss(out, capture->dropped_kernel, capture->drops_known, "Dropped by the kernel: ");
    put_loss(out, capture->dropped_interface, capture->interface_drops_known,
             ", by the interface: ");
    ka_html_put(out, ". Frames that are no TCP, or not decoded: ");
    ka_text_put_number(out, undecoded);
    ka_html_put(out, ". Connections that began before the capture: ");
    ka_text_put_number(out, report->midstream);
    ka_html_put(out, ", captured in one direction: ");
    ka_text_put_number(out, report->one_way);
    ka_html_put(out, ", given up for want of memory: ");
    ka_text_put_number(out, capture->evicted);
    ka_text_put_char(out, '.');
    if (capture->time_steps > 0)
        ka_html_put(out, " <b class=\"s1\">The clock stepped back.</b>");
    if (capture->damaged)
        ka_html_put(out, " <b class=\"s2\">The input is damaged or cut; what was readable is "
                         "reported.</b>");
    ka_html_put(out, "</p>\n");
}

static void put_summary(const struct ka_report *report, struct ka_text *out)
{
    const struct ka_ev_capture *capture = &report->capture.capture;
    ka_html_put(out, "<header><h1>kasniff report</h1>");
    put_files(report, out);
    ka_html_put(out, "<div class=\"tiles\">");
    put_severity_tile(report, out, KA_SEVERITY_ERROR, "errors");
    put_severity_tile(report, out, KA_SEVERITY_WARNING, "warnings");
    put_severity_tile(report, out, KA_SEVERITY_NOTE, "notes");
    put_tile(out, "", capture->connections, "connections");
    put_tile(out, "", capture->probes, "keepalive probes");
    put_tile(out, "", capture->answers, "answers");
    put_tile(out, "", capture->window_probes, "window probes");
    put_tile(out, "", capture->tcp, "TCP segments");
    ka_html_put(out, "</div>");
    put_doubts(report, out);
    ka_html_put(out, "<nav><a href=\"#findings\">Findings</a> · <a href=\"#idle\">Idle times</a> · "
                     "<a href=\"#rtt\">Round trips</a> · <a href=\"#lanes\">Timelines</a> · "
                     "<a href=\"#connections\">Connections</a></nav></header>\n<main>\n");
}

/* --- findings */

static void put_flow_link(struct ka_text *out, uint64_t flow_id)
{
    ka_html_put(out, "<a href=\"#c");
    ka_text_put_number(out, flow_id);
    ka_html_put(out, "\">#");
    ka_text_put_number(out, flow_id);
    ka_html_put(out, "</a> ");
}

static void put_evidence(struct ka_text *out, const struct ka_ev_finding *finding)
{
    bool flows = finding->evidence_of == KA_EVIDENCE_FLOWS;
    if (finding->evidence[0] == 0)
        return;
    bool single = finding->evidence[1] == 0;
    ka_html_put(out, flows    ? " <small>connections "
                     : single ? " <small>frame "
                              : " <small>frames ");
    for (size_t i = 0; i < KA_EVIDENCE_MAX && finding->evidence[i] != 0; i++) {
        if (flows) {
            put_flow_link(out, finding->evidence[i]);
            continue;
        }
        ka_html_put(out, i > 0 ? ", " : "");
        ka_text_put_number(out, finding->evidence[i]);
    }
    ka_html_put(out, "</small>");
}

static void put_finding(const struct ka_report *report, const struct ka_event *event,
                        struct ka_text *out)
{
    ka_html_put(out, "<li><small>");
    ka_line_time(out, event->envelope.time, event->envelope.digits, report->options.utc, true);
    ka_html_put(out, "</small> ");
    if (event->envelope.flow_id != 0)
        put_flow_link(out, event->envelope.flow_id);
    ka_html_put_foreign(out, event->finding.text, sizeof(event->finding.text));
    put_evidence(out, &event->finding);
    ka_html_put(out, "</li>\n");
}

static void put_kind(const struct ka_report *report, const struct ka_event *first, size_t count,
                     struct ka_text *out)
{
    const struct ka_ev_finding *finding = &first->finding;
    const char *severity = ka_severity_name(finding->severity);
    ka_html_put(out, "<section class=\"find ");
    ka_html_put(out, severity);
    ka_html_put(out, "\"><h3><span class=\"tag ");
    ka_html_put(out, severity);
    ka_html_put(out, "\">");
    ka_html_put(out, severity);
    ka_html_put(out, "</span>");
    ka_html_put_string(out, finding->kind);
    if (count > 1) {
        ka_html_put(out, " <small>");
        ka_text_put_number(out, count);
        ka_html_put(out, " times</small>");
    }
    ka_html_put(out, "</h3><ul>\n");
    for (size_t i = 0; i < count && i < KA_LISTED_MOST; i++)
        put_finding(report, &first[i], out);
    if (count > KA_LISTED_MOST) {
        ka_html_put(out, "<li class=\"dim\">and ");
        ka_text_put_number(out, count - KA_LISTED_MOST);
        ka_html_put(out, " more: kasniff report --all tells them</li>");
    }
    ka_html_put(out, "</ul>");
    if (finding->advice != NULL) {
        ka_html_put(out, "<p class=\"advice\">→ ");
        ka_html_put_string(out, finding->advice);
        ka_html_put(out, "</p>");
    }
    ka_html_put(out, "</section>\n");
}

/* Findings that stand together and give the same advice. */
static size_t count_alike(const struct ka_event *first, size_t left)
{
    size_t count = 1;
    while (count < left && first[count].finding.severity == first->finding.severity &&
           first[count].finding.advice == first->finding.advice &&
           strcmp(first[count].finding.kind, first->finding.kind) == 0)
        count++;
    return count;
}

static void put_findings(const struct ka_report *report, struct ka_text *out)
{
    ka_html_put(out, "<h2 id=\"findings\">Findings</h2>\n");
    if (report->finding_count == 0)
        ka_html_put(out, "<p>None.</p>\n");
    for (size_t i = 0; i < report->finding_count;) {
        const struct ka_event *first = &report->findings[i];
        size_t count = count_alike(first, report->finding_count - i);
        put_kind(report, first, count, out);
        i += count;
    }
}

/* --- connections */

static void put_cell(struct ka_text *out, bool right)
{
    ka_html_put(out, right ? "<td class=r>" : "<td>");
}

static void put_prober(struct ka_text *out, const struct ka_ev_connection *connection,
                       unsigned side)
{
    const struct ka_ev_keepalive *keepalive = &connection->keepalive[side];
    put_cell(out, false);
    ka_html_put(out, side == 0 ? "client" : "server");
    put_cell(out, false);
    ka_report_put_schedule(out, keepalive);
    put_cell(out, false);
    if (keepalive->stack[0] != NULL)
        ka_html_put_string(out, keepalive->stack[0]);
    put_cell(out, true);
    ka_report_put_answered(out, connection, side);
    put_cell(out, true);
    if (keepalive->rtt_median != KA_TIME_NONE)
        ka_line_duration(out, keepalive->rtt_median);
    put_cell(out, true);
    ka_report_put_bytes(out, keepalive->overhead_bytes);
}

static void put_app(struct ka_text *out, const struct ka_ev_connection *connection)
{
    struct ka_text text = ka_text_growing();
    ka_line_http(&text, &connection->http);
    if (text.used > 0 && connection->heartbeat.present)
        ka_text_put_string(&text, "; ");
    ka_line_heartbeat(&text, &connection->heartbeat, connection->one_way);
    if (text.used > 0) {
        ka_html_put(out, "<tr><td><td colspan=10 class=more><small>");
        ka_html_put_foreign(out, text.bytes, text.used);
        ka_html_put(out, "</small>\n");
    }
    ka_text_free(&text);
}

/* Closing tags of rows and cells may be left out (HTML, 13.1.2.4), and there may be many. */
static void put_row(struct ka_text *out, const struct ka_told *told)
{
    const struct ka_ev_connection *connection = &told->event.connection;
    unsigned first = ka_told_has(told, 0) || !ka_told_has(told, 1) ? 0 : 1;
    ka_html_put(out, "<tr id=c");
    ka_text_put_number(out, told->event.envelope.flow_id);
    ka_html_put(out, told->drawn ? "><td><a href=#l" : "><td>");
    if (told->drawn) {
        ka_text_put_number(out, told->event.envelope.flow_id);
        ka_text_put_char(out, '>');
    }
    ka_text_put_char(out, '#');
    ka_text_put_number(out, told->event.envelope.flow_id);
    ka_html_put(out, told->drawn ? "</a><td class=s" : "<td class=s");
    ka_text_put_number(out, ka_told_badness(told));
    ka_text_put_char(out, '>');
    ka_report_put_state(out, told);
    put_cell(out, false);
    ka_line_endpoint(out, &told->event.envelope.src);
    ka_html_put(out, " &gt; ");
    ka_line_endpoint(out, &told->event.envelope.dst);
    if (ka_told_has(told, first))
        put_prober(out, connection, first);
    else
        ka_html_put(out, "<td>none<td><td><td><td><td>");
    put_cell(out, true);
    ka_line_duration(out, connection->longest_idle);
    put_cell(out, false);
    ka_html_put(out, ka_ended_name((enum ka_ended)connection->ended));
    ka_text_put_char(out, '\n');
    if (first == 0 && ka_told_has(told, 1)) {
        ka_html_put(out, "<tr><td><td><td>");
        put_prober(out, connection, 1);
        ka_html_put(out, "<td><td>\n");
    }
    put_app(out, connection);
}

static void put_connections(const struct ka_report *report, struct ka_text *out)
{
    ka_html_put(out, "<h2 id=\"connections\">Connections</h2>\n");
    if (report->told_count == 0) {
        ka_html_put(out,
                    "<p>None that keeps itself alive, died, or was idle for over a minute.</p>");
    } else {
        ka_html_put(out, "<div class=\"scroll\"><table><thead><tr><th>flow<th>state<th>client &gt; "
                         "server<th>prober<th>idle / interval × count<th>stack<th class=r>answered"
                         "<th class=r>RTT<th class=r>overhead<th class=r>longest idle<th>ended"
                         "</thead><tbody>\n");
        for (size_t i = 0; i < report->told_count; i++)
            put_row(out, &report->told[i]);
        ka_html_put(out, "</tbody></table></div>\n");
    }
    if (report->untold > 0) {
        ka_html_put(out, "<p class=\"dim\">Not shown: ");
        ka_line_count(out, report->untold, "connection");
        ka_html_put(out, " without keepalive, long idle time or trouble.</p>\n");
    }
    if (ka_report_has_lost(report)) {
        ka_html_put(out, "<p class=\"dim\">Left out: ");
        ka_report_put_lost(report, out);
        ka_html_put(out, ".</p>\n");
    }
}

static void put_lanes(const struct ka_report *report, struct ka_text *out)
{
    ka_html_put(out, "<h2 id=\"lanes\">Timelines</h2>\n");
    ka_html_put(out,
                "<p class=\"key\"><span>Client above the line, server below.</span>"
                "<span><i class=\"kd\">█</i> data</span><span><i class=\"kp\">|</i> probe"
                "</span><span><i class=\"ka\">|</i> answer</span><span><i class=\"kw\">|</i> "
                "window probe</span><span><i class=\"kx\">|</i> reset or ICMP error</span>"
                "<span><i>╌</i> silence and its length</span><span>The strip below shows where "
                "in the capture the connection lies.</span></p>\n");
    if (report->told_count > KA_DRAWN_MOST) {
        ka_html_put(out, "<p class=\"dim\">Drawn: ");
        ka_text_put_number(out, KA_DRAWN_MOST);
        ka_html_put(out, " of ");
        ka_text_put_number(out, report->told_count);
        ka_html_put(out, " connections, those of the errors and warnings listed above first, of "
                         "each kind in turn. The others stand in the table only; kasniff report "
                         "--connection ID tells the course of one.</p>\n");
    }
    for (size_t i = 0; i < report->told_count; i++) {
        if (report->told[i].drawn)
            ka_html_put_lane(out, report, &report->told[i]);
    }
    if (report->marks_lost > 0)
        ka_html_put(out, "<p class=\"dim\">Probes and answers beyond the first million are not "
                         "drawn.</p>\n");
}

int ka_report_html(const struct ka_report *report, struct ka_text *out, struct ka_error *error)
{
    put_head(report, out);
    put_summary(report, out);
    put_findings(report, out);
    ka_html_put_gap_chart(out, report);
    ka_html_put_rtt_chart(out, report);
    put_lanes(report, out);
    put_connections(report, out);
    ka_html_put(out, "</main>\n<footer><p class=\"dim\">Made by kasniff.</p></footer>\n"
                     "</body></html>\n");
    if (report->memory_out || out->overflow)
        return ka_error_set(error, "the page is not whole: out of memory");
    return 0;
}
