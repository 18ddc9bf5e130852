/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which answer belongs to which probe, and which answer will not come. Of a side's probes the last
 * KA_OUTSTANDING without an answer are remembered.
 */
#include "analyzers/analysis.h"

/* Host unreachable comes after about 3 s (ARP); silence is not claimed before this. */
static const ka_time least_wait = 4 * KA_SECOND;

static uint32_t add_saturating(uint32_t a, uint64_t b)
{
    return b > UINT32_MAX - a ? UINT32_MAX : a + (uint32_t)b;
}

static uint32_t to_us(ka_time duration)
{
    if (duration == KA_TIME_NONE || duration / KA_MICROSECOND > UINT32_MAX)
        return UINT32_MAX;
    return (uint32_t)(duration / KA_MICROSECOND);
}

/* --- absences */

static void occur_absence(struct ka_analysis *analysis, struct ka_prober *prober, ka_time time,
                          const struct ka_occurrence *by)
{
    prober->flags |= KA_PROBER_ABSENT;
    prober->unanswered++;
    if ((prober->flags & KA_PROBER_EXCUSED) != 0)
        return;
    struct ka_occurrence absence = {
        .kind = KA_OCC_ABSENCE, .side = !prober->side, .conn = prober->conn, .time = time};
    if (by != NULL) {
        absence.packet = by->packet;
        absence.frame = by->frame;
        absence.input = by->input;
    }
    ka_occur(analysis, &absence);
}

/* When the prober has stopped for twice its interval, after at least three without an answer. */
static ka_time stopped_at(const struct ka_prober *prober)
{
    ka_time interval = ka_schedule_interval(prober);
    if (prober->number < 3 || interval == KA_TIME_NONE)
        return KA_TIME_NONE;
    return prober->last_probe + 2 * interval;
}

void ka_pair_set_deadline(struct ka_analysis *analysis, struct ka_prober *prober)
{
    ka_time deadline = KA_TIME_NONE;
    /* Answers that cannot be seen are not absent. */
    bool two_way = ka_side_packets(&prober->conn->side[!prober->side]) > 0;
    if (prober->last_probe != KA_TIME_NONE && ka_pair_is_refused(prober)) {
        deadline = stopped_at(prober);
    } else if (prober->last_probe != KA_TIME_NONE && two_way && ka_pair_is_waiting(prober)) {
        ka_time interval = ka_schedule_interval(prober);
        ka_time wait = least_wait;
        if (interval != KA_TIME_NONE && 2 * interval > wait)
            wait = 2 * interval;
        ka_time stop = stopped_at(prober);
        deadline = stop;
        if ((prober->flags & KA_PROBER_ABSENT) == 0 &&
            (stop == KA_TIME_NONE || prober->last_probe + wait < stop))
            deadline = prober->last_probe + wait;
    }
    ka_deadline_set(analysis, prober, deadline);
}

void ka_recognise_deadline(struct ka_analysis *analysis, struct ka_prober *prober)
{
    ka_time now = prober->deadline;
    ka_deadline_set(analysis, prober, KA_TIME_NONE);
    if ((prober->flags & KA_PROBER_ABSENT) == 0 && !ka_pair_is_refused(prober))
        occur_absence(analysis, prober, now, NULL);
    ka_time stop = stopped_at(prober);
    if (stop == KA_TIME_NONE)
        return;
    if (stop > now) {
        ka_deadline_set(analysis, prober, stop);
        return;
    }
    struct ka_occurrence stopped = {
        .kind = KA_OCC_STOPPED, .side = !prober->side, .conn = prober->conn, .time = now};
    ka_occur(analysis, &stopped);
}

/* --- probes */

static void push_outstanding(struct ka_prober *prober, const struct ka_occurrence *probe)
{
    uint32_t gap = to_us(probe->interval);
    if ((prober->flags & KA_PROBER_SETTLED) != 0 || prober->number == 0)
        prober->waiting = 0;
    if (prober->waiting == KA_OUTSTANDING) {
        for (unsigned i = 1; i < KA_OUTSTANDING; i++)
            prober->outstanding[i - 1] = prober->outstanding[i];
        prober->waiting = KA_OUTSTANDING - 1;
    }
    for (unsigned i = 0; i < prober->waiting; i++)
        prober->outstanding[i].before_us = add_saturating(prober->outstanding[i].before_us, gap);
    prober->outstanding[prober->waiting] =
        (struct ka_outstanding){.frame = probe->frame, .input = probe->input};
    prober->waiting = (prober->waiting + 1) & 3;
}

