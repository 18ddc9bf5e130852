/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What an event says about its frame, as the comment of a frame in a pcapng file.
 */
#ifndef KA_OUTPUT_COMMENT_H
#define KA_OUTPUT_COMMENT_H

#include "base/text.h"
#include "events/event.h"

/* Appends one phrase ("probe: 0 bytes, idle 60.0 s"), after "; " where the text has one already.
 * False, nothing appended, for events that say nothing about a frame. Clock times are UTC. */
bool ka_comment_put(struct ka_text *comment, const struct ka_event *event);

/* Appends "ICMP: " and what the error (of IP version `family`) means, or its numbers. */
void ka_comment_put_icmp(struct ka_text *comment, uint8_t family, uint8_t type, uint8_t code);

#endif
