/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading pcapng: sections, interfaces, every block with packets, time resolutions, damage.
 */
#include "tests/unit/capture_bytes.h"

#include "capture/tick.h"

#include <stdio.h>
#include <string.h>

enum { NO_RESOLUTION = 0xff };

static void sections_interfaces_and_link_types_may_differ(void **state)
{
    (void)state;
    uint8_t bytes[2048];
    struct seen seen;
    struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
    put_section(&b, false);
    put_interface(&b, false, 1, 96, NO_RESOLUTION, 0);
    put_interface(&b, false, 101, 65535, 9, 0);
    put_enhanced(&b, false, 1, FIRST_SECOND * 1000000000ull + 1, 40, 40, 0x45);
    put_enhanced(&b, false, 0, FIRST_SECOND * 1000000ull + 2, 60, 1514, 0xaa);
    put_section(&b, true);
    put_interface(&b, true, 276, 0, 3, 0);
    put_enhanced(&b, true, 0, FIRST_SECOND * 1000ull + 3, 61, 61, 0xbb);
    read_bytes(&b, NULL, &seen);
    assert_int_equal(seen.end, KA_SOURCE_END);
    assert_int_equal(seen.count, 3);
    static const struct {
        uint16_t link_type;
        uint8_t digits;
        ka_time fraction;
        uint32_t captured, length;
        uint8_t fill;
    } rows[] = {
        {101, 9, 1, 40, 40, 0x45},
        {1, 6, 2 * KA_MICROSECOND, 60, 1514, 0xaa},
        {276, 6, 3 * KA_MILLISECOND, 61, 61, 0xbb},
    };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(seen.frames[i].link_type, rows[i].link_type);
        assert_int_equal(seen.frames[i].digits, rows[i].digits);
        assert_int_equal(seen.frames[i].time, FIRST_SECOND * KA_SECOND + rows[i].fraction);
        assert_int_equal(seen.frames[i].captured, rows[i].captured);
        assert_int_equal(seen.frames[i].length, rows[i].length);
        assert_int_equal(seen.frames[i].number, i + 1);
        assert_int_equal(seen.fills[i], rows[i].fill);
    }
}

static void simple_and_obsolete_blocks_carry_packets_too(void **state)
{
    (void)state;
    for (int big = 0; big <= 1; big++) {
        uint8_t bytes[1024];
        struct seen seen;
        struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
        put_section(&b, big);
        put_interface(&b, big, 1, 20, NO_RESOLUTION, 0);
        size_t at = begin_block(&b, big, 3);
        put32(&b, big, 100);
        for (int i = 0; i < 20; i++)
            ka_put_u8(&b, 0x33);
        end_block(&b, big, at);
        at = begin_block(&b, big, 0xbad);
        ka_put_zeros(&b, 8);
        end_block(&b, big, at);
        at = begin_block(&b, big, 2);
        put16(&b, big, 0);
        put16(&b, big, 7);
        put64(&b, big, big ? 5 : 5ull << 32); /* high word first in both orders */
        put32(&b, big, 4);
        put32(&b, big, 60);
        put32(&b, big, 0x22222222);
        end_block(&b, big, at);
        read_bytes(&b, NULL, &seen);
        assert_int_equal(seen.end, KA_SOURCE_END);
        assert_int_equal(seen.count, 2);
        assert_true(seen.frames[0].time == KA_TIME_NONE);
        assert_int_equal(seen.frames[0].captured, 20);
        assert_int_equal(seen.frames[0].length, 100);
        assert_int_equal(seen.fills[0], 0x33);
        assert_int_equal(seen.frames[1].time, 5 * KA_MICROSECOND);
        assert_int_equal(seen.frames[1].captured, 4);
        assert_int_equal(seen.frames[1].length, 60);
        assert_int_equal(seen.frames[1].number, 2);
        assert_int_equal(seen.fills[1], 0x22);
    }
}

static void put_counters(struct ka_builder *b, uint32_t interface, const uint64_t *values)
{
    static const uint16_t codes[] = {4, 5, 7};
    size_t at = begin_block(b, false, 5);
    put32(b, false, interface);
    put64(b, false, 0);
    for (size_t i = 0; i < 3; i++)
        if (values[i] != UINT64_MAX)
            put_option(b, false, codes[i], &values[i], 8);
    put32(b, false, 0);
    end_block(b, false, at);
}

