/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From trials to a bracket: each trial is a connection that was idle for a known time and either
 * lived, died, or could not be judged; the expiry lies between the longest silence that was
 * survived and the shortest that was not. Pure arithmetic, for the active audit and for idle gaps
 * found in captures alike.
 */
#ifndef KA_AUDIT_BRACKET_H
#define KA_AUDIT_BRACKET_H

#include "base/time.h"
#include "events/event.h"

#include <stddef.h>
#include <stdint.h>

enum ka_trial_result {
    KA_TRIAL_SURVIVED, /* the other side answered after the silence */
    KA_TRIAL_DIED,
    KA_TRIAL_CENSORED, /* ended for another reason while idle: says only that nothing was seen */
};

struct ka_trial {
    ka_time idle;   /* since the last packet on the wire, acknowledgements included; not negative */
    uint8_t result; /* enum ka_trial_result */
    uint8_t after;  /* enum ka_after_expiry: what the next packet met; for the dead only */
    uint8_t origin; /* enum ka_origin: who sent the reset it died of */
    uint8_t reset_ttl; /* of that reset; 0 unknown */
    uint8_t usual_ttl; /* of the far end's own packets; 0 unknown */
};

/* What the trials of one kind on one path say together. */
struct ka_bracket {
    ka_time survived;   /* the longest silence survived below `died`; KA_TIME_NONE none */
    ka_time died;       /* the shortest that was not; KA_TIME_NONE none */
    ka_time longest;    /* the longest silence survived at all; KA_TIME_NONE none */
    uint32_t survivors; /* trials by result */
    uint32_t deaths;
    uint32_t censored;
    uint32_t contradictions; /* trials on the wrong side: survivors above `died`, deaths below
                                `survived`. More than a stray one means several paths or causes */
    uint8_t after;           /* enum ka_after_expiry: the commonest among deaths at or above `died`;
                                of equally common ones the one seen at the shortest silence */
    uint8_t origin;    /* enum ka_origin: who sent these resets; unknown where they do not agree */
    uint8_t reset_ttl; /* of the one at the shortest silence of known origin; 0 none */
    uint8_t usual_ttl;
};

/* Judges `count` trials in any order, which it sorts by silence. The boundary is put where the
 * fewest trials contradict it, and of equal ones at the shortest silence, so that a death by chance
 * does not shift it. Without trials nothing is known. */
void ka_bracket_judge(struct ka_trial *trials, size_t count, struct ka_bracket *out);

enum { KA_CAUSES_MAX = 5 };

/* Tells causes apart: one bracket for each way to die that occurs among the trials, its deaths of
 * that way only, all survivors beside them; ordered by `died`. Sorts like ka_bracket_judge. Writes
 * at most KA_CAUSES_MAX brackets into out and returns how many; 0 when nothing died. */
size_t ka_bracket_causes(struct ka_trial *trials, size_t count, struct ka_bracket *out);

/* The distance between the two ends: how exact the bracket is. KA_TIME_NONE where an end is open.
 */
ka_time ka_bracket_width(const struct ka_bracket *bracket);

/* "silent", "recovered", ... for reports; "unknown" for KA_AFTER_UNKNOWN. */
const char *ka_after_text(uint8_t after);

#endif
