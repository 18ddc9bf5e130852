/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The engine as a whole: time, the bound on memory, port reuse, baselines, order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyzers/record.h"
#include "tests/unit/drive.h"

#include <string.h>

static struct drive drive;

/* A probe of side 0 and its answer, after the handshake of drive_handshake. */
static void probe(unsigned conn, double at, bool answered)
{
    drive_send(&drive, &(struct drive_packet){.at = at, .conn = conn, .seq = 1000, .ack = 5001});
    if (answered)
        drive_send(&drive,
                   &(struct drive_packet){
                       .at = at + 0.001, .conn = conn, .side = 1, .seq = 5001, .ack = 1001});
}

static const struct ka_ev_state *state_event(size_t n)
{
    const struct ka_event *event = drive_event(&drive, KA_EVENT_STATE, n);
    return event == NULL ? NULL : &event->state;
}

static void silence_is_told_at_its_deadline_before_later_packets(void **state)
{
    (void)state;
    drive_start(&drive, 0, NULL);
    drive_handshake(&drive, 1, 0);
    probe(1, 60, false);
    drive_handshake(&drive, 2, 63.9);
    assert_null(state_event(0));
    drive_handshake(&drive, 3, 64);
    assert_non_null(state_event(0));
    assert_int_equal(state_event(0)->to, KA_PEER_SILENT);
    assert_int_equal(drive_event(&drive, KA_EVENT_STATE, 0)->envelope.time,
                     DRIVE_START + 64 * KA_SECOND);
    assert_int_equal(drive_event(&drive, KA_EVENT_STATE, 0)->envelope.frame, 0);
    drive_stop(&drive);
}

static void the_end_of_input_is_no_silence(void **state)
{
    (void)state;
    drive_start(&drive, 0, NULL);
    drive_handshake(&drive, 1, 0);
    probe(1, 60, false);
    ka_engine_end(drive.engine);
    assert_null(state_event(0));
    const struct ka_event *connection = drive_event(&drive, KA_EVENT_CONNECTION, 0);
    assert_int_equal(connection->connection.keepalive[0].probes, 1);
    assert_int_equal(connection->connection.keepalive[0].unanswered, 0);
    drive_stop(&drive);
}

static void an_answer_names_no_frame_of_another_file(void **state)
{
    (void)state;
    drive_start(&drive, 0, NULL);
    drive_handshake(&drive, 1, 0);
    probe(1, 60, true);
    probe(1, 120, false);
    drive_send(&drive, &(struct drive_packet){
                           .at = 121, .conn = 1, .side = 1, .seq = 5001, .ack = 1001, .input = 1});
    assert_int_equal(drive_event(&drive, KA_EVENT_ANSWER, 0)->answer.probe_frame, 4);
    assert_int_equal(drive_event(&drive, KA_EVENT_ANSWER, 1)->answer.probe_frame, 0);
    assert_int_equal(drive_event(&drive, KA_EVENT_ANSWER, 1)->answer.rtt, KA_SECOND);
    drive_stop(&drive);
}

static void a_finding_names_the_file_of_its_frame(void **state)
{
    (void)state;
    drive_start_report(&drive, 0);
    drive_handshake(&drive, 1, 0);
    drive_send(&drive,
               &(struct drive_packet){.at = 0.1, .conn = 1, .seq = 1001, .ack = 5001, .length = 9});
    drive_send(&drive,
               &(struct drive_packet){.at = 0.2, .conn = 1, .side = 1, .seq = 5001, .ack = 1010});
    for (int i = 0; i < 3; i++)
        drive_send(&drive, &(struct drive_packet){
                               .at = 60 + 10 * i, .conn = 1, .seq = 1009, .ack = 5001, .input = 2});
    drive_send(&drive, &(struct drive_packet){.at = 90,
                                              .conn = 1,
                                              .flags = KA_TCP_RST | KA_TCP_ACK,
                                              .seq = 1010,
                                              .ack = 5001,
                                              .input = 2});
    ka_engine_end(drive.engine);
    const struct ka_event *event = drive_event(&drive, KA_EVENT_FINDING, 0);
    assert_non_null(event);
    assert_string_equal(event->finding.kind, "peer-died");
    assert_int_equal(event->envelope.input, 2);
    assert_int_equal(event->envelope.frame, 9);
    /* Frame 5, the last sign of life, is one of another file and would be taken for this one's. */
    assert_int_equal(event->finding.evidence[0], 6);
    assert_int_equal(event->finding.evidence[1], 9);
    assert_int_equal(event->finding.evidence[2], 0);
    drive_stop(&drive);
}

