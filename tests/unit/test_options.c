/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Options as data: what is accepted, where it is stored, and what is said about the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/time.h"
#include "cli/options.h"

#include <stdlib.h>
#include <string.h>

struct shared {
    bool json;
    bool quiet;
};

struct sample {
    struct shared shared;
    const char *filter;
    struct ka_texts files;
    uint64_t count;
    uint64_t memory;
    ka_time idle;
    unsigned color;
    uint32_t states;
};

static const char *color_value(unsigned index)
{
    static const char *const names[] = {"auto", "always", "never"};
    return index < 3 ? names[index] : NULL;
}

static const struct ka_option shared_rows[] = {
    {.name = "json",
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct shared, json),
     .group = "Output",
     .help = "objects"},
    {.name = "quiet",
     .letter = 'q',
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct shared, quiet),
     .group = "Output",
     .help = "less"},
    {.help = NULL},
};

#define ROW(option_name, option_letter, option_kind, member, ...)                                  \
    {                                                                                              \
        .name = option_name, .letter = option_letter, .kind = option_kind, .arg = "ARG",           \
        .offset = offsetof(struct sample, member), .group = "Input", .help = "words", __VA_ARGS__  \
    }

static const struct ka_option own_rows[] = {
    ROW("filter", 'f', KA_ARG_TEXT, filter, .min = 0),
    ROW("read", 'r', KA_ARG_TEXTS, files, .min = 0),
    ROW("count", 'c', KA_ARG_NUMBER, count, .min = 1, .max = 1000),
    ROW("memory", 0, KA_ARG_SIZE, memory, .min = 1024, .max = INT64_MAX),
    ROW("idle", 0, KA_ARG_DURATION, idle, .min = KA_SECOND, .max = 3600 * KA_SECOND),
    ROW("color", 0, KA_ARG_ENUM, color, .value = color_value),
    ROW("states", 0, KA_ARG_SET, states, .value = color_value),
    {.help = NULL},
};

static const struct ka_option_set sets[] = {
    {own_rows, 0},
    {shared_rows, offsetof(struct sample, shared)},
    {.rows = NULL},
};

enum { ARGUMENTS_MAX = 8 };

static int parse(const char *const *arguments, struct sample *sample, struct ka_texts *words,
                 struct ka_error *error)
{
    size_t count = 0;
    while (count < ARGUMENTS_MAX && arguments[count] != NULL)
        count++;
    return ka_options_parse(sets, arguments, count, sample, words, error);
}

