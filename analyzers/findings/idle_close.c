/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The server closed a connection that was idle, in order: a timeout of its own or of a proxy, not a
 * box that forgot. HTTP has a finding of its own.
 */
#include "analyzers/finding.h"

/* Sooner it may be the end of the work. */
static const ka_time least = 5 * KA_SECOND;

bool ka_find_idle_close(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_history *history = about->history;
    if (side == about->client || history->closer != KA_CLOSER_SERVER || history->asked_at_close ||
        history->idle_close == KA_TIME_NONE || history->idle_close < least ||
        about->summary->http.responses > 0)
        return false;
    ka_finding_say(
        event, KA_SEVERITY_NOTE,
        "%s closed the connection, in order, after %s without data: an idle timeout of its own, "
        "if others end after the same time; TCP keepalive does not change it",
        ka_words_endpoint(about->conn, side).text, ka_words_duration(history->idle_close).text);
    ka_finding_at(event, history->closing, history->closing_frame);
    ka_finding_frame(event, history->closing_frame);
    ka_finding_seconds(event, "idle_s", history->idle_close);
    event->finding.advice =
        "raise that timeout of the server or proxy, or have the client close or "
        "use its connections sooner";
    ka_case_tell_late(about, side, event);
    return true;
}
