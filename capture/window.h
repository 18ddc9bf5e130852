/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A window that moves over the (decompressed) bytes of an input. The readers of capture formats
 * look at what is in it, take what they understood, and ask for more.
 */
#ifndef KA_CAPTURE_WINDOW_H
#define KA_CAPTURE_WINDOW_H

#include "capture/ahead.h"
#include "capture/unpack.h"

/* The largest record or block that is read; a longer one is damage. */
enum { KA_BLOCK_MAX = 16 * 1024 * 1024 };

/* A plain file of this size with records so long, on the average of those seen, is read ahead by a
 * thread. */
enum { KA_LONG_FILE = 64 * 1024 * 1024, KA_LONG_RECORD = 256 };

struct ka_window {
    const uint8_t *at; /* `have` bytes may be read here, until the next fill */
    size_t have;
    uint64_t offset;  /* of `at` in the content, for messages */
    size_t need;      /* how many bytes the reader wants before it can go on */
    uint64_t records; /* that the reader took */

    /* private */
    uint8_t *buffer; /* where `at` points, unless to a piece of `ahead` */
    size_t size;
    struct ka_unpack *unpack;
    struct ka_ahead *ahead;
    bool begun;
    bool asked; /* for the thread: once */
};

/* Takes ownership of *input on success. Returns 0, or -1 when memory is out. */
int ka_window_init(struct ka_window *window, const struct ka_input *input);

/* Adds at least one byte behind those not taken, and moves them: frames that look into the window
 * are void. window->need says how many bytes are wanted (more than `have`, at most KA_BLOCK_MAX);
 * the window grows to hold them. Returns as ka_input_read; waits at most about
 * KA_BYTES_PATIENCE_MS. */
enum ka_bytes ka_window_fill(struct ka_window *window, struct ka_error *error);

/* Gives the first `count` bytes (at most `have`) up. */
static inline void ka_window_take(struct ka_window *window, size_t count)
{
    window->at += count;
    window->have -= count;
    window->offset += count;
}

/* Closes the input and frees the memory; may be called twice. */
void ka_window_fini(struct ka_window *window);

#endif
