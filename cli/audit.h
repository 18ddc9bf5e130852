/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kasniff audit: how long the path remembers an idle connection, or the far end of such an audit.
 */
#ifndef KA_CLI_AUDIT_H
#define KA_CLI_AUDIT_H

#include "cli/command.h"

extern const struct ka_command ka_command_audit;

#endif
