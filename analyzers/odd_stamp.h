/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a segment leaves behind whose stamp leaps by more than a day. The engine believes such a
 * stamp when the next packet agrees. Until then it stands in the connection, and if nobody agrees
 * it has to go: a single broken stamp would else be the connection's end, or its longest silence.
 */
#ifndef KA_ANALYZERS_ODD_STAMP_H
#define KA_ANALYZERS_ODD_STAMP_H

#include "analyzers/analysis.h"

struct ka_odd_stamp {
    struct ka_conn *conn; /* that took it; NULL none */
    ka_time time;
    uint32_t flow_id;
    uint32_t longest_idle_ms; /* the connection's before it */
    uint8_t side;             /* its sender */
};

/* Call before and after a segment with such a stamp is taken, with the connection it belongs to,
 * NULL when there is none. */
void ka_odd_stamp_before(struct ka_odd_stamp *odd, const struct ka_conn *conn);
void ka_odd_stamp_after(struct ka_odd_stamp *odd, struct ka_conn *conn, unsigned side,
                        ka_time time);

/* Nobody agreed: as if the segment had come when the clock stood last, between its neighbours. Call
 * it, or set odd->conn to NULL, before another segment is taken or a connection ends. */
void ka_odd_stamp_disbelieve(struct ka_analysis *analysis, struct ka_odd_stamp *odd);

#endif
