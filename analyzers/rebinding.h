/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Connections that come back under another name. A NAT that forgot an idle connection gives its
 * next packet another port or address: outside of it this looks like a new connection without a
 * handshake, whose first segment has exactly the numbers where a silent one stopped. In report mode
 * only, two things are remembered: the first segment of every connection without a handshake, and
 * where a connection had got to that ended and may come back. Whoever is told of later of the two
 * looks for the other.
 *
 * Both numbers are 32 bits each and have to match, the sender must have been silent under the old
 * name since, and timestamps (RFC 7323), where there are any, must have gone on.
 */
#ifndef KA_ANALYZERS_REBINDING_H
#define KA_ANALYZERS_REBINDING_H

#include "base/time.h"
#include "flow/conn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ka_analysis;

enum ka_newcomer_answer { KA_NEWCOMER_IGNORED, KA_NEWCOMER_RESET, KA_NEWCOMER_TAKEN };

/* The first segment of a connection without a handshake, and what came back; or, with `is_stop`,
 * where a side of a connection stopped. */
struct ka_mark {
    struct ka_key key;
    ka_time time;
    uint64_t frame;
    uint64_t answer_frame; /* ka_frame_ref; 0 none */
    uint32_t flow_id;
    uint32_t seq;    /* of a stop: its next */
    uint32_t ack;    /* what it sent last */
    uint32_t length; /* of payload; of a stop: in flight */
    uint32_t tsval;  /* with has_stamps */
    uint32_t tsecr;  /* with has_echo; of a stop: the highest there is to echo */
    uint32_t older;  /* the one before it with the same hash, by its number; 0 none */
    uint32_t former; /* the stop that it goes on from, by its number; 0 none */
    uint16_t input;
    uint8_t side;   /* its sender, index into the key */
    uint8_t ttl;    /* of it; of a stop: of its sender's last data */
    uint8_t answer; /* enum ka_newcomer_answer */
    bool is_stop;
    bool has_stamps;
    bool has_echo;
};

/* All of them, numbered from 1 in the order they came. Takes at most 1/32 of the memory; then the
 * oldest are forgotten. */
struct ka_marks {
    struct ka_mark *ring;
    uint32_t *heads; /* the newest with a hash, by its number; 0 none */
    uint32_t room;   /* of each, a power of two; 0 before the first */
    uint32_t total;  /* ever */
    uint64_t limit;  /* bytes */
};

/* One connection under two names. */
struct ka_rebinding {
    struct ka_mark from; /* a stop; flow_id 0: no rebinding */
    struct ka_mark to;
};

/* True when no NAT forgot anything: the other end goes on with the connection, or does not answer
 * what comes from another distance. Then it is one connection, captured at two places, one after
 * the other. A reset by the other end says more than any distance. False positives: a NAT behind
 * which the path became longer or shorter at the same time. */
bool ka_rebinding_is_elsewhere(const struct ka_rebinding *rebinding);

void ka_marks_init(struct ka_marks *marks, uint64_t memory);
void ka_marks_fini(struct ka_marks *marks);
size_t ka_marks_memory(const struct ka_marks *marks);

/* Call for the first segment of each side of a connection without a handshake. */
void ka_rebinding_segment(struct ka_analysis *analysis, const struct ka_conn *conn, unsigned side,
                          const struct ka_packet *packet);

/* Call when the connection, which has a history, is told of and goes. */
void ka_rebinding_end(struct ka_analysis *analysis, const struct ka_conn *conn);

/* How the connection went on, or what it goes on from. False, *out untouched, when neither is
 * known. */
bool ka_rebinding_of(const struct ka_analysis *analysis, const struct ka_conn *conn,
                     struct ka_rebinding *out);

#endif
