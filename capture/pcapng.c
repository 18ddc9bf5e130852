/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The pcapng format (draft-ietf-opsawg-pcapng). libpcap refuses files whose interfaces differ in
 * link type or snap length; here each frame carries its interface's link type.
 */
#include "base/reader.h"
#include "capture/format.h"
#include "capture/tick.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 2, /* obsolete, still met */
    BLOCK_SIMPLE = 3,
    BLOCK_STATISTICS = 5,
    BLOCK_ENHANCED = 6,
    ORDER_MARK = 0x1a2b3c4d,
    BLOCK_HEADER = 8, /* type, length */
    BLOCK_FRAME = 12, /* and the length once more at the end */
    OPTION_END = 0,
    OPTION_TSRESOL = 9,
    OPTION_TSOFFSET = 14,
    OPTION_RECEIVED = 4,
    OPTION_DROPPED_INTERFACE = 5,
    OPTION_DROPPED_KERNEL = 7,
    TSRESOL_DEFAULT = 6,
    INTERFACES_MAX = 65536, /* a section; each takes about 100 bytes */
};

/* Counters of ISBs grow over a section: the last one counts. */
struct counter {
    uint64_t value;
    bool known;
};

struct interface {
    struct ka_tick tick;
    uint32_t snaplen; /* 0: no limit */
    uint16_t link_type;
    struct counter received;
    struct counter dropped_interface;
    struct counter dropped_kernel;
};

struct pcapng {
    uint64_t number;
    struct interface *interfaces; /* of this section */
    size_t interface_count;
    size_t interface_room;
    struct counter received; /* over all sections and interfaces */
    struct counter dropped_interface;
    struct counter dropped_kernel;
    bool big_endian;
};

/* One block: `body` is what stands between its two lengths. */
struct block {
    uint32_t type;
    uint32_t length;
    struct ka_reader body;
};

static bool begins(const uint8_t magic[KA_MAGIC_SIZE])
{
    uint32_t type;
    struct ka_reader reader = ka_reader_make(magic, KA_MAGIC_SIZE);
    return ka_read_be32(&reader, &type) && type == BLOCK_SECTION;
}

static enum ka_walk more(struct ka_window *window, size_t need)
{
    window->need = need;
    return KA_WALK_MORE;
}

__attribute__((format(printf, 2, 3))) static enum ka_walk damaged(struct ka_error *error,
                                                                  const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (error != NULL)
        vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
    return KA_WALK_DAMAGED;
}

/* Sets the byte order from a section header that begins here. */
static bool section_order(struct pcapng *pcapng, struct ka_reader reader)
{
    uint32_t order;
    if (!ka_skip(&reader, BLOCK_HEADER) || !ka_read_be32(&reader, &order))
        return false;
    if (order != ORDER_MARK && order != __builtin_bswap32(ORDER_MARK))
        return false;
    pcapng->big_endian = order == ORDER_MARK;
    return true;
}

/* KA_WALK_FULL with the whole block in *out; nothing is taken. */
static enum ka_walk next_block(struct pcapng *pcapng, struct ka_window *window, struct block *out,
                               struct ka_error *error)
{
    struct ka_reader reader = ka_reader_make(window->at, window->have);
    struct ka_reader start = reader;
    uint32_t again;
    if (reader.left < BLOCK_FRAME)
        return more(window, BLOCK_FRAME);
    if (begins(window->at) && !section_order(pcapng, start))
        return damaged(error, "the section header's byte order mark is broken");
    bool big_endian = pcapng->big_endian;
    if (!ka_read_u32(&reader, big_endian, &out->type) ||
        !ka_read_u32(&reader, big_endian, &out->length))
        return more(window, BLOCK_FRAME);
    if (out->length < BLOCK_FRAME || out->length % 4 != 0 || out->length > KA_BLOCK_MAX)
        return damaged(error, "block of type 0x%x claims %u bytes", out->type, out->length);
    if (!ka_read_window(&reader, out->length - BLOCK_FRAME, &out->body) ||
        !ka_read_u32(&reader, big_endian, &again))
        return more(window, out->length);
    if (again != out->length)
        return damaged(error, "block of type 0x%x has %u bytes by its head, %u by its tail",
                       out->type, out->length, again);
    return KA_WALK_FULL;
}

/* The next option: its code and a window over its value. False at the end of the list; *broken when
 * it ends in the middle of one. */
