/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From reactions to verdicts: every cell of the table, what a packet amounts to, and the words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inject/verdict.h"

#include <string.h>

/* States by letter: n nothing, b blind, A alive, c closing, t time-wait, p proxy, d disputed,
 * H reset by host, M by middlebox, U unsure, X unreachable, S silent, ? unknown. */
static const char letters[] = "nbActpdHMUXS?";

/* For each state, what follows each input: ACK, closing, time-wait, elsewhere, RST host,
 * middlebox, unsure, ICMP, silence. */
static void every_cell_of_the_table(void **state)
{
    (void)state;
    static const char *const rows[KA_FOUND_COUNT] = {
        "n ActpHMUXS", "b ActpHMUX?", "A ActpHMUXA", "c cctcHMUXc", "t ttttHMUXt",
        "p pctpHMUXp", "d dctdHddXd", "H HHHHHHHHH", "M dddMHMMMM", "U ddddHMUUU",
        "X ActpHMUXX", "S ActpHMUXS", "? ActpHMUX?",
    };
    assert_int_equal(strlen(letters), KA_FOUND_COUNT);
    for (size_t from = 0; from < KA_FOUND_COUNT; from++) {
        assert_int_equal(rows[from][0], letters[from]);
        assert_int_equal(strlen(rows[from]), KA_INPUT_COUNT + 2);
        for (size_t input = 0; input < KA_INPUT_COUNT; input++) {
            size_t next =
                ka_judgement_next((enum ka_finding_state)from, (enum ka_finding_input)input);
            if (letters[next] != rows[from][input + 2])
                fail_msg("%c with input %zu is %c", letters[from], input, letters[next]);
        }
    }
}

static void each_state_has_its_verdict_and_exit_status(void **state)
{
    (void)state;
    static const struct {
        enum ka_finding_state state;
        enum ka_verdict verdict;
        enum ka_origin origin;
        int status;
    } rows[] = {
        {KA_FOUND_NOTHING, KA_VERDICT_UNKNOWN, KA_ORIGIN_UNKNOWN, 6},
        {KA_FOUND_NOTHING_BLIND, KA_VERDICT_UNKNOWN, KA_ORIGIN_UNKNOWN, 6},
        {KA_FOUND_ALIVE, KA_VERDICT_ALIVE, KA_ORIGIN_ENDPOINT, 0},
        {KA_FOUND_CLOSING, KA_VERDICT_DOUBTFUL, KA_ORIGIN_ENDPOINT, 0},
        {KA_FOUND_TIME_WAIT, KA_VERDICT_DOUBTFUL, KA_ORIGIN_ENDPOINT, 0},
        {KA_FOUND_PROXY, KA_VERDICT_DOUBTFUL, KA_ORIGIN_MIDDLEBOX, 0},
        {KA_FOUND_DISPUTED, KA_VERDICT_DOUBTFUL, KA_ORIGIN_UNKNOWN, 0},
        {KA_FOUND_RESET_HOST, KA_VERDICT_RESET, KA_ORIGIN_ENDPOINT, 3},
        {KA_FOUND_RESET_MIDDLEBOX, KA_VERDICT_RESET, KA_ORIGIN_MIDDLEBOX, 3},
        {KA_FOUND_RESET_UNSURE, KA_VERDICT_RESET, KA_ORIGIN_UNKNOWN, 3},
        {KA_FOUND_UNREACHABLE, KA_VERDICT_UNREACHABLE, KA_ORIGIN_MIDDLEBOX, 5},
        {KA_FOUND_SILENT, KA_VERDICT_SILENT, KA_ORIGIN_UNKNOWN, 4},
        {KA_FOUND_UNKNOWN, KA_VERDICT_UNKNOWN, KA_ORIGIN_UNKNOWN, 6},
    };
    assert_int_equal(sizeof(rows) / sizeof(rows[0]), KA_FOUND_COUNT);
    for (size_t i = 0; i < KA_FOUND_COUNT; i++) {
        assert_int_equal(ka_finding_verdict(rows[i].state), rows[i].verdict);
        assert_int_equal(ka_finding_origin(rows[i].state), rows[i].origin);
        assert_int_equal(ka_verdict_exit(rows[i].verdict), rows[i].status);
    }
}

static void of_many_the_worst_counts(void **state)
{
    (void)state;
    static const int rows[][3] = {{0, 0, 0}, {0, 3, 3}, {4, 3, 4}, {6, 5, 6}, {6, 1, 1}, {1, 0, 1}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(ka_verdict_worse_exit(rows[i][0], rows[i][1]), rows[i][2]);
        assert_int_equal(ka_verdict_worse_exit(rows[i][1], rows[i][0]), rows[i][2]);
    }
}

