/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyzers/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct finder {
    const char *kind;
    ka_find *find;
};

/* The table, most important first; ends with a NULL kind. */
static const struct finder finders[] = {
    {"peer-died", ka_find_peer_died},
    {"killed-in-the-middle", ka_find_killed},
    {"nat-rebinding", ka_find_nat_rebinding},
    {"peer-rebooted", ka_find_peer_rebooted},
    {"unreachable", ka_find_unreachable},
    {"application-silent", ka_find_app_silent},
    {"heartbeat-lost", ka_find_heartbeat_lost},
    {"keepalive-too-slow", ka_find_keepalive_slow},
    {"no-keepalive", ka_find_no_keepalive},
    {"peer-silent", ka_find_peer_silent},
    {"idle-reset", ka_find_idle_reset},
    {"one-sided-keepalive", ka_find_one_sided},
    {"keepalive-suspended", ka_find_suspended},
    {"answered-by-proxy", ka_find_proxy},
    {"keepalive-storm", ka_find_storm},
    {"window-closed", ka_find_window_closed},
    {"two-schedules", ka_find_two_schedules},
    {"http-idle-close", ka_find_http_idle_close},
    {"idle-close", ka_find_idle_close},
    {"schedule", ka_find_schedule},
    {NULL, NULL},
};

/* --- for finders */

void ka_finding_say(struct ka_event *event, enum ka_severity severity, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(event->finding.text, sizeof(event->finding.text), format, arguments);
    va_end(arguments);
    event->finding.severity = (uint8_t)severity;
}

void ka_finding_frame(struct ka_event *event, uint64_t frame)
{
    uint64_t *evidence = event->finding.evidence;
    for (size_t i = 0; i < KA_EVIDENCE_MAX && frame != 0; i++) {
        if (evidence[i] == frame)
            return;
        if (evidence[i] == 0) {
            evidence[i] = frame;
            return;
        }
    }
}

void ka_finding_figure(struct ka_event *event, const char *name, double value)
{
    struct ka_figure *figures = event->finding.figures;
    for (size_t i = 0; i < KA_FIGURES_MAX; i++) {
        if (figures[i].name == NULL) {
            figures[i] = (struct ka_figure){name, value};
            return;
        }
    }
}

void ka_finding_seconds(struct ka_event *event, const char *name, ka_time duration)
{
    if (duration != KA_TIME_NONE)
        ka_finding_figure(event, name, (double)duration / (double)KA_SECOND);
}

void ka_finding_at(struct ka_event *event, ka_time time, uint64_t frame)
{
    if (time != KA_TIME_NONE)
        event->envelope.time = time;
    event->envelope.frame = frame;
}

struct ka_words ka_words_duration(ka_time duration)
{
    struct ka_words words;
    _Static_assert(sizeof(words.text) >= KA_TIME_TEXT_SIZE, "a duration has to fit");
    ka_duration_text(duration, words.text);
    return words;
}

struct ka_words ka_words_endpoint(const struct ka_conn *conn, unsigned side)
{
    struct ka_words words;
    _Static_assert(sizeof(words.text) >= KA_ENDPOINT_TEXT_SIZE, "an endpoint has to fit");
    struct ka_endpoint endpoint = ka_conn_endpoint(conn, side);
    ka_endpoint_text(&endpoint, words.text);
    return words;
}

/* --- what several finders ask */

const struct ka_gap *ka_case_death(const struct ka_case *about)
{
    for (unsigned i = about->history->gap_count; i > 0; i--) {
        if (about->history->gaps[i - 1].result == KA_GAP_DIED)
            return &about->history->gaps[i - 1];
    }
    return NULL;
}

ka_time ka_case_survived(const struct ka_case *about)
{
    ka_time longest = KA_TIME_NONE;
    for (unsigned i = 0; i < about->history->gap_count; i++) {
        const struct ka_gap *gap = &about->history->gaps[i];
        if (gap->result == KA_GAP_SURVIVED && gap->length > longest)
            longest = gap->length;
    }
    return longest;
}

bool ka_case_outlived(const struct ka_case *about, ka_time length)
{
    enum { ABOUT_PART = 20 };
    ka_time survived = ka_case_survived(about);
    return survived != KA_TIME_NONE && survived + survived / ABOUT_PART >= length;
}