static bool next_option(struct ka_reader *list, bool big_endian, uint16_t *code,
                        struct ka_reader *value, bool *broken)
{
    uint16_t length;
    if (list->left == 0)
        return false;
    if (!ka_read_u16(list, big_endian, code) || !ka_read_u16(list, big_endian, &length) ||
        (*code != OPTION_END && !ka_read_window(list, length, value))) {
        *broken = true;
        return false;
    }
    ka_skip(list, (4 - length % 4u) % 4);
    return *code != OPTION_END;
}

static enum ka_walk read_section(struct pcapng *pcapng, struct ka_reader body,
                                 struct ka_error *error)
{
    uint16_t major;
    if (!ka_skip(&body, 4) || !ka_read_u16(&body, pcapng->big_endian, &major) ||
        !ka_skip(&body, 10))
        return damaged(error, "section header too short");
    if (major != 1)
        return damaged(error, "section of version %u, only 1 is known", major);
    pcapng->interface_count = 0;
    return KA_WALK_FULL;
}

static struct interface *add_interface(struct pcapng *pcapng)
{
    if (pcapng->interface_count == pcapng->interface_room) {
        size_t room = pcapng->interface_room == 0 ? 4 : pcapng->interface_room * 2;
        struct interface *larger = reallocarray(pcapng->interfaces, room, sizeof(*larger));
        if (larger == NULL)
            return NULL;
        pcapng->interfaces = larger;
        pcapng->interface_room = room;
    }
    struct interface *interface = &pcapng->interfaces[pcapng->interface_count];
    *interface = (struct interface){0};
    return interface;
}

static enum ka_walk read_interface(struct pcapng *pcapng, struct ka_reader body,
                                   struct ka_error *error)
{
    bool big_endian = pcapng->big_endian;
    uint8_t resolution = TSRESOL_DEFAULT;
    uint64_t offset = 0;
    uint16_t code;
    struct ka_reader value;
    bool broken = false;
    if (pcapng->interface_count == INTERFACES_MAX)
        return damaged(error, "more than %d interfaces in a section", INTERFACES_MAX);
    struct interface *interface = add_interface(pcapng);
    if (interface == NULL)
        return damaged(error, "no memory for another interface");
    if (!ka_read_u16(&body, big_endian, &interface->link_type) || !ka_skip(&body, 2) ||
        !ka_read_u32(&body, big_endian, &interface->snaplen))
        return damaged(error, "interface description too short");
    while (next_option(&body, big_endian, &code, &value, &broken)) {
        if (code == OPTION_TSRESOL)
            broken = !ka_read_u8(&value, &resolution);
        else if (code == OPTION_TSOFFSET)
            broken = !ka_read_u64(&value, big_endian, &offset);
        if (broken)
            break;
    }
    if (broken)
        return damaged(error, "options of an interface description are broken");
    interface->tick = ka_tick_make(resolution, (int64_t)offset);
    pcapng->interface_count++;
    return KA_WALK_FULL;
}

static void update(struct counter *total, struct counter *mine, uint64_t value)
{
    total->value += value - mine->value; /* modular: counters may go back */
    total->known = true;
    *mine = (struct counter){.value = value, .known = true};
}

static enum ka_walk read_statistics(struct pcapng *pcapng, struct ka_reader body,
                                    struct ka_error *error)
{
    uint32_t index;
    uint16_t code;
    uint64_t number;
    struct ka_reader value;
    bool broken = false;
    if (!ka_read_u32(&body, pcapng->big_endian, &index) || !ka_skip(&body, 8))
        return damaged(error, "interface statistics too short");
    if (index >= pcapng->interface_count)
        return damaged(error, "statistics of an unknown interface %u", index);
    struct interface *interface = &pcapng->interfaces[index];
    while (next_option(&body, pcapng->big_endian, &code, &value, &broken)) {
        if (!ka_read_u64(&value, pcapng->big_endian, &number))
            continue; /* comments and the like */
        if (code == OPTION_RECEIVED)
            update(&pcapng->received, &interface->received, number);
        else if (code == OPTION_DROPPED_INTERFACE)
            update(&pcapng->dropped_interface, &interface->dropped_interface, number);
        else if (code == OPTION_DROPPED_KERNEL)
            update(&pcapng->dropped_kernel, &interface->dropped_kernel, number);
    }
    return broken ? damaged(error, "options of interface statistics are broken") : KA_WALK_FULL;
}

