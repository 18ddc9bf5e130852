/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The liveness analyser: the state of each peer that is probed, and the error that the prober's
 * application sees. A table says what follows from what; a pair that is not in it changes nothing.
 */
#include "analyzers/analysis.h"

enum input {
    INPUT_ANSWERED,
    INPUT_LIFE,
    INPUT_ABSENT,
    INPUT_STOPPED,
    INPUT_GAVE_UP,
    INPUT_RESET_ANSWER,
    INPUT_RESET,
    INPUT_REINCARNATED,
    INPUT_UNREACHABLE,
    INPUT_APP_SILENT,
    INPUT_APP_SPEAKS,
    INPUT_COUNT
};

struct transition {
    enum ka_peer_state to;
    enum ka_app_error error;
    const char *why; /* NULL: nothing follows */
};

static const char why_answered[] = "it answered a probe";
static const char why_again[] = "it is heard again";
static const char why_absent[] = "a probe was not answered in time";
static const char why_lost[] =
    "a probe was not answered in time, or the capture lost the answer: it dropped frames";
static const char why_discarded[] =
    "a probe was not answered in time, or the peer discarded it: it came without the connection's "
    "timestamps";
static const char why_stopped[] = "inferred";
static const char why_gave_up[] = "the prober gave up after unanswered probes";
static const char why_rst[] = "RST in answer to a probe: rebooted, or the connection is gone there";
static const char why_reset[] = "it reset the connection";
static const char why_late[] = "it had closed the connection (FIN), and resets what came after";
static const char why_challenge[] =
    "it answered with unrelated numbers: it has another connection on these ports";
static const char why_app_silent[] =
    "it answers probes, but its application has left a request without a response";
static const char why_app_speaks[] = "its application speaks again";
static const char why_icmp[] = "an ICMP error about a probe says so";

