/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Tells a service manager how far we are, by the datagrams of sd_notify(3).
 */
#ifndef KA_CLI_NOTIFY_H
#define KA_CLI_NOTIFY_H

/* Connects to the socket that NOTIFY_SOCKET names; call it before privileges are dropped. Returns a
 * descriptor, or -1 where there is no such socket: the program was not started by a manager that
 * wants to know. */
int ka_notify_open(void);

/* Sends one state, "READY=1" or "STOPPING=1"; nothing where `descriptor` is -1. A manager that does
 * not listen is no reason to fail. */
void ka_notify_say(int descriptor, const char *state);

/* Closes; takes -1. */
void ka_notify_close(int descriptor);

#endif
