/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyzers/odd_stamp.h"

void ka_odd_stamp_before(struct ka_odd_stamp *odd, const struct ka_conn *conn)
{
    odd->flow_id = conn != NULL ? conn->flow_id : 0;
    odd->longest_idle_ms = conn != NULL ? conn->longest_idle_ms : 0;
}

void ka_odd_stamp_after(struct ka_odd_stamp *odd, struct ka_conn *conn, unsigned side, ka_time time)
{
    odd->conn = conn;
    odd->time = time;
    odd->side = side & 1;
    if (conn != NULL && conn->flow_id != odd->flow_id)
        odd->longest_idle_ms = 0; /* it began with this segment */
}

static ka_time replaced(ka_time time, ka_time odd, ka_time clock)
{
    return time == odd ? clock : time;
}

void ka_odd_stamp_disbelieve(struct ka_analysis *analysis, struct ka_odd_stamp *odd)
{
    struct ka_conn *conn = odd->conn;
    ka_time clock = analysis->clock;
    if (conn == NULL)
        return;
    odd->conn = NULL;
    conn->longest_idle_ms = odd->longest_idle_ms;
    conn->start = replaced(conn->start, odd->time, clock);
    struct ka_side *sender = &conn->side[odd->side];
    if (sender->last_sent == odd->time && ka_side_data_age(sender, odd->time) == 0)
        ka_side_stamp_data(sender, clock);
    sender->flags &= (uint16_t)~KA_SIDE_TIMED; /* too rough to time a round trip */
    sender->last_sent = replaced(sender->last_sent, odd->time, clock);
    /* Who asks whether a side spoke since its last probe compares the two. */
    struct ka_prober *prober = ka_prober_of(analysis, conn, odd->side);
    struct ka_extra *extra = ka_extra_of(analysis, conn);
    if (prober != NULL && prober->last_probe == odd->time) {
        prober->last_probe = clock;
        ka_deadline_set(analysis, prober, KA_TIME_NONE); /* nobody knows how long it waits */
    }
    if (extra != NULL)
        extra->last_window_probe = replaced(extra->last_window_probe, odd->time, clock);
}
