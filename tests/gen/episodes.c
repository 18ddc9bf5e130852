/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/gen/planner.h"

enum { SEGMENT = 1448, ACK = KA_TRAFFIC_ACK, PUSH = KA_TRAFFIC_ACK | KA_TRAFFIC_PSH };

static const struct ka_stack *stack_of(const struct ka_planner *planner, unsigned side)
{
    return &ka_stacks[planner->flow->peers[side].stack];
}

static const struct ka_schedule *schedule_of(const struct ka_planner *planner)
{
    return &ka_schedules[planner->flow->schedule];
}

static void pause_between(struct ka_planner *planner, ka_time low, ka_time high)
{
    planner->now += ka_random_time(planner->random, low, high);
}

static uint16_t some_length(struct ka_planner *planner)
{
    return (uint16_t)(100 + ka_random_below(planner->random, SEGMENT - 100));
}

static void request(struct ka_planner *planner)
{
    unsigned asks = planner->flow->closed[KA_CLIENT] ? KA_SERVER : KA_CLIENT;
    ka_plan_send(planner, asks, PUSH, some_length(planner), true);
    ka_plan_reply(planner, asks);
    if (planner->flow->closed[!asks]) {
        ka_plan_send(planner, !asks, ACK, 0, true);
        return;
    }
    pause_between(planner, 0, 20 * KA_MILLISECOND); /* the application thinks */
    ka_plan_send(planner, !asks, PUSH, some_length(planner), true);
    ka_plan_reply(planner, !asks);
    ka_plan_send(planner, asks, ACK, 0, true);
}

/* Segments from the server, an ACK for each second one, at times one lost and sent again. */
static void bulk(struct ka_planner *planner)
{
    unsigned from = planner->flow->closed[KA_SERVER] ? KA_CLIENT : KA_SERVER;
    unsigned count = 4 + ka_random_below(planner->random, 36);
    if (planner->flow->closed[from])
        return;
    for (unsigned i = 0; i < count; i++) {
        uint16_t length =
            i + 1 < count ? SEGMENT : (uint16_t)(1 + ka_random_below(planner->random, 1400));
        ka_plan_send(planner, from, i + 1 < count ? ACK : PUSH, length, true);
        pause_between(planner, 10 * KA_MICROSECOND, 40 * KA_MICROSECOND);
        if (i % 2 == 1) {
            ka_plan_send(planner, !from, ACK, 0, true);
            pause_between(planner, 10 * KA_MICROSECOND, 40 * KA_MICROSECOND);
        }
    }
    ka_plan_reply(planner, from);
    ka_plan_send(planner, !from, ACK, 0, true);
}

static void keystroke(struct ka_planner *planner)
{
    if (planner->flow->closed[KA_CLIENT] || planner->flow->closed[KA_SERVER])
        return;
    ka_plan_send(planner, KA_CLIENT, PUSH, 1, true);
    ka_plan_reply(planner, KA_CLIENT);
    ka_plan_send(planner, KA_SERVER, PUSH, 1, true);
    ka_plan_reply(planner, KA_SERVER);
    ka_plan_send(planner, KA_CLIENT, ACK, 0, true);
}

static void heartbeat(struct ka_planner *planner)
{
    if (planner->flow->closed[KA_CLIENT])
        return;
    struct ka_planned *beat = ka_plan_send(planner, KA_CLIENT, PUSH, 1, true);
    beat->byte_given = true;
    beat->byte = 0;
    ka_plan_reply(planner, KA_CLIENT);
    ka_plan_send(planner, KA_SERVER, ACK, 0, true);
}

/* A probe of `side` as its stack sends it. */
static struct ka_planned *probe(struct ka_planner *planner, unsigned side, bool delivered)
{
    const struct ka_stack *stack = stack_of(planner, side);
    struct ka_planned *frame =
        ka_plan_again(planner, side, stack->psh ? PUSH : ACK, -1, stack->bytes, delivered);
    frame->truth = KA_TRUTH_PROBE;
    frame->byte_given = stack->bytes == 1 && !stack->own_byte;
    frame->byte = 0;
    frame->ack -= stack->old_ack;
    if (stack->no_timestamps)
        frame->timestamps = false;
    return frame;
}

