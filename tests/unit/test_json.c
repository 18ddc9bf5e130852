/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Texts under construction, JSON, and foreign text in both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/unicode.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROOM = 4096 };

static void assert_text(const struct ka_text *text, const char *expected)
{
    char copy[ROOM];
    assert_false(text->overflow);
    assert_in_range(text->used, 0, sizeof(copy) - 1);
    memcpy(copy, text->bytes, text->used);
    copy[text->used] = '\0';
    assert_string_equal(copy, expected);
}

static void numbers_are_written_exactly(void **state)
{
    (void)state;
    static const struct {
        ka_time duration;
        const char *expected;
    } durations[] = {
        {0, "0"},
        {60 * KA_SECOND, "60"},
        {1, "0.000000001"},
        {500 * KA_MICROSECOND, "0.0005"},
        {1500 * KA_MILLISECOND, "1.5"},
        {-1500 * KA_MILLISECOND, "-1.5"},
        {123456789, "0.123456789"},
        {INT64_MAX, "9223372036.854775807"},
        {INT64_MIN + 1, "-9223372036.854775807"},
    };
    static const struct {
        double value;
        const char *expected;
    } doubles[] = {
        {0, "0"},
        {-0.0, "0"},
        {0.75, "0.75"},
        {1.0 / 3, "0.333333"},
        {-2.5, "-2.5"},
        {-1e-9, "0"},
        {999999.9999999, "1000000"},
        {1e12, "1000000000000"},
        {1e300, "1.0000000000000001e+300"},
    };
    char bytes[ROOM];
    for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
        struct ka_text text = ka_text_fixed(bytes, sizeof(bytes));
        ka_text_put_seconds(&text, durations[i].duration);
        assert_text(&text, durations[i].expected);
    }
    for (size_t i = 0; i < sizeof(doubles) / sizeof(doubles[0]); i++) {
        struct ka_text text = ka_text_fixed(bytes, sizeof(bytes));
        ka_text_put_double(&text, doubles[i].value);
        assert_text(&text, doubles[i].expected);
    }
    struct ka_text text = ka_text_fixed(bytes, sizeof(bytes));
    ka_text_put_number(&text, UINT64_MAX);
    ka_text_put_number(&text, 0);
    assert_text(&text, "184467440737095516150");
}

static void a_fixed_text_remembers_what_did_not_fit(void **state)
{
    (void)state;
    char bytes[5] = "....";
    struct ka_text text = ka_text_fixed(bytes, 4);
    ka_text_put_string(&text, "abc");
    assert_false(text.overflow);
    ka_text_put_string(&text, "de");
    assert_true(text.overflow);
    assert_int_equal(text.used, 3);
    assert_memory_equal(bytes, "abc.", 4);
    ka_text_pad(&text, 0, 100); /* ends, although there is no room */
    assert_true(text.overflow);
    assert_in_range(text.used, 3, 4);
}

static void a_growing_text_holds_more_than_it_started_with(void **state)
{
    (void)state;
    struct ka_text text = ka_text_growing();
    for (int i = 0; i < 5000; i++)
        ka_text_put_string(&text, "0123456789");
    assert_false(text.overflow);
    assert_int_equal(text.used, 50000);
    assert_memory_equal(text.bytes + 49990, "0123456789", 10);
    ka_text_free(&text);
    assert_int_equal(text.used, 0);
    assert_null(text.bytes);
}

static void write_document(struct ka_json *json)
{
    ka_json_open_object(json);
    ka_json_key(json, "empty");
    ka_json_open_array(json);
    ka_json_close_array(json);
    ka_json_key(json, "list");
    ka_json_open_array(json);
    ka_json_number(json, 1);
    ka_json_null(json);
    ka_json_open_object(json);
    ka_json_close_object(json);
    ka_json_bool(json, true);
    ka_json_close_array(json);
    ka_json_key(json, "nan");
    ka_json_double(json, NAN);
    ka_json_key(json, "none");
    ka_json_seconds(json, KA_TIME_NONE);
    ka_json_close_object(json);
}

