/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One connection at the far end of an audit: what it says, what is done for it, and what the audit
 * is told of it. listen.c opens the sockets and waits for them.
 */
#ifndef KA_AUDIT_FAR_PEER_H
#define KA_AUDIT_FAR_PEER_H

#include "audit/listen.h"
#include "audit/message.h"
#include "audit/watch.h"
#include "base/time.h"

/* FREE is a slot without a connection. */
enum ka_far_state {
    KA_FAR_FREE,
    KA_FAR_HELLO,
    KA_FAR_CONTROL,
    KA_FAR_IDLE,
    KA_FAR_SPOKEN,
    KA_FAR_OVER
};

struct ka_far_peer {
    int fd;
    uint8_t state; /* enum ka_far_state */
    uint8_t arm;
    uint8_t first_speaker;
    uint8_t refresher;
    uint8_t rearmed;
    uint32_t generation;
    uint32_t number;
    uint32_t segments; /* that had come when the silence began */
    uint32_t bytes;    /* refreshes of the data arm that came */
    uint64_t audit;
    struct ka_endpoint from;
    ka_time begun; /* of the silence */
    ka_time idle;  /* asked for; measured once it spoke */
    ka_time interval;
    ka_time deadline;
    ka_time refresh; /* KA_TIME_NONE none */
    struct ka_message_line line;
};

/* All of them. */
struct ka_far_peers {
    struct ka_far_stats *stats;
    struct ka_watch *watch; /* NULL without the privilege */
    struct ka_far_peer *items;
    uint32_t size;
    uint32_t top; /* no slot at or beyond this was ever used */
    ka_time now;
};

/* Takes a new connection into a free slot, which owns the socket from now on. */
void ka_far_peer_begin(const struct ka_far_peers *far, struct ka_far_peer *peer, int fd,
                       const struct ka_endpoint *from);

/* Speaks first. */
void ka_far_peer_greet(struct ka_far_peer *peer);

/* Reads what has come, an error or the end included, and does what follows from it. At most 8 KiB a
 * call: of a descriptor that is polled again, what is left is heard the next time. */
void ka_far_peer_read(struct ka_far_peers *far, struct ka_far_peer *peer);

/* Does what is due by now. */
void ka_far_peer_tick(struct ka_far_peers *far, struct ka_far_peer *peer);

/* Resets the connection and frees the slot. */
void ka_far_peer_end(struct ka_far_peer *peer);

#endif
