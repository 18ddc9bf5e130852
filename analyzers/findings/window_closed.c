/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The receive window stayed closed for long: the application there does not read. It is alive; its
 * sender cannot send, and sends window probes, which are no keepalives.
 */
#include "analyzers/finding.h"

#include "base/text.h"

enum { LONG_S = 10 };

bool ka_find_window_closed(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_closed_window *window = &about->history->closed[side];
    ka_time longest = window->longest;
    ka_time at = window->longest_at;
    uint64_t frame = window->long_frame;
    ka_time running = ka_time_between(window->since, ka_conn_last(about->conn));
    bool open_end = running != KA_TIME_NONE && running > longest;
    if (open_end) {
        longest = running;
        at = window->since;
        frame = window->frame;
    }
    if (longest < LONG_S * KA_SECOND)
        return false;
    ka_finding_say(event, KA_SEVERITY_WARNING,
                   "%s kept its receive window closed for %s%s: its application did not read; %u "
                   "window probe%s asked",
                   ka_words_endpoint(about->conn, side).text, ka_words_duration(longest).text,
                   open_end ? ", to the end" : "", about->summary->window_probes,
                   ka_text_plural(about->summary->window_probes));
    ka_finding_at(event, at, frame);
    ka_finding_frame(event, frame);
    ka_finding_frame(event, about->history->last_frame[side]);
    ka_finding_seconds(event, "closed_s", longest);
    ka_finding_figure(event, "window_probes", about->summary->window_probes);
    event->finding.advice = "look at the application that does not read; no keepalive setting "
                            "changes this";
    return true;
}
