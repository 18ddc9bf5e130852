/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/gen/emit.h"

#include "base/builder.h"
#include "base/seq.h"
#include "tests/gen/wire.h"

#include <inttypes.h>
#include <stdlib.h>

#define START ((ka_time)1700000000 * KA_SECOND)

enum { POOL = 2048, PLACES = 64, ROUTER = 0x010203 };

struct ka_emitter {
    struct ka_recording *recording;
    uint8_t pool[POOL];          /* payload: never 0 */
    uint32_t sums[POOL / 2 + 1]; /* of the 16-bit words before */
    uint8_t *truth;              /* by frame number */
    uint32_t *of;
};

struct ka_emitter *ka_emitter_create(struct ka_recording *recording, uint32_t frames)
{
    struct ka_emitter *emitter = calloc(1, sizeof(*emitter));
    if (emitter == NULL)
        return NULL;
    emitter->recording = recording;
    emitter->truth = calloc((size_t)frames + 1, sizeof(*emitter->truth));
    emitter->of = calloc((size_t)frames + 1, sizeof(*emitter->of));
    if (emitter->truth == NULL || emitter->of == NULL) {
        ka_emitter_free(emitter);
        return NULL;
    }
    for (uint32_t i = 0; i < POOL; i++)
        emitter->pool[i] = (uint8_t)(1 + (i * 37 + i / 255 * 11) % 255);
    for (uint32_t i = 0; i < POOL / 2; i++)
        emitter->sums[i + 1] =
            emitter->sums[i] + ka_checksum_add(0, emitter->pool + (size_t)2 * i, 2);
    return emitter;
}

static struct ka_wire_end end_of(const struct ka_flow *flow, unsigned side)
{
    static const uint16_t services[] = {443, 5432, 22, 80, 6379, 445, 1883};
    if (side == 0)
        return (struct ka_wire_end){.host = 0x010000 + flow->serial / 28000,
                                    .port = (uint16_t)(32768 + flow->serial % 28000)};
    return (struct ka_wire_end){.host = 0x0a0001 + flow->serial % 50,
                                .port = services[flow->serial % 7]};
}

/* The payload of the stream at that place: the same bytes whenever it is sent. */
static void fill_payload(const struct ka_emitter *emitter, struct ka_flow *flow,
                         const struct ka_planned *frame, struct ka_wire_segment *segment)
{
    struct ka_peer *from = &flow->peers[frame->side];
    uint32_t place = frame->seq % PLACES * 2;
    segment->payload = emitter->pool + place;
    if (frame->byte_given)
        segment->payload = &frame->byte;
    else if (frame->truth == KA_TRUTH_PROBE)
        segment->payload = &from->last_byte;
    else if (frame->length > 1) {
        uint32_t words = frame->length / 2;
        segment->summed = true;
        segment->payload_sum = emitter->sums[place / 2 + words] - emitter->sums[place / 2];
        if (frame->length % 2 != 0)
            segment->payload_sum += (uint32_t)segment->payload[frame->length - 1] << 8;
    }
    if (frame->truth != KA_TRUTH_PROBE && frame->truth != KA_TRUTH_WINDOW_PROBE)
        from->last_byte = segment->payload[frame->length - 1];
}

static struct ka_wire_segment make_segment(const struct ka_emitter *emitter, struct ka_flow *flow,
                                           const struct ka_planned *frame)
{
    struct ka_wire_segment segment = {
        .src = end_of(flow, frame->side),
        .dst = end_of(flow, !frame->side),
        .seq = frame->seq,
        .ack = frame->ack,
        .window = frame->window,
        .ip_id = frame->ip_id,
        .ttl = frame->ttl,
        .flags = frame->flags,
        .timestamps = frame->timestamps,
        .tsval = frame->tsval,
        .tsecr = frame->tsecr,
        .length = frame->length,
    };
    if (frame->flags & KA_TRAFFIC_SYN) {
        segment.mss = 1460;
        segment.sack_permitted = flow->sack;
        segment.wscale_present = true;
        segment.wscale = 7;
    }
    if (frame->dsack) {
        segment.sack_count = 1;
        segment.sack[0][0] = frame->ack - 1;
        segment.sack[0][1] = frame->ack;
    }
    if (frame->length > 0)
        fill_payload(emitter, flow, frame, &segment);
    return segment;
}

