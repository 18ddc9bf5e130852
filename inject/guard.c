/* SPDX-License-Identifier: BSD-2-Clause */
#include "inject/guard.h"

#include "base/seq.h"
#include "inject/memory.h"

#include <stdlib.h>
#include <string.h>

struct ka_guard {
    struct ka_guard_limits limits;
    struct ka_memory *memory;
    ka_time last; /* probe to anyone; KA_TIME_NONE none yet */
    uint32_t last_id;
    uint32_t total;
};

/* What a rule looks at. `record` is NULL while nothing was sent on the connection; `sent` is then
 * NULL too. `wait` is the rule's to set. */
struct question {
    const struct ka_guard_limits *limits;
    const struct ka_guard *guard;
    const struct ka_probe *probe;
    const struct ka_record *record;
    const struct ka_sent *sent;
    ka_time now;
    ka_time wait;
};

static bool is_listed(const struct ka_addr *addr, const struct ka_addr *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ka_addr_equal(addr, &list[i]))
            return true;
    return false;
}

static bool breaks_family(struct question *q)
{
    uint8_t family = q->probe->src.addr.family;
    return family != q->probe->dst.addr.family || (family != 4 && family != 6);
}

/* Mapped addresses would let a broadcast address slip through. */
static bool names_no_host(const struct ka_addr *addr)
{
    return ka_addr_is_unusable(addr) || ka_addr_is_mapped(addr);
}

static bool breaks_source(struct question *q)
{
    return names_no_host(&q->probe->src.addr);
}

static bool breaks_target(struct question *q)
{
    return names_no_host(&q->probe->dst.addr);
}

static bool breaks_broadcast(struct question *q)
{
    const struct ka_guard_limits *limits = q->limits;
    return is_listed(&q->probe->dst.addr, limits->broadcast, limits->broadcast_count) ||
           is_listed(&q->probe->src.addr, limits->broadcast, limits->broadcast_count);
}

static bool breaks_same(struct question *q)
{
    return ka_addr_equal(&q->probe->src.addr, &q->probe->dst.addr) &&
           q->probe->src.port == q->probe->dst.port;
}

static bool breaks_port(struct question *q)
{
    return q->probe->src.port == 0 || q->probe->dst.port == 0;
}

static bool breaks_not_allowed(struct question *q)
{
    for (size_t i = 0; i < q->limits->allow_count; i++)
        if (ka_allow_matches(&q->limits->allow[i], &q->probe->dst))
            return false;
    return true;
}

static bool breaks_link(struct question *q)
{
    return q->probe->link.present != q->limits->caps.link;
}

static bool breaks_mac(struct question *q)
{
    static const uint8_t none[6];
    const struct ka_probe_link *link = &q->probe->link;
    if (!link->present)
        return false;
    return ((link->src[0] | link->dst[0]) & 1) != 0 || memcmp(link->src, none, 6) == 0 ||
           memcmp(link->dst, none, 6) == 0;
}

static bool breaks_ttl(struct question *q)
{
    return q->probe->ttl == 0;
}

static bool is_numbered(const struct question *q)
{
    return q->probe->kind == KA_PROBE_NUMBERED;
}

static bool breaks_numberless_form(struct question *q)
{
    const struct ka_probe *probe = q->probe;
    return !is_numbered(q) &&
           (probe->seq != 0 || probe->ack != 0 || probe->length != 0 || probe->has_timestamps);
}

static bool breaks_length(struct question *q)
{
    return q->probe->length > 1;
}

static bool breaks_seq_ahead(struct question *q)
{
    return is_numbered(q) && !ka_seq_lt(q->probe->seq, q->probe->nxt);
}

static bool breaks_seq_behind(struct question *q)
{
    return is_numbered(q) && q->probe->seq != q->probe->nxt - 1;
}

static bool breaks_ack(struct question *q)
{
    uint32_t back = q->probe->mode == KA_ACK_EXACT ? 0 : KA_GENTLE_DISTANCE;
    return is_numbered(q) && q->probe->ack != q->probe->rcv - back;
}

static bool breaks_exact_off(struct question *q)
{
    return is_numbered(q) && q->probe->mode == KA_ACK_EXACT && !q->limits->caps.exact;
}

static bool breaks_byte_off(struct question *q)
{
    return q->probe->length > 0 && q->limits->caps.one_byte == 0;
}

static bool breaks_byte_gentle(struct question *q)
{
    return q->probe->length > 0 && q->probe->mode != KA_ACK_EXACT;
}

static bool breaks_byte_sack(struct question *q)
{
    return q->probe->length > 0 && !q->probe->sack;
}

static bool breaks_byte_flight(struct question *q)
{
    return q->probe->length > 0 && q->probe->in_flight;
}

