/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/gen/loads.h"

#include <string.h>

static const struct ka_load loads[] = {
    {.name = "plain",
     .packets = 100000,
     .connections = 1000,
     .spread = 60 * KA_SECOND,
     .weights = {[KA_DO_REQUEST] = 30,
                 [KA_DO_BULK] = 3,
                 [KA_DO_KEYSTROKE] = 10,
                 [KA_DO_HEARTBEAT] = 5,
                 [KA_DO_PROBE] = 40,
                 [KA_DO_PROBE_RETRIED] = 3,
                 [KA_DO_DEATH] = 1,
                 [KA_DO_RESET] = 1,
                 [KA_DO_CLOSE] = 3,
                 [KA_DO_WINDOW] = 2,
                 [KA_DO_RESEND_UNACKED] = 2}},
    {.name = "hard",
     .packets = 200000,
     .connections = 1500,
     .midstream = 300000,
     .spread = 60 * KA_SECOND,
     .trouble = {.copied = 10000, .lost = 3000},
     .weights = {[KA_DO_REQUEST] = 12,
                 [KA_DO_BULK] = 3,
                 [KA_DO_KEYSTROKE] = 10,
                 [KA_DO_HEARTBEAT] = 5,
                 [KA_DO_PROBE] = 30,
                 [KA_DO_PROBE_RETRIED] = 5,
                 [KA_DO_CROSSING] = 4,
                 [KA_DO_DEATH] = 1,
                 [KA_DO_RESET] = 1,
                 [KA_DO_UNREACHABLE] = 2,
                 [KA_DO_CLOSE] = 3,
                 [KA_DO_WINDOW] = 4,
                 [KA_DO_RESEND_UNACKED] = 6,
                 [KA_DO_RESEND_SPURIOUS] = 6,
                 [KA_DO_STALE_ACK] = 6,
                 [KA_DO_IN_FLIGHT] = 3,
                 [KA_DO_FOREIGN] = 1,
                 [KA_DO_NO_ACK_FLAG] = 1}},
    {.name = "busy",
     .packets = 4000000,
     .connections = 20000,
     .spread = 30 * KA_SECOND,
     .weights = {[KA_DO_REQUEST] = 30, [KA_DO_BULK] = 40, [KA_DO_PROBE] = 36, [KA_DO_CLOSE] = 1}},
    {.name = "mix",
     .packets = 1000000,
     .connections = 10000,
     .midstream = 300000,
     .spread = 60 * KA_SECOND,
     .trouble = {.copied = 10000, .lost = 3000},
     .weights = {[KA_DO_REQUEST] = 12,
                 [KA_DO_BULK] = 2,
                 [KA_DO_KEYSTROKE] = 6,
                 [KA_DO_HEARTBEAT] = 3,
                 [KA_DO_PROBE] = 54,
                 [KA_DO_PROBE_RETRIED] = 5,
                 [KA_DO_CROSSING] = 3,
                 [KA_DO_DEATH] = 1,
                 [KA_DO_RESET] = 1,
                 [KA_DO_UNREACHABLE] = 2,
                 [KA_DO_CLOSE] = 3,
                 [KA_DO_WINDOW] = 3,
                 [KA_DO_RESEND_UNACKED] = 4,
                 [KA_DO_RESEND_SPURIOUS] = 4,
                 [KA_DO_STALE_ACK] = 4,
                 [KA_DO_IN_FLIGHT] = 3,
                 [KA_DO_FOREIGN] = 1,
                 [KA_DO_NO_ACK_FLAG] = 1}},
    {.name = "idle",
     .packets = 4000000,
     .connections = 500000,
     .midstream = 500000,
     .spread = 60 * KA_SECOND,
     .weights = {[KA_DO_HEARTBEAT] = 4, [KA_DO_PROBE] = 96}},
};

const struct ka_load *ka_load_find(const char *name)
{
    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
        if (strcmp(loads[i].name, name) == 0)
            return &loads[i];
    }
    return NULL;
}

enum ka_doing ka_load_choose(const struct ka_load *load, struct ka_random *random)
{
    uint32_t total = 0;
    for (unsigned i = 0; i < KA_DO_COUNT; i++)
        total += load->weights[i];
    uint32_t at = ka_random_below(random, total);
    unsigned doing = 0;
    while (at >= load->weights[doing])
        at -= load->weights[doing++];
    return (enum ka_doing)doing;
}

ka_time ka_load_when(const struct ka_flow *flow, enum ka_doing doing, ka_time now,
                     struct ka_random *random)
{
    const struct ka_schedule *schedule = &ka_schedules[flow->schedule];
    ka_time heard = flow->heard[flow->prober];
    ka_time soon =
        now + ka_random_time(random, 50 * KA_MILLISECOND,
                             schedule->idle < 20 * KA_SECOND ? schedule->idle / 2 : 20 * KA_SECOND);
    if (doing == KA_DO_CROSSING && flow->heard[!flow->prober] > heard)
        heard = flow->heard[!flow->prober]; /* neither probes before its time */
    switch (doing) {
    case KA_DO_PROBE:
    case KA_DO_PROBE_RETRIED:
    case KA_DO_CROSSING:
    case KA_DO_DEATH:
    case KA_DO_RESET:
    case KA_DO_UNREACHABLE:
        if (heard == 0) /* the capture begins somewhere in the idle time */
            return now + ka_random_time(random, 0, schedule->idle);
        return heard + schedule->idle > now ? heard + schedule->idle : soon;
    case KA_DO_REQUEST:
    case KA_DO_BULK:
    case KA_DO_KEYSTROKE:
    case KA_DO_HEARTBEAT:
    case KA_DO_CLOSE:
    case KA_DO_WINDOW:
    case KA_DO_RESEND_UNACKED:
    case KA_DO_RESEND_SPURIOUS:
    case KA_DO_STALE_ACK:
    case KA_DO_IN_FLIGHT:
    case KA_DO_FOREIGN:
    case KA_DO_NO_ACK_FLAG:
    case KA_DO_COUNT:
        break;
    }
    return soon;
}
