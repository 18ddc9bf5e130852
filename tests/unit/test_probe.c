/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a prober knows of a connection, what counts as a sign of life, who is asked first, and when
 * a question is over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inject/guard.h"
#include "probe/ask.h"
#include "probe/known.h"
#include "probe/risk.h"

#include <string.h>

/* The lower endpoint is A, side 0; the other B, side 1. */
enum { A, B };

#define NOW (1000 * KA_SECOND)

struct lab {
    struct ka_known *known;
    struct ka_known_conn *entry;
    struct ka_frame frame;
};

static const struct ka_endpoint ends[2] = {
    {.addr = {.bytes = {10, 0, 0, 1}, .family = 4}, .port = 4000},
    {.addr = {.bytes = {10, 0, 0, 2}, .family = 4}, .port = 80},
};

static int open_lab(void **state)
{
    static const uint64_t key[2] = {1, 2};
    static struct lab lab;
    unsigned side = B;
    lab = (struct lab){.known = ka_known_create(key, 3)};
    assert_non_null(lab.known);
    lab.entry = ka_known_get(lab.known, &ends[A], &ends[B], &side);
    assert_non_null(lab.entry);
    assert_int_equal(side, A);
    *state = &lab;
    return 0;
}

static int close_lab(void **state)
{
    struct lab *lab = *state;
    ka_known_free(lab->known);
    return 0;
}

/* A segment from a side, as the wire or a file has it. */
struct shot {
    unsigned from;
    uint32_t seq;
    uint32_t ack;
    uint32_t length;
    uint8_t flags; /* beside ACK */
    bool no_ack;
    uint32_t tsval; /* 0: no timestamps */
    uint32_t tsecr;
};

static enum ka_known_kind see(struct lab *lab, ka_time time, bool live, const struct shot *shot)
{
    struct ka_known_conn *entry = NULL;
    unsigned side = 2;
    lab->frame = (struct ka_frame){.time = time, .number = lab->frame.number + 1};
    struct ka_packet packet = {
        .frame = &lab->frame,
        .kind = KA_PACKET_TCP,
        .family = 4,
        .ttl = 64,
        .src_port = ends[shot->from].port,
        .dst_port = ends[!shot->from].port,
        .tcp = {.seq = shot->seq,
                .ack = shot->ack,
                .length = shot->length,
                .window = 500,
                .flags = (uint8_t)(shot->flags | (shot->no_ack ? 0 : KA_TCP_ACK)),
                .tsval = shot->tsval,
                .tsecr = shot->tsecr,
                .options = shot->tsval != 0 ? KA_OPTION_TIMESTAMPS : 0},
    };
    memcpy(packet.src, ends[shot->from].addr.bytes, sizeof(packet.src));
    memcpy(packet.dst, ends[!shot->from].addr.bytes, sizeof(packet.dst));
    enum ka_known_kind kind = ka_known_take(lab->known, &packet, live, false, &entry, &side);
    if (kind != KA_KNOWN_NOTHING) {
        assert_ptr_equal(entry, lab->entry);
        assert_int_equal(side, shot->from);
    }
    return kind;
}

/* Data both ways and its acknowledgements: A is at 200, B at 5100. */
static void talk(struct lab *lab, ka_time time, bool live)
{
    see(lab, time, live,
        &(struct shot){
            .from = A, .seq = 100, .ack = 5000, .length = 100, .tsval = 10, .tsecr = 70});
    see(lab, time + KA_MILLISECOND * 10, live,
        &(struct shot){
            .from = B, .seq = 5000, .ack = 200, .length = 100, .tsval = 71, .tsecr = 10});
    see(lab, time + KA_MILLISECOND * 20, live,
        &(struct shot){.from = A, .seq = 200, .ack = 5100, .tsval = 11, .tsecr = 71});
}

