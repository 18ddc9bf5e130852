/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What analysers say: events, plain values, no pointer into packets or tables. Every member that
 * leaves the program is declared once in events/fields.c with its name, type, unit and meaning;
 * the JSON form, the schema and the manual's table come from there.
 */
#ifndef KA_EVENTS_EVENT_H
#define KA_EVENTS_EVENT_H

#include "base/addr.h"
#include "base/time.h"

#include <stdbool.h>
#include <stdint.h>

enum ka_event_type {
    KA_EVENT_PROBE,
    KA_EVENT_ANSWER,
    KA_EVENT_WINDOW_PROBE,
    KA_EVENT_LOOKALIKE,
    KA_EVENT_STATE,
    KA_EVENT_CONNECTION,
    KA_EVENT_FINDING,
    KA_EVENT_VERDICT,
    KA_EVENT_IDLE_TIMEOUT,
    KA_EVENT_SOCKET,
    KA_EVENT_CAPTURE,
    KA_EVENT_TYPE_COUNT
};

/* What all events share. `src` is who the event is about (interface.md's column). */
struct ka_envelope {
    ka_time time;
    uint64_t frame; /* 0: no packet stands behind it */
    struct ka_endpoint src;
    struct ka_endpoint dst;
    uint32_t flow_id; /* from 1, by first appearance; 0: none */
    uint16_t input;   /* which file or interface, for `file` and `in_iface` */
    uint16_t vlan[4];
    uint8_t vlan_count;
    uint8_t tunnel_type; /* enum ka_tunnel_type */
    uint8_t digits;      /* of fraction in `time` */
    uint32_t tunnel_id;
};

enum ka_confidence { KA_PROBABLE, KA_CERTAIN };

struct ka_ev_probe {
    ka_time idle;       /* since the prober last heard data or an ACK; KA_TIME_NONE unknown */
    ka_time interval;   /* since its previous probe; KA_TIME_NONE for the first */
    uint32_t number;    /* 1, growing while unanswered */
    uint8_t bytes;      /* 0 or 1 */
    uint8_t confidence; /* enum ka_confidence */
    bool injected;
};

enum ka_answer_result { KA_ANSWER_ACK, KA_ANSWER_DATA, KA_ANSWER_RST, KA_ANSWER_ICMP };
enum ka_origin { KA_ORIGIN_UNKNOWN, KA_ORIGIN_ENDPOINT, KA_ORIGIN_MIDDLEBOX };

struct ka_ev_answer {
    uint64_t probe_frame;
    ka_time rtt; /* KA_TIME_NONE where it cannot be known */
    struct ka_addr icmp_from;
    const char *why;   /* for the origin; static text or NULL */
    uint8_t result;    /* enum ka_answer_result */
    uint8_t origin;    /* enum ka_origin */
    uint8_t icmp_type; /* with KA_ANSWER_ICMP */
    uint8_t icmp_code;
};

struct ka_ev_window_probe {
    ka_time interval; /* since the previous one; KA_TIME_NONE for the first */
    uint32_t number;  /* 1, growing while the window stays closed */
    uint8_t bytes;
};

enum ka_lookalike {
    KA_LOOKALIKE_RETRANSMISSION,
    KA_LOOKALIKE_REORDERED,
    KA_LOOKALIKE_DUPLICATE,
    KA_LOOKALIKE_FOREIGN,
    KA_LOOKALIKE_NO_ACK_FLAG,
    KA_LOOKALIKE_COUNT
};

struct ka_ev_lookalike {
    uint8_t reason; /* enum ka_lookalike */
};

enum ka_peer_state {
    KA_PEER_UNKNOWN,
    KA_PEER_ALIVE,
    KA_PEER_SILENT,
    KA_PEER_DEAD,
    KA_PEER_RESET,
    KA_PEER_UNREACHABLE,
    KA_PEER_APP_SILENT,
    KA_PEER_STATE_COUNT
};

/* The error that the prober's application gets; 0 none. */
enum ka_app_error { KA_APP_NONE, KA_APP_ETIMEDOUT, KA_APP_ECONNRESET, KA_APP_EHOSTUNREACH };

