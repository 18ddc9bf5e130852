/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading pcap: variants, times, damage, and what is no capture.
 */
#include "tests/unit/capture_bytes.h"

#include "capture/file.h"

#include <string.h>
#include <unistd.h>

enum { MICRO = 0xa1b2c3d4, NANO = 0xa1b23c4d, MODIFIED = 0xa1b2cd34 };

static void every_variant_is_read(void **state)
{
    (void)state;
    static const struct {
        uint32_t magic;
        bool big;
        uint8_t digits;
        ka_time fraction;
    } rows[] = {
        {(uint32_t)MICRO, false, 6, 7000},
        {(uint32_t)MICRO, true, 6, 7000},
        {(uint32_t)NANO, false, 9, 7},
        {(uint32_t)NANO, true, 9, 7},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t bytes[512];
        struct seen seen;
        struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
        put_pcap_header(&b, rows[i].big, rows[i].magic, 4, 113);
        put_pcap_record(&b, rows[i].big, 0, 7, 60, 60, 0x11);
        put_pcap_record(&b, rows[i].big, 1, 7, 54, 1514, 0x22);
        put_pcap_record(&b, rows[i].big, 2, 7, 0, 0, 0);
        read_bytes(&b, NULL, &seen);
        assert_int_equal(seen.end, KA_SOURCE_END);
        assert_string_equal(seen.error.text, "");
        assert_int_equal(seen.count, 3);
        assert_int_equal(seen.frames[0].time, FIRST_SECOND * KA_SECOND + rows[i].fraction);
        assert_int_equal(seen.frames[1].time, (FIRST_SECOND + 1) * KA_SECOND + rows[i].fraction);
        assert_int_equal(seen.frames[1].captured, 54);
        assert_int_equal(seen.frames[1].length, 1514);
        assert_int_equal(seen.fills[1], 0x22);
        assert_int_equal(seen.frames[2].number, 3);
        assert_int_equal(seen.frames[2].link_type, 113);
        assert_int_equal(seen.frames[2].digits, rows[i].digits);
        assert_int_equal(seen.stats.frames, 3);
        assert_false(seen.stats.received_known);
        assert_false(seen.stats.dropped_kernel_known);
        assert_false(seen.stats.dropped_interface_known);
    }
}

static void modified_records_have_eight_more_bytes(void **state)
{
    (void)state;
    uint8_t bytes[512];
    struct seen seen;
    struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
    put_pcap_header(&b, false, (uint32_t)MODIFIED, 4, 1);
    for (uint8_t i = 1; i <= 2; i++) {
        put_pcap_record(&b, false, i, 0, 0, 60, 0);
        b.used -= 8;
        put32(&b, false, 60);
        put32(&b, false, 60);
        ka_put_zeros(&b, 8);
        for (int k = 0; k < 60; k++)
            ka_put_u8(&b, i);
    }
    read_bytes(&b, NULL, &seen);
    assert_int_equal(seen.end, KA_SOURCE_END);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.fills[0], 1);
    assert_int_equal(seen.fills[1], 2);
}

static void lengths_of_old_versions_are_swapped_back(void **state)
{
    (void)state;
    static const struct {
        uint16_t minor;
        uint32_t first, second; /* the two length fields, as written */
    } rows[] = {{2, 100, 60}, {3, 100, 60}, {3, 60, 100}, {4, 60, 100}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t bytes[512];
        struct seen seen;
        struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
        put_pcap_header(&b, true, (uint32_t)MICRO, rows[i].minor, 1);
        put_pcap_record(&b, true, 0, 0, 0, 0, 0);
        b.used -= 8;
        put32(&b, true, rows[i].first);
        put32(&b, true, rows[i].second);
        ka_put_zeros(&b, 60);
        read_bytes(&b, NULL, &seen);
        assert_int_equal(seen.end, KA_SOURCE_END);
        assert_int_equal(seen.count, 1);
        assert_int_equal(seen.frames[0].captured, 60);
        assert_int_equal(seen.frames[0].length, 100);
    }
}

static void a_wire_length_below_the_captured_is_raised(void **state)
{
    (void)state;
    uint8_t bytes[512];
    struct seen seen;
    struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
    put_pcap_header(&b, false, (uint32_t)MICRO, 4, 1);
    put_pcap_record(&b, false, 0, 0, 60, 0, 1);
    read_bytes(&b, NULL, &seen);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.frames[0].length, 60);
}