static void live_time_passes_without_packets(void **state)
{
    (void)state;
    drive_start(&drive, 0, NULL);
    drive_handshake(&drive, 1, 0);
    probe(1, 60, false);
    ka_engine_now(drive.engine, DRIVE_START + 63 * KA_SECOND);
    assert_null(state_event(0));
    ka_engine_now(drive.engine, DRIVE_START + 65 * KA_SECOND);
    assert_int_equal(state_event(0)->to, KA_PEER_SILENT);
    ka_engine_now(drive.engine, DRIVE_START + 10 * KA_SECOND); /* back: ignored */
    assert_null(state_event(1));
    drive_stop(&drive);
}

static void one_stamp_far_ahead_expires_nothing(void **state)
{
    (void)state;
    drive_start(&drive, 0, NULL);
    drive_handshake(&drive, 1, 0);
    probe(1, 60, false);
    drive_handshake(&drive, 2, 60.1);
    drive_send(&drive, &(struct drive_packet){.at = 3e9, .conn = 2, .seq = 1001, .ack = 5001});
    drive_send(&drive,
               &(struct drive_packet){.at = 60.2, .conn = 3, .seq = 7, .ack = 9, .length = 2});
    assert_null(state_event(0));
    drive_send(&drive,
               &(struct drive_packet){.at = 60.3, .conn = 1, .side = 1, .seq = 5001, .ack = 1001});
    assert_int_equal(state_event(0)->to, KA_PEER_ALIVE);
    drive_stop(&drive);
}

/* One of side 0's segments comes with a stamp of its own, between those of 10 and 70 s. */
static void a_stamp_that_is_not_believed_leaves_no_trace(void **state)
{
    (void)state;
    const double base = 1e6;
    const double stamps[] = {3e9, base + 2e5, 5, base + 40};
    const ka_time start = DRIVE_START + 1000000 * KA_SECOND;
    for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
        struct ka_engine_stats stats;
        drive_start(&drive, 0, NULL);
        drive_handshake(&drive, 1, base);
        probe(1, base + 10, true);
        drive_send(&drive,
                   &(struct drive_packet){.at = stamps[i], .conn = 1, .seq = 1001, .ack = 5001});
        probe(1, base + 70, false);
        drive_send(&drive,
                   &(struct drive_packet){.at = base + 75, .conn = 1, .seq = 1001, .ack = 5001});
        ka_engine_stats(drive.engine, &stats);
        ka_engine_end(drive.engine);
        const struct ka_event *event = drive_event(&drive, KA_EVENT_CONNECTION, 0);
        assert_int_equal(stats.first, start);
        assert_int_equal(stats.last, start + 75 * KA_SECOND);
        assert_int_equal(event->connection.start, start);
        assert_int_equal(event->connection.end, start + 75 * KA_SECOND);
        assert_in_range(event->connection.longest_idle, 10 * KA_SECOND, 60 * KA_SECOND);
        drive_stop(&drive);
    }
}

static void a_last_stamp_far_ahead_ends_nothing(void **state)
{
    (void)state;
    struct ka_engine_stats stats;
    drive_start(&drive, 0, NULL);
    drive_handshake(&drive, 1, 0);
    probe(1, 60, true);
    drive_send(&drive, &(struct drive_packet){.at = 3e9, .conn = 1, .seq = 1001, .ack = 5001});
    ka_engine_stats(drive.engine, &stats);
    ka_engine_end(drive.engine);
    const struct ka_event *event = drive_event(&drive, KA_EVENT_CONNECTION, 0);
    const ka_time last = DRIVE_START + 60 * KA_SECOND + KA_MILLISECOND;
    assert_int_equal(stats.last, last);
    assert_int_equal(event->connection.end, last);
    assert_int_equal(event->connection.longest_idle, 60 * KA_SECOND);
    drive_stop(&drive);
}

