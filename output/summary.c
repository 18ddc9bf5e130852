/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The closing summary of the text form.
 */
#include "output/line.h"

#include "events/field.h"

static void begin(struct ka_text *text, const char *heading)
{
    size_t from = text->used;
    ka_text_put_string(text, heading);
    ka_text_pad(text, from, sizeof("connections  ") - 1);
}

static void put_known(struct ka_text *text, uint64_t count, bool known, const char *what)
{
    if (known)
        ka_text_put_number(text, count);
    else
        ka_text_put_string(text, "n/a");
    ka_text_put_string(text, what);
}

/* Other traffic, such as ARP and UDP, is no loss: it is told in one number. */
static bool is_other_traffic(unsigned reason)
{
    enum {
        ETHERTYPE = 2,
        PROTOCOL = 3,
        ICMP = 4
    }; /* of enum ka_undecoded, which is decode's; a test compares */
    return reason == ETHERTYPE || reason == PROTOCOL || reason == ICMP;
}

static void put_undecoded(struct ka_text *text, const struct ka_ev_capture *capture)
{
    uint64_t other = 0;
    const char *separator = "";
    for (unsigned i = 0; i < KA_UNDECODED_SLOTS; i++) {
        if (is_other_traffic(i))
            other += capture->undecoded[i];
    }
    begin(text, "frames");
    ka_text_put_number(text, capture->tcp);
    ka_text_put_string(text, " TCP, ");
    ka_text_put_number(text, other);
    ka_text_put_string(text, " other");
    for (unsigned i = 0; i < KA_UNDECODED_SLOTS; i++) {
        const char *name = ka_event_undecoded_name(i);
        if (capture->undecoded[i] == 0 || is_other_traffic(i) || name == NULL)
            continue;
        ka_text_put_string(text, separator[0] != '\0' ? separator : "; not decoded: ");
        ka_text_put_number(text, capture->undecoded[i]);
        ka_text_put_char(text, ' ');
        ka_text_put_string(text, name);
        separator = ", ";
    }
    ka_text_put_char(text, '\n');
}

static void put_connections(struct ka_text *text, const struct ka_ev_capture *capture)
{
    const char *separator = "; peers: ";
    begin(text, "connections");
    ka_text_put_number(text, capture->connections);
    for (unsigned i = 0; i < KA_PEER_STATE_COUNT; i++) {
        if (capture->states[i] == 0)
            continue;
        ka_text_put_string(text, separator);
        ka_text_put_number(text, capture->states[i]);
        ka_text_put_char(text, ' ');
        ka_text_put_string(text, ka_peer_state_name(i));
        separator = ", ";
    }
    if (capture->evicted > 0) {
        ka_text_put_string(text, "; ");
        ka_text_put_number(text, capture->evicted);
        ka_text_put_string(text, " dropped for want of memory");
    }
    ka_text_put_char(text, '\n');
}

static void put_keepalive(struct ka_text *text, const struct ka_ev_capture *capture)
{
    begin(text, "keepalive");
    ka_line_count(text, capture->probes, "probe");
    ka_text_put_string(text, ", ");
    ka_line_count(text, capture->answers, "answer");
    ka_text_put_string(text, ", ");
    ka_line_count(text, capture->window_probes, "window probe");
    ka_text_put_string(text, ", ");
    ka_line_count(text, capture->lookalikes, "lookalike");
    ka_text_put_char(text, '\n');
}

void ka_line_summary(struct ka_text *text, const struct ka_event *event, bool utc)
{
    const struct ka_ev_capture *capture = &event->capture;
    unsigned digits = event->envelope.digits;
    begin(text, "capture");
    ka_text_put_number(text, capture->frames);
    ka_text_put_string(text, " captured, ");
    put_known(text, capture->received, capture->received_known, " received, dropped ");
    put_known(text, capture->dropped_kernel, capture->drops_known, " by the kernel, ");
    put_known(text, capture->dropped_interface, capture->interface_drops_known,
              " by the interface\n");
    put_undecoded(text, capture);
    put_connections(text, capture);
    put_keepalive(text, capture);
    if (capture->first != KA_TIME_NONE) {
        begin(text, "time");
        ka_line_time(text, capture->first, digits, utc, true);
        ka_text_put_string(text, " to ");
        ka_line_time(text, capture->last, digits, utc, true);
        ka_text_put_string(text, utc ? " UTC\n" : "\n");
    }
    if (capture->time_steps > 0) {
        begin(text, "warning");
        ka_text_put_string(text, "the clock stepped back, times seen: ");
        ka_text_put_number(text, capture->time_steps);
        ka_text_put_char(text, '\n');
    }
    if (capture->lost_lines > 0) {
        begin(text, "warning");
        ka_text_put_string(text, "standard output was read too slowly, lines dropped: ");
        ka_text_put_number(text, capture->lost_lines);
        ka_text_put_char(text, '\n');
    }
    if (capture->damaged) {
        begin(text, "warning");
        ka_text_put_string(text, "the input is damaged or cut; what was readable is reported\n");
    }
}
