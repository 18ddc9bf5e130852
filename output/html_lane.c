/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The swim lane of one connection: data, silences with their length, probes and answers, resets,
 * over the connection's own time; and a strip that shows where that lies in the capture.
 */
#include "events/field.h"
#include "output/html.h"
#include "output/line.h"

enum {
    WIDTH = 1000,
    HEIGHT = 66,
    MIDDLE = 30,      /* the lane's line */
    DATA_HALF = 7,    /* of a bar of data */
    TICK = 11,        /* of a probe or answer: up for the client, down for the server */
    STRIP = 61,       /* where the strip begins */
    LABELS_MOST = 6,  /* silences that carry their length */
    LABEL_WIDTH = 76, /* and are at least so wide */
    CELL = 3,         /* marks nearer than this are one */
};

struct lane {
    struct ka_text *out;
    ka_time from;
    ka_time length; /* above 0 */
};

static double place(const struct lane *lane, ka_time time)
{
    ka_time since = ka_time_between(lane->from, time);
    if (since == KA_TIME_NONE)
        return 0;
    double at = (double)since / (double)lane->length;
    return at > 1 ? WIDTH : at * WIDTH;
}

static void put_attribute(struct ka_text *out, const char *name, double value)
{
    ka_text_put_char(out, ' ');
    ka_html_put(out, name);
    ka_html_put(out, "=\"");
    ka_html_put_at(out, value);
    ka_text_put_char(out, '"');
}

static void put_rect(const struct lane *lane, const char *class, double x, double y, double width,
                     double height)
{
    struct ka_text *out = lane->out;
    ka_html_put(out, "<rect class=\"");
    ka_html_put(out, class);
    ka_text_put_char(out, '"');
    put_attribute(out, "x", x);
    put_attribute(out, "y", y);
    put_attribute(out, "width", width);
    put_attribute(out, "height", height);
    ka_html_put(out, "/>");
}

static void put_line(const struct lane *lane, const char *class, double from, double to)
{
    struct ka_text *out = lane->out;
    ka_html_put(out, "<path class=\"");
    ka_html_put(out, class);
    ka_html_put(out, "\" d=\"M");
    ka_html_put_at(out, from);
    ka_text_put_char(out, ' ');
    ka_text_put_number(out, MIDDLE);
    ka_text_put_char(out, 'H');
    ka_html_put_at(out, to);
    ka_html_put(out, "\"/>");
}

/* The client's data above the line, the server's below. */
static void put_span(const struct lane *lane, const struct ka_span *span)
{
    double from = place(lane, span->from);
    double width = place(lane, span->to) - from;
    if (width < 2)
        width = 2;
    if (from + width > WIDTH)
        from = WIDTH - width;
    if (span->packets[0] > 0)
        put_rect(lane, "d0", from, MIDDLE - DATA_HALF, width, DATA_HALF);
    if (span->packets[1] > 0)
        put_rect(lane, "d1", from, MIDDLE, width, DATA_HALF);
}

static void put_gap(const struct lane *lane, const struct ka_gap *gap, unsigned *labels)
{
    struct ka_text *out = lane->out;
    double from = place(lane, gap->from);
    double to = place(lane, gap->from + gap->length);
    bool died = gap->result == KA_GAP_DIED;
    put_line(lane, died ? "gapbad" : "gap", from, to);
    if ((to - from < LABEL_WIDTH || *labels == 0) && !died)
        return;
    if (*labels > 0)
        --*labels;
    double middle = (from + to) / 2;
    if (middle < LABEL_WIDTH)
        middle = LABEL_WIDTH;
    if (middle > WIDTH - LABEL_WIDTH)
        middle = WIDTH - LABEL_WIDTH;
    ka_html_put(out, died ? "<text class=\"badt\"" : "<text");
    put_attribute(out, "x", middle);
    ka_html_put(out, " y=\"56\" text-anchor=\"middle\">");
    ka_line_duration(out, gap->length);
    ka_html_put(out, died ? ", not survived</text>" : "</text>");
}

/* Which path a mark belongs to; -1 none. */
static int mark_class(const struct ka_mark *mark)
{
    if (mark->type == KA_EVENT_PROBE)
        return 0;
    if (mark->type == KA_EVENT_ANSWER)
        return mark->result >= KA_ANSWER_RST ? 3 : 1;
    if (mark->type == KA_EVENT_WINDOW_PROBE)
        return 2;
    return -1;
}

/* All ticks of one kind and side are one path; those too near to tell apart are one tick. */
static void put_ticks(const struct lane *lane, const struct ka_mark *marks, size_t count, int class)
{
    static const char *const classes[] = {"p", "a", "w", "x"};
    struct ka_text *out = lane->out;
    double last[2] = {-CELL, -CELL};
    bool begun = false;
    for (size_t i = 0; i < count; i++) {
        bool up = marks[i].by_client;
        double at = place(lane, marks[i].time);
        if (mark_class(&marks[i]) != class || at - last[up] < CELL)
            continue;
        last[up] = at;
        if (!begun) {
            ka_html_put(out, "<path class=\"");
            ka_html_put(out, classes[class]);
            ka_html_put(out, "\" d=\"");
        }
        begun = true;
        ka_text_put_char(out, 'M');
        ka_html_put_at(out, at);
        ka_text_put_char(out, ' ');
        ka_text_put_number(out, up ? MIDDLE - DATA_HALF - TICK : MIDDLE + DATA_HALF);
        ka_text_put_char(out, 'v');
        ka_text_put_number(out, TICK);
    }
    if (begun)
        ka_html_put(out, "\"/>");
}