static void a_connection_that_begins_with_such_a_stamp_begins_now(void **state)
{
    (void)state;
    drive_start(&drive, 0, NULL);
    drive_handshake(&drive, 1, 5);
    drive_send(&drive,
               &(struct drive_packet){.at = 3e9, .conn = 2, .flags = KA_TCP_SYN, .seq = 1000});
    drive_send(&drive, &(struct drive_packet){.at = 5.1,
                                              .conn = 2,
                                              .side = 1,
                                              .flags = KA_TCP_SYN | KA_TCP_ACK,
                                              .seq = 5000,
                                              .ack = 1001});
    probe(2, 65.1, true);
    ka_engine_end(drive.engine);
    const struct ka_event *event = drive_event(&drive, KA_EVENT_CONNECTION, 1);
    assert_int_equal(event->connection.start, DRIVE_START + 5 * KA_SECOND);
    assert_int_equal(event->connection.longest_idle, 60 * KA_SECOND);
    drive_stop(&drive);
}

static void two_stamps_that_agree_are_believed(void **state)
{
    (void)state;
    struct ka_engine_stats stats;
    drive_start(&drive, 0, NULL);
    drive_handshake(&drive, 1, 0);
    probe(1, 60, true);
    probe(1, 200060, true);
    ka_engine_stats(drive.engine, &stats);
    ka_engine_end(drive.engine);
    const struct ka_event *event = drive_event(&drive, KA_EVENT_CONNECTION, 0);
    assert_int_equal(stats.last, DRIVE_START + 200060 * KA_SECOND + KA_MILLISECOND);
    assert_int_equal(event->connection.end, stats.last);
    assert_int_equal(event->connection.longest_idle, 200000 * KA_SECOND - KA_MILLISECOND);
    drive_stop(&drive);
}

static void frames_without_a_time_break_nothing(void **state)
{
    (void)state;
    drive_start(&drive, 0, NULL);
    drive_handshake(&drive, 1, -1);
    probe(1, -1, true);
    drive_handshake(&drive, 2, 5);
    probe(2, -1, true);
    probe(2, 65, true);
    ka_engine_end(drive.engine);
    for (size_t i = 0; drive_event(&drive, KA_EVENT_ANSWER, i) != NULL; i++) {
        const struct ka_ev_answer *answer = &drive_event(&drive, KA_EVENT_ANSWER, i)->answer;
        assert_true(answer->rtt == KA_TIME_NONE || answer->rtt == KA_MILLISECOND);
    }
    assert_int_equal(drive_count(&drive, KA_EVENT_CONNECTION), 2);
    drive_stop(&drive);
}

static void a_clock_set_back_is_marked_and_moves_deadlines(void **state)
{
    (void)state;
    drive_start(&drive, 0, NULL);
    drive_handshake(&drive, 1, 5000);
    probe(1, 5060, false);
    for (int i = 0; i < 5; i++) /* everybody's clock goes back by 1000 s */
        drive_handshake(&drive, 10 + (unsigned)i, 4060.5 + i / 10.0);
    assert_null(state_event(0));
    drive_handshake(&drive, 20, 4066);
    assert_non_null(state_event(0));
    assert_int_equal(state_event(0)->to, KA_PEER_SILENT);
    struct ka_engine_stats stats;
    ka_engine_stats(drive.engine, &stats);
    assert_int_equal(stats.time_steps, 1);
    drive_stop(&drive);
}

static void a_syn_alone_does_not_end_a_connection(void **state)
{
    (void)state;
    drive_start(&drive, 0, NULL);
    drive_handshake(&drive, 1, 0);
    drive_send(&drive,
               &(struct drive_packet){.at = 1, .conn = 1, .seq = 1001, .ack = 5001, .length = 5});
    drive_send(&drive,
               &(struct drive_packet){.at = 2, .conn = 1, .flags = KA_TCP_SYN, .seq = 900000});
    drive_send(&drive,
               &(struct drive_packet){.at = 60, .conn = 1, .side = 1, .seq = 5001, .ack = 1006});
    drive_send(&drive, &(struct drive_packet){.at = 70, .conn = 1, .seq = 1005, .ack = 5001});
    assert_int_equal(drive_count(&drive, KA_EVENT_PROBE), 1);
    ka_engine_end(drive.engine);
    assert_int_equal(drive_count(&drive, KA_EVENT_CONNECTION), 1);
    drive_stop(&drive);
}

