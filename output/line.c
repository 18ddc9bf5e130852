/* SPDX-License-Identifier: BSD-2-Clause */
#include "output/line.h"

#include "events/field.h"

#include <stdint.h>
#include <string.h>

void ka_line_duration(struct ka_text *line, ka_time duration)
{
    char text[KA_TIME_TEXT_SIZE];
    ka_duration_text(duration, text);
    ka_text_put_string(line, text);
}

void ka_line_endpoint(struct ka_text *line, const struct ka_endpoint *endpoint)
{
    char text[KA_ENDPOINT_TEXT_SIZE];
    ka_endpoint_text(endpoint, text);
    ka_text_put_string(line, text);
}

void ka_line_count(struct ka_text *line, uint64_t count, const char *noun)
{
    ka_text_put_number(line, count);
    ka_text_put_char(line, ' ');
    ka_text_put_string(line, noun);
    ka_text_put_string(line, ka_text_plural(count));
}

void ka_line_time(struct ka_text *line, ka_time time, unsigned digits, bool utc, bool with_date)
{
    char text[KA_TIME_TEXT_SIZE];
    if (time == KA_TIME_NONE) {
        ka_text_put_string(line, "n/a");
        return;
    }
    if (with_date) {
        ka_time_date(time, utc, text);
        ka_text_put_string(line, text);
        ka_text_put_char(line, ' ');
    }
    ka_time_clock(time, digits, utc, text);
    ka_text_put_string(line, text);
}

const char *ka_line_icmp(uint8_t family, uint8_t type, uint8_t code)
{
    /* RFC 792, RFC 1812 5.2.7.1, RFC 4443 3.1 and 3.3. */
    static const struct {
        uint8_t family;
        uint8_t type;
        uint8_t code;
        const char *meaning;
    } rows[] = {
        {4, 3, 0, "network unreachable"},    {4, 3, 1, "host unreachable"},
        {4, 3, 2, "protocol unreachable"},   {4, 3, 3, "port unreachable"},
        {4, 3, 4, "packet too big"},         {4, 3, 9, "network prohibited"},
        {4, 3, 10, "host prohibited"},       {4, 3, 13, "prohibited by a filter"},
        {4, 11, 0, "time to live exceeded"}, {6, 1, 0, "no route"},
        {6, 1, 1, "prohibited by a filter"}, {6, 1, 3, "host unreachable"},
        {6, 1, 4, "port unreachable"},       {6, 1, 5, "prohibited by a filter"},
        {6, 1, 6, "route rejected"},         {6, 2, 0, "packet too big"},
        {6, 3, 0, "hop limit exceeded"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].family == family && rows[i].type == type && rows[i].code == code)
            return rows[i].meaning;
    }
    return NULL;
}

/* Since the one before, where that is known. */
static void put_interval(struct ka_text *line, ka_time interval)
{
    if (interval == KA_TIME_NONE)
        return;
    ka_text_put_string(line, " after ");
    ka_line_duration(line, interval);
}

void ka_line_probe(struct ka_text *line, const struct ka_ev_probe *probe)
{
    ka_line_count(line, probe->bytes, "byte");
    if (probe->idle == KA_TIME_NONE) {
        ka_text_put_string(line, ", idle time unknown");
    } else {
        ka_text_put_string(line, ", idle ");
        ka_line_duration(line, probe->idle);
    }
    if (probe->number > 1) {
        ka_text_put_string(line, ", number ");
        ka_text_put_number(line, probe->number);
        put_interval(line, probe->interval);
    }
    if (probe->confidence != KA_CERTAIN)
        ka_text_put_string(line, ", probably a keepalive");
    if (probe->injected)
        ka_text_put_string(line, ", injected");
}

static void put_icmp(struct ka_text *line, const struct ka_ev_answer *answer)
{
    char from[KA_ADDR_TEXT_SIZE];
    const char *meaning =
        ka_line_icmp(answer->icmp_from.family, answer->icmp_type, answer->icmp_code);
    ka_text_put_string(line, "icmp ");
    ka_text_put_number(line, answer->icmp_type);
    ka_text_put_char(line, '/');
    ka_text_put_number(line, answer->icmp_code);
    if (meaning != NULL) {
        ka_text_put_string(line, ", ");
        ka_text_put_string(line, meaning);
        ka_text_put_char(line, ',');
    }
    ka_addr_text(&answer->icmp_from, from);
    ka_text_put_string(line, " from ");
    ka_text_put_string(line, from);
}