struct ka_ev_state {
    const char *why;     /* static text */
    uint32_t unanswered; /* probes sent without an answer so far */
    ka_time since;       /* when the peer was last heard; KA_TIME_NONE unknown */
    uint8_t from;        /* enum ka_peer_state */
    uint8_t to;
    uint8_t app_error; /* enum ka_app_error */
    bool half_closed;
};

enum ka_ended {
    KA_ENDED_OPEN,
    KA_ENDED_FIN,
    KA_ENDED_RST,
    KA_ENDED_GAVE_UP,
    KA_ENDED_EVICTED,
    KA_ENDED_REUSED
};

enum { KA_STACKS_MAX = 6 };

/* One side's keepalive, as seen from its probes. */
struct ka_ev_keepalive {
    uint32_t probes;
    uint32_t answered;
    uint32_t unanswered;
    uint32_t resets;
    uint32_t icmp;
    uint8_t bytes;                    /* of the last probe */
    bool present;                     /* false: this side never probed */
    bool injected;                    /* some probes came from someone else */
    uint8_t confidence;               /* enum ka_confidence, of the schedule */
    ka_time idle;                     /* fitted; KA_TIME_NONE unknown */
    ka_time interval;                 /* fitted; KA_TIME_NONE unknown */
    uint32_t count;                   /* 0 unknown */
    uint32_t segments;                /* schedules seen: 1, more where settings changed */
    const char *stack[KA_STACKS_MAX]; /* likely stacks, best first; NULL ends */
    const char *stack_why;            /* reasons; static text or NULL */
    ka_time rtt_min;
    ka_time rtt_median;
    ka_time rtt_max;
    uint64_t overhead_bytes; /* probes and answers, from the IP header on */
    double share;            /* of the connection's packets that are probes or answers, 0..1 */
};

/* Persistence as HTTP/1.x headers tell it; another thing than keepalive. */
enum ka_http_persistence { KA_HTTP_UNKNOWN, KA_HTTP_PERSISTENT, KA_HTTP_CLOSE };
enum ka_closer { KA_CLOSER_NONE, KA_CLOSER_CLIENT, KA_CLOSER_SERVER };

struct ka_ev_http {
    ka_time timeout;           /* Keep-Alive: timeout=; KA_TIME_NONE not told */
    ka_time idle_before_close; /* KA_TIME_NONE where not closed */
    uint32_t requests;         /* that begin a segment: at least so many */
    uint32_t responses;
    uint32_t max;        /* Keep-Alive: max=; 0 not told */
    uint8_t minor;       /* of the lower version of both sides: 0 or 1 */
    uint8_t persistence; /* enum ka_http_persistence */
    uint8_t closed_by;   /* enum ka_closer */
    bool cut;            /* some headers go on beyond what was captured of their packet */
};

/* Small messages of the application at a period. */
struct ka_ev_heartbeat {
    const char *name;     /* of the protocol's message; static text, NULL unknown */
    ka_time period;       /* median; KA_TIME_NONE unknown */
    ka_time jitter;       /* median distance from it; KA_TIME_NONE unknown */
    uint32_t size;        /* bytes */
    uint32_t answer_size; /* bytes; 0 none was seen */
    uint32_t sent;
    uint32_t answered;
    uint32_t
        missing;   /* answers missing at the end, one after the other, where there had been some */
    uint8_t asker; /* enum ka_speaker */
    bool present;
};

/* A time in which data moved. */
struct ka_span {
    ka_time from;
    ka_time to;
    uint64_t frame; /* the first */
    uint32_t packets[2];
    uint32_t bytes[2];
    uint16_t input; /* of that frame */
};

enum ka_gap_result { KA_GAP_SURVIVED, KA_GAP_DIED, KA_GAP_CENSORED };

/* A time in which nothing at all was on the wire, and whether the connection lived through it. */
struct ka_gap {
    ka_time from;
    ka_time length;
    uint64_t frame;  /* of the first packet afterwards, 0 none */
    uint8_t result;  /* enum ka_gap_result */
    uint8_t after;   /* enum ka_after_expiry */
    uint8_t speaker; /* enum ka_speaker: who broke the silence */
};

/* What is kept of a connection to draw it and to learn from its silences, in order of time. Fixed
 * in size: near spans are merged, short gaps given up. */
