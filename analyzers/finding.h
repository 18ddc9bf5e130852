/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Findings: what went wrong on a connection, or may, judged when it ends. A finding is one file in
 * analyzers/findings/ and one line in the table of analyzers/finding.c.
 */
#ifndef KA_ANALYZERS_FINDING_H
#define KA_ANALYZERS_FINDING_H

#include "analyzers/history.h"

/* What a finder may look at: a connection at its end, or at the end of the capture. */
struct ka_case {
    const struct ka_conn *conn;
    const struct ka_history *history;
    const struct ka_ev_connection *summary;
    const struct ka_prober *prober[2]; /* by side; NULL where it never probed */
    uint8_t state[2];                  /* enum ka_peer_state, by judged side */
    unsigned client;                   /* index of the client's side */
    struct ka_rebinding rebinding;     /* from.flow_id 0: none */
    ka_time now;                       /* of the last packet of the capture so far */
    ka_time hole;                      /* see ka_analysis */
};

/* Looks at `side` (an index into conn->side) of the connection. True when there is something to
 * tell: then event->finding is filled but for its kind, and where a packet stands behind it the
 * envelope's time and frame, which are else those of the connection's end. The envelope's src is
 * `side` already. */
typedef bool ka_find(const struct ka_case *about, unsigned side, struct ka_event *event);

/* Judges the connection and emits its findings. True when something above a note was found. */
bool ka_findings_tell(struct ka_analysis *analysis, struct ka_conn *conn,
                      const struct ka_ev_connection *summary);

/* --- for finders */

/* Writes the sentence, cut where it is too long. */
void ka_finding_say(struct ka_event *event, enum ka_severity severity, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds evidence (ka_frame_ref), unless it is 0, known already or there is no room. Of several
 * inputs only that of ka_finding_at is told of in the end. */
void ka_finding_frame(struct ka_event *event, uint64_t frame);

/* Adds a figure; a duration in seconds. */
void ka_finding_figure(struct ka_event *event, const char *name, double value);
void ka_finding_seconds(struct ka_event *event, const char *name, ka_time duration);

/* The moment and packet (ka_frame_ref) the finding is about. */
void ka_finding_at(struct ka_event *event, ka_time time, uint64_t frame);

/* Text for one printf argument. */
struct ka_words {
    char text[64];
};
struct ka_words ka_words_duration(ka_time duration);
struct ka_words ka_words_endpoint(const struct ka_conn *conn, unsigned side);

/* --- what several finders ask */

/* A silence that long may be more than a path or a peer remembers. */
enum { KA_IDLE_LEAST_S = 30 };

/* The silence that the connection did not survive; NULL none. */
const struct ka_gap *ka_case_death(const struct ka_case *about);

/* The longest silence that it survived; KA_TIME_NONE none. */
ka_time ka_case_survived(const struct ka_case *about);

/* True when it survived about as long a silence, or a longer one: no path or peer forgot it for its
 * idleness then. */
bool ka_case_outlived(const struct ka_case *about, ka_time length);

/* True when the connection was reset by someone who is not the host whose address the RST carries.
 */
bool ka_case_reset_by_other(const struct ka_case *about);

/* True when `side` came back under another name: it lives, whatever was thought of it. */
bool ka_case_came_back(const struct ka_case *about, unsigned side);

/* `side`, the server, closed in order and was used all the same, for which it sent a reset: where
 * that is so the finding of the closing becomes a warning that says when. */
void ka_case_tell_late(const struct ka_case *about, unsigned side, struct ka_event *event);

/* True when `side` left so many probes without an answer that a firewall's timer is not that for
 * idle connections any more. Linux: nf_conntrack_tcp_max_retrans is 3, after which
 * nf_conntrack_tcp_timeout_max_retrans holds. */
bool ka_case_is_shortened(const struct ka_case *about, unsigned side);
#define KA_SHORTENED (300 * KA_SECOND)

/* The findings. */
ka_find ka_find_peer_died;
ka_find ka_find_peer_silent;
ka_find ka_find_peer_rebooted;
ka_find ka_find_unreachable;
ka_find ka_find_app_silent;
ka_find ka_find_heartbeat_lost;
ka_find ka_find_killed;
ka_find ka_find_nat_rebinding;
ka_find ka_find_no_keepalive;
ka_find ka_find_keepalive_slow;
ka_find ka_find_one_sided;
ka_find ka_find_suspended;
ka_find ka_find_proxy;
ka_find ka_find_storm;
ka_find ka_find_window_closed;
ka_find ka_find_two_schedules;
ka_find ka_find_schedule;
ka_find ka_find_http_idle_close;
ka_find ka_find_idle_close;
ka_find ka_find_idle_reset;

#endif
