/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Both sides probe, at different times: one of them does the other's work, or a setting is not what
 * somebody thinks it is.
 */
#include "analyzers/finding.h"

static bool differ(ka_time a, ka_time b)
{
    ka_time more = a > b ? a : b;
    ka_time less = a > b ? b : a;
    return less != KA_TIME_NONE && more - less > more / 10;
}

bool ka_find_two_schedules(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_ev_keepalive *keepalive = about->summary->keepalive;
    if (side != about->client || !keepalive[0].present || !keepalive[1].present ||
        !differ(keepalive[0].idle, keepalive[1].idle))
        return false;
    ka_finding_say(
        event, KA_SEVERITY_NOTE, "both sides probe, at different times: %s after %s, %s after %s",
        ka_words_endpoint(about->conn, side).text, ka_words_duration(keepalive[0].idle).text,
        ka_words_endpoint(about->conn, !side).text, ka_words_duration(keepalive[1].idle).text);
    ka_finding_frame(event, about->history->probe_frame[side]);
    ka_finding_frame(event, about->history->probe_frame[!side]);
    ka_finding_seconds(event, "client_idle_s", keepalive[0].idle);
    ka_finding_seconds(event, "server_idle_s", keepalive[1].idle);
    return true;
}