static void impossible_fractions_are_no_time(void **state)
{
    (void)state;
    uint8_t bytes[512];
    struct seen seen;
    struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
    put_pcap_header(&b, false, (uint32_t)MICRO, 4, 1);
    put_pcap_record(&b, false, 0, 999999, 4, 4, 1);
    put_pcap_record(&b, false, 0, 1000000, 4, 4, 1);
    put_pcap_record(&b, false, 0, UINT32_MAX, 4, 4, 1);
    put_pcap_record(&b, false, UINT32_MAX - FIRST_SECOND, 0, 4, 4, 1);
    read_bytes(&b, NULL, &seen);
    assert_int_equal(seen.count, 4);
    assert_int_equal(seen.frames[0].time, FIRST_SECOND * KA_SECOND + 999999 * KA_MICROSECOND);
    assert_true(seen.frames[1].time == KA_TIME_NONE);
    assert_true(seen.frames[2].time == KA_TIME_NONE);
    assert_int_equal(seen.frames[3].time, UINT32_MAX * KA_SECOND);
}

static void a_file_cut_anywhere_gives_the_frames_before_the_cut(void **state)
{
    (void)state;
    uint8_t bytes[512];
    struct seen seen;
    struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
    put_pcap(&b, 0, 1, 3);
    const size_t whole = b.used;
    const size_t record = 16 + 60;
    for (b.used = 0; b.used <= whole; b.used++) {
        read_bytes(&b, NULL, &seen);
        bool at_boundary = b.used >= 24 && (b.used - 24) % record == 0;
        assert_int_equal(seen.count, b.used < 24 ? 0 : (b.used - 24) / record);
        assert_int_equal(seen.end, at_boundary ? KA_SOURCE_END : KA_SOURCE_DAMAGED);
        assert_int_equal(seen.error.text[0] == '\0', at_boundary);
    }
}

static void damage_is_named_with_its_place(void **state)
{
    (void)state;
    uint8_t bytes[512];
    struct seen seen;
    struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
    put_pcap(&b, 0, 1, 2);
    put32(&b, false, FIRST_SECOND);
    put32(&b, false, 0);
    put32(&b, false, 0x7fffffff);
    put32(&b, false, 0x7fffffff);
    ka_put_zeros(&b, 100);
    read_bytes(&b, NULL, &seen);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.end, KA_SOURCE_DAMAGED);
    assert_non_null(strstr(seen.error.text, "test: damaged at byte 176"));
    assert_non_null(strstr(seen.error.text, "record 3"));
}

static void what_is_no_capture_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *content;
        size_t length;
        enum ka_source_status end;
        const char *word;
    } rows[] = {
        {"", 0, KA_SOURCE_DAMAGED, "is empty"},
        {"\xd4\xc3", 2, KA_SOURCE_DAMAGED, "2 of 4 bytes"},
        {"hello, this is text\n", 20, KA_SOURCE_FAILED, "looks like text"},
        {"snoop\0\0\0\0\0\0\2", 12, KA_SOURCE_FAILED, "snoop capture"},
        {"\x7f"
         "ELF\2\1\1",
         7, KA_SOURCE_FAILED, "a program"},
        {"\1\2\3\4\5\6\7\10\11", 9, KA_SOURCE_FAILED, "01 02 03 04 05 06 07 08"},
        {"\x1b[31mred", 8, KA_SOURCE_FAILED, "1b 5b 33"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[PATH_SIZE];
        struct seen seen;
        write_file(rows[i].content, rows[i].length, path);
        read_file(path, NULL, &seen);
        unlink(path);
        assert_int_equal(seen.end, rows[i].end);
        assert_int_equal(seen.count, 0);
        assert_non_null(strstr(seen.error.text, path));
        assert_non_null(strstr(seen.error.text, rows[i].word));
    }
}

static void what_cannot_be_opened_says_why(void **state)
{
    (void)state;
    struct ka_source *source = NULL;
    struct ka_error error;
    assert_int_equal(ka_file_open("/nonexistent/x.pcap", NULL, &source, &error), -1);
    assert_non_null(strstr(error.text, "/nonexistent/x.pcap"));
    assert_non_null(strstr(error.text, "No such file"));
    assert_int_equal(ka_file_open("/tmp", NULL, &source, &error), -1);
    assert_non_null(strstr(error.text, "is a folder"));
    assert_int_equal(ka_file_open("/dev/null", "tcp and (", &source, &error), -1);
    assert_non_null(strstr(error.text, "tcp and ("));
    assert_null(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_variant_is_read),
        cmocka_unit_test(modified_records_have_eight_more_bytes),
        cmocka_unit_test(lengths_of_old_versions_are_swapped_back),
        cmocka_unit_test(a_wire_length_below_the_captured_is_raised),
        cmocka_unit_test(impossible_fractions_are_no_time),
        cmocka_unit_test(a_file_cut_anywhere_gives_the_frames_before_the_cut),
        cmocka_unit_test(damage_is_named_with_its_place),
        cmocka_unit_test(what_is_no_capture_is_named),
        cmocka_unit_test(what_cannot_be_opened_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
