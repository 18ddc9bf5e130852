/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Every encapsulation that is decoded, as crafted frames: a row for each, and what decoding must
 * find of it.
 */
#ifndef KA_TESTS_BUILD_ENCAPSULATIONS_H
#define KA_TESTS_BUILD_ENCAPSULATIONS_H

#include "decode/packet.h"
#include "tests/build/craft.h"

struct ka_encapsulation {
    const char *name;
    uint16_t link_type;
    void (*craft)(struct ka_craft *craft); /* writes everything before the inner IP header */
    enum ka_tunnel_type tunnel;
    uint32_t tunnel_id;
    uint8_t vlan_count;
    uint16_t vlan[KA_VLAN_MAX];
};

extern const struct ka_encapsulation ka_encapsulations[];
extern const size_t ka_encapsulation_count;

#endif
