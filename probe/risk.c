/* SPDX-License-Identifier: BSD-2-Clause */
#include "probe/risk.h"

#include <stdio.h>

enum ka_presence ka_risk_presence(const struct ka_known_conn *entry, unsigned side, ka_time now)
{
    const struct ka_known_side *known = &entry->side[side];
    if (known->reset)
        return KA_PRESENCE_GONE;
    /* A stamp from the future comes from a clock that stepped: it proves nothing. */
    bool fresh =
        known->seen != KA_TIME_NONE && known->seen <= now && now - known->seen <= KA_PRESENCE_FRESH;
    if (known->found && fresh)
        return KA_PRESENCE_FOUND;
    if (known->local)
        return KA_PRESENCE_LOCAL;
    return fresh ? KA_PRESENCE_SEEN : KA_PRESENCE_NONE;
}

bool ka_risk_free(const struct ka_known_conn *entry, unsigned to, ka_time now)
{
    return ka_risk_presence(entry, !to, now) >= KA_PRESENCE_SEEN;
}

unsigned ka_risk_first(const struct ka_known_conn *entry, unsigned wanted, ka_time now)
{
    enum ka_presence asked = ka_risk_presence(entry, wanted, now);
    enum ka_presence other = ka_risk_presence(entry, !wanted, now);
    if (asked != other)
        return asked < other ? wanted : !wanted;
    /* Both were seen, or neither: the one longer unheard. */
    ka_time asked_seen = entry->side[wanted].seen;
    ka_time other_seen = entry->side[!wanted].seen;
    return other_seen < asked_seen ? !wanted : wanted;
}

void ka_risk_text(const struct ka_known_conn *entry, unsigned to, char *out)
{
    char target[KA_ENDPOINT_TEXT_SIZE];
    char other[KA_ENDPOINT_TEXT_SIZE];
    struct ka_endpoint ends[2] = {ka_known_end(entry, 0), ka_known_end(entry, 1)};
    ka_endpoint_text(&ends[to], target);
    ka_endpoint_text(&ends[!to], other);
    snprintf(out, KA_RISK_TEXT_SIZE,
             "if %s has lost this connection, %s will be reset by it: nothing shows that %s is "
             "there. Ask %s first (kasniff probe %s %s), or both in the right order (--both), or "
             "take the risk (--yes)",
             other, target, other, other, target, other);
}

const char *ka_presence_text(enum ka_presence presence)
{
    static const char *const texts[] = {
        [KA_PRESENCE_GONE] = "it sent a reset",       [KA_PRESENCE_NONE] = "not known to be there",
        [KA_PRESENCE_SEEN] = "seen sending just now", [KA_PRESENCE_LOCAL] = "open on this host",
        [KA_PRESENCE_FOUND] = "found alive just now",
    };
    return texts[presence];
}
