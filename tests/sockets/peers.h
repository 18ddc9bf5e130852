/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Real sockets and processes for the tests of sockets/. What fails, fails the test that runs.
 */
#ifndef KA_TESTS_SOCKETS_PEERS_H
#define KA_TESTS_SOCKETS_PEERS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/types.h>

/* Sets an integer option. */
void peer_set(int descriptor, int level, int option, int value);

/* Turns keepalive on with these times, in seconds. */
void peer_set_keepalive(int descriptor, int idle, int interval, int count);

/* Gives the network namespace we are in its loopback and keepalive defaults of its own. */
bool peer_prepare_namespace(unsigned idle, unsigned interval, unsigned probes);

/* A listener on loopback, on a free port; AF_INET or AF_INET6. The caller closes descriptors. */
int peer_listen(int family, in_port_t *port);
int peer_connect(int listening);
int peer_accept(int listening);

/* Closes without a FIN that a deaf peer would never answer. */
void peer_cut(int descriptor);

/* Starts a child that runs `act` and then waits to be killed; returns once `act` is done. */
pid_t peer_start_child(void (*act)(int argument), int argument);
void peer_stop_child(pid_t pid);

#endif
