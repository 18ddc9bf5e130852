/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The Community ID of a connection, version 1, seed 0 (github.com/corelight/community-id-spec):
 * what Suricata, Zeek and Wireshark call the same connection.
 */
#ifndef KA_OUTPUT_COMMUNITY_ID_H
#define KA_OUTPUT_COMMUNITY_ID_H

#include "base/addr.h"

enum { KA_COMMUNITY_ID_SIZE = 31 };

/* Writes "1:" and 28 characters of base64 for a TCP connection into out[KA_COMMUNITY_ID_SIZE]. The
 * same for both directions. False, `out` untouched, when the families differ or there are none. */
bool ka_community_id(const struct ka_endpoint *a, const struct ka_endpoint *b, char *out);

#endif
