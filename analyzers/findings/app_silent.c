/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Transport alive, application silent: the host answers probes, but a request has been without a
 * response for much longer than any before. False positives: a last message that asks for nothing,
 * after several that were answered.
 */
#include "analyzers/finding.h"

bool ka_find_app_silent(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_history *history = about->history;
    const struct ka_asking *asking = &history->asking[!side];
    if ((history->app_silent >> side & 1) == 0 || asking->since == KA_TIME_NONE ||
        history->beat[!side].missing > 0)
        return false; /* lost heartbeats have a finding of their own */
    ka_time wait = ka_time_between(asking->since, about->conn->side[side].last_sent);
    ka_finding_say(event, KA_SEVERITY_ERROR,
                   "%s answers probes, its application does not answer: a request of %s without a "
                   "response for %s, %u before were answered within %s",
                   ka_words_endpoint(about->conn, side).text,
                   ka_words_endpoint(about->conn, !side).text, ka_words_duration(wait).text,
                   asking->replies, ka_words_duration(asking->longest).text);
    ka_finding_at(event, asking->since, asking->frame);
    ka_finding_frame(event, asking->frame);
    ka_finding_frame(event, history->last_frame[side]);
    ka_finding_seconds(event, "waiting_s", wait);
    ka_finding_seconds(event, "longest_response_s", asking->longest);
    ka_finding_figure(event, "responses", asking->replies);
    ka_finding_figure(event, "probes_answered", asking->life_proofs);
    event->finding.advice = "keepalive cannot see this: look at the application on that host, and "
                            "give its peer a timeout for responses";
    return true;
}
