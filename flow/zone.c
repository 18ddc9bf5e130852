/* SPDX-License-Identifier: BSD-2-Clause */
#include "flow/zone.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 2 * KA_ZONES_MAX };

int ka_zones_init(struct ka_zones *zones, bool vlan_key)
{
    *zones = (struct ka_zones){.vlan_key = vlan_key, .count = 1};
    zones->zones = calloc(KA_ZONES_MAX, sizeof(*zones->zones));
    zones->slots = calloc(SLOTS, sizeof(*zones->slots));
    if (zones->zones == NULL || zones->slots == NULL) {
        ka_zones_fini(zones);
        return -1;
    }
    return 0;
}

void ka_zones_fini(struct ka_zones *zones)
{
    free(zones->zones);
    free(zones->slots);
    zones->zones = NULL;
    zones->slots = NULL;
}

static bool equal(const struct ka_zone *a, const struct ka_zone *b)
{
    return a->tunnel_id == b->tunnel_id && a->tunnel_type == b->tunnel_type &&
           a->vlan_count == b->vlan_count && memcmp(a->vlan, b->vlan, sizeof(a->vlan)) == 0;
}

uint16_t ka_zones_of(struct ka_zones *zones, const struct ka_packet *packet)
{
    struct ka_zone zone = {.tunnel_id = packet->tunnel_id, .tunnel_type = packet->tunnel_type};
    /* Each direction has a label of its own (RFC 3031): with it in the key a connection would fall
     * into two one-way halves. */
    if (zone.tunnel_type == KA_TUNNEL_MPLS)
        zone.tunnel_id = 0;
    if (zones->vlan_key) {
        zone.vlan_count = packet->vlan_count;
        memcpy(zone.vlan, packet->vlan, packet->vlan_count * sizeof(zone.vlan[0]));
    }
    if (equal(&zone, &zones->zones[0]))
        return 0;
    /* Zones are few and bounded: any spread will do, and a sender who makes them collide costs
     * himself the last zone at worst. */
    uint32_t hash = zone.tunnel_id * 2654435761u + zone.tunnel_type * 40503u;
    for (unsigned i = 0; i < zone.vlan_count; i++)
        hash = (hash ^ zone.vlan[i]) * 2654435761u;
    for (uint32_t at = (hash >> 16) % SLOTS;; at = (at + 1) % SLOTS) {
        uint16_t number = zones->slots[at];
        if (number != 0 && equal(&zone, &zones->zones[number]))
            return number;
        if (number != 0)
            continue;
        if (zones->count == KA_ZONES_MAX)
            return KA_ZONES_MAX - 1;
        zones->zones[zones->count] = zone;
        zones->slots[at] = (uint16_t)zones->count;
        return (uint16_t)zones->count++;
    }
}