struct ka_activity {
    const struct ka_span *spans;
    const struct ka_gap *gaps;
    uint16_t span_count;
    uint16_t gap_count;
    uint32_t gaps_survived; /* ever */
};

/* Index 0 is the client, 1 the server. */
struct ka_ev_connection {
    ka_time start;
    ka_time end;
    ka_time longest_idle;
    uint64_t packets[2];
    uint64_t bytes[2]; /* payload */
    uint32_t window_probes;
    uint32_t lookalikes[KA_LOOKALIKE_COUNT];
    uint8_t state[2]; /* enum ka_peer_state: of that side, as judged by the other's probes */
    uint8_t ended;    /* enum ka_ended */
    bool midstream;
    bool one_way;
    bool half_closed;
    uint32_t exchange_frames;  /* one-way exchange: equal pure ACKs seen; 0 none */
    ka_time exchange_interval; /* their period */
    struct ka_ev_keepalive keepalive[2];
    const char *note; /* footnote where alive needs one; static text or NULL */
    /* The rest in a report only. */
    struct ka_ev_http http; /* with requests or responses above 0 */
    struct ka_ev_heartbeat heartbeat;
    const struct ka_activity
        *activity; /* for drawing, not a field; NULL, or valid during the call */
};

enum { KA_UNDECODED_SLOTS = 16, KA_TEXT_MAX = 256 };

struct ka_ev_capture {
    uint64_t frames;
    uint64_t tcp;
    uint64_t received;
    uint64_t dropped_kernel;
    uint64_t dropped_interface;
    uint64_t connections;
    uint64_t evicted;
    uint64_t undecoded[KA_UNDECODED_SLOTS]; /* by enum ka_undecoded */
    uint64_t states[KA_PEER_STATE_COUNT];   /* judged peers by last state, for the summary */
    uint64_t probes;
    uint64_t answers;
    uint64_t window_probes;
    uint64_t lookalikes;
    uint64_t time_steps; /* times the clock stepped back */
    uint64_t lost_lines; /* of the output, lost by a slow reader */
    ka_time first;
    ka_time last;
    bool lost_lines_known; /* live only: else nothing is lost */
    bool received_known;
    bool drops_known; /* kernel */
    bool interface_drops_known;
    bool damaged;
};

enum { KA_EVIDENCE_MAX = 8, KA_FIGURES_MAX = 8 };

/* A number behind a finding; the name ends in its unit, as in JSON ("gap_s"). */
struct ka_figure {
    const char *name; /* static text; NULL ends the list */
    double value;     /* NaN is written as null */
};

/* A remark; something that may become trouble; something that went wrong. */
enum ka_severity { KA_SEVERITY_NOTE, KA_SEVERITY_WARNING, KA_SEVERITY_ERROR };

enum ka_evidence { KA_EVIDENCE_FRAMES, KA_EVIDENCE_FLOWS };

/* Something worth telling that several events or connections show together. */
struct ka_ev_finding {
    const char *kind;                   /* static, one word in kebab case */
    char text[KA_TEXT_MAX];             /* a sentence for people; may hold foreign text */
    uint64_t evidence[KA_EVIDENCE_MAX]; /* frame numbers or flow ids, 0 ends */
    struct ka_figure figures[KA_FIGURES_MAX];
    const char *advice;  /* what to change; static text or NULL */
    uint8_t evidence_of; /* enum ka_evidence: what the numbers in `evidence` are */
    uint8_t severity;    /* enum ka_severity */
    uint8_t rank;        /* of its kind among those of its severity; not a field */
};

enum ka_verdict {
    KA_VERDICT_UNKNOWN, /* the numbers could not be learned */
    KA_VERDICT_ALIVE,
    KA_VERDICT_DOUBTFUL, /* "alive?": closing, TIME_WAIT, or a proxy suspected; `why` says which */
    KA_VERDICT_RESET,
    KA_VERDICT_UNREACHABLE,
    KA_VERDICT_SILENT,
    KA_VERDICT_COUNT
};

/* What `kasniff probe` found out about one end. */
struct ka_ev_verdict {
    struct ka_endpoint target; /* the end that was asked */
    char why[KA_TEXT_MAX];     /* "" none */
    ka_time rtt;               /* the lowest; KA_TIME_NONE unknown */
    uint32_t sent;
    uint32_t answered;
    uint8_t verdict; /* enum ka_verdict */
    uint8_t ttl;     /* of the answer; 0 unknown */
    uint8_t origin;  /* enum ka_origin, of the answer */
};

