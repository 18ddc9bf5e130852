/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who sent a reset: looks at the other end's SYN or SYN-ACK and at resets on the wire, beside the
 * sockets, which do not tell. What comes with another time to live than the other end's own SYN
 * came over another number of hops, and so from a box in between.
 */
#ifndef KA_AUDIT_WATCH_H
#define KA_AUDIT_WATCH_H

#include "base/addr.h"

#include <stdint.h>

struct ka_watch;

/* Starts watching for what `far` sends to any port of this host. Needs CAP_NET_RAW; NULL without
 * it, or without memory: then who sent a reset stays unknown. */
struct ka_watch *ka_watch_open(const struct ka_endpoint *far);

/* The same on the far end: for what anyone sends to `here`, whose address may be that of all. */
struct ka_watch *ka_watch_open_here(const struct ka_endpoint *here);

/* Ends it. Takes NULL. */
void ka_watch_close(struct ka_watch *watch);

/* Reads what has come since; never waits. To be called often enough that the socket's buffer does
 * not overflow, else times to live stay unknown. Takes NULL. */
void ka_watch_read(struct ka_watch *watch);

/* Times to live, or hop limits, seen on one connection; 0 not seen. */
struct ka_watched {
    uint8_t usual; /* of the SYN or SYN-ACK */
    uint8_t reset; /* of the last RST */
};

/* What was seen for the connection from our `port`, which no other connection may have had since
 * the watch began. Reads first: a reset reaches the watch before the socket. Takes NULL, for which
 * nothing was seen. */
struct ka_watched ka_watch_port(struct ka_watch *watch, uint16_t port);

/* The same on the far end, for the connection that `peer` opened. Of two peers with the same port
 * only the later one is known. */
struct ka_watched ka_watch_peer(struct ka_watch *watch, const struct ka_endpoint *peer);

/* enum ka_origin: by whom the reset was sent. False positives of "middlebox": a far end that gives
 * its resets another initial time to live than its SYN-ACKs, and a route that changed meanwhile; of
 * "endpoint": a box that sets the time to live to what the far end's would be, or a proxy that
 * answered the SYN, too. */
uint8_t ka_watch_origin(const struct ka_watched *seen);

#endif
