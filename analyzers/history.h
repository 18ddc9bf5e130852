/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a report remembers of a connection beyond what recognition needs: when data moved, every
 * silence and how it ended, who reset it and what followed, requests left without a response,
 * heartbeats, HTTP headers. Fixed in size; taken for connections that carry data or an occurrence,
 * in report mode only.
 */
#ifndef KA_ANALYZERS_HISTORY_H
#define KA_ANALYZERS_HISTORY_H

#include "analyzers/analysis.h"

enum {
    KA_SPANS = 16,      /* spans of data kept; the two with the least pause between are merged */
    KA_GAPS = 8,        /* silences kept; the shortest survived one is given up */
    KA_BEAT_GAPS = 8,   /* last periods of a heartbeat */
    KA_ASK_SIZES = 12,  /* of messages, by powers of two */
    KA_TTL_UNKNOWN = 0, /* no header has it on the wire */
};

/* A frame of one of several inputs as one number, the frame's own where there is one input: what
 * the fields named `frame` here hold, but those of spans; 0 none. ka_finding_at and
 * ka_finding_frame take it. */
static inline uint64_t ka_frame_ref(uint64_t number, uint16_t input)
{
    return number == 0 ? 0 : (uint64_t)input << 48 | number;
}

static inline uint64_t ka_packet_ref(const struct ka_packet *packet)
{
    return ka_frame_ref(packet->frame->number, packet->frame->input);
}

static inline uint64_t ka_ref_number(uint64_t ref)
{
    return ref & ((UINT64_C(1) << 48) - 1);
}

static inline uint16_t ka_ref_input(uint64_t ref)
{
    return (uint16_t)(ref >> 48);
}

/* Shorter silences are no trial of a path. */
#define KA_GAP_LEAST (5 * KA_SECOND)

/* The regular message that a side may be sending. */
struct ka_beat {
    ka_time last;
    uint64_t last_frame;
    uint64_t missed_frame; /* of the first one without an answer in the present run, 0 none */
    ka_time missed;        /* when that was */
    const char *name;      /* NULL unknown */
    uint32_t gaps_ms[KA_BEAT_GAPS];
    uint32_t size;
    uint32_t answer_size;
    uint32_t sent;
    uint32_t answered;
    uint32_t missing;  /* answers missing in the present run */
    uint8_t gap_total; /* saturating: after 255 the ring goes on */
    uint8_t strikes;   /* other messages in its place */
    bool waits;        /* for the answer to the last one */
    bool burst;        /* more data came right behind the last one */
};

/* One side of the conversation of requests and responses: what it asks and when it is answered. */
struct ka_asking {
    ka_time since;        /* its first data that the other has not replied to; KA_TIME_NONE none */
    uint64_t frame;       /* of that */
    ka_time longest;      /* wait for a response so far */
    uint32_t size;        /* bytes of that first data */
    uint32_t least;       /* the fewest of any that were replied to */
    uint32_t asks;        /* turns that it began */
    uint32_t replies;     /* of them, answered by data */
    uint32_t monologues;  /* of them, answered only after more was said: it had not waited */
    uint32_t life_proofs; /* probes that the silent side answered since */
    bool spoke_on;        /* after a pause it said more, still without a reply */
    uint8_t alike[KA_ASK_SIZES]; /* replies to what had a like size, by ka_ask_size; saturating */
};

/* Which size of message: the place of its highest bit. */
static inline unsigned ka_ask_size(uint32_t bytes)
{
    unsigned place = 0;
    while (place + 1 < KA_ASK_SIZES && bytes >> (place + 1) != 0)
        place++;
    return place;
}

/* A silence of an application whose host answered probes. */
struct ka_app_silence {
    ka_time from; /* the request without a response; KA_TIME_NONE none */
    ka_time length;
    uint64_t frame;       /* of the request */
    uint64_t until_frame; /* that ended it */
    uint32_t replies;     /* before it */
    ka_time longest;      /* that these took */
    uint32_t life_proofs;
};

