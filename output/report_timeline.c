/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The timeline of one connection: data, silences, probes, answers, states, in order of time.
 */
#include "events/field.h"
#include "output/line.h"
#include "output/report_parts.h"

enum kind { BEGIN, MARK, SPAN, GAP, FINISH };

struct entry {
    ka_time time;
    enum kind kind;
    size_t index;
};

/* Walks three lists that are in order of time each, in order of time. */
struct walk {
    const struct ka_told *told;
    const struct ka_mark *marks;
    size_t mark_count;
    size_t mark;
    size_t span;
    size_t gap;
};

/* What a mark says, without time and endpoints. */
static void put_mark(struct ka_text *out, const struct ka_mark *mark)
{
    switch ((enum ka_event_type)mark->type) {
    case KA_EVENT_PROBE:
        ka_text_put_string(out, "probe ");
        ka_text_put_number(out, mark->number);
        if (mark->value != KA_TIME_NONE) {
            ka_text_put_string(out, " after ");
            ka_line_duration(out, mark->value);
            ka_text_put_string(out, " idle");
        }
        return;
    case KA_EVENT_ANSWER: {
        static const char *const results[] = {"answer", "answer with data", "answer: RST",
                                              "answer: ICMP error"};
        ka_text_put_string(out, results[mark->result]);
        if (mark->value != KA_TIME_NONE) {
            ka_text_put_string(out, " after ");
            ka_line_duration(out, mark->value);
        }
        return;
    }
    case KA_EVENT_STATE:
        ka_text_put_string(out, "is ");
        ka_text_put_string(out, ka_peer_state_name((enum ka_peer_state)mark->number));
        ka_text_put_string(out, ": ");
        ka_text_put_string(out, mark->why);
        return;
    case KA_EVENT_WINDOW_PROBE:
        ka_text_put_string(out, "window probe ");
        ka_text_put_number(out, mark->number);
        return;
    case KA_EVENT_LOOKALIKE:
    case KA_EVENT_CONNECTION:
    case KA_EVENT_FINDING:
    case KA_EVENT_VERDICT:
    case KA_EVENT_IDLE_TIMEOUT:
    case KA_EVENT_SOCKET:
    case KA_EVENT_CAPTURE:
    case KA_EVENT_TYPE_COUNT:
        return;
    }
}

static bool next_entry(struct walk *walk, struct entry *out)
{
    const struct ka_activity *activity = &walk->told->activity;
    bool found = false;
    out->time = KA_TIME_NONE;
    if (walk->span < activity->span_count) {
        *out = (struct entry){activity->spans[walk->span].from, SPAN, walk->span};
        found = true;
    }
    if (walk->mark < walk->mark_count && (!found || walk->marks[walk->mark].time < out->time)) {
        *out = (struct entry){walk->marks[walk->mark].time, MARK, walk->mark};
        found = true;
    }
    /* A silence comes last: it begins with the packet that has its time. */
    if (walk->gap < activity->gap_count && (!found || activity->gaps[walk->gap].from < out->time)) {
        *out = (struct entry){activity->gaps[walk->gap].from, GAP, walk->gap};
        found = true;
    }
    if (found && out->kind == SPAN)
        walk->span++;
    else if (found && out->kind == GAP)
        walk->gap++;
    else if (found)
        walk->mark++;
    return found;
}

static void put_span(struct ka_text *out, const struct ka_span *span)
{
    static const char *const by[] = {"client", "server"};
    const char *separator = "data for ";
    ka_text_put_string(out, separator);
    ka_line_duration(out, span->to - span->from);
    separator = ": ";
    for (unsigned side = 0; side < 2; side++) {
        if (span->packets[side] == 0)
            continue;
        ka_text_put_string(out, separator);
        ka_text_put_string(out, by[side]);
        ka_text_put_char(out, ' ');
        ka_line_count(out, span->packets[side], "packet");
        ka_text_put_string(out, ", ");
        ka_report_put_bytes(out, span->bytes[side]);
        separator = "; ";
    }
}

static void put_gap(struct ka_text *out, const struct ka_gap *gap)
{
    static const char *const results[] = {", survived", ", not survived", ""};
    ka_text_put_string(out, "then silence for ");
    ka_line_duration(out, gap->length);
    ka_text_put_string(out, results[gap->result]);
    if (gap->after == KA_AFTER_RST)
        ka_text_put_string(out, ": a reset met what came next");
    else if (gap->after == KA_AFTER_SILENT)
        ka_text_put_string(out, ": what came next vanished");
    else if (gap->after == KA_AFTER_ICMP)
        ka_text_put_string(out, ": an ICMP error met what came next");
}

static void put_entry(const struct ka_report *report, const struct walk *walk,
                      const struct entry *entry, struct ka_text *out)
{
    unsigned digits = walk->told->event.envelope.digits;
    const struct ka_activity *activity = &walk->told->activity;
    uint64_t frame = 0;
    uint16_t input = 0;
    ka_text_put_string(out, "  ");
    ka_line_time(out, entry->time, digits, report->options.utc, true);
    ka_text_put_string(out, "  ");
    if (entry->kind == SPAN) {
        put_span(out, &activity->spans[entry->index]);
        frame = activity->spans[entry->index].frame;
        input = activity->spans[entry->index].input;
    } else if (entry->kind == GAP) {
        put_gap(out, &activity->gaps[entry->index]);
    } else {
        const struct ka_mark *mark = &walk->marks[entry->index];
        ka_text_put_string(out, mark->by_client ? "client: " : "server: ");
        put_mark(out, mark);
        frame = mark->frame;
        input = mark->input;
    }
    if (frame != 0) {
        ka_text_put_string(out, "  (frame ");
        ka_text_put_number(out, frame);
        ka_report_put_file(report, input, out);
        ka_text_put_char(out, ')');
    }
    ka_text_put_char(out, '\n');
}

static void put_moment(const struct ka_report *report, const struct ka_told *told, ka_time time,
                       const char *what, struct ka_text *out)
{
    ka_text_put_string(out, "  ");
    ka_line_time(out, time, told->event.envelope.digits, report->options.utc, true);
    ka_text_put_string(out, "  ");
    ka_text_put_string(out, what);
    ka_text_put_char(out, '\n');
}

void ka_report_put_timeline(const struct ka_report *report, const struct ka_told *told,
                            struct ka_text *out)
{
    const struct ka_ev_connection *connection = &told->event.connection;
    struct walk walk = {.told = told};
    struct entry entry;
    walk.marks = ka_report_marks(report, told->event.envelope.flow_id, &walk.mark_count);
    ka_text_put_string(out, "Connection #");
    ka_text_put_number(out, told->event.envelope.flow_id);
    ka_text_put_string(out, ": client ");
    ka_line_endpoint(out, &told->event.envelope.src);
    ka_text_put_string(out, ", server ");
    ka_line_endpoint(out, &told->event.envelope.dst);
    ka_text_put_char(out, '\n');
    put_moment(report, told, connection->start,
               connection->midstream ? "the capture begins, the connection lives already"
                                     : "the connection begins",
               out);
    while (next_entry(&walk, &entry))
        put_entry(report, &walk, &entry, out);
    ka_text_put_string(out, "  ");
    ka_line_time(out, connection->end, told->event.envelope.digits, report->options.utc, true);
    ka_text_put_string(out, "  the last packet; ended: ");
    ka_text_put_string(out, ka_ended_name((enum ka_ended)connection->ended));
    ka_text_put_char(out, '\n');
}
