/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The pieces that text lines are made of. Not for other rooms.
 */
#ifndef KA_OUTPUT_LINE_H
#define KA_OUTPUT_LINE_H

#include "base/text.h"
#include "events/event.h"
#include "output/output.h"

/* A duration for people, as ka_duration_text writes it. */
void ka_line_duration(struct ka_text *line, ka_time duration);

/* "10.0.0.1:5432" */
void ka_line_endpoint(struct ka_text *line, const struct ka_endpoint *endpoint);

/* "1 probe", "9 probes", the plural with an s. */
void ka_line_count(struct ka_text *line, uint64_t count, const char *noun);

/* The instant's clock, with its date where `with_date`; "n/a" for KA_TIME_NONE. */
void ka_line_time(struct ka_text *line, ka_time time, unsigned digits, bool utc, bool with_date);

/* What an ICMP (family 4) or ICMPv6 (family 6) error means: "host unreachable"; NULL unknown. */
const char *ka_line_icmp(uint8_t family, uint8_t type, uint8_t code);

/* What stands after the endpoints on the line of an event. */
void ka_line_probe(struct ka_text *line, const struct ka_ev_probe *probe);
void ka_line_answer(struct ka_text *line, const struct ka_ev_answer *answer);
void ka_line_window_probe(struct ka_text *line, const struct ka_ev_window_probe *probe);
void ka_line_lookalike(struct ka_text *line, const struct ka_ev_lookalike *lookalike);
void ka_line_connection(struct ka_text *line, const struct ka_ev_connection *connection);
/* Nothing where there is none. */
void ka_line_http(struct ka_text *line, const struct ka_ev_http *http);
void ka_line_heartbeat(struct ka_text *line, const struct ka_ev_heartbeat *heartbeat, bool one_way);
void ka_line_idle_timeout(struct ka_text *line, const struct ka_ev_idle_timeout *timeout);
void ka_line_socket(struct ka_text *line, const struct ka_ev_socket *socket);

/* What stands after the kind, the endpoints included. */
void ka_line_state(struct ka_text *line, const struct ka_event *event, bool utc);
void ka_line_finding(struct ka_text *line, const struct ka_ev_finding *finding);
void ka_line_verdict(struct ka_text *line, const struct ka_ev_verdict *verdict);

/* The closing summary: whole lines. */
void ka_line_summary(struct ka_text *text, const struct ka_event *event, bool utc);

#endif
