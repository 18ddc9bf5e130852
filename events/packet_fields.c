/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Declared here: what is said of single packets, and of a peer.
 */
#include "events/declare.h"

static bool has_probe_frame_unknown(const void *object)
{
    const struct ka_event *event = object;
    return event->answer.probe_frame == 0;
}

static bool is_icmp_answer(const void *object)
{
    const struct ka_event *event = object;
    return event->answer.result == KA_ANSWER_ICMP;
}

const struct ka_field ka_probe_fields[] = {
    {ALWAYS(U8, "bytes", AT(probe.bytes), "bytes"), .most = 1,
     .meaning = "payload of the probe: 0 or 1"},
    {ALWAYS(U32, "number", AT(probe.number), NULL), .least = 1,
     .meaning = "1, growing while unanswered, 1 again after an answer"},
    {OR_NULL(DURATION, "idle_s", AT(probe.idle), "s"),
     .meaning = "since the prober last heard data or an ACK, answers included; null where unknown"},
    {OR_NULL(DURATION, "interval_s", AT(probe.interval), "s"),
     .meaning = "since this prober's previous probe; null for the first"},
    {ALWAYS(ENUM, "confidence", AT(probe.confidence), NULL), NAMES(ka_names_confidence),
     .meaning = "certain where the peer had acknowledged all that was sent"},
    {ALWAYS(BOOL, "injected", AT(probe.injected), NULL),
     .meaning = "the numbers show that someone else sent it"},
    END,
};

static const struct ka_field icmp_fields[] = {
    {ALWAYS(U8, "type", AT(answer.icmp_type), NULL), .meaning = "ICMP or ICMPv6 type"},
    {ALWAYS(U8, "code", AT(answer.icmp_code), NULL), .meaning = "ICMP or ICMPv6 code"},
    {OR_NULL(ADDR, "from", AT(answer.icmp_from), NULL), .meaning = "who sent the error"},
    END,
};

const struct ka_field ka_answer_fields[] = {
    {ALWAYS(ENUM, "result", AT(answer.result), NULL), NAMES(ka_names_answer),
     .meaning = "what came back"},
    {OR_NULL(U64, "probe_frame", AT(answer.probe_frame), NULL),
     .null_when = has_probe_frame_unknown,
     .meaning = "the frame of the probe that is answered; null where it is in another file"},
    {OR_NULL(DURATION, "rtt_s", AT(answer.rtt), "s"),
     .meaning = "from the probe to the answer; null where the pairing does not tell"},
    {OPTIONAL(OBJECT, "icmp", 0, NULL), .fields = icmp_fields, .when = is_icmp_answer,
     .meaning = "the error, where the result is icmp"},
    {ALWAYS(ENUM, "origin", AT(answer.origin), NULL), NAMES(ka_names_origin),
     .meaning = "who seems to have answered"},
    {OPTIONAL(TEXT, "why", AT(answer.why), NULL),
     .meaning = "what the origin was judged by; absent where nothing spoke for it"},
    END,
};

const struct ka_field ka_window_probe_fields[] = {
    {ALWAYS(U8, "bytes", AT(window_probe.bytes), "bytes"), .most = 1,
     .meaning = "payload of the window probe"},
    {ALWAYS(U32, "number", AT(window_probe.number), NULL), .least = 1,
     .meaning = "1, growing while the window stays closed"},
    {OR_NULL(DURATION, "interval_s", AT(window_probe.interval), "s"),
     .meaning = "since the previous one; null for the first"},
    END,
};

const struct ka_field ka_lookalike_fields[] = {
    {ALWAYS(ENUM, "reason", AT(lookalike.reason), NULL), NAMES(ka_names_lookalike),
     .meaning = "why the segment is no keepalive probe"},
    END,
};

const struct ka_field ka_state_fields[] = {
    {ALWAYS(ENUM, "from", AT(state.from), NULL), NAMES(ka_names_peer_state),
     .meaning = "state before"},
    {ALWAYS(ENUM, "to", AT(state.to), NULL), NAMES(ka_names_peer_state), .meaning = "state now"},
    {ALWAYS(BOOL, "half_closed", AT(state.half_closed), NULL),
     .meaning = "one side has sent its FIN"},
    {OPTIONAL(TEXT, "why", AT(state.why), NULL), .meaning = "what the judgement rests on"},
    {OPTIONAL(ENUM, "errno", AT(state.app_error), NULL), NAMES(ka_names_app_error),
     .meaning = "the error that the prober's application gets; absent where it sees none"},
    {ALWAYS(U32, "unanswered", AT(state.unanswered), "probes"),
     .meaning = "probes without an answer so far"},
    {OR_NULL(TIMESTAMP, "since", AT(state.since), NULL),
     .meaning = "when the peer was last heard; null where unknown"},
    END,
};
