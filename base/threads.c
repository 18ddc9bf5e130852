/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/threads.h"

#include <sched.h>
#include <signal.h>

unsigned ka_processors(void)
{
    cpu_set_t ours;
    return sched_getaffinity(0, sizeof(ours), &ours) == 0 ? (unsigned)CPU_COUNT(&ours) : 1;
}

bool ka_thread_start(pthread_t *thread, void *(*work)(void *context), void *context)
{
    sigset_t blocked;
    sigset_t before;
    sigfillset(&blocked);
    sigdelset(&blocked, SIGPIPE);
    /* The new thread inherits the mask. */
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int result = pthread_create(thread, NULL, work, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result == 0;
}
