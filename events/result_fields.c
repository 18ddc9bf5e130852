/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Declared here: what the commands find out, and the closing summary.
 */
#include "events/declare.h"

static bool is_ttl_unknown(const void *object)
{
    const struct ka_event *event = object;
    return event->verdict.ttl == 0;
}

static bool is_pid_unknown(const void *object)
{
    const struct ka_event *event = object;
    return event->socket.pid == 0;
}

static bool is_keepalive_unreadable(const void *object)
{
    const struct ka_event *event = object;
    return event->socket.keepalive == KA_SOCKET_KEEPALIVE_UNREADABLE;
}

static bool is_keepalive_off(const void *object)
{
    const struct ka_event *event = object;
    return event->socket.keepalive == KA_SOCKET_KEEPALIVE_OFF;
}

static bool has_no_timer(const void *object)
{
    const struct ka_event *event = object;
    return event->socket.timer_kind[0] == '\0';
}

static bool has_refresher(const void *object)
{
    const struct ka_event *event = object;
    return event->idle_timeout.has_refresher;
}

static bool has_origin(const void *object)
{
    const struct ka_event *event = object;
    return event->idle_timeout.has_origin;
}

static bool is_received_unknown(const void *object)
{
    const struct ka_event *event = object;
    return !event->capture.received_known;
}

static bool is_kernel_drop_unknown(const void *object)
{
    const struct ka_event *event = object;
    return !event->capture.drops_known;
}

static bool is_interface_drop_unknown(const void *object)
{
    const struct ka_event *event = object;
    return !event->capture.interface_drops_known;
}

static bool may_lose_lines(const void *object)
{
    const struct ka_event *event = object;
    return event->capture.lost_lines_known;
}

const struct ka_field ka_finding_fields[] = {
    {OR_NULL(TEXT, "kind", AT(finding.kind), NULL), .meaning = "what was found, one word"},
    {OR_NULL(TEXT, "text", AT(finding.text), NULL), .inline_text = true, .count = KA_TEXT_MAX,
     .meaning = "the finding as a sentence"},
    {ALWAYS(ENUM, "severity", AT(finding.severity), NULL), NAMES(ka_names_severity),
     .meaning = "a remark, something that may become trouble, something that went wrong"},
    {OPTIONAL(TEXT, "advice", AT(finding.advice), NULL), .meaning = "what to change"},
    {ALWAYS(NUMBERS, "evidence", AT(finding.evidence), NULL), .count = KA_EVIDENCE_MAX,
     .meaning = "frame numbers or flow ids to look at, some of them where there are many"},
    {ALWAYS(ENUM, "evidence_of", AT(finding.evidence_of), NULL), NAMES(ka_names_evidence),
     .meaning = "what the numbers in evidence are"},
    {ALWAYS(FIGURES, "figures", AT(finding.figures), NULL), .count = KA_FIGURES_MAX,
     .meaning = "the numbers behind the sentence, by name; null where unknown"},
    END,
};

const struct ka_field ka_verdict_fields[] = {
    {OR_NULL(ENDPOINT, "target", AT(verdict.target), NULL), .meaning = "the end that was asked"},
    {ALWAYS(ENUM, "verdict", AT(verdict.verdict), NULL), NAMES(ka_names_verdict),
     .meaning = "what is true of it"},
    {OPTIONAL(TEXT, "why", AT(verdict.why), NULL), .inline_text = true, .count = KA_TEXT_MAX,
     .meaning = "what the verdict rests on, or what could explain a silence"},
    {ALWAYS(U32, "sent", AT(verdict.sent), "probes"), .meaning = "probes sent"},
    {ALWAYS(U32, "answered", AT(verdict.answered), "probes"), .meaning = "probes answered"},
    {OR_NULL(DURATION, "rtt_s", AT(verdict.rtt), "s"),
     .meaning = "lowest round trip; null where none was measured"},
    {OR_NULL(U8, "ttl", AT(verdict.ttl), NULL), .null_when = is_ttl_unknown,
     .meaning = "time to live or hop limit of the answer; null where none came"},
    {ALWAYS(ENUM, "origin", AT(verdict.origin), NULL), NAMES(ka_names_origin),
     .meaning = "who seems to have answered"},
    END,
};

