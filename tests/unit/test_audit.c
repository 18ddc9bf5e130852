/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The audit without sockets: which silences are tried, what trials say together, the known
 * products, advice, the lines of the protocol and the life of a trial.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/advice.h"
#include "audit/findings.h"
#include "audit/hops.h"
#include "audit/message.h"
#include "audit/plan.h"
#include "audit/products.h"
#include "audit/remedy.h"
#include "audit/trial.h"
#include "audit/watch.h"

#include <stdio.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define S               KA_SECOND

#define LIVED(seconds)                                                                             \
    {                                                                                              \
        .idle = (ka_time)((seconds)*1e9), .result = KA_TRIAL_SURVIVED                              \
    }
#define DIED(seconds, how)                                                                         \
    {                                                                                              \
        .idle = (ka_time)((seconds)*1e9), .result = KA_TRIAL_DIED, .after = KA_AFTER_##how         \
    }
#define LOST(seconds)                                                                              \
    {                                                                                              \
        .idle = (ka_time)((seconds)*1e9), .result = KA_TRIAL_CENSORED                              \
    }
#define RESET(seconds, by, ttl)                                                                    \
    {                                                                                              \
        .idle = (ka_time)((seconds)*1e9), .result = KA_TRIAL_DIED, .after = KA_AFTER_RST,          \
        .origin = KA_ORIGIN_##by, .reset_ttl = (ttl), .usual_ttl = 60                              \
    }
#define NONE KA_TIME_NONE

static void trials_become_a_bracket(void **state)
{
    (void)state;
    static const struct {
        struct ka_trial trials[8];
        size_t count;
        ka_time survived, died, longest;
        uint32_t contradictions;
        uint8_t after;
    } rows[] = {
        {{{0}}, 0, NONE, NONE, NONE, 0, KA_AFTER_UNKNOWN},
        {{LIVED(3), LIVED(1), LIVED(2)}, 3, 3 * S, NONE, 3 * S, 0, KA_AFTER_UNKNOWN},
        {{DIED(4, RST), DIED(2, RST)}, 2, NONE, 2 * S, NONE, 0, KA_AFTER_RST},
        {{DIED(5, SILENT), LIVED(1), DIED(4, SILENT), LIVED(3)},
         4,
         3 * S,
         4 * S,
         3 * S,
         0,
         KA_AFTER_SILENT},
        /* the unjudged do not count */
        {{LIVED(1), LOST(2), DIED(4, ICMP), LOST(9)}, 4, 1 * S, 4 * S, 1 * S, 0, KA_AFTER_ICMP},
        /* a death by chance does not shift the boundary */
        {{LIVED(1), DIED(2, SILENT), LIVED(3), LIVED(4), DIED(5, RST), DIED(6, RST)},
         6,
         4 * S,
         5 * S,
         4 * S,
         1,
         KA_AFTER_RST},
        /* nor does a survivor by chance */
        {{LIVED(1), LIVED(2), DIED(3, RST), DIED(4, RST), LIVED(5), DIED(6, RST)},
         6,
         2 * S,
         3 * S,
         5 * S,
         1,
         KA_AFTER_RST},
        /* the same silence both ways: it is the boundary */
        {{DIED(2, RST), LIVED(2)}, 2, 2 * S, 2 * S, 2 * S, 0, KA_AFTER_RST},
        /* the commonest consequence; of equals the one of the shortest silence */
        {{LIVED(1), DIED(2, RST), DIED(3, SILENT), DIED(4, SILENT)},
         4,
         1 * S,
         2 * S,
         1 * S,
         0,
         KA_AFTER_SILENT},
        {{LIVED(1), DIED(2, CLOSED), DIED(3, SILENT)}, 3, 1 * S, 2 * S, 1 * S, 0, KA_AFTER_CLOSED},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ka_trial trials[8];
        struct ka_bracket bracket;
        memcpy(trials, rows[i].trials, sizeof(trials));
        ka_bracket_judge(trials, rows[i].count, &bracket);
        assert_int_equal(bracket.survived, rows[i].survived);
        assert_int_equal(bracket.died, rows[i].died);
        assert_int_equal(bracket.longest, rows[i].longest);
        assert_int_equal(bracket.contradictions, rows[i].contradictions);
        assert_int_equal(bracket.after, rows[i].after);
        assert_int_equal(bracket.survivors + bracket.deaths + bracket.censored, rows[i].count);
    }
}