/* Data sent again because nothing acknowledged it. */
struct ka_resending {
    ka_time since; /* first of the present run; KA_TIME_NONE none */
    ka_time last;
    uint64_t frame;
    uint32_t count;
    ka_time longest; /* run ever */
    ka_time longest_at;
    uint64_t long_frame; /* the first of that run */
    uint32_t most;       /* times in one run */
};

struct ka_reset {
    ka_time time; /* KA_TIME_NONE none */
    ka_time idle; /* silence before what it answered, or before it */
    uint64_t frame;
    uint64_t asked_frame; /* the other's packet that it answers, 0 none */
    uint32_t more;        /* segments its sender sent afterwards: it did not know of it */
    uint8_t side;         /* whose address it carries */
    uint8_t ttl;
    uint8_t usual_ttl; /* of that side's earlier packets, KA_TTL_UNKNOWN */
    bool to_probe;     /* in answer to a keepalive probe */
};

/* How a peer was lost, by the judged side. */
struct ka_loss {
    ka_time time;         /* when it was noticed; KA_TIME_NONE never */
    ka_time last_heard;   /* the peer's last sign of life before it */
    uint64_t last_frame;  /* of that, 0 unknown */
    uint64_t first_frame; /* first probe without an answer */
    uint64_t frame;       /* of what noticed it, 0 none */
    uint32_t unanswered;
    uint8_t kind; /* enum ka_occurrence_kind: GAVE_UP, STOPPED, ABSENCE, REINCARNATED, ANSWER */
    struct ka_addr from; /* of the ICMP error that said so; family 0 none */
    uint8_t icmp_type;
    uint8_t icmp_code;
};

struct ka_closed_window {
    ka_time since; /* KA_TIME_NONE open */
    ka_time longest;
    ka_time longest_at;
    uint64_t frame;      /* that closed it this time */
    uint64_t long_frame; /* that began the longest */
};

struct ka_history {
    struct ka_span spans[KA_SPANS];
    struct ka_gap gaps[KA_GAPS];
    struct ka_gap open_gap; /* broken by a packet, not known yet whether survived; length 0 none */
    uint32_t open_packets;  /* that its breaker sent into it */
    bool open_icmp;         /* an ICMP error came about one of them */
    struct ka_beat beat[2];
    struct ka_asking asking[2];
    struct ka_app_silence app_silence[2]; /* the longest one that ended, by the silent side */
    struct ka_resending resending[2];
    struct ka_closed_window closed[2]; /* by whose window it is */
    struct ka_loss loss[2];            /* by the side that was lost */
    struct ka_reset reset;
    struct ka_ev_http http;
    ka_time last_data[2];
    ka_time pause[2]; /* before that: since data of either side; KA_TIME_NONE none before */
    uint64_t last_frame[2];
    uint64_t first_unanswered[2]; /* frame of the prober's first probe without an answer */
    ka_time probe_gap[2];         /* gaps between the prober's probes: longest */
    uint64_t probe_frame[2];      /* the last */
    uint64_t proxy_frame[2];      /* an answer that seems to be another's, by the answering side */
    uint32_t proxied[2];          /* so many */
    uint8_t data_ttl[2];          /* of new data, never of a copy; KA_TTL_UNKNOWN none yet */
    ka_time closing;              /* first FIN or RST */
    ka_time idle_close;           /* that was a FIN after so long without data; KA_TIME_NONE */
    uint64_t closing_frame;
    ka_time late;        /* new data of the other side after that FIN; KA_TIME_NONE none */
    uint64_t late_frame; /* of it */
    uint32_t gaps_survived;
    uint8_t span_count;
    uint8_t gap_count;
    uint8_t closer;     /* enum ka_closer */
    uint8_t app_silent; /* a bit for each side whose application is silent */
    bool is_http;
    bool is_ssh;
    bool by_fin;         /* the first closing, not by a reset */
    bool asked_at_close; /* the FIN came instead of a response */
};

