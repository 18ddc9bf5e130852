/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What comes back, and what a dialogue makes of it.
 */
#include "probe/parts.h"

#include "base/clock.h"
#include "decode/decode.h"
#include "inject/guard.h"
#include "probe/telling.h"

#include <stdio.h>

void ka_prober_end(struct ka_prober *prober, struct ka_dialogue *dialogue, enum ka_dialogue_end end,
                   const char *why)
{
    dialogue->end = (uint8_t)end;
    snprintf(dialogue->why, sizeof(dialogue->why), "%s", why);
    prober->ended++;
}

void ka_prober_conclude(struct ka_prober *prober, struct ka_dialogue *dialogue)
{
    const struct ka_prober_config *config = &prober->config;
    struct ka_endpoint target = ka_known_end(dialogue->entry, dialogue->to);
    struct ka_target_facts facts = dialogue->target;
    facts.gentle =
        dialogue->ask.probe.kind == KA_PROBE_NUMBERED && dialogue->ask.probe.mode == KA_ACK_GENTLE;
    ka_judgement_verdict(&dialogue->ask.judgement, &facts, &target, &dialogue->verdict);
    dialogue->judged = true;
    ka_tell_verdict(&config->sink, dialogue, ka_clock_wall());
    bool alive = dialogue->verdict.verdict == KA_VERDICT_ALIVE;
    dialogue->entry->side[dialogue->to].found = alive;
    if (!alive || !dialogue->both) {
        ka_prober_end(prober, dialogue, KA_DIALOGUE_DONE, "");
        return;
    }
    dialogue->both = false;
    dialogue->to = !dialogue->to;
    /* Not after the interval, which may be long: this end's answer speaks for it a while only. */
    dialogue->ask = (struct ka_ask){.due = ka_clock_monotonic() + KA_GUARD_GAP};
}

/* A stamp from a file may be of another place: then a living target's TTL would not fit. A reset is
 * held against it all the same, it needs a cause. */
static struct ka_target_facts facts_for(const struct ka_dialogue *dialogue,
                                        const struct ka_observation *seen)
{
    struct ka_target_facts facts = dialogue->target;
    if (!dialogue->entry->side[dialogue->to].live_ttl && seen->reaction != KA_REACTION_RST)
        facts.ttl = 0;
    return facts;
}

static void take_answer(struct ka_prober *prober, struct ka_dialogue *dialogue,
                        const struct ka_observation *seen, ka_time wall)
{
    ka_time rtt = KA_TIME_NONE;
    struct ka_ask *ask = &dialogue->ask;
    struct ka_target_facts facts = facts_for(dialogue, seen);
    bool first = ka_ask_take(ask, &prober->config.ask, seen, &facts, wall, &rtt);
    bool hop = seen->reaction == KA_REACTION_ICMP_HOP && ask->judgement.sent > 0;
    if (!first && !hop)
        return;
    if (!prober->config.quiet)
        ka_tell_answer(&prober->config.sink, dialogue, seen, rtt, wall);
    if (!first)
        return;
    /* An answer to a probe without numbers may stand alone: nothing else tells that it is current.
     */
    if (ask->judgement.state == KA_FOUND_ALIVE)
        dialogue->entry->side[dialogue->to].seen = wall;
    char outcome[KA_TELL_SIZE];
    ka_tell_outcome(seen, rtt, outcome);
    prober->answered++;
    if (ka_injector_answered(prober->config.injector, wall, &ask->probe, outcome, &prober->error) !=
        0)
        prober->failed = true;
    if (ask->done)
        ka_prober_conclude(prober, dialogue);
}

void ka_prober_take(void *context, const struct ka_frame *frame)
{
    struct ka_prober *prober = context;
    struct ka_packet packet;
    struct ka_known_conn *entry = NULL;
    unsigned side = 0;
    if (ka_decode(frame, &packet) != KA_DECODED)
        return;
    enum ka_known_kind kind =
        ka_known_take(prober->config.known, &packet, true, prober->config.grow, &entry, &side);
    if (kind == KA_KNOWN_NOTHING || entry->dialogue == 0)
        return;
    struct ka_dialogue *dialogue = prober->dialogues[entry->dialogue - 1];
    if (dialogue->end != KA_DIALOGUE_OPEN || dialogue->ask.judgement.sent == 0)
        return;
    if (kind == KA_KNOWN_OWN && side == !dialogue->to)
        ka_ask_left(&dialogue->ask, frame->time);
    bool answers = kind == KA_KNOWN_ERROR || (kind == KA_KNOWN_SEGMENT && side == dialogue->to);
    if (!answers)
        return;
    struct ka_observation seen = ka_observe(&packet, &dialogue->ask.probe);
    if (seen.reaction != KA_REACTION_NONE)
        take_answer(prober, dialogue, &seen, frame->time);
}
