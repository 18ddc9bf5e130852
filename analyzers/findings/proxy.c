/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Probes are answered by somebody nearer than the peer: the TTL of the answers is another than that
 * of the peer's data. False positives: a route that changed, a sleeping host's network card.
 */
#include "analyzers/finding.h"

enum { ANSWERS_LEAST = 2 };

bool ka_find_proxy(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_history *history = about->history;
    const struct ka_prober *prober = about->prober[!side];
    if (prober == NULL || history->proxied[side] < ANSWERS_LEAST ||
        history->proxied[side] < prober->answered / 2)
        return false;
    ka_finding_say(
        event, KA_SEVERITY_WARNING,
        "%u of %u probes to %s were answered with another TTL than its data has: a proxy "
        "or load balancer seems to answer, so that alive does not mean the server",
        history->proxied[side], prober->answered, ka_words_endpoint(about->conn, side).text);
    ka_finding_frame(event, history->proxy_frame[side]);
    ka_finding_at(event, KA_TIME_NONE, history->proxy_frame[side]);
    ka_finding_figure(event, "answers", history->proxied[side]);
    ka_finding_figure(event, "data_ttl", about->conn->side[side].ttl);
    event->finding.advice = "check the server by a request or heartbeat of the application";
    return true;
}