static void a_reset_has_an_origin_where_the_trials_agree(void **state)
{
    (void)state;
    static const struct {
        struct ka_trial trials[4];
        size_t count;
        uint8_t origin;
        uint8_t reset_ttl;
    } rows[] = {
        {{LIVED(1), RESET(3, MIDDLEBOX, 63), RESET(2, MIDDLEBOX, 64)}, 3, KA_ORIGIN_MIDDLEBOX, 64},
        {{RESET(2, ENDPOINT, 60), RESET(3, UNKNOWN, 0)}, 2, KA_ORIGIN_ENDPOINT, 60},
        {{RESET(2, ENDPOINT, 60), RESET(3, MIDDLEBOX, 64)}, 2, KA_ORIGIN_UNKNOWN, 60},
        {{RESET(2, UNKNOWN, 0)}, 1, KA_ORIGIN_UNKNOWN, 0},
        /* below the boundary: a death by chance */
        {{RESET(1, ENDPOINT, 60), LIVED(2), LIVED(3), RESET(4, MIDDLEBOX, 64)},
         4,
         KA_ORIGIN_MIDDLEBOX,
         64},
        /* resets are not what connections die of here */
        {{RESET(4, MIDDLEBOX, 64), DIED(2, SILENT), DIED(3, SILENT)}, 3, KA_ORIGIN_UNKNOWN, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ka_trial trials[4];
        struct ka_bracket bracket;
        memcpy(trials, rows[i].trials, sizeof(trials));
        ka_bracket_judge(trials, rows[i].count, &bracket);
        assert_int_equal(bracket.origin, rows[i].origin);
        assert_int_equal(bracket.reset_ttl, rows[i].reset_ttl);
    }
}

static void a_reset_with_another_time_to_live_is_a_middleboxs(void **state)
{
    (void)state;
    static const struct {
        struct ka_watched seen;
        uint8_t origin;
    } rows[] = {
        {{.usual = 63, .reset = 63}, KA_ORIGIN_ENDPOINT},
        {{.usual = 63, .reset = 64}, KA_ORIGIN_MIDDLEBOX},
        {{.usual = 63, .reset = 254}, KA_ORIGIN_MIDDLEBOX},
        {{.usual = 0, .reset = 64}, KA_ORIGIN_UNKNOWN},
        {{.usual = 63, .reset = 0}, KA_ORIGIN_UNKNOWN},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(ka_watch_origin(&rows[i].seen), rows[i].origin);
    struct ka_watched none = ka_watch_port(NULL, 40000);
    assert_int_equal(ka_watch_origin(&none), KA_ORIGIN_UNKNOWN);
}

static void causes_are_told_apart_by_how_connections_died(void **state)
{
    (void)state;
    struct ka_trial trials[] = {LIVED(1),          LIVED(50),        DIED(60, CLOSED), LIVED(100),
                                DIED(350, SILENT), DIED(65, CLOSED), LIVED(300),       LOST(40)};
    struct ka_bracket causes[KA_CAUSES_MAX];
    assert_int_equal(ka_bracket_causes(trials, COUNT_OF(trials), causes), 2);
    assert_int_equal(causes[0].after, KA_AFTER_CLOSED);
    assert_int_equal(causes[0].survived, 50 * S);
    assert_int_equal(causes[0].died, 60 * S);
    assert_int_equal(causes[0].deaths, 2);
    assert_int_equal(causes[1].after, KA_AFTER_SILENT);
    assert_int_equal(causes[1].survived, 300 * S);
    assert_int_equal(causes[1].died, 350 * S);
    assert_int_equal(causes[1].contradictions, 0);
    assert_int_equal(ka_bracket_causes(trials, 2, causes), 0);
}

static void the_coarse_grid_grows_by_one_factor(void **state)
{
    (void)state;
    ka_time grid[16];
    size_t count = ka_plan_logarithmic(1 * S, 16 * S, 5, grid);
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(grid[i], S << i);
    assert_int_equal(ka_plan_logarithmic(7 * S, 7 * S, 5, grid), 1);
    assert_int_equal(grid[0], 7 * S);
    /* never closer than can be told apart, and always with the end */
    count = ka_plan_logarithmic(S, S + 3 * KA_MILLISECOND, 16, grid);
    assert_in_range(count, 2, 4);
    assert_int_equal(grid[count - 1], S + 3 * KA_MILLISECOND);
}

static void the_fine_grid_stays_inside_the_bracket_and_tries_the_death_again(void **state)
{
    (void)state;
    ka_time grid[16];
    assert_int_equal(ka_plan_even(10 * S, 20 * S, 10, grid), 10);
    assert_int_equal(grid[0], 11 * S);
    assert_int_equal(grid[8], 19 * S);
    assert_in_range(grid[9], 20 * S, 20 * S + 20 * KA_MILLISECOND);
    assert_int_equal(ka_plan_even(10 * S, 10 * S + KA_MILLISECOND / 2, 10, grid), 0);
}

/* Plays an audit of a path with one limit: every silence up to it lives. */
static unsigned play(const struct ka_plan *plan, ka_time limit, struct ka_bracket *bracket)
{
    static struct ka_trial trials[4096];
    size_t count = 0;
    ka_time silences[64];
    unsigned passes = 0;
    ka_bracket_judge(NULL, 0, bracket);
    for (size_t planned; (planned = ka_plan_next(plan, bracket, passes, silences)) > 0; passes++) {
        for (size_t i = 0; i < planned; i++)
            trials[count++] = (struct ka_trial){.idle = silences[i],
                                                .result = silences[i] <= limit ? KA_TRIAL_SURVIVED
                                                                               : KA_TRIAL_DIED,
                                                .after = KA_AFTER_SILENT};
        ka_bracket_judge(trials, count, bracket);
    }
    return passes;
}

static void two_passes_find_any_limit_to_a_fine_step(void **state)
{
    (void)state;
    static const struct ka_plan plan = {.min = 10 * S, .max = 7800 * S, .steps = 24};
    for (ka_time limit = 11 * S; limit < 7700 * S; limit += limit / 7) {
        struct ka_bracket bracket;
        assert_in_range(play(&plan, limit, &bracket), 1, 3);
        assert_true(bracket.survived <= limit && limit < bracket.died);
        assert_true(ka_bracket_width(&bracket) <= ka_plan_target(&plan, bracket.died));
        assert_true(ka_bracket_width(&bracket) < limit / 40);
    }
}

static void a_precision_asked_for_takes_as_many_passes_as_it_needs(void **state)
{
    (void)state;
    static const struct ka_plan plan = {
        .min = 10 * S, .max = 7800 * S, .steps = 8, .precision = S / 2};
    struct ka_bracket bracket;
    assert_in_range(play(&plan, 350 * S, &bracket), 3, 6);
    assert_true(ka_bracket_width(&bracket) <= S / 2);
    assert_true(bracket.survived <= 350 * S && 350 * S < bracket.died);
}

static void a_path_without_a_limit_takes_one_pass(void **state)
{
    (void)state;
    static const struct ka_plan plan = {.min = 10 * S, .max = 100 * S, .steps = 8};
    struct ka_bracket bracket;
    assert_int_equal(play(&plan, 1000 * S, &bracket), 1);
    assert_int_equal(bracket.died, NONE);
    assert_int_equal(bracket.survived, 100 * S);
}

static void a_death_below_the_range_ends_at_its_lower_end(void **state)
{
    (void)state;
    static const struct ka_plan plan = {.min = 10 * S, .max = 100 * S, .steps = 8};
    struct ka_bracket bracket;
    assert_int_equal(play(&plan, 2 * S, &bracket), 1);
    assert_int_equal(bracket.survived, NONE);
    assert_int_equal(bracket.died, 10 * S);
}

static void a_single_death_by_chance_is_seen_through(void **state)
{
    (void)state;
    static const struct ka_plan plan = {.min = 10 * S, .max = 100 * S, .steps = 8};
    struct ka_trial trials[64] = {LIVED(10), LIVED(20), DIED(40, SILENT)};
    size_t count = 3;
    struct ka_bracket bracket;
    ka_time silences[8];
    ka_bracket_judge(trials, count, &bracket);
    for (unsigned passes = 1; passes < 8; passes++) {
        size_t planned = ka_plan_next(&plan, &bracket, passes, silences);
        for (size_t i = 0; i < planned; i++)
            trials[count++] = (struct ka_trial){.idle = silences[i], .result = KA_TRIAL_SURVIVED};
        ka_bracket_judge(trials, count, &bracket);
    }
    assert_int_equal(bracket.died, NONE);
    assert_int_equal(bracket.survived, 100 * S);
    assert_int_equal(bracket.contradictions, 1);
}

static void the_table_that_comes_with_the_program_is_sound(void **state)
{
    (void)state;
    struct ka_products products = {.items = NULL};
    struct ka_error error = {{0}};
    const char *known[KA_KNOWN_MAX];
    struct ka_bracket bracket = {.survived = 340 * S, .died = 360 * S, .after = KA_AFTER_SILENT};
    assert_int_equal(ka_products_read(&products, ka_products_builtin, "table", &error), 0);
    assert_string_equal(error.text, "");
    assert_in_range(products.count, 20, 100);
    for (size_t i = 0; i < products.count; i++)
        assert_true(strlen(products.items[i].source) > 5);
    size_t count = ka_products_match(&products, &bracket, known);
    assert_in_range(count, 4, KA_KNOWN_MAX);
    /* those that die in silence come before those that reset */
    assert_string_equal(known[0], "AWS Network Firewall");
    /* a proxy closes, a firewall does not */
    bracket = (struct ka_bracket){.survived = 59 * S, .died = 61 * S, .after = KA_AFTER_RST};
    assert_int_equal(ka_products_match(&products, &bracket, known), 0);
    bracket.after = KA_AFTER_CLOSED;
    assert_int_equal(ka_products_match(&products, &bracket, known), 2);
    bracket.died = KA_TIME_NONE;
    assert_int_equal(ka_products_match(&products, &bracket, known), 0);
    ka_products_fini(&products);
    assert_int_equal(products.count, 0);
}

static void a_users_row_adds_or_replaces(void **state)
{
    (void)state;
    struct ka_products products = {.items = NULL};
    assert_int_equal(ka_products_read(&products, "A\t60\trst\tyes\tbook\n\n# no\n", "one", NULL),
                     0);
    assert_int_equal(ka_products_read(&products,
                                      "A\t2m\tsilent\tno\there\r\nB\t1h\tunknown\tunknown\t", "two",
                                      NULL),
                     0);
    assert_int_equal(products.count, 2);
    assert_int_equal(products.items[0].timeout, 120 * S);
    assert_int_equal(products.items[0].after, KA_AFTER_SILENT);
    assert_int_equal(products.items[0].keepalive0, KA_REFRESHES_NO);
    assert_string_equal(products.items[0].source, "here");
    assert_string_equal(products.items[1].name, "B");
    ka_products_fini(&products);
}

static void a_bad_row_is_named_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *row;
        const char *message;
    } rows[] = {
        {"A\t60\trst\tyes", "mine:2: a row has five columns separated by tabs"},
        {"A\t60\trst\tyes\tx\ty", "mine:2: a row has five columns separated by tabs"},
        {"\t60\trst\tyes\tx", "mine:2: the product has no name"},
        {"A\tsoon\trst\tyes\tx", "mine:2: the second column is no duration"},
        {"A\t0\trst\tyes\tx", "mine:2: the second column is no duration"},
        {"A\t60\tbang\tyes\tx", "mine:2: the third column is"},
        {"A\t60\trst\tmaybe\tx", "mine:2: the fourth column is"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ka_products products = {.items = NULL};
        struct ka_error error;
        char text[128];
        snprintf(text, sizeof(text), "# first\n%s\n", rows[i].row);
        assert_int_equal(ka_products_read(&products, text, "mine", &error), -1);
        assert_memory_equal(error.text, rows[i].message, strlen(rows[i].message));
        assert_int_equal(products.count, 0);
        ka_products_fini(&products);
    }
}

static void the_safe_keepalive_time_leaves_room_for_a_lost_probe(void **state)
{
    (void)state;
    static const struct {
        ka_time survived, died, idle, interval;
    } rows[] = {
        {345 * S, 352 * S, 176 * S, 58 * S}, /* half of the shortest death */
        {100 * S, 352 * S, 66 * S, 22 * S}, /* two thirds of the longest survival, a wide bracket */
        {NONE, 60 * S, 30 * S, 10 * S},
        {7800 * S, NONE, 5200 * S, 75 * S},
        {4 * S, 4 * S + 1, 2 * S, 1 * S},
        {S * 397 / 100, S * 3999 / 1000, 2 * S, 1 * S},
        {3 * S, S * 38 / 10, 1 * S, 1 * S},
        {NONE, 1 * S, NONE, 0},
        {NONE, NONE, NONE, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ka_bracket bracket = {.survived = rows[i].survived, .died = rows[i].died};
        assert_int_equal(ka_advice_idle(&bracket), rows[i].idle);
        if (rows[i].idle != NONE)
            assert_int_equal(ka_advice_interval(rows[i].idle), rows[i].interval);
    }
}

static void keepalives_cost_two_packets_each(void **state)
{
    (void)state;
    struct ka_cost four = ka_advice_cost(60 * S, 4);
    struct ka_cost six = ka_advice_cost(60 * S, 6);
    assert_true(four.packets == 2880 && six.packets == 2880);
    assert_true(four.bytes == 2880 * 52 && six.bytes == 2880 * 72);
}

static void every_setting_carries_the_measured_figures(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        ("net.ipv4.tcp_keepalive_time=176 net.ipv4.tcp_keepalive_intvl=58 "
         "net.ipv4.tcp_keepalive_probes=5"),
        "TCP_KEEPIDLE 176, TCP_KEEPINTVL 58, TCP_KEEPCNT 5",
        "net.inet.tcp.keepidle=176000 net.inet.tcp.keepintvl=58000",
        "TCP_KEEPALIVE 176",
        "KeepAliveTime (DWORD) 176000, KeepAliveInterval (DWORD) 58000",
        "ServerAliveInterval 176",
        "tcp_keepalives_idle = 176, tcp_keepalives_interval = 58",
        "so_keepalive=176:58:5",
        "clitcpka-idle 176s",
        "Idle: 176 * time.Second, Interval: 58 * time.Second, Count: 5",
        "TCP_KEEPIDLE, 176",
        "socket.setKeepAlive(true, 176000)",
    };
    char buffer[KA_ADVICE_TEXT_SIZE];
    struct ka_setting setting;
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        assert_true(ka_advice_setting(i, 176 * S, 58 * S, 5, buffer, &setting));
        assert_non_null(strstr(setting.text, wanted[i]));
        assert_null(strchr(setting.text, '%'));
    }
    assert_false(ka_advice_setting(COUNT_OF(wanted), 176 * S, 58 * S, 5, buffer, &setting));
}

