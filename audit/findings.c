/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/findings.h"

#include "audit/advice.h"
#include "audit/remedy.h"
#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const sides[] = {[KA_SPEAKER_CLIENT] = "client", [KA_SPEAKER_SERVER] = "server"};
static const char *const senders[] = {
    [KA_ARM_SILENT] = "nothing sent",
    [KA_ARM_KEEPALIVE_0] = "a 0-byte keepalive",
    [KA_ARM_KEEPALIVE_1] = "a 1-byte keepalive",
    [KA_ARM_DATA] = "application data",
};

static struct ka_event blank(const struct ka_audit_report *report, enum ka_event_type type)
{
    return (struct ka_event){
        .type = type,
        .notable = true,
        .envelope = {.time = report->time, .src = report->near, .dst = report->far, .digits = 3},
    };
}

static void emit(const struct ka_audit_report *report, const struct ka_event *event)
{
    report->sink.emit(report->sink.context, event);
}

/* A finding with up to two figures; a name of NULL leaves one out. */
__attribute__((format(printf, 7, 8))) static void find(const struct ka_audit_report *report,
                                                       const char *kind, const char *name,
                                                       double value, const char *second,
                                                       double second_value, const char *format, ...)
{
    struct ka_event event = blank(report, KA_EVENT_FINDING);
    event.finding.kind = kind;
    event.finding.figures[0] = (struct ka_figure){name, value};
    if (name != NULL)
        event.finding.figures[1] = (struct ka_figure){second, second_value};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(event.finding.text, sizeof(event.finding.text), format, arguments);
    va_end(arguments);
    emit(report, &event);
}

void ka_audit_findings_tell(const struct ka_audit_report *report, const char *kind,
                            const char *figure, double value, const char *text)
{
    find(report, kind, figure, value, NULL, 0, "%s", text);
}

static double seconds(ka_time duration)
{
    return duration == KA_TIME_NONE ? (double)NAN : (double)duration / 1e9;
}

void ka_audit_findings_series(const struct ka_audit_report *report,
                              const struct ka_audit_result *result, const struct ka_series *series)
{
    if (series->skipped || !series->started)
        return;
    struct ka_bracket bracket = ka_audit_outcome(result, series);
    struct ka_event event = blank(report, KA_EVENT_IDLE_TIMEOUT);
    event.idle_timeout = (struct ka_ev_idle_timeout){
        .survived = bracket.survived,
        .died = bracket.died,
        .precision = ka_bracket_width(&bracket),
        .trials = series->count,
        .arm = series->arm,
        .first_speaker = series->first_speaker,
        .after_expiry = bracket.after,
        .refresher = series->refresher,
        .has_refresher = series->arm != KA_ARM_SILENT,
        .origin = bracket.origin,
        .has_origin = bracket.after == KA_AFTER_RST,
    };
    ka_products_match(report->products, &bracket, event.idle_timeout.known);
    emit(report, &event);
}

struct ka_bracket ka_audit_findings_worst(const struct ka_audit_result *result)
{
    struct ka_bracket worst;
    ka_bracket_judge(NULL, 0, &worst);
    for (size_t i = 0; i < result->count; i++) {
        struct ka_bracket bracket = result->series[i].bracket;
        if (result->series[i].arm != KA_ARM_SILENT)
            continue;
        bool sooner = bracket.died != KA_TIME_NONE &&
                      (worst.died == KA_TIME_NONE || bracket.died < worst.died);
        if (sooner || (worst.died == KA_TIME_NONE && bracket.survived > worst.survived))
            worst = bracket;
    }
    return worst;
}

static void find_refresh(const struct ka_audit_report *report, const struct ka_audit_result *result,
                         const struct ka_series *series)
{
    const struct ka_series *base = ka_audit_base(result, series);
    char died[KA_TIME_TEXT_SIZE];
    if (series->skipped || base == NULL || base->bracket.died == KA_TIME_NONE || series->count == 0)
        return;
    bool counts = ka_remedy_refreshes(series, base);
    find(report, counts ? "refreshes" : "does-not-refresh", "died_s", seconds(series->bracket.died),
         "survived_s", seconds(series->bracket.survived),
         "%s from the %s %s the connection (%s first)", senders[series->arm],
         sides[series->refresher], counts ? "refreshes" : "does not refresh",
         sides[series->first_speaker]);
    if (counts && series->bracket.died != KA_TIME_NONE) {
        ka_duration_text(series->bracket.died, died);
        find(report, "second-limit", "died_s", seconds(series->bracket.died), NULL, 0,
             "with %s from the %s a second limit shows: dead after %s (%s)", senders[series->arm],
             sides[series->refresher], died, ka_after_text(series->bracket.after));
    }
    if (series->refreshed > 0 && series->unseen == series->refreshed && series->arm != KA_ARM_DATA)
        find(report, "keepalives-answered-between", "connections", series->unseen, NULL, 0,
             "%s never reaches the far end: a proxy on the path answers it", senders[series->arm]);
}