const struct ka_field ka_idle_timeout_fields[] = {
    {ALWAYS(ENUM, "arm", AT(idle_timeout.arm), NULL), NAMES(ka_names_arm),
     .meaning = "what was sent while idle"},
    {ALWAYS(ENUM, "first_speaker", AT(idle_timeout.first_speaker), NULL), NAMES(ka_names_side),
     .meaning = "who spoke first after the silence"},
    {OPTIONAL(ENUM, "refresher", AT(idle_timeout.refresher), NULL), NAMES(ka_names_side),
     .when = has_refresher, .meaning = "who sent while idle what the arm sends"},
    {OR_NULL(DURATION, "survived_s", AT(idle_timeout.survived), "s"),
     .meaning = "longest silence survived; null where none"},
    {OR_NULL(DURATION, "died_s", AT(idle_timeout.died), "s"),
     .meaning = "shortest silence not survived; null where none"},
    {OR_NULL(DURATION, "precision_s", AT(idle_timeout.precision), "s"),
     .meaning = "step of the grid; null where there was none"},
    {OR_NULL(ENUM, "after_expiry", AT(idle_timeout.after_expiry), NULL), NAMES(ka_names_after),
     .meaning = "what met the first packet afterwards; null where nothing expired"},
    {OPTIONAL(ENUM, "origin", AT(idle_timeout.origin), NULL), NAMES(ka_names_origin),
     .when = has_origin, .meaning = "who seems to have sent the reset, by its time to live"},
    {ALWAYS(TEXTS, "known", AT(idle_timeout.known), NULL), .count = KA_KNOWN_MAX,
     .meaning = "products whose default lies within the bracket"},
    {ALWAYS(U64, "trials", AT(idle_timeout.trials), NULL), .meaning = "silences looked at"},
    END,
};

static const struct ka_field settings_fields[] = {
    {OR_NULL(DURATION, "idle_s", AT(socket.keepalive_idle), "s"),
     .meaning = "idle time before the first probe"},
    {OR_NULL(DURATION, "interval_s", AT(socket.keepalive_interval), "s"),
     .meaning = "interval between unanswered probes"},
    {ALWAYS(U32, "count", AT(socket.keepalive_count), "probes"),
     .meaning = "probes before giving up"},
    {ALWAYS(BOOL, "defaults", AT(socket.defaults), NULL),
     .meaning = "all three are the system's defaults"},
    END,
};

static const struct ka_field timer_fields[] = {
    {OR_NULL(TEXT, "kind", AT(socket.timer_kind), NULL), .inline_text = true,
     .count = KA_SOCKET_STATE_SIZE, .meaning = "the timer that runs, as ss names it"},
    {OR_NULL(DURATION, "expires_s", AT(socket.timer_expires), "s"), .meaning = "until it fires"},
    {ALWAYS(U32, "unanswered", AT(socket.timer_unanswered), NULL),
     .meaning = "probes or retransmissions without an answer"},
    END,
};

