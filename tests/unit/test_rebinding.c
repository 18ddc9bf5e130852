/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The first segments of connections without a handshake, as a report remembers them: within a
 * bound, the latest. What they are linked by is in tests/cases/finding_nat_rebinding*.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/drive.h"

#include <stdlib.h>
#include <string.h>

enum { MEMORY = 8 << 20, FLOOD = 5000 };

static const uint32_t client_next = 0x51234567;
static const uint32_t server_next = 0xa7654321;

/* A connection that says nothing but hello: one client of 10.0.0.0/8 to 192.0.2.1:443. */
static struct drive *begin(void)
{
    struct drive *drive = calloc(1, sizeof(*drive));
    assert_non_null(drive);
    const struct drive_packet packets[] = {
        {.at = 1, .flags = KA_TCP_SYN, .seq = client_next - 1},
        {.at = 1.1,
         .side = 1,
         .flags = KA_TCP_SYN | KA_TCP_ACK,
         .seq = server_next - 1,
         .ack = client_next},
        {.at = 1.2, .seq = client_next, .ack = server_next},
    };
    drive_start_report(drive, MEMORY);
    for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++)
        drive_send(drive, &packets[i]);
    return drive;
}

/* Somebody's probe, with the numbers of that connection moved by `off`. */
static void come(struct drive *drive, unsigned conn, uint32_t seq_off, uint32_t ack_off)
{
    drive_send(drive, &(struct drive_packet){.at = 100,
                                             .conn = conn,
                                             .seq = client_next - 1 + seq_off,
                                             .ack = server_next + ack_off});
}

/* Ends it. The finding, which is about the first connection and so the first; NULL none. */
static const struct ka_ev_finding *end(struct drive *drive)
{
    struct ka_engine_stats stats;
    ka_engine_end(drive->engine);
    ka_engine_stats(drive->engine, &stats);
    assert_false(stats.memory_out);
    assert_true(stats.memory <= MEMORY);
    const struct ka_event *event = drive_event(drive, KA_EVENT_FINDING, 0);
    return event == NULL ? NULL : &event->finding;
}

static void stop(struct drive *drive)
{
    drive_stop(drive);
    free(drive);
}

static void another_address_is_another_name(void **state)
{
    (void)state;
    struct drive *drive = begin();
    come(drive, 0x20304, 0, 0);
    const struct ka_ev_finding *finding = end(drive);
    assert_non_null(finding);
    assert_string_equal(finding->kind, "nat-rebinding");
    assert_non_null(strstr(finding->text, "10.0.0.0:40000 (#1) came back as 10.2.3.4:40000 (#2)"));
    stop(drive);
}

static void the_latest_are_remembered(void **state)
{
    (void)state;
    struct drive *drive = begin();
    for (unsigned i = 1; i <= FLOOD; i++)
        come(drive, i, i, i);
    come(drive, FLOOD + 1, 0, 0);
    assert_non_null(end(drive));
    stop(drive);
}

static void the_oldest_are_forgotten(void **state)
{
    (void)state;
    struct drive *drive = begin();
    come(drive, FLOOD + 1, 0, 0);
    for (unsigned i = 1; i <= FLOOD; i++)
        come(drive, i, i, i);
    assert_null(end(drive));
    stop(drive);
}

static void few_are_found_again_after_the_ring_grew(void **state)
{
    (void)state;
    struct drive *drive = begin();
    come(drive, FLOOD + 1, 0, 0);
    for (unsigned i = 1; i <= FLOOD / 10; i++)
        come(drive, i, i, i);
    assert_non_null(end(drive));
    stop(drive);
}

static void one_segment_from_everywhere_is_nobodys(void **state)
{
    (void)state;
    struct drive *drive = begin();
    for (unsigned i = 1; i <= FLOOD; i++)
        come(drive, i, 0, 0);
    assert_null(end(drive));
    stop(drive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_address_is_another_name),
        cmocka_unit_test(the_latest_are_remembered),
        cmocka_unit_test(the_oldest_are_forgotten),
        cmocka_unit_test(few_are_found_again_after_the_ring_grew),
        cmocka_unit_test(one_segment_from_everywhere_is_nobodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
