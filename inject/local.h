/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the injector must know of this host before it gives up its privileges: own addresses, and
 * the broadcast addresses of the subnets it is in.
 */
#ifndef KA_INJECT_LOCAL_H
#define KA_INJECT_LOCAL_H

#include "base/addr.h"

struct ka_local {
    struct ka_addr *own;
    size_t own_count;
    struct ka_addr *broadcast; /* of IPv4 subnets up to /30: all ones, and all zeros (RFC 1122) */
    size_t broadcast_count;
};

/* Asks the kernel. Returns 0, or -1 with a message. The arrays belong to *out: ka_local_fini. */
int ka_local_init(struct ka_local *out, struct ka_error *error);
void ka_local_fini(struct ka_local *local);

/* Works out the two addresses of the subnet of `own` under `mask` (both IPv4) that are no host's,
 * all ones first. False where there are none: /31, /32, or a mask that is none. */
bool ka_local_edges(const struct ka_addr *own, const struct ka_addr *mask, struct ka_addr *out);

#endif
