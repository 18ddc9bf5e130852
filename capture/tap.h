/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An interface listened to for the answers to a few questions: small, with a descriptor that can be
 * polled beside others, and frames handed over as soon as they come. Monitoring has a source of its
 * own, made for volume.
 */
#ifndef KA_CAPTURE_TAP_H
#define KA_CAPTURE_TAP_H

#include "base/error.h"
#include "base/frame.h"

#include <stdbool.h>
#include <stdint.h>

struct ka_tap;

/* Opens `interface` ("any": all) for frames in both directions that pass `filter`, an expression in
 * libpcap's language, or are ICMP errors (see ka_filter_widen). Returns 0, or -1 with a message
 * that names the interface, and the capability where that is missing. Privileges can be dropped
 * after. */
int ka_tap_open(const char *interface, const char *filter, struct ka_tap **out,
                struct ka_error *error);

/* Becomes readable when frames are there. */
int ka_tap_fd(const struct ka_tap *tap);

/* Hands over what is there, without waiting: a bounded number of frames a call. A frame is valid
 * during the call of `take`. Returns how many, or -1 with a message (the interface is gone). */
int ka_tap_read(struct ka_tap *tap, void (*take)(void *context, const struct ka_frame *frame),
                void *context, struct ka_error *error);

/* How many frames the kernel dropped for want of room; false where it cannot be known. */
bool ka_tap_dropped(const struct ka_tap *tap, uint64_t *out);

/* NULL is taken. */
void ka_tap_close(struct ka_tap *tap);

#endif
