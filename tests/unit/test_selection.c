/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How words become files, an interface and a filter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/command.h"
#include "cli/selection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS_MAX = 6 };

/* Two files and a folder to be found, in a directory of their own that becomes the current one. */
static int make_files(void **state)
{
    static char folder[] = "/tmp/test_selection.XXXXXX";
    static const char *const names[] = {"a.pcap", "b.pcap"};
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return -1;
    for (size_t i = 0; i < 2; i++) {
        FILE *stream = fopen(names[i], "w");
        if (stream == NULL || fclose(stream) != 0)
            return -1;
    }
    FILE *stream = fopen("filter", "w");
    if (stream == NULL || fputs("port 7\n", stream) < 0 || fclose(stream) != 0)
        return -1;
    *state = folder;
    return 0;
}

static int remove_files(void **state)
{
    unlink("a.pcap");
    unlink("b.pcap");
    unlink("filter");
    return chdir("/") == 0 ? rmdir(*state) : -1;
}

static struct ka_texts words_of(const char *const *list)
{
    struct ka_texts words = {.count = 0};
    for (size_t i = 0; i < WORDS_MAX && list[i] != NULL; i++)
        assert_int_equal(ka_texts_add(&words, list[i], NULL), 0);
    return words;
}

static void words_are_files_then_an_interface_then_the_filter(void **state)
{
    (void)state;
    static const struct {
        const char *words[WORDS_MAX];
        const char *read; /* -r */
        const char *filter_option;
        size_t files;
        const char *interface;
        const char *filter;
    } rows[] = {
        {{NULL}, NULL, NULL, 0, "any", NULL},
        {{"lo"}, NULL, NULL, 0, "lo", NULL},
        {{"lo", "port", "5432"}, NULL, NULL, 0, "lo", "port 5432"},
        {{"any"}, NULL, "tcp", 0, "any", "tcp"},
        {{"a.pcap"}, NULL, NULL, 1, NULL, NULL},
        {{"a.pcap", "b.pcap"}, NULL, NULL, 2, NULL, NULL},
        {{"a.pcap", "tcp", "or", "icmp"}, NULL, NULL, 1, NULL, "tcp or icmp"},
        {{"-"}, NULL, NULL, 1, NULL, NULL},
        {{"tcp"}, "a.pcap", NULL, 1, NULL, "tcp"},
        {{"b.pcap", "tcp"}, "a.pcap", NULL, 2, NULL, "tcp"},
        {{NULL}, "nowhere.pcap", NULL, 1, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_selection_options options = {.filter = rows[i].filter_option};
        struct ka_texts words = words_of(rows[i].words);
        struct ka_selection selection;
        struct ka_error error = {.text = ""};
        if (rows[i].read != NULL)
            assert_int_equal(ka_texts_add(&options.files, rows[i].read, NULL), 0);
        assert_int_equal(ka_selection_init(&selection, &options, &words, &error), KA_EXIT_DONE);
        assert_string_equal(error.text, "");
        assert_int_equal(selection.files.count, rows[i].files);
        const struct ka_texts *interfaces = &selection.interfaces;
        assert_string_equal(interfaces->count > 0 ? interfaces->items[0] : "",
                            rows[i].interface != NULL ? rows[i].interface : "");
        assert_string_equal(selection.filter != NULL ? selection.filter : "",
                            rows[i].filter != NULL ? rows[i].filter : "");
        ka_selection_fini(&selection);
        free(options.files.items);
        free(words.items);
    }
}

static void what_cannot_be_meant_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *words[WORDS_MAX];
        struct ka_selection_options options;
        int status;
        const char *message;
    } rows[] = {
        {{"nowhere"},
         {.filter = NULL},
         KA_EXIT_USAGE,
         "'nowhere' is neither a file nor an interface"},
        {{"/tmp"}, {.filter = NULL}, KA_EXIT_USAGE, "/tmp is a directory"},
        {{"a.pcap", "prt", "80"}, {.filter = NULL}, KA_EXIT_USAGE, "prt 80"},
        {{"a.pcap", "tcp"}, {.filter = "icmp"}, KA_EXIT_USAGE, "the filter was given 2 times"},
        {{"a.pcap", "tcp"},
         {.filter = "icmp", .filter_file = "filter"},
         KA_EXIT_USAGE,
         "the filter was given 3 times"},
        {{"a.pcap"}, {.filter_file = "nowhere"}, KA_EXIT_FAILED, "nowhere: No such file"},
        {{"a.pcap"}, {.filter_file = "/dev/zero"}, KA_EXIT_FAILED, "/dev/zero is no filter file"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_texts words = words_of(rows[i].words);
        struct ka_selection selection;
        struct ka_error error = {.text = ""};
        assert_int_equal(ka_selection_init(&selection, &rows[i].options, &words, &error),
                         rows[i].status);
        assert_non_null(strstr(error.text, rows[i].message));
        ka_selection_fini(&selection);
        free(words.items);
    }
}

/* But for the end of its last line, which messages would repeat. */
static void a_filter_file_is_the_filter(void **state)
{
    (void)state;
    struct ka_selection_options options = {.filter_file = "filter"};
    static const char *const list[WORDS_MAX] = {"a.pcap", NULL};
    struct ka_texts words = words_of(list);
    struct ka_selection selection;
    assert_int_equal(ka_selection_init(&selection, &options, &words, NULL), KA_EXIT_DONE);
    assert_string_equal(selection.filter, "port 7");
    ka_selection_fini(&selection);
    free(words.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_files_then_an_interface_then_the_filter),
        cmocka_unit_test(what_cannot_be_meant_is_refused_by_name),
        cmocka_unit_test(a_filter_file_is_the_filter),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
