/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An input with its compression taken off: plain bytes, gzip (RFC 1952, concatenated members) or
 * zstd (RFC 8878, concatenated frames), told apart by the first four bytes. Streams in constant
 * memory: zstd frames that ask for a window beyond 128 MiB are refused.
 */
#ifndef KA_CAPTURE_UNPACK_H
#define KA_CAPTURE_UNPACK_H

#include "capture/input.h"

struct ka_unpack;

/* Takes ownership of *input on success. Reads nothing yet. NULL when memory is out. */
struct ka_unpack *ka_unpack_create(const struct ka_input *input);

/* Reads up to `size` bytes as ka_input_read does. What was readable before damage is handed over
 * first; an end, damage or failure stays. Not for two threads at a time. */
enum ka_bytes ka_unpack_read(struct ka_unpack *unpack, uint8_t *out, size_t size, size_t *got,
                             struct ka_error *error);

/* "gzip" or "zstd", or NULL for plain or not known yet. A static string. */
const char *ka_unpack_compression(const struct ka_unpack *unpack);

/* The input below, which stays the unpacker's. */
const struct ka_input *ka_unpack_input(const struct ka_unpack *unpack);

/* Closes the input; takes NULL. */
void ka_unpack_free(struct ka_unpack *unpack);

#endif
