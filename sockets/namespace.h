/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Another process's network namespace, entered for a moment, and its keepalive defaults.
 */
#ifndef KA_SOCKETS_NAMESPACE_H
#define KA_SOCKETS_NAMESPACE_H

#include "base/error.h"
#include "sockets/sockets.h"

#include <sys/types.h>

/* The way back; -1 where nothing was entered. */
struct ka_namespace {
    int home;
};

/* Moves the calling thread into the network namespace of process `pid`; 0 stays. Returns 0, and
 * ka_namespace_leave must follow; or -1 with the reason, the thread has not moved. */
int ka_namespace_enter(struct ka_namespace *out, pid_t pid, struct ka_error *error);

/* Moves the thread back. Returns 0, or -1 with the reason: it is then still in the other one. */
int ka_namespace_leave(struct ka_namespace *namespace, struct ka_error *error);

/* Reads net.ipv4.tcp_keepalive_* of the namespace the thread is in; they hold for IPv6 as well.
 * What cannot be read stays unknown (KA_TIME_NONE, 0). */
void ka_namespace_defaults(struct ka_socket_times *out);

#endif
