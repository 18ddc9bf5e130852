/* SPDX-License-Identifier: BSD-2-Clause */
#include "flow/conn.h"

ka_time ka_side_lowest_rtt(const struct ka_side *side)
{
    /* The grain is taken off: half of the lowest must not be more than half of the true one. */
    return side->rtt_low == 0 ? KA_TIME_NONE : (ka_time)(side->rtt_low - 1) << KA_STAMP_SHIFT;
}

ka_time ka_side_rto(const struct ka_side *side)
{
    if (side->srtt_ms == 0 && side->rttvar_ms == 0)
        return KA_SECOND;
    ka_time rto = (side->srtt_ms + 4 * (ka_time)side->rttvar_ms) * KA_MILLISECOND;
    if (rto < 200 * KA_MILLISECOND)
        return 200 * KA_MILLISECOND;
    return rto > 120 * KA_SECOND ? 120 * KA_SECOND : rto;
}

static uint16_t clamp_ms(int64_t value)
{
    return value > UINT16_MAX ? UINT16_MAX : (uint16_t)value;
}

void ka_side_sample_rtt(struct ka_side *side, ka_time rtt)
{
    int64_t ms = rtt / KA_MILLISECOND;
    int64_t units = (rtt >> KA_STAMP_SHIFT) + 1;
    if (units <= UINT16_MAX && (side->rtt_low == 0 || units < side->rtt_low))
        side->rtt_low = (uint16_t)units;
    if (side->srtt_ms == 0 && side->rttvar_ms == 0) {
        side->srtt_ms = clamp_ms(ms > 0 ? ms : 1);
        side->rttvar_ms = clamp_ms(ms / 2);
        return;
    }
    int64_t off = ms > side->srtt_ms ? ms - side->srtt_ms : side->srtt_ms - ms;
    side->rttvar_ms = clamp_ms((3 * (int64_t)side->rttvar_ms + off) / 4);
    side->srtt_ms = clamp_ms((7 * (int64_t)side->srtt_ms + ms + 4) / 8);
    if (side->srtt_ms == 0)
        side->srtt_ms = 1;
}