static void the_probe_is_made_from_the_targets_own_ack(void **state)
{
    struct lab *lab = *state;
    talk(lab, NOW, true);
    struct ka_probe_facts facts = ka_known_facts(lab->entry, B);
    assert_true(facts.numbers_known && facts.timestamps && facts.timestamps_known);
    assert_int_equal(facts.nxt, 200);
    assert_int_equal(facts.rcv, 5100);
    assert_int_equal(facts.tsval, 11);
    assert_int_equal(facts.tsecr, 71);
    assert_false(facts.in_flight);
    assert_false(facts.rcv_from_target);
    /* What is sent and not acknowledged does not move it. */
    see(lab, NOW + KA_SECOND, true,
        &(struct shot){.from = A, .seq = 200, .ack = 5100, .length = 50, .tsval = 12, .tsecr = 71});
    facts = ka_known_facts(lab->entry, B);
    assert_int_equal(facts.nxt, 200);
    assert_true(facts.in_flight);
    assert_int_equal(facts.tsval, 12);
}

static void an_echo_tells_a_timestamp_that_was_missed(void **state)
{
    struct lab *lab = *state;
    see(lab, NOW, true,
        &(struct shot){.from = B, .seq = 5000, .ack = 200, .length = 9, .tsval = 71, .tsecr = 30});
    struct ka_probe_facts facts = ka_known_facts(lab->entry, B);
    assert_true(facts.numbers_known && facts.timestamps_known && facts.rcv_from_target);
    assert_int_equal(facts.tsval, 30);
    assert_int_equal(facts.rcv, 5009);
    /* Towards A the other way round: B's own is seen, A's acknowledgement is not. */
    assert_false(ka_known_facts(lab->entry, A).numbers_known);
}

static void numbers_without_the_timestamps_they_need_are_none(void **state)
{
    struct lab *lab = *state;
    see(lab, NOW, true, &(struct shot){.from = A, .seq = 100, .ack = 5000, .length = 100});
    see(lab, NOW + KA_SECOND, true, &(struct shot){.from = B, .seq = 5000, .ack = 200});
    assert_true(ka_known_facts(lab->entry, B).numbers_known);
    lab->entry->conn->side[B].flags |= KA_SIDE_STAMPS;
    assert_false(ka_known_facts(lab->entry, B).numbers_known);
}

