/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From reactions to a verdict: a state machine as a table, and beside it one table that says what
 * each state means, for text, JSON and exit status alike.
 */
#ifndef KA_INJECT_VERDICT_H
#define KA_INJECT_VERDICT_H

#include "base/time.h"
#include "events/event.h"
#include "inject/observe.h"

/* A host that is down shows as an ICMP error of its router after 3.1 s (Linux, IPv4 and IPv6), so
 * nothing is called silent before this. */
#define KA_SILENCE_MIN (4 * KA_SECOND)

/* What has been found out about one end. */
enum ka_finding_state {
    KA_FOUND_NOTHING,         /* asked with the right numbers, nothing came yet */
    KA_FOUND_NOTHING_BLIND,   /* asked without numbers, nothing came yet */
    KA_FOUND_ALIVE,           /* answered as a living connection does */
    KA_FOUND_CLOSING,         /* answered, but has sent its FIN: FIN_WAIT2 or the like */
    KA_FOUND_TIME_WAIT,       /* answered, but both sides have sent a FIN */
    KA_FOUND_PROXY,           /* answered from another distance than the target's packets came */
    KA_FOUND_DISPUTED,        /* a middlebox sent a reset, yet the target answers */
    KA_FOUND_RESET_HOST,      /* reset from where the target's packets came */
    KA_FOUND_RESET_MIDDLEBOX, /* reset from another distance */
    KA_FOUND_RESET_UNSURE,    /* reset by one of the two */
    KA_FOUND_UNREACHABLE,     /* an ICMP error */
    KA_FOUND_SILENT,          /* the right numbers, no answer */
    KA_FOUND_UNKNOWN,         /* no numbers, no answer */
    KA_FOUND_COUNT
};

/* What can come, already held against what is known of the target. */
enum ka_finding_input {
    KA_INPUT_ACK,
    KA_INPUT_ACK_CLOSING,
    KA_INPUT_ACK_TIME_WAIT,
    KA_INPUT_ACK_ELSEWHERE, /* from another distance than the target */
    KA_INPUT_RST_HOST,
    KA_INPUT_RST_MIDDLEBOX,
    KA_INPUT_RST_UNSURE,
    KA_INPUT_ICMP,
    KA_INPUT_SILENCE,
    KA_INPUT_COUNT /* none: nothing to learn from it */
};

/* What was known of the target before it was asked. */
struct ka_target_facts {
    uint8_t ttl;             /* of its earlier packets, seen at the same place; 0 unknown */
    uint16_t ip_id;          /* of its last packet (IPv4), with ip_id_known */
    bool ip_id_known;        /* its packets carry a counter, not 0 */
    bool target_fin;         /* it has sent a FIN */
    bool source_fin;         /* the other end has */
    bool timestamps_guessed; /* the TSval sent may be older than one that we missed */
    bool gentle;             /* the ack sent was not the true one */
    bool md5;                /* its segments carry TCP-MD5 or TCP-AO */
    bool one_way;            /* its packets are not seen here, though the other end's are */
    bool elsewhere;          /* the probe's source is not this host's */
};

/* The findings about one end, while probing goes on. Plain data. */
struct ka_judgement {
    enum ka_finding_state state;
    uint32_t sent;
    uint32_t answered; /* probes, not packets: the caller tells at most one answer a probe */
    ka_time rtt;       /* the lowest; KA_TIME_NONE none */
    uint8_t ttl;       /* of the last answer */
    uint8_t icmp_type; /* the last ICMP error, with icmp_from of a family */
    uint8_t icmp_code;
    struct ka_addr icmp_from;
    struct ka_addr hop_from; /* the last router that said "time exceeded", with a family */
};

/* Begins; `numbers_known` false when the first probe will be numberless. */
struct ka_judgement ka_judgement_begin(bool numbers_known);

/* What the observation amounts to. KA_INPUT_COUNT for those that say nothing about the target: no
 * answer, or a router's "time exceeded" that a small TTL was meant to draw. */
enum ka_finding_input ka_judgement_classify(const struct ka_observation *seen,
                                            const struct ka_target_facts *facts);

/* The table's step. */
enum ka_finding_state ka_judgement_next(enum ka_finding_state state, enum ka_finding_input input);

/* Counts a probe as sent. */
void ka_judgement_sent(struct ka_judgement *judgement);

/* Takes in a packet. `rtt` since the probe that it answers, KA_TIME_NONE when it answers none in
 * particular. True when it says something about the target; "time exceeded" does not, but is kept
 * to explain a silence. */
bool ka_judgement_take(struct ka_judgement *judgement, const struct ka_observation *seen,
                       const struct ka_target_facts *facts, ka_time rtt);

/* Takes in that `waited` has passed since the last probe without an answer to it. False, and
 * nothing changes, when that is less than KA_SILENCE_MIN. */
bool ka_judgement_silence(struct ka_judgement *judgement, ka_time waited);

/* Writes the verdict as it stands: everything in *out. */
void ka_judgement_verdict(const struct ka_judgement *judgement, const struct ka_target_facts *facts,
                          const struct ka_endpoint *target, struct ka_ev_verdict *out);

/* What a state means, and from whom it was learned. */
enum ka_verdict ka_finding_verdict(enum ka_finding_state state);
enum ka_origin ka_finding_origin(enum ka_finding_state state);

/* The exit status of `kasniff probe`: 0 alive and alive?, 3 reset, 4 silent, 5 unreachable,
 * 6 unknown. */
int ka_verdict_exit(enum ka_verdict verdict);

/* The worse of two exit statuses, for many probes: a failure (1) before all, else the higher. */
int ka_verdict_worse_exit(int a, int b);

#endif
