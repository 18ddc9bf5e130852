/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a report reads from payloads: heartbeats by period and by name, HTTP headers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyzers/history.h"

#include <string.h>

/* A conversation: side 0 is the client. */
struct talk {
    struct ka_history history;
    struct ka_conn conn;
    struct ka_frame frame;
};

static void begin(struct talk *talk, uint16_t server_port)
{
    memset(talk, 0, sizeof(*talk));
    talk->conn.key.port[0] = 40000;
    talk->conn.key.port[1] = server_port;
    talk->history.last_data[0] = talk->history.last_data[1] = KA_TIME_NONE;
    talk->history.http.timeout = KA_TIME_NONE;
}

/* `side` sends the bytes at `at`; of them `captured` were kept. */
static void say(struct talk *talk, unsigned side, ka_time at, const void *bytes, uint32_t length,
                uint32_t captured)
{
    struct ka_packet packet = {
        .frame = &talk->frame,
        .payload = bytes,
        .payload_captured = captured,
        .tcp = {.length = length},
    };
    talk->frame.time = at;
    talk->frame.number++;
    ka_heartbeat_data(&talk->history, &talk->conn, side, &packet);
    ka_http_data(&talk->history, &talk->conn, side, &packet);
    talk->history.last_data[side] = at;
}

static void known_messages_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *bytes;
        uint32_t length;
        unsigned side;
    } rows[] = {
        {"MQTT PINGREQ", "\xc0\x00", 2, 0},
        {"AMQP heartbeat", "\x08\x00\x00\x00\x00\x00\x00\xce", 8, 1},
        {"HTTP/2 PING", "\x00\x00\x08\x06\x00\x00\x00\x00\x00qrstuvwx", 17, 0},
        {"Redis PING", "*1\r\n$4\r\nPING\r\n", 14, 0},
        {"Redis PING", "PING\r\n", 6, 0},
        {"WebSocket ping", "\x89\x00", 2, 1},
        {"WebSocket ping", "\x89\x84mask1234", 10, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk talk;
        struct ka_ev_heartbeat found;
        begin(&talk, 1234);
        for (unsigned n = 0; n < 4; n++)
            say(&talk, rows[i].side, (n + 1) * 10 * KA_SECOND, rows[i].bytes, rows[i].length,
                rows[i].length);
        assert_true(ka_heartbeat_fill(&talk.history, rows[i].side, 0, &found));
        assert_string_equal(found.name, rows[i].name);
        assert_int_equal(found.period, 10 * KA_SECOND);
        assert_int_equal(found.asker, rows[i].side);
        assert_int_equal(found.sent, 4);
    }
}

/* The look-alike of each: a byte more, less, or another. */
static void what_is_only_like_them_is_not_named(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        uint32_t length;
    } rows[] = {
        {"\xc0\x01", 2},
        {"\xd0\x00", 2}, /* PINGRESP */
        {"\x08\x00\x00\x00\x00\x00\x00\xcf", 8},
        {"\x00\x00\x08\x06\x01\x00\x00\x00\x00", 17}, /* acknowledges a PING */
        {"PONG\r\n", 6},
        {"\x8a\x00", 2}, /* pong */
        {"\x89\x05", 2}, /* says five bytes and has none */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk talk;
        struct ka_ev_heartbeat found;
        begin(&talk, 1234);
        for (unsigned n = 0; n < 8; n++)
            say(&talk, 0, (n + 1) * 10 * KA_SECOND, rows[i].bytes, rows[i].length,
                rows[i].length < 9 ? rows[i].length : 9);
        assert_true(ka_heartbeat_fill(&talk.history, 0, 0, &found)); /* it is periodic */
        assert_null(found.name);
    }
}

static void irregular_messages_are_no_heartbeat(void **state)
{
    (void)state;
    static const unsigned seconds[] = {1, 4, 20, 22, 60, 61, 75, 130, 131, 190};
    struct talk talk;
    struct ka_ev_heartbeat found;
    begin(&talk, 1234);
    for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++)
        say(&talk, 0, seconds[i] * KA_SECOND, "0123456789", 10, 10);
    assert_false(ka_heartbeat_fill(&talk.history, 0, 0, &found));
}

static void answers_and_their_absence_are_counted(void **state)
{
    (void)state;
    struct talk talk;
    struct ka_ev_heartbeat found;
    begin(&talk, 1883);
    for (unsigned n = 1; n <= 10; n++) {
        say(&talk, 0, n * 5 * KA_SECOND, "\xc0\x00", 2, 2);
        if (n <= 6)
            say(&talk, 1, n * 5 * KA_SECOND + KA_MILLISECOND, "\xd0\x00", 2, 2);
    }
    assert_true(ka_heartbeat_fill(&talk.history, 0, 0, &found));
    assert_int_equal(found.sent, 10);
    assert_int_equal(found.answered, 6);
    assert_int_equal(found.missing, 3); /* the last may still come */
    assert_int_equal(found.answer_size, 2);
    assert_false(ka_heartbeat_fill(&talk.history, 1, 0, &found)); /* who answers, asks nothing */
}

/* Keystrokes and their echo between the heartbeats: an echo, quick or slow, is no heartbeat of the
 * server's, and the client's next one no answer to it. */
