/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/gen/planner.h"

#include "base/seq.h"

/* What a frame changes when it arrives. */
static void deliver(struct ka_planner *planner, unsigned side, const struct ka_planned *frame)
{
    struct ka_peer *to = &planner->flow->peers[!side];
    uint32_t end = frame->seq + frame->length + !!(frame->flags & KA_TRAFFIC_SYN) +
                   !!(frame->flags & KA_TRAFFIC_FIN);
    if (frame->flags & KA_TRAFFIC_SYN)
        to->received = end;
    else if (ka_seq_le(frame->seq, to->received))
        to->received = ka_seq_max(to->received, end);
    if ((frame->flags & KA_TRAFFIC_ACK) && frame->ack != 0)
        to->acked = frame->ack;
    if (frame->timestamps)
        to->ts_recent = frame->tsval;
    planner->flow->heard[!side] = planner->now;
}

void ka_plan_reply(struct ka_planner *planner, unsigned side)
{
    const struct ka_flow *flow = planner->flow;
    unsigned share = side == KA_CLIENT ? 100U - flow->place : flow->place;
    planner->now += flow->rtt * share / 100 +
                    ka_random_time(planner->random, 0, flow->rtt * share / 1000) +
                    ka_random_time(planner->random, 20 * KA_MICROSECOND, 120 * KA_MICROSECOND);
}

struct ka_planned *ka_plan_again(struct ka_planner *planner, unsigned side, uint8_t flags,
                                 int32_t offset, uint16_t length, bool delivered)
{
    struct ka_flow *flow = planner->flow;
    struct ka_episode *episode = planner->episode;
    struct ka_peer *from = &flow->peers[side];
    size_t index = episode->count < KA_EPISODE_MAX ? episode->count++ : KA_EPISODE_MAX - 1;
    struct ka_planned *frame = &episode->frames[index];
    *frame = (struct ka_planned){
        .time = planner->now,
        .seq = from->next + (uint32_t)offset,
        .ack = flags & KA_TRAFFIC_ACK ? from->received : 0,
        .tsval = from->ts_offset + (uint32_t)(planner->now / KA_MILLISECOND),
        .tsecr = from->ts_recent,
        .length = length,
        .window = from->window,
        .ip_id = from->ip_id++,
        .flags = flags,
        .side = (uint8_t)side,
        .ttl = from->ttl,
        .of = -1,
        .timestamps = flow->timestamps,
    };
    if (delivered)
        deliver(planner, side, frame);
    return frame;
}

struct ka_planned *ka_plan_send(struct ka_planner *planner, unsigned side, uint8_t flags,
                                uint16_t length, bool delivered)
{
    struct ka_planned *frame = ka_plan_again(planner, side, flags, 0, length, delivered);
    planner->flow->peers[side].next +=
        length + !!(flags & KA_TRAFFIC_SYN) + !!(flags & KA_TRAFFIC_FIN);
    return frame;
}

int8_t ka_plan_index(const struct ka_planner *planner, const struct ka_planned *frame)
{
    return (int8_t)(frame - planner->episode->frames);
}

static void handshake(struct ka_planner *planner)
{
    ka_plan_send(planner, KA_CLIENT, KA_TRAFFIC_SYN, 0, true);
    ka_plan_reply(planner, KA_CLIENT);
    ka_plan_send(planner, KA_SERVER, KA_TRAFFIC_SYN | KA_TRAFFIC_ACK, 0, true);
    ka_plan_reply(planner, KA_SERVER);
    ka_plan_send(planner, KA_CLIENT, KA_TRAFFIC_ACK, 0, true);
    planner->now += KA_MILLISECOND;
    planner->flow->started = true;
}

