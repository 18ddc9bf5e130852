/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/capture_bytes.h"

#include "capture/file.h"
#include "capture/file_memory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void put16(struct ka_builder *b, bool big, uint16_t value)
{
    if (big)
        ka_put_be16(b, value);
    else
        ka_put_le16(b, value);
}

void put32(struct ka_builder *b, bool big, uint32_t value)
{
    if (big)
        ka_put_be32(b, value);
    else
        ka_put_le32(b, value);
}

void put64(struct ka_builder *b, bool big, uint64_t value)
{
    put32(b, big, (uint32_t)(big ? value >> 32 : value));
    put32(b, big, (uint32_t)(big ? value : value >> 32));
}

static void put_fill(struct ka_builder *b, uint32_t count, uint8_t fill)
{
    for (uint32_t i = 0; i < count; i++)
        ka_put_u8(b, fill);
}

void put_pcap_header(struct ka_builder *b, bool big, uint32_t magic, uint16_t minor,
                     uint32_t link_type)
{
    put32(b, big, magic);
    put16(b, big, 2);
    put16(b, big, minor);
    put64(b, big, 0);
    put32(b, big, 65535);
    put32(b, big, link_type);
}

void put_pcap_record(struct ka_builder *b, bool big, uint32_t second, uint32_t fraction,
                     uint32_t captured, uint32_t length, uint8_t fill)
{
    put32(b, big, FIRST_SECOND + second);
    put32(b, big, fraction);
    put32(b, big, captured);
    put32(b, big, length);
    put_fill(b, captured, fill);
}

void put_pcap(struct ka_builder *b, uint32_t second, uint32_t step, unsigned count)
{
    put_pcap_header(b, false, 0xa1b2c3d4, 4, 1);
    for (unsigned i = 0; i < count; i++)
        put_pcap_record(b, false, second + i * step, i, 60, 60, (uint8_t)i);
}

size_t begin_block(struct ka_builder *b, bool big, uint32_t type)
{
    size_t at = b->used;
    put32(b, big, type);
    put32(b, big, 0);
    return at;
}

void end_block(struct ka_builder *b, bool big, size_t at)
{
    ka_put_zeros(b, (4 - b->used % 4) % 4);
    uint32_t length = (uint32_t)(b->used + 4 - at);
    put32(b, big, length);
    struct ka_builder head = ka_builder_make(b->bytes + at + 4, 4);
    put32(&head, big, length);
}

void put_option(struct ka_builder *b, bool big, uint16_t code, const void *value, uint16_t length)
{
    put16(b, big, code);
    put16(b, big, length);
    ka_put_bytes(b, value, length);
    ka_put_zeros(b, (4 - length % 4u) % 4);
}

void put_section(struct ka_builder *b, bool big)
{
    size_t at = begin_block(b, big, 0x0a0d0d0a);
    put32(b, big, 0x1a2b3c4d);
    put16(b, big, 1);
    put16(b, big, 0);
    put64(b, big, UINT64_MAX);
    end_block(b, big, at);
}

void put_interface(struct ka_builder *b, bool big, uint16_t link_type, uint32_t snaplen,
                   uint8_t resolution, int64_t offset)
{
    size_t at = begin_block(b, big, 1);
    put16(b, big, link_type);
    put16(b, big, 0);
    put32(b, big, snaplen);
    if (resolution != 0xff)
        put_option(b, big, 9, &resolution, 1);
    if (offset != 0) {
        put16(b, big, 14);
        put16(b, big, 8);
        put64(b, big, (uint64_t)offset);
    }
    end_block(b, big, at);
}

void put_enhanced(struct ka_builder *b, bool big, uint32_t interface, uint64_t ticks,
                  uint32_t captured, uint32_t length, uint8_t fill)
{
    size_t at = begin_block(b, big, 6);
    put32(b, big, interface);
    put32(b, big, (uint32_t)(ticks >> 32));
    put32(b, big, (uint32_t)ticks);
    put32(b, big, captured);
    put32(b, big, length);
    put_fill(b, captured, fill);
    end_block(b, big, at);
}

void read_all(struct ka_source *source, struct seen *out)
{
    struct ka_frame frames[KA_BATCH];
    size_t count;
    memset(out, 0, sizeof(*out));
    while ((out->end = ka_source_next(source, frames, KA_BATCH, &count, &out->error)) <=
           KA_SOURCE_IDLE) {
        for (size_t i = 0; i < count; i++, out->count++) {
            if (out->count >= SEEN_MAX)
                continue;
            out->frames[out->count] = frames[i];
            out->fills[out->count] = frames[i].captured > 0 ? frames[i].data[0] : 0;
        }
    }
    ka_source_stats(source, &out->stats);
    ka_source_close(source);
}

void read_bytes(const struct ka_builder *b, const char *filter, struct seen *out)
{
    struct ka_source *source;
    struct ka_error error;
    assert_true(ka_builder_ok(b));
    /* Memory of exactly this size, so that a sanitizer sees the first byte too far. */
    uint8_t *copy = malloc(b->used > 0 ? b->used : 1);
    assert_non_null(copy);
    memcpy(copy, b->bytes, b->used);
    assert_int_equal(ka_file_open_memory("test", copy, b->used, filter, &source, &error), 0);
    read_all(source, out);
    free(copy);
}

void write_file(const void *bytes, size_t length, char *path)
{
    strcpy(path, "/tmp/kasniff-test-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), (ssize_t)length);
    assert_int_equal(close(fd), 0);
}

void read_file(const char *path, const char *filter, struct seen *out)
{
    struct ka_source *source;
    struct ka_error error;
    assert_int_equal(ka_file_open(path, filter, &source, &error), 0);
    assert_string_equal(ka_source_input_name(source, 0), path);
    read_all(source, out);
}