static void a_reply_does_not_turn_a_heartbeat_round(void **state)
{
    (void)state;
    static const ka_time echoes[] = {KA_MILLISECOND, 2 * KA_SECOND};
    for (size_t i = 0; i < sizeof(echoes) / sizeof(echoes[0]); i++) {
        struct talk talk;
        struct ka_ev_heartbeat found;
        begin(&talk, 22);
        for (unsigned n = 1; n <= 20; n++) {
            ka_time at = n * 5 * KA_SECOND;
            say(&talk, 0, at, NULL, 52, 0);
            say(&talk, 1, at + KA_MILLISECOND, NULL, 28, 0);
            if (n != 6)
                continue;
            say(&talk, 0, at + KA_SECOND, NULL, 44, 0);
            say(&talk, 1, at + KA_SECOND + echoes[i], NULL, 44, 0);
        }
        assert_true(ka_heartbeat_fill(&talk.history, 0, 0, &found));
        assert_int_equal(found.sent, 20);
        assert_int_equal(found.answered, 20);
        assert_int_equal(found.period, 5 * KA_SECOND);
        assert_false(ka_heartbeat_fill(&talk.history, 1, 0, &found));
    }
}

static void ssh_is_known_by_its_banner_and_port(void **state)
{
    (void)state;
    for (unsigned by_port = 0; by_port < 2; by_port++) {
        struct talk talk;
        struct ka_ev_heartbeat found;
        begin(&talk, by_port ? 22 : 2222);
        if (!by_port)
            say(&talk, 0, KA_SECOND, "SSH-2.0-OpenSSH\r\n", 17, 17);
        for (unsigned n = 1; n < 8; n++)
            say(&talk, 0, 100 * KA_SECOND + n * 15 * KA_SECOND, "0123456789abcdef", 16, 16);
        assert_true(ka_heartbeat_fill(&talk.history, 0, 0, &found));
        assert_non_null(found.name);
        assert_int_equal(strncmp(found.name, "SSH", 3), 0);
    }
}

static void headers_decide_about_persistence(void **state)
{
    (void)state;
    static const struct {
        const char *response;
        uint32_t captured; /* 0: all */
        uint8_t persistence;
        ka_time timeout;
        uint32_t max;
        bool cut;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\n\r\n", 0, KA_HTTP_PERSISTENT, KA_TIME_NONE, 0, false},
        {"HTTP/1.0 200 OK\r\n\r\n", 0, KA_HTTP_CLOSE, KA_TIME_NONE, 0, false},
        {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", 0, KA_HTTP_CLOSE, KA_TIME_NONE, 0, false},
        {"HTTP/1.1 200 OK\r\nconnection: Upgrade, CLOSE\r\n\r\n", 0, KA_HTTP_CLOSE, KA_TIME_NONE, 0,
         false},
        {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=15, max=99\r\n\r\n", 0,
         KA_HTTP_PERSISTENT, 15 * KA_SECOND, 99, false},
        {"HTTP/1.1 200 OK\r\nKeep-Alive: max=7,timeout=5\r\n\r\n", 0, KA_HTTP_PERSISTENT,
         5 * KA_SECOND, 7, false},
        {"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=99999999999999999999\r\n\r\n", 0,
         KA_HTTP_PERSISTENT, 999999999 * KA_SECOND, 0, false},
        {"HTTP/1.1 200 OK\r\nServer: x\r\nConnection: close\r\n\r\n", 30, KA_HTTP_UNKNOWN,
         KA_TIME_NONE, 0, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk talk;
        uint32_t length = (uint32_t)strlen(rows[i].response);
        begin(&talk, 80);
        say(&talk, 1, KA_SECOND, rows[i].response, length,
            rows[i].captured > 0 ? rows[i].captured : length);
        const struct ka_ev_http *http = &talk.history.http;
        assert_int_equal(http->responses, 1);
        assert_int_equal(http->persistence, rows[i].persistence);
        assert_true(http->timeout == rows[i].timeout);
        assert_int_equal(http->max, rows[i].max);
        assert_int_equal(http->cut, rows[i].cut);
    }
}

static void what_is_no_http_is_left_alone(void **state)
{
    (void)state;
    static const char *const rows[] = {"GET me out of here",  "GET key\r\n",
                                       "HTTP/2 is something", "POST ",
                                       "SSH-2.0-x\r\n",       "HTTP/1."};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk talk;
        uint32_t length = (uint32_t)strlen(rows[i]);
        begin(&talk, 11211);
        say(&talk, 0, KA_SECOND, rows[i], length, length);
        assert_int_equal(talk.history.http.requests + talk.history.http.responses, 0);
        assert_false(talk.history.is_http);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_messages_are_named),
        cmocka_unit_test(what_is_only_like_them_is_not_named),
        cmocka_unit_test(irregular_messages_are_no_heartbeat),
        cmocka_unit_test(answers_and_their_absence_are_counted),
        cmocka_unit_test(a_reply_does_not_turn_a_heartbeat_round),
        cmocka_unit_test(ssh_is_known_by_its_banner_and_port),
        cmocka_unit_test(headers_decide_about_persistence),
        cmocka_unit_test(what_is_no_http_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