static void a_syn_with_its_syn_ack_starts_a_new_connection(void **state)
{
    (void)state;
    drive_start(&drive, 0, NULL);
    drive_handshake(&drive, 1, 0);
    drive_send(&drive,
               &(struct drive_packet){.at = 1, .conn = 1, .seq = 1001, .ack = 5001, .length = 5});
    drive_send(&drive,
               &(struct drive_packet){.at = 2, .conn = 1, .flags = KA_TCP_SYN, .seq = 900000});
    drive_send(&drive, &(struct drive_packet){.at = 2.1,
                                              .conn = 1,
                                              .side = 1,
                                              .flags = KA_TCP_SYN | KA_TCP_ACK,
                                              .seq = 80,
                                              .ack = 900001});
    ka_engine_end(drive.engine);
    assert_int_equal(drive_count(&drive, KA_EVENT_CONNECTION), 2);
    const struct ka_event *old = drive_event(&drive, KA_EVENT_CONNECTION, 0);
    const struct ka_event *fresh = drive_event(&drive, KA_EVENT_CONNECTION, 1);
    assert_int_equal(old->connection.ended, KA_ENDED_REUSED);
    assert_int_equal(fresh->envelope.flow_id, 2);
    assert_int_equal(fresh->connection.start, DRIVE_START + 2 * KA_SECOND);
    assert_int_equal(fresh->connection.packets[0], 1);
    drive_stop(&drive);
}

static void a_stray_segment_moves_no_baseline(void **state)
{
    (void)state;
    drive_start(&drive, 0, NULL);
    drive_handshake(&drive, 1, 0);
    for (int i = 0; i < 2; i++)
        drive_send(&drive,
                   &(struct drive_packet){
                       .at = 10 + i, .conn = 1, .side = 1, .seq = 0x90000000u, .ack = 0xa0000000u});
    probe(1, 60, true);
    assert_int_equal(drive_count(&drive, KA_EVENT_PROBE), 1);
    assert_int_equal(drive_count(&drive, KA_EVENT_ANSWER), 1);
    drive_stop(&drive);
}

static void three_segments_that_agree_elsewhere_are_believed(void **state)
{
    (void)state;
    drive_start(&drive, 0, NULL);
    drive_handshake(&drive, 1, 0);
    /* The capture has a gap; both sides went on by gigabytes. */
    drive_send(&drive,
               &(struct drive_packet){
                   .at = 100, .conn = 1, .seq = 0x70000000u, .ack = 0x60000000u, .length = 100});
    drive_send(&drive,
               &(struct drive_packet){
                   .at = 100.1, .conn = 1, .side = 1, .seq = 0x60000000u, .ack = 0x70000064u});
    drive_send(&drive,
               &(struct drive_packet){
                   .at = 101, .conn = 1, .seq = 0x70000064u, .ack = 0x60000000u, .length = 10});
    drive_send(&drive,
               &(struct drive_packet){
                   .at = 101.1, .conn = 1, .side = 1, .seq = 0x60000000u, .ack = 0x7000006eu});
    drive_send(&drive, &(struct drive_packet){
                           .at = 161, .conn = 1, .seq = 0x7000006du, .ack = 0x60000000u});
    assert_int_equal(drive_count(&drive, KA_EVENT_PROBE), 1);
    drive_stop(&drive);
}

static void memory_stays_under_its_cap_and_handshakes_go_first(void **state)
{
    (void)state;
    const uint64_t cap = 8 << 20;
    drive_start(&drive, cap, NULL);
    drive_handshake(&drive, 1, 0);
    probe(1, 60, true);
    for (unsigned i = 0; i < 200000; i++)
        drive_send(&drive,
                   &(struct drive_packet){
                       .at = 61 + i * 1e-6, .conn = 100 + i, .flags = KA_TCP_SYN, .seq = i});
    struct ka_engine_stats stats;
    ka_engine_stats(drive.engine, &stats);
    assert_true(stats.memory <= cap + cap / 10);
    assert_true(stats.evicted > 100000);
    assert_int_equal(stats.live + stats.evicted, stats.connections);
    probe(1, 120.1, true);
    ka_engine_stats(drive.engine, &stats);
    assert_int_equal(stats.probes, 2); /* it was not forgotten */
    assert_int_equal(stats.answers, 2);
    drive_stop(&drive);
}

