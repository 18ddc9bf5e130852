/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/recorder.h"

#include "output/comment.h"

#include <stdlib.h>
#include <string.h>

/* A frame that may still turn out to be a probe. Kept by its number, so that a newer one takes the
 * place of one KA_RECORDER_KEPT frames older. */
struct kept {
    struct ka_frame frame; /* number 0: none */
    uint8_t bytes[KA_RECORDER_BYTES];
};

struct ka_recorder {
    struct ka_rotation *rotation;
    const char *const *input_names;
    size_t inputs;
    struct kept *kept;
    const struct ka_packet *packets; /* of the batch; NULL between batches */
    size_t count;
    struct ka_text comments[KA_BATCH];
    enum ka_rotation_result result; /* of what was written between batches */
    struct ka_error error;
};

int ka_recorder_create(struct ka_rotation *rotation, const char *const *input_names, size_t inputs,
                       struct ka_recorder **out, struct ka_error *error)
{
    struct ka_recorder *recorder = calloc(1, sizeof(*recorder));
    if (recorder != NULL)
        recorder->kept = calloc(KA_RECORDER_KEPT, sizeof(*recorder->kept));
    if (recorder == NULL || recorder->kept == NULL) {
        free(recorder);
        return ka_error_set(error, "no memory to record packets");
    }
    recorder->rotation = rotation;
    recorder->input_names = input_names;
    recorder->inputs = inputs;
    for (size_t i = 0; i < KA_BATCH; i++)
        recorder->comments[i] = ka_text_growing();
    *out = recorder;
    return 0;
}

int ka_recorder_start(struct ka_recorder *recorder, ka_time now, struct ka_error *error)
{
    return ka_rotation_start(recorder->rotation, now, error);
}

static struct kept *place_of(struct ka_recorder *recorder, uint64_t number, uint16_t input)
{
    return &recorder->kept[(number + input * UINT64_C(4099)) % KA_RECORDER_KEPT];
}

/* What matters whatever is thought of it. */
static void describe(struct ka_text *comment, const struct ka_packet *packet)
{
    if (packet->kind == KA_PACKET_ICMP_ERROR) {
        ka_comment_put_icmp(comment, packet->family, packet->icmp.type, packet->icmp.code);
        return;
    }
    unsigned flags = packet->tcp.flags;
    if ((flags & KA_TCP_RST) != 0)
        ka_text_put_string(comment, "RST");
    else if ((flags & KA_TCP_SYN) != 0)
        ka_text_put_string(comment, (flags & KA_TCP_ACK) != 0 ? "SYN-ACK" : "SYN");
    else if ((flags & KA_TCP_FIN) != 0)
        ka_text_put_string(comment, "FIN");
}

void ka_recorder_begin(struct ka_recorder *recorder, const struct ka_packet *packets, size_t count)
{
    recorder->packets = packets;
    recorder->count = count < KA_BATCH ? count : KA_BATCH;
    for (size_t i = 0; i < recorder->count; i++) {
        recorder->comments[i].used = 0;
        describe(&recorder->comments[i], &packets[i]);
    }
}

/* Writes a frame; the first failure is remembered and told by ka_recorder_end. */
static void write_frame(struct ka_recorder *recorder, const struct ka_frame *frame,
                        struct ka_text *comment)
{
    struct ka_pcapng_writer *writer;
    const char *name = frame->input < recorder->inputs ? recorder->input_names[frame->input] : NULL;
    if (recorder->result != KA_ROTATION_GOES_ON)
        return;
    recorder->result =
        ka_rotation_writer(recorder->rotation, frame->time, &writer, &recorder->error);
    if (recorder->result != KA_ROTATION_GOES_ON)
        return;
    ka_text_put_char(comment, '\0');
    if (ka_pcapng_writer_add(writer, frame, name, comment->overflow ? NULL : comment->bytes,
                             &recorder->error) < 0)
        recorder->result = KA_ROTATION_FAILED;
}

