/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/processors.h"

#include <sched.h>

unsigned ka_processors(void)
{
    cpu_set_t ours;
    return sched_getaffinity(0, sizeof(ours), &ours) == 0 ? (unsigned)CPU_COUNT(&ours) : 1;
}