static void what_is_a_sign_of_life(void **state)
{
    struct lab *lab = *state;
    static const struct {
        const char *what;
        struct shot shot;
        bool counts;
    } rows[] = {
        {"data", {.from = A, .seq = 200, .ack = 5100, .length = 10}, true},
        {"an acknowledgement at NXT", {.from = A, .seq = 200, .ack = 5100}, true},
        {"its own keepalive", {.from = A, .seq = 199, .ack = 5100}, true},
        {"its FIN", {.from = A, .seq = 200, .ack = 5100, .flags = KA_TCP_FIN}, true},
        {"a gentle probe", {.from = A, .seq = 199, .ack = 4100}, false},
        {"a gentle byte", {.from = A, .seq = 199, .ack = 4100, .length = 1}, false},
        {"a numberless probe", {.from = A}, false},
        {"a SYN", {.from = A, .seq = 199, .flags = KA_TCP_SYN, .no_ack = true}, false},
        {"a SYN-ACK", {.from = A, .seq = 199, .ack = 5100, .flags = KA_TCP_SYN}, false},
        {"far away numbers", {.from = A, .seq = 0x90000000, .ack = 5100, .length = 10}, false},
        {"its reset", {.from = A, .seq = 200, .ack = 5100, .flags = KA_TCP_RST}, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        close_lab(state);
        open_lab(state);
        lab = *state;
        talk(lab, NOW, false);
        see(lab, NOW + KA_SECOND, true,
            &(struct shot){.from = B, .seq = 5100, .ack = 200, .length = 10});
        assert_int_equal(ka_risk_presence(lab->entry, A, NOW + KA_SECOND), KA_PRESENCE_NONE);
        see(lab, NOW + 2 * KA_SECOND, true, &rows[i].shot);
        if (ka_risk_free(lab->entry, B, NOW + 3 * KA_SECOND) != rows[i].counts)
            fail_msg("%s %s", rows[i].what, rows[i].counts ? "does not count" : "counts");
    }
}

static void a_bare_segment_of_unknown_numbers_is_no_sign_of_life(void **state)
{
    struct lab *lab = *state;
    see(lab, NOW, true, &(struct shot){.from = A, .seq = 199, .ack = 4100});
    assert_false(ka_risk_free(lab->entry, B, NOW));
    see(lab, NOW + KA_SECOND, true,
        &(struct shot){.from = A, .seq = 199, .ack = 4100, .length = 1});
    assert_false(ka_risk_free(lab->entry, B, NOW + KA_SECOND));
}

static void a_sign_of_life_gets_old(void **state)
{
    struct lab *lab = *state;
    talk(lab, NOW, true);
    assert_true(ka_risk_free(lab->entry, B, NOW + 5 * KA_SECOND));
    assert_false(ka_risk_free(lab->entry, B, NOW + 11 * KA_SECOND));
    /* A clock that stepped back proves nothing. */
    assert_false(ka_risk_free(lab->entry, B, NOW - KA_SECOND));
}

static void a_capture_is_no_sign_of_life(void **state)
{
    struct lab *lab = *state;
    talk(lab, NOW, false);
    assert_false(ka_risk_free(lab->entry, B, NOW + KA_SECOND));
    assert_true(ka_known_facts(lab->entry, B).numbers_known);
    assert_true(ka_known_target(lab->entry, B).timestamps_guessed);
}

static void own_probes_are_known_under_any_address(void **state)
{
    struct lab *lab = *state;
    struct ka_probe probe = {.seq = 199, .ack = 5100, .window = 500};
    talk(lab, NOW, false);
    ka_known_sent(lab->known, &probe);
    assert_int_equal(
        see(lab, NOW + KA_SECOND, true, &(struct shot){.from = A, .seq = 199, .ack = 5100}),
        KA_KNOWN_OWN);
    assert_false(ka_risk_free(lab->entry, B, NOW + KA_SECOND));
    /* The same numbers from the other side, as a NAT on this host could make them. */
    assert_int_equal(
        see(lab, NOW + KA_SECOND, true, &(struct shot){.from = B, .seq = 199, .ack = 5100}),
        KA_KNOWN_OWN);
    assert_int_equal(
        see(lab, NOW + KA_SECOND, true, &(struct shot){.from = A, .seq = 199, .ack = 5101}),
        KA_KNOWN_SEGMENT);
}

static void a_reset_outweighs_everything(void **state)
{
    struct lab *lab = *state;
    talk(lab, NOW, true);
    lab->entry->side[A].local = true;
    see(lab, NOW + KA_SECOND, true,
        &(struct shot){.from = A, .seq = 200, .ack = 5100, .flags = KA_TCP_RST});
    assert_int_equal(ka_risk_presence(lab->entry, A, NOW + KA_SECOND), KA_PRESENCE_GONE);
    assert_false(ka_risk_free(lab->entry, B, NOW + KA_SECOND));
}

static void a_new_connection_on_the_same_ports_forgets_the_old(void **state)
{
    struct lab *lab = *state;
    talk(lab, NOW, true);
    lab->entry->side[A].local = true;
    see(lab, NOW + KA_SECOND, true,
        &(struct shot){.from = A, .seq = 7777, .flags = KA_TCP_SYN, .no_ack = true});
    assert_false(ka_known_facts(lab->entry, B).numbers_known);
    assert_false(ka_risk_free(lab->entry, B, NOW + KA_SECOND));
}

static void the_wire_corrects_an_old_capture(void **state)
{
    struct lab *lab = *state;
    talk(lab, NOW, false);
    see(lab, NOW + KA_SECOND, true,
        &(struct shot){.from = B, .seq = 0x80005000, .ack = 0x70000200, .length = 10});
    assert_int_equal(ka_known_facts(lab->entry, B).nxt, 0x70000200);
}

static void the_end_more_in_doubt_is_asked_first(void **state)
{
    struct lab *lab = *state;
    assert_int_equal(ka_risk_first(lab->entry, A, NOW), A);
    assert_int_equal(ka_risk_first(lab->entry, B, NOW), B);
    lab->entry->side[A].seen = NOW - 2 * KA_SECOND;
    assert_int_equal(ka_risk_first(lab->entry, A, NOW), B);
    lab->entry->side[B].seen = NOW - KA_SECOND; /* both were: A longer ago */
    assert_int_equal(ka_risk_first(lab->entry, B, NOW), A);
    lab->entry->side[A].local = true;
    assert_int_equal(ka_risk_first(lab->entry, A, NOW), B);
    lab->entry->side[B].found = true;
    assert_int_equal(ka_risk_first(lab->entry, B, NOW), A);
    lab->entry->side[B].reset = true;
    assert_int_equal(ka_risk_first(lab->entry, A, NOW), B);
}

static void the_risk_names_both_ends_and_the_ways_out(void **state)
{
    struct lab *lab = *state;
    char text[KA_RISK_TEXT_SIZE];
    ka_risk_text(lab->entry, B, text);
    assert_non_null(
        strstr(text, "if 10.0.0.1:4000 has lost this connection, 10.0.0.2:80 will be reset"));
    assert_non_null(strstr(text, "kasniff probe 10.0.0.2:80 10.0.0.1:4000"));
    assert_non_null(strstr(text, "--both"));
    assert_non_null(strstr(text, "--yes"));
}

static void beyond_the_limit_connections_are_left_out_and_counted(void **state)
{
    struct lab *lab = *state;
    struct ka_endpoint other = ends[B];
    unsigned side;
    for (uint16_t port = 1; port <= 2; port++) {
        other.port = port;
        assert_non_null(ka_known_get(lab->known, &ends[A], &other, &side));
    }
    other.port = 3;
    assert_null(ka_known_get(lab->known, &ends[A], &other, &side));
    assert_int_equal(ka_known_left_out(lab->known), 1);
    assert_non_null(ka_known_at(lab->known, 2));
    assert_null(ka_known_at(lab->known, 3));
    assert_null(ka_known_get(lab->known, &ends[A], &ends[A], &side));
}

/* --- asking */

static const struct ka_ask_settings usual = {
    .count = 1, .interval = KA_SECOND, .timeout = KA_SILENCE_MIN};
static const struct ka_target_facts target = {.ttl = 64};

static void three_in_a_row_unanswered_are_silence(void **state)
{
    (void)state;
    struct ka_ask ask = ka_ask_begin(false, NOW);
    struct ka_probe probe = {.kind = KA_PROBE_NUMBERED};
    ka_time now = NOW;
    for (int i = 0; i < 3; i++) {
        assert_true(ka_ask_is_due(&ask, &usual, now));
        ka_ask_sent(&ask, &usual, &probe, now, now);
        assert_false(ka_ask_is_due(&ask, &usual, now + KA_GUARD_GAP - 1));
        now = i < 2 ? now + KA_GUARD_GAP : now;
    }
    assert_false(ka_ask_is_due(&ask, &usual, now + 3600 * KA_SECOND));
    assert_int_equal(ka_ask_next(&ask, &usual), now + KA_SILENCE_MIN);
    ka_ask_tick(&ask, &usual, now + KA_SILENCE_MIN - 1);
    assert_false(ask.done);
    ka_ask_tick(&ask, &usual, now + KA_SILENCE_MIN);
    assert_true(ask.done);
    assert_int_equal(ka_finding_verdict(ask.judgement.state), KA_VERDICT_SILENT);
}

static void two_without_numbers_are_unknown(void **state)
{
    (void)state;
    struct ka_ask ask = ka_ask_begin(true, NOW);
    struct ka_probe probe = {.kind = KA_PROBE_NUMBERLESS};
    ka_ask_sent(&ask, &usual, &probe, NOW, NOW);
    assert_false(ka_ask_is_due(&ask, &usual, NOW + 4 * KA_SECOND - 1));
    assert_true(ka_ask_is_due(&ask, &usual, NOW + 4 * KA_SECOND));
    ka_ask_sent(&ask, &usual, &probe, NOW + 4 * KA_SECOND, NOW + 4 * KA_SECOND);
    ka_ask_tick(&ask, &usual, NOW + 8 * KA_SECOND);
    assert_true(ask.done);
    assert_int_equal(ka_finding_verdict(ask.judgement.state), KA_VERDICT_UNKNOWN);
}

static void packets_from_before_the_probe_are_no_answers(void **state)
{
    (void)state;
    struct ka_ask ask = ka_ask_begin(false, NOW);
    struct ka_probe probe = {.kind = KA_PROBE_NUMBERED};
    struct ka_observation ack = {.reaction = KA_REACTION_ACK, .ttl = 64};
    ka_time rtt = 0;
    assert_false(ka_ask_take(&ask, &usual, &ack, &target, NOW, &rtt));
    ka_ask_sent(&ask, &usual, &probe, NOW, NOW);
    ka_ask_left(&ask, NOW + 10);
    assert_false(ka_ask_take(&ask, &usual, &ack, &target, NOW + 9, &rtt));
    assert_false(ka_ask_take(&ask, &usual, &ack, &target, KA_TIME_NONE, &rtt));
    assert_true(ka_ask_take(&ask, &usual, &ack, &target, NOW + 25, &rtt));
    assert_int_equal(rtt, 15);
    assert_true(ask.done);
}

static void an_answer_to_each_of_as_many_as_were_wanted(void **state)
{
    (void)state;
    struct ka_ask_settings three = usual;
    three.count = 3;
    struct ka_ask ask = ka_ask_begin(false, NOW);
    struct ka_probe probe = {.kind = KA_PROBE_NUMBERED};
    struct ka_observation ack = {.reaction = KA_REACTION_ACK, .ttl = 64};
    ka_time now = NOW;
    for (int i = 0; i < 3; i++, now += KA_GUARD_GAP) {
        ka_time rtt;
        assert_true(ka_ask_is_due(&ask, &three, now));
        ka_ask_sent(&ask, &three, &probe, now, now);
        assert_true(ka_ask_take(&ask, &three, &ack, &target, now + 5, &rtt));
        assert_false(ka_ask_take(&ask, &three, &ack, &target, now + 6, &rtt)); /* once a probe */
    }
    assert_true(ask.done);
    assert_int_equal(ask.judgement.answered, 3);
}

static void a_reset_and_an_error_end_it_at_once(void **state)
{
    (void)state;
    static const enum ka_reaction rows[] = {KA_REACTION_RST, KA_REACTION_ICMP};
    struct ka_ask_settings many = usual;
    many.count = 9;
    for (size_t i = 0; i < 2; i++) {
        struct ka_ask ask = ka_ask_begin(false, NOW);
        struct ka_probe probe = {.kind = KA_PROBE_NUMBERED};
        struct ka_observation seen = {.reaction = rows[i], .ttl = 64};
        ka_time rtt;
        ka_ask_sent(&ask, &many, &probe, NOW, NOW);
        assert_true(ka_ask_take(&ask, &many, &seen, &target, NOW + 1, &rtt));
        assert_true(ask.done);
        assert_false(ka_ask_is_due(&ask, &many, NOW + 3600 * KA_SECOND));
    }
}

static void a_hop_on_the_way_answers_nothing(void **state)
{
    (void)state;
    struct ka_ask ask = ka_ask_begin(false, NOW);
    struct ka_probe probe = {.kind = KA_PROBE_NUMBERED};
    struct ka_observation hop = {.reaction = KA_REACTION_ICMP_HOP, .ttl = 64};
    ka_time rtt;
    ka_ask_sent(&ask, &usual, &probe, NOW, NOW);
    assert_false(ka_ask_take(&ask, &usual, &hop, &target, NOW + 1, &rtt));
    assert_int_equal(ask.unanswered, 1);
}

#define IN_LAB(test) cmocka_unit_test_setup_teardown(test, open_lab, close_lab)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_LAB(the_probe_is_made_from_the_targets_own_ack),
        IN_LAB(an_echo_tells_a_timestamp_that_was_missed),
        IN_LAB(numbers_without_the_timestamps_they_need_are_none),
        IN_LAB(what_is_a_sign_of_life),
        IN_LAB(a_bare_segment_of_unknown_numbers_is_no_sign_of_life),
        IN_LAB(a_sign_of_life_gets_old),
        IN_LAB(a_capture_is_no_sign_of_life),
        IN_LAB(own_probes_are_known_under_any_address),
        IN_LAB(a_reset_outweighs_everything),
        IN_LAB(a_new_connection_on_the_same_ports_forgets_the_old),
        IN_LAB(the_wire_corrects_an_old_capture),
        IN_LAB(the_end_more_in_doubt_is_asked_first),
        IN_LAB(the_risk_names_both_ends_and_the_ways_out),
        IN_LAB(beyond_the_limit_connections_are_left_out_and_counted),
        cmocka_unit_test(three_in_a_row_unanswered_are_silence),
        cmocka_unit_test(two_without_numbers_are_unknown),
        cmocka_unit_test(packets_from_before_the_probe_are_no_answers),
        cmocka_unit_test(an_answer_to_each_of_as_many_as_were_wanted),
        cmocka_unit_test(a_reset_and_an_error_end_it_at_once),
        cmocka_unit_test(a_hop_on_the_way_answers_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
