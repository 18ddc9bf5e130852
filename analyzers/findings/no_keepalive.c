/* SPDX-License-Identifier: BSD-2-Clause
 *
 * No keepalive although the connection idled longer than the path, or the peer, remembered it. What
 * came back under another name, perhaps a probe, is told of in nat_rebinding.c.
 */
#include "analyzers/finding.h"

bool ka_find_no_keepalive(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_gap *death = ka_case_death(about);
    if (side != about->client || death == NULL || about->rebinding.from.flow_id != 0 ||
        about->prober[0] != NULL || about->prober[1] != NULL || about->summary->one_way ||
        death->length < KA_IDLE_LEAST_S * KA_SECOND || ka_case_outlived(about, death->length))
        return false;
    ka_finding_say(
        event, KA_SEVERITY_WARNING,
        "no keepalive: the connection was idle for %s, which it did not survive; neither "
        "%s nor %s probed",
        ka_words_duration(death->length).text, ka_words_endpoint(about->conn, side).text,
        ka_words_endpoint(about->conn, !side).text);
    ka_finding_at(event, death->from + death->length, death->frame);
    ka_finding_frame(event, death->frame);
    ka_finding_seconds(event, "idle_s", death->length);
    ka_finding_seconds(event, "survived_s", ka_case_survived(about));
    event->finding.advice =
        "turn keepalive on (SO_KEEPALIVE), with TCP_KEEPIDLE and TCP_KEEPINTVL at "
        "most half the idle time that killed it";
    return true;
}
