/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The schedule of a side's probes. The idle time shows in the gap before the first probe after an
 * answer, the interval only between unanswered ones: the two are fitted apart, each as the median
 * of the last gaps. A gap that is a multiple of the known one means probes lost in the capture; a
 * single odd one is a clock step or a suspended host; three alike mean new settings.
 */
#include "analyzers/analysis.h"

#include <string.h>

enum {
    TOLERANCE_PERCENT = 5,
    TOLERANCE_MS = 250,  /* timers of a hundred or four hundred milliseconds' grain */
    LEAST_IDLE_MS = 900, /* settings are whole seconds: a probe sooner was sent at once */
    CHANGE_SAMPLES = 3,
    LOST_MAX = 6, /* multiples up to this are taken for lost probes */
};

static bool near_ms(uint32_t a, uint32_t b)
{
    uint32_t off = a > b ? a - b : b - a;
    uint64_t allowed = (uint64_t)b * TOLERANCE_PERCENT / 100;
    if (allowed < TOLERANCE_MS)
        allowed = b / 4 < TOLERANCE_MS ? b / 4 : TOLERANCE_MS;
    return off <= allowed;
}

static uint32_t to_ms(ka_time duration)
{
    int64_t ms = (duration + KA_MILLISECOND / 2) / KA_MILLISECOND;
    if (ms < 1)
        return 1;
    return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

/* Of an even number: between the two in the middle where they agree, else the lower one, as what
 * is longer is rather a multiple; a time that nobody measured is no answer. */
static uint32_t median(const uint32_t *samples, unsigned count)
{
    uint32_t sorted[KA_IDLES];
    for (unsigned i = 0; i < count; i++) {
        unsigned at = i;
        for (; at > 0 && sorted[at - 1] > samples[i]; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = samples[i];
    }
    if (count % 2 == 1)
        return sorted[count / 2];
    if (!near_ms(sorted[count / 2 - 1], sorted[count / 2]))
        return sorted[count / 2 - 1];
    return (uint32_t)(((uint64_t)sorted[count / 2 - 1] + sorted[count / 2]) / 2);
}

_Static_assert(KA_IDLES >= KA_INTERVALS && KA_IDLES >= KA_RTTS, "median's room");

/* How many samples a ring holds after `total` were put in. */
static unsigned held(unsigned total, unsigned size)
{
    return total < size ? total : size;
}

/* The i-th latest sample. */
static uint32_t latest(const uint32_t *ring, unsigned total, unsigned size, unsigned i)
{
    return ring[(total - 1 - i) % size];
}

static uint8_t put(uint32_t *ring, unsigned total, unsigned size, uint32_t value)
{
    ring[total % size] = value;
    /* The count saturates, but keeps its place in the ring. */
    return (uint8_t)(total == 255 ? 255 - size + 1 : total + 1);
}

/* The last samples agree with each other and not with the fit: the settings were changed. */
static bool is_changed(const struct ka_prober *prober)
{
    if (prober->idle_total <= CHANGE_SAMPLES)
        return false;
    uint32_t newest = latest(prober->idle_ms, prober->idle_total, KA_IDLES, 0);
    for (unsigned i = 0; i < CHANGE_SAMPLES; i++) {
        uint32_t sample = latest(prober->idle_ms, prober->idle_total, KA_IDLES, i);
        if (!near_ms(sample, newest) || near_ms(sample, prober->idle_fit_ms))
            return false;
    }
    return true;
}

/* Probes between were lost: the gap is a small multiple of the known one. */
static bool is_multiple(const struct ka_prober *prober, uint32_t gap)
{
    uint32_t fit = prober->idle_fit_ms;
    if (gap / 3 < fit / 2) /* nearer to once than to twice, as nearly always */
        return false;
    for (uint32_t n = 2; n <= LOST_MAX && fit > 0; n++) {
        if (fit <= UINT32_MAX / n && near_ms(gap, fit * n))
            return true;
    }
    return false;
}

void ka_schedule_add_idle(struct ka_prober *prober, ka_time idle)
{
    uint32_t gap = to_ms(idle);
    if (gap < LEAST_IDLE_MS)
        return;
    if (prober->idle_total >= CHANGE_SAMPLES && is_multiple(prober, gap))
        return;
    prober->idle_total = put(prober->idle_ms, prober->idle_total, KA_IDLES, gap);
    if (is_changed(prober)) {
        uint32_t fresh[CHANGE_SAMPLES];
        for (unsigned i = 0; i < CHANGE_SAMPLES; i++)
            fresh[i] = latest(prober->idle_ms, prober->idle_total, KA_IDLES, i);
        memcpy(prober->idle_ms, fresh, sizeof(fresh));
        prober->idle_total = CHANGE_SAMPLES;
        if (prober->segments < 15)
            prober->segments++;
    }
    prober->idle_fit_ms = median(prober->idle_ms, held(prober->idle_total, KA_IDLES));
}

static bool has_doubled(uint32_t gap, uint32_t next)
{
    return next >= gap + gap / 2 + gap / 4 && next <= 2 * gap + gap / 4;
}

static void add_interval(struct ka_prober *prober, ka_time interval)
{
    uint32_t gap = to_ms(interval);
    /* illumos doubles its gaps; two doublings in a row are no lost frames. */
    if (prober->number > 3 && prober->interval_total > 1) {
        uint32_t before = latest(prober->interval_ms, prober->interval_total, KA_INTERVALS, 0);
        uint32_t first = latest(prober->interval_ms, prober->interval_total, KA_INTERVALS, 1);
        if (has_doubled(first, before) && has_doubled(before, gap))
            prober->flags |= KA_PROBER_GROWING;
    }
    prober->interval_total = put(prober->interval_ms, prober->interval_total, KA_INTERVALS, gap);
    prober->interval_fit_ms =
        median(prober->interval_ms, held(prober->interval_total, KA_INTERVALS));
}

void ka_schedule_occurred(struct ka_analysis *analysis, const struct ka_occurrence *occurrence)
{
    if (occurrence->kind == KA_OCC_GAVE_UP) {
        struct ka_prober *prober = ka_prober_of(analysis, occurrence->conn, occurrence->side);
        if (prober != NULL)
            prober->count = prober->number > UINT16_MAX ? UINT16_MAX : (uint16_t)prober->number;
        return;
    }
    if (occurrence->kind != KA_OCC_PROBE || occurrence->injected)
        return;
    struct ka_prober *prober = ka_prober_of(analysis, occurrence->conn, occurrence->side);
    if (prober == NULL)
        return;
    if (occurrence->number > 1 && occurrence->interval != KA_TIME_NONE)
        add_interval(prober, occurrence->interval);
    else if (occurrence->number == 1 && occurrence->idle != KA_TIME_NONE)
        ka_schedule_add_idle(prober, occurrence->idle);
}

ka_time ka_schedule_interval(const struct ka_prober *prober)
{
    if (prober->interval_total == 0)
        return KA_TIME_NONE;
    uint32_t last = latest(prober->interval_ms, prober->interval_total, KA_INTERVALS, 0);
    bool growing = (prober->flags & KA_PROBER_GROWING) != 0;
    if (prober->number > 2 && prober->interval_total > 1)
        growing |=
            has_doubled(latest(prober->interval_ms, prober->interval_total, KA_INTERVALS, 1), last);
    if (growing)
        return 2 * (ka_time)last * KA_MILLISECOND;
    uint32_t fit = prober->interval_fit_ms;
    return (last > fit ? last : fit) * KA_MILLISECOND;
}

bool ka_schedule_doubles(const struct ka_prober *prober, ka_time quiet, ka_time gap)
{
    if (prober->number < 2 || prober->interval_total == 0)
        return false;
    uint32_t before = latest(prober->interval_ms, prober->interval_total, KA_INTERVALS, 0);
    ka_time first = quiet - gap - before * KA_MILLISECOND;
    if (prober->number > 2 && prober->interval_total > 1)
        first =
            latest(prober->interval_ms, prober->interval_total, KA_INTERVALS, 1) * KA_MILLISECOND;
    return first > 0 && has_doubled(to_ms(first), before) && has_doubled(before, to_ms(gap));
}

bool ka_schedule_has_idle(const struct ka_prober *prober, ka_time gap)
{
    return gap != KA_TIME_NONE &&
           ((prober->idle_fit_ms > 0 && near_ms(to_ms(gap), prober->idle_fit_ms)) ||
            (prober->number > 0 && prober->interval_fit_ms > 0 &&
             near_ms(to_ms(gap), prober->interval_fit_ms)));
}

/* Enough samples, and at least three quarters of them alike. */
static bool is_firm(const uint32_t *ring, unsigned total, unsigned size, uint32_t fit)
{
    unsigned count = held(total, size);
    unsigned alike = 0;
    for (unsigned i = 0; i < count; i++)
        alike += near_ms(ring[i], fit);
    return count >= CHANGE_SAMPLES && alike * 4 >= count * 3;
}

void ka_schedule_report(const struct ka_prober *prober, struct ka_ev_keepalive *out)
{
    out->idle = KA_TIME_NONE;
    out->interval = KA_TIME_NONE;
    if (prober->idle_total > 0)
        out->idle = prober->idle_fit_ms * KA_MILLISECOND;
    if (prober->interval_total > 0 && (prober->flags & KA_PROBER_GROWING) == 0)
        out->interval = prober->interval_fit_ms * KA_MILLISECOND;
    out->count = prober->count;
    out->segments = prober->segments;
    bool firm =
        is_firm(prober->idle_ms, prober->idle_total, KA_IDLES, prober->idle_fit_ms) ||
        is_firm(prober->interval_ms, prober->interval_total, KA_INTERVALS, prober->interval_fit_ms);
    out->confidence = firm ? KA_CERTAIN : KA_PROBABLE;
    out->rtt_min = out->rtt_median = out->rtt_max = KA_TIME_NONE;
    if (prober->rtt_total > 0) {
        uint32_t middle = median(prober->rtt_us, held(prober->rtt_total, KA_RTTS));
        out->rtt_min = prober->rtt_min_us * KA_MICROSECOND;
        out->rtt_median = middle * KA_MICROSECOND;
        out->rtt_max = prober->rtt_max_us * KA_MICROSECOND;
    }
}
