/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Standard output while listening: a bounded queue with a thread of its own behind it, so that a
 * reader who is slow, or a terminal that is held, never stops the capture. When the queue is full,
 * whole lines are dropped and counted.
 */
#ifndef KA_CLI_OUTBOX_H
#define KA_CLI_OUTBOX_H

#include "base/error.h"
#include "base/time.h"

#include <stdint.h>
#include <stdio.h>

enum { KA_OUTBOX_ROOM = 1024 * 1024 };

struct ka_outbox;

/* Starts the thread, which writes to `fd`; all signals but SIGPIPE are blocked in it. Returns 0, or
 * -1 with the reason. */
int ka_outbox_open(int fd, struct ka_outbox **out, struct ka_error *error);

/* The stream that leads into the queue, the outbox's own. What is written at once, whole lines,
 * is queued or dropped at once. Writing fails, errno set, when an earlier piece could not be
 * written to the descriptor. */
FILE *ka_outbox_stream(const struct ka_outbox *outbox);

/* Shows `line` (no newline) as the last line of a terminal, in place of the one shown before; what
 * is written next takes its place. An empty line only removes it. */
void ka_outbox_show(struct ka_outbox *outbox, const char *line);

/* Lines dropped so far. */
uint64_t ka_outbox_lost(struct ka_outbox *outbox);

/* Waits until all is written, at most `patience`; then ends the thread and frees; takes NULL.
 * *lost is set to the lines dropped, those still waiting included. Returns 0, or -1 with the
 * reason when writing failed. */
int ka_outbox_close(struct ka_outbox *outbox, ka_time patience, uint64_t *lost,
                    struct ka_error *error);

#endif
