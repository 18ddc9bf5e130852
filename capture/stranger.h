/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Says what a file is that is no capture we read, by its first bytes.
 */
#ifndef KA_CAPTURE_STRANGER_H
#define KA_CAPTURE_STRANGER_H

#include <stddef.h>
#include <stdint.h>

enum { KA_STRANGER_SIZE = 128 };

/* Writes what the content that begins with bytes[0..length-1] (a few hundred are enough) looks
 * like, and what to do about it, into out[KA_STRANGER_SIZE]: "text", "a snoop capture: ...".
 * Foreign bytes are written as hex only. */
void ka_stranger_describe(const uint8_t *bytes, size_t length, char *out);

#endif
