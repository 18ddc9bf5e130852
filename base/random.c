/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/random.h"

#include <sys/random.h>

int ka_random_fill(void *out, size_t size, struct ka_error *error)
{
    /* Up to 256 bytes come whole, and no signal interrupts it (getrandom(2)). */
    if (getrandom(out, size, 0) != (ssize_t)size)
        return ka_error_set(error, "cannot get random bytes from the kernel: %m");
    return 0;
}