/* An enhanced or an obsolete packet block; they differ in the width of the interface number. */
static inline enum ka_walk read_packet(struct pcapng *pcapng, const struct block *block,
                                       struct ka_frame *out, struct ka_error *error)
{
    bool big_endian = pcapng->big_endian;
    struct ka_reader body = block->body;
    uint32_t index = 0;
    uint16_t short_index = 0;
    uint32_t high;
    uint32_t low;
    uint32_t captured;
    uint32_t length;
    bool ok = block->type == BLOCK_ENHANCED
                  ? ka_read_u32(&body, big_endian, &index)
                  : ka_read_u16(&body, big_endian, &short_index) && ka_skip(&body, 2);
    if (!ok || !ka_read_u32(&body, big_endian, &high) || !ka_read_u32(&body, big_endian, &low) ||
        !ka_read_u32(&body, big_endian, &captured) || !ka_read_u32(&body, big_endian, &length))
        return damaged(error, "packet block too short");
    index += short_index;
    if (index >= pcapng->interface_count)
        return damaged(error, "packet block names an unknown interface %u", index);
    if (captured > body.left || captured > length)
        return damaged(error, "packet block of %u bytes claims %u captured of %u on the wire",
                       block->length, captured, length);
    const struct interface *interface = &pcapng->interfaces[index];
    *out = (struct ka_frame){
        .time = ka_tick_time(&interface->tick, (uint64_t)high << 32 | low),
        .number = ++pcapng->number,
        .data = body.at,
        .captured = captured,
        .length = length,
        .link_type = interface->link_type,
        .digits = interface->tick.digits,
    };
    return KA_WALK_FULL;
}

/* A simple packet block: interface 0, no time, captured length from the snap length. */
static enum ka_walk read_simple(struct pcapng *pcapng, const struct block *block,
                                struct ka_frame *out, struct ka_error *error)
{
    struct ka_reader body = block->body;
    uint32_t length;
    if (!ka_read_u32(&body, pcapng->big_endian, &length))
        return damaged(error, "simple packet block too short");
    if (pcapng->interface_count == 0)
        return damaged(error, "simple packet block without an interface");
    const struct interface *interface = &pcapng->interfaces[0];
    uint32_t captured =
        interface->snaplen != 0 && interface->snaplen < length ? interface->snaplen : length;
    if (captured > body.left)
        return damaged(error, "simple packet block of %u bytes claims %u captured", block->length,
                       captured);
    *out = (struct ka_frame){
        .time = KA_TIME_NONE,
        .number = ++pcapng->number,
        .data = body.at,
        .captured = captured,
        .length = length,
        .link_type = interface->link_type,
        .digits = interface->tick.digits,
    };
    return KA_WALK_FULL;
}

static enum ka_walk read_block(struct pcapng *pcapng, const struct block *block,
                               struct ka_frame *frames, size_t *count, struct ka_error *error)
{
    uint64_t before = pcapng->number;
    enum ka_walk result = KA_WALK_FULL;
    switch (block->type) {
    case BLOCK_ENHANCED:
    case BLOCK_PACKET:
        result = read_packet(pcapng, block, &frames[*count], error);
        break;
    case BLOCK_SIMPLE:
        result = read_simple(pcapng, block, &frames[*count], error);
        break;
    case BLOCK_SECTION:
        return read_section(pcapng, block->body, error);
    case BLOCK_INTERFACE:
        return read_interface(pcapng, block->body, error);
    case BLOCK_STATISTICS:
        return read_statistics(pcapng, block->body, error);
    default: /* names, secrets, journals, somebody's own: nothing for us */
        break;
    }
    *count += pcapng->number - before;
    return result;
}

static enum ka_walk walk(void *state, struct ka_window *window, struct ka_frame *frames,
                         size_t size, size_t *count, struct ka_error *error)
{
    struct pcapng *pcapng = state;
    *count = 0;
    while (*count < size) {
        struct block block = {0};
        enum ka_walk result = next_block(pcapng, window, &block, error);
        if (result == KA_WALK_FULL)
            result = read_block(pcapng, &block, frames, count, error);
        if (result != KA_WALK_FULL)
            return result;
        ka_window_take(window, block.length);
    }
    return KA_WALK_FULL;
}

static void stats(const void *state, struct ka_source_stats *out)
{
    const struct pcapng *pcapng = state;
    out->frames = pcapng->number;
    out->received = pcapng->received.value;
    out->received_known = pcapng->received.known;
    out->dropped_interface = pcapng->dropped_interface.value;
    out->dropped_interface_known = pcapng->dropped_interface.known;
    out->dropped_kernel = pcapng->dropped_kernel.value;
    out->dropped_kernel_known = pcapng->dropped_kernel.known;
}

static void fini(void *state)
{
    struct pcapng *pcapng = state;
    free(pcapng->interfaces);
    pcapng->interfaces = NULL;
}

const struct ka_format ka_format_pcapng = {
    .name = "pcapng",
    .state_size = sizeof(struct pcapng),
    .begins = begins,
    .walk = walk,
    .stats = stats,
    .fini = fini,
};
