/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a socket's settings mean, and the words that choose sockets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sockets/match.h"
#include "sockets/sockets.h"

#include <string.h>

#define FORGET (350 * KA_SECOND)

/* An established connection with the usual settings, heard 2 minutes ago. */
static struct ka_socket usual(void)
{
    return (struct ka_socket){
        .local = {.addr = {.bytes = {10, 0, 0, 1}, .family = 4}, .port = 33412},
        .peer = {.addr = {.bytes = {10, 0, 0, 2}, .family = 4}, .port = 5432},
        .inode = 77,
        .state = KA_SOCKET_ESTABLISHED,
        .timer = KA_SOCKET_TIMER_KEEPALIVE,
        .keepalive = KA_SOCKET_KEEPALIVE_ON,
        .expires = 7080 * KA_SECOND,
        .last_sent = 120 * KA_SECOND,
        .last_received = 120 * KA_SECOND,
        .times = {7200 * KA_SECOND, 75 * KA_SECOND, 9},
        .is_default = true,
        .pid = 4711,
        .process = "postgres",
    };
}

struct change {
    uint8_t state;
    uint8_t timer;
    uint8_t keepalive;
    uint8_t access;
    uint32_t inode;
    uint32_t unanswered;
    int idle; /* seconds, as all below */
    int expires;
    int last_received;
    int user_timeout;
};

static struct ka_socket changed(const struct change *change)
{
    struct ka_socket socket = usual();
    socket.state = change->state;
    socket.timer = change->timer;
    socket.keepalive = change->keepalive;
    socket.access = change->access;
    socket.inode = change->inode;
    socket.unanswered = change->unanswered;
    socket.times.idle = change->idle * KA_SECOND;
    socket.expires = change->expires * KA_SECOND;
    socket.last_received = change->last_received * KA_SECOND;
    socket.user_timeout = change->user_timeout * KA_SECOND;
    return socket;
}

enum {
    ESTABLISHED = KA_SOCKET_ESTABLISHED,
    LISTEN = KA_SOCKET_LISTEN,
    UNREAD = KA_SOCKET_KEEPALIVE_UNREADABLE,
    OFF = KA_SOCKET_KEEPALIVE_OFF,
    ON = KA_SOCKET_KEEPALIVE_ON,
    NONE = KA_SOCKET_TIMER_NONE,
    KEEP = KA_SOCKET_TIMER_KEEPALIVE,
    RETRANSMIT = KA_SOCKET_TIMER_RETRANSMIT,
    PERSIST = KA_SOCKET_TIMER_WINDOW_PROBE,
    READ = KA_SOCKET_READ,
    ROOT = KA_SOCKET_NEED_ROOT,
};

