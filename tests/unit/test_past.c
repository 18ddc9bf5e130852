/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a log of probes tells of earlier runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inject/past.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY    "1970-01-01T"
#define ENDS   "src=10.0.0.1:4000 dst=10.0.0.2:80"
#define NUMBER " seq=99 ack=4000 nxt=100 rcv=5000 win=500 ttl=64 len=0 mode=gentle\n"
#define ASK(time, id)                                                                              \
    DAY time ".000000Z ask probe id=" id " " ENDS NUMBER DAY time ".000001Z reply sent id=" id     \
             " bytes=45\n"
#define BLIND(time, id)                                                                            \
    DAY time ".000000Z ask numberless id=" id " " ENDS " win=5 ttl=6\n" DAY time                   \
             ".000001Z reply sent id=" id " bytes=45\n"
#define REFUSED(time, id)                                                                          \
    DAY time ".000000Z ask probe id=" id " " ENDS NUMBER DAY time ".000001Z reply refused id=" id  \
             " reason=gap wait_ms=5 text=too soon\n"
#define ANSWERED(time, id)                                                                         \
    DAY time ".000000Z outcome id=" id " ack after 0.5 ms\n" DAY time                              \
             ".000000Z ask answered id=" id " " ENDS "\n" DAY time ".000001Z reply noted id=" id   \
             "\n"

#define NOON (43200 * KA_SECOND)

static uint32_t count(const char *text, ka_time now, ka_time *last)
{
    struct ka_endpoint src;
    struct ka_endpoint dst;
    struct ka_past *past = ka_past_parse(text, strlen(text), now, NULL);
    assert_non_null(past);
    assert_int_equal(ka_endpoint_parse("10.0.0.1:4000", &src, NULL), 0);
    assert_int_equal(ka_endpoint_parse("10.0.0.2:80", &dst, NULL), 0);
    const struct ka_past_row *row = ka_past_find(past, &src, &dst);
    uint32_t unanswered = row != NULL ? row->unanswered : 0;
    if (row != NULL && last != NULL)
        *last = row->last;
    assert_null(ka_past_find(past, &dst, &src)); /* the other way is another matter */
    ka_past_free(past);
    return unanswered;
}

static void probes_count_until_one_is_answered(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t unanswered;
    } rows[] = {
        {"", 0},
        {ASK("10:00:00", "1"), 1},
        {ASK("10:00:00", "1") ASK("10:00:01", "2") BLIND("10:00:02", "3"), 2},
        {BLIND("10:00:00", "1") BLIND("10:00:04", "2"), 0},
        {ASK("10:00:00", "1") BLIND("10:00:02", "2") ANSWERED("10:00:02", "2"), 0},
        {ASK("10:00:00", "1") ASK("11:00:00", "1"), 2}, /* two runs */
        {ASK("10:00:00", "1") ANSWERED("10:00:00", "1"), 0},
        {ASK("10:00:00", "1") ANSWERED("10:00:00", "1") ASK("10:00:01", "2"), 1},
        {ASK("10:00:00", "1") REFUSED("10:00:00", "2"), 1},
        {REFUSED("10:00:00", "1"), 0},
        {DAY "10:00:00.000000Z outcome id=1 no answer\n", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (count(rows[i].text, NOON, NULL) != rows[i].unanswered)
            fail_msg("row %zu: %u", i, count(rows[i].text, NOON, NULL));
}

static void it_is_told_when_and_forgotten_after_a_day(void **state)
{
    (void)state;
    static const char text[] = ASK("10:00:00", "1") ASK("10:00:05", "2");
    ka_time last = 0;
    assert_int_equal(count(text, NOON, &last), 2);
    assert_int_equal(last, 36005 * KA_SECOND);
    assert_int_equal(count(text, 36002 * KA_SECOND + KA_PAST_AGE, NULL), 1);
    assert_int_equal(count(text, 36006 * KA_SECOND + KA_PAST_AGE, NULL), 0);
    assert_int_equal(count(text, 35000 * KA_SECOND, NULL),
                     0); /* from the future: a clock stepped */
}

static void nonsense_tells_nothing(void **state)
{
    (void)state;
    static const char *const before[] = {
        "\n",
        "no line at all\n",
        "  \n",
        DAY "10:00:00.000000Z ask\n",
        DAY "10:00:00.000000Z ask probe id=1\n",
        DAY "10:00:00.000000Z reply refused id=1 reason=gap wait_ms=5 text=nobody asked\n",
        "1970-01-01 10:00:00 ask numberless id=1 " ENDS " win=5 ttl=6\n",
        "eq=99 ack=4000 cut at the front\n",
        /* In nanoseconds it comes round to 1970-01-01T10:00:00. */
        "2554-07-22T09:34:34.000000Z ask probe id=1 " ENDS NUMBER,
        "9999-12-31T23:59:59.000000Z ask probe id=1 " ENDS NUMBER,
        "0000-01-01T00:00:00.000000Z ask probe id=1 " ENDS NUMBER,
    };
    char text[1024];
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
        snprintf(text, sizeof(text), "%s%s", before[i], ASK("10:00:00", "1"));
        if (count(text, NOON, NULL) != 1)
            fail_msg("row %zu", i);
    }
    snprintf(text, sizeof(text), "%s", ASK("10:00:00", "1"));
    *strchr(text, '\n') = '\0'; /* being written just now */
    assert_int_equal(count(text, NOON, NULL), 0);
}

