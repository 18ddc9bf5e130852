/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reads bytes as a capture file to their end, for the fuzz targets of the formats.
 */
#ifndef KA_TESTS_FUZZ_READ_CAPTURE_H
#define KA_TESTS_FUZZ_READ_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

/* Checks what every source promises; `filter` may be NULL. */
void ka_fuzz_read_capture(const uint8_t *data, size_t size, const char *filter);

#endif
