/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One socket of this host, asked for by its endpoints: sock_diag(7) without a dump. The netlink
 * socket is opened once, so that it can go on asking after privileges are dropped.
 */
#ifndef KA_SOCKETS_LOOKUP_H
#define KA_SOCKETS_LOOKUP_H

#include "base/addr.h"
#include "base/error.h"

#include <stdint.h>

struct ka_socket_lookup;

/* Returns NULL with a message when the kernel gives no such socket or memory is out. */
struct ka_socket_lookup *ka_socket_lookup_open(struct ka_error *error);

/* Closes it; takes NULL. */
void ka_socket_lookup_close(struct ka_socket_lookup *lookup);

/* The state (enum ka_socket_state) of the TCP socket of this network namespace between the two
 * endpoints; 0 when there is none; -1 when the kernel did not tell. A socket that is bound to an
 * interface (ka_socket.device) is found by that interface's index alone, others by 0. */
int ka_socket_lookup_state(struct ka_socket_lookup *lookup, const struct ka_endpoint *local,
                           const struct ka_endpoint *peer, unsigned device);

#endif
