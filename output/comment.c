/* SPDX-License-Identifier: BSD-2-Clause */
#include "output/comment.h"

#include "output/line.h"

static void begin(struct ka_text *comment, const char *what)
{
    if (comment->used > 0)
        ka_text_put_string(comment, "; ");
    ka_text_put_string(comment, what);
    ka_text_put_string(comment, ": ");
}

bool ka_comment_put(struct ka_text *comment, const struct ka_event *event)
{
    if (event->envelope.frame == 0)
        return false;
    if (event->type == KA_EVENT_PROBE) {
        begin(comment, "keepalive probe");
        ka_line_probe(comment, &event->probe);
    } else if (event->type == KA_EVENT_ANSWER) {
        begin(comment, "keepalive answer");
        ka_line_answer(comment, &event->answer);
    } else if (event->type == KA_EVENT_WINDOW_PROBE) {
        begin(comment, "window probe");
        ka_line_window_probe(comment, &event->window_probe);
    } else if (event->type == KA_EVENT_STATE) {
        begin(comment, "state");
        ka_line_state(comment, event, true);
    } else {
        return false;
    }
    return true;
}

void ka_comment_put_icmp(struct ka_text *comment, uint8_t family, uint8_t type, uint8_t code)
{
    const char *meaning = ka_line_icmp(family, type, code);
    begin(comment, "ICMP");
    if (meaning != NULL) {
        ka_text_put_string(comment, meaning);
        return;
    }
    ka_text_put_string(comment, "type ");
    ka_text_put_number(comment, type);
    ka_text_put_string(comment, " code ");
    ka_text_put_number(comment, code);
}