/* What was known of the connection before a segment. */
struct ka_glimpse {
    ka_time last;  /* packet of any side */
    ka_time heard; /* of the other side */
    ka_time idle;  /* since `last`; KA_TIME_NONE where unknown, or something waited for its ACK */
    uint64_t packets;
    bool is_new;   /* carries data beyond what was sent before */
    bool is_again; /* carries data that was sent before, not just now: no copy of it */
    bool fits;
};

void ka_histories_init(struct ka_histories *histories, uint64_t limit);
void ka_histories_fini(struct ka_histories *histories);
size_t ka_histories_memory(const struct ka_histories *histories);

/* The connection's history; NULL when it has none. `need` takes one; NULL when memory is out. */
struct ka_history *ka_history_of(const struct ka_analysis *analysis, const struct ka_conn *conn);
struct ka_history *ka_history_need(struct ka_analysis *analysis, const struct ka_conn *conn);
void ka_history_drop(struct ka_analysis *analysis, const struct ka_conn *conn);

/* Call before the segment is tracked, and after it was recognised, unless it is a copy. */
void ka_history_before(const struct ka_conn *conn, unsigned side, const struct ka_packet *packet,
                       struct ka_glimpse *out);
void ka_history_segment(struct ka_analysis *analysis, struct ka_conn *conn, unsigned side,
                        const struct ka_packet *packet, const struct ka_glimpse *before);

/* An ICMP error says that a segment of `side` did not get through. */
void ka_history_icmp(struct ka_analysis *analysis, const struct ka_conn *conn, unsigned side,
                     const struct ka_packet *packet);

/* The analyser of the table. */
void ka_history_occurred(struct ka_analysis *analysis, const struct ka_occurrence *occurrence);

/* The client, or else the server, was the first to close, by a FIN. */
bool ka_history_has_closed(const struct ka_history *history, bool client);

/* The connection ends: what is still open is judged, and the event is filled. `activity` is valid
 * as long as the history is. */
void ka_history_fill(struct ka_analysis *analysis, const struct ka_conn *conn,
                     struct ka_ev_connection *out, struct ka_activity *activity);

/* --- its parts */

/* The application of `side` falls silent or speaks again (history_peers.c). */
void ka_history_tell_app(struct ka_analysis *analysis, struct ka_conn *conn,
                         enum ka_occurrence_kind kind, unsigned side,
                         const struct ka_packet *packet);

/* Silences (silence.c): a segment of `side`. What is sent to a side that has closed is no trial:
 * its reset is due (RFC 9293 3.10.7.1). */
void ka_silence_segment(struct ka_history *history, const struct ka_packet *packet, unsigned side,
                        unsigned client, const struct ka_glimpse *before);
/* An ICMP error came about what the client, or else the server, sent: not the end yet. */
void ka_silence_icmp(struct ka_history *history, bool by_client);
void ka_silence_gave_up(struct ka_history *history);
/* A NAT forgot the connection: who was silent came back under another name. */
void ka_silence_lost(struct ka_history *history, const struct ka_rebinding *rebinding,
                     bool by_client);
/* The connection is over, or the capture is, at `now`. */
void ka_silence_end(struct ka_history *history, ka_time now, bool one_way);

/* Heartbeats (heartbeat.c): new data of `side`. */
void ka_heartbeat_data(struct ka_history *history, const struct ka_conn *conn, unsigned side,
                       const struct ka_packet *packet);
/* True when the side sends heartbeats that deserve the name. */
bool ka_heartbeat_fill(const struct ka_history *history, unsigned side, unsigned client,
                       struct ka_ev_heartbeat *out);

/* HTTP (http.c): new data of `side`. */
void ka_http_data(struct ka_history *history, const struct ka_conn *conn, unsigned side,
                  const struct ka_packet *packet);

#endif
