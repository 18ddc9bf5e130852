/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Lines about whole connections, and about what the commands found out.
 */
#include "output/line.h"

#include "events/field.h"
#include "events/names.h"

#include <stdint.h>

static void put_names(struct ka_text *line, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count && names[i] != NULL; i++) {
        if (i > 0)
            ka_text_put_string(line, ", ");
        ka_text_put_foreign(line, names[i], SIZE_MAX);
    }
}

static void put_schedule(struct ka_text *line, const struct ka_ev_keepalive *side)
{
    if (side->confidence != KA_CERTAIN)
        ka_text_put_string(line, " probably");
    if (side->idle != KA_TIME_NONE) {
        ka_text_put_string(line, " when idle ");
        ka_line_duration(line, side->idle);
    }
    if (side->interval != KA_TIME_NONE) {
        ka_text_put_string(line, side->idle != KA_TIME_NONE ? ", then every " : " every ");
        ka_line_duration(line, side->interval);
    }
    if (side->count > 0) {
        ka_text_put_string(line, ", gives up after ");
        ka_text_put_number(line, side->count);
    }
}

/* One side's probes, and what they say of the other. */
static void put_side(struct ka_text *line, const struct ka_ev_connection *connection, int prober)
{
    static const char *const sides[] = {"client", "server"};
    const struct ka_ev_keepalive *side = &connection->keepalive[prober];
    ka_text_put_string(line, sides[prober]);
    ka_text_put_string(line, " probes");
    put_schedule(line, side);
    if (side->stack[0] != NULL) {
        ka_text_put_string(line, " (like ");
        put_names(line, side->stack, KA_STACKS_MAX);
        ka_text_put_char(line, ')');
    }
    ka_text_put_string(line, ", ");
    ka_text_put_number(line, side->answered);
    ka_text_put_string(line, " of ");
    ka_text_put_number(line, side->probes);
    ka_text_put_string(line, " answered, ");
    ka_text_put_string(line, sides[1 - prober]);
    ka_text_put_char(line, ' ');
    ka_text_put_string(line, ka_peer_state_name(connection->state[1 - prober]));
    if (side->injected)
        ka_text_put_string(line, ", some injected by someone else");
    ka_text_put_string(line, "; ");
}

void ka_line_connection(struct ka_text *line, const struct ka_ev_connection *connection)
{
    static const char *const ends[] = {
        [KA_ENDED_OPEN] = "still open",
        [KA_ENDED_FIN] = "closed",
        [KA_ENDED_RST] = "reset",
        [KA_ENDED_GAVE_UP] = "given up",
        [KA_ENDED_EVICTED] = "dropped for want of memory",
        [KA_ENDED_REUSED] = "ports used anew",
    };
    bool probed = connection->keepalive[0].present || connection->keepalive[1].present;
    for (int i = 0; i < 2; i++) {
        if (connection->keepalive[i].present)
            put_side(line, connection, i);
    }
    if (connection->exchange_frames > 0) {
        ka_text_put_string(line, "probes or answers, seen one way, every ");
        ka_line_duration(line, connection->exchange_interval);
        ka_text_put_string(line, "; ");
    } else if (!probed) {
        ka_text_put_string(line, "no probes; ");
    }
    ka_text_put_string(line, "longest idle ");
    ka_line_duration(line, connection->longest_idle);
    ka_text_put_string(line, "; ");
    ka_text_put_string(line, ends[connection->ended]);
    if (connection->half_closed)
        ka_text_put_string(line, ", half-closed");
    if (connection->midstream)
        ka_text_put_string(line, "; start not captured");
    if (connection->one_way)
        ka_text_put_string(line, "; one direction captured");
    if (connection->note != NULL) {
        ka_text_put_string(line, "; ");
        ka_text_put_foreign(line, connection->note, SIZE_MAX);
    }
}

void ka_line_finding(struct ka_text *line, const struct ka_ev_finding *finding)
{
    ka_text_put_foreign(line, finding->text, sizeof(finding->text));
    if (finding->evidence[0] == 0)
        return;
    ka_text_put_string(line, finding->evidence_of == KA_EVIDENCE_FLOWS ? " (flow" : " (frame");
    ka_text_put_string(line, finding->evidence[1] == 0 ? " " : "s ");
    for (size_t i = 0; i < KA_EVIDENCE_MAX && finding->evidence[i] != 0; i++) {
        if (i > 0)
            ka_text_put_string(line, ", ");
        ka_text_put_number(line, finding->evidence[i]);
    }
    ka_text_put_char(line, ')');
}

