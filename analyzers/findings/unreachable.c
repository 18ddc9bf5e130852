/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An ICMP error about a probe says that the peer cannot be reached, and who says so.
 */
#include "analyzers/finding.h"

struct meaning {
    const char *text;
    const char *advice;
};

static const struct meaning loop = {
    "the packet's time to live ran out: a routing loop, or a path too long",
    "trace the route to it: a packet goes in a circle, or its sender's time to live is too small"};
static const struct meaning no_route = {
    "no route to it",
    "look at the routes of the box that sent the error, and at what they lead to"};
static const struct meaning nobody = {
    "nobody listens there", "look for a restart of the server, or of its host, in its log"};
static const struct meaning filter = {
    "a filter rejects it",
    "look at the filter of the box that sent the error: a stateful one that has forgotten an idle "
    "connection answers so, and a keepalive time below its timeout prevents that"};
static const struct meaning no_host = {
    "the host does not answer", "look whether the host is up, and reachable from the box that sent "
                                "the error: its neighbour table, its link"};

/* RFC 792 and RFC 1812 5.2.7.1, RFC 4443 3.1. A port is known by its own host only: in another's
 * name it is a filter that says so (iptables' and nft's reject). */
static const struct meaning *find_meaning(const struct ka_loss *loss, const struct ka_addr *host)
{
    bool v4 = loss->from.family == 4;
    bool port = v4 ? loss->icmp_code == 3 : loss->icmp_code == 4;
    if (v4 ? loss->icmp_type == 11 : loss->icmp_type == 3)
        return &loop;
    if (loss->icmp_code == 0)
        return &no_route;
    if (port)
        return ka_addr_equal(&loss->from, host) ? &nobody : &filter;
    if (v4 ? loss->icmp_code >= 9 : loss->icmp_code == 1 || loss->icmp_code == 5)
        return &filter;
    return &no_host;
}

bool ka_find_unreachable(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_loss *loss = &about->history->loss[side];
    if (loss->time == KA_TIME_NONE || loss->from.family == 0)
        return false;
    char from[KA_ENDPOINT_TEXT_SIZE];
    ka_addr_text(&loss->from, from);
    struct ka_endpoint host = ka_conn_endpoint(about->conn, side);
    const struct meaning *meaning = find_meaning(loss, &host.addr);
    ka_finding_say(event, KA_SEVERITY_ERROR,
                   "%s is unreachable, says %s: %s (ICMP type %u code %u); last heard %s before%s",
                   ka_words_endpoint(about->conn, side).text, from, meaning->text, loss->icmp_type,
                   loss->icmp_code,
                   ka_words_duration(ka_time_between(loss->last_heard, loss->time)).text,
                   about->state[side] == KA_PEER_DEAD ? "; the prober gave up" : "");
    ka_finding_at(event, loss->time, loss->frame);
    ka_finding_frame(event, loss->last_frame);
    ka_finding_frame(event, loss->first_frame);
    ka_finding_frame(event, loss->frame);
    ka_finding_figure(event, "icmp_type", loss->icmp_type);
    ka_finding_figure(event, "icmp_code", loss->icmp_code);
    event->finding.advice = meaning->advice;
    return true;
}
