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

/* Replies to messages about as long as the one that waits: half to four times it. */
static unsigned count_alike(const struct ka_asking *asking)
{
    unsigned place = ka_ask_size(asking->size);
    unsigned count = asking->alike[place];
    if (place > 0)
        count += asking->alike[place - 1];
    if (place + 1 < KA_ASK_SIZES)
        count += asking->alike[place + 1];
    return count;
}

/* Requests of one side and responses of the other, quick until now: the silent side hardly ever
 * spoke first, none of its responses took long, and the asking side always waited for them. A
 * message unlike those that were answered, or smaller than all of them (a window update of HTTP/2,
 * a TLS alert), may want no answer. */
static bool was_waited_for(const struct ka_asking *asking, const struct ka_asking *silent,
                           ka_time now)
{
    enum {
        REPLIES = 6,
        TIMES = 10,
        LEAST_S = 30,
        QUICK_S = 10,
        PROOFS = 2,
        ALIKE = 5,
        UNASKED_ONE_IN = 8
    };
    ka_time wait = ka_time_between(asking->since, now);
    return wait != KA_TIME_NONE && asking->replies >= REPLIES && asking->life_proofs >= PROOFS &&
           silent->asks <= 1 + asking->asks / UNASKED_ONE_IN && asking->monologues == 0 &&
           asking->size >= asking->least && count_alike(asking) >= ALIKE &&
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
    struct ka_ev_heartbeat regular;
    bool beat_lost = beat->answered >= BEATS_ANSWERED && beat->missing >= BEATS_MISSING &&
                     ka_heartbeat_fill(history, !side, ka_conn_client(answer->conn), &regular);
    /* SSH's window adjustments (RFC 4254 5.2) want no answer, and cannot be told from keystrokes.
     */
    bool silent = beat_lost || (!history->is_ssh &&
                                was_waited_for(asking, &history->asking[side], answer->time));
    if (!silent || (history->app_silent >> side & 1) != 0 || answer->packet == NULL)
        return;
    history->app_silent |= (uint8_t)(1u << side);
    ka_history_tell_app(analysis, answer->conn, KA_OCC_APP_SILENT, side, answer->packet);
}

static void note_probe(struct ka_history *history, const struct ka_occurrence *probe)
{
    unsigned side = probe->side;
    if (probe->number == 1)
        history->first_unanswered[side] = ka_frame_ref(probe->frame, probe->input);
    if (probe->interval != KA_TIME_NONE && probe->interval > history->probe_gap[side])
        history->probe_gap[side] = probe->interval;
    history->probe_frame[side] = ka_frame_ref(probe->frame, probe->input);
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
        loss->frame = ka_frame_ref(occurrence->frame, occurrence->input);
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
        ka_silence_icmp(history, answer->side != ka_conn_client(answer->conn));
        return;
    }
    loss->time = KA_TIME_NONE;
    /* A router's capture on all interfaces has copies with one hop less: they have no say. */
    uint8_t usual = history->data_ttl[answer->side];
    bool as_usual = answer->packet != NULL && usual == answer->packet->ttl;
    if (answer->other_ttl && !as_usual) {
        history->proxied[answer->side]++;
        history->proxy_frame[answer->side] = ka_frame_ref(answer->frame, answer->input);
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
