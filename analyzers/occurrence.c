/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyzers/analysis.h"

struct ka_occurrence ka_occurrence_of(const struct ka_segment *segment,
                                      enum ka_occurrence_kind kind, unsigned side)
{
    const struct ka_packet *packet = segment->packet;
    return (struct ka_occurrence){
        .kind = kind,
        .side = (uint8_t)side,
        .input = packet->frame->input,
        .conn = segment->conn,
        .packet = packet,
        .time = segment->time,
        .frame = packet->frame->number,
        .ip_length = packet->ip_length,
        .idle = KA_TIME_NONE,
        .interval = KA_TIME_NONE,
        .rtt = KA_TIME_NONE,
    };
}
