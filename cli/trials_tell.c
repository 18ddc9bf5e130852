/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the silences of a capture come to: by server, by prefix, and all together.
 */
#include "cli/path_findings.h"
#include "cli/trials_parts.h"

#include <stdlib.h>
#include <string.h>

enum {
    WORTH_S = 60,            /* a survived silence worth an event */
    DEATHS_LEAST = 2,        /* before a path is accused */
    SOON_S = 30,             /* no product known forgets sooner by default (audit/products.tsv) */
    DEATHS_SOON = 3,         /* before a path is accused of that */
    CONTRADICTED_ONE_IN = 3, /* deaths that may be contradicted */
    APART_PART = 20,         /* died and survived lie at least this part of it apart */
    V4_PREFIX = 3,           /* bytes */
    V6_PREFIX = 8,
};

/* --- order */

static int by_server(const void *a, const void *b)
{
    const struct ka_trials_entry *first = a;
    const struct ka_trials_entry *second = b;
    int order = ka_endpoint_compare(&first->server, &second->server);
    if (order != 0)
        return order;
    return (first->flow_id > second->flow_id) - (first->flow_id < second->flow_id);
}

static int risk_by_server(const void *a, const void *b)
{
    const struct ka_trials_risk *first = a;
    const struct ka_trials_risk *second = b;
    int order = ka_endpoint_compare(&first->server, &second->server);
    if (order != 0)
        return order;
    return (first->flow_id > second->flow_id) - (first->flow_id < second->flow_id);
}

static bool same_prefix(const struct ka_addr *a, const struct ka_addr *b)
{
    size_t length = a->family == 4 ? V4_PREFIX : V6_PREFIX;
    return a->family == b->family && memcmp(a->bytes, b->bytes, length) == 0;
}

/* --- telling */

struct teller {
    struct ka_trials *trials;
    struct ka_trial *scratch; /* room for as many as there are entries */
    const struct ka_envelope *at;
    const struct ka_sink *sink;
};

static void begin(const struct teller *teller, struct ka_event *event, enum ka_event_type type)
{
    memset(event, 0, sizeof(*event));
    event->type = type;
    event->notable = true;
    event->envelope.time = teller->at->time;
    event->envelope.digits = teller->at->digits;
}

/* Judges those of entries[from..from+count-1] whose silence the speaker broke. Returns how many
 * these are; they stay in the scratch. */
static size_t judge(const struct teller *teller, size_t from, size_t count, uint8_t speaker,
                    struct ka_bracket *out)
{
    struct ka_trials *trials = teller->trials;
    size_t used = 0;
    for (size_t i = from; i < from + count; i++)
        if (trials->entries[i].speaker == speaker)
            teller->scratch[used++] = trials->entries[i].trial;
    ka_bracket_judge(teller->scratch, used, out);
    return used;
}

static void tell_bracket(const struct teller *teller, size_t from, size_t count, uint8_t speaker,
                         const struct ka_bracket *bracket, const struct ka_endpoint *server)
{
    struct ka_event event;
    begin(teller, &event, KA_EVENT_IDLE_TIMEOUT);
    event.envelope.src.addr = teller->trials->entries[from].client;
    event.envelope.dst = *server;
    event.idle_timeout = (struct ka_ev_idle_timeout){
        .survived = bracket->survived,
        .died = bracket->died,
        .precision = KA_TIME_NONE,
        .trials = count,
        .arm = KA_ARM_SILENT,
        .first_speaker = speaker,
        .after_expiry = bracket->after,
    };
    ka_products_match(&teller->trials->products, bracket, event.idle_timeout.known);
    teller->sink->emit(teller->sink->context, &event);
}

/* An event for a finding about a server. */
static void begin_finding(const struct teller *teller, struct ka_event *event,
                          const struct ka_endpoint *server, size_t from)
{
    begin(teller, event, KA_EVENT_FINDING);
    event->envelope.src.addr = teller->trials->entries[from].client;
    event->envelope.dst = *server;
}