void ka_flow_start(struct ka_flow *flow, uint32_t serial, bool midstream, struct ka_random *random)
{
    static const uint8_t places[] = {0, 2, 50, 100};
    *flow = (struct ka_flow){.serial = serial};
    flow->rtt = ka_random_time(random, 200 * KA_MICROSECOND, 60 * KA_MILLISECOND);
    flow->place = places[ka_random_below(random, sizeof(places))];
    flow->ipv6 = ka_random_below(random, 10) == 0;
    flow->schedule = (uint8_t)ka_random_below(random, (uint32_t)ka_schedule_count);
    flow->prober = ka_random_below(random, 4) == 0 ? KA_SERVER : KA_CLIENT;
    flow->timestamps = true;
    flow->sack = ka_random_below(random, 4) != 0;
    for (unsigned side = 0; side < 2; side++) {
        struct ka_peer *peer = &flow->peers[side];
        /* half of them Linux, the rest spread over the table */
        peer->stack = ka_random_below(random, 2) == 0
                          ? 0
                          : (uint8_t)ka_random_below(random, (uint32_t)ka_stack_count);
        peer->next = (uint32_t)ka_random_next(random);
        peer->ts_offset = (uint32_t)ka_random_next(random);
        peer->ip_id = (uint16_t)ka_random_next(random);
        peer->window = (uint16_t)(300 + ka_random_below(random, 2000));
        peer->ttl = (uint8_t)((side == KA_CLIENT ? 64 : 55) + (int)ka_random_below(random, 5));
        if (ka_stacks[peer->stack].never_timestamps)
            flow->timestamps = false;
    }
    if (midstream) {
        flow->started = true;
        flow->peers[0].received = flow->peers[0].acked = 0;
        for (unsigned side = 0; side < 2; side++) {
            flow->peers[side].received = flow->peers[!side].next;
            flow->peers[side].acked = flow->peers[side].next;
        }
    }
}

/* Stable, for almost sorted lists; `of` follows. */
static void sort_frames(struct ka_episode *episode)
{
    for (uint8_t i = 1; i < episode->count; i++) {
        for (uint8_t at = i; at > 0 && episode->frames[at].time < episode->frames[at - 1].time;
             at--) {
            struct ka_planned swapped = episode->frames[at];
            episode->frames[at] = episode->frames[at - 1];
            episode->frames[at - 1] = swapped;
            for (uint8_t k = 0; k < episode->count; k++) {
                int8_t *of = &episode->frames[k].of;
                if (*of == at)
                    *of = (int8_t)(at - 1);
                else if (*of == at - 1)
                    *of = (int8_t)at;
            }
        }
    }
}

void ka_episode_plan(struct ka_episode *episode, struct ka_flow *flow, enum ka_doing doing,
                     ka_time time, struct ka_random *random)
{
    struct ka_planner planner = {.episode = episode, .flow = flow, .random = random, .now = time};
    episode->count = 0;
    episode->next = 0;
    episode->gaps = false;
    if (!flow->started)
        handshake(&planner);
    ka_doings[doing](&planner);
    sort_frames(episode);
}

/* A second copy of what recognition has to look at is a duplicate, of anything else nothing. */
static enum ka_truth truth_of_copy(const struct ka_planned *frame)
{
    switch (frame->truth) {
    case KA_TRUTH_PROBE:
    case KA_TRUTH_WINDOW_PROBE:
    case KA_TRUTH_RETRANSMISSION:
    case KA_TRUTH_REORDERED:
    case KA_TRUTH_DUPLICATE:
        return KA_TRUTH_DUPLICATE;
    case KA_TRUTH_NONE:
        return frame->length == 1 ? KA_TRUTH_DUPLICATE : KA_TRUTH_NONE;
    case KA_TRUTH_ANSWER:
    case KA_TRUTH_FOREIGN:
    case KA_TRUTH_NO_ACK_FLAG:
    case KA_TRUTH_UNSURE:
        break;
    }
    return KA_TRUTH_NONE;
}

void ka_episode_trouble(struct ka_episode *episode, const struct ka_trouble *trouble,
                        struct ka_random *random)
{
    uint8_t planned = episode->count;
    for (uint8_t i = 0; i < planned; i++) {
        struct ka_planned *frame = &episode->frames[i];
        if (frame->icmp)
            continue;
        frame->lost = ka_random_chance(random, trouble->lost);
        bool copied = ka_random_chance(random, trouble->copied);
        if (!copied || frame->lost || episode->count == KA_EPISODE_MAX)
            continue;
        struct ka_planned *copy = &episode->frames[episode->count++];
        *copy = *frame;
        copy->copy = true;
        copy->truth = truth_of_copy(frame);
        copy->time += ka_random_time(random, 5 * KA_MICROSECOND, 400 * KA_MICROSECOND);
        if (frame->ip_id != 0 && ka_random_below(random, 2) == 0)
            copy->ttl--;
    }
    sort_frames(episode);
}