static void schedules_beyond_the_shortest_death_are_late(void **state)
{
    (void)state;
    struct ka_bracket bracket = {.survived = 345 * S, .died = 352 * S};
    struct ka_schedule late;
    assert_true(ka_advice_late(0, &bracket, &late));
    assert_int_equal(late.idle, 7200 * S);
    assert_false(ka_advice_late(1, &bracket, &late));
    bracket.died = 30 * S;
    assert_true(ka_advice_late(3, &bracket, &late));
    assert_string_equal(late.who, "Chrome");
    assert_false(ka_advice_late(4, &bracket, &late));
    bracket.died = NONE;
    assert_false(ka_advice_late(0, &bracket, &late));
}

static struct ka_series make_series(uint8_t arm, uint8_t first, uint8_t refresher, ka_time survived,
                                    ka_time died)
{
    return (struct ka_series){
        .arm = arm,
        .first_speaker = first,
        .refresher = refresher,
        .started = true,
        .count = 1,
        .bracket = {.survived = survived, .died = died, .longest = survived},
    };
}

static void the_remedy_is_what_the_arms_have_shown(void **state)
{
    (void)state;
    enum { C = KA_SPEAKER_CLIENT, Z = KA_SPEAKER_SERVER };
    /* Longest survived and shortest death of: keepalives of either side with either first, then
     * data of the client. 0: not run. Silence dies at 10 s. */
    static const struct {
        int lived[5];
        enum ka_remedy remedy;
    } rows[] = {
        {{0, 0, 0, 0, 0}, KA_REMEDY_UNTRIED},
        {{0, 0, 0, 0, 30}, KA_REMEDY_UNTRIED},
        {{30, 30, 30, 30, 30}, KA_REMEDY_KEEPALIVE},
        {{30, 30, 9, 9, 0}, KA_REMEDY_KEEPALIVE}, /* the client's are enough */
        {{9, 9, 30, 30, 0}, KA_REMEDY_KEEPALIVE}, /* the server's are */
        {{30, 9, 9, 30, 30}, KA_REMEDY_DATA},     /* not whoever speaks first */
        {{9, 9, 9, 9, 30}, KA_REMEDY_DATA},
        {{9, 9, 9, 9, 0}, KA_REMEDY_NOT_SEEN},
        {{9, 9, 9, 9, 9}, KA_REMEDY_NONE},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        static const uint8_t kinds[5][3] = {{KA_ARM_KEEPALIVE_0, C, C},
                                            {KA_ARM_KEEPALIVE_0, Z, C},
                                            {KA_ARM_KEEPALIVE_0, C, Z},
                                            {KA_ARM_KEEPALIVE_0, Z, Z},
                                            {KA_ARM_DATA, C, C}};
        struct ka_audit_result result = {.count = 2};
        result.series[0] = make_series(KA_ARM_SILENT, C, C, 9 * S, 10 * S);
        result.series[1] = make_series(KA_ARM_SILENT, Z, C, 9 * S, 10 * S);
        for (size_t j = 0; j < 5; j++)
            if (rows[i].lived[j] != 0)
                result.series[result.count++] =
                    make_series(kinds[j][0], kinds[j][1], kinds[j][2], rows[i].lived[j] * S,
                                rows[i].lived[j] > 10 ? NONE : 10 * S);
        if (ka_remedy_judge(&result) != rows[i].remedy)
            fail_msg("row %zu: %d", i, (int)ka_remedy_judge(&result));
        result.series[0].bracket.died = NONE;
        result.series[1].bracket.died = NONE;
        assert_int_equal(ka_remedy_judge(&result), KA_REMEDY_UNTRIED);
    }
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    static const struct {
        struct ka_message message;
        const char *line;
    } rows[] = {
        {{.type = KA_MESSAGE_GREETING, .number = 2}, "kasniff-audit 2\n"},
        {{.type = KA_MESSAGE_CONTROL, .audit = 0xfedcba9876543210}, "control fedcba9876543210\n"},
        {{.type = KA_MESSAGE_TRIAL,
          .audit = 10,
          .number = 4,
          .arm = KA_ARM_KEEPALIVE_0,
          .first_speaker = KA_SPEAKER_SERVER,
          .idle = 350 * S,
          .interval = 2 * S},
         "trial 000000000000000a 4 keepalive-0 server client 350000 2000\n"},
        {{.type = KA_MESSAGE_OK}, "ok\n"},
        {{.type = KA_MESSAGE_NO, .reason = "too many here"}, "no too many here\n"},
        {{.type = KA_MESSAGE_SPEAK}, "speak\n"},
        {{.type = KA_MESSAGE_HEARD}, "heard\n"},
        {{.type = KA_MESSAGE_PING}, "ping\n"},
        {{.type = KA_MESSAGE_PONG}, "pong\n"},
        {{.type = KA_MESSAGE_REPORT,
          .number = 7,
          .report = KA_REPORT_RST,
          .idle = 4 * S,
          .arrived = 3,
          .reset_ttl = 64,
          .usual_ttl = 63},
         "report 7 rst 4000 3 64 63\n"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[KA_MESSAGE_LINE_MAX + 1];
        struct ka_message read;
        size_t length = ka_message_write(&rows[i].message, text);
        assert_string_equal(text, rows[i].line);
        assert_int_equal(length, strlen(text));
        text[length - 1] = '\0';
        assert_true(ka_message_parse(text, &read));
        assert_memory_equal(&read, &rows[i].message, sizeof(read));
    }
}

static void nonsense_is_no_message(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        " ",
        "no",
        "ok ",
        " ok",
        "ok ok",
        "OK",
        "control",
        "control xyz",
        "control 00000000000000001",
        "control -1",
        "trial 1 1 silent client client 1000",
        "trial 1 1 loud client client 1000 0",
        "trial 1 1 silent me client 1000 0",
        "trial 1 4294967296 silent client client 1000 0",
        "trial 1 1 silent client client 9999999999 0",
        "trial 1 1 silent client client 1000 0 0",
        "trial 1 1 silent client client 1e3 0",
        "report 1 exploded 1 1 0 0",
        "report 1 rst 1 1",
        "report 1 rst 1 1 256 0",
        "GET / HTTP/1.1",
        "kasniff-audit one",
        "a word that is much longer than any word of this protocol",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct ka_message message = {.number = 77};
        assert_false(ka_message_parse(lines[i], &message));
        assert_int_equal(message.number, 77);
    }
}

