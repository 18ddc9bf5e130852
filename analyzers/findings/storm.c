/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A keepalive storm: probes far more often than any path needs, most of what the connection
 * carries. It costs on metered links and batteries.
 */
#include "analyzers/finding.h"

#define MANY_TIMES_SHORTER (5 * KA_SECOND)

enum { PROBES_LEAST = 10, DAY_S = 86400 };

bool ka_find_storm(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_prober *prober = about->prober[side];
    if (prober == NULL || prober->probes < PROBES_LEAST || prober->idle_fit_ms == 0)
        return false;
    ka_time period = prober->idle_fit_ms * KA_MILLISECOND;
    uint64_t packets =
        ka_side_packets(&about->conn->side[0]) + ka_side_packets(&about->conn->side[1]);
    double share = (double)(prober->probes + prober->answered) / (double)packets;
    if (period >= MANY_TIMES_SHORTER || share < 0.5 || prober->answered < PROBES_LEAST)
        return false;
    double bytes = (double)prober->overhead_bytes / (double)prober->probes;
    double daily = bytes * DAY_S * (double)KA_SECOND / (double)period;
    ka_finding_say(event, KA_SEVERITY_WARNING,
                   "keepalive storm: %s probes every %s, %u probes so far, %.0f %% of the packets; "
                   "%.1f MB a day when idle",
                   ka_words_endpoint(about->conn, side).text, ka_words_duration(period).text,
                   prober->probes, share * 100, daily / 1e6);
    ka_finding_at(event, KA_TIME_NONE, about->history->probe_frame[side]);
    ka_finding_frame(event, about->history->probe_frame[side]);
    ka_finding_figure(event, "probes", prober->probes);
    ka_finding_figure(event, "share", share);
    ka_finding_figure(event, "bytes_per_day", daily);
    event->finding.advice = "raise the keepalive time: paths remember idle connections for minutes";
    return true;
}