static size_t make_icmp(const struct ka_wire_shape *shape, const struct ka_flow *flow,
                        const struct ka_planned *frame, const struct ka_wire_segment *about,
                        uint8_t *bytes)
{
    struct ka_wire_icmp icmp = {
        .from = {.host = ROUTER},
        .to = end_of(flow, frame->side),
        .type = shape->ipv6 ? 1 : 3,
        .code = shape->ipv6 ? 3 : 1,
        .ttl = 60,
        .quote = 8,
    };
    return ka_wire_icmp(shape, &icmp, about, bytes);
}

static bool is_candidate(const struct ka_shown *shown, uint32_t next)
{
    return (shown->next_known && next == shown->next) ||
           (shown->acked_known && next == shown->acked);
}

/* What can be known of a probe from what was captured before it. */
static enum ka_truth judge_probe(struct ka_flow *flow, const struct ka_planned *frame,
                                 uint32_t number)
{
    struct ka_shown *own = &flow->shown[frame->side];
    uint32_t next = frame->seq + 1;
    own->asked = true;
    own->held = 0;
    if (flow->shown[!frame->side].closed)
        return KA_TRUTH_UNSURE;
    if (!own->next_known && !own->acked_known) {
        own->held = number;
        own->held_byte = frame->length == 1;
        return KA_TRUTH_UNSURE; /* unless its answer shows it */
    }
    if (!is_candidate(own, next))
        return KA_TRUTH_UNSURE;
    if (frame->length == 1 && !(own->acked_known && ka_seq_le(next, own->acked)))
        return KA_TRUTH_UNSURE; /* the ack of the byte was not captured */
    return KA_TRUTH_PROBE;
}

static enum ka_truth judge_answer(struct ka_emitter *emitter, struct ka_flow *flow,
                                  const struct ka_planned *frame, uint32_t asked)
{
    struct ka_shown *prober = &flow->shown[frame->icmp ? frame->side : !frame->side];
    bool confirms = asked != 0 && prober->held == asked && !frame->icmp &&
                    (frame->flags & KA_TRAFFIC_ACK) && (frame->dsack || !prober->held_byte);
    bool waited = prober->asked;
    prober->asked = false;
    prober->held = 0;
    if (asked == 0)
        return waited ? KA_TRUTH_UNSURE : KA_TRUTH_NONE;
    if (confirms)
        emitter->truth[asked] = KA_TRUTH_PROBE;
    return emitter->truth[asked] == KA_TRUTH_PROBE ? KA_TRUTH_ANSWER : KA_TRUTH_UNSURE;
}

static enum ka_truth judge(struct ka_emitter *emitter, struct ka_flow *flow,
                           const struct ka_episode *episode, const struct ka_planned *frame,
                           uint32_t number)
{
    struct ka_shown *prober = &flow->shown[!frame->side];
    const struct ka_shown *own = &flow->shown[frame->side];
    switch (frame->truth) {
    case KA_TRUTH_PROBE:
        return judge_probe(flow, frame, number);
    case KA_TRUTH_ANSWER:
        return judge_answer(emitter, flow, frame, episode->number[frame->of]);
    case KA_TRUTH_WINDOW_PROBE:
        return episode->gaps || !prober->closed ? KA_TRUTH_UNSURE : frame->truth;
    case KA_TRUTH_RETRANSMISSION:
    case KA_TRUTH_REORDERED:
    case KA_TRUTH_FOREIGN:
        return episode->gaps ? KA_TRUTH_UNSURE : frame->truth;
    case KA_TRUTH_NONE:
        if (frame->length == 1 && !own->next_known && !own->acked_known)
            return KA_TRUTH_UNSURE; /* it may come again as a probe's byte */
        if (frame->copy || !prober->asked)
            return KA_TRUTH_NONE;
        prober->asked = false; /* a late answer to a probe whose answer was lost, or nothing */
        return KA_TRUTH_UNSURE;
    case KA_TRUTH_DUPLICATE:
    case KA_TRUTH_NO_ACK_FLAG:
    case KA_TRUTH_UNSURE:
        break;
    }
    return frame->truth;
}

