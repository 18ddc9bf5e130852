/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For tests: writes capture files as a stream, in constant memory. Apart from the product's own
 * writer on purpose, and much poorer.
 */
#ifndef KA_TESTS_GEN_RECORDING_H
#define KA_TESTS_GEN_RECORDING_H

#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* pcap with microseconds or nanoseconds, or pcapng with nanoseconds. */
enum ka_recording_form { KA_RECORDING_MICRO, KA_RECORDING_NANO, KA_RECORDING_PCAPNG };

struct ka_recording {
    FILE *stream;
    enum ka_recording_form form;
    uint32_t snap;
    uint64_t frames; /* written so far */
};

/* Creates `path` ("-": standard output) and writes the file's head. `snap` 0 stands for
 * 262144. Returns false, with errno set, when the file cannot be made. */
bool ka_recording_open(struct ka_recording *recording, const char *path,
                       enum ka_recording_form form, uint16_t link_type, uint32_t snap);

/* Appends a frame of `length` bytes, cut to the snap length. Write errors show on closing. */
void ka_recording_frame(struct ka_recording *recording, ka_time time, const uint8_t *bytes,
                        size_t length);

/* Returns false, with errno set, when anything could not be written. */
bool ka_recording_close(struct ka_recording *recording);

#endif
