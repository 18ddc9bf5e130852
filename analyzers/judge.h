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

/* True when the sender sent data after its last window probe: what closed the window then is over.
 */
bool ka_is_new_series(const struct ka_extra *extra, const struct ka_segment *segment);

/* What a probe's frame alone tells of the stack that sent it: KA_PROBER_ZERO or _ONE, _NOT_NULL,
 * _PSH, _STAMPS. */
unsigned ka_probe_form(const struct ka_packet *packet);

/* True when the sender's last data is so recent that a byte sent again may be that byte. */
bool ka_is_soon(const struct ka_side *sender, ka_time time);

/* True when a segment without a byte came late: newer data of its sender passed it. */
bool ka_is_reordered(const struct ka_segment *segment);

/* When a side last heard what restarts its keepalive timer: anything of the receiver of its segment
 * but that peer's own probes without a byte (measured on Linux). `peer` is the receiver's prober,
 * NULL when it does not probe. KA_TIME_NONE unknown. */
ka_time ka_last_heard(const struct ka_prober *peer, const struct ka_side *receiver);

/* Why an answer is the host's own: told so often that it has one place. */
extern const char ka_why_same_ttl[];

#endif
