/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The server closed a persistent HTTP connection that was idle: its own timeout, not the network. A
 * client that sends just then sees a reset.
 */
#include "analyzers/finding.h"

bool ka_find_http_idle_close(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_ev_http *http = &about->summary->http;
    if (side == about->client || http->responses == 0 || http->persistence != KA_HTTP_PERSISTENT ||
        http->closed_by != KA_CLOSER_SERVER || http->idle_before_close == KA_TIME_NONE ||
        http->idle_before_close < KA_SECOND)
        return false;
    ka_finding_say(
        event, KA_SEVERITY_NOTE,
        "%s closed a persistent HTTP connection after %s idle%s%s: its own timeout, which "
        "TCP keepalive does not change; %u requests",
        ka_words_endpoint(about->conn, side).text, ka_words_duration(http->idle_before_close).text,
        http->timeout != KA_TIME_NONE ? ", having announced " : "",
        http->timeout != KA_TIME_NONE ? ka_words_duration(http->timeout).text : "", http->requests);
    ka_finding_at(event, about->history->closing, about->history->closing_frame);
    ka_finding_frame(event, about->history->closing_frame);
    ka_finding_seconds(event, "idle_s", http->idle_before_close);
    ka_finding_seconds(event, "announced_s", http->timeout);
    ka_finding_figure(event, "requests", http->requests);
    event->finding.advice = "clients should keep idle HTTP connections for less than that";
    ka_case_tell_late(about, side, event);
    return true;
}