void ka_line_answer(struct ka_text *line, const struct ka_ev_answer *answer)
{
    static const char *const results[] = {
        [KA_ANSWER_ACK] = "ack", [KA_ANSWER_DATA] = "data", [KA_ANSWER_RST] = "reset"};
    if (answer->result == KA_ANSWER_ICMP)
        put_icmp(line, answer);
    else
        ka_text_put_string(line, results[answer->result]);
    if (answer->rtt == KA_TIME_NONE) {
        ka_text_put_string(line, ", round trip unknown");
    } else {
        ka_text_put_string(line, " after ");
        ka_line_duration(line, answer->rtt);
    }
    /* An ICMP error names its sender already. */
    if (answer->origin == KA_ORIGIN_MIDDLEBOX && answer->result != KA_ANSWER_ICMP) {
        ka_text_put_string(line, ", seemingly by a middlebox");
        if (answer->why != NULL) {
            ka_text_put_string(line, ": ");
            ka_text_put_foreign(line, answer->why, SIZE_MAX);
        }
    }
}

void ka_line_window_probe(struct ka_text *line, const struct ka_ev_window_probe *probe)
{
    ka_line_count(line, probe->bytes, "byte");
    ka_text_put_string(line, " into a closed window, number ");
    ka_text_put_number(line, probe->number);
    put_interval(line, probe->interval);
}

void ka_line_lookalike(struct ka_text *line, const struct ka_ev_lookalike *lookalike)
{
    static const char *const reasons[KA_LOOKALIKE_COUNT] = {
        [KA_LOOKALIKE_RETRANSMISSION] = "a retransmission",
        [KA_LOOKALIKE_REORDERED] = "reordered on its way",
        [KA_LOOKALIKE_DUPLICATE] = "captured twice",
        [KA_LOOKALIKE_FOREIGN] = "below what a keepalive carries, sent by someone else",
        [KA_LOOKALIKE_NO_ACK_FLAG] = "without the ACK flag",
    };
    ka_text_put_string(line, "no keepalive: ");
    ka_text_put_string(line, reasons[lookalike->reason]);
}

/* "A verb B" */
static void put_pair(struct ka_text *line, const struct ka_envelope *envelope, const char *verb)
{
    ka_line_endpoint(line, &envelope->src);
    ka_text_put_string(line, verb);
    ka_line_endpoint(line, &envelope->dst);
}

static void put_dead(struct ka_text *line, const struct ka_event *event)
{
    const struct ka_ev_state *state = &event->state;
    static const char word[] = "inferred"; /* then, as a rule, what from */
    bool inferred = state->why != NULL && strncmp(state->why, word, sizeof(word) - 1) == 0;
    ka_line_endpoint(line, &event->envelope.src);
    ka_text_put_string(line, "  ");
    ka_line_count(line, state->unanswered, "probe");
    ka_text_put_string(line, " unanswered, ");
    if (inferred)
        ka_text_put_string(line, "then no more: the prober seems to have given up");
    else
        ka_text_put_string(line, "the prober gave up");
}

static void put_why(struct ka_text *line, const char *why)
{
    if (why == NULL || why[0] == '\0')
        return;
    ka_text_put_string(line, ", ");
    ka_text_put_foreign(line, why, SIZE_MAX);
}

void ka_line_state(struct ka_text *line, const struct ka_event *event, bool utc)
{
    static const char *const verbs[KA_PEER_STATE_COUNT] = {
        [KA_PEER_UNKNOWN] = " is no longer known to answer ",
        [KA_PEER_ALIVE] = " answers ",
        [KA_PEER_SILENT] = " does not answer ",
        [KA_PEER_RESET] = "  the connection was reset towards ",
        [KA_PEER_UNREACHABLE] = " is reported unreachable from ",
        [KA_PEER_APP_SILENT] = " is there, but its application does not answer ",
    };
    const struct ka_ev_state *state = &event->state;
    const char *error = ka_app_error_name(state->app_error);
    if (state->to == KA_PEER_DEAD)
        put_dead(line, event);
    else
        put_pair(line, &event->envelope, verbs[state->to]);
    if (state->to == KA_PEER_ALIVE &&
        (state->from == KA_PEER_SILENT || state->from == KA_PEER_DEAD))
        ka_text_put_string(line, " again");
    if (state->to == KA_PEER_SILENT && state->since != KA_TIME_NONE) {
        ka_text_put_string(line, " (since ");
        ka_line_time(line, state->since, 1, utc, false);
        ka_text_put_char(line, ')');
    }
    if (state->to == KA_PEER_RESET || state->to == KA_PEER_UNREACHABLE)
        put_why(line, state->why);
    if (error != NULL) {
        ka_text_put_string(line, ": ");
        ka_text_put_string(line, error);
    }
    if (error != NULL && state->to == KA_PEER_DEAD) { /* one server may be dead to many */
        ka_text_put_string(line, " at ");
        ka_line_endpoint(line, &event->envelope.dst);
    }
    if (state->half_closed)
        ka_text_put_string(line, ", half-closed");
}
