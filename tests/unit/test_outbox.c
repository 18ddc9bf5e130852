/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Standard output while listening: nothing that its reader does or leaves undone holds us up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/outbox.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LINE = 1000 };

/* A line of LINE bytes that begins with its number. */
static void put_line(FILE *stream, unsigned number)
{
    char line[LINE + 1];
    memset(line, '.', LINE);
    line[snprintf(line, sizeof(line), "%u", number)] = ' ';
    line[LINE - 1] = '\n';
    assert_int_equal(fwrite(line, 1, LINE, stream), LINE);
}

/* Ends it; the lines that never arrived. */
static uint64_t close_lines(struct ka_outbox *outbox, ka_time patience)
{
    struct ka_outbox_loss loss = {.dropped = 99};
    assert_int_equal(ka_outbox_close(outbox, patience, &loss, NULL), 0);
    return loss.dropped + loss.lines;
}

static void what_is_written_arrives_whole_and_in_order(void **state)
{
    (void)state;
    enum { LINES = 500 };
    struct ka_outbox *outbox;
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(ka_outbox_open(fileno(file), &outbox, NULL), 0);
    for (unsigned i = 0; i < LINES; i++)
        put_line(ka_outbox_stream(outbox), i);
    assert_int_equal(close_lines(outbox, 10 * KA_SECOND), 0);
    char line[LINE + 1];
    rewind(file);
    for (unsigned i = 0; i < LINES; i++) {
        assert_int_equal(fread(line, 1, LINE, file), LINE);
        assert_int_equal(strtoul(line, NULL, 10), i);
        assert_int_equal(line[LINE - 1], '\n');
    }
    assert_int_equal(fread(line, 1, 1, file), 0);
    fclose(file);
}

static void a_reader_who_does_not_read_costs_lines_and_no_time(void **state)
{
    (void)state;
    enum { LINES = 3000 };
    int ends[2];
    struct ka_outbox *outbox;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(ka_outbox_open(ends[1], &outbox, NULL), 0);
    for (unsigned i = 0; i < LINES; i++)
        put_line(ka_outbox_stream(outbox), i);
    assert_true(ka_outbox_lost(outbox) >= LINES - (KA_OUTBOX_ROOM + 65536 + 4096) / LINE - 1);
    for (int waiting = 0; waiting == 0; usleep(1000)) /* the thread's turn comes some time */
        assert_int_equal(ioctl(ends[0], FIONREAD, &waiting), 0);
    uint64_t lost = close_lines(outbox, 10 * KA_MILLISECOND);
    /* All but what fits into the pipe is lost, and nothing is counted twice. */
    assert_true(lost >= LINES - 65536 / LINE - 1 && lost < LINES);
    close(ends[0]);
    close(ends[1]);
}

static void records_are_dropped_whole_and_counted(void **state)
{
    (void)state;
    enum { RECORDS = 3000 };
    int ends[2];
    char record[LINE];
    struct ka_outbox *outbox;
    struct ka_outbox_loss loss;
    unsigned taken = 0;
    memset(record, '\n', sizeof(record));
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(ka_outbox_open(ends[1], &outbox, NULL), 0);
    for (unsigned i = 0; i < RECORDS; i++)
        taken += (unsigned)ka_outbox_put(outbox, record, sizeof(record), NULL);
    assert_true(taken > KA_OUTBOX_ROOM / LINE / 2 && taken < RECORDS);
    assert_int_equal(ka_outbox_put(outbox, NULL, 0, NULL), 1);
    assert_int_equal(ka_outbox_lost(outbox), RECORDS - taken);
    assert_int_equal(ka_outbox_close(outbox, 10 * KA_MILLISECOND, &loss, NULL), 0);
    assert_int_equal(loss.dropped, RECORDS - taken);
    close(ends[1]);
    size_t arrived = 0;
    for (ssize_t count; (count = read(ends[0], record, sizeof(record))) > 0;)
        arrived += (size_t)count;
    assert_int_equal(arrived + loss.bytes, (size_t)taken * LINE);
    close(ends[0]);
}

static void the_last_lines_have_room_of_their_own(void **state)
{
    (void)state;
    int ends[2];
    struct ka_outbox *outbox;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(ka_outbox_open(ends[1], &outbox, NULL), 0);
    while (ka_outbox_lost(outbox) < 200) /* more than the pipe takes meanwhile */
        put_line(ka_outbox_stream(outbox), 1);
    uint64_t before = ka_outbox_lost(outbox);
    put_line(ka_outbox_stream(outbox), 2);
    assert_int_equal(ka_outbox_lost(outbox), before + 1);
    ka_outbox_take_last(outbox);
    put_line(ka_outbox_stream(outbox), 3);
    assert_int_equal(ka_outbox_lost(outbox), before + 1);
    close_lines(outbox, 10 * KA_MILLISECOND);
    close(ends[0]);
    close(ends[1]);
}

static void a_full_disk_is_told(void **state)
{
    (void)state;
    struct ka_outbox *outbox;
    struct ka_error error = {.text = ""};
    struct ka_outbox_loss loss;
    int full = open("/dev/full", O_WRONLY);
    assert_true(full >= 0);
    assert_int_equal(ka_outbox_open(full, &outbox, NULL), 0);
    put_line(ka_outbox_stream(outbox), 1);
    while (ka_outbox_put(outbox, NULL, 0, &error) > 0)
        usleep(1000);
    assert_non_null(strstr(error.text, "No space left"));
    assert_int_equal(ka_outbox_close(outbox, 10 * KA_SECOND, &loss, &error), -1);
    assert_non_null(strstr(error.text, "No space left"));
    close(full);
}

static void a_passing_line_is_taken_back_by_what_follows(void **state)
{
    (void)state;
    char text[200] = "";
    struct ka_outbox *outbox;
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(ka_outbox_open(fileno(file), &outbox, NULL), 0);
    ka_outbox_show(outbox, ""); /* nothing is shown, so nothing is taken back */
    fputs("a\n", ka_outbox_stream(outbox));
    ka_outbox_show(outbox, "3 probes");
    ka_outbox_show(outbox, "4 probes");
    fputs("b\n", ka_outbox_stream(outbox));
    fputs("c\n", ka_outbox_stream(outbox));
    assert_int_equal(close_lines(outbox, 10 * KA_SECOND), 0);
    rewind(file);
    assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
    assert_string_equal(text, "a\n\r\033[K3 probes\r\033[K4 probes\r\033[Kb\nc\n");
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_arrives_whole_and_in_order),
        cmocka_unit_test(a_reader_who_does_not_read_costs_lines_and_no_time),
        cmocka_unit_test(records_are_dropped_whole_and_counted),
        cmocka_unit_test(the_last_lines_have_room_of_their_own),
        cmocka_unit_test(a_full_disk_is_told),
        cmocka_unit_test(a_passing_line_is_taken_back_by_what_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
