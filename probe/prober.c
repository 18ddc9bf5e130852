/* SPDX-License-Identifier: BSD-2-Clause */
#include "probe/prober.h"

#include "base/clock.h"
#include "base/text.h"
#include "probe/parts.h"
#include "probe/telling.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PROGRESS_EVERY (200 * KA_MILLISECOND)
#define LOOK_EVERY     (50 * KA_MILLISECOND)

/* What may be read beyond the wait, since an answer may lie behind other packets. A flood that
 * comes faster than it is read must keep neither probes nor signals waiting. */
#define READ_MOST (200 * KA_MILLISECOND)

struct ka_prober *ka_prober_create(const struct ka_prober_config *config)
{
    struct ka_prober *prober = calloc(1, sizeof(*prober));
    if (prober == NULL)
        return NULL;
    prober->config = *config;
    prober->began = ka_clock_wall();
    return prober;
}

void ka_prober_free(struct ka_prober *prober)
{
    if (prober == NULL)
        return;
    for (uint32_t i = 0; i < prober->count; i++)
        free(prober->dialogues[i]);
    free(prober->dialogues);
    free(prober);
}

ka_time ka_prober_idle(const struct ka_prober *prober, const struct ka_known_conn *entry)
{
    ka_time now = ka_clock_wall();
    ka_time since = prober->began;
    if (entry->idle_told != KA_TIME_NONE)
        since -= entry->idle_told;
    else if (entry->traffic != KA_TIME_NONE && entry->traffic < since)
        since = entry->traffic;
    if (entry->traffic != KA_TIME_NONE && entry->traffic > since)
        since = entry->traffic;
    return now > since ? now - since : 0;
}

/* Reads what has come, waiting until `until` (monotonic) at most. A signal ends the wait. */
static int listen_until(struct ka_prober *prober, ka_time until, struct ka_error *error)
{
    ka_time left = until - ka_clock_monotonic();
    struct pollfd ready = {.fd = prober->config.tap != NULL ? ka_tap_fd(prober->config.tap) : -1,
                           .events = POLLIN};
    struct timespec wait = {.tv_sec = left > 0 ? left / KA_SECOND : 0,
                            .tv_nsec = left > 0 ? left % KA_SECOND : 0};
    if (ppoll(&ready, 1, &wait, NULL) < 0 && errno != EINTR)
        return ka_error_set(error, "cannot wait for packets: %s", strerror(errno));
    if (prober->config.tap == NULL)
        return 0;
    ka_time end = ka_clock_monotonic() + READ_MOST;
    while (ready.revents != 0 && !prober->failed && ka_clock_monotonic() < end) {
        int count = ka_tap_read(prober->config.tap, ka_prober_take, prober, error);
        if (count < 0)
            return -1;
        if (count == 0)
            break;
    }
    if (!prober->failed)
        return 0;
    *error = prober->error;
    return -1;
}

int ka_prober_learn(struct ka_prober *prober, ka_time most,
                    bool (*enough)(void *context, struct ka_prober *prober), void *context,
                    struct ka_error *error)
{
    ka_time end = ka_clock_monotonic() + most;
    while (!prober->config.stop(prober->config.context)) {
        ka_time now = ka_clock_monotonic();
        if (now >= end || (enough != NULL && enough(context, prober)))
            return 0;
        if (listen_until(prober, now + LOOK_EVERY < end ? now + LOOK_EVERY : end, error) < 0)
            return -1;
    }
    return 0;
}

/* --- probes */

struct ka_dialogue *ka_prober_add(struct ka_prober *prober, struct ka_known_conn *entry,
                                  unsigned to, bool both)
{
    if (prober->count == prober->room) {
        uint32_t room = prober->room == 0 ? 16 : 2 * prober->room;
        struct ka_dialogue **list =
            reallocarray(prober->dialogues, room, sizeof(struct ka_dialogue *));
        if (list == NULL)
            return NULL;
        prober->dialogues = list;
        prober->room = room;
    }
    struct ka_dialogue *dialogue = calloc(1, sizeof(*dialogue));
    if (dialogue == NULL)
        return NULL;
    unsigned first = both ? ka_risk_first(entry, to, ka_clock_wall()) : to;
    dialogue->entry = entry;
    dialogue->to = (uint8_t)first;
    dialogue->both = both;
    dialogue->ask.due = ka_clock_monotonic();
    prober->dialogues[prober->count++] = dialogue;
    entry->dialogue = prober->count;
    return dialogue;
}

/* A socket of this host may have been closed since it was listed. */
static void look_again(const struct ka_prober_config *config, struct ka_known_conn *entry,
                       unsigned side)
{
    if (entry->side[side].local && config->is_open != NULL &&
        !config->is_open(config->context, entry, side))
        entry->side[side].local = false;
}