static struct ka_planned *answer(struct ka_planner *planner, unsigned side, int8_t of)
{
    const struct ka_planned *asked = &planner->episode->frames[of];
    struct ka_planned *frame = ka_plan_send(planner, side, ACK, 0, true);
    frame->truth = KA_TRUTH_ANSWER;
    frame->of = of;
    frame->dsack = asked->length == 1 && planner->flow->sack;
    return frame;
}

static void probe_answered(struct ka_planner *planner)
{
    unsigned side = planner->flow->prober;
    int8_t index = ka_plan_index(planner, probe(planner, side, true));
    ka_plan_reply(planner, side);
    if (ka_random_below(planner->random, 50) == 0)
        planner->flow->peers[!side].window ^= 64;
    answer(planner, !side, index);
}

/* The time from an unanswered probe to the next. */
static ka_time gap_after(const struct ka_planner *planner, unsigned side, unsigned unanswered)
{
    if (stack_of(planner, side)->backs_off)
        return unanswered < 6 ? KA_SECOND << unanswered : 60 * KA_SECOND;
    return schedule_of(planner)->interval;
}

static void probe_retried(struct ka_planner *planner)
{
    unsigned side = planner->flow->prober;
    unsigned lost = 1 + ka_random_below(planner->random, 2);
    for (unsigned i = 0; i < lost; i++) {
        probe(planner, side, false);
        planner->now += gap_after(planner, side, i);
    }
    probe_answered(planner);
}

/* Both sides probe before either has the other's probe. */
static void crossing(struct ka_planner *planner)
{
    ka_time start = planner->now;
    ka_time way = planner->flow->rtt / 4;
    int8_t first = ka_plan_index(planner, probe(planner, KA_CLIENT, true));
    planner->now += way;
    int8_t second = ka_plan_index(planner, probe(planner, KA_SERVER, true));
    ka_plan_reply(planner, KA_SERVER);
    answer(planner, KA_CLIENT, second);
    ka_time after = planner->now;
    planner->now = start;
    ka_plan_reply(planner, KA_CLIENT);
    if (planner->now < start + way)
        planner->now = start + way + 10 * KA_MICROSECOND;
    answer(planner, KA_SERVER, first);
    if (planner->now < after)
        planner->now = after;
}

static void death(struct ka_planner *planner)
{
    unsigned side = planner->flow->prober;
    unsigned count = stack_of(planner, side)->backs_off ? 13 : schedule_of(planner)->count;
    for (unsigned i = 0; i < count; i++) {
        probe(planner, side, false);
        planner->now += gap_after(planner, side, i);
    }
    ka_plan_send(planner, side, KA_TRAFFIC_RST | ACK, 0, false);
    planner->flow->ended = true;
}

static void reset(struct ka_planner *planner)
{
    unsigned side = planner->flow->prober;
    int8_t index = ka_plan_index(planner, probe(planner, side, false));
    uint32_t number = planner->episode->frames[index].ack;
    ka_plan_reply(planner, side);
    struct ka_planned *frame = ka_plan_send(planner, !side, KA_TRAFFIC_RST, 0, true);
    frame->seq = number;
    frame->truth = KA_TRUTH_ANSWER;
    frame->of = index;
    frame->window = 0;
    frame->timestamps = false;
    planner->flow->ended = true;
}

/* A router says host unreachable to some probes; then it works again. */
static void unreachable(struct ka_planner *planner)
{
    unsigned side = planner->flow->prober;
    int8_t index = ka_plan_index(planner, probe(planner, side, false));
    ka_time asked = planner->now;
    ka_plan_reply(planner, side);
    struct ka_planned *error = ka_plan_again(planner, side, 0, 0, 0, false);
    error->icmp = true;
    error->truth = KA_TRUTH_ANSWER;
    error->of = index;
    planner->now = asked + schedule_of(planner)->interval;
    probe_answered(planner);
}