/* The end: a cross for a reset or for giving up, a bar for a close. */
static void put_end(const struct lane *lane, const struct ka_ev_connection *connection)
{
    struct ka_text *out = lane->out;
    if (connection->ended == KA_ENDED_RST || connection->ended == KA_ENDED_GAVE_UP)
        ka_html_put(out, "<path class=\"x\" d=\"M988 24l12 12m0-12l-12 12\"/>");
    else if (connection->ended == KA_ENDED_FIN)
        ka_html_put(out, "<path class=\"axis\" d=\"M999 20v20\"/>");
}

static void put_strip(const struct lane *lane, const struct ka_report *report)
{
    const struct ka_ev_capture *capture = &report->capture.capture;
    ka_time whole = ka_time_between(capture->first, capture->last);
    ka_time since = ka_time_between(capture->first, lane->from);
    if (whole == KA_TIME_NONE || whole == 0 || since == KA_TIME_NONE || since > whole)
        return;
    double from = (double)since / (double)whole * WIDTH;
    double width = (double)lane->length / (double)whole * WIDTH;
    if (width < 3)
        width = 3;
    if (from + width > WIDTH)
        from = width > WIDTH ? 0 : WIDTH - width;
    put_rect(lane, "when", 0, STRIP, WIDTH, 3);
    put_rect(lane, "here", from, STRIP, width > WIDTH ? WIDTH : width, 3);
}

static void put_title(struct ka_text *out, const struct ka_report *report,
                      const struct ka_told *told)
{
    static const char *const badness[] = {"s0", "s1", "s2"};
    const struct ka_ev_connection *connection = &told->event.connection;
    ka_html_put(out, "<p><b>#");
    ka_text_put_number(out, told->event.envelope.flow_id);
    ka_html_put(out, "</b> ");
    ka_line_endpoint(out, &told->event.envelope.src);
    ka_html_put(out, " &gt; ");
    ka_line_endpoint(out, &told->event.envelope.dst);
    if (ka_told_is_judged(told)) {
        ka_html_put(out, " <b class=\"");
        ka_html_put(out, badness[ka_told_badness(told)]);
        ka_html_put(out, "\">");
        ka_report_put_state(out, told);
        ka_html_put(out, "</b>");
    }
    ka_html_put(out, " <span class=\"dim\">");
    ka_line_time(out, connection->start, 0, report->options.utc, true);
    ka_html_put(out, ", ");
    ka_line_duration(out, ka_time_between(connection->start, connection->end));
    ka_html_put(out, ", ended: ");
    ka_html_put(out, ka_ended_name((enum ka_ended)connection->ended));
    ka_html_put(out, connection->midstream ? ", from the middle" : "");
    ka_html_put(out, connection->one_way ? ", one way" : "");
    ka_html_put(out, "</span></p>");
}

void ka_html_put_lane(struct ka_text *out, const struct ka_report *report,
                      const struct ka_told *told)
{
    const struct ka_ev_connection *connection = &told->event.connection;
    struct lane lane = {.out = out, .from = connection->start};
    unsigned labels = LABELS_MOST;
    size_t count;
    const struct ka_mark *marks = ka_report_marks(report, told->event.envelope.flow_id, &count);
    lane.length = ka_time_between(connection->start, connection->end);
    if (lane.length == KA_TIME_NONE || lane.length == 0)
        lane.length = 1;
    ka_html_put(out, "<div class=\"lane\" id=\"l");
    ka_text_put_number(out, told->event.envelope.flow_id);
    ka_html_put(out, "\">");
    put_title(out, report, told);
    ka_html_put(out, "<div class=\"wide\"><svg viewBox=\"0 0 ");
    ka_text_put_number(out, WIDTH);
    ka_text_put_char(out, ' ');
    ka_text_put_number(out, HEIGHT);
    ka_html_put(out, "\" role=\"img\" aria-label=\"timeline\">");
    put_line(&lane, "axis", 0, WIDTH);
    for (uint16_t i = 0; i < told->activity.gap_count; i++)
        put_gap(&lane, &told->activity.gaps[i], &labels);
    for (uint16_t i = 0; i < told->activity.span_count; i++)
        put_span(&lane, &told->activity.spans[i]);
    for (int class = 0; class < 4 && marks != NULL; class ++)
        put_ticks(&lane, marks, count, class);
    put_end(&lane, connection);
    put_strip(&lane, report);
    ka_html_put(out, "</svg></div></div>\n");
}
