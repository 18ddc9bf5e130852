/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What time it is on the packets' clock while nothing comes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/packet_clock.h"

/* A packet is stamped `stamp` when the wall clock says 1000000 s; then `silence` passes. */
static void time_passes_where_packets_come_from_now(void **state)
{
    (void)state;
    const ka_time wall = 1000000 * KA_SECOND;
    static const struct {
        const char *what;
        enum ka_pace pace;
        ka_time stamp; /* seconds from the wall clock */
        ka_time silence;
        ka_time expected; /* since the stamp; KA_TIME_NONE: not known */
    } rows[] = {
        {"an interface", KA_PACE_LIVE, 0, 10 * KA_SECOND, 9750 * KA_MILLISECOND},
        {"within its delay", KA_PACE_LIVE, 0, 200 * KA_MILLISECOND, KA_TIME_NONE},
        {"whose clock differs", KA_PACE_LIVE, -5000, 10 * KA_SECOND, 9750 * KA_MILLISECOND},
        {"a pipe of now", KA_PACE_PIPED, 0, 10 * KA_SECOND, 8 * KA_SECOND},
        {"of a host nine minutes ahead", KA_PACE_PIPED, 540, 10 * KA_SECOND, 8 * KA_SECOND},
        {"of a host nine minutes behind", KA_PACE_PIPED, -540, 10 * KA_SECOND, 8 * KA_SECOND},
        {"within its delay", KA_PACE_PIPED, 0, 2 * KA_SECOND, KA_TIME_NONE},
        {"a pipe of the past", KA_PACE_PIPED, -601, 10 * KA_SECOND, KA_TIME_NONE},
        {"a pipe of the future", KA_PACE_PIPED, 601, 10 * KA_SECOND, KA_TIME_NONE},
        {"a file of now", KA_PACE_RECORDED, 0, 10 * KA_SECOND, KA_TIME_NONE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_packet_clock clock;
        ka_packet_clock_init(&clock, rows[i].pace);
        ka_time stamp = wall + rows[i].stamp * KA_SECOND;
        ka_packet_clock_take(&clock, stamp, 77 * KA_SECOND, wall);
        ka_time now = ka_packet_clock_now(&clock, 77 * KA_SECOND + rows[i].silence);
        ka_time expected =
            rows[i].expected == KA_TIME_NONE ? KA_TIME_NONE : stamp + rows[i].expected;
        if (now != expected)
            fail_msg("row %zu, %s", i, rows[i].what);
    }
}

static void without_a_packet_no_time_is_known(void **state)
{
    (void)state;
    struct ka_packet_clock clock;
    ka_packet_clock_init(&clock, KA_PACE_LIVE);
    assert_true(ka_packet_clock_now(&clock, 1000 * KA_SECOND) == KA_TIME_NONE);
    ka_packet_clock_take(&clock, KA_TIME_NONE, 0, 0);
    assert_true(ka_packet_clock_now(&clock, 1000 * KA_SECOND) == KA_TIME_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_passes_where_packets_come_from_now),
        cmocka_unit_test(without_a_packet_no_time_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
