/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Schedules fitted from the gaps of probes, and the stacks that they look like.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyzers/analysis.h"

#include <string.h>

enum { ROW_GAPS = 12 };

/* Feeds a prober with gaps in seconds: above 0 the idle time before a first probe, below 0 the
 * interval before an unanswered one's successor. */
static void feed(struct ka_prober *prober, const double *gaps)
{
    static struct ka_analysis analysis;
    static struct ka_conn conn;
    static struct ka_prober *only;
    memset(&analysis, 0, sizeof(analysis));
    memset(&conn, 0, sizeof(conn));
    analysis.config.memcap = 1 << 20;
    ka_slab_init(&analysis.extras, sizeof(struct ka_extra), 1 << 20);
    ka_slab_init(&analysis.probers, sizeof(struct ka_prober), 1 << 20);
    only = ka_prober_need(&analysis, &conn, 0);
    assert_non_null(only);
    only->flags = prober->flags;
    for (unsigned i = 0; i < ROW_GAPS && gaps[i] != 0; i++) {
        bool first = gaps[i] > 0;
        only->number = first ? 1 : only->number + 1;
        struct ka_occurrence probe = {
            .kind = KA_OCC_PROBE,
            .conn = &conn,
            .number = only->number,
            .idle = first ? (ka_time)(gaps[i] * 1e9) : KA_TIME_NONE,
            .interval = first ? KA_TIME_NONE : (ka_time)(-gaps[i] * 1e9),
        };
        ka_schedule_occurred(&analysis, &probe);
    }
    *prober = *only;
    ka_slab_fini(&analysis.extras);
    ka_slab_fini(&analysis.probers);
}

static void gaps_become_schedules(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        double gaps[ROW_GAPS];
        double idle, interval; /* seconds, 0 unknown */
        enum ka_confidence confidence;
        unsigned segments;
    } rows[] = {
        {"nothing", {0}, 0, 0, KA_PROBABLE, 1},
        {"one gap", {60}, 60, 0, KA_PROBABLE, 1},
        {"three alike", {60, 60.01, 59.99}, 60, 0, KA_CERTAIN, 1},
        {"idle and interval apart", {60, -10, -10, -10}, 60, 10, KA_CERTAIN, 1},
        {"a timer's grain", {15.05, 15.34, 15.36, 15.3, 15.36}, 15.34, 0, KA_CERTAIN, 1},
        {"a lost probe doubles a gap", {60, 60, 60, 120, 60}, 60, 0, KA_CERTAIN, 1},
        {"a suspended host is an outlier", {60, 60, 60, 60, 25000, 60}, 60, 0, KA_CERTAIN, 1},
        {"new settings are a new segment", {60, 60, 60, 60, 25, 25, 25}, 25, 0, KA_CERTAIN, 2},
        {"and back again", {60, 60, 60, 60, 25, 25, 25, 25, 90, 90, 90}, 90, 0, KA_CERTAIN, 3},
        {"no two alike", {10, 25, 47, 93, 165}, 47, 0, KA_PROBABLE, 1},
        {"sent at once", {0.3}, 0, 0, KA_PROBABLE, 1},
        {"growing gaps have no interval", {60, -1, -2, -4, -8, -16}, 60, 0, KA_PROBABLE, 1},
        {"one doubled gap is a loss", {60, -5, -5, -10, -5}, 60, 5, KA_CERTAIN, 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_prober prober = {.flags = KA_PROBER_ZERO};
        struct ka_ev_keepalive found = {.probes = 0};
        feed(&prober, rows[i].gaps);
        ka_schedule_report(&prober, &found);
        double idle = found.idle == KA_TIME_NONE ? 0 : (double)found.idle / 1e9;
        double interval = found.interval == KA_TIME_NONE ? 0 : (double)found.interval / 1e9;
        if (idle < rows[i].idle - 0.01 || idle > rows[i].idle + 0.01 ||
            interval < rows[i].interval - 0.01 || interval > rows[i].interval + 0.01 ||
            found.confidence != rows[i].confidence || found.segments != rows[i].segments)
            fail_msg("%s: idle %g, interval %g, confidence %u, %u segments", rows[i].what, idle,
                     interval, found.confidence, found.segments);
    }
}

static bool names(const struct ka_ev_keepalive *found, const char *stack)
{
    for (unsigned i = 0; i < KA_STACKS_MAX && found->stack[i] != NULL; i++) {
        if (strcmp(found->stack[i], stack) == 0)
            return true;
    }
    return false;
}

static void stacks_are_guessed_by_form_and_times(void **state)
{
    (void)state;
    static const struct {
        unsigned form;
        double idle, interval;
        unsigned count;
        const char *first; /* the likeliest, NULL none */
        const char *also;
        const char *never;
    } rows[] = {
        {KA_PROBER_ZERO | KA_PROBER_STAMPS, 7200, 75, 9, "Linux", "lwIP", "Windows"},
        {KA_PROBER_ZERO | KA_PROBER_STAMPS, 7200, 75, 8, "FreeBSD", "OpenBSD", "macOS"},
        {KA_PROBER_ZERO | KA_PROBER_NO_STAMPS, 7200, 75, 8, "macOS", NULL, "Linux"},
        {KA_PROBER_ONE, 7200, 1, 10, "Windows", "smoltcp", "Linux"},
        {KA_PROBER_ONE, 7200, 1, 5, "Windows XP/2003", "Windows", "lwIP"},
        {KA_PROBER_ONE | KA_PROBER_PSH, 7200, 0, 0, "illumos", NULL, "Windows"},
        {KA_PROBER_ONE | KA_PROBER_ACK_LESS, 0, 0, 0, "NetBSD", NULL, "Windows"},
        {KA_PROBER_ZERO, 15, 15, 9, "Linux", "gVisor", "smoltcp"},
        {KA_PROBER_ZERO | KA_PROBER_FLIGHT, 7200, 75, 8, "FreeBSD", "OpenBSD", "Linux"},
        {KA_PROBER_ONE | KA_PROBER_NOT_NULL, 0, 0, 0, "Windows", NULL, "smoltcp"},
        {KA_PROBER_ZERO | KA_PROBER_INJECTED, 7200, 75, 9, NULL, NULL, "Linux"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct ka_prober prober = {.flags = (uint16_t)rows[i].form};
        struct ka_ev_keepalive found = {
            .idle = rows[i].idle == 0 ? KA_TIME_NONE : (ka_time)(rows[i].idle * 1e9),
            .interval = rows[i].interval == 0 ? KA_TIME_NONE : (ka_time)(rows[i].interval * 1e9),
            .count = rows[i].count,
        };
        ka_stacks_guess(&prober, &found);
        if (rows[i].first == NULL) {
            assert_null(found.stack[0]);
            continue;
        }
        assert_non_null(found.stack[0]);
        assert_string_equal(found.stack[0], rows[i].first);
        assert_non_null(found.stack_why);
        assert_true(rows[i].also == NULL || names(&found, rows[i].also));
        assert_false(names(&found, rows[i].never));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_become_schedules),
        cmocka_unit_test(stacks_are_guessed_by_form_and_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
