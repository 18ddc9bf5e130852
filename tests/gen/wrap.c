/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/gen/wrap.h"

#include <string.h>

/* clang-format off */
const struct ka_wrap ka_wraps[] = {
    {.name = "plain", .shape = {.link_type = KA_WIRE_ETHERNET}},
    {.name = "vlan", .shape = {.link_type = KA_WIRE_ETHERNET, .vlans = 1}},
    {.name = "qinq", .shape = {.link_type = KA_WIRE_ETHERNET, .vlans = 2}},
    {.name = "gre", .shape = {.link_type = KA_WIRE_ETHERNET, .tunnel = KA_WIRE_GRE}},
    {.name = "vxlan", .shape = {.link_type = KA_WIRE_ETHERNET, .tunnel = KA_WIRE_VXLAN}},
    {.name = "sll", .shape = {.link_type = KA_WIRE_SLL}},
    {.name = "sll2", .shape = {.link_type = KA_WIRE_SLL2}},
    {.name = "raw", .shape = {.link_type = KA_WIRE_RAW}},
    {.name = "null", .shape = {.link_type = KA_WIRE_NULL}},
    {.name = "ipv6", .shape = {.link_type = KA_WIRE_ETHERNET, .ipv6 = true}},
    {.name = "ipv6ext", .shape = {.link_type = KA_WIRE_ETHERNET, .ipv6 = true, .extensions = true}},
    {.name = "ipv6raw", .shape = {.link_type = KA_WIRE_RAW, .ipv6 = true}},
    {.name = "padded", .shape = {.link_type = KA_WIRE_ETHERNET, .padded = true}},
    {.name = "snap54", .shape = {.link_type = KA_WIRE_ETHERNET}, .snap = 54},
    {.name = "snap96", .shape = {.link_type = KA_WIRE_ETHERNET}, .snap = 96},
    {.name = "swapped", .shape = {.link_type = KA_WIRE_ETHERNET}, .swapped = true},
    {.name = "half", .shape = {.link_type = KA_WIRE_ETHERNET}, .shift = KA_SHIFT_HALF},
    {.name = "start", .shape = {.link_type = KA_WIRE_ETHERNET}, .shift = KA_SHIFT_START},
    {.name = "end", .shape = {.link_type = KA_WIRE_ETHERNET}, .shift = KA_SHIFT_END},
    {.name = "later", .shape = {.link_type = KA_WIRE_ETHERNET}, .form = KA_RECORDING_NANO,
     .offset = 123456789 * KA_SECOND + 987654321},
    {.name = "pcapng", .shape = {.link_type = KA_WIRE_ETHERNET}, .form = KA_RECORDING_PCAPNG},
    {.name = NULL},
};
/* clang-format on */

const struct ka_wrap *ka_wrap_find(const char *name)
{
    for (const struct ka_wrap *wrap = ka_wraps; wrap->name != NULL; wrap++) {
        if (strcmp(wrap->name, name) == 0)
            return wrap;
    }
    return NULL;
}
