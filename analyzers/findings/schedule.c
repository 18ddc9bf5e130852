/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which known default a side's schedule is, or that it is none: then somebody has set it, and knows
 * of it.
 */
#include "analyzers/finding.h"

enum { SAMPLES_LEAST = 2, TOLERANCE = 20 };

/* What runs with these numbers by itself; seconds. Sources: Go net.KeepAliveConfig, Chromium
 * net/socket, the manual pages of the systems; see stacks.def for the rest. */
static const struct {
    const char *name;
    uint32_t idle_s;
    uint32_t interval_s; /* 0: any */
} defaults[] = {
    {"the system default of nearly all stacks", 7200, 0},
    {"the default of Go programs", 15, 0},
    {"Chrome's", 45, 0},
};

static bool is_about(ka_time value, uint32_t seconds)
{
    ka_time off = value - seconds * KA_SECOND;
    return off * TOLERANCE <= seconds * KA_SECOND && -off * TOLERANCE <= seconds * KA_SECOND;
}

bool ka_find_schedule(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_prober *prober = about->prober[side];
    const struct ka_ev_keepalive *keepalive = &about->summary->keepalive[side != about->client];
    if (prober == NULL || keepalive->idle == KA_TIME_NONE || keepalive->idle < KA_SECOND ||
        prober->idle_total < SAMPLES_LEAST || keepalive->injected)
        return false;
    const char *match = NULL;
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]) && match == NULL; i++) {
        if (is_about(keepalive->idle, defaults[i].idle_s))
            match = defaults[i].name;
    }
    ka_finding_say(event, KA_SEVERITY_NOTE, "%s probes when idle for %s: %s%s",
                   ka_words_endpoint(about->conn, side).text,
                   ka_words_duration(keepalive->idle).text,
                   match != NULL ? match : "no known default, so it was set by somebody",
                   keepalive->segments > 1 ? "; it changed during the connection" : "");
    ka_finding_at(event, KA_TIME_NONE, about->history->probe_frame[side]);
    ka_finding_frame(event, about->history->probe_frame[side]);
    ka_finding_seconds(event, "idle_s", keepalive->idle);
    ka_finding_seconds(event, "interval_s", keepalive->interval);
    return true;
}