static void find_one_sided(const struct ka_audit_report *report,
                           const struct ka_audit_result *result, const struct ka_series *series)
{
    struct ka_bracket bracket = ka_audit_outcome(result, series);
    if (series->arm != KA_ARM_SILENT)
        return;
    if (bracket.after == KA_AFTER_RECOVERED)
        find(report, "one-sided-expiry", NULL, 0, NULL, 0,
             "the path forgets, but heals when the %s speaks first: only the other side notices",
             sides[series->first_speaker]);
    if (series->closed_between > 0 && !result->plain)
        find(report, "closed-between", "connections", series->closed_between, NULL, 0,
             "idle connections are %s by a box on the path: the far end did not do it (%s first)",
             bracket.after == KA_AFTER_CLOSED ? "closed" : "reset", sides[series->first_speaker]);
    if (bracket.after == KA_AFTER_CLOSED && result->plain)
        find(report, "closed-by-server", "died_s", seconds(bracket.died), NULL, 0,
             "the far end, or a proxy before it, closes idle connections itself: how long the path "
             "alone remembers is not known beyond that");
}

/* A reset that came to us. */
static void find_origin_here(const struct ka_audit_report *report, const struct ka_bracket *bracket,
                             const char *first, const char *unknown)
{
    if (bracket->origin == KA_ORIGIN_MIDDLEBOX && bracket->reset_ttl == bracket->usual_ttl)
        find(report, "reset-by-middlebox", "reset_ttl", bracket->reset_ttl, "usual_ttl",
             bracket->usual_ttl,
             "the reset (%s first) comes from a proxy on the path, which accepts connections "
             "in the far end's place: its TTL is %u, as that of the SYN-ACK, but the far end did "
             "not send it",
             first, bracket->reset_ttl);
    else if (bracket->origin == KA_ORIGIN_MIDDLEBOX)
        find(report, "reset-by-middlebox", "reset_ttl", bracket->reset_ttl, "usual_ttl",
             bracket->usual_ttl,
             "the reset (%s first) comes from a box on the path, not from the far end: its TTL "
             "is %u, that of the far end's own packets %u",
             first, bracket->reset_ttl, bracket->usual_ttl);
    else if (bracket->origin == KA_ORIGIN_ENDPOINT)
        find(report, "reset-by-far-end", "reset_ttl", bracket->reset_ttl, "usual_ttl",
             bracket->usual_ttl,
             "the reset (%s first) comes from the far end: its TTL is %u, as that of its own "
             "packets",
             first, bracket->reset_ttl);
    else
        find(report, "reset-by-unknown", NULL, 0, NULL, 0,
             "who sends the reset (%s first) is not known: %s", first, unknown);
}

/* One that came to the far end, which told of it. */
static void find_origin_there(const struct ka_audit_report *report,
                              const struct ka_bracket *bracket, const char *unknown)
{
    if (bracket->origin == KA_ORIGIN_MIDDLEBOX)
        find(report, "reset-by-middlebox", "reset_ttl", bracket->reset_ttl, "usual_ttl",
             bracket->usual_ttl,
             "the reset (server first), which the far end gets, comes from a box on the path, not "
             "from this host: its TTL there is %u, that of this host's own packets %u",
             bracket->reset_ttl, bracket->usual_ttl);
    else if (bracket->origin == KA_ORIGIN_ENDPOINT)
        find(report, "reset-by-near-end", "reset_ttl", bracket->reset_ttl, "usual_ttl",
             bracket->usual_ttl,
             "the reset (server first), which the far end gets, comes from this host: its TTL "
             "there is %u, as that of this host's own packets",
             bracket->reset_ttl);
    else
        find(report, "reset-by-unknown", NULL, 0, NULL, 0,
             "who sends the reset (server first) is not known: %s", unknown);
}

