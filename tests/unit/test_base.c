/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The foundation: sequence arithmetic, reading, building, times, addresses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/builder.h"
#include "base/reader.h"
#include "base/seq.h"
#include "base/text.h"
#include "base/time.h"

#include <stdlib.h>
#include <string.h>

static void sequence_numbers_compare_across_the_wrap(void **state)
{
    (void)state;
    static const struct {
        uint32_t a, b;
        int32_t ahead;
    } rows[] = {
        {0, 0, 0},
        {0, 1, 1},
        {1, 0, -1},
        {UINT32_MAX, 0, 1},
        {0, UINT32_MAX, -1},
        {0x7fffffff, 0x80000000, 1},
        {0xfffffff0, 0x10, 0x20},
        {0, 0x7fffffff, INT32_MAX},
        {0, 0x80000000, INT32_MIN},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(ka_seq_diff(rows[i].a, rows[i].b), rows[i].ahead);
        assert_int_equal(ka_seq_lt(rows[i].a, rows[i].b), rows[i].ahead > 0);
        assert_int_equal(ka_seq_le(rows[i].a, rows[i].b), rows[i].ahead >= 0);
    }
    assert_int_equal(ka_seq_max(UINT32_MAX, 5), 5);
    assert_int_equal(ka_seq_max(5, UINT32_MAX), 5);
}

static void a_failed_read_changes_nothing(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {1, 2, 3};
    struct ka_reader reader = ka_reader_make(bytes, sizeof(bytes));
    struct ka_reader part;
    uint32_t wide = 7;
    uint64_t wider = 7;
    uint16_t half = 7;
    uint8_t byte = 7;
    assert_false(ka_read_be32(&reader, &wide));
    assert_false(ka_read_u64(&reader, true, &wider));
    assert_false(ka_read_window(&reader, 4, &part));
    assert_false(ka_skip(&reader, SIZE_MAX));
    assert_int_equal(wide, 7);
    assert_int_equal(wider, 7);
    assert_int_equal(reader.left, 3);
    assert_true(ka_read_be16(&reader, &half));
    assert_int_equal(half, 0x0102);
    assert_false(ka_read_be16(&reader, &half));
    assert_true(ka_read_u8(&reader, &byte));
    assert_int_equal(byte, 3);
    assert_false(ka_read_u8(&reader, &byte));
    assert_int_equal(reader.left, 0);
}

static void both_byte_orders_are_read(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct ka_reader reader = ka_reader_make(bytes, sizeof(bytes));
    uint16_t half;
    uint32_t word;
    uint64_t wide;
    assert_true(ka_read_u64(&reader, true, &wide));
    assert_int_equal(wide, 0x0102030405060708);
    reader = ka_reader_make(bytes, sizeof(bytes));
    assert_true(ka_read_u64(&reader, false, &wide));
    assert_int_equal(wide, 0x0807060504030201);
    reader = ka_reader_make(bytes, sizeof(bytes));
    assert_true(ka_read_u16(&reader, false, &half));
    assert_int_equal(half, 0x0201);
    assert_true(ka_read_u32(&reader, false, &word));
    assert_int_equal(word, 0x06050403);
}

static void an_overflowing_builder_writes_nothing_more(void **state)
{
    (void)state;
    uint8_t bytes[6] = {0};
    struct ka_builder builder = ka_builder_make(bytes, 5);
    ka_put_be32(&builder, 0x01020304);
    assert_true(ka_builder_ok(&builder));
    ka_put_be16(&builder, 0xffff);
    ka_put_u8(&builder, 9);
    assert_false(ka_builder_ok(&builder));
    assert_int_equal(bytes[4], 0);
    assert_int_equal(bytes[5], 0);
    builder = ka_builder_make(bytes, 5);
    ka_patch_be16(&builder, 0, 1);
    assert_false(ka_builder_ok(&builder));
}

