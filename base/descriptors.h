/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Descriptors: the standard ones, and writing to any. Where one of the standard ones is closed at
 * the start, the next thing opened gets its number: a packet socket at 1 would send every line that
 * is printed out onto the network.
 */
#ifndef KA_BASE_DESCRIPTORS_H
#define KA_BASE_DESCRIPTORS_H

#include <stddef.h>

/* Occupies those of descriptors 0, 1 and 2 that are closed, so that reading and writing them goes
 * on failing (EBADF). To be called before anything is opened. Returns 0, or -1 with errno. */
int ka_descriptors_occupy(void);

/* Writes all `size` bytes to a descriptor that blocks, whatever signals come. Returns 0, or -1 with
 * errno and a part of them written. */
int ka_write_all(int fd, const void *bytes, size_t size);

#endif
