/* SPDX-License-Identifier: BSD-2-Clause */
#include "events/names.h"

#include "events/field.h"

#include <stddef.h>

const char *const ka_names_confidence[KA_NAMES_CONFIDENCE] = {
    [KA_PROBABLE] = "probable",
    [KA_CERTAIN] = "certain",
};

const char *const ka_names_answer[KA_NAMES_ANSWER] = {
    [KA_ANSWER_ACK] = "ack",
    [KA_ANSWER_DATA] = "data",
    [KA_ANSWER_RST] = "rst",
    [KA_ANSWER_ICMP] = "icmp",
};

const char *const ka_names_origin[KA_NAMES_ORIGIN] = {
    [KA_ORIGIN_UNKNOWN] = "unknown",
    [KA_ORIGIN_ENDPOINT] = "endpoint",
    [KA_ORIGIN_MIDDLEBOX] = "middlebox",
};

const char *const ka_names_lookalike[KA_LOOKALIKE_COUNT] = {
    [KA_LOOKALIKE_RETRANSMISSION] = "retransmission", [KA_LOOKALIKE_REORDERED] = "reordered",
    [KA_LOOKALIKE_DUPLICATE] = "duplicate",           [KA_LOOKALIKE_FOREIGN] = "foreign",
    [KA_LOOKALIKE_NO_ACK_FLAG] = "no-ack-flag",
};

const char *const ka_names_peer_state[KA_PEER_STATE_COUNT] = {
    [KA_PEER_UNKNOWN] = "unknown",       [KA_PEER_ALIVE] = "alive",
    [KA_PEER_SILENT] = "silent",         [KA_PEER_DEAD] = "dead",
    [KA_PEER_RESET] = "reset",           [KA_PEER_UNREACHABLE] = "unreachable",
    [KA_PEER_APP_SILENT] = "app-silent",
};

const char *const ka_names_app_error[KA_NAMES_APP_ERROR] = {
    [KA_APP_ETIMEDOUT] = "ETIMEDOUT",
    [KA_APP_ECONNRESET] = "ECONNRESET",
    [KA_APP_EHOSTUNREACH] = "EHOSTUNREACH",
};

const char *const ka_names_ended[KA_NAMES_ENDED] = {
    [KA_ENDED_OPEN] = "open",       [KA_ENDED_FIN] = "fin",         [KA_ENDED_RST] = "rst",
    [KA_ENDED_GAVE_UP] = "gave-up", [KA_ENDED_EVICTED] = "evicted", [KA_ENDED_REUSED] = "reused",
};

const char *const ka_names_evidence[KA_NAMES_EVIDENCE] = {
    [KA_EVIDENCE_FRAMES] = "frames",
    [KA_EVIDENCE_FLOWS] = "flows",
};

const char *const ka_names_verdict[KA_VERDICT_COUNT] = {
    [KA_VERDICT_UNKNOWN] = "unknown",         [KA_VERDICT_ALIVE] = "alive",
    [KA_VERDICT_DOUBTFUL] = "alive?",         [KA_VERDICT_RESET] = "reset",
    [KA_VERDICT_UNREACHABLE] = "unreachable", [KA_VERDICT_SILENT] = "silent",
};

const char *const ka_names_arm[KA_NAMES_ARM] = {
    [KA_ARM_SILENT] = "silent",
    [KA_ARM_KEEPALIVE_0] = "keepalive-0",
    [KA_ARM_KEEPALIVE_1] = "keepalive-1",
    [KA_ARM_DATA] = "data",
};

const char *const ka_names_side[KA_NAMES_SIDE] = {
    [KA_SPEAKER_CLIENT] = "client",
    [KA_SPEAKER_SERVER] = "server",
};

const char *const ka_names_after[KA_NAMES_AFTER] = {
    [KA_AFTER_RECOVERED] = "recovered",
    [KA_AFTER_SILENT] = "silent",
    [KA_AFTER_RST] = "rst",
    [KA_AFTER_ICMP] = "icmp",
    [KA_AFTER_CLOSED] = "closed-by-server",
};

const char *const ka_names_severity[KA_NAMES_SEVERITY] = {
    [KA_SEVERITY_NOTE] = "note",
    [KA_SEVERITY_WARNING] = "warning",
    [KA_SEVERITY_ERROR] = "error",
};

const char *const ka_names_persistence[KA_NAMES_PERSISTENCE] = {
    [KA_HTTP_PERSISTENT] = "persistent",
    [KA_HTTP_CLOSE] = "close",
};

const char *const ka_names_closer[KA_NAMES_CLOSER] = {
    [KA_CLOSER_CLIENT] = "client",
    [KA_CLOSER_SERVER] = "server",
};

/* By enum ka_tunnel_type and enum ka_undecoded: see field.h. */
const char *const ka_names_tunnel[KA_NAMES_TUNNEL] = {
    NULL, "gre", "ipip", "vxlan", "geneve", "mpls", "pppoe",
};

const char *const ka_names_undecoded[KA_UNDECODED_SLOTS] = {
    NULL,        "link-type", "ethertype",         "protocol",   "icmp",   "fragment",
    "truncated", "ip-header", "extension-headers", "tcp-header", "tunnel", "encrypted",
};

const char *ka_peer_state_name(enum ka_peer_state state)
{
    return state < KA_PEER_STATE_COUNT ? ka_names_peer_state[state] : NULL;
}

const char *ka_app_error_name(enum ka_app_error error)
{
    return (unsigned)error < KA_NAMES_APP_ERROR ? ka_names_app_error[error] : NULL;
}

const char *ka_ended_name(enum ka_ended ended)
{
    return (unsigned)ended < KA_NAMES_ENDED ? ka_names_ended[ended] : NULL;
}

const char *ka_event_tunnel_name(unsigned tunnel_type)
{
    return tunnel_type < KA_NAMES_TUNNEL ? ka_names_tunnel[tunnel_type] : NULL;
}

const char *ka_event_undecoded_name(unsigned reason)
{
    return reason < KA_UNDECODED_SLOTS ? ka_names_undecoded[reason] : NULL;
}

const char *ka_severity_name(enum ka_severity severity)
{
    return (unsigned)severity < KA_NAMES_SEVERITY ? ka_names_severity[severity] : NULL;
}
