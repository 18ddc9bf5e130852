/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where the bytes come from: pipes that grow, gzip and zstd, files larger than the window, files
 * that shrink while they are read.
 */
#include "tests/unit/capture_bytes.h"

#include "capture/file.h"
#include "capture/file_memory.h"
#include "capture/window.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

static void expect(struct ka_source *source, enum ka_source_status status, size_t frames)
{
    struct ka_frame batch[KA_BATCH];
    struct ka_error error;
    size_t count;
    assert_int_equal(ka_source_next(source, batch, KA_BATCH, &count, &error), status);
    assert_int_equal(count, frames);
}

static void send_piece(int fd, const struct ka_builder *b, size_t from, size_t to)
{
    assert_int_equal(write(fd, b->bytes + from, to - from), (ssize_t)(to - from));
}

static void a_named_pipe_hands_each_packet_over_as_it_comes(void **state)
{
    (void)state;
    uint8_t bytes[512];
    struct ka_source *source;
    struct ka_error error;
    char path[PATH_SIZE];
    struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
    put_pcap(&b, 0, 1, 3);
    write_file("", 0, path);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(ka_file_open(path, NULL, &source, &error), 0);
    expect(source, KA_SOURCE_IDLE, 0); /* no writer yet */
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    expect(source, KA_SOURCE_IDLE, 0);
    send_piece(fd, &b, 0, 10);
    expect(source, KA_SOURCE_IDLE, 0);
    send_piece(fd, &b, 10, 100);
    expect(source, KA_SOURCE_FRAMES, 1);
    expect(source, KA_SOURCE_IDLE, 0);
    send_piece(fd, &b, 100, b.used - 1);
    expect(source, KA_SOURCE_FRAMES, 1);
    expect(source, KA_SOURCE_IDLE, 0);
    send_piece(fd, &b, b.used - 1, b.used);
    expect(source, KA_SOURCE_FRAMES, 1);
    close(fd);
    expect(source, KA_SOURCE_END, 0);
    expect(source, KA_SOURCE_END, 0);
    ka_source_close(source);
    unlink(path);
}

static void a_pipe_that_ends_inside_a_packet_is_damaged(void **state)
{
    (void)state;
    uint8_t bytes[512];
    int ends[2];
    struct seen seen;
    char path[PATH_SIZE];
    struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
    put_pcap(&b, 0, 1, 2);
    assert_int_equal(pipe(ends), 0);
    send_piece(ends[1], &b, 0, b.used - 5);
    close(ends[1]);
    snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
    read_file(path, NULL, &seen);
    close(ends[0]);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.end, KA_SOURCE_DAMAGED);
    assert_non_null(strstr(seen.error.text, "the capture was cut"));
}

/* `packed` is large enough for what the tests pack. */
static size_t pack_gzip(const uint8_t *bytes, size_t length, uint8_t *packed, size_t size)
{
    z_stream z = {0};
    uint8_t *copy = malloc(length + 1);
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = copy;
    z.avail_in = (uInt)length;
    z.next_out = packed;
    z.avail_out = (uInt)size;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    free(copy);
    return size - z.avail_out;
}

static size_t pack_zstd(const uint8_t *bytes, size_t length, uint8_t *packed, size_t size)
{
    size_t used = ZSTD_compress(packed, size, bytes, length, 3);
    assert_false(ZSTD_isError(used));
    return used;
}

typedef size_t pack_function(const uint8_t *bytes, size_t length, uint8_t *packed, size_t size);

static const struct {
    const char *name;
    pack_function *pack;
} packers[] = {{"gzip", pack_gzip}, {"zstd", pack_zstd}};

/* A capture that needs several windows, so that the thread works: `count` frames. */
static struct ka_builder large_capture(unsigned count)
{
    const size_t size = 24 + (size_t)count * 1516;
    struct ka_builder b = ka_builder_make(malloc(size), size);
    assert_non_null(b.bytes);
    put_pcap_header(&b, false, 0xa1b2c3d4, 4, 1);
    uint32_t noise = 1;
    for (unsigned i = 0; i < count; i++) {
        put_pcap_record(&b, false, i, 0, 1500, 1500, (uint8_t)i);
        for (size_t k = 1; k < 1500; k += 3) { /* not to compress to nothing */
            noise = noise * 1664525u + 1013904223u;
            b.bytes[b.used - k] = (uint8_t)(noise >> 24);
        }
    }
    assert_true(ka_builder_ok(&b));
    return b;
}

static void check_large(const struct seen *seen, size_t count)
{
    assert_int_equal(seen->count, count);
    for (size_t i = 0; i < count && i < SEEN_MAX; i++) {
        assert_int_equal(seen->frames[i].number, i + 1);
        assert_int_equal(seen->frames[i].time, (ka_time)(FIRST_SECOND + i) * KA_SECOND);
        assert_int_equal(seen->fills[i], (uint8_t)i);
    }
}