static void only_the_end_of_a_long_log_is_read(void **state)
{
    (void)state;
    char path[] = "/tmp/kasniff-past-XXXXXX";
    struct ka_endpoint src;
    struct ka_endpoint dst;
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    assert_int_equal(ka_endpoint_parse("10.0.0.1:4000", &src, NULL), 0);
    assert_int_equal(ka_endpoint_parse("10.0.0.2:80", &dst, NULL), 0);
    fputs(ASK("10:00:00", "1"), file);
    for (int i = 0; i < KA_PAST_BYTES / 16; i++)
        fputs("another's line\n\n", file);
    fputs(ASK("10:00:01", "2"), file);
    fclose(file);
    struct ka_past *past = ka_past_read(path, NOON, NULL);
    assert_non_null(past);
    const struct ka_past_row *row = ka_past_find(past, &src, &dst);
    assert_non_null(row);
    assert_int_equal(row->unanswered, 1);
    ka_past_free(past);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0); /* not waited for */
    const char *const none[] = {path, "/nonexistent/log", "/dev/full", "/tmp"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        past = ka_past_read(none[i], NOON, NULL);
        assert_non_null(past);
        assert_null(ka_past_find(past, &src, &dst));
        ka_past_free(past);
    }
    assert_null(ka_past_find(NULL, &src, &dst));
    unlink(path);
}

/* A log may be there to be written only. */
static void a_log_that_cannot_be_read_is_told(void **state)
{
    (void)state;
    char path[] = "/tmp/kasniff-past-XXXXXX";
    uid_t user = geteuid();
    struct ka_error error = {.text = "from before"};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    struct ka_past *past = ka_past_read(path, NOON, &error);
    assert_non_null(past);
    assert_string_equal(error.text, "");
    ka_past_free(past);
    assert_int_equal(chmod(path, 0200), 0);
    const char *const unread[] = {path, "/proc/self/mem"};
    if (user == 0) /* who may read everything otherwise */
        assert_int_equal(seteuid(65534), 0);
    for (size_t i = 0; i < 2; i++) {
        error.text[0] = '\0';
        past = ka_past_read(unread[i], NOON, &error);
        assert_non_null(past);
        assert_non_null(strstr(error.text, unread[i]));
        assert_non_null(strstr(error.text, "cannot be read"));
        ka_past_free(past);
    }
    past = ka_past_read("/nonexistent/log", NOON, &error);
    assert_non_null(past);
    assert_string_equal(error.text, "");
    ka_past_free(past);
    assert_int_equal(seteuid(user), 0);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probes_count_until_one_is_answered),
        cmocka_unit_test(it_is_told_when_and_forgotten_after_a_day),
        cmocka_unit_test(nonsense_tells_nothing),
        cmocka_unit_test(only_the_end_of_a_long_log_is_read),
        cmocka_unit_test(a_log_that_cannot_be_read_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