static void values_are_stored_by_kind_wherever_options_stand(void **state)
{
    (void)state;
    static const char *const rows[][ARGUMENTS_MAX + 1] = {
        {"--count", "5", "one", "--json", "two"},
        {"one", "two", "-c5", "--json"},
        {"one", "--json", "-c", "5", "two"},
        {"--json", "--count=5", "--", "one", "two"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sample sample = {.count = 0};
        struct ka_texts words = {.count = 0};
        struct ka_error error = {.text = ""};
        assert_int_equal(parse(rows[i], &sample, &words, &error), 0);
        assert_string_equal(error.text, "");
        assert_int_equal(sample.count, 5);
        assert_true(sample.shared.json);
        assert_false(sample.shared.quiet);
        assert_int_equal(words.count, 2);
        assert_string_equal(words.items[0], "one");
        assert_string_equal(words.items[1], "two");
        ka_options_release(sets, &sample, &words);
    }
}

static void each_kind_reads_its_own_form(void **state)
{
    (void)state;
    static const char *const line[] = {
        "--memory=64M", "--idle=1.5m", "--color=never", "--states=never,auto", "-fport 80",
        "-qc7",         NULL};
    struct sample sample = {.count = 0};
    struct ka_texts words = {.count = 0};
    struct ka_error error = {.text = ""};
    assert_int_equal(parse(line, &sample, &words, &error), 0);
    assert_int_equal(sample.memory, 64 << 20);
    assert_int_equal(sample.idle, 90 * KA_SECOND);
    assert_int_equal(sample.color, 2);
    assert_int_equal(sample.states, 5);
    assert_string_equal(sample.filter, "port 80");
    assert_true(sample.shared.quiet);
    assert_int_equal(sample.count, 7);
    ka_options_release(sets, &sample, &words);
}

static void a_repeated_option_collects_and_a_dash_is_a_word(void **state)
{
    (void)state;
    static const char *const line[] = {"-r", "a", "-", "--read=b", "-r-", "--", "--json", NULL};
    struct sample sample = {.count = 0};
    struct ka_texts words = {.count = 0};
    assert_int_equal(parse(line, &sample, &words, NULL), 0);
    assert_int_equal(sample.files.count, 3);
    assert_string_equal(sample.files.items[0], "a");
    assert_string_equal(sample.files.items[1], "b");
    assert_string_equal(sample.files.items[2], "-");
    assert_int_equal(words.count, 2);
    assert_string_equal(words.items[0], "-");
    assert_string_equal(words.items[1], "--json");
    assert_false(sample.shared.json);
    ka_options_release(sets, &sample, &words);
    assert_null(sample.files.items);
}

static void refusals_name_the_option_and_the_remedy(void **state)
{
    (void)state;
    static const struct {
        const char *line[ARGUMENTS_MAX + 1];
        const char *message;
    } rows[] = {
        {{"--jsno"}, "unknown option '--jsno': did you mean --json?"},
        {{"--col=auto"}, "unknown option '--col': did you mean --color?"},
        {{"--zzzzzz"}, "unknown option '--zzzzzz'"},
        {{"-qx"}, "unknown option '-x'"},
        {{"--json=yes"}, "--json takes no value, but 'yes' was given"},
        {{"--count"}, "--count wants an argument: ARG"},
        {{"-c"}, "-c wants an argument: ARG"},
        {{"-c", "0"}, "-c 0: must lie between 1 and 1000"},
        {{"-c", "1001"}, "-c 1001: must lie between 1 and 1000"},
        {{"-c", "-1"}, "-c -1: must lie between 1 and 1000"},
        {{"-c", "5x"}, "-c 5x: not a whole number"},
        {{"-c", "-5x"}, "-c -5x: not a whole number"},
        {{"-c", "-"}, "-c -: not a whole number"},
        {{"-c", "99999999999999999999"}, "-c 99999999999999999999: must lie between 1 and 1000"},
        {{"--memory", "64Q"}, "--memory 64Q: not a size; write bytes, or a number with K, M or G"},
        {{"--memory", "64 "}, "--memory 64 : not a size; write bytes, or a number with K, M or G"},
        {{"--memory", "9999999999T"},
         "--memory 9999999999T: not a size; write bytes, or a number with K, M or G"},
        {{"--memory", "1"}, "--memory 1: must lie between 1024 and 9223372036854775807"},
        {{"--idle", "soon"}, "--idle soon: not a duration; write 90s, 10m or 2h"},
        {{"--idle", "2h"}, "--idle 2h: must lie between 1.00 s and 1 h"},
        {{"--color=red"}, "--color: unknown value 'red'; it may be auto, always, never"},
        {{"--states=auto,"}, "--states: unknown value ''; it may be auto, always, never"},
        {{"--filter="}, "--filter: its argument is empty"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sample sample = {.count = 0};
        struct ka_texts words = {.count = 0};
        struct ka_error error = {.text = ""};
        assert_int_equal(parse(rows[i].line, &sample, &words, &error), -1);
        assert_string_equal(error.text, rows[i].message);
        ka_options_release(sets, &sample, &words);
    }
}

static void only_options_that_want_a_value_take_the_next_word(void **state)
{
    (void)state;
    static const struct {
        const char *argument;
        bool takes;
    } rows[] = {
        {"-c", true},   {"-c5", false},    {"-qc", true},        {"-q", false},
        {"-cq", false}, {"--count", true}, {"--json", false},    {"--count=5", false},
        {"-", false},   {"word", false},   {"--nowhere", false}, {"-Z", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(ka_options_takes_next(sets, rows[i].argument), rows[i].takes);
}

static void help_groups_and_dump_lists_every_row(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    ka_options_help(stream, sets);
    ka_options_dump(stream, "sample", sets);
    assert_int_equal(fclose(stream), 0);
    assert_non_null(strstr(text, "\nInput:\n  -f, --filter ARG          words\n"));
    assert_non_null(strstr(text, "\nOutput:\n      --json                objects\n"));
    assert_non_null(strstr(text, "sample\tcolor\t-\tenum\tARG\tauto|always|never\twords\n"));
    assert_non_null(strstr(text, "sample\tquiet\tq\tflag\t-\t-\tless\n"));
    size_t lines = 0;
    for (const char *at = text; (at = strstr(at, "\nsample\t")) != NULL; at++)
        lines++;
    assert_int_equal(lines, 9);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_stored_by_kind_wherever_options_stand),
        cmocka_unit_test(each_kind_reads_its_own_form),
        cmocka_unit_test(a_repeated_option_collects_and_a_dash_is_a_word),
        cmocka_unit_test(refusals_name_the_option_and_the_remedy),
        cmocka_unit_test(only_options_that_want_a_value_take_the_next_word),
        cmocka_unit_test(help_groups_and_dump_lists_every_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