static void the_next_probe_comes_when_the_idle_time_is_over_not_when_the_timer_fires(void **state)
{
    (void)state;
    static const struct {
        struct change socket;
        int next; /* seconds; -1: none or unknown */
        int end;
    } rows[] = {
        /* The timer is as old as the last packet heard. */
        {{ESTABLISHED, KEEP, ON, READ, 7, 0, 7200, 7080, 120, 0}, 7080, 7080 + 9 * 75},
        /* Heard since the timer was armed: it fires, and restarts itself. */
        {{ESTABLISHED, KEEP, ON, READ, 7, 0, 7200, 30, 10, 0}, 7190, 7190 + 9 * 75},
        /* Armed with the option on a connection long idle: the idle time counts from then. */
        {{ESTABLISHED, KEEP, ON, READ, 7, 0, 60, 60, 5000, 0}, 60, 60 + 9 * 75},
        /* Three are out: the timer tells of the fourth, six more follow its firing. */
        {{ESTABLISHED, KEEP, ON, READ, 7, 3, 60, 15, 270, 0}, 15, 15 + 6 * 75},
        /* All are out: the next firing is the end. */
        {{ESTABLISHED, KEEP, ON, READ, 7, 9, 60, 15, 735, 0}, 15, 15},
        /* A user timeout replaces the count: the first firing at which it has passed. */
        {{ESTABLISHED, KEEP, ON, READ, 7, 0, 60, 60, 0, 30}, 60, 60 + 75},
        {{ESTABLISHED, KEEP, ON, READ, 7, 1, 60, 20, 115, 200}, 20, 20 + 75},
        {{ESTABLISHED, KEEP, ON, READ, 7, 2, 60, 20, 190, 200}, 20, 20},
        /* Times unread: the timer is all there is. */
        {{ESTABLISHED, KEEP, ON, ROOT, 7, 0, 0, 500, 10, 0}, 500, -1},
        {{ESTABLISHED, NONE, OFF, READ, 7, 0, 7200, 0, 10, 0}, -1, -1},
        {{ESTABLISHED, RETRANSMIT, ON, READ, 7, 1, 7200, 1, 10, 0}, -1, -1},
        {{KA_SOCKET_SYN_SENT, KEEP, ON, READ, 7, 0, 7200, 1, 10, 0}, -1, -1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_socket socket = changed(&rows[i].socket);
        ka_time next = rows[i].next < 0 ? KA_TIME_NONE : rows[i].next * KA_SECOND;
        ka_time end = rows[i].end < 0 ? KA_TIME_NONE : rows[i].end * KA_SECOND;
        assert_int_equal(ka_socket_next_probe(&socket), next);
        assert_int_equal(ka_socket_gives_up(&socket), end);
    }
}

static const struct {
    struct change socket;
    enum ka_socket_risk risk;
    const char *meaning;
} meanings[] = {
    {{ESTABLISHED, KEEP, ON, READ, 7, 0, 7200, 7260, 0, 0},
     KA_SOCKET_AT_RISK,
     "first probe in 2 h 1 min; a path that forgets after 350 s kills this connection"},
    {{ESTABLISHED, KEEP, ON, READ, 7, 0, 60, 50, 10, 0},
     KA_SOCKET_SAFE,
     "first probe in 50.0 s; a path that forgets after 350 s keeps this connection"},
    {{ESTABLISHED, KEEP, ON, READ, 7, 0, 350, 350, 0, 0},
     KA_SOCKET_AT_RISK,
     "first probe in 350.0 s; a path that forgets after 350 s kills this connection"},
    {{ESTABLISHED, KEEP, ON, READ, 7, 3, 60, 15, 270, 0},
     KA_SOCKET_SAFE,
     "3 of 9 probes unanswered; unless the peer answers, it is given up in 465.0 s"},
    {{ESTABLISHED, NONE, OFF, READ, 7, 0, 60, 0, 10, 0},
     KA_SOCKET_AT_RISK,
     "never probes; a path that forgets after 350 s kills this connection"},
    {{ESTABLISHED, NONE, OFF, ROOT, 7, 0, 0, 0, 10, 0},
     KA_SOCKET_AT_RISK,
     "never probes; a path that forgets after 350 s kills this connection; settings: need "
     "root"},
    {{ESTABLISHED, KEEP, ON, ROOT, 7, 0, 0, 100, 10, 0},
     KA_SOCKET_RISK_UNKNOWN,
     "no probe for 100.0 s; settings: need root; whether a path that forgets after 350 s kills "
     "this connection is not known"},
    {{ESTABLISHED, KEEP, ON, ROOT, 7, 0, 0, 360, 10, 0},
     KA_SOCKET_AT_RISK,
     "no probe for 360.0 s; settings: need root; a path that forgets after 350 s kills this "
     "connection"},
    {{ESTABLISHED, KEEP, ON, KA_SOCKET_ENDED, 7, 2, 0, 360, 10, 0},
     KA_SOCKET_RISK_UNKNOWN,
     "2 probes unanswered, the next in 360.0 s; settings: the process closed it meanwhile"},
    {{ESTABLISHED, RETRANSMIT, UNREAD, ROOT, 7, 2, 0, 1, 10, 0},
     KA_SOCKET_RISK_UNKNOWN,
     "data on its way, no probes until it is acked; settings: need root"},
    {{ESTABLISHED, PERSIST, ON, READ, 7, 2, 60, 1, 10, 0},
     KA_SOCKET_SAFE,
     "the peer's window is closed: window probes, no keepalive"},
    {{ESTABLISHED, NONE, ON, READ, 7, 0, 60, 1, 10, 0},
     KA_SOCKET_SAFE,
     "keepalive was turned on just now; a path that forgets after 350 s keeps this connection"},
    {{ESTABLISHED, NONE, OFF, KA_SOCKET_NOT_ACCEPTED, 0, 0, 0, 0, 10, 0},
     KA_SOCKET_AT_RISK,
     "never probes; a path that forgets after 350 s kills this connection; settings: not "
     "accepted yet"},
    {{LISTEN, NONE, ON, READ, 7, 0, 60, 0, 0, 0},
     KA_SOCKET_SAFE,
     "accepted connections probe after 60 s idle; a path that forgets after 350 s keeps them"},
    {{LISTEN, NONE, OFF, READ, 7, 0, 60, 0, 0, 0},
     KA_SOCKET_AT_RISK,
     "accepted connections never probe unless the program says so; a path that forgets after "
     "350 s kills them"},
    {{LISTEN, NONE, UNREAD, ROOT, 7, 0, 60, 0, 0, 0},
     KA_SOCKET_RISK_UNKNOWN,
     "settings: need root"},
    {{KA_SOCKET_FIN_WAIT_2, KA_SOCKET_TIMER_FIN_WAIT, UNREAD, KA_SOCKET_NO_PROCESS, 0, 0, 0, 1, 10,
      0},
     KA_SOCKET_SAFE,
     "closing, no probes"},
    {{KA_SOCKET_SYN_SENT, RETRANSMIT, UNREAD, READ, 7, 0, 0, 1, 0, 0},
     KA_SOCKET_SAFE,
     "not connected yet, no probes"},
};

static void each_kind_of_row_says_what_it_means(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        char meaning[KA_SOCKET_MEANING_SIZE];
        struct ka_socket socket = changed(&meanings[i].socket);
        ka_socket_meaning(&socket, FORGET, meaning);
        assert_string_equal(meaning, meanings[i].meaning);
        assert_int_equal(ka_socket_risk(&socket, FORGET), meanings[i].risk);
    }
}

