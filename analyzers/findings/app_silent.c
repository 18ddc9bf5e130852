/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Transport alive, application silent: the host answers probes, but a request has been without a
 * response for much longer than any before. False positives: a last message that asks for nothing,
 * after several that were answered.
 */
#include "analyzers/finding.h"

enum { PAST_LEAST_S = 60 };

/* It hung, and speaks again. False positives: a response that took that long to compute. */
static bool find_past(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_app_silence *silence = &about->history->app_silence[side];
    if (silence->from == KA_TIME_NONE || silence->length < PAST_LEAST_S * KA_SECOND)
        return false;
    ka_finding_say(
        event, KA_SEVERITY_WARNING,
        "%s answered probes while its application did not answer: a request of %s waited "
        "%s for its response, %u before were answered within %s",
        ka_words_endpoint(about->conn, side).text, ka_words_endpoint(about->conn, !side).text,
        ka_words_duration(silence->length).text, silence->replies,
        ka_words_duration(silence->longest).text);
    ka_finding_at(event, silence->from, silence->frame);
    ka_finding_frame(event, silence->frame);
    ka_finding_frame(event, silence->until_frame);
    ka_finding_seconds(event, "waiting_s", silence->length);
    ka_finding_seconds(event, "longest_response_s", silence->longest);
    ka_finding_figure(event, "responses", silence->replies);
    ka_finding_figure(event, "probes_answered", silence->life_proofs);
    event->finding.advice = "keepalive cannot see this: look at what held the application on that "
                            "host at that time";
    return true;
}

bool ka_find_app_silent(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_history *history = about->history;
    const struct ka_asking *asking = &history->asking[!side];
    if ((history->app_silent >> side & 1) == 0 || asking->since == KA_TIME_NONE ||
        history->beat[!side].missing > 0) /* lost heartbeats have a finding of their own */
        return (history->app_silent >> side & 1) == 0 && find_past(about, side, event);
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