void ka_line_verdict(struct ka_text *line, const struct ka_ev_verdict *verdict)
{
    static const char *const claims[KA_VERDICT_COUNT] = {
        [KA_VERDICT_UNKNOWN] = " could not be judged",
        [KA_VERDICT_ALIVE] = " is alive",
        [KA_VERDICT_DOUBTFUL] = " may be alive",
        [KA_VERDICT_RESET] = " drew a reset",
        [KA_VERDICT_UNREACHABLE] = " is reported unreachable",
        [KA_VERDICT_SILENT] = " does not answer",
    };
    ka_line_endpoint(line, &verdict->target);
    ka_text_put_string(line, claims[verdict->verdict]);
    ka_text_put_string(line, ": ");
    ka_text_put_number(line, verdict->answered);
    ka_text_put_string(line, " of ");
    ka_text_put_number(line, verdict->sent);
    ka_text_put_string(line, " probes answered");
    if (verdict->rtt != KA_TIME_NONE) {
        ka_text_put_string(line, " after ");
        ka_line_duration(line, verdict->rtt);
    }
    if (verdict->ttl != 0) {
        ka_text_put_string(line, ", ttl ");
        ka_text_put_number(line, verdict->ttl);
    }
    if (verdict->origin == KA_ORIGIN_MIDDLEBOX)
        ka_text_put_string(line, ", seemingly by a middlebox");
    if (verdict->why[0] != '\0') {
        ka_text_put_string(line, "; ");
        ka_text_put_foreign(line, verdict->why, sizeof(verdict->why));
    }
}

void ka_line_idle_timeout(struct ka_text *line, const struct ka_ev_idle_timeout *timeout)
{
    const ka_time alike_part = 20; /* died and survived lie less than this part of it apart */
    static const char *const after[] = {
        [KA_AFTER_RECOVERED] = ", then recovered",
        [KA_AFTER_SILENT] = ", then silence",
        [KA_AFTER_RST] = ", then a reset",
        [KA_AFTER_ICMP] = ", then an ICMP error",
        [KA_AFTER_CLOSED] = ", closed by the server",
    };
    ka_text_put_string(line, ka_names_arm[timeout->arm]);
    if (timeout->has_refresher) {
        ka_text_put_string(line, " by the ");
        ka_text_put_string(line, ka_names_side[timeout->refresher]);
    }
    ka_text_put_string(line, ", ");
    ka_text_put_string(line, ka_names_side[timeout->first_speaker]);
    ka_text_put_string(line, " first: ");
    if (timeout->survived == KA_TIME_NONE) {
        ka_text_put_string(line, "survived none");
    } else {
        ka_text_put_string(line, "survived ");
        ka_line_duration(line, timeout->survived);
    }
    if (timeout->died == KA_TIME_NONE) {
        ka_text_put_string(line, ", died of none");
    } else {
        ka_text_put_string(line, ", died of ");
        ka_line_duration(line, timeout->died);
    }
    if (timeout->precision == KA_TIME_NONE && timeout->survived != KA_TIME_NONE &&
        timeout->died != KA_TIME_NONE &&
        timeout->died <= timeout->survived + timeout->survived / alike_part)
        ka_text_put_string(line, " (one as long was survived)");
    if (timeout->precision != KA_TIME_NONE) {
        ka_text_put_string(line, " (to ");
        ka_line_duration(line, timeout->precision);
        ka_text_put_char(line, ')');
    }
    if (timeout->after_expiry != KA_AFTER_UNKNOWN)
        ka_text_put_string(line, after[timeout->after_expiry]);
    if (timeout->has_origin && timeout->origin != KA_ORIGIN_UNKNOWN)
        ka_text_put_string(line, timeout->origin == KA_ORIGIN_MIDDLEBOX ? " by a middlebox"
                                                                        : " by the far end");
    if (timeout->known[0] != NULL) {
        ka_text_put_string(line, "; fits the default of ");
        put_names(line, timeout->known, KA_KNOWN_MAX);
    }
    ka_text_put_string(line, "; ");
    ka_line_count(line, timeout->trials, "trial");
}

void ka_line_socket(struct ka_text *line, const struct ka_ev_socket *socket)
{
    ka_text_put_foreign(line, socket->state, sizeof(socket->state));
    if (socket->keepalive == KA_SOCKET_KEEPALIVE_UNREADABLE) {
        ka_text_put_string(line, ", keepalive not readable");
        if (socket->settings != NULL && socket->settings[0] != '\0') {
            ka_text_put_string(line, ": ");
            ka_text_put_string(line, socket->settings);
        }
    } else if (socket->keepalive == KA_SOCKET_KEEPALIVE_OFF) {
        ka_text_put_string(line, ", no keepalive");
    } else {
        ka_text_put_string(line, ", keepalive after ");
        ka_line_duration(line, socket->keepalive_idle);
        ka_text_put_string(line, ", every ");
        ka_line_duration(line, socket->keepalive_interval);
        ka_text_put_string(line, ", ");
        ka_line_count(line, socket->keepalive_count, "time");
        ka_text_put_string(line, socket->defaults ? " (defaults)" : "");
    }
    if (socket->user_timeout != KA_TIME_NONE && socket->user_timeout > 0) {
        ka_text_put_string(line, ", user timeout ");
        ka_line_duration(line, socket->user_timeout);
    }
    if (socket->timer_kind[0] != '\0') {
        ka_text_put_string(line, ", timer ");
        ka_text_put_foreign(line, socket->timer_kind, sizeof(socket->timer_kind));
        ka_text_put_string(line, " in ");
        ka_line_duration(line, socket->timer_expires);
    }
    if (socket->pid != 0) {
        ka_text_put_string(line, ", ");
        ka_text_put_foreign(line, socket->process, sizeof(socket->process));
        ka_text_put_string(line, " (pid ");
        ka_text_put_number(line, socket->pid);
        ka_text_put_char(line, ')');
    }
}
