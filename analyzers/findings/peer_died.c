/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The peer died silently: its probes stayed without an answer until the prober gave up, or stopped.
 * Not where a reset or an ICMP error tells more.
 */
#include "analyzers/finding.h"

#include "base/text.h"

bool ka_find_peer_died(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_loss *loss = &about->history->loss[side];
    if (about->state[side] != KA_PEER_DEAD || loss->time == KA_TIME_NONE ||
        loss->from.family != 0 || ka_case_came_back(about, side))
        return false;
    ka_time took = ka_time_between(loss->last_heard, loss->time);
    ka_finding_say(
        event, KA_SEVERITY_ERROR,
        "%s died silently: last heard %s before %s noticed; %u probe%s stayed without an "
        "answer, and the application there got ETIMEDOUT%s",
        ka_words_endpoint(about->conn, side).text, ka_words_duration(took).text,
        ka_words_endpoint(about->conn, !side).text, loss->unanswered,
        ka_text_plural(loss->unanswered),
        loss->kind == KA_OCC_STOPPED ? " (inferred: the probing stopped)" : "");
    ka_finding_at(event, loss->time, loss->frame);
    ka_finding_frame(event, loss->last_frame);
    ka_finding_frame(event, loss->first_frame);
    ka_finding_frame(event, loss->frame);
    ka_finding_seconds(event, "noticed_after_s", took);
    ka_finding_figure(event, "unanswered", loss->unanswered);
    event->finding.advice =
        "find out what happened to the host or the path at the time it was last heard; a shorter "
        "keepalive interval and count notice it sooner";
    return true;
}
