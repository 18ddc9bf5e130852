/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Signals, as questions the main loop asks.
 */
#ifndef KA_CLI_SIGNALS_H
#define KA_CLI_SIGNALS_H

#include "base/error.h"

#include <stdbool.h>

enum ka_signal {
    KA_SIGNAL_NONE,
    KA_SIGNAL_SUMMARY, /* SIGUSR1: print the summary and go on */
    KA_SIGNAL_REOPEN,  /* SIGHUP: open output files anew */
    KA_SIGNAL_STOP,    /* SIGINT, SIGTERM: end with the summary */
};

/* Installs the handlers; blocking calls are interrupted by them. SIGHUP stays ignored where the
 * parent ignored it (nohup). SIGPIPE gets its default action back, which ends the process quietly,
 * even where the parent had it ignored. Returns 0, or -1 with the reason. */
int ka_signals_install(struct ka_error *error);

/* What was signalled since the last call, a stop first, the others one a call. A stop stays. */
enum ka_signal ka_signals_take(void);

/* True when a stop was signalled; what else was is dropped. `context` is not used: a callback. */
bool ka_signals_stop(void *context);

#endif