/* Once; more often only on connections of this host itself, as an audit makes them. */
static bool breaks_byte_again(struct question *q)
{
    const struct ka_guard_limits *limits = q->limits;
    bool own = is_listed(&q->probe->src.addr, limits->local, limits->local_count);
    uint32_t most = own ? limits->caps.one_byte : 1;
    return q->probe->length > 0 && q->sent != NULL && q->sent->one_byte >= most;
}

static bool breaks_id(struct question *q)
{
    return q->probe->id <= q->guard->last_id;
}

static bool breaks_total(struct question *q)
{
    return q->guard->total >= q->limits->caps.total;
}

static bool breaks_unanswered(struct question *q)
{
    return q->sent != NULL && q->sent->unanswered >= q->limits->caps.unanswered;
}

/* True while less than `gap` has passed since `last`. A clock that runs backwards counts as
 * standing still. */
static bool too_soon(struct question *q, ka_time last, ka_time gap)
{
    if (last == KA_TIME_NONE)
        return false;
    ka_time passed = q->now < last ? 0 : q->now - last;
    q->wait = passed < gap ? gap - passed : 0;
    return passed < gap;
}

static bool breaks_numberless_gap(struct question *q)
{
    return !is_numbered(q) && q->sent != NULL &&
           too_soon(q, q->sent->numberless, KA_GUARD_NUMBERLESS_GAP);
}

static bool breaks_gap(struct question *q)
{
    return q->record != NULL && too_soon(q, q->record->last, KA_GUARD_GAP);
}

static bool breaks_rate(struct question *q)
{
    return too_soon(q, q->guard->last, KA_SECOND / q->limits->caps.rate);
}

static const struct {
    const char *name;
    const char *text;
    bool (*broken)(struct question *q);
} rules[KA_RULE_COUNT] = {
    [KA_RULE_FAMILY] = {"family", "source and target must both be IPv4 or both IPv6",
                        breaks_family},
    [KA_RULE_SOURCE] = {"source", "the source is no single host's address", breaks_source},
    [KA_RULE_TARGET] = {"target", "the target is no single host's address", breaks_target},
    [KA_RULE_BROADCAST] = {"broadcast",
                           "source or target is a broadcast address of this host's "
                           "subnets",
                           breaks_broadcast},
    [KA_RULE_SAME] = {"same", "source and target are the same endpoint", breaks_same},
    [KA_RULE_PORT] = {"port", "port 0 belongs to no connection", breaks_port},
    [KA_RULE_NOT_ALLOWED] = {"not-allowed", "the target is none of those allowed at the start",
                             breaks_not_allowed},
    [KA_RULE_LINK] = {"link", "addresses of the link belong to --link, and only to it",
                      breaks_link},
    [KA_RULE_MAC] = {"mac", "a link address is a group's or none at all", breaks_mac},
    [KA_RULE_TTL] = {"ttl", "with TTL 0 nothing would leave", breaks_ttl},
    [KA_RULE_NUMBERLESS_FORM] = {"numberless-form",
                                 "a numberless probe has seq 0, ack 0, no options and no data",
                                 breaks_numberless_form},
    [KA_RULE_LENGTH] = {"length", "more than one byte would be data", breaks_length},
    [KA_RULE_SEQ_AHEAD] = {"seq-ahead",
                           "seq is not below nxt: the target could take it for new data",
                           breaks_seq_ahead},
    [KA_RULE_SEQ_BEHIND] = {"seq-behind", "seq is not nxt - 1: the only number known to do no harm",
                            breaks_seq_behind},
    [KA_RULE_ACK] = {"ack", "ack must be rcv in exact mode and rcv - 1000 in gentle mode",
                     breaks_ack},
    [KA_RULE_EXACT_OFF] = {"exact-off", "exact acknowledgements were not enabled at the start",
                           breaks_exact_off},
    [KA_RULE_BYTE_OFF] = {"byte-off", "one-byte probes were not enabled at the start",
                          breaks_byte_off},
    [KA_RULE_BYTE_GENTLE] = {"byte-gentle", "a byte goes out with the exact ack only",
                             breaks_byte_gentle},
    [KA_RULE_BYTE_SACK] = {"byte-sack", "without SACK a byte can set off a retransmission",
                           breaks_byte_sack},
    [KA_RULE_BYTE_FLIGHT] = {"byte-flight", "a byte goes out only while no data is in flight",
                             breaks_byte_flight},
    [KA_RULE_BYTE_AGAIN] = {"byte-again", "this connection has had its one-byte probes",
                            breaks_byte_again},
    [KA_RULE_ID] = {"id", "ids must grow", breaks_id},
    [KA_RULE_TOTAL] = {"total", "all packets allowed at the start are used up", breaks_total},
    [KA_RULE_UNANSWERED] = {"unanswered", "the target left too many probes in a row unanswered",
                            breaks_unanswered},
    [KA_RULE_NUMBERLESS_GAP] = {"numberless-gap", "a numberless probe went there within 4 s",
                                breaks_numberless_gap},
    [KA_RULE_GAP] = {"gap", "this connection was probed a second ago or less", breaks_gap},
    [KA_RULE_RATE] = {"rate", "the rate over all connections is used up", breaks_rate},
};

