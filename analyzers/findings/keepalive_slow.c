/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Keepalive is on, but its first probe comes when the path has forgotten the connection already: it
 * met the reset of a box between. A path that drops silently looks like a peer that died; that is
 * told apart only by several connections (at-risk, in cli/trials.c).
 *
 * Or the first probe came in time, and the next did not: Linux sets the timer to the interval after
 * each probe, answered or not (tcp_keepalive_timer), 75 s unless set. False positives: keepalive
 * that was turned off meanwhile.
 */
#include "analyzers/finding.h"

enum { TIMES = 2 }; /* its idle time, and no probe */

/* Its only probes came after less silence than the one that was not survived. */
static bool find_long_interval(const struct ka_case *about, unsigned side,
                               const struct ka_gap *death, struct ka_event *event)
{
    const struct ka_prober *prober = about->prober[side];
    ka_time idle = about->summary->keepalive[side != about->client].idle;
    bool probed_into_it = about->history->loss[!side].time != KA_TIME_NONE;
    if (prober->answered == 0 || idle == KA_TIME_NONE || probed_into_it ||
        death->length < TIMES * idle || death->from < prober->last_probe)
        return false;
    ka_finding_say(event, KA_SEVERITY_WARNING,
                   "keepalive of %s probed after %s of silence, but not again in the %s that the "
                   "connection did not survive: its interval may be longer than its idle time",
                   ka_words_endpoint(about->conn, side).text, ka_words_duration(idle).text,
                   ka_words_duration(death->length).text);
    ka_finding_at(event, death->from + death->length, death->frame);
    ka_finding_frame(event, about->history->probe_frame[side]);
    ka_finding_frame(event, death->frame);
    ka_finding_seconds(event, "idle_s", death->length);
    ka_finding_seconds(event, "probed_after_s", idle);
    event->finding.advice =
        "set the interval (TCP_KEEPINTVL), too: on Linux answered probes come no "
        "sooner than that after each other, and its default is 75 s";
    return true;
}

bool ka_find_keepalive_slow(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_gap *death = ka_case_death(about);
    const struct ka_reset *reset = &about->history->reset;
    if (death == NULL || about->prober[side] == NULL || about->summary->one_way ||
        ka_case_outlived(about, death->length))
        return false;
    if (find_long_interval(about, side, death, event))
        return true;
    unsigned speaker = death->speaker == KA_SPEAKER_CLIENT ? about->client : !about->client;
    if (speaker != side || death->frame != about->history->first_unanswered[side] ||
        death->after != KA_AFTER_RST || !reset->to_probe || !ka_case_reset_by_other(about))
        return false;
    ka_finding_say(
        event, KA_SEVERITY_WARNING,
        "keepalive of %s is set, but slower than the path forgets: its first probe after "
        "%s of silence met the reset of a box between",
        ka_words_endpoint(about->conn, side).text, ka_words_duration(death->length).text);
    ka_finding_at(event, death->from + death->length, death->frame);
    ka_finding_frame(event, death->frame);
    ka_finding_seconds(event, "idle_s", death->length);
    ka_finding_seconds(event, "survived_s", ka_case_survived(about));
    event->finding.advice = "lower the keepalive time (TCP_KEEPIDLE) well below that; default "
                            "keepalives come after two hours only";
    return true;
}
