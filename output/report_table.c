/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The table of connections: a row for each, and one more where both sides probe.
 */
#include "events/field.h"
#include "output/line.h"
#include "output/report_parts.h"

#include <string.h>

enum {
    FLOW,
    STATE,
    CONNECTION,
    PROBER,
    SCHEDULE,
    STACK,
    ANSWERED,
    RTT,
    IDLE,
    OVERHEAD,
    ENDED,
    COLUMNS,
    WIDTH_MOST = 92, /* two endpoints of IPv6 fit */
};

static const char *const headings[COLUMNS] = {
    "flow",
    "state",
    "client > server",
    "prober",
    "idle / interval x count",
    "stack",
    "answered",
    "RTT",
    "longest idle",
    "overhead",
    "ended",
};

void ka_report_put_bytes(struct ka_text *out, uint64_t bytes)
{
    static const char *const units[] = {" B", " kB", " MB", " GB", " TB"};
    unsigned unit = 0;
    double value = (double)bytes;
    while (value >= 1000 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        value /= 1000;
        unit++;
    }
    double tenths = (double)(uint64_t)(value * 10 + 0.5) / 10;
    ka_text_put_double(out, unit == 0 || value >= 100 ? (double)(uint64_t)(value + 0.5) : tenths);
    ka_text_put_string(out, units[unit]);
}

void ka_report_put_schedule(struct ka_text *out, const struct ka_ev_keepalive *keepalive)
{
    ka_line_duration(out, keepalive->idle);
    if (keepalive->interval == KA_TIME_NONE && keepalive->count == 0)
        return;
    ka_text_put_string(out, " / ");
    ka_line_duration(out, keepalive->interval);
    if (keepalive->count > 0) {
        ka_text_put_string(out, " x ");
        ka_text_put_number(out, keepalive->count);
    }
}

void ka_report_put_answered(struct ka_text *out, const struct ka_ev_connection *connection,
                            unsigned side)
{
    const struct ka_ev_keepalive *keepalive = &connection->keepalive[side];
    if (connection->one_way)
        ka_text_put_char(out, '?');
    else
        ka_text_put_number(out, keepalive->answered);
    ka_text_put_char(out, '/');
    ka_text_put_number(out, keepalive->probes);
}

static void put_prober_cell(struct ka_text *out, const struct ka_ev_connection *connection,
                            unsigned side, unsigned column)
{
    const struct ka_ev_keepalive *keepalive = &connection->keepalive[side];
    if (!keepalive->present) {
        ka_text_put_string(out, column == PROBER ? "none" : "-");
        return;
    }
    if (column == PROBER)
        ka_text_put_string(out, side == 0 ? "client" : "server");
    else if (column == SCHEDULE)
        ka_report_put_schedule(out, keepalive);
    else if (column == STACK)
        ka_text_put_string(out, keepalive->stack[0] != NULL ? keepalive->stack[0] : "-");
    else if (column == ANSWERED)
        ka_report_put_answered(out, connection, side);
    else if (column == RTT && keepalive->rtt_median == KA_TIME_NONE)
        ka_text_put_char(out, '-');
    else if (column == RTT)
        ka_line_duration(out, keepalive->rtt_median);
    else
        ka_report_put_bytes(out, keepalive->overhead_bytes);
}

/* One cell. The second row of a connection has the prober's columns only. */
static void put_cell(struct ka_text *out, const struct ka_told *told, unsigned side, bool second,
                     unsigned column)
{
    const struct ka_ev_connection *connection = &told->event.connection;
    bool of_prober = (column >= PROBER && column <= RTT) || column == OVERHEAD;
    if (of_prober) {
        put_prober_cell(out, connection, side, column);
        return;
    }
    if (second)
        return;
    if (column == FLOW) {
        ka_text_put_char(out, '#');
        ka_text_put_number(out, told->event.envelope.flow_id);
    } else if (column == STATE) {
        ka_report_put_state(out, told);
    } else if (column == CONNECTION) {
        ka_line_endpoint(out, &told->event.envelope.src);
        ka_text_put_string(out, " > ");
        ka_line_endpoint(out, &told->event.envelope.dst);
    } else if (column == IDLE) {
        ka_line_duration(out, connection->longest_idle);
    } else {
        ka_text_put_string(out, ka_ended_name((enum ka_ended)connection->ended));
        if (connection->midstream)
            ka_text_put_string(out, ", from the middle");
        if (connection->one_way)
            ka_text_put_string(out, ", one way");
    }
}