/* What the frame shows to everyone who reads the capture. */
static void show(struct ka_flow *flow, const struct ka_planned *frame)
{
    struct ka_shown *own = &flow->shown[frame->side];
    struct ka_shown *peer = &flow->shown[!frame->side];
    uint32_t ends = !!(frame->flags & KA_TRAFFIC_SYN) + !!(frame->flags & KA_TRAFFIC_FIN);
    uint32_t end = frame->seq + frame->length + ends;
    if (frame->icmp || (frame->flags & KA_TRAFFIC_RST) || frame->flags == 0)
        return;
    bool sets = frame->length + ends > 0 && frame->truth != KA_TRUTH_PROBE &&
                frame->truth != KA_TRUTH_WINDOW_PROBE;
    if (sets) {
        own->next = own->next_known ? ka_seq_max(own->next, end) : end;
        own->next_known = true;
    }
    if (frame->flags & KA_TRAFFIC_ACK) {
        peer->acked = peer->acked_known ? ka_seq_max(peer->acked, frame->ack) : frame->ack;
        peer->acked_known = true;
    }
    own->closed = frame->window == 0;
}

void ka_emit(struct ka_emitter *emitter, struct ka_flow *flow, struct ka_episode *episode)
{
    uint8_t bytes[KA_WIRE_FRAME_MAX];
    uint8_t index = episode->next++;
    const struct ka_planned *frame = &episode->frames[index];
    struct ka_wire_shape shape = {.link_type = KA_WIRE_ETHERNET, .ipv6 = flow->ipv6};
    const struct ka_planned *made = frame->icmp ? &episode->frames[frame->of] : frame;
    episode->number[index] = 0;
    if (index == 0)
        episode->gaps = !flow->shown[0].next_known && !flow->shown[0].acked_known;
    struct ka_wire_segment segment = make_segment(emitter, flow, made);
    if (frame->lost) {
        episode->gaps = true;
        return;
    }
    size_t length = frame->icmp ? make_icmp(&shape, flow, frame, &segment, bytes)
                                : ka_wire_tcp(&shape, &segment, bytes);
    ka_recording_frame(emitter->recording, START + frame->time, bytes, length);
    uint32_t number = (uint32_t)emitter->recording->frames;
    enum ka_truth truth = judge(emitter, flow, episode, frame, number);
    episode->number[index] = number;
    emitter->truth[number] = (uint8_t)truth;
    if (truth == KA_TRUTH_ANSWER)
        emitter->of[number] = episode->number[frame->of];
    show(flow, frame);
}

bool ka_emitter_truth(const struct ka_emitter *emitter, FILE *stream)
{
    static const char *const names[] = {
        [KA_TRUTH_PROBE] = "PROBE",
        [KA_TRUTH_ANSWER] = "ANSWER",
        [KA_TRUTH_WINDOW_PROBE] = "ZWP",
        [KA_TRUTH_RETRANSMISSION] = "LOOKALIKE retransmission",
        [KA_TRUTH_REORDERED] = "LOOKALIKE reordered",
        [KA_TRUTH_DUPLICATE] = "LOOKALIKE duplicate",
        [KA_TRUTH_FOREIGN] = "LOOKALIKE foreign",
        [KA_TRUTH_NO_ACK_FLAG] = "LOOKALIKE no-ack-flag",
        [KA_TRUTH_UNSURE] = "UNSURE",
    };
    fprintf(stream, "frame\ttruth\tof\n");
    for (uint64_t i = 1; i <= emitter->recording->frames; i++) {
        if (emitter->truth[i] == KA_TRUTH_NONE)
            continue;
        fprintf(stream, "%" PRIu64 "\t%s\t", i, names[emitter->truth[i]]);
        if (emitter->of[i] != 0)
            fprintf(stream, "%" PRIu32, emitter->of[i]);
        fputc('\n', stream);
    }
    return fflush(stream) == 0 && !ferror(stream);
}

void ka_emitter_free(struct ka_emitter *emitter)
{
    if (emitter == NULL)
        return;
    free(emitter->truth);
    free(emitter->of);
    free(emitter);
}
