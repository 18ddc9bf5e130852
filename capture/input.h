/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The bytes of an input as they are stored: a file, a pipe, or memory. Files are read, not mapped:
 * with large reads that is as fast when the file is cached, and a file cut short while we read it
 * is an end instead of a SIGBUS.
 */
#ifndef KA_CAPTURE_INPUT_H
#define KA_CAPTURE_INPUT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a read brought; the layers above (unpack, ahead, window) speak the same. */
enum ka_bytes {
    KA_BYTES_SOME,    /* at least one byte */
    KA_BYTES_NONE,    /* nothing for about KA_BYTES_PATIENCE_MS, or a signal came */
    KA_BYTES_END,     /* no more, all was well */
    KA_BYTES_DAMAGED, /* the content is broken from here on */
    KA_BYTES_FAILED,  /* the environment failed */
};

enum { KA_BYTES_PATIENCE_MS = 100 };

struct ka_input {
    const char *name; /* for messages; the opener's, must outlive the input */
    int fd;           /* -1 for memory */
    bool owned;       /* close fd at the end */
    bool waits;       /* not a regular file: bytes may come later */
    uint64_t size;    /* of a regular file, when it was opened; else 0 */
    const uint8_t *memory;
    size_t memory_left;
};

/* Opens `path` ("-": standard input) without looking at its content. A named pipe does not wait for
 * its writer here. Returns 0, or -1 with the reason. */
int ka_input_open(struct ka_input *input, const char *path, struct ka_error *error);

/* An input over bytes, which stay the caller's and must outlive it. */
void ka_input_over(struct ka_input *input, const char *name, const void *bytes, size_t length);

/* Reads up to `size` bytes (at least 1) into `out`; *got is set with KA_BYTES_SOME. Never waits for
 * more than is there. */
enum ka_bytes ka_input_read(struct ka_input *input, uint8_t *out, size_t size, size_t *got,
                            struct ka_error *error);

void ka_input_close(struct ka_input *input);

#endif
