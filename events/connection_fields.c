/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Declared here: the connection event, with the keepalive of each side.
 */
#include "events/declare.h"

/* Offsets in the parts of the event that are objects of their own. */
#define SIDE(member)       offsetof(struct ka_ev_keepalive, member)
#define CONNECTION(member) offsetof(struct ka_ev_connection, member)

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

static const struct ka_field rtt_fields[] = {
    {OR_NULL(DURATION, "min", SIDE(rtt_min), "s"), .meaning = "lowest"},
    {OR_NULL(DURATION, "median", SIDE(rtt_median), "s"), .meaning = "median"},
    {OR_NULL(DURATION, "max", SIDE(rtt_max), "s"), .meaning = "highest"},
    END,
};

static const struct ka_field keepalive_fields[] = {
    {ALWAYS(U32, "probes", SIDE(probes), "probes"), .meaning = "probes sent"},
    {ALWAYS(U32, "answered", SIDE(answered), "probes"),
     .meaning = "probes answered by a segment that says alive"},
    {ALWAYS(U32, "unanswered", SIDE(unanswered), "probes"),
     .meaning = "probes known to have stayed without an answer"},
    {ALWAYS(U32, "resets", SIDE(resets), "probes"), .meaning = "probes answered by RST"},
    {ALWAYS(U32, "icmp", SIDE(icmp), "probes"), .meaning = "probes answered by an ICMP error"},
    {ALWAYS(U8, "bytes", SIDE(bytes), "bytes"), .meaning = "payload of the last probe"},
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
    {OR_NULL(DOUBLE, "share", SIDE(share), NULL),
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
     .meaning = "longest time without a packet other than probes and answers; null where unknown"},
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
    {OPTIONAL(TEXT, "note", AT(connection.note), NULL),
     .meaning = "a footnote where alive needs one"},
    END,
};
