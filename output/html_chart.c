/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The two charts of the page: idle times survived and died on one axis with the known timeouts, and
 * the round trips of probes.
 */
#include "output/html.h"
#include "output/line.h"

#include <math.h>

enum {
    WIDTH = 1000,
    LEFT = 70, /* room for the rows' names */
    RIGHT = 20,
    RULES_MOST = 40,
    LABEL_ROWS = 3,
    LABEL_WIDTH = 66,
    RTT_SHOWN_LEAST = 12, /* buckets */
    CELLS = 300,          /* dots nearer than this part of the axis are one */
};

double ka_html_log_place(ka_time value, ka_time low, ka_time high)
{
    if (value <= low)
        return 0;
    if (value >= high)
        return 1;
    return log((double)value / (double)low) / log((double)high / (double)low);
}

static void put_text(struct ka_text *out, double x, double y, const char *anchor)
{
    ka_html_put(out, "<text x=\"");
    ka_html_put_at(out, x);
    ka_html_put(out, "\" y=\"");
    ka_html_put_at(out, y);
    ka_html_put(out, "\" text-anchor=\"");
    ka_html_put(out, anchor);
    ka_html_put(out, "\">");
}

static void put_vertical(struct ka_text *out, const char *class, double x, double from, double to)
{
    ka_html_put(out, "<path class=\"");
    ka_html_put(out, class);
    ka_html_put(out, "\" d=\"M");
    ka_html_put_at(out, x);
    ka_text_put_char(out, ' ');
    ka_html_put_at(out, from);
    ka_text_put_char(out, 'V');
    ka_html_put_at(out, to);
    ka_html_put(out, "\"/>");
}

/* --- idle times */

struct gap_axis {
    ka_time low;
    ka_time high;
};

static double gap_place(const struct gap_axis *axis, ka_time length)
{
    return LEFT + ka_html_log_place(length, axis->low, axis->high) * (WIDTH - LEFT - RIGHT);
}

/* Shortest and longest, a little beyond; false when there is no silence at all. */
static bool find_axis(const struct ka_report *report, struct gap_axis *axis)
{
    bool found = false;
    axis->low = INT64_MAX;
    axis->high = 0;
    for (size_t i = 0; i < report->told_count; i++) {
        const struct ka_activity *activity = &report->told[i].activity;
        for (uint16_t n = 0; n < activity->gap_count; n++) {
            ka_time length = activity->gaps[n].length;
            if (activity->gaps[n].result == KA_GAP_CENSORED)
                continue;
            found = true;
            axis->low = length < axis->low ? length : axis->low;
            axis->high = length > axis->high ? length : axis->high;
        }
    }
    if (!found)
        return false;
    axis->low -= axis->low / 5;
    axis->high += axis->high / 4;
    if (axis->high < 400 * KA_SECOND)
        axis->high = 400 * KA_SECOND; /* so that the usual timeouts are in sight */
    return true;
}

/* A dot for each silence; in a cell only one of each result. */
static void put_dots(const struct ka_report *report, struct ka_text *out,
                     const struct gap_axis *axis, enum ka_gap_result result, double y)
{
    bool taken[CELLS + 1] = {false};
    for (size_t i = 0; i < report->told_count; i++) {
        const struct ka_activity *activity = &report->told[i].activity;
        for (uint16_t n = 0; n < activity->gap_count; n++) {
            const struct ka_gap *gap = &activity->gaps[n];
            size_t cell = (size_t)(ka_html_log_place(gap->length, axis->low, axis->high) * CELLS);
            if (gap->result != result || taken[cell])
                continue;
            taken[cell] = true;
            ka_html_put(out, result == KA_GAP_DIED ? "<circle class=\"bad\" r=\"4.5\" cx=\""
                                                   : "<circle class=\"ok\" r=\"4\" cx=\"");
            ka_html_put_at(out, gap_place(axis, gap->length));
            ka_html_put(out, "\" cy=\"");
            ka_html_put_at(out, y);
            ka_html_put(out, "\"><title>#");
            ka_text_put_number(out, report->told[i].event.envelope.flow_id);
            ka_html_put(out, ", ");
            ka_line_duration(out, gap->length);
            ka_html_put(out, "</title></circle>");
        }
    }
}

/* Rules are in order of time; labels go to the first row where there is room. */
static void put_rules(const struct ka_report *report, struct ka_text *out,
                      const struct gap_axis *axis, double top, double bottom)
{
    double free_from[LABEL_ROWS] = {0};
    for (size_t i = 0; i < report->options.rule_count && i < RULES_MOST; i++) {
        const struct ka_report_rule *rule = &report->options.rules[i];
        if (rule->at < axis->low || rule->at > axis->high)
            continue;
        double x = gap_place(axis, rule->at);
        unsigned row = 0;
        while (row < LABEL_ROWS && free_from[row] > x)
            row++;
        put_vertical(out, "rule", x, top, bottom);
        if (row == LABEL_ROWS)
            continue;
        free_from[row] = x + LABEL_WIDTH;
        put_text(out, x, 14 + 17 * row, "middle");
        ka_line_duration(out, rule->at);
        ka_html_put(out, "</text>");
    }
}

