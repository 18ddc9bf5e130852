/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/pcapng_write.h"

#include "base/builder.h"
#include "capture/pcapng_output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_ENHANCED = 6,
    ORDER_MARK = 0x1a2b3c4d,
    BLOCK_FRAME = 12, /* type, length, and length again */
    SECTION_BODY = 16,
    INTERFACE_BODY = 8,
    PACKET_BODY = 20,
    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_NAME = 2,
    OPTION_DROP_COUNT = 4,  /* of a packet */
    OPTION_APPLICATION = 4, /* of a section */
    OPTION_TSRESOL = 9,
    OPTION_HEADER = 4,
    DROP_COUNT_ROOM = 12, /* the option with its header */
    NANOSECONDS = 9,
    TEXT_MAX = 65535,
    HEAD_MAX = 64, /* everything of a block before its data or text */
};

/* An interface of the file: its number is its place. */
struct interface {
    uint16_t input;
    uint16_t link_type;
};

struct ka_pcapng_writer {
    struct ka_pcapng_output *output;
    uint64_t dropped; /* by the queue */
    uint64_t gap;     /* of these, since the last one it took */
    struct interface *interfaces;
    size_t interface_count;
    size_t interface_room;
};

static int put_builder(struct ka_pcapng_output *output, const struct ka_builder *builder,
                       struct ka_error *error)
{
    return ka_pcapng_output_put(output, builder->bytes, builder->used, error);
}

static size_t padding(size_t length)
{
    return (4 - length % 4) % 4;
}

static int put_padding(struct ka_pcapng_output *output, size_t length, struct ka_error *error)
{
    static const uint8_t zeros[4];
    return ka_pcapng_output_put(output, zeros, padding(length), error);
}

/* How many bytes of a text are written: not half a UTF-8 character at the cut. */
static size_t text_length(const char *text)
{
    size_t length = text != NULL ? strlen(text) : 0;
    if (length <= TEXT_MAX)
        return length;
    length = TEXT_MAX;
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
        length--;
    return length;
}

/* The room an option with a text of `length` bytes takes, 0 for none. */
static size_t text_room(size_t length)
{
    return length > 0 ? OPTION_HEADER + length + padding(length) : 0;
}

static int put_text(struct ka_pcapng_output *output, uint16_t code, const char *text, size_t length,
                    struct ka_error *error)
{
    uint8_t bytes[OPTION_HEADER];
    struct ka_builder head = ka_builder_make(bytes, sizeof(bytes));
    if (length == 0)
        return 0;
    ka_put_le16(&head, code);
    ka_put_le16(&head, (uint16_t)length);
    return put_builder(output, &head, error) == 0 &&
                   ka_pcapng_output_put(output, text, length, error) == 0 &&
                   put_padding(output, length, error) == 0
               ? 0
               : -1;
}

/* The end of the options and of the block. */
static int put_tail(struct ka_pcapng_output *output, bool options, uint32_t length,
                    struct ka_error *error)
{
    uint8_t bytes[HEAD_MAX];
    struct ka_builder tail = ka_builder_make(bytes, sizeof(bytes));
    if (options)
        ka_put_le32(&tail, OPTION_END);
    ka_put_le32(&tail, length);
    return put_builder(output, &tail, error);
}

static int put_section(struct ka_pcapng_output *output, const char *application,
                       struct ka_error *error)
{
    uint8_t bytes[HEAD_MAX];
    struct ka_builder head = ka_builder_make(bytes, sizeof(bytes));
    size_t text = text_length(application);
    uint32_t length =
        (uint32_t)(BLOCK_FRAME + SECTION_BODY + text_room(text) + (text > 0 ? OPTION_HEADER : 0));
    ka_put_le32(&head, BLOCK_SECTION);
    ka_put_le32(&head, length);
    ka_put_le32(&head, ORDER_MARK);
    ka_put_le16(&head, 1);
    ka_put_le16(&head, 0);
    ka_put_le64(&head, UINT64_MAX); /* section length: not known */
    return put_builder(output, &head, error) == 0 &&
                   put_text(output, OPTION_APPLICATION, application, text, error) == 0 &&
                   put_tail(output, text > 0, length, error) == 0
               ? 0
               : -1;
}