/* Who sends the reset that follows on the expiry. */
static void find_origin(const struct ka_audit_report *report, const struct ka_audit_result *result,
                        const struct ka_series *series)
{
    struct ka_bracket bracket = ka_audit_outcome(result, series);
    bool disputed = bracket.reset_ttl != 0;
    if (series->arm != KA_ARM_SILENT || bracket.after != KA_AFTER_RST)
        return;
    if (series->first_speaker == KA_SPEAKER_SERVER && series->closed_between == 0)
        find_origin_there(report, &bracket,
                          disputed ? "some seem to come from this host, some from a box before it"
                                   : "it went to the far end, and to see its TTL there takes "
                                     "CAP_NET_RAW: run the 'kasniff audit --listen' there as root");
    else
        find_origin_here(report, &bracket, sides[series->first_speaker],
                         !result->watched
                             ? "to see its TTL takes CAP_NET_RAW, so run the audit as root"
                         : disputed ? "some seem to come from the far end, some from a box before "
                                      "it"
                                    : "it was not seen on the wire");
}

/* The shortest silence that a trial of the series died of; KA_TIME_NONE none. */
static ka_time shortest_death(const struct ka_series *series)
{
    ka_time shortest = KA_TIME_NONE;
    for (size_t i = 0; i < series->count; i++)
        if (series->trials[i].result == KA_TRIAL_DIED &&
            (shortest == KA_TIME_NONE || series->trials[i].idle < shortest))
            shortest = series->trials[i].idle;
    return shortest;
}

/* Survivors above deaths: one fluke is a note, several are causes of their own; what lies within
 * the timers' own grain is neither. */
static void find_contradictions(const struct ka_audit_report *report,
                                const struct ka_series *series)
{
    char longest[KA_TIME_TEXT_SIZE];
    char shortest[KA_TIME_TEXT_SIZE];
    ka_time died = shortest_death(series);
    if (series->bracket.contradictions == 0 || died == KA_TIME_NONE ||
        ka_time_between(died, series->bracket.longest) < KA_PLAN_NARROWEST)
        return;
    ka_duration_text(series->bracket.longest, longest);
    ka_duration_text(died, shortest);
    find(report, "several-causes", "contradictions", series->bracket.contradictions, "longest_s",
         seconds(series->bracket.longest),
         "%u of %zu trials with %s (%s first) contradict the others (one survived %s, another died "
         "after %s): several paths, several limits, or losses",
         series->bracket.contradictions, series->count, senders[series->arm],
         sides[series->first_speaker], longest, shortest);
}

/* What today's schedules do on such a path. */
static void find_late(const struct ka_audit_report *report, const struct ka_bracket *worst)
{
    char names[KA_TEXT_MAX] = "";
    char when[KA_TIME_TEXT_SIZE];
    size_t used = 0;
    unsigned count = 0;
    struct ka_schedule late;
    for (; ka_advice_late(count, worst, &late) && used < sizeof(names); count++)
        used +=
            (size_t)snprintf(names + used, sizeof(names) - used, "%s%s at %lld s",
                             count > 0 ? ", " : "", late.who, (long long)(late.idle / KA_SECOND));
    ka_duration_text(worst->died, when);
    if (count > 0)
        find(report, "schedules-too-late", "died_s", seconds(worst->died), "schedules", count,
             "dead after %s here, so these keepalives come too late: %s", when, names);
}

/* Nothing died: how far that was looked for. */
static void find_nothing(const struct ka_audit_report *report, const struct ka_audit_result *result,
                         const struct ka_bracket *worst)
{
    char text[KA_TIME_TEXT_SIZE];
    if (worst->survived == KA_TIME_NONE || result->end != KA_AUDIT_DONE)
        return;
    ka_duration_text(worst->survived, text);
    find(report, "no-expiry", "survived_s", seconds(worst->survived), NULL, 0,
         "connections live through %s of silence here, the longest that was tried: --max looks "
         "further",
         text);
}