static void the_checksum_of_rfc_1071_comes_out(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    assert_int_equal(ka_checksum_finish(ka_checksum_add(0, bytes, sizeof(bytes))), 0x220d);
    uint32_t half = ka_checksum_add(0, bytes, 4);
    assert_int_equal(ka_checksum_finish(ka_checksum_add(half, bytes + 4, 4)), 0x220d);
}

static void durations_are_read_with_their_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        ka_time value; /* KA_TIME_NONE: refused */
    } rows[] = {
        {"90s", 90 * KA_SECOND},
        {"10m", 600 * KA_SECOND},
        {"2h", 7200 * KA_SECOND},
        {"1.5h", 5400 * KA_SECOND},
        {"250ms", 250 * KA_MILLISECOND},
        {"15", 15 * KA_SECOND},
        {"0", 0},
        {"1d", 86400 * KA_SECOND},
        {"", KA_TIME_NONE},
        {"s", KA_TIME_NONE},
        {"-5s", KA_TIME_NONE},
        {"5 s", KA_TIME_NONE},
        {"5x", KA_TIME_NONE},
        {"1e400", KA_TIME_NONE},
        {"1e3s", KA_TIME_NONE},
        {"0x10s", KA_TIME_NONE},
        {"inf", KA_TIME_NONE},
        {"9999999999h", KA_TIME_NONE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ka_time value = KA_TIME_NONE;
        bool read = ka_duration_parse(rows[i].text, &value);
        assert_int_equal(read, rows[i].value != KA_TIME_NONE);
        assert_int_equal(value, rows[i].value);
    }
}