bool ka_case_reset_by_other(const struct ka_case *about)
{
    const struct ka_reset *reset = &about->history->reset;
    return reset->time != KA_TIME_NONE && reset->usual_ttl != KA_TTL_UNKNOWN &&
           ka_ttl_is_foreign(reset->ttl, reset->usual_ttl);
}

bool ka_case_is_shortened(const struct ka_case *about, unsigned side)
{
    enum { REPEATED = 3 };
    const struct ka_loss *loss = &about->history->loss[side];
    return loss->time != KA_TIME_NONE && loss->unanswered > REPEATED;
}

bool ka_case_came_back(const struct ka_case *about, unsigned side)
{
    const struct ka_mark *from = &about->rebinding.from;
    return from->flow_id == about->conn->flow_id && from->side == side;
}

void ka_case_tell_late(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_history *history = about->history;
    const struct ka_reset *reset = &history->reset;
    size_t used = strlen(event->finding.text);
    if (history->late == KA_TIME_NONE || reset->time == KA_TIME_NONE || reset->side != side ||
        reset->time < history->late)
        return;
    ka_time after = ka_time_between(history->closing, history->late);
    snprintf(event->finding.text + used, sizeof(event->finding.text) - used,
             "; its client used it still %s later, and was reset", ka_words_duration(after).text);
    ka_finding_frame(event, history->late_frame);
    ka_finding_frame(event, reset->frame);
    ka_finding_seconds(event, "used_after_s", after);
    event->finding.severity = KA_SEVERITY_WARNING;
    event->finding.advice =
        "have the client close its idle connections sooner than that, or look whether they are "
        "closed before it uses them; or raise that timeout of the server or proxy";
}

/* --- the judgement */

static void begin_event(const struct ka_analysis *analysis, struct ka_conn *conn, ka_time time,
                        unsigned side, const char *kind, struct ka_event *event)
{
    struct ka_occurrence at = {.conn = conn, .side = (uint8_t)side, .time = time};
    ka_event_begin(analysis, event, KA_EVENT_FINDING, &at);
    event->notable = true;
    event->finding = (struct ka_ev_finding){.kind = kind, .evidence_of = KA_EVIDENCE_FRAMES};
}

static struct ka_case make_case(const struct ka_analysis *analysis, const struct ka_conn *conn,
                                const struct ka_ev_connection *summary)
{
    const struct ka_extra *extra = ka_extra_of(analysis, conn);
    struct ka_case about = {
        .conn = conn,
        .history = ka_history_of(analysis, conn),
        .summary = summary,
        .client = ka_conn_client(conn),
        .now = analysis->clock,
        .hole = analysis->hole,
    };
    ka_rebinding_of(analysis, conn, &about.rebinding);
    for (unsigned side = 0; side < 2; side++) {
        about.prober[side] = ka_prober_of(analysis, conn, side);
        about.state[side] = extra != NULL ? extra->state[side] : KA_PEER_UNKNOWN;
    }
    return about;
}

/* The event names one input, that of its packet; what lies in others is no evidence it can show. */
static void settle_frames(struct ka_event *event)
{
    uint64_t *evidence = event->finding.evidence;
    uint64_t main = event->envelope.frame != 0 ? event->envelope.frame : evidence[0];
    size_t kept = 0;
    if (main != 0)
        event->envelope.input = ka_ref_input(main);
    event->envelope.frame = ka_ref_number(event->envelope.frame);
    for (size_t i = 0; i < KA_EVIDENCE_MAX && evidence[i] != 0; i++) {
        uint64_t ref = evidence[i];
        evidence[i] = 0;
        if (ka_ref_input(ref) == ka_ref_input(main))
            evidence[kept++] = ka_ref_number(ref);
    }
}

bool ka_findings_tell(struct ka_analysis *analysis, struct ka_conn *conn,
                      const struct ka_ev_connection *summary)
{
    bool serious = false;
    const struct ka_case about = make_case(analysis, conn, summary);
    if (about.history == NULL)
        return false;
    for (const struct finder *row = finders; row->kind != NULL; row++) {
        for (unsigned i = 0; i < 2; i++) {
            struct ka_event event;
            unsigned side = i == 0 ? about.client : !about.client;
            begin_event(analysis, conn, summary->end, side, row->kind, &event);
            if (!row->find(&about, side, &event))
                continue;
            settle_frames(&event);
            event.finding.rank = (uint8_t)(row - finders + 1);
            serious |= event.finding.severity != KA_SEVERITY_NOTE;
            analysis->config.sink.emit(analysis->config.sink.context, &event);
        }
    }
    return serious;
}