static int put_interface(struct ka_pcapng_output *output, uint16_t link_type, const char *name,
                         struct ka_error *error)
{
    uint8_t bytes[HEAD_MAX];
    struct ka_builder head = ka_builder_make(bytes, sizeof(bytes));
    size_t text = text_length(name);
    uint32_t length = (uint32_t)(BLOCK_FRAME + INTERFACE_BODY + OPTION_HEADER + 4 +
                                 text_room(text) + OPTION_HEADER);
    ka_put_le32(&head, BLOCK_INTERFACE);
    ka_put_le32(&head, length);
    ka_put_le16(&head, link_type);
    ka_put_le16(&head, 0);
    ka_put_le32(&head, 0); /* no snap length of its own: what was captured was */
    ka_put_le16(&head, OPTION_TSRESOL);
    ka_put_le16(&head, 1);
    ka_put_u8(&head, NANOSECONDS);
    ka_put_zeros(&head, 3);
    return put_builder(output, &head, error) == 0 &&
                   put_text(output, OPTION_NAME, name, text, error) == 0 &&
                   put_tail(output, true, length, error) == 0
               ? 0
               : -1;
}

/* The number of the frame's interface, described first when it is new. Returns 1, 0 when the
 * description was dropped, or -1 with the reason. */
static int find_interface(struct ka_pcapng_writer *writer, const struct ka_frame *frame,
                          const char *name, uint32_t *out, struct ka_error *error)
{
    for (size_t i = 0; i < writer->interface_count; i++) {
        const struct interface *known = &writer->interfaces[i];
        if (known->input == frame->input && known->link_type == frame->link_type) {
            *out = (uint32_t)i;
            return 1;
        }
    }
    if (writer->interface_count == writer->interface_room) {
        size_t room = writer->interface_room == 0 ? 4 : writer->interface_room * 2;
        struct interface *larger = reallocarray(writer->interfaces, room, sizeof(*larger));
        if (larger == NULL) {
            ka_pcapng_output_fail(writer->output, error, "no memory");
            return -1;
        }
        writer->interfaces = larger;
        writer->interface_room = room;
    }
    if (put_interface(writer->output, frame->link_type, name, error) != 0)
        return -1;
    int taken = ka_pcapng_output_end_block(writer->output, error);
    if (taken <= 0)
        return taken;
    *out = (uint32_t)writer->interface_count;
    writer->interfaces[writer->interface_count++] =
        (struct interface){.input = frame->input, .link_type = frame->link_type};
    return 1;
}

/* How many packets are missing before this one, where any are. */
static int put_gap(struct ka_pcapng_writer *writer, struct ka_error *error)
{
    uint8_t bytes[DROP_COUNT_ROOM];
    struct ka_builder option = ka_builder_make(bytes, sizeof(bytes));
    if (writer->gap == 0)
        return 0;
    ka_put_le16(&option, OPTION_DROP_COUNT);
    ka_put_le16(&option, 8);
    ka_put_le64(&option, writer->gap);
    return put_builder(writer->output, &option, error);
}