static void close_down(struct ka_planner *planner)
{
    if (planner->flow->closed[KA_CLIENT] || planner->flow->closed[KA_SERVER]) {
        ka_plan_send(planner, KA_CLIENT, KA_TRAFFIC_RST | ACK, 0, true);
        planner->flow->ended = true;
        return;
    }
    planner->flow->closed[KA_CLIENT] = true;
    ka_plan_send(planner, KA_CLIENT, KA_TRAFFIC_FIN | ACK, 0, true);
    ka_plan_reply(planner, KA_CLIENT);
    if (ka_random_below(planner->random, 4) == 0) {
        ka_plan_send(planner, KA_SERVER, ACK, 0, true); /* stays half-closed */
        return;
    }
    ka_plan_send(planner, KA_SERVER, KA_TRAFFIC_FIN | ACK, 0, true);
    ka_plan_reply(planner, KA_SERVER);
    ka_plan_send(planner, KA_CLIENT, ACK, 0, true);
    planner->flow->ended = true;
}

/* The client fills the server's window, which stays closed for some window probes. */
static void window_closed(struct ka_planner *planner)
{
    struct ka_peer *server = &planner->flow->peers[KA_SERVER];
    const struct ka_stack *stack = stack_of(planner, KA_CLIENT);
    uint16_t window = server->window;
    ka_time gap = ka_random_time(planner->random, 200 * KA_MILLISECOND, 300 * KA_MILLISECOND);
    unsigned count = 1 + ka_random_below(planner->random, 5);
    if (planner->flow->closed[KA_CLIENT])
        return;
    ka_plan_send(planner, KA_CLIENT, PUSH, some_length(planner), true);
    ka_plan_reply(planner, KA_CLIENT);
    server->window = 0;
    ka_plan_send(planner, KA_SERVER, ACK, 0, true);
    for (unsigned i = 0; i < count; i++, gap *= 2) {
        planner->now += gap;
        struct ka_planned *asks =
            ka_plan_again(planner, KA_CLIENT, ACK, -1, stack->junk_window_probe, true);
        asks->truth = KA_TRUTH_WINDOW_PROBE;
        asks->byte_given = stack->junk_window_probe;
        ka_plan_reply(planner, KA_CLIENT);
        ka_plan_send(planner, KA_SERVER, ACK, 0, true);
    }
    pause_between(planner, KA_MILLISECOND, gap);
    server->window = window;
    ka_plan_send(planner, KA_SERVER, ACK, 0, true);
    ka_plan_reply(planner, KA_SERVER);
    request(planner);
}

/* One byte that does not arrive, sent again with back-off. */
static void resend_unacked(struct ka_planner *planner)
{
    ka_time wait = 200 * KA_MILLISECOND + planner->flow->rtt;
    unsigned count = 1 + ka_random_below(planner->random, 5);
    if (planner->flow->closed[KA_CLIENT])
        return;
    ka_plan_send(planner, KA_CLIENT, PUSH, 1, false);
    for (unsigned i = 0; i < count; i++, wait *= 2) {
        planner->now += wait;
        ka_plan_again(planner, KA_CLIENT, PUSH, -1, 1, i + 1 == count)->truth =
            KA_TRUTH_RETRANSMISSION;
    }
    ka_plan_reply(planner, KA_CLIENT);
    ka_plan_send(planner, KA_SERVER, ACK, 0, true);
}

/* One byte that arrives, but its ACK is lost behind the capture. */
static void resend_spurious(struct ka_planner *planner)
{
    if (planner->flow->closed[KA_CLIENT])
        return;
    ka_plan_send(planner, KA_CLIENT, PUSH, 1, true);
    ka_plan_reply(planner, KA_CLIENT);
    ka_plan_send(planner, KA_SERVER, ACK, 0, false);
    planner->now += 200 * KA_MILLISECOND + planner->flow->rtt;
    ka_plan_again(planner, KA_CLIENT, PUSH, -1, 1, true)->truth = KA_TRUTH_RETRANSMISSION;
    ka_plan_reply(planner, KA_CLIENT);
    ka_plan_send(planner, KA_SERVER, ACK, 0, true)->dsack = planner->flow->sack;
}

