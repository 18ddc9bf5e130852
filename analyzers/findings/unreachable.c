/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An ICMP error about a probe says that the peer cannot be reached, and who says so.
 */
#include "analyzers/finding.h"

static const char *meaning(const struct ka_loss *loss)
{
    bool v4 = loss->from.family == 4;
    if (v4 ? loss->icmp_type == 11 : loss->icmp_type == 3)
        return "the packet's time to live ran out: a routing loop, or a path too long";
    if (loss->icmp_code == 0)
        return "no route to it";
    if (v4 ? loss->icmp_code == 3 : loss->icmp_code == 4)
        return "nobody listens there";
    if (v4 ? loss->icmp_code >= 9 : loss->icmp_code == 1 || loss->icmp_code == 5)
        return "a filter prohibits it";
    return "the host does not answer";
}

bool ka_find_unreachable(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_loss *loss = &about->history->loss[side];
    if (loss->time == KA_TIME_NONE || loss->from.family == 0)
        return false;
    char from[KA_ENDPOINT_TEXT_SIZE];
    ka_addr_text(&loss->from, from);
    ka_finding_say(event, KA_SEVERITY_ERROR,
                   "%s is unreachable, says %s: %s (ICMP type %u code %u); last heard %s before%s",
                   ka_words_endpoint(about->conn, side).text, from, meaning(loss), loss->icmp_type,
                   loss->icmp_code,
                   ka_words_duration(ka_time_between(loss->last_heard, loss->time)).text,
                   about->state[side] == KA_PEER_DEAD ? "; the prober gave up" : "");
    ka_finding_at(event, loss->time, loss->frame);
    ka_finding_frame(event, loss->last_frame);
    ka_finding_frame(event, loss->first_frame);
    ka_finding_frame(event, loss->frame);
    ka_finding_figure(event, "icmp_type", loss->icmp_type);
    ka_finding_figure(event, "icmp_code", loss->icmp_code);
    event->finding.advice =
        "ask at the box that sent the error: its route, its neighbour table, its "
        "filter";
    return true;
}