void ka_pair_life(struct ka_analysis *analysis, const struct ka_occurrence *sign)
{
    struct ka_prober *other = ka_prober_of(analysis, sign->conn, !sign->side);
    if (other == NULL || (!ka_pair_is_waiting(other) && !ka_pair_is_refused(other)))
        return;
    other->flags |= KA_PROBER_EXCUSED;
    if (ka_pair_is_refused(other))
        other->flags |= KA_PROBER_SETTLED;
    other->number = 0;
    struct ka_occurrence life = *sign;
    life.kind = KA_OCC_LIFE;
    ka_occur(analysis, &life);
    ka_deadline_set(analysis, other, KA_TIME_NONE);
    ka_watch_update(analysis, sign->conn);
}

void ka_pair_probe(struct ka_analysis *analysis, struct ka_occurrence *probe)
{
    struct ka_prober *prober = ka_prober_need(analysis, probe->conn, probe->side);
    if (prober == NULL)
        return;
    bool two_way = ka_side_packets(&probe->conn->side[!probe->side]) > 0;
    bool absent = ka_pair_is_waiting(prober) && (prober->flags & KA_PROBER_ABSENT) == 0 && two_way;
    bool excused = (prober->flags & KA_PROBER_EXCUSED) != 0;
    probe->interval = ka_time_between(prober->last_probe, probe->time);
    if (probe->spoke_before != prober->last_probe || prober->probes == 0)
        prober->spoke_before = probe->spoke_before;
    push_outstanding(prober, probe);
    ka_extra_of(analysis, probe->conn)->flags &= (uint8_t)~KA_EXTRA_CHALLENGED;
    prober->number++;
    probe->number = prober->number;
    prober->probes++;
    prober->bytes = probe->bytes & 1;
    prober->last_probe = probe->time;
    prober->print = probe->print;
    ka_pair_add_overhead(prober, probe->ip_length);
    prober->flags = (uint16_t)((prober->flags & ~(unsigned)KA_PROBER_PASSING) |
                               (probe->form & ~(unsigned)KA_PROBER_PASSING));
    enum ka_conn_class class = ka_conn_class(probe->conn);
    if (class != KA_CLASS_CLOSED && class != KA_CLASS_PROBED)
        ka_table_reclass(&analysis->table, probe->conn, KA_CLASS_PROBED);
    ka_occur(analysis, probe);
    if (absent) {
        if (excused)
            prober->flags |= KA_PROBER_EXCUSED;
        occur_absence(analysis, prober, probe->time, probe);
    }
    /* That was about the one before; now this one waits. */
    prober->flags &= (uint16_t) ~(KA_PROBER_ABSENT | KA_PROBER_EXCUSED);
    prober->flags |= probe->form & KA_PROBER_EXCUSED;
    ka_pair_set_deadline(analysis, prober);
    /* Deadlines go by the clock that packets agree on; this packet's stamp may be far behind it. */
    ka_time behind = KA_TIME_NONE;
    if (probe->packet != NULL)
        behind = ka_time_between(probe->time, analysis->clock);
    if (behind > KA_SECOND && prober->deadline != KA_TIME_NONE)
        ka_deadline_set(analysis, prober, prober->deadline + behind);
    if (!probe->injected) /* who injects says nothing about the host whose name is on it */
        ka_pair_life(analysis, probe);
    ka_watch_update(analysis, probe->conn);
}

/* --- answers */

/* The shortest round trip known: of this prober's probes, or of its data. */
static ka_time lowest_rtt(const struct ka_prober *prober)
{
    ka_time lowest = ka_side_lowest_rtt(&prober->conn->side[prober->side]);
    if (prober->rtt_min_us != UINT32_MAX &&
        (lowest == KA_TIME_NONE || prober->rtt_min_us * KA_MICROSECOND < lowest))
        lowest = prober->rtt_min_us * KA_MICROSECOND;
    return lowest;
}

void ka_pair_note_rtt(struct ka_prober *prober, ka_time rtt)
{
    if (rtt == KA_TIME_NONE)
        return;
    uint32_t us = to_us(rtt);
    prober->rtt_us[prober->rtt_total % KA_RTTS] = us;
    prober->rtt_total = prober->rtt_total == 255 ? 255 - KA_RTTS + 1 : prober->rtt_total + 1;
    if (us < prober->rtt_min_us)
        prober->rtt_min_us = us;
    if (us > prober->rtt_max_us)
        prober->rtt_max_us = us;
}

static void remove_outstanding(struct ka_prober *prober, unsigned at)
{
    for (unsigned i = at + 1; i < prober->waiting; i++)
        prober->outstanding[i - 1] = prober->outstanding[i];
    prober->waiting = (prober->waiting - 1) & 3;
}