/* Calls put_cell for every row; with `widths` it measures, else writes. */
static void put_row(struct ka_text *out, const struct ka_told *told, unsigned side, bool second,
                    size_t *widths, bool measure)
{
    char cell[256];
    for (unsigned column = 0; column < COLUMNS; column++) {
        struct ka_text text = ka_text_fixed(cell, sizeof(cell));
        put_cell(&text, told, side, second, column);
        if (measure) {
            size_t width = text.used < WIDTH_MOST ? text.used : WIDTH_MOST;
            if (width > widths[column])
                widths[column] = width;
            continue;
        }
        size_t from = out->used;
        ka_text_put(out, text.bytes, text.used);
        if (column + 1 < COLUMNS)
            ka_text_pad(out, from, widths[column] + 2);
    }
    if (!measure)
        ka_text_put_char(out, '\n');
}

static void put_rows(const struct ka_report *report, struct ka_text *out, size_t shown,
                     size_t *widths, bool measure)
{
    for (size_t i = 0; i < shown; i++) {
        const struct ka_told *told = &report->told[i];
        unsigned first = ka_told_has(told, 0) || !ka_told_has(told, 1) ? 0 : 1;
        put_row(out, told, first, false, widths, measure);
        if (ka_told_has(told, 0) && ka_told_has(told, 1))
            put_row(out, told, 1, true, widths, measure);
    }
}

/* HTTP and heartbeats, which have no column: a line each. */
static void put_extras(const struct ka_report *report, struct ka_text *out, size_t shown)
{
    for (size_t i = 0; i < shown; i++) {
        const struct ka_told *told = &report->told[i];
        const struct ka_ev_connection *connection = &told->event.connection;
        if (connection->http.requests + connection->http.responses == 0 &&
            !connection->heartbeat.present)
            continue;
        ka_text_put_string(out, "  #");
        ka_text_put_number(out, told->event.envelope.flow_id);
        ka_text_put_string(out, "  ");
        ka_line_http(out, &connection->http);
        if (connection->heartbeat.present &&
            connection->http.requests + connection->http.responses > 0)
            ka_text_put_string(out, "; ");
        ka_line_heartbeat(out, &connection->heartbeat, connection->one_way);
        ka_text_put_char(out, '\n');
    }
}

void ka_report_put_lost(const struct ka_report *report, struct ka_text *out)
{
    ka_line_count(out, report->connections_lost, "connection");
    ka_text_put_string(out, " and ");
    ka_line_count(out, report->findings_lost, "finding");
    ka_text_put_string(out, ", for a report keeps no more of each (--json tells of all, a filter "
                            "leaves fewer)");
}

void ka_report_put_table(const struct ka_report *report, struct ka_text *out)
{
    size_t widths[COLUMNS];
    size_t shown = report->told_count;
    if (report->options.top > 0 && !report->options.all && shown > report->options.top)
        shown = report->options.top;
    if (shown == 0) {
        ka_text_put_string(out, "  none that keeps itself alive, died, or was idle for over a "
                                "minute (--all shows every one)\n");
        return;
    }
    for (unsigned column = 0; column < COLUMNS; column++)
        widths[column] = strlen(headings[column]);
    put_rows(report, out, shown, widths, true);
    for (unsigned column = 0; column < COLUMNS; column++) {
        size_t from = out->used;
        ka_text_put_string(out, headings[column]);
        if (column + 1 < COLUMNS)
            ka_text_pad(out, from, widths[column] + 2);
    }
    ka_text_put_char(out, '\n');
    put_rows(report, out, shown, widths, false);
    put_extras(report, out, shown);
    if (shown < report->told_count) {
        ka_text_put_string(out, "  ... and ");
        ka_text_put_number(out, report->told_count - shown);
        ka_text_put_string(out, " more (--top N, --all)\n");
    }
    if (report->untold > 0 && report->options.connection == 0) {
        ka_text_put_string(out, "  not shown: ");
        ka_line_count(out, report->untold, "connection");
        ka_text_put_string(out, " without keepalive, long idle time or trouble (--all)\n");
    }
    if (ka_report_has_lost(report)) {
        ka_text_put_string(out, "  left out: ");
        ka_report_put_lost(report, out);
        ka_text_put_char(out, '\n');
    }
}