/* The first of the sorted risks that is not before this server. */
static size_t first_risk(const struct ka_trials *trials, const struct ka_endpoint *server)
{
    size_t low = 0;
    size_t high = trials->risk_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ka_endpoint_compare(&trials->risks[middle].server, server) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The living connections to the server that keep quiet for longer than the path allows. */
static void say_at_risk(const struct teller *teller, const struct ka_bracket *bracket,
                        const struct ka_endpoint *server, size_t from)
{
    struct ka_trials *trials = teller->trials;
    struct ka_event event;
    size_t found = 0;
    begin_finding(teller, &event, server, from);
    for (size_t i = first_risk(trials, server); i < trials->risk_count; i++) {
        const struct ka_trials_risk *risk = &trials->risks[i];
        if (ka_endpoint_compare(&risk->server, server) != 0)
            break;
        if (risk->idle != KA_TIME_NONE && risk->idle < bracket->died)
            continue;
        if (found < KA_EVIDENCE_MAX)
            event.finding.evidence[found] = risk->flow_id;
        found++;
    }
    if (found == 0)
        return;
    ka_path_risk(&event, found, bracket->died);
    teller->sink->emit(teller->sink->context, &event);
}

static uint32_t deaths_needed(ka_time died)
{
    return died < SOON_S * KA_SECOND ? DEATHS_SOON : DEATHS_LEAST;
}

/* Hosts die, too, at any time: only deaths that all lie clearly above the survivors, but for a few,
 * speak for a timeout. Clients that vanish (laptops, telephones) are many, and a NAT gives them one
 * name: that a server's words met silence says nothing where none of them met anything
 * else. */
static bool accuses(const struct ka_bracket *bracket, uint8_t speaker)
{
    if (bracket->died == KA_TIME_NONE || bracket->deaths < deaths_needed(bracket->died) ||
        bracket->contradictions * CONTRADICTED_ONE_IN > bracket->deaths)
        return false;
    if (bracket->survived == KA_TIME_NONE)
        return speaker == KA_SPEAKER_CLIENT || bracket->after != KA_AFTER_SILENT;
    return bracket->died > bracket->survived + bracket->survived / APART_PART;
}

static bool is_dead(const struct ka_trials_entry *entry, uint8_t speaker)
{
    return entry->speaker == speaker && entry->trial.result == KA_TRIAL_DIED;
}

/* So many connections died of a silence of at least `least`; one may have been given up and heard
 * again several times. */
static size_t count_dead(const struct ka_trials *trials, size_t from, size_t count, uint8_t speaker,
                         ka_time least)
{
    size_t found = 0;
    uint32_t last = 0;
    for (size_t i = from; i < from + count; i++) {
        const struct ka_trials_entry *entry = &trials->entries[i];
        if (!is_dead(entry, speaker) || entry->trial.idle < least || entry->flow_id == last)
            continue;
        last = entry->flow_id;
        found++;
    }
    return found;
}

/* What all silences that were not survived have in common, of both speakers: a server that rebooted
 * just then, or an outage, took them all with it. */
struct moment {
    ka_time from; /* not before `to`: there is none */
    ka_time to;
};

static struct moment find_moment(const struct ka_trials *trials, size_t from, size_t count)
{
    struct moment common = {.from = INT64_MIN, .to = INT64_MAX};
    for (size_t i = from; i < from + count; i++) {
        const struct ka_trials_entry *entry = &trials->entries[i];
        if (entry->trial.result != KA_TRIAL_DIED)
            continue;
        if (entry->from > common.from)
            common.from = entry->from;
        if (entry->from + entry->trial.idle < common.to)
            common.to = entry->from + entry->trial.idle;
    }
    return common;
}

/* A connection that lived on through most of that moment speaks against it: from its start to the
 * end of a silence that it survived. */
static bool was_lived_through(const struct ka_trials *trials, size_t from, size_t count,
                              const struct moment *moment)
{
    enum { MOST_OF = 4 };
    for (size_t i = from; i < from + count; i++) {
        const struct ka_trials_entry *entry = &trials->entries[i];
        ka_time begin = entry->start > moment->from ? entry->start : moment->from;
        ka_time end = entry->from + entry->trial.idle;
        if (end > moment->to)
            end = moment->to;
        if (entry->trial.result == KA_TRIAL_SURVIVED &&
            end - begin >= (moment->to - moment->from) / MOST_OF * (MOST_OF - 1))
            return true;
    }
    return false;
}

/* The connections that did not survive are the evidence. */
static void name_dead(const struct ka_trials *trials, size_t from, size_t count, uint8_t speaker,
                      struct ka_event *event)
{
    size_t named = 0;
    event->finding.evidence_of = KA_EVIDENCE_FLOWS;
    for (size_t i = from; i < from + count && named < KA_EVIDENCE_MAX; i++) {
        const struct ka_trials_entry *entry = &trials->entries[i];
        if (is_dead(entry, speaker) &&
            (named == 0 || event->finding.evidence[named - 1] != entry->flow_id))
            event->finding.evidence[named++] = entry->flow_id;
    }
}

/* Keeps the causes that accuse the path, each by itself. Returns how many. */
static size_t accused(struct ka_bracket *causes, size_t count, uint8_t speaker)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (accuses(&causes[i], speaker))
            causes[kept++] = causes[i];
    return kept;
}