/* Chooses the probe that the answer belongs to, from 0; sets answer->rtt. */
static unsigned choose(const struct ka_prober *prober, struct ka_occurrence *answer)
{
    unsigned last = prober->waiting - 1u;
    answer->rtt = KA_TIME_NONE;
    if (!ka_pair_is_waiting(prober)) /* the newest has its answer: an older one's, late */
        return 0;
    answer->rtt = ka_time_between(prober->last_probe, answer->time);
    ka_time lowest = lowest_rtt(prober);
    if (last == 0 || answer->rtt == KA_TIME_NONE || lowest == KA_TIME_NONE ||
        answer->rtt >= lowest / 2)
        return last;
    /* Too soon for the last probe. It is the late answer to the one before only where round trips
     * are that long: otherwise the peer, silent so far, has become quick. */
    ka_time longer = answer->rtt + prober->outstanding[last - 1].before_us * KA_MICROSECOND;
    if (longer > 4 * lowest + KA_SECOND / 2)
        return last;
    answer->rtt = longer;
    return last - 1;
}

/* The probe at `at` has its answer: it waits no more, and is not counted as unanswered. Returns
 * true when it was the newest. */
static bool settle(struct ka_prober *prober, unsigned at)
{
    bool newest = at + 1u == prober->waiting && ka_pair_is_waiting(prober);
    bool counted_absent = !newest || (prober->flags & KA_PROBER_ABSENT) != 0;
    remove_outstanding(prober, at);
    if (counted_absent && prober->unanswered > 0)
        prober->unanswered--;
    return newest;
}

static void settle_alive(struct ka_prober *prober, const struct ka_occurrence *answer, unsigned at)
{
    if (settle(prober, at))
        prober->flags |= KA_PROBER_SETTLED;
    prober->answered++;
    prober->number = 0;
    ka_pair_note_rtt(prober, answer->rtt);
}

/* Another TTL, and much sooner than the peer's acknowledgements of data: something nearer. */
static void judge_proxy(const struct ka_prober *prober, struct ka_occurrence *answer)
{
    ka_time data_rtt = prober->conn->side[prober->side].srtt_ms * KA_MILLISECOND;
    if (!answer->other_ttl || answer->origin != KA_ORIGIN_UNKNOWN || answer->rtt == KA_TIME_NONE ||
        data_rtt < 2 * KA_MILLISECOND || answer->rtt > data_rtt / 4)
        return;
    answer->origin = KA_ORIGIN_MIDDLEBOX;
    answer->why = "its TTL differs from that of the host's data, and it comes from much nearer";
}

bool ka_pair_answer(struct ka_analysis *analysis, struct ka_occurrence *answer)
{
    struct ka_prober *prober = ka_prober_of(analysis, answer->conn, !answer->side);
    if (prober == NULL || prober->waiting == 0)
        return false;
    bool is_life = answer->result == KA_ANSWER_ACK || answer->result == KA_ANSWER_DATA;
    if (!is_life && !ka_pair_is_waiting(prober))
        return false;
    unsigned at = choose(prober, answer);
    ka_time lowest = lowest_rtt(prober);
    if (answer->result == KA_ANSWER_DATA && answer->rtt != KA_TIME_NONE && lowest != KA_TIME_NONE &&
        answer->rtt < lowest / 2) {
        /* Data that was under way before the probe came: a sign of life, the answer follows. */
        answer->kind = KA_OCC_LIFE;
        ka_occur(analysis, answer);
        return true;
    }
    /* Frames are numbered by file: a number of another one would point to a wrong frame. */
    const struct ka_outstanding *answered = &prober->outstanding[at];
    answer->probe_frame = answered->input == answer->input ? answered->frame : 0;
    ka_pair_add_overhead(prober, answer->ip_length);
    if (is_life) {
        ka_extra_of(analysis, answer->conn)->flags &= (uint8_t)~KA_EXTRA_CHALLENGED;
        judge_proxy(prober, answer);
        settle_alive(prober, answer, at);
        if (answer->result == KA_ANSWER_ACK && answer->other_ttl)
            prober->flags |= KA_PROBER_OTHER_TTL;
    } else if (answer->result == KA_ANSWER_ICMP) {
        prober->icmp++;
        settle(prober, at);
        prober->flags |= KA_PROBER_ICMP;
    } else {
        prober->resets++;
        prober->number = 0;
        settle(prober, at);
        prober->flags |= KA_PROBER_SETTLED;
        ka_pair_end(analysis, answer->conn);
    }
    ka_occur(analysis, answer);
    if (answer->result != KA_ANSWER_RST)
        ka_pair_set_deadline(analysis, prober);
    ka_watch_update(analysis, answer->conn);
    return true;
}

void ka_pair_end(struct ka_analysis *analysis, struct ka_conn *conn)
{
    for (unsigned side = 0; side < 2; side++) {
        struct ka_prober *prober = ka_prober_of(analysis, conn, side);
        if (prober == NULL)
            continue;
        if (ka_pair_is_waiting(prober) && (prober->flags & KA_PROBER_ABSENT) == 0 &&
            (conn->flags & KA_CONN_GAVE_UP) != 0) {
            prober->flags |= KA_PROBER_ABSENT;
            prober->unanswered++;
        }
        ka_deadline_set(analysis, prober, KA_TIME_NONE);
    }
}
