/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Writes a text to a stream in a thread of its own, while the next one is made: the kernel's copy
 * of much output takes as long as half of its making. Not for other rooms.
 */
#ifndef KA_OUTPUT_ASIDE_H
#define KA_OUTPUT_ASIDE_H

#include "base/text.h"

#include <stdio.h>

struct ka_aside;

/* Starts the thread, all signals but SIGPIPE blocked in it. NULL where it is of no use: `stream` is
 * no regular file (a pipe may be stuck, and a signal has to end that), there is no other processor,
 * or no memory or thread is to be had. Write directly then. `stream` stays the caller's, who must
 * not use it before ka_aside_wait. */
struct ka_aside *ka_aside_start(FILE *stream);

/* Takes the growing text's first `count` bytes, waiting until the text before is written, and
 * leaves in *text what follows them. Without memory for that nothing is taken and the text is
 * marked as overflowed. Returns 0, or the errno of a write that failed before; then nothing is
 * written any more. */
int ka_aside_put(struct ka_aside *aside, struct ka_text *text, size_t count);

/* Waits until all is handed to the stream. Returns as ka_aside_put. */
int ka_aside_wait(struct ka_aside *aside);

/* Waits, ends and joins the thread, and frees; takes NULL. */
void ka_aside_stop(struct ka_aside *aside);

#endif