static void compressed_files_give_the_same_frames(void **state)
{
    (void)state;
    enum { COUNT = 2000 };
    struct ka_builder b = large_capture(COUNT);
    uint8_t *packed = malloc(b.used);
    assert_non_null(packed);
    for (size_t i = 0; i < 2; i++) {
        char path[PATH_SIZE];
        struct seen seen;
        /* Two members or frames, cut in the middle of a packet. */
        size_t used = packers[i].pack(b.bytes, 1000000, packed, b.used);
        used += packers[i].pack(b.bytes + 1000000, b.used - 1000000, packed + used, b.used - used);
        write_file(packed, used, path);
        read_file(path, NULL, &seen);
        assert_int_equal(seen.end, KA_SOURCE_END);
        assert_string_equal(seen.error.text, "");
        check_large(&seen, COUNT);

        assert_int_equal(truncate(path, (off_t)used / 2), 0);
        read_file(path, NULL, &seen);
        assert_int_equal(seen.end, KA_SOURCE_DAMAGED);
        assert_true(seen.count > 400 && seen.count < 1600);
        check_large(&seen, seen.count);
        assert_non_null(strstr(seen.error.text, packers[i].name));
        assert_non_null(strstr(seen.error.text, "cut"));
        unlink(path);
    }
    free(packed);
    free(b.bytes);
}

static void long_and_short_packets_take_turns_in_compressed_files(void **state)
{
    (void)state;
    /* Around what is put in front of a piece that was unpacked ahead, 64 KiB. */
    static const uint32_t lengths[] = {60, 65519, 65520, 1500, 65521, 200000, 60, 262144, 40000};
    enum {
        COUNT = 90,
        KINDS = sizeof(lengths) / sizeof(lengths[0]),
        ROOM = COUNT / KINDS * 800000
    };
    struct ka_builder b = ka_builder_make(malloc(ROOM), ROOM);
    uint8_t *packed = malloc(ROOM);
    assert_non_null(b.bytes);
    assert_non_null(packed);
    put_pcap_header(&b, false, 0xa1b2c3d4, 4, 1);
    for (uint32_t i = 0; i < COUNT; i++)
        put_pcap_record(&b, false, i, 0, lengths[i % KINDS], lengths[i % KINDS], (uint8_t)i);
    assert_true(ka_builder_ok(&b));
    for (size_t i = 0; i < 2; i++) {
        char path[PATH_SIZE];
        struct seen seen;
        write_file(packed, packers[i].pack(b.bytes, b.used, packed, ROOM), path);
        read_file(path, NULL, &seen);
        assert_int_equal(seen.end, KA_SOURCE_END);
        check_large(&seen, COUNT);
        for (size_t k = 0; k < COUNT && k < SEEN_MAX; k++)
            assert_int_equal(seen.frames[k].captured, lengths[k % KINDS]);
        unlink(path);
    }
    free(packed);
    free(b.bytes);
}

static void closing_early_stops_the_decompressing_thread(void **state)
{
    (void)state;
    struct ka_builder b = large_capture(2000);
    uint8_t *packed = malloc(b.used);
    assert_non_null(packed);
    for (size_t i = 0; i < 2; i++) {
        char path[PATH_SIZE];
        struct ka_source *source;
        struct ka_error error;
        struct ka_frame frames[KA_BATCH];
        size_t count;
        size_t seen = 0;
        size_t used = packers[i].pack(b.bytes, b.used, packed, b.used);
        write_file(packed, used, path);
        assert_int_equal(ka_file_open(path, NULL, &source, &error), 0);
        while (seen < 100) {
            assert_true(ka_source_next(source, frames, KA_BATCH, &count, &error) <= KA_SOURCE_IDLE);
            seen += count;
        }
        ka_source_close(source);
        unlink(path);
    }
    free(packed);
    free(b.bytes);
}

static void damage_inside_compressed_data_is_told_after_what_was_readable(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    uint8_t packed[1024];
    struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
    put_pcap(&b, 0, 1, 3);
    for (size_t i = 0; i < 2; i++) {
        struct seen seen;
        size_t used = packers[i].pack(b.bytes, b.used, packed, sizeof(packed));
        memcpy(packed + used, "garbage", 7);
        struct ka_builder whole = {.bytes = packed, .used = used + 7};
        read_bytes(&whole, NULL, &seen);
        assert_int_equal(seen.count, 3);
        assert_int_equal(seen.end, KA_SOURCE_DAMAGED);
        assert_non_null(strstr(seen.error.text, packers[i].name));
        for (whole.used = 5; whole.used < used; whole.used++) {
            read_bytes(&whole, NULL, &seen);
            assert_int_equal(seen.end, KA_SOURCE_DAMAGED);
            assert_true(seen.count <= 3);
        }
    }
}

