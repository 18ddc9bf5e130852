/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Random bytes from the kernel: for hash keys, which nobody may guess, and for identifiers.
 */
#ifndef KA_BASE_RANDOM_H
#define KA_BASE_RANDOM_H

#include "base/error.h"

#include <stddef.h>

/* Fills `size` bytes, 256 at most, at `out`. Returns 0, or -1 with the reason. */
int ka_random_fill(void *out, size_t size, struct ka_error *error);

#endif
