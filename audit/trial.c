/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/trial.h"

#include <stddef.h>

#define MOVES(from, on, to)                                                                        \
    {                                                                                              \
        KA_TRIAL_##from, KA_INPUT_##on, KA_TRIAL_##to, 0, 0                                        \
    }
#define LIVES(from, on)                                                                            \
    {                                                                                              \
        KA_TRIAL_##from, KA_INPUT_##on, KA_TRIAL_ENDED, KA_TRIAL_SURVIVED, KA_AFTER_UNKNOWN        \
    }
#define DIES(from, on, how)                                                                        \
    {                                                                                              \
        KA_TRIAL_##from, KA_INPUT_##on, KA_TRIAL_ENDED, KA_TRIAL_DIED, KA_AFTER_##how              \
    }

static const struct ka_trial_step table[] = {
    MOVES(CONNECTING, CONNECTED, GREETING),
    MOVES(CONNECTING, PLAIN, IDLE),
    MOVES(GREETING, GREETING, ASKED),
    MOVES(ASKED, OK, IDLE),
    MOVES(ASKED, OK_LISTEN, LISTENING),
    /* While it is silent somebody may end it: a proxy or the server by closing, a box on the path
     * by a reset, and a kernel keepalive into the void by giving up. */
    MOVES(IDLE, TIME, SPOKEN),
    DIES(IDLE, FIN, CLOSED),
    DIES(IDLE, RST, RST),
    DIES(IDLE, ICMP, ICMP),
    DIES(IDLE, VOID, SILENT),
    DIES(LISTENING, FIN, CLOSED),
    DIES(LISTENING, RST, RST),
    DIES(LISTENING, ICMP, ICMP),
    DIES(LISTENING, VOID, SILENT),
    LIVES(LISTENING, SPEECH),
    DIES(LISTENING, REPORT_SILENT, SILENT),
    DIES(LISTENING, REPORT_RST, RST),
    DIES(LISTENING, REPORT_ICMP, ICMP),
    LIVES(SPOKEN, ANSWER),
    DIES(SPOKEN, FIN, CLOSED),
    DIES(SPOKEN, RST, RST),
    DIES(SPOKEN, ICMP, ICMP),
    DIES(SPOKEN, VOID, SILENT),
    /* Acknowledged, yet never answered: someone on the path took the words and kept them. */
    DIES(SPOKEN, LATE, SILENT),
};

struct ka_trial_step ka_trial_step(uint8_t state, uint8_t input)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].state == state && table[i].input == input)
            return table[i];
    return (struct ka_trial_step){state, input, KA_TRIAL_ENDED, KA_TRIAL_CENSORED,
                                  KA_AFTER_UNKNOWN};
}
