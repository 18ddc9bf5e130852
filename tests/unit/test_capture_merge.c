/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Several captures as one: order, ties, numbering, trouble in one of them.
 */
#include "tests/unit/capture_bytes.h"

#include "capture/file.h"
#include "capture/file_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES = 3, FILE_SIZE = 64 * 1024 };

struct files {
    struct ka_builder bytes[FILES];
};

static int setup(void **state)
{
    struct files *files = calloc(1, sizeof(*files));
    assert_non_null(files);
    for (int i = 0; i < FILES; i++)
        files->bytes[i] = ka_builder_make(calloc(1, FILE_SIZE), FILE_SIZE);
    *state = files;
    return 0;
}

static int teardown(void **state)
{
    struct files *files = *state;
    for (int i = 0; i < FILES; i++)
        free(files->bytes[i].bytes);
    free(files);
    return 0;
}

static struct ka_source *merge(const struct files *files)
{
    static const char *const names[] = {"a", "b", "c"};
    struct ka_source *sources[FILES];
    struct ka_source *out;
    struct ka_error error;
    for (int i = 0; i < FILES; i++) {
        const struct ka_builder *b = &files->bytes[i];
        assert_true(ka_builder_ok(b));
        assert_int_equal(
            ka_file_open_memory(names[i], b->bytes, b->used, NULL, &sources[i], &error), 0);
    }
    assert_int_equal(ka_merge_open(sources, FILES, &out, &error), 0);
    assert_int_equal(out->inputs, FILES);
    for (uint16_t i = 0; i < FILES; i++)
        assert_string_equal(ka_source_input_name(out, i), names[i]);
    return out;
}

static void frames_come_in_time_order_with_their_own_numbers(void **state)
{
    struct files *files = *state;
    struct seen seen;
    put_pcap(&files->bytes[0], 2, 3, 80); /* 2 5 8 ... : more than a batch each */
    put_pcap(&files->bytes[1], 0, 3, 80);
    put_pcap(&files->bytes[2], 1, 3, 80);
    read_all(merge(files), &seen);
    assert_int_equal(seen.end, KA_SOURCE_END);
    assert_int_equal(seen.count, 240);
    assert_int_equal(seen.stats.frames, 240);
    static const uint16_t inputs[] = {1, 2, 0};
    for (size_t i = 0; i < 240; i++) {
        assert_int_equal(seen.frames[i].time / KA_SECOND, FIRST_SECOND + i);
        assert_int_equal(seen.frames[i].input, inputs[i % 3]);
        assert_int_equal(seen.frames[i].number, i / 3 + 1);
        assert_int_equal(seen.fills[i], i / 3);
    }
}

static void frames_that_wait_for_their_turn_are_not_counted(void **state)
{
    struct files *files = *state;
    struct ka_frame frames[5];
    struct ka_source_stats stats;
    struct ka_error error;
    size_t count;
    put_pcap(&files->bytes[0], 2, 3, 80);
    put_pcap(&files->bytes[1], 0, 3, 80);
    put_pcap(&files->bytes[2], 1, 3, 1); /* at its end after the second frame of all */
    struct ka_source *source = merge(files);
    assert_int_equal(ka_source_next(source, frames, 1, &count, &error), KA_SOURCE_FRAMES);
    ka_source_stats(source, &stats);
    assert_int_equal(stats.frames, 1);
    assert_int_equal(ka_source_next(source, frames, 1, &count, &error), KA_SOURCE_FRAMES);
    ka_source_stats(source, &stats);
    assert_int_equal(stats.frames, 2);
    assert_int_equal(ka_source_next(source, frames, 5, &count, &error), KA_SOURCE_FRAMES);
    assert_int_equal(count, 5);
    ka_source_stats(source, &stats);
    assert_int_equal(stats.frames, 7);
    ka_source_close(source);
}