static void drop_counters_are_summed_over_interfaces_and_sections(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    struct seen seen;
    struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
    put_section(&b, false);
    put_interface(&b, false, 1, 0, NO_RESOLUTION, 0);
    put_interface(&b, false, 1, 0, NO_RESOLUTION, 0);
    put_counters(&b, 0, (const uint64_t[]){10, 1, UINT64_MAX});
    put_counters(&b, 1, (const uint64_t[]){100, 2, UINT64_MAX});
    put_counters(&b, 0, (const uint64_t[]){20, 3, UINT64_MAX}); /* grown, not new */
    read_bytes(&b, NULL, &seen);
    assert_int_equal(seen.end, KA_SOURCE_END);
    assert_true(seen.stats.received_known && seen.stats.dropped_interface_known);
    assert_false(seen.stats.dropped_kernel_known);
    assert_int_equal(seen.stats.received, 120);
    assert_int_equal(seen.stats.dropped_interface, 5);
    put_section(&b, false);
    put_interface(&b, false, 1, 0, NO_RESOLUTION, 0);
    put_counters(&b, 0, (const uint64_t[]){1000, 0, 9});
    read_bytes(&b, NULL, &seen);
    assert_int_equal(seen.stats.received, 1120);
    assert_int_equal(seen.stats.dropped_interface, 5);
    assert_true(seen.stats.dropped_kernel_known);
    assert_int_equal(seen.stats.dropped_kernel, 9);
}

static void any_time_resolution_is_understood_or_no_time(void **state)
{
    (void)state;
    static const struct {
        uint8_t resolution;
        int64_t offset;
        uint64_t ticks;
        ka_time time;
        uint8_t digits;
    } rows[] = {
        {0, 0, 1700000000, 1700000000 * KA_SECOND, 6},
        {3, 0, 1700000000123, 1700000000 * KA_SECOND + 123 * KA_MILLISECOND, 6},
        {6, 0, 0, 0, 6},
        {7, 0, 17000000001234567, 1700000000 * KA_SECOND + 123456700, 9},
        {9, 0, 1700000000123456789, 1700000000123456789, 9},
        {9, 0, UINT64_MAX, KA_TIME_NONE, 9},
        {6, 0, UINT64_MAX, KA_TIME_NONE, 6},
        {0, 0, UINT64_MAX, KA_TIME_NONE, 6},
        {9, 0, KA_TIME_MAX + 1ull, KA_TIME_NONE, 9},
        {12, 0, 1700000000123456, 1700000000123, 9},
        {18, 0, UINT64_MAX, 18446744073, 9},
        {27, 0, UINT64_MAX, 18, 9},
        {28, 0, UINT64_MAX, KA_TIME_NONE, 9},
        {127, 0, UINT64_MAX, KA_TIME_NONE, 9},
        {0x80, 0, 1700000000, 1700000000 * KA_SECOND, 6},
        {0x80 | 10, 0, 1700000000ull << 10 | 512, 1700000000 * KA_SECOND + KA_SECOND / 2, 6},
        {0x80 | 30, 0, 1700000000ull << 30 | 1u << 29, 1700000000 * KA_SECOND + KA_SECOND / 2, 9},
        {0x80 | 32, 0, 1700000000ull << 32 | 1u << 31, 1700000000 * KA_SECOND + KA_SECOND / 2, 9},
        {0x80 | 63, 0, UINT64_MAX, KA_SECOND + 999999999, 9},
        {0x80 | 64, 0, UINT64_MAX, KA_TIME_NONE, 9},
        {0x80 | 127, 0, UINT64_MAX, KA_TIME_NONE, 9},
        {6, 3600, 1000000, 3601 * KA_SECOND, 6},
        {6, -1, 2500000, KA_SECOND + KA_SECOND / 2, 6},
        {6, -3, 2500000, KA_TIME_NONE, 6},
        {6, INT64_MAX, 2500000, KA_TIME_NONE, 6},
        {6, INT64_MIN, 2500000, KA_TIME_NONE, 6},
        {0, INT64_MIN, UINT64_MAX, KA_TIME_NONE, 6},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_tick tick = ka_tick_make(rows[i].resolution, rows[i].offset);
        assert_true(ka_tick_time(&tick, rows[i].ticks) == rows[i].time);
        assert_int_equal(tick.digits, rows[i].digits);
        uint8_t bytes[512];
        struct seen seen;
        struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
        put_section(&b, true);
        put_interface(&b, true, 1, 0, rows[i].resolution, rows[i].offset);
        put_enhanced(&b, true, 0, rows[i].ticks, 4, 4, 1);
        read_bytes(&b, NULL, &seen);
        assert_int_equal(seen.count, 1);
        assert_true(seen.frames[0].time == rows[i].time);
    }
}

static void a_file_cut_anywhere_gives_the_frames_before_the_cut(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    struct seen seen;
    size_t ends[8];
    size_t end_count = 0;
    struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
    put_section(&b, false);
    ends[end_count++] = b.used;
    put_interface(&b, false, 1, 0, 9, 5);
    ends[end_count++] = b.used;
    for (int i = 0; i < 2; i++) {
        put_enhanced(&b, false, 0, 1, 61, 61, 1);
        ends[end_count++] = b.used;
    }
    put_section(&b, true);
    ends[end_count++] = b.used;
    const size_t whole = b.used;
    for (b.used = 0; b.used <= whole; b.used++) {
        bool at_boundary = false;
        for (size_t i = 0; i < end_count; i++)
            at_boundary = at_boundary || ends[i] == b.used;
        read_bytes(&b, NULL, &seen);
        assert_int_equal(seen.end, at_boundary ? KA_SOURCE_END : KA_SOURCE_DAMAGED);
        assert_int_equal(seen.count, (b.used >= ends[2]) + (b.used >= ends[3]));
    }
}

