/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where the blocks of a pcapng file go: through a buffer to a descriptor, or each as a whole to a
 * queue. Once a write has failed nothing more is written, and each call says why.
 */
#ifndef KA_CAPTURE_PCAPNG_OUTPUT_H
#define KA_CAPTURE_PCAPNG_OUTPUT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where whole blocks go instead of the descriptor. `take` queues a block, whole or not at all, and
 * with `size` 0 only tells how it stands: 1 queued, 0 dropped, -1 with the reason. */
struct ka_pcapng_queue {
    int (*take)(void *context, const void *block, size_t size, struct ka_error *error);
    void *context;
};

struct ka_pcapng_output;

/* Creates `path`, or empties it unless `append`; as ka_pcapng_writer_open. */
int ka_pcapng_output_open(const char *path, bool append, struct ka_pcapng_output **out,
                          struct ka_error *error);

/* Appends bytes of a block. Returns 0, or -1 with the reason. */
int ka_pcapng_output_put(struct ka_pcapng_output *output, const void *bytes, size_t count,
                         struct ka_error *error);

/* The block that was put is complete. Returns 1, 0 when the queue dropped it, or -1 with the
 * reason. */
int ka_pcapng_output_end_block(struct ka_pcapng_output *output, struct ka_error *error);

/* Hands on what is buffered. Returns 0, or -1 with the reason. */
int ka_pcapng_output_flush(struct ka_pcapng_output *output, struct ka_error *error);

/* As ka_pcapng_writer_divert. */
int ka_pcapng_output_divert(struct ka_pcapng_output *output, const struct ka_pcapng_queue *queue,
                            struct ka_error *error);

/* From now on it has failed, for this reason. Returns -1 with it. */
int ka_pcapng_output_fail(struct ka_pcapng_output *output, struct ka_error *error, const char *why);

/* Returns 0, or -1 with the reason when something failed before. */
int ka_pcapng_output_check(const struct ka_pcapng_output *output, struct ka_error *error);

/* The descriptor, which stays the output's. */
int ka_pcapng_output_descriptor(const struct ka_pcapng_output *output);

/* Bytes put so far, without the blocks that were dropped. */
uint64_t ka_pcapng_output_size(const struct ka_pcapng_output *output);

/* Flushes, closes and frees. Returns 0, or -1 when anything was not written. */
int ka_pcapng_output_close(struct ka_pcapng_output *output, struct ka_error *error);

#endif