static void a_line_is_bounded_and_printable(void **state)
{
    (void)state;
    struct ka_message_line line = {.used = 0};
    assert_int_equal(ka_message_gather(&line, 'o'), KA_GATHERED_PART);
    assert_int_equal(ka_message_gather(&line, 'k'), KA_GATHERED_PART);
    assert_int_equal(ka_message_gather(&line, '\n'), KA_GATHERED_LINE);
    assert_string_equal(line.bytes, "ok");
    assert_int_equal(ka_message_gather(&line, '\0'), KA_GATHERED_NONSENSE);
    assert_int_equal(ka_message_gather(&line, '\r'), KA_GATHERED_NONSENSE);
    assert_int_equal(ka_message_gather(&line, (char)0xff), KA_GATHERED_NONSENSE);
    for (int i = 0; i < KA_MESSAGE_LINE_MAX - 1; i++)
        assert_int_equal(ka_message_gather(&line, 'x'), KA_GATHERED_PART);
    assert_int_equal(ka_message_gather(&line, 'x'), KA_GATHERED_NONSENSE);
}

static void a_trial_lives_as_its_table_says(void **state)
{
    (void)state;
    static const struct {
        uint8_t state, input, next, result, after;
    } rows[] = {
        {KA_TRIAL_CONNECTING, KA_INPUT_CONNECTED, KA_TRIAL_GREETING, 0, 0},
        {KA_TRIAL_CONNECTING, KA_INPUT_PLAIN, KA_TRIAL_IDLE, 0, 0},
        {KA_TRIAL_GREETING, KA_INPUT_GREETING, KA_TRIAL_ASKED, 0, 0},
        {KA_TRIAL_ASKED, KA_INPUT_OK, KA_TRIAL_IDLE, 0, 0},
        {KA_TRIAL_ASKED, KA_INPUT_OK_LISTEN, KA_TRIAL_LISTENING, 0, 0},
        {KA_TRIAL_IDLE, KA_INPUT_TIME, KA_TRIAL_SPOKEN, 0, 0},
        {KA_TRIAL_IDLE, KA_INPUT_FIN, KA_TRIAL_ENDED, KA_TRIAL_DIED, KA_AFTER_CLOSED},
        {KA_TRIAL_IDLE, KA_INPUT_RST, KA_TRIAL_ENDED, KA_TRIAL_DIED, KA_AFTER_RST},
        {KA_TRIAL_IDLE, KA_INPUT_ICMP, KA_TRIAL_ENDED, KA_TRIAL_DIED, KA_AFTER_ICMP},
        {KA_TRIAL_IDLE, KA_INPUT_VOID, KA_TRIAL_ENDED, KA_TRIAL_DIED, KA_AFTER_SILENT},
        {KA_TRIAL_LISTENING, KA_INPUT_FIN, KA_TRIAL_ENDED, KA_TRIAL_DIED, KA_AFTER_CLOSED},
        {KA_TRIAL_LISTENING, KA_INPUT_RST, KA_TRIAL_ENDED, KA_TRIAL_DIED, KA_AFTER_RST},
        {KA_TRIAL_LISTENING, KA_INPUT_ICMP, KA_TRIAL_ENDED, KA_TRIAL_DIED, KA_AFTER_ICMP},
        {KA_TRIAL_LISTENING, KA_INPUT_VOID, KA_TRIAL_ENDED, KA_TRIAL_DIED, KA_AFTER_SILENT},
        {KA_TRIAL_LISTENING, KA_INPUT_SPEECH, KA_TRIAL_ENDED, KA_TRIAL_SURVIVED, 0},
        {KA_TRIAL_LISTENING, KA_INPUT_REPORT_SILENT, KA_TRIAL_ENDED, KA_TRIAL_DIED,
         KA_AFTER_SILENT},
        {KA_TRIAL_LISTENING, KA_INPUT_REPORT_RST, KA_TRIAL_ENDED, KA_TRIAL_DIED, KA_AFTER_RST},
        {KA_TRIAL_LISTENING, KA_INPUT_REPORT_ICMP, KA_TRIAL_ENDED, KA_TRIAL_DIED, KA_AFTER_ICMP},
        {KA_TRIAL_SPOKEN, KA_INPUT_ANSWER, KA_TRIAL_ENDED, KA_TRIAL_SURVIVED, 0},
        {KA_TRIAL_SPOKEN, KA_INPUT_FIN, KA_TRIAL_ENDED, KA_TRIAL_DIED, KA_AFTER_CLOSED},
        {KA_TRIAL_SPOKEN, KA_INPUT_RST, KA_TRIAL_ENDED, KA_TRIAL_DIED, KA_AFTER_RST},
        {KA_TRIAL_SPOKEN, KA_INPUT_ICMP, KA_TRIAL_ENDED, KA_TRIAL_DIED, KA_AFTER_ICMP},
        {KA_TRIAL_SPOKEN, KA_INPUT_VOID, KA_TRIAL_ENDED, KA_TRIAL_DIED, KA_AFTER_SILENT},
        {KA_TRIAL_SPOKEN, KA_INPUT_LATE, KA_TRIAL_ENDED, KA_TRIAL_DIED, KA_AFTER_SILENT},
    };
    bool listed[KA_TRIAL_STATE_COUNT][KA_INPUT_COUNT] = {{false}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ka_trial_step step = ka_trial_step(rows[i].state, rows[i].input);
        assert_int_equal(step.next, rows[i].next);
        assert_int_equal(step.result, rows[i].result);
        assert_int_equal(step.after, rows[i].after);
        listed[rows[i].state][rows[i].input] = true;
    }
    /* whatever else happens says nothing about the path */
    for (uint8_t from = 0; from < KA_TRIAL_STATE_COUNT; from++) {
        for (uint8_t on = 0; on < KA_INPUT_COUNT; on++) {
            struct ka_trial_step step = ka_trial_step(from, on);
            if (listed[from][on])
                continue;
            assert_int_equal(step.next, KA_TRIAL_ENDED);
            assert_int_equal(step.result, KA_TRIAL_CENSORED);
        }
    }
}

