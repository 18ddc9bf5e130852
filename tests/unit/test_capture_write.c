/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Writing pcapng: what is written is read back, by us and by the block; failures are told.
 */
#include "tests/unit/capture_bytes.h"

#include "capture/pcapng_write.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t payload[100] = {0xde, 0xad, 0xbe, 0xef};

static struct ka_frame make_frame(uint16_t input, uint16_t link_type, ka_time time,
                                  uint32_t captured)
{
    return (struct ka_frame){.time = time,
                             .data = payload,
                             .captured = captured,
                             .length = captured + 10,
                             .link_type = link_type,
                             .input = input};
}

static size_t slurp(const char *path, uint8_t *out, size_t size)
{
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t length = read(fd, out, size);
    assert_true(length >= 0 && (size_t)length < size);
    close(fd);
    return (size_t)length;
}

static bool contains(const uint8_t *bytes, size_t length, const char *text)
{
    return memmem(bytes, length, text, strlen(text)) != NULL;
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    static const struct {
        uint16_t input, link_type;
        ka_time time;
        uint32_t captured;
        const char *name, *comment;
    } rows[] = {
        {0, 1, 1700000000123456789, 60, "eth0", "probe 1 of 9"},
        {0, 1, 1700000001000000000, 61, "eth0", NULL},
        {1, 101, 0, 0, NULL, "answer"},
        {0, 113, KA_TIME_NONE, 99, "eth0", ""},
        {1, 101, KA_TIME_MAX, 1, NULL, "window \xc3\xbc"},
    };
    enum { COUNT = sizeof(rows) / sizeof(rows[0]) };
    struct ka_pcapng_writer *writer;
    struct ka_error error;
    char path[PATH_SIZE];
    struct seen seen;
    uint8_t bytes[4096];
    write_file("old content that must go", 24, path);
    assert_int_equal(ka_pcapng_writer_open(path, "kasniff 1", &writer, &error), 0);
    for (size_t i = 0; i < COUNT; i++) {
        struct ka_frame frame =
            make_frame(rows[i].input, rows[i].link_type, rows[i].time, rows[i].captured);
        assert_int_equal(
            ka_pcapng_writer_add(writer, &frame, rows[i].name, rows[i].comment, &error), 0);
    }
    uint64_t size = ka_pcapng_writer_size(writer);
    assert_int_equal(ka_pcapng_writer_close(writer, &error), 0);
    read_file(path, NULL, &seen);
    size_t length = slurp(path, bytes, sizeof(bytes));
    unlink(path);
    assert_int_equal(length, size);
    assert_int_equal(seen.end, KA_SOURCE_END);
    assert_int_equal(seen.count, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(seen.frames[i].time == (rows[i].time == KA_TIME_NONE ? 0 : rows[i].time));
        assert_int_equal(seen.frames[i].captured, rows[i].captured);
        assert_int_equal(seen.frames[i].length, rows[i].captured + 10);
        assert_int_equal(seen.frames[i].link_type, rows[i].link_type);
        assert_int_equal(seen.frames[i].digits, 9);
        assert_int_equal(seen.fills[i], rows[i].captured > 0 ? 0xde : 0);
        if (rows[i].comment != NULL)
            assert_true(contains(bytes, length, rows[i].comment));
    }
    assert_true(contains(bytes, length, "kasniff 1"));
    assert_true(contains(bytes, length, "eth0"));
}

static void a_flushed_file_is_whole_while_it_grows(void **state)
{
    (void)state;
    struct ka_pcapng_writer *writer;
    struct ka_error error;
    char path[PATH_SIZE];
    write_file("", 0, path);
    assert_int_equal(ka_pcapng_writer_open(path, NULL, &writer, &error), 0);
    for (size_t i = 1; i <= 3; i++) {
        struct seen seen;
        struct ka_frame frame = make_frame(0, 1, 5, 60);
        assert_int_equal(ka_pcapng_writer_add(writer, &frame, "x", "y", &error), 0);
        assert_int_equal(ka_pcapng_writer_flush(writer, &error), 0);
        read_file(path, NULL, &seen);
        assert_int_equal(seen.end, KA_SOURCE_END);
        assert_int_equal(seen.count, i);
    }
    assert_int_equal(ka_pcapng_writer_close(writer, &error), 0);
    unlink(path);
}

static void more_than_the_buffer_goes_through(void **state)
{
    (void)state;
    enum { BIG = 200000 };
    struct ka_pcapng_writer *writer;
    struct ka_error error;
    struct seen seen;
    char path[PATH_SIZE];
    uint8_t *big = calloc(1, BIG);
    char *comment = malloc(70001);
    assert_non_null(big);
    assert_non_null(comment);
    memset(comment, 'c', 70000);
    comment[70000] = '\0';
    write_file("", 0, path);
    assert_int_equal(ka_pcapng_writer_open(path, "test", &writer, &error), 0);
    for (uint8_t i = 1; i <= 3; i++) {
        struct ka_frame frame = {.data = big, .captured = BIG, .length = BIG, .link_type = 1};
        big[0] = i;
        assert_int_equal(ka_pcapng_writer_add(writer, &frame, "eth0", comment, &error), 0);
    }
    assert_int_equal(ka_pcapng_writer_close(writer, &error), 0);
    read_file(path, NULL, &seen);
    unlink(path);
    assert_int_equal(seen.end, KA_SOURCE_END);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.frames[2].captured, BIG);
    assert_int_equal(seen.fills[2], 3);
    free(comment);
    free(big);
}