/* First connections fill the memory, then every segment of theirs wants a record. */
static void records_stay_under_the_cap_too(void **state)
{
    (void)state;
    const uint64_t cap = 8 << 20;
    enum { MANY = 60000 };
    struct ka_engine_stats stats;
    drive_start(&drive, cap, NULL);
    for (unsigned i = 0; i < MANY; i++)
        drive_send(&drive, &(struct drive_packet){.at = i * 1e-6, .conn = i, .flags = KA_TCP_SYN});
    for (unsigned i = 0; i < MANY; i++) /* held back: NXT or NXT - 1 */
        drive_send(&drive,
                   &(struct drive_packet){.at = 1, .conn = i, .side = 1, .seq = 77, .ack = 1});
    ka_engine_stats(drive.engine, &stats);
    assert_true(stats.memory <= cap + cap / 10);
    /* A connection that probes is known all the same. */
    drive_handshake(&drive, MANY + 1, 2);
    probe(MANY + 1, 62, true);
    ka_engine_stats(drive.engine, &stats);
    assert_int_equal(stats.probes, 1);
    assert_int_equal(stats.answers, 1);
    assert_true(stats.memory <= cap + cap / 10);
    drive_stop(&drive);
}

static void closed_connections_are_given_back(void **state)
{
    (void)state;
    drive_start(&drive, 0, NULL);
    for (unsigned i = 0; i < 1000; i++) {
        drive_handshake(&drive, i, i);
        drive_send(&drive, &(struct drive_packet){.at = i + 0.1,
                                                  .conn = i,
                                                  .flags = KA_TCP_ACK | KA_TCP_FIN,
                                                  .seq = 1001,
                                                  .ack = 5001});
        /* One stamp is years ahead: no other connection has to wait for that. */
        drive_send(&drive, &(struct drive_packet){.at = i == 10 ? 3e9 : i + 0.2,
                                                  .conn = i,
                                                  .side = 1,
                                                  .flags = KA_TCP_ACK | KA_TCP_FIN,
                                                  .seq = 5001,
                                                  .ack = 1002});
    }
    struct ka_engine_stats stats;
    ka_engine_stats(drive.engine, &stats);
    assert_in_range(stats.live, 1, 62);
    assert_int_equal(drive_event(&drive, KA_EVENT_CONNECTION, 0)->connection.ended, KA_ENDED_FIN);
    drive_stop(&drive);
}

static void assert_same_event(const struct ka_event *a, const struct ka_event *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->envelope.time, b->envelope.time);
    assert_int_equal(a->envelope.frame, b->envelope.frame);
    assert_int_equal(a->envelope.flow_id, b->envelope.flow_id);
    assert_true(ka_addr_equal(&a->envelope.src.addr, &b->envelope.src.addr));
    if (a->type == KA_EVENT_CONNECTION)
        assert_int_equal(a->connection.ended, b->connection.ended);
    if (a->type == KA_EVENT_PROBE)
        assert_int_equal(a->probe.idle, b->probe.idle);
}

static void the_hash_key_changes_no_event(void **state)
{
    (void)state;
    static struct drive other;
    const uint64_t key[2] = {42, 4711};
    for (int run = 0; run < 2; run++) {
        drive_start(&drive, 1 << 20, run == 0 ? NULL : key);
        for (unsigned i = 0; i < 3000; i++) {
            drive_handshake(&drive, i, i * 0.01);
            if (i % 50 == 0)
                probe(i / 2, i * 0.01 + 0.005, i % 100 == 0);
        }
        ka_engine_end(drive.engine);
        drive_stop(&drive);
        if (run == 0)
            other = drive;
    }
    assert_int_equal(drive.count, other.count);
    for (size_t i = 0; i < DRIVE_EVENTS; i++)
        assert_same_event(&drive.events[i], &other.events[i]);
}

static void a_year_of_probes_takes_no_more_memory_than_a_day(void **state)
{
    (void)state;
    struct ka_engine_stats day, year;
    drive_start(&drive, 0, NULL);
    drive_handshake(&drive, 1, 0);
    for (unsigned i = 1; i <= 365 * 24; i++) {
        probe(1, i * 3600.0, i % 7 != 0);
        if (i == 24)
            ka_engine_stats(drive.engine, &day);
    }
    ka_engine_stats(drive.engine, &year);
    assert_int_equal(day.memory, year.memory);
    ka_engine_end(drive.engine);
    drive_stop(&drive);
}

static void a_probing_connection_takes_at_most_640_bytes(void **state)
{
    (void)state;
    /* 192 for the connection with its hash, the extra record, and both sides probing. */
    assert_in_range(192 + sizeof(struct ka_extra) + 2 * sizeof(struct ka_prober), 400, 640);
}

