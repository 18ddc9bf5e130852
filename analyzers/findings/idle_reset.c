/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The host reset a connection that was idle, by itself: no box on the path, and no answer to a
 * probe (peer_rebooted.c). Either the other side spoke after a silence and met the reset, or a
 * server had enough of waiting. False positives: a box right beside the host, whose resets carry
 * the same TTL.
 */
#include "analyzers/finding.h"

/* Sooner it may be the end of the work. */
static const ka_time least = 5 * KA_SECOND;

/* Nothing but the reset ended it, and the host itself sent that. */
static bool is_own_end(const struct ka_case *about, unsigned side)
{
    const struct ka_history *history = about->history;
    const struct ka_reset *reset = &history->reset;
    return reset->time != KA_TIME_NONE && reset->side == side && !reset->to_probe &&
           reset->ttl == reset->usual_ttl && reset->more == 0 &&
           history->closing_frame == reset->frame && reset->idle != KA_TIME_NONE &&
           reset->idle >= least && !about->summary->one_way &&
           about->summary->ended == KA_ENDED_RST;
}

/* It is told of as no-keepalive where keepalive might have helped. */
static bool may_be_forgotten(const struct ka_case *about, ka_time idle)
{
    return idle >= KA_IDLE_LEAST_S * KA_SECOND && about->prober[0] == NULL &&
           about->prober[1] == NULL && !ka_case_outlived(about, idle);
}

static bool find_answer(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_reset *reset = &about->history->reset;
    const struct ka_gap *death = ka_case_death(about);
    if (death == NULL || death->after != KA_AFTER_RST || death->length != reset->idle ||
        may_be_forgotten(about, reset->idle))
        return false;
    ka_finding_say(event, KA_SEVERITY_WARNING,
                   "%s itself reset the connection when %s spoke after a silence of %s: it had "
                   "given it up without a word; the application got ECONNRESET",
                   ka_words_endpoint(about->conn, side).text,
                   ka_words_endpoint(about->conn, !side).text, ka_words_duration(reset->idle).text);
    event->finding.advice =
        "look at that host's log at that time: its process was restarted, or a timeout of its own "
        "gives up connections without closing them";
    ka_finding_seconds(event, "idle_s", reset->idle);
    return true;
}

/* Since data of either side: probes between are no use of a connection. */
static ka_time without_data(const struct ka_history *history)
{
    unsigned later = history->last_data[0] > history->last_data[1] ? 0 : 1;
    ka_time since = ka_time_between(history->last_data[later], history->reset.time);
    return since != KA_TIME_NONE ? since : history->reset.idle;
}

/* Clients end what they need no more as they like, and a server gives up a client whose window
 * stays closed. */
static bool find_unasked(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_history *history = about->history;
    bool is_asked =
        history->asking[!side].since != KA_TIME_NONE || history->asking[side].since != KA_TIME_NONE;
    bool is_pending =
        ka_side_in_flight(&about->conn->side[0]) || ka_side_in_flight(&about->conn->side[1]);
    bool is_stuck = history->closed[!side].since != KA_TIME_NONE;
    if (side == about->client || history->reset.asked_frame != 0 || is_asked || is_pending ||
        is_stuck || about->summary->http.responses > 0)
        return false;
    ka_finding_say(event, KA_SEVERITY_NOTE,
                   "%s itself reset the connection after %s without data: an idle timeout of its "
                   "own, if others end after the same time; TCP keepalive does not change it",
                   ka_words_endpoint(about->conn, side).text,
                   ka_words_duration(without_data(history)).text);
    ka_finding_seconds(event, "idle_s", without_data(history));
    event->finding.advice =
        "raise that timeout of the server or proxy, or have the client close or "
        "use its connections sooner";
    return true;
}

bool ka_find_idle_reset(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_reset *reset = &about->history->reset;
    if (!is_own_end(about, side) ||
        (!find_answer(about, side, event) && !find_unasked(about, side, event)))
        return false;
    ka_finding_at(event, reset->time, reset->frame);
    ka_finding_frame(event, reset->asked_frame);
    ka_finding_frame(event, reset->frame);
    ka_finding_seconds(event, "survived_s", ka_case_survived(about));
    ka_finding_figure(event, "ttl", reset->ttl);
    return true;
}
