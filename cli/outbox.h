/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is written while listening, lines to standard output or a recording into a pipe: a bounded
 * queue with a thread of its own behind it, so that a reader who is slow, or a terminal that is
 * held, never stops the capture. When the queue is full, whole lines or records are dropped and
 * counted.
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

/* Queues a record, whole or not at all; for an outbox whose stream is not used. `size` 0 only asks
 * how it stands. Returns 1, 0 when the record was dropped for want of room, or -1 with the reason
 * when an earlier piece could not be written. */
int ka_outbox_put(struct ka_outbox *outbox, const void *record, size_t size,
                  struct ka_error *error);

/* From now on lines may use the room that was kept for them: the summary should arrive even where
 * the queue has long been full. */
void ka_outbox_take_last(struct ka_outbox *outbox);

/* Shows `line` (no newline) as the last line of a terminal, in place of the one shown before; what
 * is written next takes its place. An empty line only removes it. */
void ka_outbox_show(struct ka_outbox *outbox, const char *line);

/* Lines or records dropped so far. */
uint64_t ka_outbox_lost(struct ka_outbox *outbox);

/* What never arrived. */
struct ka_outbox_loss {
    uint64_t dropped; /* lines or records */
    uint64_t lines;   /* that still waited at the end, the one that was cut included */
    uint64_t bytes;   /* likewise */
};

/* Waits until all is written, at most `patience`; then ends the thread and frees; takes NULL.
 * Returns 0 with *loss, or -1 with the reason when writing failed. */
int ka_outbox_close(struct ka_outbox *outbox, ka_time patience, struct ka_outbox_loss *loss,
                    struct ka_error *error);

#endif
