/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kasniff sockets: the keepalive settings of this host's own connections.
 */
#ifndef KA_CLI_SOCKETS_H
#define KA_CLI_SOCKETS_H

#include "cli/command.h"

extern const struct ka_command ka_command_sockets;

#endif
