/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The life of one connection of the audit, from the client's side, as a table: state, input, next.
 * What a step has to do on the wire is the engine's business; what it means stands here.
 */
#ifndef KA_AUDIT_TRIAL_H
#define KA_AUDIT_TRIAL_H

#include "audit/bracket.h"

#include <stdint.h>

enum ka_trial_state {
    KA_TRIAL_CONNECTING,
    KA_TRIAL_GREETING,  /* connected; the far end's greeting is awaited */
    KA_TRIAL_ASKED,     /* told the far end what this trial is */
    KA_TRIAL_IDLE,      /* silent; we shall speak first */
    KA_TRIAL_LISTENING, /* silent; the far end will speak first */
    KA_TRIAL_SPOKEN,    /* spoke; the answer is awaited */
    KA_TRIAL_ENDED,     /* judged */
    KA_TRIAL_STATE_COUNT
};

enum ka_trial_input {
    KA_INPUT_CONNECTED,
    KA_INPUT_GREETING,  /* a far end of ours greeted */
    KA_INPUT_PLAIN,     /* connected to a plain server: nothing to agree on */
    KA_INPUT_OK,        /* agreed, we speak first */
    KA_INPUT_OK_LISTEN, /* agreed, the far end speaks first */
    KA_INPUT_TIME,      /* the silence is over */
    KA_INPUT_SPEECH,    /* the far end spoke */
    KA_INPUT_ANSWER,    /* our words were answered (plain servers: acknowledged) */
    KA_INPUT_FIN,
    KA_INPUT_RST,
    KA_INPUT_ICMP,
    KA_INPUT_VOID, /* the kernel gave up: nothing came back */
    KA_INPUT_LATE, /* waited long enough for whatever was awaited */
    KA_INPUT_NONSENSE,
    KA_INPUT_REPORT_SILENT, /* the far end, which spoke first, met ... */
    KA_INPUT_REPORT_RST,
    KA_INPUT_REPORT_ICMP,
    KA_INPUT_COUNT
};

struct ka_trial_step {
    uint8_t state;  /* enum ka_trial_state */
    uint8_t input;  /* enum ka_trial_input */
    uint8_t next;   /* enum ka_trial_state */
    uint8_t result; /* enum ka_trial_result, where next is ENDED */
    uint8_t after;  /* enum ka_after_expiry, where it died */
};

/* The step for an input in a state. There is one for every pair: what is not in the table ends the
 * trial as censored, for it says nothing about the path. */
struct ka_trial_step ka_trial_step(uint8_t state, uint8_t input);

#endif
