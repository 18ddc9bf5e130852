/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The heartbeats of one application are not answered any more by the other, which had answered
 * before.
 */
#include "analyzers/finding.h"

enum { ANSWERED_LEAST = 2, MISSING_LEAST = 2 };

bool ka_find_heartbeat_lost(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    struct ka_ev_heartbeat beat;
    const struct ka_beat *asked = &about->history->beat[!side];
    if (!ka_heartbeat_fill(about->history, !side, about->client, &beat) ||
        asked->answered < ANSWERED_LEAST || asked->missing < MISSING_LEAST)
        return false;
    bool alive = about->state[side] == KA_PEER_ALIVE || about->state[side] == KA_PEER_APP_SILENT;
    bool unheard = about->history->resending[!side].since != KA_TIME_NONE;
    ka_finding_say(
        event, KA_SEVERITY_ERROR,
        "%s stopped answering the heartbeats of %s (%s, every %s): %u in a row without an "
        "answer%s",
        ka_words_endpoint(about->conn, side).text, ka_words_endpoint(about->conn, !side).text,
        beat.name != NULL ? beat.name : "unknown protocol", ka_words_duration(beat.period).text,
        asked->missing,
        unheard ? ", nor an acknowledgement"
        : alive ? ", while it answers keepalive probes"
                : "");
    ka_finding_at(event, asked->missed, asked->missed_frame);
    ka_finding_frame(event, asked->missed_frame);
    ka_finding_frame(event, asked->last_frame);
    ka_finding_seconds(event, "period_s", beat.period);
    ka_finding_figure(event, "answered", asked->answered);
    ka_finding_figure(event, "missing", asked->missing);
    event->finding.advice = unheard ? "the host is gone or cut off, not only its application"
                                    : "look at the application on that host at that time";
    return true;
}