const struct ka_field ka_socket_fields[] = {
    {OR_NULL(U32, "pid", AT(socket.pid), NULL), .null_when = is_pid_unknown,
     .meaning = "process that holds the socket; null where not readable"},
    {OR_NULL(TEXT, "process", AT(socket.process), NULL), .inline_text = true,
     .count = KA_PROCESS_NAME_SIZE, .meaning = "its name; null where not readable"},
    {OR_NULL(TEXT, "state", AT(socket.state), NULL), .inline_text = true,
     .count = KA_SOCKET_STATE_SIZE, .meaning = "TCP state, as ss names it"},
    {OR_NULL(OBJECT, "keepalive", 0, NULL), .fields = settings_fields,
     .null_when = is_keepalive_unreadable, .false_when = is_keepalive_off,
     .meaning = "the settings; false where keepalive is off, null where not readable"},
    {OPTIONAL(TEXT, "settings", AT(socket.settings), NULL),
     .meaning = "why the settings could not be read: need root, not accepted yet, ..."},
    {OR_NULL(DURATION, "user_timeout_s", AT(socket.user_timeout), "s"),
     .meaning = "TCP_USER_TIMEOUT, 0 where not set; null where not readable"},
    {OR_NULL(OBJECT, "timer", 0, NULL), .fields = timer_fields, .null_when = has_no_timer,
     .meaning = "the running timer; null where none runs"},
    {OR_NULL(DURATION, "last_sent_s", AT(socket.last_sent), "s"),
     .meaning = "since data was last sent; null where not readable"},
    {OR_NULL(DURATION, "last_received_s", AT(socket.last_received), "s"),
     .meaning = "since data or an ACK was last received; null where not readable"},
    END,
};

const struct ka_field ka_capture_fields[] = {
    {ALWAYS(U64, "frames", AT(capture.frames), "frames"), .meaning = "frames read"},
    {ALWAYS(U64, "tcp", AT(capture.tcp), "segments"), .meaning = "TCP segments among them"},
    {OR_NULL(U64, "received", AT(capture.received), "frames"), .null_when = is_received_unknown,
     .meaning = "frames that passed the filter; null where unknown"},
    {OR_NULL(U64, "dropped_kernel", AT(capture.dropped_kernel), "frames"),
     .null_when = is_kernel_drop_unknown,
     .meaning = "frames lost for want of buffer; null where unknown"},
    {OR_NULL(U64, "dropped_interface", AT(capture.dropped_interface), "frames"),
     .null_when = is_interface_drop_unknown,
     .meaning = "frames lost by the interface or its driver; null where unknown"},
    {ALWAYS(COUNTS64, "undecoded", AT(capture.undecoded), "frames"), NAMES(ka_names_undecoded),
     .meaning = "frames that gave no packet, by reason"},
    {ALWAYS(U64, "connections", AT(capture.connections), "connections"),
     .meaning = "connections seen"},
    {ALWAYS(U64, "evicted", AT(capture.evicted), "connections"),
     .meaning = "connections given up for want of memory"},
    {ALWAYS(COUNTS64, "states", AT(capture.states), "peers"), NAMES(ka_names_peer_state),
     .meaning = "judged peers by their last state"},
    {ALWAYS(U64, "probes", AT(capture.probes), "probes"), .meaning = "keepalive probes"},
    {ALWAYS(U64, "answers", AT(capture.answers), "packets"), .meaning = "answers to them"},
    {ALWAYS(U64, "window_probes", AT(capture.window_probes), "packets"),
     .meaning = "probes of a closed window"},
    {ALWAYS(U64, "lookalikes", AT(capture.lookalikes), "packets"),
     .meaning = "segments that look like probes and are none"},
    {ALWAYS(U64, "time_steps", AT(capture.time_steps), NULL),
     .meaning = "times the clock stepped back"},
    {OR_NULL(TIMESTAMP, "first", AT(capture.first), NULL),
     .meaning = "time of the first frame; null where there was none"},
    {OR_NULL(TIMESTAMP, "last", AT(capture.last), NULL),
     .meaning = "time of the last frame; null where there was none"},
    {OPTIONAL(U64, "lost_lines", AT(capture.lost_lines), "lines"), .when = may_lose_lines,
     .meaning = "lines of this output that were dropped because it was read too slowly; live only"},
    {ALWAYS(BOOL, "damaged", AT(capture.damaged), NULL),
     .meaning = "the input was cut or broken; what was readable is reported"},
    END,
};