static void packets_are_held_against_the_target(void **state)
{
    (void)state;
    static const struct {
        struct ka_observation seen;
        struct ka_target_facts facts;
        enum ka_finding_input input;
    } rows[] = {
        {{.reaction = KA_REACTION_ACK, .ttl = 61}, {.ttl = 61}, KA_INPUT_ACK},
        {{.reaction = KA_REACTION_ACK, .ttl = 61}, {.ttl = 0}, KA_INPUT_ACK},
        {{.reaction = KA_REACTION_DSACK, .ttl = 61}, {.ttl = 61}, KA_INPUT_ACK},
        {{.reaction = KA_REACTION_DATA, .ttl = 61}, {.ttl = 61}, KA_INPUT_ACK},
        {{.reaction = KA_REACTION_CHALLENGE, .ttl = 61}, {.ttl = 61}, KA_INPUT_ACK},
        {{.reaction = KA_REACTION_ACK, .ttl = 63}, {.ttl = 61}, KA_INPUT_ACK_ELSEWHERE},
        {{.reaction = KA_REACTION_ACK, .ttl = 252}, {.ttl = 61}, KA_INPUT_ACK},
        {{.reaction = KA_REACTION_ACK, .ttl = 61}, {.ttl = 61, .source_fin = true}, KA_INPUT_ACK},
        {{.reaction = KA_REACTION_ACK, .ttl = 61},
         {.ttl = 61, .target_fin = true},
         KA_INPUT_ACK_CLOSING},
        {{.reaction = KA_REACTION_FIN, .ttl = 61}, {.ttl = 61}, KA_INPUT_ACK_CLOSING},
        {{.reaction = KA_REACTION_ACK, .ttl = 61},
         {.ttl = 61, .target_fin = true, .source_fin = true},
         KA_INPUT_ACK_TIME_WAIT},
        {{.reaction = KA_REACTION_RST, .ttl = 61}, {.ttl = 61}, KA_INPUT_RST_HOST},
        {{.reaction = KA_REACTION_RST, .ttl = 61}, {.ttl = 0}, KA_INPUT_RST_UNSURE},
        {{.reaction = KA_REACTION_RST, .ttl = 63}, {.ttl = 61}, KA_INPUT_RST_MIDDLEBOX},
        {{.reaction = KA_REACTION_RST, .ttl = 252}, {.ttl = 61}, KA_INPUT_RST_UNSURE},
        {{.reaction = KA_REACTION_RST, .ttl = 255}, {.ttl = 61}, KA_INPUT_RST_MIDDLEBOX},
        {{.reaction = KA_REACTION_RST, .ttl = 61, .ip_id = 0},
         {.ttl = 61, .ip_id = 900, .ip_id_known = true},
         KA_INPUT_RST_HOST},
        {{.reaction = KA_REACTION_RST, .ttl = 61, .ip_id = 3},
         {.ttl = 61, .ip_id = 65530, .ip_id_known = true},
         KA_INPUT_RST_HOST},
        {{.reaction = KA_REACTION_RST, .ttl = 61, .ip_id = 40000},
         {.ttl = 61, .ip_id = 900, .ip_id_known = true},
         KA_INPUT_RST_UNSURE},
        {{.reaction = KA_REACTION_ICMP}, {.ttl = 61}, KA_INPUT_ICMP},
        {{.reaction = KA_REACTION_ICMP_HOP}, {.ttl = 61}, KA_INPUT_COUNT},
        {{.reaction = KA_REACTION_NONE}, {.ttl = 61}, KA_INPUT_COUNT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum ka_finding_input input = ka_judgement_classify(&rows[i].seen, &rows[i].facts);
        if (input != rows[i].input)
            fail_msg("row %zu: %d", i, (int)input);
    }
}

static struct ka_ev_verdict conclude(const struct ka_judgement *judgement,
                                     const struct ka_target_facts *facts)
{
    struct ka_ev_verdict verdict;
    struct ka_endpoint target;
    assert_int_equal(ka_endpoint_parse("10.0.0.2:80", &target, NULL), 0);
    ka_judgement_verdict(judgement, facts, &target, &verdict);
    assert_true(ka_addr_equal(&verdict.target.addr, &target.addr));
    return verdict;
}

static void answers_are_counted_and_the_best_time_kept(void **state)
{
    (void)state;
    const struct ka_target_facts facts = {.ttl = 61};
    const struct ka_observation ack = {.reaction = KA_REACTION_ACK, .ttl = 61};
    const struct ka_observation none = {.reaction = KA_REACTION_NONE};
    struct ka_judgement judgement = ka_judgement_begin(true);
    assert_int_equal(conclude(&judgement, &facts).verdict, KA_VERDICT_UNKNOWN);
    ka_judgement_sent(&judgement);
    assert_false(ka_judgement_take(&judgement, &none, &facts, 1));
    assert_true(ka_judgement_take(&judgement, &ack, &facts, 9));
    ka_judgement_sent(&judgement);
    assert_true(ka_judgement_take(&judgement, &ack, &facts, 5));
    assert_true(ka_judgement_take(&judgement, &ack, &facts, KA_TIME_NONE));
    ka_judgement_sent(&judgement);
    assert_true(ka_judgement_take(&judgement, &ack, &facts, 7));
    struct ka_ev_verdict verdict = conclude(&judgement, &facts);
    assert_int_equal(verdict.verdict, KA_VERDICT_ALIVE);
    assert_int_equal(verdict.sent, 3);
    assert_int_equal(verdict.answered, 3);
    assert_int_equal(verdict.rtt, 5);
    assert_int_equal(verdict.ttl, 61);
    assert_int_equal(verdict.origin, KA_ORIGIN_ENDPOINT);
    assert_string_equal(verdict.why, "");
    ka_judgement_sent(&judgement);
    assert_true(ka_judgement_silence(&judgement, KA_SILENCE_MIN));
    verdict = conclude(&judgement, &facts);
    assert_int_equal(verdict.verdict, KA_VERDICT_ALIVE);
    assert_non_null(strstr(verdict.why, "3 of 4"));
}

static void nothing_is_silent_before_four_seconds(void **state)
{
    (void)state;
    const struct ka_target_facts facts = {.ttl = 61};
    for (int known = 0; known < 2; known++) {
        struct ka_judgement judgement = ka_judgement_begin(known == 1);
        ka_judgement_sent(&judgement);
        assert_false(ka_judgement_silence(&judgement, KA_SILENCE_MIN - 1));
        assert_string_equal(conclude(&judgement, &facts).why, "no answer yet");
        assert_true(ka_judgement_silence(&judgement, KA_SILENCE_MIN));
        assert_int_equal(conclude(&judgement, &facts).verdict,
                         known == 1 ? KA_VERDICT_SILENT : KA_VERDICT_UNKNOWN);
        assert_int_equal(conclude(&judgement, &facts).rtt, KA_TIME_NONE);
    }
}

static void silence_names_what_else_it_could_be(void **state)
{
    (void)state;
    static const struct {
        struct ka_target_facts facts;
        const char *word;
        bool there;
    } rows[] = {
        {{.timestamps_guessed = true}, "PAWS", true},
        {{.gentle = true}, "PAWS", false},
        {{.gentle = true}, "as invalid", true},
        {{.md5 = true}, "TCP-MD5", true},
        {{.elsewhere = true}, "uRPF", true},
        {{.md5 = true}, "uRPF", false},
        {{.one_way = true}, "do not pass here", true},
        {{.ttl = 1}, "as invalid", false},
        {{.ttl = 1}, "a firewall drops the probe", true},
        {{.timestamps_guessed = true, .gentle = true, .md5 = true, .one_way = true},
         "a firewall drops the probe",
         true},
    };
    struct ka_judgement judgement = ka_judgement_begin(true);
    assert_true(ka_judgement_silence(&judgement, KA_SILENCE_MIN));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_ev_verdict verdict = conclude(&judgement, &rows[i].facts);
        if ((strstr(verdict.why, rows[i].word) != NULL) != rows[i].there)
            fail_msg("row %zu: %s", i, verdict.why);
    }
}