/* What to do, and what it costs; `text` is the time. */
static void find_remedy(const struct ka_audit_report *report, enum ka_remedy remedy, ka_time idle,
                        const char *text)
{
    struct ka_cost cost = ka_advice_cost(idle, report->far.addr.family);
    double kilobytes = cost.bytes / 1000;
    switch (remedy) {
    case KA_REMEDY_UNTRIED:
        find(report, "safe-keepalive", "idle_s", seconds(idle), "bytes_per_day", cost.bytes,
             "keepalives every %s or sooner are safe if they count on this path, which was not "
             "tried (--arms): %.0f packets, %.0f kB a day and connection",
             text, cost.packets, kilobytes);
        break;
    case KA_REMEDY_KEEPALIVE:
        find(report, "safe-keepalive", "idle_s", seconds(idle), "bytes_per_day", cost.bytes,
             "keepalives every %s or sooner are safe: %.0f packets, %.0f kB a day and connection",
             text, cost.packets, kilobytes);
        break;
    case KA_REMEDY_DATA:
        find(report, "safe-data", "idle_s", seconds(idle), NULL, 0,
             "keepalives of TCP do not help here: only data does, sent by the application every %s "
             "or sooner",
             text);
        break;
    case KA_REMEDY_NOT_SEEN:
        find(report, "no-safe-keepalive", NULL, 0, NULL, 0,
             "keepalives of TCP do not help here; whether data does was not tried (--arms data)");
        break;
    case KA_REMEDY_NONE:
        find(report, "no-safe-keepalive", NULL, 0, NULL, 0,
             "neither keepalives of TCP nor data, each from one side, help here");
        break;
    }
}

static void find_advice(const struct ka_audit_report *report, const struct ka_audit_result *result)
{
    struct ka_bracket worst = ka_audit_findings_worst(result);
    enum ka_remedy remedy = ka_remedy_judge(result);
    ka_time idle = ka_advice_idle(&worst);
    char text[KA_TIME_TEXT_SIZE];
    if (worst.died == KA_TIME_NONE) {
        find_nothing(report, result, &worst);
        return;
    }
    if (remedy == KA_REMEDY_UNTRIED || remedy == KA_REMEDY_KEEPALIVE)
        find_late(report, &worst);
    ka_duration_text(idle == KA_TIME_NONE ? worst.died : idle, text);
    if (idle == KA_TIME_NONE)
        find(report, "no-safe-keepalive", "died_s", seconds(worst.died), NULL, 0,
             "the path forgets within %s: no keepalive time in whole seconds is safe", text);
    else
        find_remedy(report, remedy, idle, text);
}

static void find_limits(const struct ka_audit_report *report, const struct ka_audit_result *result)
{
    if (result->plain)
        find(report, "plain-far-end", NULL, 0, NULL, 0,
             "the far end is a plain server: whether the path fails when the server speaks first, "
             "and what reached it, is not known (run 'kasniff audit --listen' there)");
    if (result->interruptions > 0)
        find(report, "interrupted", "times", result->interruptions, NULL, 0,
             "the far end could not be reached for a while; what was being tried then was tried "
             "again");
    if (result->end == KA_AUDIT_INTERRUPTED)
        find(report, "stopped", NULL, 0, NULL, 0,
             "stopped before it was done: longer silences may be forgotten, and brackets may be "
             "wider "
             "than a whole run makes them");
    if (result->end == KA_AUDIT_PATH_DIED)
        find(report, "path-died", NULL, 0, NULL, 0,
             "the far end could not be reached any more: what is known until then stands");
    for (size_t i = 0; i < result->count; i++)
        if (result->series[i].bracket.censored > 0)
            find(report, "censored", "trials", result->series[i].bracket.censored, NULL, 0,
                 "without a verdict, since ended for other reasons: %u trial%s with %s (%s first)",
                 result->series[i].bracket.censored,
                 ka_text_plural(result->series[i].bracket.censored), senders[result->series[i].arm],
                 sides[result->series[i].first_speaker]);
}

void ka_audit_findings_all(const struct ka_audit_report *report,
                           const struct ka_audit_result *result)
{
    for (size_t i = 0; i < result->count; i++) {
        const struct ka_series *series = &result->series[i];
        find_one_sided(report, result, series);
        find_origin(report, result, series);
        if (series->arm != KA_ARM_SILENT)
            find_refresh(report, result, series);
        find_contradictions(report, series);
    }
    find_limits(report, result);
    find_advice(report, result);
}
