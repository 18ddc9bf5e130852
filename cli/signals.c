/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/signals.h"

#include <signal.h>
#include <stddef.h>

/* The one mutable variable of the program that is not passed along: a handler gets no context. A
 * bit per enum ka_signal. */
static volatile sig_atomic_t signalled = 0;

static const struct {
    int number;
    enum ka_signal meaning;
} handled[] = {
    {SIGINT, KA_SIGNAL_STOP},
    {SIGTERM, KA_SIGNAL_STOP},
    {SIGUSR1, KA_SIGNAL_SUMMARY},
    {SIGHUP, KA_SIGNAL_REOPEN},
};

enum { HANDLED_COUNT = sizeof(handled) / sizeof(handled[0]) };

/* All handled signals are blocked while this runs, so that it is never interrupted by itself. */
static void remember(int number)
{
    for (size_t i = 0; i < HANDLED_COUNT; i++) {
        if (handled[i].number == number)
            signalled |= 1 << handled[i].meaning;
    }
}

static void handled_signals(sigset_t *set)
{
    sigemptyset(set);
    for (size_t i = 0; i < HANDLED_COUNT; i++)
        sigaddset(set, handled[i].number);
}

static bool is_ignored(int number)
{
    struct sigaction before;
    return sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_IGN;
}

int ka_signals_install(struct ka_error *error)
{
    struct sigaction action = {.sa_handler = remember};
    handled_signals(&action.sa_mask);
    for (size_t i = 0; i < HANDLED_COUNT; i++) {
        if (handled[i].number == SIGHUP && is_ignored(SIGHUP))
            continue;
        if (sigaction(handled[i].number, &action, NULL) < 0)
            return ka_error_set(error, "cannot handle signal %d: %m", handled[i].number);
    }
    struct sigaction standard = {.sa_handler = SIG_DFL};
    if (sigaction(SIGPIPE, &standard, NULL) < 0)
        return ka_error_set(error, "cannot handle signal %d: %m", SIGPIPE);
    return 0;
}

enum ka_signal ka_signals_take(void)
{
    if (signalled == 0)
        return KA_SIGNAL_NONE;
    /* What comes between reading and clearing must not be lost. */
    sigset_t set;
    sigset_t before;
    handled_signals(&set);
    sigprocmask(SIG_BLOCK, &set, &before);
    enum ka_signal taken = KA_SIGNAL_STOP;
    if ((signalled & 1 << KA_SIGNAL_STOP) == 0) {
        taken = (signalled & 1 << KA_SIGNAL_SUMMARY) != 0 ? KA_SIGNAL_SUMMARY : KA_SIGNAL_REOPEN;
        signalled &= ~(1 << taken);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return taken;
}

bool ka_signals_stop(void *context)
{
    (void)context;
    return ka_signals_take() == KA_SIGNAL_STOP;
}