const char *ka_rule_name(enum ka_rule rule)
{
    return rules[rule].name;
}

const char *ka_rule_text(enum ka_rule rule)
{
    return rules[rule].text;
}

int ka_guard_check(const struct ka_guard_limits *limits, struct ka_error *error)
{
    const struct ka_caps *caps = &limits->caps;
    if (limits->allow_count == 0)
        return ka_error_set(error, "no target is allowed: give --allow at least once");
    if (caps->rate < 1 || caps->rate > KA_RATE_MAX)
        return ka_error_set(error, "the rate must be 1 to %d packets a second", KA_RATE_MAX);
    if (caps->total < 1 || caps->total > KA_TOTAL_MAX)
        return ka_error_set(error, "the total must be 1 to %d packets", KA_TOTAL_MAX);
    if (caps->unanswered < 1 || caps->unanswered > KA_UNANSWERED_MAX)
        return ka_error_set(error, "the unanswered must be 1 to %d in a row", KA_UNANSWERED_MAX);
    if (caps->one_byte > KA_ONE_BYTE_MAX)
        return ka_error_set(error, "one-byte probes can be at most %d a connection",
                            KA_ONE_BYTE_MAX);
    return 0;
}

struct ka_guard *ka_guard_create(const struct ka_guard_limits *limits, uint64_t key,
                                 struct ka_error *error)
{
    if (ka_guard_check(limits, error) != 0)
        return NULL;
    struct ka_guard *guard = calloc(1, sizeof(*guard));
    struct ka_memory *memory = ka_memory_create(limits->caps.total, key);
    if (guard == NULL || memory == NULL) {
        free(guard);
        ka_memory_free(memory);
        ka_error_set(error, "there is no memory for %u connections", limits->caps.total);
        return NULL;
    }
    *guard = (struct ka_guard){.limits = *limits, .memory = memory, .last = KA_TIME_NONE};
    return guard;
}

void ka_guard_free(struct ka_guard *guard)
{
    if (guard == NULL)
        return;
    ka_memory_free(guard->memory);
    free(guard);
}

static void remember(struct ka_guard *guard, const struct ka_probe *probe, ka_time now)
{
    unsigned towards;
    struct ka_record *record = ka_memory_get(guard->memory, probe, &towards);
    struct ka_sent *sent = &record->sent[towards];
    guard->total++;
    guard->last = now;
    guard->last_id = probe->id;
    record->last = now;
    if (sent->unanswered == 0)
        sent->first_id = probe->id;
    sent->last_id = probe->id;
    sent->unanswered++;
    sent->one_byte += probe->length;
    if (probe->kind == KA_PROBE_NUMBERLESS)
        sent->numberless = now;
}

enum ka_rule ka_guard_ask(struct ka_guard *guard, const struct ka_probe *probe, ka_time now,
                          ka_time *wait)
{
    unsigned towards;
    const struct ka_record *record = ka_memory_find(guard->memory, probe, &towards);
    struct question question = {
        .limits = &guard->limits,
        .guard = guard,
        .probe = probe,
        .record = record,
        .sent = record != NULL ? &record->sent[towards] : NULL,
        .now = now,
    };
    for (size_t i = 0; i < KA_RULE_COUNT; i++) {
        question.wait = 0;
        if (rules[i].broken(&question)) {
            *wait = question.wait;
            return (enum ka_rule)i;
        }
    }
    *wait = 0;
    remember(guard, probe, now);
    return KA_RULE_COUNT;
}

void ka_guard_left(struct ka_guard *guard, const struct ka_probe *probe, ka_time now)
{
    unsigned towards;
    struct ka_record *record = ka_memory_find(guard->memory, probe, &towards);
    if (record == NULL || now < guard->last)
        return;
    guard->last = now;
    record->last = now;
}

bool ka_guard_answered(struct ka_guard *guard, const struct ka_probe *probe)
{
    unsigned towards;
    struct ka_record *record = ka_memory_find(guard->memory, probe, &towards);
    struct ka_sent *sent = record != NULL ? &record->sent[towards] : NULL;
    if (sent == NULL || sent->unanswered == 0 || probe->id < sent->first_id ||
        probe->id > sent->last_id)
        return false;
    sent->unanswered = 0;
    return true;
}
