/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a history learns from occurrences: how a peer was lost, and whether its application speaks.
 */
#include "analyzers/history.h"

/* Heartbeats answered before, and answers missing now, that make an application silent. */
enum { BEATS_ANSWERED = 3, BEATS_MISSING = 2 };

void ka_history_tell_app(struct ka_analysis *analysis, struct ka_conn *conn,
                         enum ka_occurrence_kind kind, unsigned side,
                         const struct ka_packet *packet)
{
    struct ka_occurrence occurrence = {
        .kind = kind,
        .side = (uint8_t)side,
        .conn = conn,
        .packet = packet,
        .time = packet->frame->time,
        .frame = packet->frame->number,
        .input = packet->frame->input,
    };
    ka_occur(analysis, &occurrence);
}

/* Requests of one side and responses of the other, quick until now: the silent side hardly ever
 * spoke first, and none of its responses took long. */
static bool was_waited_for(const struct ka_asking *asking, const struct ka_asking *silent,
                           ka_time now)
{
    enum { REPLIES = 6, TIMES = 10, LEAST_S = 30, QUICK_S = 10, PROOFS = 2, UNASKED_ONE_IN = 8 };
    ka_time wait = ka_time_between(asking->since, now);
    return wait != KA_TIME_NONE && asking->replies >= REPLIES && asking->life_proofs >= PROOFS &&
           silent->asks <= 1 + asking->asks / UNASKED_ONE_IN &&
           asking->longest <= QUICK_S * KA_SECOND && wait > LEAST_S * KA_SECOND &&
           wait > TIMES * asking->longest;
}

/* A probe was answered by `side`, whose application should have spoken since. */
static void judge_app(struct ka_analysis *analysis, struct ka_history *history,
                      const struct ka_occurrence *answer)
{
    unsigned side = answer->side;
    struct ka_asking *asking = &history->asking[!side];
    asking->life_proofs++;
    const struct ka_beat *beat = &history->beat[!side];
    bool beat_lost = beat->answered >= BEATS_ANSWERED && beat->missing >= BEATS_MISSING;
    bool silent = beat_lost || was_waited_for(asking, &history->asking[side], answer->time);
    if (!silent || (history->app_silent >> side & 1) != 0 || answer->packet == NULL)
        return;
    history->app_silent |= (uint8_t)(1u << side);
    ka_history_tell_app(analysis, answer->conn, KA_OCC_APP_SILENT, side, answer->packet);
}

static void note_probe(struct ka_history *history, const struct ka_occurrence *probe)
{
    unsigned side = probe->side;
    if (probe->number == 1)
        history->first_unanswered[side] = probe->frame;
    if (probe->interval != KA_TIME_NONE && probe->interval > history->probe_gap[side])
        history->probe_gap[side] = probe->interval;
    history->probe_frame[side] = probe->frame;
}

static void note_loss(struct ka_history *history, const struct ka_analysis *analysis,
                      const struct ka_occurrence *occurrence, unsigned judged)
{
    struct ka_loss *loss = &history->loss[judged];
    const struct ka_prober *prober = ka_prober_of(analysis, occurrence->conn, !judged);
    if (loss->time == KA_TIME_NONE || loss->kind == KA_OCC_ABSENCE) {
        if (loss->time == KA_TIME_NONE) {
            loss->last_frame = history->last_frame[judged];
            loss->last_heard = occurrence->conn->side[judged].last_sent;
            loss->first_frame = history->first_unanswered[!judged];
        }
        loss->time = occurrence->time;
        loss->frame = occurrence->frame;
        loss->kind = (uint8_t)occurrence->kind;
    }
    if (prober != NULL)
        loss->unanswered = prober->number;
}

static void note_answer(struct ka_analysis *analysis, struct ka_history *history,
                        const struct ka_occurrence *answer)
{
    struct ka_loss *loss = &history->loss[answer->side];
    if (answer->result == KA_ANSWER_RST)
        return; /* kept as the reset that it is */
    if (answer->result == KA_ANSWER_ICMP) {
        note_loss(history, analysis, answer, answer->side);
        loss->from = answer->icmp_from;
        loss->icmp_type = answer->icmp != NULL ? answer->icmp->type : 0;
        loss->icmp_code = answer->icmp != NULL ? answer->icmp->code : 0;
        ka_silence_icmp(history);
        return;
    }
    loss->time = KA_TIME_NONE;
    if (answer->other_ttl) {
        history->proxied[answer->side]++;
        history->proxy_frame[answer->side] = answer->frame;
    }
    judge_app(analysis, history, answer);
}

void ka_history_occurred(struct ka_analysis *analysis, const struct ka_occurrence *occurrence)
{
    if (!analysis->config.report)
        return;
    struct ka_history *history = ka_history_need(analysis, occurrence->conn);
    if (history == NULL)
        return;
    switch (occurrence->kind) {
    case KA_OCC_PROBE:
        note_probe(history, occurrence);
        break;
    case KA_OCC_ANSWER:
        note_answer(analysis, history, occurrence);
        break;
    case KA_OCC_LIFE:
        history->loss[occurrence->side].time = KA_TIME_NONE;
        break;
    case KA_OCC_STOPPED:
        ka_silence_gave_up(history);
        note_loss(history, analysis, occurrence, occurrence->side);
        break;
    case KA_OCC_ABSENCE:
    case KA_OCC_REINCARNATED:
        note_loss(history, analysis, occurrence, occurrence->side);
        break;
    case KA_OCC_GAVE_UP:
        ka_silence_gave_up(history);
        note_loss(history, analysis, occurrence, !occurrence->side);
        break;
    case KA_OCC_RESET:
    case KA_OCC_WINDOW_PROBE:
    case KA_OCC_LOOKALIKE:
    case KA_OCC_APP_SILENT:
    case KA_OCC_APP_SPEAKS:
        break;
    }
}
