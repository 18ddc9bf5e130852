/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a report has collected, for the files that write it. Not for other rooms.
 */
#ifndef KA_OUTPUT_REPORT_PARTS_H
#define KA_OUTPUT_REPORT_PARTS_H

#include "output/report.h"

enum {
    KA_MARKS_MOST = 1 << 20, /* single probes and answers kept; later ones are counted */
    KA_RTT_BUCKETS = 28,     /* four a decade, from 1 microsecond to 10 seconds */
    KA_RTT_A_DECADE = 4,
    KA_LISTED_MOST = 50, /* findings of a kind that a page lists */
    KA_DRAWN_MOST = 300, /* connections whose timelines it draws */
};

/* A probe, an answer, a change of state: what a timeline shows as a point. */
struct ka_mark {
    ka_time time;
    uint64_t frame;
    ka_time value; /* probe: idle time; answer: round trip; KA_TIME_NONE unknown */
    uint32_t flow_id;
    uint32_t number;       /* of a probe; the new state */
    uint16_t input;        /* of the frame */
    uint8_t type;          /* enum ka_event_type */
    uint8_t result;        /* enum ka_answer_result */
    bool by_client;        /* once finished */
    struct ka_endpoint by; /* who did it, or is judged */
    const char *why;       /* static text */
};

struct ka_told {
    struct ka_event event; /* KA_EVENT_CONNECTION; its activity points to what follows */
    struct ka_activity activity;
    uint32_t findings; /* of severity warning and above */
    uint8_t severity;  /* the highest; with rank and kind where `findings` is above 0 */
    uint8_t rank;      /* of the most important of them */
    bool drawn;        /* on a page, once finished */
    const char *kind;  /* of the most important of them */
};

struct ka_report {
    struct ka_report_options options;
    struct ka_told *told;
    size_t told_count;
    size_t told_room;
    struct ka_event *findings;
    size_t finding_count;
    size_t finding_room;
    struct ka_event *timeouts; /* KA_EVENT_IDLE_TIMEOUT */
    size_t timeout_count;
    size_t timeout_room;
    struct ka_mark *marks; /* by flow and time once finished */
    size_t mark_count;
    size_t mark_room;
    uint64_t marks_lost;
    uint64_t rtt[KA_RTT_BUCKETS];
    uint64_t severities[3]; /* findings by severity */
    uint64_t one_way;
    uint64_t midstream;
    uint64_t untold;           /* connections not worth a line */
    uint64_t connections_lost; /* beyond KA_REPORT_MOST */
    uint64_t findings_lost;
    struct ka_event capture;
    bool memory_out;
};

/* True when the side (0 client, 1 server) has something in the keepalive columns. */
static inline bool ka_told_has(const struct ka_told *told, unsigned side)
{
    return told->event.connection.keepalive[side].present;
}

/* The connection of a flow id, NULL when it is not told of. */
const struct ka_told *ka_report_find(const struct ka_report *report, uint32_t flow_id);

/* The marks of a flow: the first, and how many. */
const struct ka_mark *ka_report_marks(const struct ka_report *report, uint32_t flow_id,
                                      size_t *count);

/* Puts " of FILE" behind a frame where several are read. */
void ka_report_put_file(const struct ka_report *report, uint16_t input, struct ka_text *out);

/* The lower edge of a bucket of round trips. */
ka_time ka_report_rtt_edge(unsigned bucket);

/* True when there is something to say of the connection's state. */
bool ka_told_is_judged(const struct ka_told *told);

/* How a connection stands: the worst state of its peers, and what was found where that says no
 * more than that a probe was answered; "-" nothing. */
void ka_report_put_state(struct ka_text *out, const struct ka_told *told);

/* How bad that is, for order and colour: 0 nothing, 1 a warning, 2 an error; with findings. */
unsigned ka_told_badness(const struct ka_told *told);

/* "300 s / 75 s x 9": idle time, interval and count as far as known. */
void ka_report_put_schedule(struct ka_text *out, const struct ka_ev_keepalive *keepalive);

/* "9/12": answers and probes; "?/12" where answers could not be captured. */
void ka_report_put_answered(struct ka_text *out, const struct ka_ev_connection *connection,
                            unsigned side);

/* Bytes for people: "1.5 kB". */
void ka_report_put_bytes(struct ka_text *out, uint64_t bytes);

/* True when connections or findings are beyond the bounds; how many, as a sentence. */
static inline bool ka_report_has_lost(const struct ka_report *report)
{
    return report->connections_lost > 0 || report->findings_lost > 0;
}
void ka_report_put_lost(const struct ka_report *report, struct ka_text *out);

/* The table of connections. */
void ka_report_put_table(const struct ka_report *report, struct ka_text *out);

/* The timeline of one connection. */
void ka_report_put_timeline(const struct ka_report *report, const struct ka_told *told,
                            struct ka_text *out);

#endif
