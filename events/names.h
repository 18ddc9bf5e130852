/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The names of enum values as they leave the program, as tables for the declaration of fields.
 * Where a value has no name it is unknown.
 */
#ifndef KA_EVENTS_NAMES_H
#define KA_EVENTS_NAMES_H

#include "events/event.h"

enum {
    KA_NAMES_CONFIDENCE = 2,
    KA_NAMES_ANSWER = 4,
    KA_NAMES_ORIGIN = 3,
    KA_NAMES_APP_ERROR = 4,
    KA_NAMES_ENDED = 6,
    KA_NAMES_EVIDENCE = 2,
    KA_NAMES_ARM = 4,
    KA_NAMES_SIDE = 2,
    KA_NAMES_AFTER = 6,
    KA_NAMES_TUNNEL = 7,
    KA_NAMES_SEVERITY = 3,
    KA_NAMES_PERSISTENCE = 3,
    KA_NAMES_CLOSER = 3,
};

extern const char *const ka_names_confidence[KA_NAMES_CONFIDENCE];
extern const char *const ka_names_answer[KA_NAMES_ANSWER];
extern const char *const ka_names_origin[KA_NAMES_ORIGIN];
extern const char *const ka_names_lookalike[KA_LOOKALIKE_COUNT];
extern const char *const ka_names_peer_state[KA_PEER_STATE_COUNT];
extern const char *const ka_names_app_error[KA_NAMES_APP_ERROR];
extern const char *const ka_names_ended[KA_NAMES_ENDED];
extern const char *const ka_names_evidence[KA_NAMES_EVIDENCE];
extern const char *const ka_names_verdict[KA_VERDICT_COUNT];
extern const char *const ka_names_arm[KA_NAMES_ARM];
extern const char *const ka_names_side[KA_NAMES_SIDE];
extern const char *const ka_names_after[KA_NAMES_AFTER];
extern const char *const ka_names_severity[KA_NAMES_SEVERITY];
extern const char *const ka_names_persistence[KA_NAMES_PERSISTENCE];
extern const char *const ka_names_closer[KA_NAMES_CLOSER];
extern const char *const ka_names_tunnel[KA_NAMES_TUNNEL];
extern const char *const ka_names_undecoded[KA_UNDECODED_SLOTS];

#endif
