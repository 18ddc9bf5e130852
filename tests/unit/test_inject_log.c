/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The log of probes: only ever longer, and an error where it cannot be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inject/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 64 };

static void make_folder(char *folder)
{
    strcpy(folder, "/tmp/kasniff-log-XXXXXX");
    assert_non_null(mkdtemp(folder));
}

static void read_file(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t length = fread(out, 1, size - 1, file);
    out[length] = '\0';
    fclose(file);
}

static void lines_are_appended_in_order(void **state)
{
    (void)state;
    char folder[PATH_SIZE];
    char path[PATH_SIZE + 8];
    char text[2048];
    struct stat status;
    struct ka_request request;
    uint32_t id;
    const struct ka_reply reply = {.kind = KA_REPLY_SENT, .id = 3, .length = 1, .bytes = {0x45}};
    make_folder(folder);
    snprintf(path, sizeof(path), "%s/log", folder);
    assert_int_equal(ka_request_parse("numberless id=3 src=10.0.0.1:1 dst=10.0.0.2:2 win=5 ttl=6",
                                      &request, &id, NULL),
                     0);
    for (int run = 0; run < 2; run++) {
        struct ka_probe_log *log = ka_probe_log_open(path, NULL);
        assert_non_null(log);
        assert_int_equal(ka_probe_log_ask(log, KA_SECOND, &request, NULL), 0);
        assert_int_equal(ka_probe_log_reply(log, 2 * KA_SECOND, &reply, NULL), 0);
        assert_int_equal(ka_probe_log_outcome(log, 3 * KA_SECOND, 3, "rst\nfrom nowhere", NULL), 0);
        assert_int_equal(ka_probe_log_close(log, NULL), 0);
    }
    static const char once[] =
        "1970-01-01T00:00:01.000000Z ask numberless id=3 src=10.0.0.1:1 dst=10.0.0.2:2 win=5 "
        "ttl=6\n"
        "1970-01-01T00:00:02.000000Z reply sent id=3 bytes=45\n"
        "1970-01-01T00:00:03.000000Z outcome id=3 rst?from nowhere\n";
    read_file(path, text, sizeof(text));
    assert_int_equal(strlen(text), 2 * strlen(once));
    assert_memory_equal(text, once, strlen(once));
    assert_string_equal(text + strlen(once), once);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    unlink(path);
    rmdir(folder);
}

/* Else the next run's first line, and with it a probe, would be lost to whoever reads the log. */
static void a_line_that_was_cut_is_ended_first(void **state)
{
    (void)state;
    char folder[PATH_SIZE];
    char path[PATH_SIZE + 8];
    char text[256];
    make_folder(folder);
    snprintf(path, sizeof(path), "%s/log", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("whole\n1970-01-01T00:00:00.000000Z ask pro", file);
    fclose(file);
    for (int run = 0; run < 2; run++) {
        struct ka_probe_log *log = ka_probe_log_open(path, NULL);
        assert_non_null(log);
        assert_int_equal(ka_probe_log_outcome(log, KA_SECOND, 3, "ack", NULL), 0);
        assert_int_equal(ka_probe_log_close(log, NULL), 0);
    }
    read_file(path, text, sizeof(text));
    assert_string_equal(text, "whole\n1970-01-01T00:00:00.000000Z ask pro\n"
                              "1970-01-01T00:00:01.000000Z outcome id=3 ack\n"
                              "1970-01-01T00:00:01.000000Z outcome id=3 ack\n");
    unlink(path);
    rmdir(folder);
}

static void a_full_device_is_an_error_for_good(void **state)
{
    (void)state;
    struct ka_error error = {.text = ""};
    const struct ka_request request = {.verb = KA_ASK_PROBE};
    struct ka_probe_log *log = ka_probe_log_open("/dev/full", &error);
    assert_non_null(log);
    assert_int_equal(ka_probe_log_ask(log, 0, &request, &error), -1);
    assert_non_null(strstr(error.text, "/dev/full"));
    assert_int_equal(ka_probe_log_outcome(log, 0, 1, "ack", &error), -1);
    assert_non_null(strstr(error.text, "failed before"));
    ka_probe_log_close(log, NULL);
}

static void links_and_missing_folders_are_errors(void **state)
{
    (void)state;
    char folder[PATH_SIZE];
    char path[PATH_SIZE + 8];
    struct ka_error error = {.text = ""};
    make_folder(folder);
    snprintf(path, sizeof(path), "%s/link", folder);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_null(ka_probe_log_open(path, &error));
    assert_non_null(strstr(error.text, "link"));
    unlink(path);
    snprintf(path, sizeof(path), "%s/a/b", folder);
    assert_null(ka_probe_log_open(path, &error));
    assert_non_null(strstr(error.text, path));
    rmdir(folder);
}

static void a_pipe_is_never_waited_for(void **state)
{
    (void)state;
    char folder[PATH_SIZE];
    char path[PATH_SIZE + 8];
    struct ka_error error = {.text = ""};
    const struct ka_request request = {.verb = KA_ASK_PROBE};
    make_folder(folder);
    snprintf(path, sizeof(path), "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_null(ka_probe_log_open(path, &error));
    assert_non_null(strstr(error.text, "nobody reads"));
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    struct ka_probe_log *log = ka_probe_log_open(path, &error);
    assert_non_null(log);
    int written = 0;
    while (written < 100000 && ka_probe_log_ask(log, 0, &request, &error) == 0)
        written++;
    assert_in_range(written, 1, 99999); /* it is full, and that is an error */
    assert_int_equal(ka_probe_log_ask(log, 0, &request, &error), -1);
    assert_int_equal(ka_probe_log_close(log, NULL), 0);
    close(reader);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_appended_in_order),
        cmocka_unit_test(a_line_that_was_cut_is_ended_first),
        cmocka_unit_test(a_full_device_is_an_error_for_good),
        cmocka_unit_test(a_pipe_is_never_waited_for),
        cmocka_unit_test(links_and_missing_folders_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