/* Earlier runs have asked this end in vain, and nothing passed since as far as is known. */
static bool asked_in_vain(const struct ka_prober *prober, const struct ka_dialogue *dialogue,
                          char why[KA_RISK_TEXT_SIZE])
{
    const struct ka_known_conn *entry = dialogue->entry;
    struct ka_endpoint to = ka_known_end(entry, dialogue->to);
    struct ka_endpoint from = ka_known_end(entry, !dialogue->to);
    const struct ka_past_row *row = ka_past_find(prober->config.past, &from, &to);
    char ago[KA_TIME_TEXT_SIZE];
    if (row == NULL || (entry->traffic != KA_TIME_NONE && entry->traffic > row->last) ||
        (entry->idle_told != KA_TIME_NONE && prober->began - entry->idle_told > row->last))
        return false;
    ka_duration_text((ka_clock_wall() - row->last) / KA_SECOND * KA_SECOND, ago);
    snprintf(why, KA_RISK_TEXT_SIZE,
             "an earlier run asked it %u time%s in vain, last %s ago, and each further probe may "
             "shorten what firewalls on the way remember of the connection (--again asks all the "
             "same)",
             row->unanswered, ka_text_plural(row->unanswered), ago);
    return true;
}

/* Packets that the kernel routes may leave by another interface than the connection's, where
 * someone else may have the same address. 0, or -1 with what stands against it. */
static int check_way(const struct ka_prober *prober, const struct ka_dialogue *dialogue,
                     struct ka_error *error)
{
    const struct ka_prober_config *config = &prober->config;
    const struct ka_known_side *from = &dialogue->entry->side[!dialogue->to];
    struct ka_endpoint to = ka_known_end(dialogue->entry, dialogue->to);
    if (config->link)
        return 0;
    if (from->local && from->device != 0 && from->device != config->device)
        return ka_error_set(error,
                            "this host's end is bound to interface %s, by which probes have "
                            "to leave: ask this connection alone, with -i %s",
                            from->device_name, from->device_name);
    if (ka_addr_is_link_local(&to.addr) && config->device == 0)
        return ka_error_set(error, "link-local ends (fe80::/10) are behind one interface: ask this "
                                   "connection alone, with -i IFACE");
    return 0;
}

/* What stands against asking this end now. False when something does. */
static bool may_ask(struct ka_prober *prober, struct ka_dialogue *dialogue)
{
    const struct ka_prober_config *config = &prober->config;
    char why[KA_RISK_TEXT_SIZE];
    struct ka_error error;
    if (check_way(prober, dialogue, &error) < 0) {
        ka_prober_end(prober, dialogue, KA_DIALOGUE_FAILED, error.text);
        return false;
    }
    if (!dialogue->judged && dialogue->ask.judgement.sent == 0) {
        dialogue->idle = ka_prober_idle(prober, dialogue->entry);
        if (dialogue->idle < config->idle) {
            ka_prober_end(prober, dialogue, KA_DIALOGUE_BUSY, "");
            return false;
        }
    }
    if (dialogue->ask.judgement.sent == 0 && asked_in_vain(prober, dialogue, why)) {
        ka_prober_end(prober, dialogue, KA_DIALOGUE_FAILED, why);
        return false;
    }
    /* Before each probe, not the first alone: the other end may have gone since. */
    look_again(config, dialogue->entry, !dialogue->to);
    if (config->yes || ka_risk_free(dialogue->entry, dialogue->to, ka_clock_wall()))
        return true;
    if (dialogue->ask.judgement.sent > 0) {
        dialogue->ask.done = true; /* what spoke for the other end is too old by now */
        ka_prober_conclude(prober, dialogue);
        return false;
    }
    ka_risk_text(dialogue->entry, dialogue->to, why);
    ka_prober_end(prober, dialogue, KA_DIALOGUE_RISKY, why);
    return false;
}

static int make_probe(const struct ka_prober *prober, const struct ka_dialogue *dialogue,
                      struct ka_probe *probe, struct ka_error *error)
{
    struct ka_probe_wish wish = prober->config.wish;
    struct ka_probe_facts facts = ka_known_facts(dialogue->entry, dialogue->to);
    const struct ka_judgement *judgement = &dialogue->ask.judgement;
    if (judgement->sent > 0)
        wish.length = 0; /* the byte is sent once */
    /* A peer drops a timestamp older than one it has had (RFC 7323 5), so where ours may be, the
     * last attempt goes without: without numbers, too, since those are as old. */
    if (judgement->sent == KA_ASK_UNANSWERED - 1 && judgement->answered == 0 &&
        dialogue->target.timestamps_guessed && wish.mode == KA_ACK_GENTLE)
        facts.numbers_known = false;
    if (prober->config.link) {
        facts.link = dialogue->entry->side[!dialogue->to].link;
        if (!facts.link.present)
            return ka_error_set(error, "the Ethernet addresses are not known: no packet that goes "
                                       "to the target was seen on this interface");
    }
    return ka_probe_craft(&facts, &wish, probe, error);
}

/* The probe before this one, or the last, got no answer: its outcome belongs into the log. */
static int log_silence(struct ka_prober *prober, const struct ka_dialogue *dialogue,
                       struct ka_error *error)
{
    const struct ka_ask *ask = &dialogue->ask;
    if (ask->judgement.sent == 0 || ask->answered || prober->config.log == NULL)
        return 0;
    return ka_probe_log_outcome(prober->config.log, ka_clock_wall(), ask->probe.id, "no answer",
                                error);
}