static void times_are_written_with_the_precision_of_the_capture(void **state)
{
    (void)state;
    char text[KA_TIME_TEXT_SIZE];
    ka_time time = 1792576805 * KA_SECOND + 123456789;
    ka_time_rfc3339(time, 6, text);
    assert_string_equal(text, "2026-10-21T10:00:05.123456Z");
    ka_time_rfc3339(time, 9, text);
    assert_string_equal(text, "2026-10-21T10:00:05.123456789Z");
    ka_time_rfc3339(time, 0, text);
    assert_string_equal(text, "2026-10-21T10:00:05Z");
    ka_time_rfc3339(KA_TIME_NONE, 6, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000000Z");
    ka_time_clock(time, 3, true, text);
    assert_string_equal(text, "10:00:05.123");
}

static void durations_are_written_for_people(void **state)
{
    (void)state;
    static const struct {
        ka_time value;
        const char *text;
    } rows[] = {
        {545 * KA_MICROSECOND, "0.5 ms"},
        {23 * KA_MICROSECOND, "23 us"},
        {0, "0.0 ms"},
        {99990 * KA_MICROSECOND, "0.10 s"},
        {500 * KA_MICROSECOND, "0.5 ms"},
        {31 * KA_MILLISECOND, "31.0 ms"},
        {1500 * KA_MILLISECOND, "1.50 s"},
        {15 * KA_SECOND, "15.0 s"},
        {7200 * KA_SECOND, "2 h"},
        {7080 * KA_SECOND, "118 min"},
        {9000 * KA_SECOND, "2 h 30 min"},
        {KA_TIME_NONE, "?"},
        {3 * 86400 * KA_SECOND, "3 d 0 h"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[KA_TIME_TEXT_SIZE];
        ka_duration_text(rows[i].value, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void endpoints_are_read_and_written_alike(void **state)
{
    (void)state;
    static const char *const good[] = {"10.0.0.1:5432", "[2001:db8::1]:443", "[::1]:1"};
    static const char *const bad[] = {"",           "10.0.0.1",      "10.0.0.1:0", "10.0.0.1:65536",
                                      "::1:80",     "[10.0.0.1]:80", "host:80",    "[::1]80",
                                      "10.0.0.1:x", "10.0.0.1: 5",   ":80",        "[]:80"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct ka_endpoint endpoint;
        char text[KA_ENDPOINT_TEXT_SIZE];
        assert_int_equal(ka_endpoint_parse(good[i], &endpoint, NULL), 0);
        ka_endpoint_text(&endpoint, text);
        assert_string_equal(text, good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct ka_endpoint endpoint = {.port = 77};
        struct ka_error error = {.text = ""};
        assert_int_equal(ka_endpoint_parse(bad[i], &endpoint, &error), -1);
        assert_int_equal(endpoint.port, 77);
        assert_non_null(strstr(error.text, bad[i]));
    }
}

static void addresses_that_are_no_single_host_are_known(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool unusable;
    } rows[] = {
        {"10.0.0.1", false},       {"224.0.0.1", true},
        {"239.255.255.255", true}, {"0.0.0.0", true},
        {"255.255.255.255", true}, {"::", true},
        {"ff02::1", true},         {"::1", false},
        {"2001:db8::1", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_addr addr;
        assert_true(ka_addr_parse(rows[i].text, &addr));
        assert_int_equal(ka_addr_is_unusable(&addr), rows[i].unusable);
    }
}

static void mapped_addresses_mean_ipv4(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *meant;
    } rows[] = {
        {"::ffff:10.0.0.1", "10.0.0.1"},       {"::ffff:255.255.255.255", "255.255.255.255"},
        {"::10.0.0.1", "::10.0.0.1"},          {"::fffe:10.0.0.1", "::fffe:a00:1"},
        {"1::ffff:10.0.0.1", "1::ffff:a00:1"}, {"10.0.0.1", "10.0.0.1"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_addr addr;
        char text[KA_ADDR_TEXT_SIZE];
        assert_true(ka_addr_parse(rows[i].text, &addr));
        struct ka_addr meant = ka_addr_unmapped(&addr);
        ka_addr_text(&meant, text);
        assert_string_equal(text, rows[i].meant);
        assert_int_equal(ka_addr_is_mapped(&addr), i < 2);
    }
}

static void endpoints_have_one_order(void **state)
{
    (void)state;
    static const char *const ordered[] = {
        "9.255.0.1:80", "10.0.0.1:79", "10.0.0.1:80", "10.0.0.1:40000", "[::1]:1", "[2001:db8::]:1",
    };
    const size_t count = sizeof(ordered) / sizeof(ordered[0]);
    for (size_t i = 0; i < count * count; i++) {
        struct ka_endpoint a;
        struct ka_endpoint b;
        assert_int_equal(ka_endpoint_parse(ordered[i / count], &a, NULL), 0);
        assert_int_equal(ka_endpoint_parse(ordered[i % count], &b, NULL), 0);
        int order = ka_endpoint_compare(&a, &b);
        assert_int_equal(order < 0, i / count < i % count);
        assert_int_equal(order > 0, i / count > i % count);
    }
}

static void a_noun_fits_its_number(void **state)
{
    (void)state;
    assert_string_equal(ka_text_plural(0), "s");
    assert_string_equal(ka_text_plural(1), "");
    assert_string_equal(ka_text_plural(2), "s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_noun_fits_its_number),
        cmocka_unit_test(sequence_numbers_compare_across_the_wrap),
        cmocka_unit_test(a_failed_read_changes_nothing),
        cmocka_unit_test(both_byte_orders_are_read),
        cmocka_unit_test(an_overflowing_builder_writes_nothing_more),
        cmocka_unit_test(the_checksum_of_rfc_1071_comes_out),
        cmocka_unit_test(durations_are_read_with_their_units),
        cmocka_unit_test(times_are_written_with_the_precision_of_the_capture),
        cmocka_unit_test(durations_are_written_for_people),
        cmocka_unit_test(endpoints_are_read_and_written_alike),
        cmocka_unit_test(addresses_that_are_no_single_host_are_known),
        cmocka_unit_test(mapped_addresses_mean_ipv4),
        cmocka_unit_test(endpoints_have_one_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
