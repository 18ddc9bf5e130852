/* SPDX-License-Identifier: BSD-2-Clause */
#include "inject/local.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

bool ka_local_edges(const struct ka_addr *own, const struct ka_addr *mask, struct ka_addr *out)
{
    if (own->family != 4 || mask->family != 4 || (mask->bytes[3] & 3) != 0 || mask->bytes[0] == 0)
        return false;
    out[0] = *own;
    out[1] = *own;
    for (size_t i = 0; i < 4; i++) {
        out[0].bytes[i] |= (uint8_t)~mask->bytes[i];
        out[1].bytes[i] &= mask->bytes[i];
    }
    return true;
}

/* False for anything but an IP address. */
static bool take_address(const struct sockaddr *from, struct ka_addr *out)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (from == NULL)
        return false;
    if (from->sa_family == AF_INET) {
        memcpy(&v4, from, sizeof(v4));
        *out = ka_addr_make(4, (const uint8_t *)&v4.sin_addr);
        return true;
    }
    if (from->sa_family != AF_INET6)
        return false;
    memcpy(&v6, from, sizeof(v6));
    *out = ka_addr_make(6, v6.sin6_addr.s6_addr);
    return true;
}

/* ifa_broadaddr is no help: where no broadcast address is set it holds the own or the peer's. One
 * that was set to something else is left to the kernel, which asks for SO_BROADCAST. */
int ka_local_init(struct ka_local *out, struct ka_error *error)
{
    struct ifaddrs *list = NULL;
    struct ka_local local = {.own_count = 0};
    size_t count = 0;
    if (getifaddrs(&list) != 0)
        return ka_error_set(error, "the addresses of this host cannot be read: %s",
                            strerror(errno));
    for (struct ifaddrs *at = list; at != NULL; at = at->ifa_next)
        count++;
    local.own = calloc(count + 1, sizeof(*local.own));
    local.broadcast = calloc(2 * count + 1, sizeof(*local.broadcast));
    if (local.own == NULL || local.broadcast == NULL) {
        freeifaddrs(list);
        ka_local_fini(&local);
        return ka_error_set(error, "there is no memory for %zu addresses", count);
    }
    for (struct ifaddrs *at = list; at != NULL; at = at->ifa_next) {
        struct ka_addr *own = &local.own[local.own_count];
        struct ka_addr mask;
        struct ka_addr *edge = &local.broadcast[local.broadcast_count];
        if (!take_address(at->ifa_addr, own))
            continue;
        local.own_count++;
        if (take_address(at->ifa_netmask, &mask) && ka_local_edges(own, &mask, edge))
            local.broadcast_count += 2;
    }
    freeifaddrs(list);
    *out = local;
    return 0;
}

void ka_local_fini(struct ka_local *local)
{
    free(local->own);
    free(local->broadcast);
    *local = (struct ka_local){.own_count = 0};
}
