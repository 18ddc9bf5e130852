/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The pcap format (draft-ietf-opsawg-pcap): microseconds and nanoseconds in both byte orders, and
 * the variant of patched tcpdumps ("modified": eight more bytes a record).
 */
#include "base/reader.h"
#include "capture/format.h"

enum {
    MAGIC_MICRO = 0xa1b2c3d4,
    MAGIC_NANO = 0xa1b23c4d,
    MAGIC_MODIFIED = 0xa1b2cd34,
    FILE_HEADER = 24,
    RECORD_HEADER = 16,
    MODIFIED_EXTRA = 8,
    SNAPLEN_MAX = 262144, /* what tcpdump and dumpcap write at most */
};

struct pcap {
    uint64_t number;
    size_t record_header; /* 0 before the file header was read */
    uint32_t fraction;    /* how many units a second has */
    uint32_t captured_max;
    uint16_t link_type;
    uint8_t digits;
    bool big_endian;
    bool swapped_lengths; /* version 2.2 and older: the wire length comes first */
    bool maybe_swapped;   /* version 2.3: either way */
};

/* The magic as a number and its byte order; false when it is none of ours. */
static bool magic_of(const uint8_t magic[KA_MAGIC_SIZE], uint32_t *value, bool *big_endian)
{
    for (int big = 0; big <= 1; big++) {
        struct ka_reader reader = ka_reader_make(magic, KA_MAGIC_SIZE);
        if (ka_read_u32(&reader, big, value) &&
            (*value == (uint32_t)MAGIC_MICRO || *value == (uint32_t)MAGIC_NANO ||
             *value == (uint32_t)MAGIC_MODIFIED)) {
            *big_endian = big;
            return true;
        }
    }
    return false;
}

static bool begins(const uint8_t magic[KA_MAGIC_SIZE])
{
    uint32_t value;
    bool big_endian;
    return magic_of(magic, &value, &big_endian);
}

static bool read_header(struct pcap *pcap, const struct ka_window *window)
{
    uint32_t magic;
    uint16_t minor;
    uint32_t snaplen;
    uint32_t link_type;
    struct ka_reader reader = ka_reader_make(window->at, window->have);
    if (!magic_of(window->at, &magic, &pcap->big_endian) || !ka_skip(&reader, 6) ||
        !ka_read_u16(&reader, pcap->big_endian, &minor) || !ka_skip(&reader, 8) ||
        !ka_read_u32(&reader, pcap->big_endian, &snaplen) ||
        !ka_read_u32(&reader, pcap->big_endian, &link_type))
        return false;
    pcap->digits = magic == (uint32_t)MAGIC_NANO ? 9 : 6;
    pcap->fraction = pcap->digits == 9 ? 1000000000 : 1000000;
    pcap->record_header =
        RECORD_HEADER + (magic == (uint32_t)MAGIC_MODIFIED ? (size_t)MODIFIED_EXTRA : 0);
    /* The upper six bits tell of a frame check sequence, which needs no care: lengths come from
     * the IP header. */
    pcap->link_type = (link_type & 0x03ff0000) != 0 ? UINT16_MAX : (uint16_t)link_type;
    pcap->captured_max = snaplen <= SNAPLEN_MAX        ? SNAPLEN_MAX
                         : snaplen < KA_BLOCK_MAX - 64 ? snaplen
                                                       : KA_BLOCK_MAX - 64;
    pcap->swapped_lengths = minor < 3;
    pcap->maybe_swapped = minor == 3;
    return true;
}

static void mend_lengths(const struct pcap *pcap, uint32_t *captured, uint32_t *length)
{
    if (pcap->swapped_lengths || (pcap->maybe_swapped && *captured > *length)) {
        uint32_t first = *captured;
        *captured = *length;
        *length = first;
    }
    /* Some writers leave the wire length smaller, or 0; the record is readable all the same. */
    if (*length < *captured)
        *length = *captured;
}

/* Inlined once for each byte order: this is what every frame of a big file goes through. */
static inline __attribute__((always_inline)) enum ka_walk walk_records(
    struct pcap *pcap, struct ka_window *window, struct ka_frame *frames, size_t size,
    size_t *count, const bool big_endian, struct ka_error *error)
{
    const struct pcap as = *pcap; /* a copy of our own: not read anew after every frame written */
    const ka_time unit = KA_SECOND / as.fraction;
    size_t found = 0;
    enum ka_walk result = KA_WALK_FULL;
    size_t need = 0;
    struct ka_reader reader = ka_reader_make(window->at, window->have);
    while (found < size) {
        struct ka_reader record = reader;
        uint32_t seconds;
        uint32_t fraction;
        uint32_t captured;
        uint32_t length;
        need = as.record_header;
        result = KA_WALK_MORE;
        if (record.left < as.record_header || !ka_read_u32(&record, big_endian, &seconds) ||
            !ka_read_u32(&record, big_endian, &fraction) ||
            !ka_read_u32(&record, big_endian, &captured) ||
            !ka_read_u32(&record, big_endian, &length) ||
            !ka_skip(&record, as.record_header - RECORD_HEADER))
            break;
        if (__builtin_expect(captured > length || as.swapped_lengths, 0))
            mend_lengths(&as, &captured, &length);
        if (__builtin_expect(captured > as.captured_max, 0)) {
            ka_error_set(error, "record %llu claims %u captured bytes, more than %u",
                         (unsigned long long)as.number + found + 1, captured, as.captured_max);
            result = KA_WALK_DAMAGED;
            break;
        }
        need = as.record_header + captured;
        const uint8_t *data = record.at;
        if (!ka_skip(&record, captured))
            break;
        reader = record;
        result = KA_WALK_FULL;
        frames[found] = (struct ka_frame){
            .time = fraction < as.fraction ? seconds * KA_SECOND + fraction * unit : KA_TIME_NONE,
            .number = as.number + found + 1,
            .data = data,
            .captured = captured,
            .length = length,
            .link_type = as.link_type,
            .digits = as.digits,
        };
        found++;
    }
    window->need = need;
    pcap->number += found;
    *count = found;
    ka_window_take(window, window->have - reader.left);
    return result;
}

static enum ka_walk walk(void *state, struct ka_window *window, struct ka_frame *frames,
                         size_t size, size_t *count, struct ka_error *error)
{
    struct pcap *pcap = state;
    *count = 0;
    if (pcap->record_header == 0) {
        if (window->have < FILE_HEADER) {
            window->need = FILE_HEADER;
            return KA_WALK_MORE;
        }
        if (!read_header(pcap, window)) {
            ka_error_set(error, "the file header is broken");
            return KA_WALK_DAMAGED;
        }
        ka_window_take(window, FILE_HEADER);
    }
    return pcap->big_endian ? walk_records(pcap, window, frames, size, count, true, error)
                            : walk_records(pcap, window, frames, size, count, false, error);
}

static void stats(const void *state, struct ka_source_stats *out)
{
    const struct pcap *pcap = state;
    out->frames = pcap->number;
}

static void fini(void *state)
{
    (void)state; /* nothing hangs on it */
}

const struct ka_format ka_format_pcap = {
    .name = "pcap",
    .state_size = sizeof(struct pcap),
    .begins = begins,
    .walk = walk,
    .stats = stats,
    .fini = fini,
};