static void at_the_same_time_the_earlier_input_goes_first(void **state)
{
    struct files *files = *state;
    struct seen seen;
    for (int i = 0; i < FILES; i++) {
        struct ka_builder *b = &files->bytes[i];
        put_pcap_header(b, i == 1, 0xa1b2c3d4, 4, 1);
        put_pcap_record(b, i == 1, 0, 0, 4, 4, (uint8_t)i);
        put_pcap_record(b, i == 1, 0, 0, 4, 4, (uint8_t)i);
    }
    read_all(merge(files), &seen);
    assert_int_equal(seen.count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(seen.frames[i].input, i / 2);
}

static void a_frame_without_time_stays_behind_its_predecessor(void **state)
{
    struct files *files = *state;
    struct seen seen;
    put_pcap(&files->bytes[0], 0, 10, 2); /* 0 10 */
    put_pcap(&files->bytes[1], 5, 10, 1); /* 5, then one without time */
    put_pcap_record(&files->bytes[1], false, 0, UINT32_MAX, 4, 4, 9);
    put_pcap(&files->bytes[2], 6, 1, 1);
    read_all(merge(files), &seen);
    static const uint16_t inputs[] = {0, 1, 1, 2, 0};
    assert_int_equal(seen.count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(seen.frames[i].input, inputs[i]);
}

static void a_damaged_input_ends_and_the_others_go_on(void **state)
{
    struct files *files = *state;
    struct seen seen;
    put_pcap(&files->bytes[0], 0, 10, 5);
    put_pcap(&files->bytes[1], 1, 10, 5);
    put_pcap(&files->bytes[2], 2, 10, 5);
    files->bytes[1].used -= 3 * 76 + 1;
    read_all(merge(files), &seen);
    assert_int_equal(seen.end, KA_SOURCE_DAMAGED);
    assert_int_equal(seen.count, 11);
    assert_non_null(strstr(seen.error.text, "b: damaged"));
    assert_null(strstr(seen.error.text, "more input"));
    files->bytes[2].used = 0;
    read_all(merge(files), &seen);
    assert_int_equal(seen.end, KA_SOURCE_DAMAGED);
    assert_int_equal(seen.count, 6);
    assert_non_null(strstr(seen.error.text, "1 more input ends badly"));
}

static void what_is_no_capture_fails_at_once(void **state)
{
    struct files *files = *state;
    struct seen seen;
    put_pcap(&files->bytes[0], 0, 10, 5);
    ka_put_bytes(&files->bytes[1], "some notes", 10);
    put_pcap(&files->bytes[2], 2, 10, 5);
    read_all(merge(files), &seen);
    assert_int_equal(seen.end, KA_SOURCE_FAILED);
    assert_int_equal(seen.count, 0);
    assert_non_null(strstr(seen.error.text, "b: no pcap"));
}

static void a_quiet_pipe_holds_the_others_back(void **state)
{
    struct files *files = *state;
    struct ka_source *sources[2];
    struct ka_source *both;
    struct ka_frame frames[KA_BATCH];
    struct ka_error error;
    size_t count;
    char path[PATH_SIZE];
    int ends[2];
    const struct ka_builder *a = &files->bytes[0];
    const struct ka_builder *b = &files->bytes[1];
    put_pcap(&files->bytes[0], 0, 1, 2);
    put_pcap(&files->bytes[1], 0, 1, 1);
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
    assert_int_equal(ka_file_open_memory("a", a->bytes, a->used, NULL, &sources[0], &error), 0);
    assert_int_equal(ka_file_open(path, NULL, &sources[1], &error), 0);
    assert_int_equal(ka_merge_open(sources, 2, &both, &error), 0);
    assert_int_equal(ka_source_next(both, frames, KA_BATCH, &count, &error), KA_SOURCE_IDLE);
    assert_int_equal(count, 0);
    assert_int_equal(write(ends[1], b->bytes, b->used), (ssize_t)b->used);
    assert_int_equal(ka_source_next(both, frames, KA_BATCH, &count, &error), KA_SOURCE_FRAMES);
    assert_int_equal(count, 2); /* both of second 0; then the pipe is asked again */
    close(ends[1]);
    assert_int_equal(ka_source_next(both, frames, KA_BATCH, &count, &error), KA_SOURCE_FRAMES);
    assert_int_equal(count, 1);
    assert_int_equal(ka_source_next(both, frames, KA_BATCH, &count, &error), KA_SOURCE_END);
    ka_source_close(both);
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(frames_come_in_time_order_with_their_own_numbers, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(frames_that_wait_for_their_turn_are_not_counted, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(at_the_same_time_the_earlier_input_goes_first, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_frame_without_time_stays_behind_its_predecessor, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_damaged_input_ends_and_the_others_go_on, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_capture_fails_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_quiet_pipe_holds_the_others_back, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
