/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The prober's loop under a flood. The tap is one of our own, in the place of capture/tap.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "probe/prober.h"

#include <unistd.h>

/* Frames come without end; after so long it is given up, and the test has failed. */
#define PATIENCE (5 * KA_SECOND)

struct ka_tap {
    int ends[2];
    ka_time since; /* of the first read */
    unsigned reads;
};

int ka_tap_fd(const struct ka_tap *tap)
{
    return tap->ends[0];
}

int ka_tap_read(struct ka_tap *tap, void (*take)(void *context, const struct ka_frame *frame),
                void *context, struct ka_error *error)
{
    static const uint8_t nothing[1];
    const struct ka_frame frame = {.data = nothing, .link_type = KA_LINKTYPE_RAW};
    (void)error;
    if (tap->reads++ == 0)
        tap->since = ka_clock_monotonic();
    take(context, &frame);
    return ka_clock_monotonic() - tap->since < PATIENCE ? 1 : 0;
}

static bool never(void *context)
{
    (void)context;
    return false;
}

static void a_flood_keeps_nobody_waiting(void **state)
{
    (void)state;
    struct ka_tap tap = {.reads = 0};
    struct ka_error error;
    assert_int_equal(pipe(tap.ends), 0);
    assert_int_equal(write(tap.ends[1], "x", 1), 1);
    const struct ka_prober_config config = {.tap = &tap, .rate = 50, .stop = never};
    struct ka_prober *prober = ka_prober_create(&config);
    assert_non_null(prober);
    ka_time begun = ka_clock_monotonic();
    assert_int_equal(ka_prober_learn(prober, 10 * KA_MILLISECOND, NULL, NULL, &error), 0);
    assert_true(ka_clock_monotonic() - begun < PATIENCE);
    assert_true(tap.reads > 1);
    ka_prober_free(prober);
    close(tap.ends[0]);
    close(tap.ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_keeps_nobody_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
