/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reads and decompresses ahead of its reader, in a thread of its own, so that the analysis of a
 * compressed capture takes hardly longer than its decompression, and that of a long plain one does
 * not wait for the kernel's copy. Four pieces of 256 KiB are the bound; when they are full the
 * thread waits.
 */
#ifndef KA_CAPTURE_AHEAD_H
#define KA_CAPTURE_AHEAD_H

#include "capture/unpack.h"

struct ka_ahead;

/* Starts the thread; all signals but SIGPIPE are blocked in it. `unpack` stays the caller's, who
 * must not touch it before ka_ahead_stop. NULL when there is no memory or no thread to be had: read
 * directly then.
 */
struct ka_ahead *ka_ahead_start(struct ka_unpack *unpack);

/* Bytes in front of a piece in which the beginning of a record may be put. */
enum { KA_AHEAD_FRONT = 64 * 1024 };

/* The next piece as it lies there. *at points to *have bytes (at most KA_AHEAD_FRONT) that are not
 * taken yet; they are copied in front of the piece, and both changed to what is there now: valid
 * until the next call. Unchanged where no piece came. */
enum ka_bytes ka_ahead_next(struct ka_ahead *ahead, const uint8_t **at, size_t *have,
                            struct ka_error *error);

/* As ka_unpack_read, from what the thread has done. What ka_ahead_next gave is void. */
enum ka_bytes ka_ahead_read(struct ka_ahead *ahead, uint8_t *out, size_t size, size_t *got,
                            struct ka_error *error);

/* Ends and joins the thread (within about KA_BYTES_PATIENCE_MS) and frees; takes NULL. */
void ka_ahead_stop(struct ka_ahead *ahead);

#endif