/* Hops as a text: a digit is the last byte of an address, '-' is silence, a final '!' the far end.
 */
static struct ka_hops hops(const char *text)
{
    struct ka_hops list = {.count = 0};
    for (; *text != '\0'; text++) {
        uint8_t bytes[4] = {10, 0, 0, (uint8_t)(*text - '0')};
        if (*text == '!')
            list.reached = true;
        else if (*text == '-')
            list.count++;
        else
            list.addr[list.count++] = ka_addr_make(4, bytes);
    }
    return list;
}

static void the_last_hop_that_answers_is_the_one_that_forgets(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
        enum ka_hops_result result;
        unsigned hop;
    } rows[] = {
        {"123!", "1---", KA_HOPS_FOUND, 1},  {"123!", "12--", KA_HOPS_FOUND, 2},
        {"123!", "123-", KA_HOPS_BEYOND, 3}, {"123!", "123!", KA_HOPS_HEALED, 0},
        {"123!", "---", KA_HOPS_FOUND, 0},   {"1-3!", "1---", KA_HOPS_FOUND, 1},
        {"-2-4!", "-2--", KA_HOPS_FOUND, 2}, {"1--", "1--", KA_HOPS_UNKNOWN, 0},
        {"---!", "---", KA_HOPS_UNKNOWN, 0}, {"!", "", KA_HOPS_UNKNOWN, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ka_hops before = hops(rows[i].before);
        struct ka_hops after = hops(rows[i].after);
        unsigned hop = 0;
        assert_int_equal(ka_hops_compare(&before, &after, &hop), rows[i].result);
        assert_int_equal(hop, rows[i].hop);
    }
    struct ka_hops list = hops("1-3");
    char text[64];
    ka_hops_text(&list, text, sizeof(text));
    assert_string_equal(text, "10.0.0.1, -, 10.0.0.3");
    ka_hops_text(&list, text, 12);
    assert_string_equal(text, "10.0.0.1, -");
}

