/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The index of the declaration, and the envelope that all events share.
 */
#include "events/declare.h"

static const char *const proto_names[] = {"TCP"};

static bool has_endpoints(const void *object)
{
    const struct ka_event *event = object;
    return event->envelope.src.addr.family != 0;
}

static bool has_flow(const void *object)
{
    const struct ka_event *event = object;
    return event->envelope.flow_id != 0;
}

static bool has_frame(const void *object)
{
    const struct ka_event *event = object;
    return event->envelope.frame != 0;
}

static bool has_vlan(const void *object)
{
    const struct ka_event *event = object;
    return event->envelope.vlan_count > 0;
}

static bool has_tunnel(const void *object)
{
    const struct ka_event *event = object;
    return event->envelope.tunnel_type != 0;
}

static const struct ka_field tunnel_fields[] = {
    {ALWAYS(ENUM, "type", AT(envelope.tunnel_type), NULL), NAMES(ka_names_tunnel),
     .meaning = "kind of the innermost tunnel"},
    {ALWAYS(U32, "id", AT(envelope.tunnel_id), NULL),
     .meaning = "key, network identifier, label or session; 0 where the kind has none"},
    END,
};

static const struct ka_field envelope_fields[] = {
    {ALWAYS(TIMESTAMP, "timestamp", AT(envelope.time), NULL),
     .meaning = "when, in UTC, with the capture's precision; an absence carries its deadline"},
    {OPTIONAL(U32, "flow_id", AT(envelope.flow_id), NULL), .when = has_flow,
     .meaning = "the connection, from 1 by first appearance in this run; absent where the event "
                "belongs to none"},
    {ALWAYS(TEXT, "event_type", 0, NULL),
     .meaning = "the type, and the name of the object that holds its fields"},
    {OPTIONAL(ADDR, "src_ip", AT(envelope.src.addr), NULL), .when = has_endpoints,
     .meaning = "who the event is about"},
    {OPTIONAL(U16, "src_port", AT(envelope.src.port), NULL), .when = has_endpoints,
     .meaning = "its port"},
    {OPTIONAL(ADDR, "dest_ip", AT(envelope.dst.addr), NULL), .when = has_endpoints,
     .meaning = "the other end"},
    {OPTIONAL(U16, "dest_port", AT(envelope.dst.port), NULL), .when = has_endpoints,
     .meaning = "its port"},
    {OPTIONAL(ENUM, "proto", 0, NULL), .when = has_endpoints, NAMES(proto_names),
     .meaning = "always TCP"},
    {OPTIONAL(TEXT, "community_id", 0, NULL), .when = has_endpoints,
     .meaning = "Community ID, version 1, seed 0"},
    {OPTIONAL(U64, "frame", AT(envelope.frame), NULL), .when = has_frame,
     .meaning = "frame number from 1, as Wireshark counts; absent where no packet stands behind "
                "the event"},
    {OPTIONAL(TEXT, "in_iface", 0, NULL),
     .meaning = "interface, when live; absent from what is about several"},
    {OPTIONAL(TEXT, "file", 0, NULL),
     .meaning = "capture file, where several are read; absent from what is about several"},
    {OPTIONAL(TAGS, "vlan", AT(envelope.vlan), NULL), .when = has_vlan, .count = 4,
     .meaning = "VLAN identifiers, outermost first; absent without tags"},
    {OPTIONAL(OBJECT, "tunnel", 0, NULL), .when = has_tunnel, .fields = tunnel_fields,
     .meaning = "the tunnel that the connection runs in; absent outside of one"},
    END,
};

static const struct {
    const char *name;
    const char *meaning;
    const char *src;
    const struct ka_field *fields;
} events[KA_EVENT_TYPE_COUNT] = {
    [KA_EVENT_PROBE] = {"probe", "A keepalive probe was sent.", "prober", ka_probe_fields},
    [KA_EVENT_ANSWER] = {"answer", "A probe was answered.", "answering host", ka_answer_fields},
    [KA_EVENT_WINDOW_PROBE] = {"window_probe", "A closed receive window was probed: no keepalive.",
                               "sender", ka_window_probe_fields},
    [KA_EVENT_LOOKALIKE] = {"lookalike", "A segment that looks like a probe and is none (with -v).",
                            "sender", ka_lookalike_fields},
    [KA_EVENT_STATE] = {"state", "The judgement of a peer has changed.", "peer that is judged",
                        ka_state_fields},
    [KA_EVENT_CONNECTION] = {"connection", "What happened on a connection, told at its end.",
                             "client", ka_connection_fields},
    [KA_EVENT_FINDING] = {"finding", "Something worth telling about one or more connections.", NULL,
                          ka_finding_fields},
    [KA_EVENT_VERDICT] = {"verdict", "What kasniff probe found out about one end.", "prober's side",
                          ka_verdict_fields},
    [KA_EVENT_IDLE_TIMEOUT] = {"idle_timeout", "How long a path remembers an idle connection.",
                               "near end", ka_idle_timeout_fields},
    [KA_EVENT_SOCKET] = {"socket", "One of this host's own connections.", "local end",
                         ka_socket_fields},
    [KA_EVENT_CAPTURE] = {"capture", "What was captured and what was lost; the last line.", NULL,
                          ka_capture_fields},
};

const char *ka_event_name(enum ka_event_type type)
{
    return events[type].name;
}

const char *ka_event_meaning(enum ka_event_type type)
{
    return events[type].meaning;
}

const char *ka_event_src(enum ka_event_type type)
{
    return events[type].src;
}

const struct ka_field *ka_event_fields(enum ka_event_type type)
{
    return events[type].fields;
}

const struct ka_field *ka_envelope_fields(void)
{
    return envelope_fields;
}