/* A queue that drops the third to the fifth and the seventh block. */
struct queue {
    uint8_t bytes[8192];
    size_t used;
    unsigned blocks;
};

static int take(void *context, const void *block, size_t size, struct ka_error *error)
{
    struct queue *queue = context;
    (void)error;
    if (size == 0)
        return 1;
    queue->blocks++;
    if ((queue->blocks >= 3 && queue->blocks <= 5) || queue->blocks == 7)
        return 0;
    assert_true(queue->used + size <= sizeof(queue->bytes));
    memcpy(queue->bytes + queue->used, block, size);
    queue->used += size;
    return 1;
}

static void what_a_queue_drops_leaves_a_whole_file_that_counts_it(void **state)
{
    (void)state;
    static const uint8_t three_lost[] = {4, 0, 8, 0, 3, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t one_lost[] = {4, 0, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0};
    struct queue queue = {.used = 0};
    const struct ka_pcapng_queue to = {.take = take, .context = &queue};
    struct ka_pcapng_writer *writer;
    struct seen seen;
    char path[PATH_SIZE];
    write_file("", 0, path);
    assert_int_equal(ka_pcapng_writer_open(path, "x", &writer, NULL), 0);
    assert_int_equal(ka_pcapng_writer_divert(writer, &to, NULL), 0);
    /* Blocks: header, interface 0, packets 1 to 3 (lost), 4, interface 1 (lost, and so is packet
     * 5), interface 1 again, 6. */
    for (unsigned i = 1; i <= 6; i++) {
        struct ka_frame frame = make_frame(i > 4, 1, i, 60);
        assert_int_equal(ka_pcapng_writer_add(writer, &frame, "if", "c", NULL), 0);
    }
    assert_int_equal(ka_pcapng_writer_dropped(writer), 4);
    assert_int_equal(ka_pcapng_writer_size(writer), queue.used);
    assert_int_equal(ka_pcapng_writer_flush(writer, NULL), 0);
    ka_pcapng_writer_divert(writer, NULL, NULL);
    assert_int_equal(ka_pcapng_writer_close(writer, NULL), 0);
    unlink(path);
    assert_int_equal(queue.blocks, 9);
    assert_non_null(memmem(queue.bytes, queue.used, three_lost, sizeof(three_lost)));
    assert_non_null(memmem(queue.bytes, queue.used, one_lost, sizeof(one_lost)));
    write_file(queue.bytes, queue.used, path);
    read_file(path, NULL, &seen);
    unlink(path);
    assert_int_equal(seen.end, KA_SOURCE_END);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.frames[0].time, 4);
    assert_int_equal(seen.frames[1].time, 6);
}

static void a_full_disk_is_an_error_at_the_latest_when_closing(void **state)
{
    (void)state;
    static const unsigned counts[] = {0, 1, 5000}; /* within the buffer, and beyond it */
    for (size_t i = 0; i < 3; i++) {
        struct ka_pcapng_writer *writer;
        struct ka_error error = {.text = ""};
        int result = 0;
        assert_int_equal(ka_pcapng_writer_open("/dev/full", "test", &writer, &error), 0);
        for (unsigned k = 0; k < counts[i]; k++) {
            struct ka_frame frame = make_frame(0, 1, 5, 60);
            result |= ka_pcapng_writer_add(writer, &frame, "eth0", "comment", &error);
        }
        assert_int_equal(result, counts[i] == 5000 ? -1 : 0);
        assert_int_equal(ka_pcapng_writer_close(writer, &error), -1);
        assert_non_null(strstr(error.text, "/dev/full"));
        assert_non_null(strstr(error.text, "No space left"));
    }
}

static void links_are_not_followed(void **state)
{
    (void)state;
    struct ka_pcapng_writer *writer = NULL;
    struct ka_error error;
    char target[PATH_SIZE];
    char link_path[PATH_SIZE + 8];
    uint8_t bytes[64];
    write_file("precious", 8, target);
    snprintf(link_path, sizeof(link_path), "%s.link", target);
    assert_int_equal(symlink(target, link_path), 0);
    assert_int_equal(ka_pcapng_writer_open(link_path, NULL, &writer, &error), -1);
    assert_non_null(strstr(error.text, "symbolic link"));
    assert_null(writer);
    assert_int_equal(slurp(target, bytes, sizeof(bytes)), 8);
    unlink(link_path);
    unlink(target);
    assert_int_equal(ka_pcapng_writer_open("/nonexistent/out", NULL, &writer, &error), -1);
    assert_non_null(strstr(error.text, "/nonexistent/out"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(a_flushed_file_is_whole_while_it_grows),
        cmocka_unit_test(more_than_the_buffer_goes_through),
        cmocka_unit_test(what_a_queue_drops_leaves_a_whole_file_that_counts_it),
        cmocka_unit_test(a_full_disk_is_an_error_at_the_latest_when_closing),
        cmocka_unit_test(links_are_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
