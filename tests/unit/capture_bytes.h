/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Capture files built in memory for the tests of capture/, and what those tests share.
 */
#ifndef KA_TESTS_CAPTURE_BYTES_H
#define KA_TESTS_CAPTURE_BYTES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/builder.h"
#include "capture/source.h"

#include <stdbool.h>

enum { FIRST_SECOND = 1700000000 };

/* Numbers in the byte order of a capture file. */
void put16(struct ka_builder *b, bool big, uint16_t value);
void put32(struct ka_builder *b, bool big, uint32_t value);
void put64(struct ka_builder *b, bool big, uint64_t value);

void put_pcap_header(struct ka_builder *b, bool big, uint32_t magic, uint16_t minor,
                     uint32_t link_type);

/* `captured` bytes of `fill`, at FIRST_SECOND + `second` and `fraction`. */
void put_pcap_record(struct ka_builder *b, bool big, uint32_t second, uint32_t fraction,
                     uint32_t captured, uint32_t length, uint8_t fill);

/* A pcap file of `count` Ethernet frames of 60 bytes, one a second from `second` on. */
void put_pcap(struct ka_builder *b, uint32_t second, uint32_t step, unsigned count);

/* pcapng: begin a block, fill its body, end it. */
size_t begin_block(struct ka_builder *b, bool big, uint32_t type);
void end_block(struct ka_builder *b, bool big, size_t at);
void put_option(struct ka_builder *b, bool big, uint16_t code, const void *value, uint16_t length);
void put_section(struct ka_builder *b, bool big);
/* An interface with if_tsresol (0xff: none) and if_tsoffset (0: none). */
void put_interface(struct ka_builder *b, bool big, uint16_t link_type, uint32_t snaplen,
                   uint8_t resolution, int64_t offset);
void put_enhanced(struct ka_builder *b, bool big, uint32_t interface, uint64_t ticks,
                  uint32_t captured, uint32_t length, uint8_t fill);

/* What a source gave until it ended. Times, numbers and the first byte of up to SEEN_MAX frames. */
enum { SEEN_MAX = 256 };

struct seen {
    struct ka_frame frames[SEEN_MAX]; /* data is void */
    uint8_t fills[SEEN_MAX];          /* data[0], 0 when there is none */
    size_t count;                     /* may exceed SEEN_MAX */
    enum ka_source_status end;
    struct ka_error error;
    struct ka_source_stats stats;
};

/* Reads to the end and closes. */
void read_all(struct ka_source *source, struct seen *out);

/* Reads bytes as a file, by memory. */
void read_bytes(const struct ka_builder *b, const char *filter, struct seen *out);

/* Reads bytes through a temporary file; `path` (PATH_SIZE) is set, the caller unlinks it. */
enum { PATH_SIZE = 64 };
void write_file(const void *bytes, size_t length, char *path);
void read_file(const char *path, const char *filter, struct seen *out);

#endif