static const struct transition transitions[INPUT_COUNT][KA_PEER_STATE_COUNT] = {
    [INPUT_ANSWERED][KA_PEER_UNKNOWN] = {KA_PEER_ALIVE, KA_APP_NONE, why_answered},
    [INPUT_ANSWERED][KA_PEER_SILENT] = {KA_PEER_ALIVE, KA_APP_NONE, why_again},
    [INPUT_ANSWERED][KA_PEER_DEAD] = {KA_PEER_ALIVE, KA_APP_NONE, why_again},
    [INPUT_ANSWERED][KA_PEER_UNREACHABLE] = {KA_PEER_ALIVE, KA_APP_NONE, why_again},
    /* A RST that the prober did not believe (RFC 5961), or that went to one side only. */
    [INPUT_ANSWERED][KA_PEER_RESET] = {KA_PEER_ALIVE, KA_APP_NONE, why_again},
    [INPUT_LIFE][KA_PEER_SILENT] = {KA_PEER_ALIVE, KA_APP_NONE, why_again},
    [INPUT_LIFE][KA_PEER_DEAD] = {KA_PEER_ALIVE, KA_APP_NONE, why_again},
    [INPUT_LIFE][KA_PEER_UNREACHABLE] = {KA_PEER_ALIVE, KA_APP_NONE, why_again},
    [INPUT_ABSENT][KA_PEER_UNKNOWN] = {KA_PEER_SILENT, KA_APP_NONE, why_absent},
    [INPUT_ABSENT][KA_PEER_ALIVE] = {KA_PEER_SILENT, KA_APP_NONE, why_absent},
    [INPUT_STOPPED][KA_PEER_SILENT] = {KA_PEER_DEAD, KA_APP_ETIMEDOUT, why_stopped},
    [INPUT_STOPPED][KA_PEER_UNREACHABLE] = {KA_PEER_DEAD, KA_APP_ETIMEDOUT, why_stopped},
    [INPUT_GAVE_UP][KA_PEER_UNKNOWN] = {KA_PEER_DEAD, KA_APP_ETIMEDOUT, why_gave_up},
    [INPUT_GAVE_UP][KA_PEER_ALIVE] = {KA_PEER_DEAD, KA_APP_ETIMEDOUT, why_gave_up},
    [INPUT_GAVE_UP][KA_PEER_SILENT] = {KA_PEER_DEAD, KA_APP_ETIMEDOUT, why_gave_up},
    [INPUT_GAVE_UP][KA_PEER_UNREACHABLE] = {KA_PEER_DEAD, KA_APP_ETIMEDOUT, why_gave_up},
    [INPUT_RESET_ANSWER][KA_PEER_UNKNOWN] = {KA_PEER_RESET, KA_APP_ECONNRESET, why_rst},
    [INPUT_RESET_ANSWER][KA_PEER_ALIVE] = {KA_PEER_RESET, KA_APP_ECONNRESET, why_rst},
    [INPUT_RESET_ANSWER][KA_PEER_SILENT] = {KA_PEER_RESET, KA_APP_ECONNRESET, why_rst},
    [INPUT_RESET_ANSWER][KA_PEER_UNREACHABLE] = {KA_PEER_RESET, KA_APP_ECONNRESET, why_rst},
    [INPUT_RESET_ANSWER][KA_PEER_DEAD] = {KA_PEER_RESET, KA_APP_ECONNRESET, why_rst},
    [INPUT_RESET][KA_PEER_UNKNOWN] = {KA_PEER_RESET, KA_APP_ECONNRESET, why_reset},
    [INPUT_RESET][KA_PEER_ALIVE] = {KA_PEER_RESET, KA_APP_ECONNRESET, why_reset},
    [INPUT_RESET][KA_PEER_SILENT] = {KA_PEER_RESET, KA_APP_ECONNRESET, why_reset},
    [INPUT_RESET][KA_PEER_UNREACHABLE] = {KA_PEER_RESET, KA_APP_ECONNRESET, why_reset},
    [INPUT_REINCARNATED][KA_PEER_UNKNOWN] = {KA_PEER_RESET, KA_APP_NONE, why_challenge},
    [INPUT_REINCARNATED][KA_PEER_ALIVE] = {KA_PEER_RESET, KA_APP_NONE, why_challenge},
    [INPUT_REINCARNATED][KA_PEER_SILENT] = {KA_PEER_RESET, KA_APP_NONE, why_challenge},
    [INPUT_REINCARNATED][KA_PEER_UNREACHABLE] = {KA_PEER_RESET, KA_APP_NONE, why_challenge},
    [INPUT_UNREACHABLE][KA_PEER_UNKNOWN] = {KA_PEER_UNREACHABLE, KA_APP_NONE, why_icmp},
    [INPUT_UNREACHABLE][KA_PEER_ALIVE] = {KA_PEER_UNREACHABLE, KA_APP_NONE, why_icmp},
    [INPUT_UNREACHABLE][KA_PEER_SILENT] = {KA_PEER_UNREACHABLE, KA_APP_NONE, why_icmp},
    [INPUT_APP_SILENT][KA_PEER_ALIVE] = {KA_PEER_APP_SILENT, KA_APP_NONE, why_app_silent},
    [INPUT_APP_SPEAKS][KA_PEER_APP_SILENT] = {KA_PEER_ALIVE, KA_APP_NONE, why_app_speaks},
    [INPUT_ABSENT][KA_PEER_APP_SILENT] = {KA_PEER_SILENT, KA_APP_NONE, why_absent},
    [INPUT_GAVE_UP][KA_PEER_APP_SILENT] = {KA_PEER_DEAD, KA_APP_ETIMEDOUT, why_gave_up},
    [INPUT_RESET_ANSWER][KA_PEER_APP_SILENT] = {KA_PEER_RESET, KA_APP_ECONNRESET, why_rst},
    [INPUT_RESET][KA_PEER_APP_SILENT] = {KA_PEER_RESET, KA_APP_ECONNRESET, why_reset},
    [INPUT_REINCARNATED][KA_PEER_APP_SILENT] = {KA_PEER_RESET, KA_APP_NONE, why_challenge},
    [INPUT_UNREACHABLE][KA_PEER_APP_SILENT] = {KA_PEER_UNREACHABLE, KA_APP_NONE, why_icmp},
};