static void an_unreachable_target_is_told_by_whom(void **state)
{
    (void)state;
    static const struct {
        uint8_t family, type, code;
        const char *from;
        const char *why;
        enum ka_origin origin;
    } rows[] = {
        {4, 3, 1, "10.0.0.254", "host unreachable (ICMP type 3 code 1) from 10.0.0.254",
         KA_ORIGIN_MIDDLEBOX},
        {4, 3, 13, "10.0.0.2", "administratively prohibited (ICMP type 3 code 13) from 10.0.0.2",
         KA_ORIGIN_ENDPOINT},
        {4, 3, 99, "10.0.0.9", "unreachable (ICMP type 3 code 99) from 10.0.0.9",
         KA_ORIGIN_MIDDLEBOX},
        {6, 1, 3, "2001:db8::fe", "address unreachable (ICMPv6 type 1 code 3) from 2001:db8::fe",
         KA_ORIGIN_MIDDLEBOX},
    };
    const struct ka_target_facts facts = {.ttl = 61};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_judgement judgement = ka_judgement_begin(true);
        struct ka_observation seen = {
            .reaction = KA_REACTION_ICMP, .icmp_type = rows[i].type, .icmp_code = rows[i].code};
        assert_true(ka_addr_parse(rows[i].from, &seen.from));
        assert_int_equal(seen.from.family, rows[i].family);
        assert_true(ka_judgement_take(&judgement, &seen, &facts, 3 * KA_SECOND));
        struct ka_ev_verdict verdict = conclude(&judgement, &facts);
        assert_int_equal(verdict.verdict, KA_VERDICT_UNREACHABLE);
        assert_string_equal(verdict.why, rows[i].why);
        assert_int_equal(verdict.origin, rows[i].origin);
        assert_int_equal(verdict.rtt, KA_TIME_NONE); /* a router's time is not the target's */
    }
}