/* What follows a good section, interface and packet. */
struct damage {
    const char *name;
    uint32_t words[10]; /* little endian */
    size_t count;
    const char *message;
};

static void damaged_blocks_end_the_file_after_what_was_good(void **state)
{
    (void)state;
    static const struct damage rows[] = {
        {"length 0", {6, 0, 0, 0}, 4, "claims 0 bytes"},
        {"length 8", {6, 8, 8, 0}, 4, "claims 8 bytes"},
        {"unaligned", {0xbad, 13, 0, 0}, 4, "claims 13 bytes"},
        {"beyond 16 MiB", {0xbad, 0x01000004, 0}, 3, "claims 16777220 bytes"},
        {"4 GiB", {0xbad, 0xfffffffc, 0}, 3, "claims 4294967292 bytes"},
        {"tail differs", {0xbad, 16, 0, 20}, 4, "16 bytes by its head, 20 by its tail"},
        {"packet too short", {6, 16, 0, 16}, 4, "too short"},
        {"unknown interface", {6, 32, 1, 0, 0, 0, 0, 32}, 8, "unknown interface 1"},
        {"captured beyond block", {6, 36, 0, 0, 0, 5, 5, 0, 36}, 9, "claims 5 captured"},
        {"captured beyond wire", {6, 36, 0, 0, 0, 4, 3, 0, 36}, 9, "4 captured of 3"},
        {"simple beyond block", {3, 20, 100, 0, 20}, 5, "claims 100 captured"},
        {"simple too short", {3, 12, 12}, 3, "too short"},
        {"interface too short", {1, 16, 1, 16}, 4, "too short"},
        {"broken options", {1, 24, 1, 0, 0x00ff0002, 24}, 6, "options"},
        {"empty tsresol", {1, 24, 1, 0, 0x00000009, 24}, 6, "options"},
        {"unknown statistics", {5, 24, 9, 0, 0, 24}, 6, "unknown interface 9"},
        {"broken statistics", {5, 28, 0, 0, 0, 0x00080004, 28}, 7, "options"},
        {"section order", {0x0a0d0d0a, 28, 0x11111111, 1, 0, 0, 28}, 7, "byte order"},
        {"section version", {0x0a0d0d0a, 28, 0x1a2b3c4d, 2, 0, 0, 28}, 7, "version 2"},
        {"section too short", {0x0a0d0d0a, 16, 0x1a2b3c4d, 16}, 4, "too short"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t bytes[1024];
        struct seen seen;
        struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
        put_section(&b, false);
        put_interface(&b, false, 1, 0, NO_RESOLUTION, 0);
        put_enhanced(&b, false, 0, 1, 8, 8, 0x77);
        const size_t place = b.used;
        for (size_t k = 0; k < rows[i].count; k++)
            put32(&b, false, rows[i].words[k]);
        put_enhanced(&b, false, 0, 1, 8, 8, 0x88);
        read_bytes(&b, NULL, &seen);
        char where[32];
        snprintf(where, sizeof(where), "at byte %zu", place);
        if (seen.count != 1 || strstr(seen.error.text, rows[i].message) == NULL ||
            strstr(seen.error.text, where) == NULL)
            fail_msg("%s: %zu frames, \"%s\"", rows[i].name, seen.count, seen.error.text);
        assert_int_equal(seen.end, KA_SOURCE_DAMAGED);
    }
}

static void a_section_of_the_other_byte_order_forgets_the_interfaces(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    struct seen seen;
    struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
    put_section(&b, false);
    put_interface(&b, false, 1, 0, NO_RESOLUTION, 0);
    put_enhanced(&b, false, 0, 1, 8, 8, 1);
    put_section(&b, true);
    put_enhanced(&b, true, 0, 1, 8, 8, 1);
    read_bytes(&b, NULL, &seen);
    assert_int_equal(seen.end, KA_SOURCE_DAMAGED);
    assert_int_equal(seen.count, 1);
    assert_non_null(strstr(seen.error.text, "unknown interface 0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_interfaces_and_link_types_may_differ),
        cmocka_unit_test(simple_and_obsolete_blocks_carry_packets_too),
        cmocka_unit_test(drop_counters_are_summed_over_interfaces_and_sections),
        cmocka_unit_test(any_time_resolution_is_understood_or_no_time),
        cmocka_unit_test(a_file_cut_anywhere_gives_the_frames_before_the_cut),
        cmocka_unit_test(damaged_blocks_end_the_file_after_what_was_good),
        cmocka_unit_test(a_section_of_the_other_byte_order_forgets_the_interfaces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
