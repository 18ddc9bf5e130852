/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The text form: a line an event, and for a quiet live view a roll-up of what was left out.
 */
#include "events/field.h"
#include "output/form.h"
#include "output/line.h"
#include "output/rollup.h"

#include <stdlib.h>
#include <string.h>

enum {
    KIND_WIDTH = 9,
    /* Details are aligned to the longest pair of endpoints so far, up to two of IPv4. */
    PAIR_WIDTH_MAX = 2 * 21 + 3,
    /* Time zones are shifted by multiples of a quarter of an hour: within one the day is the same.
     */
    DAY_STEP_S = 900,
};

struct text_state {
    size_t pair_width;
    ka_time day_step; /* the quarter of an hour that `day` was looked up for; KA_TIME_NONE none */
    char day[KA_TIME_TEXT_SIZE];
    uint8_t digits;           /* of the last event's time */
    struct ka_rollup *rollup; /* NULL: every event is printed */
};

/* The word a line begins with, and its colour (SGR parameters). */
struct kind {
    const char *word;
    const char *color;
};

static const struct kind kinds[KA_EVENT_TYPE_COUNT] = {
    [KA_EVENT_PROBE] = {"probe", "36"},         [KA_EVENT_ANSWER] = {"answer", "32"},
    [KA_EVENT_WINDOW_PROBE] = {"window", "35"}, [KA_EVENT_LOOKALIKE] = {"similar", "2"},
    [KA_EVENT_STATE] = {"state", "1"}, /* the state's own, below */
    [KA_EVENT_CONNECTION] = {"conn", "1"},      [KA_EVENT_FINDING] = {"finding", "33"},
    [KA_EVENT_VERDICT] = {"verdict", "1"},      [KA_EVENT_IDLE_TIMEOUT] = {"timeout", "34"},
    [KA_EVENT_SOCKET] = {"socket", "1"},        [KA_EVENT_CAPTURE] = {"capture", "1"},
};

static const struct kind states[KA_PEER_STATE_COUNT] = {
    [KA_PEER_UNKNOWN] = {"unknown", "2"},          [KA_PEER_ALIVE] = {"alive", "1;32"},
    [KA_PEER_SILENT] = {"silent", "1;33"},         [KA_PEER_DEAD] = {"dead", "1;31"},
    [KA_PEER_RESET] = {"reset", "1;31"},           [KA_PEER_UNREACHABLE] = {"unreachable", "1;31"},
    [KA_PEER_APP_SILENT] = {"app-silent", "1;33"},
};

static void put_kind(struct ka_text *line, const struct kind *kind, bool color)
{
    if (color) {
        ka_text_put_string(line, "\033[");
        ka_text_put_string(line, kind->color);
        ka_text_put_char(line, 'm');
    }
    ka_text_put_string(line, kind->word);
    if (color)
        ka_text_put_string(line, "\033[0m");
    size_t length = strlen(kind->word);
    ka_text_put_string(line, "  ");
    if (length + 2 < KIND_WIDTH)
        ka_text_pad(line, line->used, KIND_WIDTH - 2 - length);
}

/* A line of its own where the day is another than before: a later one, or an earlier one where the
 * connections are told in the end. The first day is not worth one. */
static void put_day(struct ka_output *output, ka_time time)
{
    struct text_state *state = output->state;
    char day[KA_TIME_TEXT_SIZE] = "";
    if (time == KA_TIME_NONE || time / KA_SECOND / DAY_STEP_S == state->day_step)
        return;
    ka_time_date(time, output->options.utc, day);
    if (state->day_step != KA_TIME_NONE && strcmp(day, state->day) != 0) {
        ka_text_put_string(&output->buffer, "--- ");
        ka_text_put_string(&output->buffer, day);
        ka_text_put_char(&output->buffer, '\n');
    }
    memcpy(state->day, day, sizeof(state->day));
    state->day_step = time / KA_SECOND / DAY_STEP_S;
}

/* Date line where due, clock and kind. */
static void begin_line(struct ka_output *output, const struct ka_event *event,
                       const struct kind *kind)
{
    put_day(output, event->envelope.time);
    ka_line_time(&output->buffer, event->envelope.time, event->envelope.digits, output->options.utc,
                 false);
    ka_text_put_string(&output->buffer, "  ");
    put_kind(&output->buffer, kind, output->options.color);
}

