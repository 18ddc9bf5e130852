/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a candidate for a keepalive probe is, by the rules of recognition.
 */
#ifndef KA_ANALYZERS_JUDGE_H
#define KA_ANALYZERS_JUDGE_H

#include "analyzers/analysis.h"

/* What comes late comes at most this long after what passed it. */
#define KA_REORDER (5 * KA_MILLISECOND)

enum ka_judgement {
    KA_IS_COPY,
    KA_IS_WINDOW_PROBE,
    KA_IS_RETRANSMISSION,
    KA_IS_REORDERED,
    KA_IS_PROBE,
};

/* True when the segment may be a keepalive probe: ACK, no SYN, FIN or RST, no byte or one, at
 * NXT - 1 or UNA - 1; or at NXT while the peer's window is closed. */
bool ka_is_candidate(const struct ka_segment *segment);

/* What the candidate is; the first rule that holds decides. */
enum ka_judgement ka_judge(const struct ka_analysis *analysis, const struct ka_segment *segment);

/* True when the segment's byte cannot be data: the byte at that number is known to be another, or
 * the number is that of a SYN or FIN. */
bool ka_is_garbage(const struct ka_segment *segment);

/* True when a segment without a byte came late: newer data of its sender passed it. */
bool ka_is_reordered(const struct ka_segment *segment);

/* When the sender last heard what restarts its keepalive timer: anything but the peer's own probes
 * without a byte (measured on Linux). KA_TIME_NONE unknown. */
ka_time ka_last_heard(const struct ka_analysis *analysis, const struct ka_segment *segment);

#endif
