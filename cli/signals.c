/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/signals.h"

#include <signal.h>
#include <stddef.h>

/* The one mutable variable of the program that is not passed along: a handler gets no context. */
static volatile sig_atomic_t signalled = KA_SIGNAL_NONE;

/* All handled signals are blocked while this runs, so that it is never interrupted by itself. */
static void remember(int number)
{
    if (number != SIGUSR1)
        signalled = KA_SIGNAL_STOP;
    else if (signalled == KA_SIGNAL_NONE)
        signalled = KA_SIGNAL_SUMMARY;
}

static void handled_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGUSR1);
}

int ka_signals_install(struct ka_error *error)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGUSR1};
    struct sigaction action = {.sa_handler = remember};
    handled_signals(&action.sa_mask);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (sigaction(numbers[i], &action, NULL) < 0)
            return ka_error_set(error, "cannot handle signal %d: %m", numbers[i]);
    }
    struct sigaction standard = {.sa_handler = SIG_DFL};
    if (sigaction(SIGPIPE, &standard, NULL) < 0)
        return ka_error_set(error, "cannot handle signal %d: %m", SIGPIPE);
    return 0;
}

enum ka_signal ka_signals_take(void)
{
    if (signalled == KA_SIGNAL_NONE)
        return KA_SIGNAL_NONE;
    /* A stop that comes between reading and clearing must not be lost. */
    sigset_t set;
    sigset_t before;
    handled_signals(&set);
    sigprocmask(SIG_BLOCK, &set, &before);
    enum ka_signal taken = (enum ka_signal)signalled;
    if (taken == KA_SIGNAL_SUMMARY)
        signalled = KA_SIGNAL_NONE;
    sigprocmask(SIG_SETMASK, &before, NULL);
    return taken;
}