static void zero_padding_after_gzip_is_no_damage(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    uint8_t packed[1024] = {0};
    struct seen seen;
    struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
    put_pcap(&b, 0, 1, 3);
    struct ka_builder whole = {.bytes = packed,
                               .used = pack_gzip(b.bytes, b.used, packed, sizeof(packed)) + 100};
    read_bytes(&whole, NULL, &seen);
    assert_int_equal(seen.end, KA_SOURCE_END);
    assert_int_equal(seen.count, 3);
}

/* Empty members and padding could go on for ever, and a signal must be heard meanwhile. */
static void what_holds_no_content_does_not_keep_the_caller(void **state)
{
    (void)state;
    enum { ENDLESS = 9 * 1024 * 1024 };
    uint8_t bytes[256];
    struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
    uint8_t *stored = calloc(1, ENDLESS);
    assert_non_null(stored);
    put_pcap(&b, 0, 1, 2);
    for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]); i++) {
        struct ka_source *source;
        uint8_t empty[64];
        size_t used = packers[i].pack(b.bytes, b.used, stored, ENDLESS);
        size_t length = packers[i].pack(b.bytes, 0, empty, sizeof(empty));
        while (used + length <= ENDLESS) {
            memcpy(stored + used, empty, length);
            used += length;
        }
        assert_int_equal(ka_file_open_memory("endless", stored, used, NULL, &source, NULL), 0);
        expect(source, KA_SOURCE_FRAMES, 2);
        expect(source, KA_SOURCE_IDLE, 0);
        expect(source, KA_SOURCE_IDLE, 0);
        expect(source, KA_SOURCE_END, 0);
        ka_source_close(source);
    }
    free(stored);
}

static void compressed_strangers_are_named(void **state)
{
    (void)state;
    static const uint8_t text[] = "just some words";
    for (size_t i = 0; i < 2; i++) {
        uint8_t packed[256];
        struct seen seen;
        struct ka_builder whole = {
            .bytes = packed,
            .used = packers[i].pack(text, sizeof(text) - 1, packed, sizeof(packed))};
        read_bytes(&whole, NULL, &seen);
        assert_int_equal(seen.end, KA_SOURCE_FAILED);
        assert_non_null(strstr(seen.error.text, packers[i].name));
        assert_non_null(strstr(seen.error.text, "looks like text"));
    }
}

static void a_compressed_pipe_is_followed_too(void **state)
{
    (void)state;
    uint8_t bytes[512];
    uint8_t packed[512];
    int ends[2];
    char path[PATH_SIZE];
    struct ka_source *source;
    struct ka_error error;
    z_stream z = {0};
    struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
    put_pcap(&b, 0, 1, 2);
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
    assert_int_equal(ka_file_open(path, NULL, &source, &error), 0);
    z.next_in = b.bytes;
    for (int i = 0; i < 2; i++) {
        z.avail_in = i == 0 ? 24 + 76 : 76;
        z.next_out = packed;
        z.avail_out = sizeof(packed);
        assert_int_equal(deflate(&z, Z_SYNC_FLUSH), Z_OK);
        struct ka_builder piece = {.bytes = packed, .used = sizeof(packed) - z.avail_out};
        send_piece(ends[1], &piece, 0, piece.used);
        expect(source, KA_SOURCE_FRAMES, 1);
        expect(source, KA_SOURCE_IDLE, 0);
    }
    deflateEnd(&z);
    close(ends[1]);
    expect(source, KA_SOURCE_DAMAGED, 0); /* gzip's end is missing */
    ka_source_close(source);
    close(ends[0]);
}

/* A sparse file of so many records of 64 KiB each, nothing but zeros behind their headers, and one
 * byte more where `cut`. */
static void write_long_file(unsigned records, bool cut, char *path)
{
    enum { RECORD = 64 * 1024, BODY = RECORD - 16 };
    uint8_t header[64];
    struct ka_builder b = ka_builder_make(header, sizeof(header));
    put_pcap_header(&b, false, 0xa1b2c3d4, 4, 1);
    write_file(b.bytes, b.used, path);
    off_t at = (off_t)b.used;
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    for (unsigned i = 0; i < records; i++, at += RECORD) {
        b = ka_builder_make(header, sizeof(header));
        put32(&b, false, FIRST_SECOND + i);
        put32(&b, false, 0);
        put32(&b, false, BODY);
        put32(&b, false, BODY);
        assert_int_equal(pwrite(fd, b.bytes, b.used, at), (ssize_t)b.used);
    }
    assert_int_equal(ftruncate(fd, at + cut), 0);
    close(fd);
}