static void commas_and_brackets_fall_into_place(void **state)
{
    (void)state;
    char bytes[ROOM];
    struct ka_text text = ka_text_fixed(bytes, sizeof(bytes));
    struct ka_json json = ka_json_make(&text, false);
    write_document(&json);
    assert_text(&text, "{\"empty\":[],\"list\":[1,null,{},true],"
                       "\"nan\":null,\"none\":null}");
    text.used = 0;
    json = ka_json_make(&text, true);
    write_document(&json);
    assert_text(&text, "{\n  \"empty\": [],\n  \"list\": [\n    1,\n    null,\n    {},\n    true\n"
                       "  ],\n  \"nan\": null,\n  \"none\": null\n"
                       "}");
}

/* Foreign text, as a JSON string without its quotes, and for a terminal. */
static const struct {
    const char *foreign;
    size_t length;
    const char *json;
    const char *terminal;
} hostile[] = {
    {"plain", 5, "plain", "plain"},
    {"", 0, "", ""},
    {"\"\\/", 3, "\\\"\\\\/", "\"\\/"},
    {"</script>", 9, "\\u003c/script>", "</script>"},
    {"\033[2J", 4, "\\u001b[2J", "\\x1b[2J"},
    {"\r\n\t", 3, "\\u000d\\u000a\\u0009", "\\x0d\\x0a\\x09"},
    {"\x7f", 1, "\\u007f", "\\x7f"},
    {"\xc2\x9b", 2, "\\u009b", "\\x9b"},       /* C1: CSI in one character */
    {"\xe2\x80\xae", 3, "\\u202e", "\\u202e"}, /* right-to-left override */
    {"\xe2\x81\xa6", 3, "\\u2066", "\\u2066"}, /* left-to-right isolate */
    {"\xe2\x80\x8f", 3, "\\u200f", "\\u200f"}, /* right-to-left mark */
    {"\xe2\x80\xa8", 3, "\\u2028", "\\u2028"}, /* line separator */
    {"\xd8\x9c", 2, "\\u061c", "\\u061c"},     /* Arabic letter mark */
    {"gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
    {"\xf0\x9f\x90\x9f", 4, "\xf0\x9f\x90\x9f", "\xf0\x9f\x90\x9f"},
    {"\xff", 1, "\xef\xbf\xbd", "\xef\xbf\xbd"},
    {"a\x80z", 3, "a\xef\xbf\xbdz", "a\xef\xbf\xbdz"}, /* stray continuation */
    {"\xc0\x80", 2, "\xef\xbf\xbd\xef\xbf\xbd", "\xef\xbf\xbd\xef\xbf\xbd"}, /* overlong NUL */
    {"\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* surrogate */
    {"\xf4\x90\x80\x80", 4, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},                    /* past U+10FFFF */
    {"\xe2\x82", 2, "\xef\xbf\xbd\xef\xbf\xbd", "\xef\xbf\xbd\xef\xbf\xbd"}, /* cut */
    {"a\0b", 3, "a\\u0000b", "a"}, /* a terminal's text ends at the NUL */
};

static void foreign_text_cannot_act_on_a_page(void **state)
{
    (void)state;
    char bytes[ROOM];
    char expected[ROOM];
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        struct ka_text text = ka_text_fixed(bytes, sizeof(bytes));
        struct ka_json json = ka_json_make(&text, false);
        ka_json_bytes(&json, hostile[i].foreign, hostile[i].length);
        snprintf(expected, sizeof(expected), "\"%s\"", hostile[i].json);
        assert_text(&text, expected);
    }
}

static void foreign_text_cannot_act_on_a_terminal(void **state)
{
    (void)state;
    char bytes[ROOM];
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        struct ka_text text = ka_text_fixed(bytes, sizeof(bytes));
        ka_text_put_foreign(&text, hostile[i].foreign, hostile[i].length);
        assert_text(&text, hostile[i].terminal);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_exactly),
        cmocka_unit_test(a_fixed_text_remembers_what_did_not_fit),
        cmocka_unit_test(a_growing_text_holds_more_than_it_started_with),
        cmocka_unit_test(commas_and_brackets_fall_into_place),
        cmocka_unit_test(foreign_text_cannot_act_on_a_page),
        cmocka_unit_test(foreign_text_cannot_act_on_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
