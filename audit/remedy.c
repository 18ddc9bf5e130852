/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/remedy.h"

bool ka_remedy_refreshes(const struct ka_series *series, const struct ka_series *base)
{
    return series->bracket.longest != KA_TIME_NONE &&
           series->bracket.longest > base->bracket.died + base->bracket.died / 10 &&
           (series->bracket.died == KA_TIME_NONE ||
            series->bracket.died > base->bracket.died + base->bracket.died / 10);
}

/* Whether the arm keeps connections alive: with some refresher, whoever speaks first. *tried is set
 * where there was something to refresh. */
static bool helps(const struct ka_audit_result *result, uint8_t arm, bool *tried)
{
    bool good[] = {[KA_SPEAKER_CLIENT] = false, [KA_SPEAKER_SERVER] = false};
    bool bad[] = {[KA_SPEAKER_CLIENT] = false, [KA_SPEAKER_SERVER] = false};
    for (size_t i = 0; i < result->count; i++) {
        const struct ka_series *series = &result->series[i];
        const struct ka_series *base = ka_audit_base(result, series);
        if (series->arm != arm || series->skipped || series->count == 0 || base == NULL ||
            base->bracket.died == KA_TIME_NONE)
            continue;
        good[series->refresher] |= ka_remedy_refreshes(series, base);
        bad[series->refresher] |= !ka_remedy_refreshes(series, base);
    }
    *tried = good[0] || good[1] || bad[0] || bad[1];
    return (good[0] && !bad[0]) || (good[1] && !bad[1]);
}

enum ka_remedy ka_remedy_judge(const struct ka_audit_result *result)
{
    bool tried;
    if (helps(result, KA_ARM_KEEPALIVE_0, &tried))
        return KA_REMEDY_KEEPALIVE;
    if (!tried)
        return KA_REMEDY_UNTRIED;
    if (helps(result, KA_ARM_DATA, &tried))
        return KA_REMEDY_DATA;
    return tried ? KA_REMEDY_NONE : KA_REMEDY_NOT_SEEN;
}