static void take_reply(struct ka_prober *prober, struct ka_dialogue *dialogue,
                       const struct ka_probe *probe, const struct ka_reply *reply, ka_time wall)
{
    ka_time now = ka_clock_monotonic();
    struct ka_ask *ask = &dialogue->ask;
    char why[KA_RISK_TEXT_SIZE];
    if (reply->kind == KA_REPLY_REFUSED && reply->wait_ms > 0) {
        ka_time wait = (ka_time)reply->wait_ms * KA_MILLISECOND;
        ask->due = now + wait;
        if (strcmp(reply->reason, "rate") == 0)
            prober->next_send = now + wait;
        return;
    }
    if (reply->kind == KA_REPLY_SENT || reply->kind == KA_REPLY_BUILT) {
        ka_known_sent(prober->config.known, probe);
        ka_ask_sent(ask, &prober->config.ask, probe, now, wall);
        prober->sent++;
        prober->next_send = now + KA_SECOND / prober->config.rate;
        if (!prober->config.quiet)
            ka_tell_probe(&prober->config.sink, dialogue, wall);
        return;
    }
    snprintf(why, sizeof(why), "kasniff-inject %s: %.400s",
             reply->kind == KA_REPLY_REFUSED ? "refuses" : "could not send", reply->text);
    ka_prober_end(prober, dialogue, KA_DIALOGUE_FAILED, why);
}

static int send_probe(struct ka_prober *prober, struct ka_dialogue *dialogue,
                      struct ka_error *error)
{
    struct ka_error reason;
    struct ka_probe probe;
    struct ka_reply reply;
    if (!may_ask(prober, dialogue))
        return 0;
    if (make_probe(prober, dialogue, &probe, &reason) != 0) {
        ka_prober_end(prober, dialogue, KA_DIALOGUE_FAILED, reason.text);
        return 0;
    }
    if (!dialogue->begun || dialogue->ask.judgement.sent == 0) {
        dialogue->begun = true;
        dialogue->target = ka_known_target(dialogue->entry, dialogue->to);
        dialogue->ask = ka_ask_begin(probe.kind == KA_PROBE_NUMBERLESS, dialogue->ask.due);
    }
    if (log_silence(prober, dialogue, error) < 0)
        return -1;
    ka_time wall = ka_clock_wall();
    if (ka_injector_send(prober->config.injector, wall, &probe, &reply, error) != 0)
        return -1;
    take_reply(prober, dialogue, &probe, &reply, wall);
    return 0;
}

/* Does what is due for one dialogue. */
static int step(struct ka_prober *prober, struct ka_dialogue *dialogue, struct ka_error *error)
{
    ka_time now = ka_clock_monotonic();
    struct ka_ask *ask = &dialogue->ask;
    if (dialogue->end != KA_DIALOGUE_OPEN)
        return 0;
    if (ka_ask_is_due(ask, &prober->config.ask, now))
        return now >= prober->next_send ? send_probe(prober, dialogue, error) : 0;
    ka_ask_tick(ask, &prober->config.ask, now);
    if (!ask->done)
        return 0;
    if (log_silence(prober, dialogue, error) < 0)
        return -1;
    ka_prober_conclude(prober, dialogue);
    return 0;
}

/* When something is due next, at most LOOK_EVERY from now. */
static ka_time find_next(const struct ka_prober *prober)
{
    ka_time next = ka_clock_monotonic() + LOOK_EVERY;
    for (uint32_t i = 0; i < prober->count; i++) {
        const struct ka_dialogue *dialogue = prober->dialogues[i];
        if (dialogue->end != KA_DIALOGUE_OPEN)
            continue;
        ka_time due = ka_ask_next(&dialogue->ask, &prober->config.ask);
        if (due < prober->next_send)
            due = prober->next_send;
        if (due < next)
            next = due;
    }
    return next;
}

int ka_prober_run(struct ka_prober *prober, struct ka_error *error)
{
    while (prober->ended < prober->count && !prober->config.stop(prober->config.context)) {
        for (uint32_t i = 0; i < prober->count; i++)
            if (step(prober, prober->dialogues[i], error) < 0)
                return -1;
        if (prober->ended < prober->count && listen_until(prober, find_next(prober), error) < 0)
            return -1;
        if (prober->config.progress != NULL &&
            ka_clock_monotonic() - prober->shown >= PROGRESS_EVERY) {
            prober->shown = ka_clock_monotonic();
            prober->config.progress(prober->config.context);
        }
    }
    return 0;
}

struct ka_prober_counts ka_prober_counts(const struct ka_prober *prober)
{
    return (struct ka_prober_counts){.sent = prober->sent,
                                     .answered = prober->answered,
                                     .dialogues = prober->count,
                                     .ended = prober->ended};
}

const struct ka_dialogue *ka_prober_at(const struct ka_prober *prober, uint32_t index)
{
    return index < prober->count ? prober->dialogues[index] : NULL;
}