/* The input an occurrence is, and the side that it judges. False when it judges none. */
static bool find_input(const struct ka_occurrence *occurrence, enum input *input, unsigned *judged)
{
    *judged = occurrence->side;
    switch (occurrence->kind) {
    case KA_OCC_ANSWER:
        *input = INPUT_ANSWERED;
        if (occurrence->result == KA_ANSWER_RST)
            *input = INPUT_RESET_ANSWER;
        if (occurrence->result == KA_ANSWER_ICMP)
            *input = INPUT_UNREACHABLE;
        return true;
    case KA_OCC_LIFE:
        *input = INPUT_LIFE;
        return true;
    case KA_OCC_ABSENCE:
        *input = INPUT_ABSENT;
        return true;
    case KA_OCC_STOPPED:
        *input = INPUT_STOPPED;
        return true;
    case KA_OCC_GAVE_UP:
        *input = INPUT_GAVE_UP;
        *judged = !occurrence->side;
        return true;
    case KA_OCC_RESET:
        *input = INPUT_RESET;
        return true;
    case KA_OCC_REINCARNATED:
        *input = INPUT_REINCARNATED;
        return true;
    case KA_OCC_APP_SILENT:
        *input = INPUT_APP_SILENT;
        return true;
    case KA_OCC_APP_SPEAKS:
        *input = INPUT_APP_SPEAKS;
        return true;
    case KA_OCC_PROBE:
    case KA_OCC_WINDOW_PROBE:
    case KA_OCC_LOOKALIKE:
        break;
    }
    return false;
}

/* BSD stacks remember the ICMP error and report it when they give up; Linux does not, for its own
 * probes. The count tells them apart: 8 on BSD, 9 on Linux. */
static enum ka_app_error judge_error(enum input input, unsigned from,
                                     const struct ka_prober *prober)
{
    if (transitions[input][from].to == KA_PEER_DEAD && from == KA_PEER_UNREACHABLE &&
        prober->number == 8)
        return KA_APP_EHOSTUNREACH;
    return transitions[input][from].error;
}

/* RFC 7323 3.2 lets a host drop what comes without timestamps where they were agreed on: FreeBSD
 * does, and macOS probes so. Who answered one such probe answers them all. */
static bool may_be_discarded(const struct ka_prober *prober)
{
    return (prober->flags & KA_PROBER_NO_STAMPS) != 0 && prober->answered == 0;
}

static bool is_half_closed(const struct ka_conn *conn)
{
    return ((conn->side[0].flags ^ conn->side[1].flags) & KA_SIDE_FIN) != 0;
}

void ka_liveness_occurred(struct ka_analysis *analysis, const struct ka_occurrence *occurrence)
{
    enum input input;
    unsigned judged;
    if (!find_input(occurrence, &input, &judged))
        return;
    struct ka_extra *extra = ka_extra_of(analysis, occurrence->conn);
    const struct ka_prober *prober = ka_prober_of(analysis, occurrence->conn, !judged);
    if (extra == NULL || prober == NULL)
        return;
    unsigned from = extra->state[judged];
    const struct transition *row = &transitions[input][from];
    if (row->why == NULL || (input == INPUT_STOPPED && analysis->lossy))
        return;
    struct ka_occurrence about = *occurrence;
    about.side = (uint8_t)judged;
    struct ka_event event;
    ka_event_begin(analysis, &event, KA_EVENT_STATE, &about);
    event.notable = true;
    event.state = (struct ka_ev_state){
        .from = (uint8_t)from,
        .to = (uint8_t)row->to,
        .why = row->why,
        .app_error = (uint8_t)judge_error(input, from, prober),
        .unanswered = prober->number,
        .since = occurrence->conn->side[judged].last_sent,
        .half_closed = is_half_closed(occurrence->conn),
    };
    if (input == INPUT_ABSENT && may_be_discarded(prober))
        event.state.why = why_discarded;
    if (input == INPUT_ABSENT && analysis->lossy)
        event.state.why = why_lost;
    if (input == INPUT_RESET_ANSWER && occurrence->origin == KA_ORIGIN_MIDDLEBOX)
        event.state.why = "RST in answer to a probe, with another TTL: sent by a middlebox";
    /* The application has read the end of the stream: EPIPE, ECONNRESET or nothing may follow. */
    bool is_closed = (occurrence->conn->side[judged].flags & KA_SIDE_FIN) != 0;
    bool by_middlebox = occurrence->origin == KA_ORIGIN_MIDDLEBOX;
    if (is_closed && (input == INPUT_RESET || (input == INPUT_RESET_ANSWER && !by_middlebox))) {
        event.state.why = why_late;
        event.state.app_error = KA_APP_NONE;
    }
    if (from != KA_PEER_UNKNOWN)
        analysis->stats.states[from]--;
    analysis->stats.states[row->to]++;
    extra->state[judged] = (uint8_t)row->to;
    analysis->config.sink.emit(analysis->config.sink.context, &event);
}