/* "A > B", padded so that what follows is aligned. */
static void put_pair(struct ka_output *output, const struct ka_envelope *envelope)
{
    struct text_state *state = output->state;
    struct ka_text *line = &output->buffer;
    size_t from = line->used;
    ka_line_endpoint(line, &envelope->src);
    ka_text_put_string(line, " > ");
    ka_line_endpoint(line, &envelope->dst);
    size_t width = line->used - from;
    if (width > state->pair_width)
        state->pair_width = width < PAIR_WIDTH_MAX ? width : PAIR_WIDTH_MAX;
    ka_text_pad(line, from, state->pair_width);
    ka_text_put_string(line, "  ");
}

static void put_details(struct ka_output *output, const struct ka_event *event)
{
    struct ka_text *line = &output->buffer;
    switch (event->type) {
    case KA_EVENT_PROBE:
        ka_line_probe(line, &event->probe);
        return;
    case KA_EVENT_ANSWER:
        ka_line_answer(line, &event->answer);
        return;
    case KA_EVENT_WINDOW_PROBE:
        ka_line_window_probe(line, &event->window_probe);
        return;
    case KA_EVENT_LOOKALIKE:
        ka_line_lookalike(line, &event->lookalike);
        return;
    case KA_EVENT_STATE:
        ka_line_state(line, event, output->options.utc);
        return;
    case KA_EVENT_CONNECTION:
        ka_line_connection(line, &event->connection);
        return;
    case KA_EVENT_FINDING:
        ka_line_finding(line, &event->finding);
        return;
    case KA_EVENT_VERDICT:
        ka_line_verdict(line, &event->verdict);
        return;
    case KA_EVENT_IDLE_TIMEOUT:
        ka_line_idle_timeout(line, &event->idle_timeout);
        return;
    case KA_EVENT_SOCKET:
        ka_line_socket(line, &event->socket);
        return;
    case KA_EVENT_CAPTURE: /* lines of its own */
    case KA_EVENT_TYPE_COUNT:
        return;
    }
}

/* Whether the line names the endpoints in its own words, or has none. */
static bool names_endpoints(enum ka_event_type type)
{
    return type == KA_EVENT_STATE || type == KA_EVENT_FINDING || type == KA_EVENT_VERDICT;
}

static void write_rollup(struct ka_output *output, ka_time now)
{
    static const struct kind kind = {"---", "2"};
    struct text_state *state = output->state;
    struct ka_event line = {.envelope = {.digits = state->digits}};
    if (state->rollup == NULL || !ka_rollup_is_due(state->rollup, now, &line.envelope.time))
        return;
    begin_line(output, &line, &kind);
    ka_rollup_write(state->rollup, &output->buffer);
    ka_text_put_char(&output->buffer, '\n');
}

static void write_event(struct ka_output *output, const struct ka_event *event)
{
    struct text_state *state = output->state;
    if (event->type == KA_EVENT_CAPTURE) {
        ka_line_summary(&output->buffer, event, output->options.utc);
        return;
    }
    if (state->rollup != NULL) {
        state->digits = event->envelope.digits;
        write_rollup(output, event->envelope.time);
        ka_rollup_add(state->rollup, event);
        if (!event->notable)
            return;
    }
    begin_line(output, event,
               event->type == KA_EVENT_STATE ? &states[event->state.to] : &kinds[event->type]);
    if (!names_endpoints(event->type))
        put_pair(output, &event->envelope);
    put_details(output, event);
    ka_text_put_char(&output->buffer, '\n');
}

static int open_form(struct ka_output *output)
{
    struct text_state *state = calloc(1, sizeof(*state));
    if (state == NULL)
        return -1;
    state->day_step = KA_TIME_NONE;
    if (output->options.only_changes && (state->rollup = ka_rollup_create()) == NULL) {
        free(state);
        return -1;
    }
    output->state = state;
    return 0;
}

static void close_form(struct ka_output *output)
{
    struct text_state *state = output->state;
    ka_rollup_free(state->rollup);
    free(state);
}

const struct ka_form ka_form_text = {
    .open = open_form,
    .event = write_event,
    .now = write_rollup,
    .close = close_form,
};
