/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Asking sock_diag(7): what the list of all sockets and the look at a single one share.
 */
#ifndef KA_SOCKETS_DIAG_H
#define KA_SOCKETS_DIAG_H

#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <stdint.h>

/* A netlink socket for sock_diag, for mnl_socket_close; NULL with errno when there is none. */
struct mnl_socket *ka_diag_open(void);

/* Begins a request for TCP sockets of `family` (AF_INET or AF_INET6) in `buffer`, at least
 * MNL_SOCKET_BUFFER_SIZE bytes: `flags` beside NLM_F_REQUEST, and the sequence number. What it
 * selects is left for the caller: all else is 0. Both results point into the buffer. */
struct nlmsghdr *ka_diag_request(char *buffer, uint8_t family, uint16_t flags, uint32_t sequence,
                                 struct inet_diag_req_v2 **request);

#endif