static void a_long_file_gives_all_its_frames_in_order(void **state)
{
    (void)state;
    enum { RECORDS = KA_LONG_FILE / (64 * 1024) };
    for (int cut = 0; cut < 2; cut++) {
        char path[PATH_SIZE];
        struct ka_source *source;
        struct ka_frame frames[KA_BATCH];
        struct ka_error error;
        enum ka_source_status status;
        size_t count;
        uint64_t seen = 0;
        write_long_file(RECORDS, cut != 0, path);
        assert_int_equal(ka_file_open(path, NULL, &source, &error), 0);
        while ((status = ka_source_next(source, frames, KA_BATCH, &count, &error)) <=
               KA_SOURCE_IDLE) {
            for (size_t i = 0; i < count; i++) {
                seen++;
                assert_int_equal(frames[i].number, seen);
                assert_int_equal(frames[i].time, (FIRST_SECOND + (ka_time)seen - 1) * KA_SECOND);
                assert_int_equal(frames[i].data[0] | frames[i].data[frames[i].captured - 1], 0);
            }
        }
        assert_int_equal(status, cut != 0 ? KA_SOURCE_DAMAGED : KA_SOURCE_END);
        assert_int_equal(seen, RECORDS);
        ka_source_close(source);
        unlink(path);
    }
}

static void a_long_file_can_be_closed_at_any_time(void **state)
{
    (void)state;
    char path[PATH_SIZE];
    write_long_file(KA_LONG_FILE / (64 * 1024), false, path);
    for (size_t enough = 0; enough <= 40; enough += 20) {
        struct ka_source *source;
        struct ka_frame frames[KA_BATCH];
        struct ka_error error;
        size_t count;
        assert_int_equal(ka_file_open(path, NULL, &source, &error), 0);
        for (size_t seen = 0; seen < enough; seen += count)
            assert_true(ka_source_next(source, frames, KA_BATCH, &count, &error) <= KA_SOURCE_IDLE);
        ka_source_close(source);
    }
    unlink(path);
}

static void a_block_larger_than_the_window_is_read(void **state)
{
    (void)state;
    enum { HUGE_BLOCK = 3 * 1024 * 1024 };
    struct seen seen;
    struct ka_builder b = ka_builder_make(malloc(HUGE_BLOCK + 1024), HUGE_BLOCK + 1024);
    assert_non_null(b.bytes);
    put_section(&b, false);
    put_interface(&b, false, 1, 0, 9, 0);
    put_enhanced(&b, false, 0, 1, 60, 60, 1);
    put_enhanced(&b, false, 0, 2, HUGE_BLOCK, HUGE_BLOCK, 2);
    put_enhanced(&b, false, 0, 3, 60, 60, 3);
    read_bytes(&b, NULL, &seen);
    assert_int_equal(seen.end, KA_SOURCE_END);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.frames[1].captured, HUGE_BLOCK);
    assert_int_equal(seen.fills[1], 2);
    assert_int_equal(seen.fills[2], 3);
    free(b.bytes);
}

static void a_file_that_shrinks_while_read_is_cut_not_a_crash(void **state)
{
    (void)state;
    struct ka_builder b = large_capture(2000);
    char path[PATH_SIZE];
    struct ka_source *source;
    struct ka_error error;
    struct seen seen;
    write_file(b.bytes, b.used, path);
    assert_int_equal(ka_file_open(path, NULL, &source, &error), 0);
    expect(source, KA_SOURCE_FRAMES, 2); /* the first read is a short one */
    assert_int_equal(truncate(path, 100000), 0);
    read_all(source, &seen);
    assert_int_equal(seen.end, KA_SOURCE_DAMAGED);
    assert_int_equal(seen.stats.frames, (100000 - 24) / 1516);
    unlink(path);
    free(b.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_named_pipe_hands_each_packet_over_as_it_comes),
        cmocka_unit_test(a_pipe_that_ends_inside_a_packet_is_damaged),
        cmocka_unit_test(compressed_files_give_the_same_frames),
        cmocka_unit_test(long_and_short_packets_take_turns_in_compressed_files),
        cmocka_unit_test(closing_early_stops_the_decompressing_thread),
        cmocka_unit_test(damage_inside_compressed_data_is_told_after_what_was_readable),
        cmocka_unit_test(zero_padding_after_gzip_is_no_damage),
        cmocka_unit_test(what_holds_no_content_does_not_keep_the_caller),
        cmocka_unit_test(compressed_strangers_are_named),
        cmocka_unit_test(a_compressed_pipe_is_followed_too),
        cmocka_unit_test(a_long_file_gives_all_its_frames_in_order),
        cmocka_unit_test(a_long_file_can_be_closed_at_any_time),
        cmocka_unit_test(a_block_larger_than_the_window_is_read),
        cmocka_unit_test(a_file_that_shrinks_while_read_is_cut_not_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
