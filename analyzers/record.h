/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What analysers remember beyond the connection itself. Three sizes, each taken only when it is
 * first needed: `extra` for a connection with anything special, `prober` for a side that probes,
 * `doubt` while something cannot be judged yet. With both sides probing a connection takes at most
 * 640 bytes; the doubt is given back when it is settled.
 */
#ifndef KA_ANALYZERS_RECORD_H
#define KA_ANALYZERS_RECORD_H

#include "events/event.h"
#include "flow/conn.h"

enum {
    KA_OUTSTANDING = 3, /* probes without an answer that a late answer may still belong to */
    KA_IDLES = 8,       /* last gaps before a first probe */
    KA_INTERVALS = 4,   /* last gaps between unanswered ones */
    KA_RTTS = 5,        /* last round trips */
    KA_HELD = 12,       /* candidates held back */
};

/* A probe that was sent and not answered yet. */
struct ka_outstanding {
    uint64_t frame : 48;
    uint64_t input : 16;
    uint32_t before_us; /* how long before the side's last probe, saturating */
} __attribute__((packed, aligned(4)));

/* ka_prober.flags */
enum {
    KA_PROBER_ABSENT = 0x0001,    /* the last probe's answer is known to be absent */
    KA_PROBER_EXCUSED = 0x0002,   /* its absence says nothing: rate limit (29) or PAWS (33) */
    KA_PROBER_SETTLED = 0x0004,   /* the last probe was answered; older ones may be, late */
    KA_PROBER_ICMP = 0x0008,      /* the last probe was answered by ICMP */
    KA_PROBER_GROWING = 0x0010,   /* its intervals double */
    KA_PROBER_ZERO = 0x0020,      /* sent no bytes in some probe */
    KA_PROBER_ONE = 0x0040,       /* sent one byte in some probe */
    KA_PROBER_NOT_NULL = 0x0080,  /* that byte was not 0x00 */
    KA_PROBER_PSH = 0x0100,       /* PSH on a probe */
    KA_PROBER_NO_STAMPS = 0x0200, /* a probe without timestamps on a connection that has them */
    KA_PROBER_STAMPS = 0x0400,    /* a probe with timestamps */
    KA_PROBER_ACK_LESS = 0x0800,  /* ack = rcv_next - 1, the old BSD form */
    KA_PROBER_FLIGHT = 0x1000,    /* probed with data in flight */
    KA_PROBER_INJECTED = 0x2000,  /* some probes came from someone else */
    KA_PROBER_OTHER_TTL = 0x8000, /* answers come with another TTL than the peer's data */
    /* Those about the last probe, which the next one takes away. */
    KA_PROBER_PASSING = KA_PROBER_ABSENT | KA_PROBER_EXCUSED | KA_PROBER_SETTLED | KA_PROBER_ICMP,
};

/* One side's probes. */
struct ka_prober {
    struct ka_conn *conn;
    ka_time last_probe;
    ka_time spoke_before; /* when the side last sent something else than a probe */
    ka_time deadline;     /* when an absent answer or giving up becomes known; KA_TIME_NONE none */
    uint32_t heap_at;     /* place among the deadlines, from 1; 0 none */
    uint32_t probes;
    uint32_t answered;
    uint32_t unanswered;
    uint16_t resets;
    uint16_t icmp;
    uint32_t number;         /* of the last probe, growing while unanswered; 0 after an answer */
    uint32_t overhead_bytes; /* of probes and answers, saturating */
    uint32_t print;          /* fingerprint of the last probe, to know a copy */
    uint32_t idle_fit_ms;    /* 0 unknown */
    uint32_t interval_fit_ms;
    uint32_t idle_ms[KA_IDLES];
    uint32_t interval_ms[KA_INTERVALS];
    uint32_t rtt_us[KA_RTTS];
    uint32_t rtt_min_us; /* UINT32_MAX unknown */
    uint32_t rtt_max_us;
    uint16_t count;     /* probes before giving up, 0 unknown */
    uint16_t flags;     /* KA_PROBER_ */
    uint8_t idle_total; /* samples ever, saturating at 255 after which the ring goes on */
    uint8_t interval_total;
    uint8_t rtt_total;
    uint8_t segments : 4; /* schedules seen */
    uint8_t waiting : 2;  /* entries in outstanding, newest last */
    uint8_t side : 1;     /* the prober's side */
    uint8_t bytes : 1;    /* of the last probe */
    struct ka_outstanding outstanding[KA_OUTSTANDING];
};

/* ka_extra.flags */
enum {
    KA_EXTRA_CHALLENGED = 0x01, /* an ACK with unrelated numbers came after the last probe */
};

/* What a connection has that most have not. In one cache line: it is looked at for every probe. */
struct ka_extra {
    ka_time last_window_probe;
    uint32_t prober[2]; /* index by side, 0 none */
    uint32_t doubt;     /* index, 0 none */
    uint32_t window_probes;
    uint32_t window_number; /* of the last window probe while the window stays closed */
    uint32_t window_gap_ms; /* before it: since the one before, or since data; 0 unknown */
    uint32_t lookalikes[KA_LOOKALIKE_COUNT];
    uint8_t state[2]; /* enum ka_peer_state, by the judged side */
    uint8_t flags;    /* KA_EXTRA_ */
    uint8_t window_side;
} __attribute__((aligned(64)));

/* A candidate that cannot be judged yet, and what came back. */
struct ka_held {
    ka_time time;
    ka_time answer_time; /* KA_TIME_NONE: no answer yet */
    uint64_t frame;
    uint64_t answer_frame;
    uint16_t input;
    uint16_t answer_input;
    uint16_t ip_length;
    uint16_t answer_ip_length;
    uint8_t bytes;
};

struct ka_doubt {
    /* Candidates of one side, all with the same seq and ack, the latest KA_HELD of them. */
    struct ka_held held[KA_HELD];
    uint8_t held_count;
    uint8_t held_side;
    uint16_t probe_flags; /* KA_PROBER_ that the candidates' form tells */
    uint32_t held_seq;
    uint32_t held_ack;
    uint32_t equal_frames; /* equal pure ACKs seen, also those no longer held */
    ka_time equal_first;
    ka_time equal_last;
    /* A SYN on a live connection, waiting for its SYN-ACK. */
    bool syn_waits;
    uint8_t syn_side;
    uint8_t syn_ttl;
    ka_time syn_time;
    struct ka_tcp syn;
    /* Segments that do not fit, as a connection of their own. */
    uint8_t stray_count;
    struct ka_side stray[2];
};

_Static_assert(sizeof(struct ka_prober) <= 192, "memory per probing connection is bounded");
_Static_assert(sizeof(struct ka_extra) == 64, "memory per probing connection is bounded");

#endif