/* A pure ACK overtaken by the byte sent behind it. */
static void stale_ack(struct ka_planner *planner)
{
    if (planner->flow->closed[KA_CLIENT])
        return;
    struct ka_planned *stale = ka_plan_again(planner, KA_CLIENT, ACK, 0, 0, true);
    stale->time += ka_random_time(planner->random, 60 * KA_MICROSECOND, 3 * KA_MILLISECOND);
    stale->truth = KA_TRUTH_REORDERED;
    ka_time sent = stale->time;
    planner->now += 20 * KA_MICROSECOND;
    ka_plan_send(planner, KA_CLIENT, PUSH, 1, true);
    planner->now = sent;
    ka_plan_reply(planner, KA_CLIENT);
    ka_plan_send(planner, KA_SERVER, ACK, 0, true);
}

/* Data is lost; some stacks probe all the same. */
static void in_flight(struct ka_planner *planner)
{
    unsigned side = planner->flow->prober;
    uint16_t length = some_length(planner);
    const struct ka_stack *stack = stack_of(planner, side);
    if (!stack->in_flight || planner->flow->closed[side]) {
        request(planner);
        return;
    }
    ka_plan_send(planner, side, PUSH, length, false);
    pause_between(planner, KA_SECOND, 5 * KA_SECOND);
    struct ka_planned *asks = probe(planner, side, true);
    if (!stack->never_timestamps) /* BSD probes at UNA - 1, lwIP at NXT - 1 */
        asks->seq -= length;
    int8_t index = ka_plan_index(planner, asks);
    ka_plan_reply(planner, side);
    answer(planner, !side, index);
    planner->now += 300 * KA_MILLISECOND;
    ka_plan_again(planner, side, PUSH, -(int32_t)length, length, true);
    ka_plan_reply(planner, side);
    ka_plan_send(planner, !side, ACK, 0, true);
}

static void foreign(struct ka_planner *planner)
{
    struct ka_planned *frame = ka_plan_again(planner, KA_CLIENT, ACK, -2, 0, true);
    frame->seq -= ka_random_below(planner->random, 50);
    frame->truth = KA_TRUTH_FOREIGN;
    ka_plan_reply(planner, KA_CLIENT);
    ka_plan_send(planner, KA_SERVER, ACK, 0, true);
}

static void no_ack_flag(struct ka_planner *planner)
{
    ka_plan_again(planner, KA_CLIENT, 0, -1, 0, false)->truth = KA_TRUTH_NO_ACK_FLAG;
}

void (*const ka_doings[KA_DO_COUNT])(struct ka_planner *planner) = {
    [KA_DO_REQUEST] = request,
    [KA_DO_BULK] = bulk,
    [KA_DO_KEYSTROKE] = keystroke,
    [KA_DO_HEARTBEAT] = heartbeat,
    [KA_DO_PROBE] = probe_answered,
    [KA_DO_PROBE_RETRIED] = probe_retried,
    [KA_DO_CROSSING] = crossing,
    [KA_DO_DEATH] = death,
    [KA_DO_RESET] = reset,
    [KA_DO_UNREACHABLE] = unreachable,
    [KA_DO_CLOSE] = close_down,
    [KA_DO_WINDOW] = window_closed,
    [KA_DO_RESEND_UNACKED] = resend_unacked,
    [KA_DO_RESEND_SPURIOUS] = resend_spurious,
    [KA_DO_STALE_ACK] = stale_ack,
    [KA_DO_IN_FLIGHT] = in_flight,
    [KA_DO_FOREIGN] = foreign,
    [KA_DO_NO_ACK_FLAG] = no_ack_flag,
};