/* The comment of a frame of this batch; NULL when it is none. */
static struct ka_text *comment_in_batch(struct ka_recorder *recorder, uint64_t number,
                                        uint16_t input)
{
    for (size_t i = 0; recorder->packets != NULL && i < recorder->count; i++) {
        const struct ka_frame *frame = recorder->packets[i].frame;
        if (frame->number == number && frame->input == input)
            return &recorder->comments[i];
    }
    return NULL;
}

void ka_recorder_event(struct ka_recorder *recorder, const struct ka_event *event)
{
    const struct ka_envelope *envelope = &event->envelope;
    if (envelope->frame == 0)
        return;
    struct ka_text *comment = comment_in_batch(recorder, envelope->frame, envelope->input);
    if (comment != NULL) {
        ka_comment_put(comment, event);
        return;
    }
    struct kept *kept = place_of(recorder, envelope->frame, envelope->input);
    if (kept->frame.number != envelope->frame || kept->frame.input != envelope->input)
        return;
    struct ka_text late = ka_text_growing();
    if (ka_comment_put(&late, event)) {
        kept->frame.data = kept->bytes;
        write_frame(recorder, &kept->frame, &late);
        kept->frame.number = 0; /* once */
    }
    ka_text_free(&late);
}

/* A segment of at most one byte may be a probe; whether it was one, its answer may have to tell. */
static void keep(struct ka_recorder *recorder, const struct ka_packet *packet)
{
    const struct ka_frame *frame = packet->frame;
    if (packet->kind != KA_PACKET_TCP || packet->tcp.length > 1)
        return;
    struct kept *kept = place_of(recorder, frame->number, frame->input);
    kept->frame = *frame;
    if (kept->frame.captured > KA_RECORDER_BYTES)
        kept->frame.captured = KA_RECORDER_BYTES;
    memcpy(kept->bytes, frame->data, kept->frame.captured);
}

enum ka_rotation_result ka_recorder_end(struct ka_recorder *recorder, struct ka_error *error)
{
    for (size_t i = 0; i < recorder->count; i++) {
        if (recorder->comments[i].used > 0)
            write_frame(recorder, recorder->packets[i].frame, &recorder->comments[i]);
        else
            keep(recorder, &recorder->packets[i]);
    }
    recorder->packets = NULL;
    recorder->count = 0;
    if (recorder->result == KA_ROTATION_FAILED && error != NULL)
        *error = recorder->error;
    return recorder->result;
}

enum ka_rotation_result ka_recorder_now(struct ka_recorder *recorder, ka_time now,
                                        struct ka_error *error)
{
    if (recorder->result == KA_ROTATION_GOES_ON)
        recorder->result = ka_rotation_now(recorder->rotation, now, &recorder->error);
    if (recorder->result == KA_ROTATION_FAILED && error != NULL)
        *error = recorder->error;
    return recorder->result;
}

uint64_t ka_recorder_lost(const struct ka_recorder *recorder)
{
    return ka_rotation_lost(recorder->rotation);
}

int ka_recorder_flush(struct ka_recorder *recorder, struct ka_error *error)
{
    if (recorder->result == KA_ROTATION_FAILED) {
        if (error != NULL)
            *error = recorder->error;
        return -1;
    }
    return ka_rotation_flush(recorder->rotation, error);
}

int ka_recorder_reopen(struct ka_recorder *recorder, struct ka_error *error)
{
    return ka_rotation_reopen(recorder->rotation, error);
}

void ka_recorder_release(struct ka_recorder *recorder)
{
    for (size_t i = 0; i < KA_BATCH; i++)
        ka_text_free(&recorder->comments[i]);
    free(recorder->kept);
    free(recorder);
}

int ka_recorder_close(struct ka_recorder *recorder, struct ka_error *error)
{
    if (recorder == NULL)
        return 0;
    int status = ka_rotation_close(recorder->rotation, error);
    ka_recorder_release(recorder);
    return status;
}
