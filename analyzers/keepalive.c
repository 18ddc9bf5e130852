/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The keepalive analyser: tells of probes, answers, window probes and look-alikes, and counts them.
 */
#include "analyzers/analysis.h"

static void emit(struct ka_analysis *analysis, const struct ka_event *event)
{
    analysis->config.sink.emit(analysis->config.sink.context, event);
}

static void tell_probe(struct ka_analysis *analysis, const struct ka_occurrence *occurrence)
{
    analysis->stats.probes++;
    if (analysis->config.summary)
        return;
    struct ka_event event;
    const struct ka_prober *prober = ka_prober_of(analysis, occurrence->conn, occurrence->side);
    ka_event_begin(analysis, &event, KA_EVENT_PROBE, occurrence);
    event.notable = prober == NULL || prober->probes == 1;
    event.probe = (struct ka_ev_probe){
        .idle = occurrence->idle,
        .interval = occurrence->interval,
        .number = occurrence->number,
        .bytes = occurrence->bytes,
        .confidence = occurrence->confidence,
        .injected = occurrence->injected,
    };
    emit(analysis, &event);
}

static void tell_answer(struct ka_analysis *analysis, const struct ka_occurrence *occurrence)
{
    analysis->stats.answers++;
    if (analysis->config.summary)
        return;
    struct ka_event event;
    const struct ka_prober *prober = ka_prober_of(analysis, occurrence->conn, !occurrence->side);
    ka_event_begin(analysis, &event, KA_EVENT_ANSWER, occurrence);
    event.notable = prober == NULL || prober->answered == 1 || occurrence->result >= KA_ANSWER_RST;
    event.answer = (struct ka_ev_answer){
        .probe_frame = occurrence->probe_frame,
        .rtt = occurrence->rtt,
        .icmp_from = occurrence->icmp_from,
        .why = occurrence->why,
        .result = occurrence->result,
        .origin = occurrence->origin,
    };
    if (occurrence->icmp != NULL) {
        event.answer.icmp_type = occurrence->icmp->type;
        event.answer.icmp_code = occurrence->icmp->code;
    }
    emit(analysis, &event);
}

static void tell_window_probe(struct ka_analysis *analysis, const struct ka_occurrence *occurrence)
{
    analysis->stats.window_probes++;
    if (analysis->config.summary)
        return;
    struct ka_event event;
    ka_event_begin(analysis, &event, KA_EVENT_WINDOW_PROBE, occurrence);
    event.notable = occurrence->number == 1;
    event.window_probe = (struct ka_ev_window_probe){
        .interval = occurrence->interval,
        .number = occurrence->number,
        .bytes = occurrence->bytes,
    };
    emit(analysis, &event);
}

static void tell_lookalike(struct ka_analysis *analysis, const struct ka_occurrence *occurrence)
{
    struct ka_extra *extra = ka_extra_need(analysis, occurrence->conn);
    if (extra != NULL)
        extra->lookalikes[occurrence->reason]++;
    analysis->stats.lookalikes++;
    if (!analysis->config.lookalikes || analysis->config.summary)
        return;
    struct ka_event event;
    ka_event_begin(analysis, &event, KA_EVENT_LOOKALIKE, occurrence);
    event.lookalike.reason = occurrence->reason;
    emit(analysis, &event);
}

void ka_keepalive_occurred(struct ka_analysis *analysis, const struct ka_occurrence *occurrence)
{
    switch (occurrence->kind) {
    case KA_OCC_PROBE:
        tell_probe(analysis, occurrence);
        break;
    case KA_OCC_ANSWER:
        tell_answer(analysis, occurrence);
        break;
    case KA_OCC_WINDOW_PROBE:
        tell_window_probe(analysis, occurrence);
        break;
    case KA_OCC_LOOKALIKE:
        tell_lookalike(analysis, occurrence);
        break;
    case KA_OCC_LIFE:
    case KA_OCC_ABSENCE:
    case KA_OCC_STOPPED:
    case KA_OCC_GAVE_UP:
    case KA_OCC_RESET:
    case KA_OCC_REINCARNATED:
    case KA_OCC_APP_SILENT:
    case KA_OCC_APP_SPEAKS:
        break;
    }
}
