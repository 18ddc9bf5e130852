/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Declared here: the connection event, with the keepalive of each side.
 */
#include "events/declare.h"

/* Offsets in the parts of the event that are objects of their own. */
#define SIDE(member)       offsetof(struct ka_ev_keepalive, member)
#define CONNECTION(member) offsetof(struct ka_ev_connection, member)
#define HTTP(member)       offsetof(struct ka_ev_http, member)
#define BEAT(member)       offsetof(struct ka_ev_heartbeat, member)

static const char *const began_names[] = {"syn", "midstream"};

static bool is_count_unknown(const void *object)
{
    const struct ka_ev_keepalive *side = object;
    return side->count == 0;
}

static bool has_no_rtt(const void *object)
{
    const struct ka_ev_keepalive *side = object;
    return side->rtt_min == KA_TIME_NONE;
}

static bool has_client_probes(const void *object)
{
    const struct ka_ev_keepalive *side = object;
    return side[0].present;
}

static bool has_server_probes(const void *object)
{
    const struct ka_ev_keepalive *side = object;
    return side[1].present;
}

static bool has_exchange(const void *object)
{
    const struct ka_event *event = object;
    return event->connection.exchange_frames > 0;
}

static bool has_http(const void *object)
{
    const struct ka_event *event = object;
    return event->connection.http.requests + event->connection.http.responses > 0;
}

static bool has_heartbeat(const void *object)
{
    const struct ka_event *event = object;
    return event->connection.heartbeat.present;
}

static bool is_max_unknown(const void *object)
{
    const struct ka_ev_http *http = object;
    return http->max == 0;
}

static const struct ka_field rtt_fields[] = {
    {OR_NULL(DURATION, "min", SIDE(rtt_min), "s"), .meaning = "lowest"},
    {OR_NULL(DURATION, "median", SIDE(rtt_median), "s"), .meaning = "median"},
    {OR_NULL(DURATION, "max", SIDE(rtt_max), "s"), .meaning = "highest"},
    END,
};

static const struct ka_field keepalive_fields[] = {
    {ALWAYS(U32, "probes", SIDE(probes), "probes"), .least = 1, .meaning = "probes sent"},
    {ALWAYS(U32, "answered", SIDE(answered), "probes"),
     .meaning = "probes answered by a segment that says alive"},
    {ALWAYS(U32, "unanswered", SIDE(unanswered), "probes"),
     .meaning = "probes known to have stayed without an answer"},
    {ALWAYS(U32, "resets", SIDE(resets), "probes"), .meaning = "probes answered by RST"},
    {ALWAYS(U32, "icmp", SIDE(icmp), "probes"), .meaning = "probes answered by an ICMP error"},
    {ALWAYS(U8, "bytes", SIDE(bytes), "bytes"), .most = 1, .meaning = "payload of the last probe"},
    {OR_NULL(DURATION, "idle_s", SIDE(idle), "s"),
     .meaning = "fitted idle time before a first probe; null where unknown"},
    {OR_NULL(DURATION, "interval_s", SIDE(interval), "s"),
     .meaning = "fitted interval between unanswered probes; null where unknown"},
    {OR_NULL(U32, "count", SIDE(count), "probes"), .null_when = is_count_unknown,
     .meaning = "unanswered probes after which the prober gave up; null where unknown"},
    {ALWAYS(ENUM, "confidence", SIDE(confidence), NULL), NAMES(ka_names_confidence),
     .meaning = "of the schedule"},
    {ALWAYS(BOOL, "injected", SIDE(injected), NULL),
     .meaning = "some of the probes came from someone else"},
    {ALWAYS(U32, "segments", SIDE(segments), NULL),
     .meaning = "schedules seen: more than 1 where settings changed"},
    {ALWAYS(TEXTS, "stack", SIDE(stack), NULL), .count = KA_STACKS_MAX,
     .meaning = "TCP stacks that fit, best first: a guess"},
    {OPTIONAL(TEXT, "stack_why", SIDE(stack_why), NULL), .meaning = "reasons for the guess"},
    {OR_NULL(OBJECT, "rtt_s", 0, "s"), .fields = rtt_fields, .null_when = has_no_rtt,
     .meaning = "round trip of probe and answer; null where none could be measured"},
    {ALWAYS(U64, "overhead_bytes", SIDE(overhead_bytes), "bytes"),
     .meaning = "probes and answers, from the IP header on"},
    {OR_NULL(DOUBLE, "share", SIDE(share), NULL), .most = 1,
     .meaning = "probes and answers among the connection's packets, 0 to 1"},
    END,
};

/* The enclosing struct is an array: the client's side, then the server's. */
static const struct ka_field sides_fields[] = {
    {OPTIONAL(OBJECT, "client", 0, NULL), .fields = keepalive_fields, .when = has_client_probes,
     .meaning = "the client's probes; absent where it sent none"},
    {OPTIONAL(OBJECT, "server", sizeof(struct ka_ev_keepalive), NULL), .fields = keepalive_fields,
     .when = has_server_probes, .meaning = "the server's probes; absent where it sent none"},
    END,
};

static const struct ka_field exchange_fields[] = {
    {OR_NULL(DURATION, "interval_s", CONNECTION(exchange_interval), "s"), .meaning = "the period"},
    {ALWAYS(U32, "frames", CONNECTION(exchange_frames), "frames"),
     .meaning = "equal pure ACKs seen"},
    END,
};

static const struct ka_field states_fields[] = {
    {ALWAYS(ENUM, "client", CONNECTION(state[0]), NULL), NAMES(ka_names_peer_state),
     .meaning = "the client, as judged by the server's probes"},
    {ALWAYS(ENUM, "server", CONNECTION(state[1]), NULL), NAMES(ka_names_peer_state),
     .meaning = "the server, as judged by the client's probes"},
    END,
};

