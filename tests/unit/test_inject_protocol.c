/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The lines between kasniff and kasniff-inject: what is read, what is not, and that what is written
 * is read again as the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inject/protocol.h"
#include "inject/words.h"

#include <string.h>

#define ENDS "src=10.0.0.1:4000 dst=10.0.0.2:80"
#define BASE "probe id=7 " ENDS " seq=99 ack=4000 nxt=100 rcv=5000 win=500 ttl=64 len=0 mode=gentle"

static void requests_come_back_as_they_were_written(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "probe id=7 src=10.0.0.1:4000 dst=10.0.0.2:80 win=65535 ttl=255 seq=4294967295 ack=0 nxt=0 "
        "rcv=1000 len=1 mode=exact sack=1 flight=0 ts=4294967295:0",
        "probe id=4294967295 src=[2001:db8::1]:1 dst=[2001:db8::2]:65535 win=0 ttl=1 seq=1 ack=2 "
        "nxt=3 rcv=4 len=0 mode=gentle sack=0 flight=1 smac=02:00:00:00:00:0a "
        "dmac=02:00:00:00:00:0b vlan=88a8/4095,8100/0",
        "numberless id=1 src=10.0.0.1:4000 dst=10.0.0.2:80 win=500 ttl=64 smac=02:00:00:00:00:0a "
        "dmac=02:00:00:00:00:0b vlan=8100/12",
        "answered id=3 src=10.0.0.1:4000 dst=10.0.0.2:80",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_request request;
        struct ka_error error = {.text = ""};
        char line[KA_LINE_SIZE];
        uint32_t id = 0;
        if (ka_request_parse(rows[i], &request, &id, &error) != 0)
            fail_msg("%s: %s", rows[i], error.text);
        assert_int_equal(id, request.probe.id);
        ka_request_text(&request, line);
        assert_string_equal(line, rows[i]);
    }
}

static void what_is_not_stated_counts_as_the_worse(void **state)
{
    (void)state;
    struct ka_request request;
    uint32_t id;
    assert_int_equal(ka_request_parse(BASE, &request, &id, NULL), 0);
    assert_false(request.probe.sack);
    assert_true(request.probe.in_flight);
}

static void broken_requests_are_not_read(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        uint32_t id; /* as far as it could be read */
    } rows[] = {
        {"", 0},
        {" ", 0},
        {"syn id=1 " ENDS, 0},
        {"rst id=1 " ENDS, 0},
        {"PROBE id=1 " ENDS, 0},
        {"probe", 0},
        {"probe id=7", 7},
        {BASE " flags=2", 7},
        {BASE " flags=S", 7},
        {BASE " syn=1", 7},
        {BASE " rst=1", 7},
        {BASE " fin=1", 7},
        {BASE " payload=41", 7},
        {BASE " id=8", 7},
        {BASE " seq=1", 7},
        {BASE " ts=1", 7},
        {BASE " ts=1:", 7},
        {BASE " ts=:1", 7},
        {BASE " ts=1:4294967296", 7},
        {BASE " sack=2", 7},
        {BASE " flight=yes", 7},
        {BASE " vlan=8100/1", 7},
        {BASE " smac=02:00:00:00:00:01", 7},
        {BASE " dmac=02:00:00:00:00:01", 7},
        {BASE " smac=02:00:00:00:00:01 dmac=02:00:00:00:00:1", 7},
        {BASE " smac=02-00-00-00-00-01 dmac=02:00:00:00:00:01", 7},
        {BASE "  sack=1", 7},
        {BASE " sack", 7},
        {BASE " =1", 7},
        {"probe id=0 " ENDS, 0},
        {"probe id=-1 " ENDS, 0},
        {"probe id=+1 " ENDS, 0},
        {"probe id=0x1 " ENDS, 0},
        {"probe id=4294967296 " ENDS, 0},
        {"probe id=99999999999999999999 " ENDS, 0},
        {"numberless id=7 " ENDS " win=5 ttl=64 seq=0", 7},
        {"numberless id=7 " ENDS " win=5 ttl=64 len=0", 7},
        {"numberless id=7 " ENDS " win=5 ttl=64 ts=1:2", 7},
        {"numberless id=7 " ENDS " win=65536 ttl=64", 7},
        {"numberless id=7 " ENDS " win=5 ttl=256", 7},
        {"numberless id=7 src=10.0.0.1 dst=10.0.0.2:80 win=5 ttl=6", 7},
        {"numberless id=7 src=host:1 dst=10.0.0.2:80 win=5 ttl=6", 7},
        {"numberless id=7 src=10.0.0.1:0 dst=10.0.0.2:80 win=5 ttl=6", 7},
        {"answered id=7 " ENDS " ttl=6", 7},
        {"answered id=7", 7},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_request request = {.probe = {.id = 77}};
        struct ka_error error = {.text = ""};
        uint32_t id = 1234;
        if (ka_request_parse(rows[i].line, &request, &id, &error) != -1)
            fail_msg("'%s' was read", rows[i].line);
        assert_int_equal(id, rows[i].id);
        assert_int_equal(request.probe.id, 77);
        assert_string_not_equal(error.text, "");
    }
}

