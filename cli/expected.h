/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is to be expected from this host's own connections, for the beginning of a live view.
 */
#ifndef KA_CLI_EXPECTED_H
#define KA_CLI_EXPECTED_H

/* Says on standard error how many connections of this host have a keepalive timer running and when
 * the next probe may come. Where the kernel tells nothing, nothing is said. Opens sockets: call it
 * before privileges are dropped. */
void ka_expected_announce(void);

#endif
