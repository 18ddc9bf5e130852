/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/gen/traffic.h"

const struct ka_stack ka_stacks[] = {
    {.name = "Linux"},
    {.name = "FreeBSD", .in_flight = true},
    {.name = "macOS", .no_timestamps = true},
    {.name = "OpenBSD"},
    {.name = "NetBSD compat", .bytes = 1, .old_ack = true},
    {.name = "illumos", .bytes = 1, .psh = true, .backs_off = true},
    {.name = "Windows", .bytes = 1, .never_timestamps = true},
    {.name = "true byte", .bytes = 1, .own_byte = true, .never_timestamps = true},
    {.name = "lwIP", .in_flight = true, .never_timestamps = true},
    {.name = "gVisor", .junk_window_probe = true},
    {.name = "smoltcp", .bytes = 1, .at_once = true, .never_timestamps = true},
};
const size_t ka_stack_count = sizeof(ka_stacks) / sizeof(ka_stacks[0]);

const struct ka_schedule ka_schedules[] = {
    {60 * KA_SECOND, 10 * KA_SECOND, 3},   {15 * KA_SECOND, 15 * KA_SECOND, 9},
    {45 * KA_SECOND, 45 * KA_SECOND, 9},   {7200 * KA_SECOND, 75 * KA_SECOND, 9},
    {7200 * KA_SECOND, 1 * KA_SECOND, 10}, {120 * KA_SECOND, 2 * KA_SECOND, 10},
    {30 * KA_SECOND, 5 * KA_SECOND, 4},    {300 * KA_SECOND, 1 * KA_SECOND, 10},
};
const size_t ka_schedule_count = sizeof(ka_schedules) / sizeof(ka_schedules[0]);
