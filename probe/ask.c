/* SPDX-License-Identifier: BSD-2-Clause */
#include "probe/ask.h"

#include "inject/guard.h"

/* A numberless probe goes to a target no more often than every 4 s, and a second one tells as much
 * as a third. */
enum { BLIND_UNANSWERED = 2 };
#define BLIND_INTERVAL (4 * KA_SECOND)

struct ka_ask ka_ask_begin(bool blind, ka_time now)
{
    return (struct ka_ask){.judgement = ka_judgement_begin(!blind), .due = now};
}

static uint32_t most_unanswered(const struct ka_ask *ask)
{
    return ask->probe.kind == KA_PROBE_NUMBERLESS ? BLIND_UNANSWERED : KA_ASK_UNANSWERED;
}

static bool may_send(const struct ka_ask *ask, const struct ka_ask_settings *settings)
{
    if (ask->done)
        return false;
    if (ask->judgement.sent == 0)
        return true;
    return ask->judgement.answered < settings->count && ask->unanswered < most_unanswered(ask);
}

bool ka_ask_is_due(const struct ka_ask *ask, const struct ka_ask_settings *settings, ka_time now)
{
    return may_send(ask, settings) && now >= ask->due;
}

static ka_time silent_at(const struct ka_ask *ask, const struct ka_ask_settings *settings)
{
    return ask->sent_at + (settings->timeout > KA_SILENCE_MIN ? settings->timeout : KA_SILENCE_MIN);
}

ka_time ka_ask_next(const struct ka_ask *ask, const struct ka_ask_settings *settings)
{
    return may_send(ask, settings) ? ask->due : silent_at(ask, settings);
}

void ka_ask_sent(struct ka_ask *ask, const struct ka_ask_settings *settings,
                 const struct ka_probe *probe, ka_time now, ka_time wall)
{
    ka_judgement_sent(&ask->judgement);
    ask->probe = *probe;
    ask->sent_at = now;
    ask->left_at = wall;
    ask->answered = false;
    ask->unanswered++;
    /* What the guard would refuse need not be asked for. */
    ka_time interval = settings->interval > KA_GUARD_GAP ? settings->interval : KA_GUARD_GAP;
    if (probe->kind == KA_PROBE_NUMBERLESS && interval < BLIND_INTERVAL)
        interval = BLIND_INTERVAL;
    ask->due = now + interval;
}

void ka_ask_left(struct ka_ask *ask, ka_time wall)
{
    if (wall != KA_TIME_NONE && !ask->answered && wall > ask->left_at)
        ask->left_at = wall;
}

/* Nothing more can change: a reset, an ICMP error, or as many answers as were wanted. */
static bool is_settled(const struct ka_ask *ask, const struct ka_ask_settings *settings)
{
    enum ka_verdict verdict = ka_finding_verdict(ask->judgement.state);
    return verdict == KA_VERDICT_RESET || verdict == KA_VERDICT_UNREACHABLE ||
           ask->judgement.answered >= settings->count;
}

bool ka_ask_take(struct ka_ask *ask, const struct ka_ask_settings *settings,
                 const struct ka_observation *seen, const struct ka_target_facts *facts,
                 ka_time wall, ka_time *rtt)
{
    if (ask->judgement.sent == 0 || ask->done || wall == KA_TIME_NONE || wall < ask->left_at)
        return false;
    ka_time passed = ask->answered ? KA_TIME_NONE : wall - ask->left_at;
    if (!ka_judgement_take(&ask->judgement, seen, facts, passed))
        return false;
    bool first = !ask->answered;
    ask->answered = true;
    ask->unanswered = 0;
    ask->done = is_settled(ask, settings);
    *rtt = passed;
    return first;
}

void ka_ask_tick(struct ka_ask *ask, const struct ka_ask_settings *settings, ka_time now)
{
    if (ask->done || ask->judgement.sent == 0 || may_send(ask, settings))
        return;
    if (now >= silent_at(ask, settings))
        ask->done = ka_judgement_silence(&ask->judgement, now - ask->sent_at);
}