enum ka_arm { KA_ARM_SILENT, KA_ARM_KEEPALIVE_0, KA_ARM_KEEPALIVE_1, KA_ARM_DATA };
enum ka_speaker { KA_SPEAKER_CLIENT, KA_SPEAKER_SERVER };
enum ka_after_expiry {
    KA_AFTER_UNKNOWN, /* nothing expired, or what followed was not seen */
    KA_AFTER_RECOVERED,
    KA_AFTER_SILENT,
    KA_AFTER_RST,
    KA_AFTER_ICMP,
    KA_AFTER_CLOSED
};

enum { KA_KNOWN_MAX = 8 };

/* How long a path remembers an idle connection: between the longest silence that a connection
 * survived and the shortest that it did not. */
struct ka_ev_idle_timeout {
    ka_time survived;  /* longest; KA_TIME_NONE none */
    ka_time died;      /* shortest; KA_TIME_NONE none */
    ka_time precision; /* the grid step; KA_TIME_NONE where it does not apply */
    uint64_t trials;
    const char *known[KA_KNOWN_MAX]; /* products whose default lies in between; NULL ends. Valid
                                        during the call */
    uint8_t arm;                     /* enum ka_arm */
    uint8_t first_speaker;           /* enum ka_speaker */
    uint8_t after_expiry;            /* enum ka_after_expiry */
    uint8_t refresher;               /* enum ka_speaker: who sent what the arm sends */
    bool has_refresher;              /* false: nobody, or not known */
    uint8_t origin;                  /* enum ka_origin: who sent the reset */
    bool has_origin;                 /* false: no reset, or it was not asked */
};

enum ka_socket_keepalive {
    KA_SOCKET_KEEPALIVE_UNREADABLE, /* or on, but its times are not readable */
    KA_SOCKET_KEEPALIVE_OFF,
    KA_SOCKET_KEEPALIVE_ON
};

enum { KA_PROCESS_NAME_SIZE = 64, KA_SOCKET_STATE_SIZE = 16 };

/* One connection of this host, as its kernel tells. Unknown durations are KA_TIME_NONE. */
struct ka_ev_socket {
    ka_time keepalive_idle; /* the three with KA_SOCKET_KEEPALIVE_ON */
    ka_time keepalive_interval;
    ka_time user_timeout; /* 0: the kernel's default */
    ka_time timer_expires;
    ka_time last_sent;     /* how long ago: data */
    ka_time last_received; /* how long ago: data or an ACK */
    uint32_t keepalive_count;
    uint32_t pid;                       /* 0 unknown */
    const char *settings;               /* why they are not readable; static text, "" if they are */
    uint32_t timer_unanswered;          /* probes or retransmissions without an answer */
    char process[KA_PROCESS_NAME_SIZE]; /* foreign text; "" unknown */
    char state[KA_SOCKET_STATE_SIZE];   /* as ss writes it: "ESTAB", "CLOSE-WAIT" */
    char timer_kind[KA_SOCKET_STATE_SIZE]; /* "keepalive", "on", "persist", "timewait", "finwait";
                                              "" none */
    uint8_t keepalive;                     /* enum ka_socket_keepalive */
    bool defaults; /* idle, interval and count are all the system's defaults */
};

struct ka_event {
    enum ka_event_type type;
    bool notable; /* a change worth a line in a quiet live view; the rest only with -v */
    struct ka_envelope envelope;
    union {
        struct ka_ev_probe probe;
        struct ka_ev_answer answer;
        struct ka_ev_window_probe window_probe;
        struct ka_ev_lookalike lookalike;
        struct ka_ev_state state;
        struct ka_ev_connection connection;
        struct ka_ev_finding finding;
        struct ka_ev_verdict verdict;
        struct ka_ev_idle_timeout idle_timeout;
        struct ka_ev_socket socket;
        struct ka_ev_capture capture;
    };
};

/* Where events go. `emit` gets an event that is valid during the call only. */
struct ka_sink {
    void (*emit)(void *context, const struct ka_event *event);
    void *context;
};

#endif