static void only_an_error_about_our_own_connection_names_a_hop(void **state)
{
    (void)state;
    static const uint8_t icmp[] = {
        0x45, 0,    0,    56,   0, 0, 0,  0, 64, 1,
        0,    0,    10,   0,    0, 1, 10, 0, 0,  2, /* IP: hop to us */
        11,   0,    0,    0,    0, 0, 0,  0,        /* time exceeded */
        0x45, 0,    0,    52,   0, 0, 0,  0, 1,  6,
        0,    0,    10,   0,    0, 2, 10, 0, 9,  9, /* our segment */
        0x9c, 0x40, 0x15, 0x38, 1, 2, 3,  4,        /* 40000 to 5432 */
    };
    struct ka_endpoint ours;
    struct ka_endpoint far;
    uint8_t bytes[sizeof(icmp)];
    assert_int_equal(ka_endpoint_parse("10.0.0.2:40000", &ours, NULL), 0);
    assert_int_equal(ka_endpoint_parse("10.0.9.9:5432", &far, NULL), 0);
    assert_true(ka_hops_quote(4, icmp, sizeof(icmp), &ours, &far));
    for (size_t length = 0; length < 52; length++)
        assert_false(ka_hops_quote(4, icmp, length, &ours, &far));
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {{0, 0x44}, {9, 6},  {20, 0}, {28, 0x65}, {37, 17},
                   {43, 3},   {47, 8}, {49, 1}, {51, 1}};
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        memcpy(bytes, icmp, sizeof(icmp));
        bytes[changes[i].at] = changes[i].value;
        assert_false(ka_hops_quote(4, bytes, sizeof(bytes), &ours, &far));
    }
    bytes[0] = 0;
    assert_false(ka_hops_quote(6, icmp + 20, sizeof(icmp) - 20, &ours, &far));
}

