/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Threads that work beside the first one, and whether there is a processor for them.
 */
#ifndef KA_BASE_THREADS_H
#define KA_BASE_THREADS_H

#include <pthread.h>
#include <stdbool.h>

/* Processors this process may run on; 1 when that cannot be found out. */
unsigned ka_processors(void);

/* Starts a thread that calls work(context), for the caller to join. Signals stay with the other
 * threads; only SIGPIPE, which a write of its own raises, is not blocked in it. False when the
 * system has no thread to give. */
bool ka_thread_start(pthread_t *thread, void *(*work)(void *context), void *context);

#endif