static void put_rule_names(const struct ka_report *report, struct ka_text *out,
                           const struct gap_axis *axis)
{
    bool begun = false;
    for (size_t i = 0; i < report->options.rule_count && i < RULES_MOST; i++) {
        const struct ka_report_rule *rule = &report->options.rules[i];
        if (rule->at < axis->low || rule->at > axis->high)
            continue;
        ka_html_put(out, begun ? "; " : "<p class=\"dim\">Known timeouts: ");
        begun = true;
        ka_html_put(out, "<b>");
        ka_line_duration(out, rule->at);
        ka_html_put(out, "</b> ");
        ka_html_put_string(out, rule->names);
    }
    if (begun)
        ka_html_put(out, "</p>");
}

void ka_html_put_gap_chart(struct ka_text *out, const struct ka_report *report)
{
    const double top = 54;
    const double bottom = 132;
    struct gap_axis axis;
    if (!find_axis(report, &axis))
        return;
    ka_html_put(out, "<h2 id=\"idle\">Idle times survived and not</h2>\n<div class=\"wide\"><svg "
                     "viewBox=\"0 0 1000 156\" "
                     "role=\"img\" aria-label=\"idle times survived and died\">");
    put_rules(report, out, &axis, top, bottom);
    ka_html_put(out, "<path class=\"axis\" d=\"M70 80H980M70 112H980\"/>");
    put_text(out, 0, 84, "start");
    ka_html_put(out, "survived</text>");
    put_text(out, 0, 116, "start");
    ka_html_put(out, "died</text>");
    put_dots(report, out, &axis, KA_GAP_SURVIVED, 80);
    put_dots(report, out, &axis, KA_GAP_DIED, 112);
    put_text(out, LEFT, 148, "start");
    ka_line_duration(out, axis.low);
    ka_html_put(out, "</text>");
    put_text(out, WIDTH - RIGHT, 148, "end");
    ka_line_duration(out, axis.high);
    ka_html_put(out, "</text></svg></div>\n");
    put_rule_names(report, out, &axis);
}

/* --- round trips */

void ka_html_put_rtt_chart(struct ka_text *out, const struct ka_report *report)
{
    const double base = 120;
    const double tall = 100;
    uint64_t most = 0;
    unsigned first = KA_RTT_BUCKETS;
    unsigned last = 0;
    for (unsigned i = 0; i < KA_RTT_BUCKETS; i++) {
        if (report->rtt[i] == 0)
            continue;
        most = report->rtt[i] > most ? report->rtt[i] : most;
        first = i < first ? i : first;
        last = i;
    }
    if (most == 0)
        return;
    while (last - first + 1 < RTT_SHOWN_LEAST && (first > 0 || last + 1 < KA_RTT_BUCKETS)) {
        first -= first > 0;
        last += last + 1 < KA_RTT_BUCKETS;
    }
    double width = (double)(WIDTH - LEFT - RIGHT) / (last - first + 1);
    ka_html_put(out, "<h2 id=\"rtt\">Round trips of probes</h2>\n<div class=\"wide\"><svg "
                     "viewBox=\"0 0 1000 140\" "
                     "role=\"img\" aria-label=\"histogram of round trips\">");
    for (unsigned i = first; i <= last; i++) {
        double x = LEFT + (i - first) * width;
        double height = (double)report->rtt[i] / (double)most * tall;
        if (report->rtt[i] > 0 && height < 1.5)
            height = 1.5;
        if (report->rtt[i] > 0) {
            ka_html_put(out, "<rect class=\"bar\" x=\"");
            ka_html_put_at(out, x + 1);
            ka_html_put(out, "\" y=\"");
            ka_html_put_at(out, base - height);
            ka_html_put(out, "\" width=\"");
            ka_html_put_at(out, width - 2);
            ka_html_put(out, "\" height=\"");
            ka_html_put_at(out, height);
            ka_html_put(out, "\"><title>");
            ka_text_put_number(out, report->rtt[i]);
            ka_html_put(out, "</title></rect>");
        }
        if ((i - first) % 2 != 0)
            continue;
        put_text(out, x, base + 14, "middle");
        ka_line_duration(out, ka_report_rtt_edge(i));
        ka_html_put(out, "</text>");
    }
    ka_html_put(out, "<path class=\"axis\" d=\"M70 120H980\"/>");
    put_text(out, 0, 30, "start");
    ka_text_put_number(out, most);
    ka_html_put(out, most == 1 ? " probe</text>" : " probes</text>");
    ka_html_put(out, "</svg></div>\n");
}
