/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Keepalive was suspended by data in flight: while unacknowledged data is sent again, Linux and
 * most others do not probe, so the retransmission timeout decides, a quarter of an hour by default.
 */
#include "analyzers/finding.h"

enum { RESENT_LEAST = 3 };

bool ka_find_suspended(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_prober *prober = about->prober[side];
    const struct ka_resending *resending = &about->history->resending[side];
    if (prober == NULL || about->summary->one_way || prober->idle_fit_ms == 0 ||
        resending->most < RESENT_LEAST || (prober->flags & KA_PROBER_FLIGHT) != 0)
        return false;
    ka_time idle = prober->idle_fit_ms * KA_MILLISECOND;
    ka_time from = resending->longest_at;
    if (resending->longest <= idle ||
        (prober->last_probe > from && prober->last_probe < from + resending->longest))
        return false;
    ka_finding_say(event, KA_SEVERITY_WARNING,
                   "keepalive of %s (after %s) was suspended by data in flight: it resent data for "
                   "%s and did not probe; the retransmission timeout decides",
                   ka_words_endpoint(about->conn, side).text, ka_words_duration(idle).text,
                   ka_words_duration(resending->longest).text);
    ka_finding_at(event, from, resending->long_frame);
    ka_finding_frame(event, resending->long_frame);
    ka_finding_seconds(event, "resending_s", resending->longest);
    ka_finding_figure(event, "resent", resending->most);
    event->finding.advice = "set TCP_USER_TIMEOUT beside keepalive: it bounds both";
    return true;
}
