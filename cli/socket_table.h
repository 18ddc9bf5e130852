/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sockets as a table for people.
 */
#ifndef KA_CLI_SOCKET_TABLE_H
#define KA_CLI_SOCKET_TABLE_H

#include "sockets/sockets.h"

#include <stdio.h>

/* Writes the namespace's defaults, a heading and a line per socket; `forget` is the path's memory
 * that the last column speaks of. Columns are as wide as the widest entry. Names of processes are
 * made safe for a terminal. Write errors stay in the stream. */
void ka_socket_table_write(FILE *stream, const struct ka_socket_list *list, ka_time forget,
                           bool color);

#endif
