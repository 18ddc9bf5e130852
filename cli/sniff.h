/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kasniff sniff: a line per event.
 */
#ifndef KA_CLI_SNIFF_H
#define KA_CLI_SNIFF_H

#include "cli/command.h"

extern const struct ka_command ka_command_sniff;

#endif
