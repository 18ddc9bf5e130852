/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The peer answers a probe with a reset, or with the numbers of another connection: it rebooted,
 * its process is gone, or it gave the connection up; or it had closed it, and waits no longer for
 * the application that probes to do the same. A reset by somebody else is told of in killed.c.
 */
#include "analyzers/finding.h"

static bool is_reset_by_host(const struct ka_case *about, unsigned side)
{
    const struct ka_reset *reset = &about->history->reset;
    return reset->time != KA_TIME_NONE && reset->side == side && reset->to_probe &&
           about->state[side] == KA_PEER_RESET && !ka_case_reset_by_other(about) &&
           reset->more == 0 && about->history->loss[side].kind != KA_OCC_REINCARNATED;
}

static bool is_reincarnated(const struct ka_case *about, unsigned side)
{
    const struct ka_loss *loss = &about->history->loss[side];
    return loss->time != KA_TIME_NONE && loss->kind == KA_OCC_REINCARNATED;
}

static void say_closed(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_history *history = about->history;
    ka_time since = ka_time_between(history->closing, history->reset.time);
    ka_finding_say(
        event, KA_SEVERITY_WARNING,
        "%s had closed the connection, in order, and answered a probe of %s with a reset "
        "%s later: it is gone there, and the application that probes has not closed its end",
        ka_words_endpoint(about->conn, side).text, ka_words_endpoint(about->conn, !side).text,
        ka_words_duration(since).text);
    ka_finding_at(event, history->reset.time, history->reset.frame);
    ka_finding_frame(event, history->closing_frame);
    ka_finding_frame(event, history->reset.asked_frame);
    ka_finding_frame(event, history->reset.frame);
    ka_finding_seconds(event, "closed_before_s", since);
    ka_finding_figure(event, "ttl", history->reset.ttl);
    event->finding.advice =
        "have the application close what its peer has closed (on Linux such sockets are in "
        "CLOSE-WAIT): keepalive holds them open until the peer forgets them";
}

bool ka_find_peer_rebooted(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_history *history = about->history;
    const struct ka_reset *reset = &history->reset;
    if (is_reincarnated(about, side)) {
        ka_finding_say(
            event, KA_SEVERITY_ERROR,
            "%s has another connection on these ports: it rebooted, or a box between lost "
            "this one; %s reset it",
            ka_words_endpoint(about->conn, side).text, ka_words_endpoint(about->conn, !side).text);
        ka_finding_at(event, history->loss[side].time, history->loss[side].frame);
        ka_finding_frame(event, history->probe_frame[!side]);
        ka_finding_frame(event, history->loss[side].frame);
    } else if (is_reset_by_host(about, side) &&
               ka_history_has_closed(history, side == about->client)) {
        say_closed(about, side, event);
        return true;
    } else if (is_reset_by_host(about, side)) {
        ka_finding_say(
            event, KA_SEVERITY_ERROR,
            "%s answered a probe of %s with a reset after %s of silence: it rebooted, or "
            "the connection is gone there; the application got ECONNRESET",
            ka_words_endpoint(about->conn, side).text, ka_words_endpoint(about->conn, !side).text,
            ka_words_duration(reset->idle).text);
        ka_finding_at(event, reset->time, reset->frame);
        ka_finding_frame(event, reset->asked_frame);
        ka_finding_frame(event, reset->frame);
        ka_finding_seconds(event, "idle_s", reset->idle);
        ka_finding_figure(event, "ttl", reset->ttl);
    } else {
        return false;
    }
    event->finding.advice = "look for a restart of the host or its process, or for an idle timeout "
                            "of the server itself, in its log at that time";
    return true;
}
