/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Writes frames with comments as a pcapng file (draft-ietf-opsawg-pcapng), to be opened in
 * Wireshark: one little-endian section, an interface per input and link type as they are met, times
 * in nanoseconds.
 */
#ifndef KA_CAPTURE_PCAPNG_WRITE_H
#define KA_CAPTURE_PCAPNG_WRITE_H

#include "base/error.h"
#include "base/frame.h"
#include "capture/pcapng_output.h"

#include <stdbool.h>
#include <stdint.h>

struct ka_pcapng_writer;

/* Creates or empties `path`, without following a link in its last part; "-" is standard output.
 * `application` (with version) stands in the section header. Returns 0, or -1 with the reason, and
 * with errno as the system said it. */
int ka_pcapng_writer_open(const char *path, const char *application, struct ka_pcapng_writer **out,
                          struct ka_error *error);

/* The same, but what `path` holds stays: a further section is appended. */
int ka_pcapng_writer_append(const char *path, const char *application,
                            struct ka_pcapng_writer **out, struct ka_error *error);

/* Appends a frame. `interface_name` names frame->input and is read only when its interface is new;
 * `comment` is UTF-8. Both may be NULL; beyond 65535 bytes they are cut. An unknown time is written
 * as 0. Returns 0, or -1 when an earlier or this write failed (ENOSPC, EIO, EPIPE, ...) or memory
 * is out; the file is then cut somewhere. */
int ka_pcapng_writer_add(struct ka_pcapng_writer *writer, const struct ka_frame *frame,
                         const char *interface_name, const char *comment, struct ka_error *error);

/* Hands what is buffered to the system, so that a reader of the growing file sees whole packets.
 * Returns 0, or -1 with the reason. */
int ka_pcapng_writer_flush(struct ka_pcapng_writer *writer, struct ka_error *error);

/* Has blocks go to `queue`, which is copied, or with NULL to the descriptor again. A packet whose
 * block is dropped is missing in the file, which the next one's epb_dropcount says; the file stays
 * whole. Returns 0, or -1 with the reason. */
int ka_pcapng_writer_divert(struct ka_pcapng_writer *writer, const struct ka_pcapng_queue *queue,
                            struct ka_error *error);

/* The descriptor, which stays the writer's. */
int ka_pcapng_writer_descriptor(const struct ka_pcapng_writer *writer);

/* Packets whose blocks the queue dropped. */
uint64_t ka_pcapng_writer_dropped(const struct ka_pcapng_writer *writer);

/* Bytes written so far, those still buffered included: for rotation by size. */
uint64_t ka_pcapng_writer_size(const struct ka_pcapng_writer *writer);

/* Flushes, closes and frees; takes NULL. Returns 0, or -1 when anything was not written. */
int ka_pcapng_writer_close(struct ka_pcapng_writer *writer, struct ka_error *error);

#endif
