/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The capture ends, or the connection does, while probes stay without an answer: dying, but not
 * judged dead. False positives: the answers were lost in the capture.
 */
#include "analyzers/finding.h"

#include "base/text.h"

bool ka_find_peer_silent(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_loss *loss = &about->history->loss[side];
    if (about->state[side] != KA_PEER_SILENT || loss->time == KA_TIME_NONE)
        return false;
    ka_time since = ka_time_between(loss->last_heard, about->now);
    ka_finding_say(
        event, KA_SEVERITY_WARNING,
        "%s no longer answers: %u probe%s of %s without an answer when the capture of the "
        "connection ended, last heard %s before",
        ka_words_endpoint(about->conn, side).text, loss->unanswered,
        ka_text_plural(loss->unanswered), ka_words_endpoint(about->conn, !side).text,
        ka_words_duration(since).text);
    ka_finding_at(event, loss->time, loss->frame);
    ka_finding_frame(event, loss->last_frame);
    ka_finding_frame(event, loss->first_frame);
    ka_finding_frame(event, loss->frame);
    ka_finding_seconds(event, "silent_s", since);
    ka_finding_figure(event, "unanswered", loss->unanswered);
    return true;
}
