/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is said on standard error when something is wrong.
 */
#ifndef KA_CLI_COMPLAINT_H
#define KA_CLI_COMPLAINT_H

/* Writes `text` after the program's name. Names of files and interfaces in it are foreign: what
 * could steer a terminal is escaped, lines stay lines. */
void ka_complain(const char *text);

#endif
