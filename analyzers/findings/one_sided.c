/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Only one side probed, and it is gone: its regular probes stopped without FIN or RST while the
 * capture goes on. The other side has no keepalive and will hold the dead connection for ever.
 * False positives: the capture stopped seeing this host.
 */
#include "analyzers/finding.h"

enum { PROBES_LEAST = 3, MISSED = 3 };

bool ka_find_one_sided(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_prober *prober = about->prober[side];
    if (prober == NULL || about->prober[!side] != NULL || prober->probes < PROBES_LEAST ||
        about->history->closing != KA_TIME_NONE || about->summary->one_way ||
        about->summary->ended != KA_ENDED_OPEN || prober->idle_fit_ms == 0 ||
        about->state[!side] != KA_PEER_ALIVE || ka_side_in_flight(&about->conn->side[side]))
        return false;
    ka_time period = prober->idle_fit_ms * KA_MILLISECOND;
    ka_time since = ka_time_between(ka_conn_last(about->conn), about->now);
    if (since == KA_TIME_NONE || since <= MISSED * period ||
        (about->hole != KA_TIME_NONE && about->hole > ka_conn_last(about->conn)))
        return false; /* nothing else was captured either */
    ka_finding_say(
        event, KA_SEVERITY_WARNING,
        "%s probed every %s and vanished %s ago without closing; %s has no keepalive and "
        "will not notice",
        ka_words_endpoint(about->conn, side).text, ka_words_duration(period).text,
        ka_words_duration(since).text, ka_words_endpoint(about->conn, !side).text);
    ka_finding_at(event, ka_conn_last(about->conn), about->history->last_frame[side]);
    ka_finding_frame(event, about->history->probe_frame[side]);
    ka_finding_seconds(event, "period_s", period);
    ka_finding_seconds(event, "silent_s", since);
    event->finding.advice = "turn keepalive on at the other side, too: each side notices only the "
                            "death of its peer";
    return true;
}
