/* SPDX-License-Identifier: BSD-2-Clause */
#include "inject/craft.h"

#include <stdarg.h>
#include <stdio.h>

/* Text that grows in a buffer of KA_EXPLAIN_SIZE, and is cut there. */
struct text {
    char *at;
    size_t used;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
    va_list arguments;
    size_t left = KA_EXPLAIN_SIZE - text->used;
    va_start(arguments, format);
    int written = vsnprintf(text->at + text->used, left, format, arguments);
    va_end(arguments);
    if (written > 0)
        text->used += (size_t)written < left ? (size_t)written : left - 1;
}

static void add_packet(struct text *text, const struct ka_probe *probe)
{
    char src[KA_ENDPOINT_TEXT_SIZE];
    char dst[KA_ENDPOINT_TEXT_SIZE];
    const struct ka_probe_link *link = &probe->link;
    ka_endpoint_text(&probe->src, src);
    ka_endpoint_text(&probe->dst, dst);
    if (link->present) {
        const uint8_t *s = link->src;
        const uint8_t *d = link->dst;
        add(text, "  Ethernet  %02x:%02x:%02x:%02x:%02x:%02x > %02x:%02x:%02x:%02x:%02x:%02x", s[0],
            s[1], s[2], s[3], s[4], s[5], d[0], d[1], d[2], d[3], d[4], d[5]);
        for (size_t i = 0; i < link->tag_count && i < KA_PROBE_TAGS_MAX; i++)
            add(text, ", VLAN %u", link->tags[i].id);
        add(text, "\n");
    }
    add(text,
        probe->src.addr.family == 4 ? "  IPv4      TTL %u, DF, ID 0\n"
                                    : "  IPv6      hop limit %u\n",
        probe->ttl);
    add(text, "  TCP       %s > %s, ACK, seq %u, ack %u, window %u", src, dst, probe->seq,
        probe->ack, probe->window);
    if (probe->has_timestamps)
        add(text, ", TSval %u, TSecr %u", probe->tsval, probe->tsecr);
    add(text, ", %u byte%s\n", probe->length, probe->length == 1 ? "" : "s");
}

static void add_bytes(struct text *text, const struct ka_probe *probe)
{
    uint8_t bytes[KA_PROBE_BYTES_MAX];
    size_t count = ka_probe_bytes(probe, bytes, sizeof(bytes));
    for (size_t i = 0; i < count; i++)
        add(text, "%s%02x%s", i % 16 == 0 ? "  " : " ", bytes[i],
            i % 16 == 15 || i + 1 == count ? "\n" : "");
}

static void add_numbers(struct text *text, const struct ka_probe *probe)
{
    if (probe->kind == KA_PROBE_NUMBERLESS) {
        add(text, "  The numbers are unknown, so both are 0 (RFC 6146 3.5.2.2).\n");
        return;
    }
    add(text, "  seq is the target's own last acknowledgement - 1: it has had that byte.\n");
    if (probe->mode == KA_ACK_EXACT)
        add(text, "  ack is the true one (exact).\n");
    else
        add(text, "  ack is %d below %u, which the source acknowledged at least (gentle).\n",
            KA_GENTLE_DISTANCE, probe->rcv);
}

/* What each state of the target makes of the probe, as measured on Linux. */
static void add_effect(struct text *text, const struct ka_probe *probe)
{
    char src[KA_ENDPOINT_TEXT_SIZE];
    char dst[KA_ENDPOINT_TEXT_SIZE];
    bool exact = probe->kind == KA_PROBE_NUMBERED && probe->mode == KA_ACK_EXACT;
    ka_endpoint_text(&probe->src, src);
    ka_endpoint_text(&probe->dst, dst);
    add(text, "  If %s has the connection, it answers to %s with an ACK%s and takes no data.\n",
        dst, src, probe->length == 1 ? " that names the byte as a duplicate (RFC 2883)" : "");
    add(text, "  If it has lost it, it answers with a reset whose number is our ack: %s.\n",
        exact ? "that RESETS the other end too" : "the other end ignores it");
    add(text, "  If nothing comes within 4 s, it is silent: gone, or cut off.\n");
    add(text, "  If %s has lost the connection, its reset in answer to that ACK ends %s.\n", src,
        dst);
    add(text, "  On the way, timers of firewalls and NATs start anew; so does the keepalive clock "
              "of the target.\n");
}

void ka_probe_explain(const struct ka_probe *probe, char *out)
{
    struct text text = {.at = out};
    add(&text, "packet\n");
    add_packet(&text, probe);
    add(&text, "bytes\n");
    add_bytes(&text, probe);
    add(&text, "numbers\n");
    add_numbers(&text, probe);
    add(&text, "effect\n");
    add_effect(&text, probe);
}
