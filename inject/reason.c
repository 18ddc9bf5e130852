/* SPDX-License-Identifier: BSD-2-Clause */
#include "inject/verdict.h"

#include <stdio.h>
#include <string.h>

static const char *const texts[KA_FOUND_COUNT] = {
    [KA_FOUND_NOTHING] = "no answer yet",
    [KA_FOUND_NOTHING_BLIND] = "no answer yet",
    [KA_FOUND_ALIVE] = "",
    [KA_FOUND_CLOSING] = "closing: it has sent its FIN, its kernel alone may be answering",
    [KA_FOUND_TIME_WAIT] = "time-wait: both ends have closed, its kernel keeps the memory of it",
    [KA_FOUND_PROXY] = "a proxy is suspected: the answer came from another distance (TTL) than its "
                       "packets",
    [KA_FOUND_DISPUTED] = "something on the way sent a reset, yet an answer came as well",
    [KA_FOUND_RESET_HOST] = "it does not know the connection; the reset's TTL is that of its "
                            "packets",
    [KA_FOUND_RESET_MIDDLEBOX] = "reset by a middlebox: its TTL is not that of the target's "
                                 "packets",
    [KA_FOUND_RESET_UNSURE] = "reset by the target or by something on the way: TTL and IP ID do "
                              "not tell",
    [KA_FOUND_UNREACHABLE] = "", /* written from the ICMP error */
    [KA_FOUND_SILENT] = "",      /* written from what else could explain it */
    [KA_FOUND_UNKNOWN] = "its sequence numbers could not be learned, and a probe without them got "
                         "no answer: listen longer (--sniff), or to what was captured (-r)",
};

/* The names of RFC 792, RFC 1812 5.2.7 and RFC 4443 3.1. */
static const struct {
    uint8_t family;
    uint8_t type;
    uint8_t code;
    const char *name;
} errors[] = {
    {4, 3, 0, "network unreachable"},
    {4, 3, 1, "host unreachable"},
    {4, 3, 2, "protocol unreachable"},
    {4, 3, 3, "port unreachable"},
    {4, 3, 5, "source route failed"},
    {4, 3, 6, "network unknown"},
    {4, 3, 7, "host unknown"},
    {4, 3, 9, "network prohibited"},
    {4, 3, 10, "host prohibited"},
    {4, 3, 13, "administratively prohibited"},
    {6, 1, 0, "no route"},
    {6, 1, 1, "administratively prohibited"},
    {6, 1, 2, "beyond scope"},
    {6, 1, 3, "address unreachable"},
    {6, 1, 4, "port unreachable"},
    {6, 1, 5, "source address failed policy"},
    {6, 1, 6, "route rejected"},
};

static void explain_icmp(const struct ka_judgement *judgement, char *out, size_t size)
{
    char from[KA_ADDR_TEXT_SIZE];
    const char *name = "unreachable";
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (errors[i].family == judgement->icmp_from.family &&
            errors[i].type == judgement->icmp_type && errors[i].code == judgement->icmp_code)
            name = errors[i].name;
    ka_addr_text(&judgement->icmp_from, from);
    snprintf(out, size, "%s (ICMP%s type %u code %u) from %s", name,
             judgement->icmp_from.family == 6 ? "v6" : "", judgement->icmp_type,
             judgement->icmp_code, from);
}

/* What else than a dead target could have kept the answer away, most likely first. */
static void explain_silence(const struct ka_target_facts *facts, char *out, size_t size)
{
    const struct {
        bool holds;
        const char *text;
    } others[] = {
        {facts->one_way, "its packets do not pass here"},
        {facts->md5, "it checks signatures (TCP-MD5, TCP-AO)"},
        {facts->timestamps_guessed, "a later timestamp went unseen (PAWS)"},
        {facts->gentle, "a firewall dropped its reset as invalid"},
        {true, "a firewall drops the probe"},
        {facts->elsewhere, "a router drops it for coming from the wrong side (rp_filter, uRPF)"},
    };
    size_t used = (size_t)snprintf(out, size, "gone or cut off; or else: ");
    const char *separator = "";
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (!others[i].holds || used >= size)
            continue;
        used += (size_t)snprintf(out + used, size - used, "%s%s", separator, others[i].text);
        separator = ", ";
    }
}

/* The probe itself ended on the way. */
static void explain_hop(const struct ka_judgement *judgement, char *out, size_t size)
{
    char from[KA_ADDR_TEXT_SIZE];
    ka_addr_text(&judgement->hop_from, from);
    snprintf(out, size,
             "not reached: the probe's TTL was used up at %s (ICMP time exceeded); it is too small "
             "for the way (--ttl), or the routes go round in a circle",
             from);
}

static void explain(const struct ka_judgement *judgement, const struct ka_target_facts *facts,
                    char *out, size_t size)
{
    bool alive = judgement->state == KA_FOUND_ALIVE;
    bool silent = judgement->state == KA_FOUND_SILENT || judgement->state == KA_FOUND_UNKNOWN;
    if (judgement->state == KA_FOUND_UNREACHABLE)
        explain_icmp(judgement, out, size);
    else if (silent && judgement->hop_from.family != 0)
        explain_hop(judgement, out, size);
    else if (judgement->state == KA_FOUND_SILENT)
        explain_silence(facts, out, size);
    else if (silent && facts->one_way)
        snprintf(out, size, "%s; its packets do not pass here, so that none would be heard",
                 texts[judgement->state]);
    else if (alive && facts->source_fin)
        snprintf(out, size, "half-closed: the other end has sent its FIN");
    else if (alive && judgement->answered < judgement->sent)
        snprintf(out, size, "answered %u of %u: packets were lost, or it limits its answers",
                 judgement->answered, judgement->sent);
    else
        snprintf(out, size, "%s", texts[judgement->state]);
}

void ka_judgement_verdict(const struct ka_judgement *judgement, const struct ka_target_facts *facts,
                          const struct ka_endpoint *target, struct ka_ev_verdict *out)
{
    struct ka_ev_verdict verdict = {
        .target = *target,
        .rtt = judgement->rtt,
        .sent = judgement->sent,
        .answered = judgement->answered,
        .verdict = (uint8_t)ka_finding_verdict(judgement->state),
        .ttl = judgement->ttl,
        .origin = (uint8_t)ka_finding_origin(judgement->state),
    };
    /* The host itself can refuse by ICMP: its firewall, or a router at its address. */
    if (judgement->state == KA_FOUND_UNREACHABLE &&
        ka_addr_equal(&judgement->icmp_from, &target->addr))
        verdict.origin = KA_ORIGIN_ENDPOINT;
    explain(judgement, facts, verdict.why, sizeof(verdict.why));
    *out = verdict;
}