static void a_capture_that_lost_frames_claims_less(void **state)
{
    (void)state;
    for (int lossy = 0; lossy < 2; lossy++) {
        drive_start(&drive, 0, NULL);
        drive_handshake(&drive, 1, 0);
        for (int i = 0; i < 4; i++)
            probe(1, 60.0 * (i + 1), true);
        if (lossy)
            ka_engine_lossy(drive.engine);
        for (int i = 0; i < 4; i++)
            probe(1, 300 + 10.0 * i, false);
        drive_handshake(&drive, 2, 900);
        ka_engine_end(drive.engine);
        const struct ka_event *connection = drive_event(&drive, KA_EVENT_CONNECTION, 0);
        assert_int_equal(connection->connection.keepalive[0].confidence,
                         lossy ? KA_PROBABLE : KA_CERTAIN);
        assert_int_equal(state_event(1)->to, KA_PEER_SILENT);
        assert_int_equal(strstr(state_event(1)->why, "lost") != NULL, lossy);
        assert_int_equal(state_event(2) == NULL, lossy); /* death is inferred, or not */
        drive_stop(&drive);
    }
}

static void dead_is_never_said_of_a_one_way_capture(void **state)
{
    (void)state;
    drive_start(&drive, 0, NULL);
    drive_send(&drive,
               &(struct drive_packet){.at = 0, .conn = 1, .flags = KA_TCP_SYN, .seq = 1000});
    drive_send(&drive,
               &(struct drive_packet){.at = 0.1, .conn = 1, .seq = 1001, .ack = 5001, .length = 9});
    for (int i = 0; i < 6; i++)
        drive_send(&drive,
                   &(struct drive_packet){.at = 60 + 10 * i, .conn = 1, .seq = 1009, .ack = 5001});
    drive_send(
        &drive,
        &(struct drive_packet){
            .at = 120, .conn = 1, .flags = KA_TCP_RST | KA_TCP_ACK, .seq = 1010, .ack = 5001});
    drive_handshake(&drive, 2, 500);
    ka_engine_end(drive.engine);
    assert_int_equal(drive_count(&drive, KA_EVENT_PROBE), 6);
    assert_int_equal(drive_event(&drive, KA_EVENT_PROBE, 0)->probe.confidence, KA_PROBABLE);
    assert_null(state_event(0));
    assert_true(drive_event(&drive, KA_EVENT_CONNECTION, 0)->connection.one_way);
    drive_stop(&drive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_is_told_at_its_deadline_before_later_packets),
        cmocka_unit_test(the_end_of_input_is_no_silence),
        cmocka_unit_test(an_answer_names_no_frame_of_another_file),
        cmocka_unit_test(a_finding_names_the_file_of_its_frame),
        cmocka_unit_test(live_time_passes_without_packets),
        cmocka_unit_test(one_stamp_far_ahead_expires_nothing),
        cmocka_unit_test(a_stamp_that_is_not_believed_leaves_no_trace),
        cmocka_unit_test(a_last_stamp_far_ahead_ends_nothing),
        cmocka_unit_test(a_connection_that_begins_with_such_a_stamp_begins_now),
        cmocka_unit_test(two_stamps_that_agree_are_believed),
        cmocka_unit_test(frames_without_a_time_break_nothing),
        cmocka_unit_test(a_clock_set_back_is_marked_and_moves_deadlines),
        cmocka_unit_test(a_syn_alone_does_not_end_a_connection),
        cmocka_unit_test(a_syn_with_its_syn_ack_starts_a_new_connection),
        cmocka_unit_test(a_stray_segment_moves_no_baseline),
        cmocka_unit_test(three_segments_that_agree_elsewhere_are_believed),
        cmocka_unit_test(memory_stays_under_its_cap_and_handshakes_go_first),
        cmocka_unit_test(records_stay_under_the_cap_too),
        cmocka_unit_test(closed_connections_are_given_back),
        cmocka_unit_test(the_hash_key_changes_no_event),
        cmocka_unit_test(a_year_of_probes_takes_no_more_memory_than_a_day),
        cmocka_unit_test(a_probing_connection_takes_at_most_640_bytes),
        cmocka_unit_test(a_capture_that_lost_frames_claims_less),
        cmocka_unit_test(dead_is_never_said_of_a_one_way_capture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
