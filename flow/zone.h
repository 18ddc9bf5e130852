/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zones: where equal addresses mean different hosts. Each tunnel (type and id), and with
 * --vlan-key each list of VLAN tags, is a zone with a small number that goes into the key.
 */
#ifndef KA_FLOW_ZONE_H
#define KA_FLOW_ZONE_H

#include "decode/packet.h"

#include <stdbool.h>
#include <stdint.h>

/* At most this many zones; those that come later share the last one. */
enum { KA_ZONES_MAX = 4096 };

struct ka_zone {
    uint32_t tunnel_id;
    uint8_t tunnel_type; /* enum ka_tunnel_type */
    uint8_t vlan_count;  /* 0 unless VLAN tags are part of the key */
    uint16_t vlan[KA_VLAN_MAX];
};

struct ka_zones {
    struct ka_zone *zones; /* by number */
    uint32_t count;
    uint16_t *slots; /* open addressing, by hash of the zone */
    uint64_t key[2]; /* of that hash, random */
    bool vlan_key;
};

/* `key` is random: no number of a zone depends on it. Returns 0, or -1 when memory is out. Zone 0
 * is "no tunnel, no tag". */
int ka_zones_init(struct ka_zones *zones, const uint64_t key[2], bool vlan_key);
void ka_zones_fini(struct ka_zones *zones);

/* The zone of a packet, made when it is new. */
uint16_t ka_zones_of(struct ka_zones *zones, const struct ka_packet *packet);

#endif