static const char *const version_names[] = {"1.0", "1.1"};

static const struct ka_field http_fields[] = {
    {ALWAYS(U32, "requests", HTTP(requests), NULL),
     .meaning = "requests that begin a segment: at least so many"},
    {ALWAYS(U32, "responses", HTTP(responses), NULL),
     .meaning = "responses that begin a segment: at least so many"},
    {ALWAYS(ENUM, "version", HTTP(minor), NULL), NAMES(version_names),
     .meaning = "the lower of both sides"},
    {OR_NULL(ENUM, "persistence", HTTP(persistence), NULL), NAMES(ka_names_persistence),
     .meaning = "whether the headers let the connection live on; null where they were not seen"},
    {OR_NULL(DURATION, "timeout_s", HTTP(timeout), "s"),
     .meaning = "Keep-Alive: timeout; null where not told"},
    {OR_NULL(U32, "max", HTTP(max), NULL), .null_when = is_max_unknown,
     .meaning = "Keep-Alive: max; null where not told"},
    {OR_NULL(DURATION, "idle_before_close_s", HTTP(idle_before_close), "s"),
     .meaning = "from the last data to the first FIN or RST; null where not closed"},
    {OR_NULL(ENUM, "closed_by", HTTP(closed_by), NULL), NAMES(ka_names_closer),
     .meaning = "who closed first; null where not closed"},
    {ALWAYS(BOOL, "cut", HTTP(cut), NULL),
     .meaning = "some headers go on beyond what was captured of their packet"},
    END,
};

static const struct ka_field heartbeat_fields[] = {
    {OPTIONAL(TEXT, "name", BEAT(name), NULL),
     .meaning = "the protocol's message; absent where it is not known"},
    {ALWAYS(ENUM, "asker", BEAT(asker), NULL), NAMES(ka_names_side),
     .meaning = "who sends it unasked"},
    {OR_NULL(DURATION, "period_s", BEAT(period), "s"), .meaning = "median; null where unknown"},
    {OR_NULL(DURATION, "jitter_s", BEAT(jitter), "s"),
     .meaning = "median distance from the period; null where unknown"},
    {ALWAYS(U32, "size", BEAT(size), "bytes"), .meaning = "payload"},
    {ALWAYS(U32, "answer_size", BEAT(answer_size), "bytes"),
     .meaning = "payload of the answers; 0 where none was seen"},
    {ALWAYS(U32, "sent", BEAT(sent), NULL), .meaning = "heartbeats sent"},
    {ALWAYS(U32, "answered", BEAT(answered), NULL), .meaning = "answered by data"},
    {ALWAYS(U32, "missing", BEAT(missing), NULL),
     .meaning = "answers missing at the end where there had been some"},
    END,
};

const struct ka_field ka_connection_fields[] = {
    {OR_NULL(TIMESTAMP, "start", AT(connection.start), NULL), .meaning = "first packet"},
    {OR_NULL(TIMESTAMP, "end", AT(connection.end), NULL), .meaning = "last packet"},
    {ALWAYS(ENUM, "began", AT(connection.midstream), NULL), NAMES(began_names),
     .meaning = "whether the capture holds the start of the connection"},
    {ALWAYS(ENUM, "ended", AT(connection.ended), NULL), NAMES(ka_names_ended),
     .meaning = "how it ended, or why no more is known"},
    {ALWAYS(U64, "packets", AT(connection.packets), "packets"), .count = 2,
     .meaning = "from the client, from the server"},
    {ALWAYS(U64, "bytes", AT(connection.bytes), "bytes"), .count = 2,
     .meaning = "payload from the client, from the server"},
    {ALWAYS(OBJECT, "state", AT(connection), NULL), .fields = states_fields,
     .meaning = "the last state of each side"},
    {ALWAYS(BOOL, "half_closed", AT(connection.half_closed), NULL),
     .meaning = "one side had sent its FIN, the other had not"},
    {OR_NULL(DURATION, "longest_idle_s", AT(connection.longest_idle), "s"),
     .meaning = "longest time without any packet, where nothing waited for its acknowledgement; "
                "null where unknown"},
    {ALWAYS(BOOL, "one_way", AT(connection.one_way), NULL),
     .meaning = "only one direction was captured"},
    {OPTIONAL(OBJECT, "one_way_exchange", AT(connection), NULL), .fields = exchange_fields,
     .when = has_exchange,
     .meaning =
         "a periodic exchange of which one side was seen: probes or answers, which cannot be told"},
    {ALWAYS(OBJECT, "keepalive", AT(connection.keepalive), NULL), .fields = sides_fields,
     .meaning = "each side that probed"},
    {ALWAYS(U32, "window_probes", AT(connection.window_probes), "packets"),
     .meaning = "probes of a closed window, no keepalives"},
    {ALWAYS(COUNTS32, "lookalikes", AT(connection.lookalikes), "packets"),
     NAMES(ka_names_lookalike),
     .meaning = "segments that look like probes and are none, by reason"},
    {OPTIONAL(OBJECT, "http", AT(connection.http), NULL), .fields = http_fields, .when = has_http,
     .meaning = "HTTP/1.x seen in the payload; in a report only"},
    {OPTIONAL(OBJECT, "heartbeat", AT(connection.heartbeat), NULL), .fields = heartbeat_fields,
     .when = has_heartbeat,
     .meaning = "small messages of the application at a period; in a report only"},
    {OPTIONAL(TEXT, "note", AT(connection.note), NULL),
     .meaning = "a footnote where alive needs one"},
    END,
};