/* What the silences that one side broke say. True when they accuse the path. */
static bool tell_side(const struct teller *teller, size_t from, size_t count, uint8_t speaker,
                      struct ka_bracket *bracket)
{
    const struct ka_endpoint *server = &teller->trials->entries[from].server;
    struct ka_bracket causes[KA_CAUSES_MAX];
    struct ka_event event;
    size_t used = judge(teller, from, count, speaker, bracket);
    if (bracket->died == KA_TIME_NONE &&
        (bracket->longest == KA_TIME_NONE || bracket->longest < WORTH_S * KA_SECOND))
        return false;
    tell_bracket(teller, from, used, speaker, bracket, server);
    if (count_dead(teller->trials, from, count, speaker, 0) < DEATHS_LEAST)
        return false;
    size_t found = accused(causes, ka_bracket_causes(teller->scratch, used, causes), speaker);
    if (found > 1) {
        begin_finding(teller, &event, server, from);
        name_dead(teller->trials, from, count, speaker, &event);
        ka_path_causes(&event, causes, found);
        teller->sink->emit(teller->sink->context, &event);
    }
    if (!accuses(bracket, speaker) || count_dead(teller->trials, from, count, speaker,
                                                 bracket->died) < deaths_needed(bracket->died))
        return false;
    begin_finding(teller, &event, server, from);
    name_dead(teller->trials, from, count, speaker, &event);
    const struct moment moment = find_moment(teller->trials, from, count);
    bool one_event =
        moment.from < moment.to && !was_lived_through(teller->trials, from, count, &moment);
    if (one_event)
        ka_path_broke(&event, bracket, moment.to - moment.from);
    else
        ka_path_forgets(&event, bracket, &teller->trials->products);
    teller->sink->emit(teller->sink->context, &event);
    return !one_event;
}

/* Whoever speaks first may heal a connection that the other cannot: each side for itself. */
static void tell_server(const struct teller *teller, size_t from, size_t count)
{
    struct ka_bracket worst = {.died = KA_TIME_NONE};
    for (uint8_t speaker = 0; speaker <= KA_SPEAKER_SERVER; speaker++) {
        struct ka_bracket bracket;
        if (tell_side(teller, from, count, speaker, &bracket) &&
            (worst.died == KA_TIME_NONE || bracket.died < worst.died))
            worst = bracket;
    }
    if (worst.died != KA_TIME_NONE)
        say_at_risk(teller, &worst, &teller->trials->entries[from].server, from);
}

/* Several servers together, where a silence was judged. */
static void tell_together(const struct teller *teller, size_t from, size_t count,
                          const struct ka_endpoint *name, bool only_deaths)
{
    for (uint8_t speaker = 0; speaker <= KA_SPEAKER_SERVER; speaker++) {
        struct ka_bracket bracket;
        size_t used = judge(teller, from, count, speaker, &bracket);
        if (bracket.died != KA_TIME_NONE || (!only_deaths && bracket.longest != KA_TIME_NONE))
            tell_bracket(teller, from, used, speaker, &bracket, name);
    }
}

/* A prefix is told of when it holds several servers and some silence was not survived. */
static void tell_prefix(const struct teller *teller, size_t from, size_t count, size_t servers)
{
    struct ka_endpoint network = teller->trials->entries[from].server;
    size_t length = network.addr.family == 4 ? V4_PREFIX : V6_PREFIX;
    memset(network.addr.bytes + length, 0, sizeof(network.addr.bytes) - length);
    network.port = 0;
    if (servers > 1)
        tell_together(teller, from, count, &network, true);
}

static void tell_groups(const struct teller *teller)
{
    const struct ka_trials *trials = teller->trials;
    size_t server = 0;
    size_t prefix = 0;
    size_t servers = 1;
    for (size_t i = 1; i <= trials->count; i++) {
        const struct ka_trials_entry *last = &trials->entries[i - 1];
        bool end = i == trials->count;
        if (!end && ka_endpoint_compare(&last->server, &trials->entries[i].server) == 0)
            continue;
        tell_server(teller, server, i - server);
        server = i;
        if (!end && same_prefix(&last->server.addr, &trials->entries[i].server.addr)) {
            servers++;
            continue;
        }
        tell_prefix(teller, prefix, i - prefix, servers);
        prefix = i;
        servers = 1;
    }
}

void ka_trials_tell(struct ka_trials *trials, const struct ka_envelope *at,
                    const struct ka_sink *sink)
{
    if (trials->count == 0)
        return;
    struct ka_trial *scratch = calloc(trials->count, sizeof(*scratch));
    if (scratch == NULL) {
        trials->left_out += trials->count;
        return;
    }
    const struct teller teller = {.trials = trials, .scratch = scratch, .at = at, .sink = sink};
    qsort(trials->entries, trials->count, sizeof(*trials->entries), by_server);
    if (trials->risk_count > 0)
        qsort(trials->risks, trials->risk_count, sizeof(*trials->risks), risk_by_server);
    tell_groups(&teller);
    const struct ka_endpoint all = {.addr = {.family = trials->entries[0].server.addr.family}};
    tell_together(&teller, 0, trials->count, &all, false);
    free(scratch);
}
