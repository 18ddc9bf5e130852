/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `kasniff report`: what happened to each connection of a capture, and what was found.
 */
#ifndef KA_CLI_REPORT_H
#define KA_CLI_REPORT_H

#include "cli/command.h"

extern const struct ka_command ka_command_report;

#endif
