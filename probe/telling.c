/* SPDX-License-Identifier: BSD-2-Clause */
#include "probe/telling.h"

#include <stdio.h>

/* How each reaction is told: as an event's result, and in the log. */
static const struct {
    const char *word;
    uint8_t result; /* enum ka_answer_result */
} reactions[KA_REACTION_COUNT] = {
    [KA_REACTION_NONE] = {"nothing", KA_ANSWER_ACK},
    [KA_REACTION_ACK] = {"ack", KA_ANSWER_ACK},
    [KA_REACTION_DSACK] = {"ack, the byte a duplicate", KA_ANSWER_ACK},
    [KA_REACTION_DATA] = {"data", KA_ANSWER_DATA},
    [KA_REACTION_FIN] = {"fin", KA_ANSWER_ACK},
    [KA_REACTION_RST] = {"rst", KA_ANSWER_RST},
    [KA_REACTION_ICMP] = {"icmp", KA_ANSWER_ICMP},
    [KA_REACTION_ICMP_HOP] = {"icmp time exceeded", KA_ANSWER_ICMP},
    [KA_REACTION_CHALLENGE] = {"ack, with the numbers", KA_ANSWER_ACK},
};

static struct ka_event begin(const struct ka_dialogue *dialogue, enum ka_event_type type,
                             unsigned src, ka_time wall)
{
    return (struct ka_event){
        .type = type,
        .notable = true,
        .envelope = {.time = wall,
                     .src = ka_known_end(dialogue->entry, src),
                     .dst = ka_known_end(dialogue->entry, !src),
                     .flow_id = dialogue->entry->conn->flow_id,
                     .digits = 6},
    };
}

void ka_tell_probe(const struct ka_sink *sink, const struct ka_dialogue *dialogue, ka_time wall)
{
    const struct ka_ask *ask = &dialogue->ask;
    struct ka_event event = begin(dialogue, KA_EVENT_PROBE, !dialogue->to, wall);
    event.probe = (struct ka_ev_probe){
        .idle = dialogue->judged ? KA_TIME_NONE : dialogue->idle,
        .interval = KA_TIME_NONE,
        .number = ask->unanswered,
        .bytes = ask->probe.length,
        .confidence = KA_CERTAIN,
        .injected = true,
    };
    sink->emit(sink->context, &event);
}

void ka_tell_answer(const struct ka_sink *sink, const struct ka_dialogue *dialogue,
                    const struct ka_observation *seen, ka_time rtt, ka_time wall)
{
    struct ka_event event = begin(dialogue, KA_EVENT_ANSWER, dialogue->to, wall);
    event.answer = (struct ka_ev_answer){
        .rtt = rtt,
        .result = reactions[seen->reaction].result,
        .origin = (uint8_t)ka_finding_origin(dialogue->ask.judgement.state),
        .icmp_type = seen->icmp_type,
        .icmp_code = seen->icmp_code,
        .icmp_from = seen->from,
    };
    sink->emit(sink->context, &event);
}

void ka_tell_verdict(const struct ka_sink *sink, const struct ka_dialogue *dialogue, ka_time wall)
{
    struct ka_event event = begin(dialogue, KA_EVENT_VERDICT, !dialogue->to, wall);
    event.verdict = dialogue->verdict;
    sink->emit(sink->context, &event);
}

void ka_tell_outcome(const struct ka_observation *seen, ka_time rtt, char *out)
{
    char duration[KA_TIME_TEXT_SIZE];
    ka_duration_text(rtt, duration);
    snprintf(out, KA_TELL_SIZE, "%s after %s", reactions[seen->reaction].word, duration);
}
