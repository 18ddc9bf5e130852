/* SPDX-License-Identifier: BSD-2-Clause */
#include "flow/zone.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 2 * KA_ZONES_MAX };

int ka_zones_init(struct ka_zones *zones, const uint64_t key[2], bool vlan_key)
{
    *zones = (struct ka_zones){.key = {key[0], key[1]}, .vlan_key = vlan_key, .count = 1};
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

/* Who chooses tunnel ids or tags must not choose where they collide. */
static uint32_t hash_of(const struct ka_zones *zones, const struct ka_zone *zone)
{
    uint64_t tags = 0;
    for (unsigned i = 0; i < zone->vlan_count; i++)
        tags = tags << 16 | zone->vlan[i];
    uint64_t hash = zones->key[0] ^ tags;
    hash = (hash ^ hash >> 32) * (zones->key[1] | 1);
    hash ^= (uint64_t)zone->tunnel_id << 8 | zone->tunnel_type;
    hash = (hash ^ hash >> 32) * (zones->key[0] | 1);
    return (uint32_t)(hash >> 40);
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
    uint32_t hash = hash_of(zones, &zone);
    for (uint32_t at = hash % SLOTS;; at = (at + 1) % SLOTS) {
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
