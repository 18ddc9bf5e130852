/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kasniff probe: is the other end of a connection still alive?
 */
#ifndef KA_CLI_PROBE_H
#define KA_CLI_PROBE_H

#include "cli/command.h"

extern const struct ka_command ka_command_probe;

#endif