static void a_hop_that_used_the_ttl_up_explains_a_silence(void **state)
{
    (void)state;
    for (int blind = 0; blind < 2; blind++) {
        struct ka_judgement judgement = ka_judgement_begin(blind == 0);
        struct ka_target_facts facts = {.ttl = 60};
        struct ka_observation hop = {.reaction = KA_REACTION_ICMP_HOP, .ttl = 64, .icmp_type = 11};
        assert_true(ka_addr_parse("10.9.1.1", &hop.from));
        ka_judgement_sent(&judgement);
        assert_false(ka_judgement_take(&judgement, &hop, &facts, 5));
        assert_int_equal(judgement.answered, 0);
        assert_true(ka_judgement_silence(&judgement, KA_SILENCE_MIN));
        struct ka_ev_verdict verdict = conclude(&judgement, &facts);
        assert_int_equal(verdict.verdict, blind ? KA_VERDICT_UNKNOWN : KA_VERDICT_SILENT);
        assert_non_null(strstr(verdict.why, "used up at 10.9.1.1 (ICMP time exceeded)"));
        /* Whoever answers after all was reached. */
        struct ka_observation ack = {.reaction = KA_REACTION_ACK, .ttl = 60};
        ka_judgement_take(&judgement, &ack, &facts, 5);
        assert_null(strstr(conclude(&judgement, &facts).why, "10.9.1.1"));
    }
}

static void every_doubt_and_every_reset_is_explained(void **state)
{
    (void)state;
    static const struct {
        enum ka_finding_state state;
        const char *word;
    } rows[] = {
        {KA_FOUND_CLOSING, "FIN"},
        {KA_FOUND_TIME_WAIT, "time-wait"},
        {KA_FOUND_PROXY, "proxy"},
        {KA_FOUND_DISPUTED, "reset"},
        {KA_FOUND_RESET_HOST, "does not know the connection"},
        {KA_FOUND_RESET_MIDDLEBOX, "middlebox"},
        {KA_FOUND_RESET_UNSURE, "do not tell"},
        {KA_FOUND_UNKNOWN, "could not be learned"},
    };
    const struct ka_target_facts facts = {.ttl = 61};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_judgement judgement = {.state = rows[i].state, .rtt = KA_TIME_NONE};
        struct ka_ev_verdict verdict = conclude(&judgement, &facts);
        if (strstr(verdict.why, rows[i].word) == NULL)
            fail_msg("row %zu: %s", i, verdict.why);
    }
    struct ka_judgement alive = {.state = KA_FOUND_ALIVE, .sent = 1, .answered = 1};
    const struct ka_target_facts half = {.source_fin = true};
    assert_non_null(strstr(conclude(&alive, &half).why, "half-closed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_of_the_table),
        cmocka_unit_test(each_state_has_its_verdict_and_exit_status),
        cmocka_unit_test(of_many_the_worst_counts),
        cmocka_unit_test(packets_are_held_against_the_target),
        cmocka_unit_test(answers_are_counted_and_the_best_time_kept),
        cmocka_unit_test(nothing_is_silent_before_four_seconds),
        cmocka_unit_test(silence_names_what_else_it_could_be),
        cmocka_unit_test(an_unreachable_target_is_told_by_whom),
        cmocka_unit_test(a_hop_that_used_the_ttl_up_explains_a_silence),
        cmocka_unit_test(every_doubt_and_every_reset_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
