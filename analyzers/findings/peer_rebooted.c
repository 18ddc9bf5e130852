/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The peer answers a probe with a reset, or with the numbers of another connection: it rebooted,
 * its process is gone, or it gave the connection up. A reset by somebody else is told of in
 * killed.c.
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