/* Also answered probes are no less than the interval apart. */
static void an_interval_longer_than_the_idle_time_decides(void **state)
{
    (void)state;
    static const struct {
        uint8_t state;
        int interval; /* seconds; the idle time is 60 */
        enum ka_socket_risk risk;
        const char *meaning;
    } rows[] = {
        {ESTABLISHED, 349, KA_SOCKET_SAFE,
         "first probe in 50.0 s; a path that forgets after 350 s keeps this connection"},
        {ESTABLISHED, 350, KA_SOCKET_AT_RISK,
         "first probe in 50.0 s, then every 350 s (the interval); a path that forgets after 350 s "
         "kills this connection"},
        {LISTEN, 600, KA_SOCKET_AT_RISK,
         "accepted connections probe after 60 s idle, then every 10 min (the interval); a path "
         "that forgets after 350 s kills them"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct change change = {rows[i].state, KEEP, ON, READ, 7, 0, 60, 50, 10, 0};
        char meaning[KA_SOCKET_MEANING_SIZE];
        struct ka_socket socket = changed(&change);
        socket.times.interval = rows[i].interval * KA_SECOND;
        ka_socket_meaning(&socket, FORGET, meaning);
        assert_string_equal(meaning, rows[i].meaning);
        assert_int_equal(ka_socket_risk(&socket, FORGET), rows[i].risk);
    }
}

static void settings_are_written_exactly(void **state)
{
    (void)state;
    static const struct {
        ka_time value;
        const char *text;
    } rows[] = {
        {7200 * KA_SECOND, "2 h"},
        {3600 * KA_SECOND, "1 h"},
        {350 * KA_SECOND, "350 s"},
        {600 * KA_SECOND, "10 min"},
        {1000 * KA_SECOND, "1000 s"},
        {2500 * KA_MILLISECOND, "2.5 s"},
        {250 * KA_MILLISECOND, "250 ms"},
        {KA_SECOND, "1 s"},
        {30001 * KA_MILLISECOND, "30.001 s"},
        {KA_TIME_NONE, "?"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[KA_SOCKET_SETTING_SIZE];
        ka_socket_setting_text(rows[i].value, text);
        assert_string_equal(text, rows[i].text);
    }
}

static bool holds(const char *filter, const struct ka_socket *socket)
{
    struct ka_match match;
    struct ka_error error = {.text = ""};
    int result = ka_match_parse(&filter, 1, &match, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(result, 0);
    return ka_match_holds(&match, socket);
}

static void words_choose_by_end_state_and_process(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        bool holds;
    } rows[] = {
        {"", true},
        {"port 5432", true},
        {"port 33412", true},
        {"dst port 5432", true},
        {"src port 5432", false},
        {"host 10.0.0.1", true},
        {"dst host 10.0.0.1", false},
        {"src host 10.0.0.1", true},
        {"host 10.0.0.3", false},
        {"net 10.0.0.0/8", true},
        {"net 10.0.0.0/30", true},
        {"dst net 10.0.0.2/31", true},
        {"src net 10.0.0.2/31", false},
        {"net 0.0.0.0/0", true},
        {"net ::/0", false},
        {"state established", true},
        {"state ESTAB", true},
        {"state close-wait", false},
        {"process postgres", true},
        {"process postg", false},
        {"not port 22", true},
        {"port 5432 and not process postgres", false},
        {"port 22 or port 5432", true},
        {"port 22 and state established or process postgres", true},
        {"process postgres or port 22 and state close-wait", true},
        {"port 22 or port 23 and process postgres", false},
        {"  port\t5432   and process postgres ", true},
    };
    struct ka_socket socket = usual();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(holds(rows[i].filter, &socket), rows[i].holds);
    struct ka_match match;
    static const char *const words[] = {"dst", "port", "5432", "and", "process", "postgres"};
    assert_int_equal(ka_match_parse(words, 6, &match, NULL), 0);
    assert_int_equal(match.count, 2);
    assert_true(ka_match_holds(&match, &socket));
}

static void errors_name_the_word(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        const char *named;
    } rows[] = {
        {"prot 5432", "'prot'"},
        {"port", "'port'"},
        {"port http", "'http'"},
        {"port 65536", "'65536'"},
        {"port -1", "'-1'"},
        {"host example.org", "'example.org'"},
        {"net 10.0.0.0", "'10.0.0.0'"},
        {"net 10.0.0.0/33", "'10.0.0.0/33'"},
        {"net 2001:db8::/129", "'2001:db8::/129'"},
        {"state open", "'open'"},
        {"src state listen", "'state'"},
        {"dst", "after src or dst"},
        {"port 1 port 2", "'port'"},
        {"port 1 and", "ends too early"},
        {"not", "ends too early"},
        {"and port 1", "'and'"},
        {"process 0123456789012345678901234567890123456789012345678901234567890123", "'0123"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_match match = {.count = 99};
        struct ka_error error = {.text = ""};
        assert_int_equal(ka_match_parse(&rows[i].filter, 1, &match, &error), -1);
        assert_non_null(strstr(error.text, rows[i].named));
        assert_int_equal(match.count, 99);
    }
}

static void a_filter_has_a_bound_and_says_so(void **state)
{
    (void)state;
    const char *words[3 * KA_MATCH_TERMS + 2];
    struct ka_match match;
    struct ka_error error;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        words[i] = i % 3 == 0 ? "port" : i % 3 == 1 ? "1" : "or";
    assert_int_equal(ka_match_parse(words, 3 * KA_MATCH_TERMS - 1, &match, &error), 0);
    assert_int_equal(match.count, KA_MATCH_TERMS);
    assert_int_equal(ka_match_parse(words, 3 * KA_MATCH_TERMS + 2, &match, &error), -1);
    assert_non_null(strstr(error.text, "32 terms"));
}

static void a_state_that_is_named_is_listed_too(void **state)
{
    (void)state;
    static const char *const words[] = {"state", "time-wait", "and", "not", "state", "syn-recv"};
    struct ka_match match;
    assert_int_equal(ka_match_parse(words, 6, &match, NULL), 0);
    assert_int_equal(ka_match_states(&match, KA_SOCKET_CONNECTIONS),
                     KA_SOCKET_CONNECTIONS | KA_SOCKET_STATE_BIT(KA_SOCKET_TIME_WAIT));
    for (unsigned i = KA_SOCKET_ESTABLISHED; i < KA_SOCKET_STATE_COUNT; i++) {
        enum ka_socket_state parsed;
        assert_true(ka_socket_state_parse(ka_socket_state_name((enum ka_socket_state)i), &parsed));
        assert_int_equal(parsed, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_probe_comes_when_the_idle_time_is_over_not_when_the_timer_fires),
        cmocka_unit_test(each_kind_of_row_says_what_it_means),
        cmocka_unit_test(an_interval_longer_than_the_idle_time_decides),
        cmocka_unit_test(settings_are_written_exactly),
        cmocka_unit_test(words_choose_by_end_state_and_process),
        cmocka_unit_test(errors_name_the_word),
        cmocka_unit_test(a_filter_has_a_bound_and_says_so),
        cmocka_unit_test(a_state_that_is_named_is_listed_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