/* Of the findings it is called with, those of several causes; keeps the text of the last. */
struct told {
    unsigned count;
    char text[KA_TEXT_MAX];
};

static void count_causes(void *context, const struct ka_event *event)
{
    struct told *told = context;
    if (strcmp(event->finding.kind, "several-causes") != 0)
        return;
    told->count++;
    snprintf(told->text, sizeof(told->text), "%s", event->finding.text);
}

static void what_lies_within_the_timers_grain_is_no_contradiction(void **state)
{
    (void)state;
    static const struct {
        struct ka_trial trials[6];
        const char *words; /* of the finding; NULL none */
    } rows[] = {
        {{LIVED(1), LIVED(3.99), DIED(4.0, CLOSED), LIVED(4.001), DIED(4.002, CLOSED),
          DIED(5, CLOSED)},
         NULL},
        {{LIVED(1), LIVED(2), LIVED(3), DIED(4, SILENT), LIVED(4.5), DIED(5, SILENT)},
         "one survived 4.50 s, another died after 4.00 s"},
        {{LIVED(1), DIED(2, SILENT), LIVED(3), LIVED(4), LIVED(4.5), DIED(5, SILENT)},
         "one survived 4.50 s, another died after 2.00 s"},
        {{LIVED(1), LIVED(2), LIVED(3), LIVED(4), DIED(4.5, SILENT), DIED(5, SILENT)}, NULL},
    };
    struct ka_products products = {.items = NULL};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct told told = {0};
        struct ka_trial trials[6];
        memcpy(trials, rows[i].trials, sizeof(trials));
        struct ka_audit_result result = {.count = 1};
        result.series[0] = (struct ka_series){.done = true, .trials = trials, .count = 6};
        ka_bracket_judge(trials, 6, &result.series[0].bracket);
        const struct ka_audit_report report = {.products = &products,
                                               .sink = {count_causes, &told}};
        ka_audit_findings_all(&report, &result);
        assert_int_equal(told.count, rows[i].words != NULL);
        if (rows[i].words != NULL)
            assert_non_null(strstr(told.text, rows[i].words));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lies_within_the_timers_grain_is_no_contradiction),
        cmocka_unit_test(trials_become_a_bracket),
        cmocka_unit_test(a_reset_has_an_origin_where_the_trials_agree),
        cmocka_unit_test(a_reset_with_another_time_to_live_is_a_middleboxs),
        cmocka_unit_test(causes_are_told_apart_by_how_connections_died),
        cmocka_unit_test(the_coarse_grid_grows_by_one_factor),
        cmocka_unit_test(the_fine_grid_stays_inside_the_bracket_and_tries_the_death_again),
        cmocka_unit_test(two_passes_find_any_limit_to_a_fine_step),
        cmocka_unit_test(a_precision_asked_for_takes_as_many_passes_as_it_needs),
        cmocka_unit_test(a_path_without_a_limit_takes_one_pass),
        cmocka_unit_test(a_death_below_the_range_ends_at_its_lower_end),
        cmocka_unit_test(a_single_death_by_chance_is_seen_through),
        cmocka_unit_test(the_table_that_comes_with_the_program_is_sound),
        cmocka_unit_test(a_users_row_adds_or_replaces),
        cmocka_unit_test(a_bad_row_is_named_with_its_line),
        cmocka_unit_test(the_safe_keepalive_time_leaves_room_for_a_lost_probe),
        cmocka_unit_test(keepalives_cost_two_packets_each),
        cmocka_unit_test(every_setting_carries_the_measured_figures),
        cmocka_unit_test(schedules_beyond_the_shortest_death_are_late),
        cmocka_unit_test(the_remedy_is_what_the_arms_have_shown),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(nonsense_is_no_message),
        cmocka_unit_test(a_line_is_bounded_and_printable),
        cmocka_unit_test(a_trial_lives_as_its_table_says),
        cmocka_unit_test(the_last_hop_that_answers_is_the_one_that_forgets),
        cmocka_unit_test(only_an_error_about_our_own_connection_names_a_hop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