static int put_packet(struct ka_pcapng_writer *writer, const struct ka_frame *frame,
                      uint32_t interface, const char *comment, struct ka_error *error)
{
    uint8_t bytes[HEAD_MAX];
    struct ka_builder head = ka_builder_make(bytes, sizeof(bytes));
    size_t text = text_length(comment);
    size_t options = text_room(text) + (writer->gap > 0 ? DROP_COUNT_ROOM : 0);
    uint32_t length =
        (uint32_t)(BLOCK_FRAME + PACKET_BODY + frame->captured + padding(frame->captured) +
                   options + (options > 0 ? OPTION_HEADER : 0));
    uint64_t time = frame->time == KA_TIME_NONE ? 0 : (uint64_t)frame->time;
    ka_put_le32(&head, BLOCK_ENHANCED);
    ka_put_le32(&head, length);
    ka_put_le32(&head, interface);
    ka_put_le32(&head, (uint32_t)(time >> 32));
    ka_put_le32(&head, (uint32_t)time);
    ka_put_le32(&head, frame->captured);
    ka_put_le32(&head, frame->length);
    return put_builder(writer->output, &head, error) == 0 &&
                   ka_pcapng_output_put(writer->output, frame->data, frame->captured, error) == 0 &&
                   put_padding(writer->output, frame->captured, error) == 0 &&
                   put_text(writer->output, OPTION_COMMENT, comment, text, error) == 0 &&
                   put_gap(writer, error) == 0 &&
                   put_tail(writer->output, options > 0, length, error) == 0
               ? 0
               : -1;
}

int ka_pcapng_writer_add(struct ka_pcapng_writer *writer, const struct ka_frame *frame,
                         const char *interface_name, const char *comment, struct ka_error *error)
{
    uint32_t interface;
    if (ka_pcapng_output_check(writer->output, error) != 0)
        return -1;
    int taken = find_interface(writer, frame, interface_name, &interface, error);
    if (taken > 0) {
        if (put_packet(writer, frame, interface, comment, error) != 0)
            return -1;
        taken = ka_pcapng_output_end_block(writer->output, error);
    }
    if (taken < 0)
        return -1;
    writer->dropped += taken == 0;
    writer->gap = taken == 0 ? writer->gap + 1 : 0;
    return 0;
}

int ka_pcapng_writer_flush(struct ka_pcapng_writer *writer, struct ka_error *error)
{
    return ka_pcapng_output_flush(writer->output, error);
}

int ka_pcapng_writer_divert(struct ka_pcapng_writer *writer, const struct ka_pcapng_queue *queue,
                            struct ka_error *error)
{
    return ka_pcapng_output_divert(writer->output, queue, error);
}

int ka_pcapng_writer_descriptor(const struct ka_pcapng_writer *writer)
{
    return ka_pcapng_output_descriptor(writer->output);
}

uint64_t ka_pcapng_writer_dropped(const struct ka_pcapng_writer *writer)
{
    return writer->dropped;
}

uint64_t ka_pcapng_writer_size(const struct ka_pcapng_writer *writer)
{
    return ka_pcapng_output_size(writer->output);
}

static int open_writer(const char *path, bool append, const char *application,
                       struct ka_pcapng_writer **out, struct ka_error *error)
{
    struct ka_pcapng_writer *writer = calloc(1, sizeof(*writer));
    if (writer == NULL)
        return ka_error_set(error, "%s: no memory to write it", path);
    if (ka_pcapng_output_open(path, append, &writer->output, error) != 0) {
        int reason = errno;
        free(writer);
        errno = reason;
        return -1;
    }
    put_section(writer->output, application, NULL); /* only buffered: a failure is remembered */
    *out = writer;
    return 0;
}

int ka_pcapng_writer_open(const char *path, const char *application, struct ka_pcapng_writer **out,
                          struct ka_error *error)
{
    return open_writer(path, false, application, out, error);
}

int ka_pcapng_writer_append(const char *path, const char *application,
                            struct ka_pcapng_writer **out, struct ka_error *error)
{
    return open_writer(path, true, application, out, error);
}

int ka_pcapng_writer_close(struct ka_pcapng_writer *writer, struct ka_error *error)
{
    if (writer == NULL)
        return 0;
    int result = ka_pcapng_output_close(writer->output, error);
    free(writer->interfaces);
    free(writer);
    return result;
}
