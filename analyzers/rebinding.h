/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Connections that come back under another name. A NAT that forgot an idle connection gives its
 * next packet another port or address: outside of it this looks like a new connection without a
 * handshake, whose first segment has exactly the numbers where a silent one stopped. In report mode
 * only: the first segment of every connection without a handshake is remembered; a connection that
 * ends, or stands silent at the end of the capture, looks for the one that went on with it.
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

/* The first segment of a connection without a handshake, and what came back. */
struct ka_newcomer {
    struct ka_key key;
    ka_time time;
    uint64_t frame;
    uint64_t answer_frame; /* 0 none */
    uint32_t flow_id;
    uint32_t seq;
    uint32_t ack;
    uint32_t length; /* of payload */
    uint32_t tsval;  /* both with has_stamps */
    uint32_t tsecr;
    uint32_t older; /* the one before it with the same hash, by its number; 0 none */
    uint16_t input;
    uint8_t side; /* its sender, index into the key */
    bool has_stamps;
    uint8_t answer; /* enum ka_newcomer_answer */
};

/* All of them, numbered from 1 in the order they came. Takes at most 1/32 of the memory; then the
 * oldest are forgotten. */
struct ka_newcomers {
    struct ka_newcomer *ring;
    uint32_t *heads; /* the newest with a hash, by its number; 0 none */
    uint32_t room;   /* of each, a power of two; 0 before the first */
    uint32_t total;  /* ever */
    uint64_t limit;  /* bytes */
};

void ka_newcomers_init(struct ka_newcomers *newcomers, uint64_t memory);
void ka_newcomers_fini(struct ka_newcomers *newcomers);
size_t ka_newcomers_memory(const struct ka_newcomers *newcomers);

/* Call for the first segment of each side of a connection without a handshake. */
void ka_newcomer_segment(struct ka_analysis *analysis, const struct ka_conn *conn, unsigned side,
                         const struct ka_packet *packet);

/* The connection that goes on where a side of `conn` stopped, and in *side which. NULL when there
 * is none. Valid until the next segment. */
const struct ka_newcomer *ka_newcomer_of(const struct ka_analysis *analysis,
                                         const struct ka_conn *conn, unsigned *side);

#endif