static void replies_come_back_as_they_were_written(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "ready protocol=1 rate=50 total=10000 unanswered=3 one-byte=0 exact=0 link=1 dry-run=0",
        "sent id=7 bytes=4500ff",
        "built id=7 bytes=00",
        "noted id=9",
        "refused id=0 reason=syntax wait_ms=0 text=what is this?",
        "refused id=4294967295 reason=gap wait_ms=999 text=this connection was probed",
        "failed id=3 text=sending failed: Network is unreachable",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_reply reply;
        struct ka_error error = {.text = ""};
        char line[KA_LINE_SIZE];
        if (ka_reply_parse(rows[i], &reply, &error) != 0)
            fail_msg("%s: %s", rows[i], error.text);
        ka_reply_text(&reply, line);
        assert_string_equal(line, rows[i]);
    }
}

static void broken_replies_are_not_read(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "sent",
        "sent id=7",
        "sent id=7 bytes=4",
        "sent id=7 bytes=zz",
        "sent id=7 bytes=00 more=1",
        "sent bytes=00 id=7",
        "sent id=-7 bytes=00",
        "refused id=7 reason=gap text=x",
        "refused id=7 reason=a-reason-that-is-much-too-long wait_ms=0 text=x",
        "failed id=7",
        "ready protocol=1",
        "hello",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_reply reply = {.id = 77};
        struct ka_error error = {.text = ""};
        if (ka_reply_parse(rows[i], &reply, &error) != -1)
            fail_msg("'%s' was read", rows[i]);
        assert_int_equal(reply.id, 77);
        assert_string_not_equal(error.text, "");
    }
}

static void foreign_text_stays_on_its_line(void **state)
{
    (void)state;
    struct ka_reply reply = {.kind = KA_REPLY_FAILED, .id = 1, .text = "a\nsent id=1\x1b[31m\xff"};
    char line[KA_LINE_SIZE];
    ka_reply_text(&reply, line);
    assert_string_equal(line, "failed id=1 text=a?sent id=1?[31m?");
}

static void a_stream_is_cut_into_lines(void **state)
{
    (void)state;
    static char stream[3000];
    struct ka_lines lines = {.used = 0};
    const char *at = stream;
    memset(stream, 'x', sizeof(stream));
    memcpy(stream, "one\n\ntwo\tthree\nfour", 19);
    stream[2000] = '\n';
    memcpy(stream + 2001, "five\n", 5);
    size_t left = 17;
    assert_int_equal(ka_lines_take(&lines, &at, &left), KA_LINE_READY);
    assert_string_equal(lines.line, "one");
    assert_int_equal(ka_lines_take(&lines, &at, &left), KA_LINE_READY);
    assert_string_equal(lines.line, "");
    assert_int_equal(ka_lines_take(&lines, &at, &left), KA_LINE_BAD); /* a tab */
    assert_int_equal(ka_lines_take(&lines, &at, &left), KA_LINE_MORE);
    left = sizeof(stream) - 17;
    assert_int_equal(ka_lines_take(&lines, &at, &left), KA_LINE_BAD); /* too long */
    assert_int_equal(ka_lines_take(&lines, &at, &left), KA_LINE_READY);
    assert_string_equal(lines.line, "five");
    assert_int_equal(ka_lines_take(&lines, &at, &left), KA_LINE_MORE);
    assert_int_equal(left, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_come_back_as_they_were_written),
        cmocka_unit_test(what_is_not_stated_counts_as_the_worse),
        cmocka_unit_test(broken_requests_are_not_read),
        cmocka_unit_test(replies_come_back_as_they_were_written),
        cmocka_unit_test(broken_replies_are_not_read),
        cmocka_unit_test(foreign_text_stays_on_its_line),
        cmocka_unit_test(a_stream_is_cut_into_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
