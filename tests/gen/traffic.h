/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For tests: connections that are made up, and what each of their frames is. An episode is a short
 * exchange on one connection (a request, a probe and its answer, a closed window), planned as a
 * list of frames. What a frame is is known because the episode made it so; no rule of recognition
 * is applied to find out.
 */
#ifndef KA_TESTS_GEN_TRAFFIC_H
#define KA_TESTS_GEN_TRAFFIC_H

#include "base/time.h"
#include "tests/gen/random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ka_truth {
    KA_TRUTH_NONE,
    KA_TRUTH_PROBE,
    KA_TRUTH_ANSWER,
    KA_TRUTH_WINDOW_PROBE,
    KA_TRUTH_RETRANSMISSION,
    KA_TRUTH_REORDERED,
    KA_TRUTH_DUPLICATE,
    KA_TRUTH_FOREIGN,
    KA_TRUTH_NO_ACK_FLAG,
    KA_TRUTH_UNSURE, /* what was captured does not tell; not to be judged */
};

enum {
    KA_TRAFFIC_FIN = 0x01,
    KA_TRAFFIC_SYN = 0x02,
    KA_TRAFFIC_RST = 0x04,
    KA_TRAFFIC_PSH = 0x08,
    KA_TRAFFIC_ACK = 0x10,
};

/* How a TCP stack probes: the facts of its source or of captures. */
struct ka_stack {
    const char *name;
    uint8_t bytes;
    bool psh;
    bool own_byte;      /* sends the true byte rather than 0x00 */
    bool no_timestamps; /* leaves them out of probes */
    bool never_timestamps;
    bool old_ack;           /* acks one byte less than received */
    bool in_flight;         /* probes with data in flight too */
    bool at_once;           /* first probe right after the handshake */
    bool backs_off;         /* interval doubles */
    bool junk_window_probe; /* one junk byte at UNA - 1 for a closed window */
};

extern const struct ka_stack ka_stacks[];
extern const size_t ka_stack_count;

struct ka_schedule {
    ka_time idle;
    ka_time interval;
    uint8_t count;
};

extern const struct ka_schedule ka_schedules[];
extern const size_t ka_schedule_count;

/* One side of a connection. */
struct ka_peer {
    uint32_t next;     /* one past the last byte sent */
    uint32_t received; /* next byte expected */
    uint32_t acked;    /* highest ack received */
    uint32_t ts_recent;
    uint32_t ts_offset;
    uint16_t ip_id;
    uint16_t window;
    uint8_t last_byte; /* the byte below `next` */
    uint8_t stack;     /* index */
    uint8_t ttl;
};

/* What the capture itself has shown of one side. */
struct ka_shown {
    uint32_t next;
    uint32_t acked;
    bool next_known;
    bool acked_known;
    bool closed;    /* its last window was 0 */
    bool asked;     /* a captured probe of this side waits for an answer */
    bool held_byte; /* that probe has a byte */
    uint32_t held;  /* frame number of a probe that only its answer can confirm; 0 none */
};

struct ka_flow {
    struct ka_peer peers[2];
    struct ka_shown shown[2];
    uint32_t serial; /* makes addresses and ports */
    ka_time rtt;
    ka_time heard[2]; /* when each side last heard from the other */
    uint8_t schedule;
    uint8_t place;  /* of the capture: 0 at the client, 100 at the server */
    uint8_t prober; /* which side probes as a rule */
    bool ipv6;
    bool timestamps;
    bool sack;
    bool started;
    bool ended;
    bool closed[2]; /* FIN sent */
};

struct ka_planned {
    ka_time time;
    uint32_t seq;
    uint32_t ack;
    uint32_t tsval;
    uint32_t tsecr;
    uint16_t length;
    uint16_t window;
    uint16_t ip_id;
    uint8_t flags;
    uint8_t side;
    uint8_t ttl;
    uint8_t byte; /* with `byte_given`: the only byte of payload */
    int8_t of;    /* answers, copies, ICMP: index of the frame meant */
    enum ka_truth truth : 8;
    bool byte_given : 1;
    bool timestamps : 1;
    bool dsack : 1;
    bool lost : 1; /* not in the capture */
    bool icmp : 1; /* host unreachable, to `side`, quoting `of` */
    bool copy : 1;
};

enum { KA_EPISODE_MAX = 96 };

struct ka_episode {
    struct ka_planned frames[KA_EPISODE_MAX];
    uint32_t number[KA_EPISODE_MAX]; /* as captured; 0 not */
    uint8_t count;
    uint8_t next;
    bool gaps; /* a frame of this episode was lost already */
};

/* The kinds of episodes. */
enum ka_doing {
    KA_DO_REQUEST,
    KA_DO_BULK,
    KA_DO_KEYSTROKE,
    KA_DO_HEARTBEAT,
    KA_DO_PROBE,
    KA_DO_PROBE_RETRIED,
    KA_DO_CROSSING,
    KA_DO_DEATH,
    KA_DO_RESET,
    KA_DO_UNREACHABLE,
    KA_DO_CLOSE,
    KA_DO_WINDOW,
    KA_DO_RESEND_UNACKED,
    KA_DO_RESEND_SPURIOUS,
    KA_DO_STALE_ACK,
    KA_DO_IN_FLIGHT,
    KA_DO_FOREIGN,
    KA_DO_NO_ACK_FLAG,
    KA_DO_COUNT,
};

/* Starts a connection anew; `midstream`: its beginning is not captured. */
void ka_flow_start(struct ka_flow *flow, uint32_t serial, bool midstream, struct ka_random *random);

/* Plans an episode that starts at `time`, the handshake before the first where it is due. Frames
 * are in order of time. */
void ka_episode_plan(struct ka_episode *episode, struct ka_flow *flow, enum ka_doing doing,
                     ka_time time, struct ka_random *random);

/* Shares in a million. */
struct ka_trouble {
    uint32_t copied; /* frames captured twice */
    uint32_t lost;   /* frames missing in the capture */
};

/* What the capture does to a planned episode. */
void ka_episode_trouble(struct ka_episode *episode, const struct ka_trouble *trouble,
                        struct ka_random *random);

#endif
