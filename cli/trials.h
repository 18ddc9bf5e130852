/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The passive audit: every silence of a captured connection is a trial of its path. Collects them
 * by server and tells, at the end, between which silences the path forgets connections, and which
 * connections will be caught by that.
 */
#ifndef KA_CLI_TRIALS_H
#define KA_CLI_TRIALS_H

#include "base/error.h"
#include "events/event.h"

#include <stddef.h>
#include <stdio.h>

struct ka_trials;

/* Silences a report keeps. */
enum { KA_TRIALS_MOST = 1 << 22 };

/* Reads the table of known products and the user's own, which takes the user's privileges. Keeps at
 * most `most` silences, and a quarter as many connections that live on. Returns 0, or -1 with the
 * reason. */
int ka_trials_create(size_t most, struct ka_trials **out, struct ka_error *error);

/* Frees; takes NULL. */
void ka_trials_free(struct ka_trials *trials);

/* Takes a connection event with its activity. What is beyond the bound or memory is left out and
 * counted. */
void ka_trials_connection(struct ka_trials *trials, const struct ka_event *event);

/* Emits an `idle_timeout` event for each server and side that broke silences where one was not
 * survived or one of a minute was (dst is the server), likewise for each prefix of several such
 * servers (dst is the /24 or /64, port 0) and for all together (dst is 0.0.0.0 or ::, port 0); src
 * is one of the clients, port 0; and a finding for each server whose path forgets or where
 * connections die in several ways, and for the connections that would not survive that. `at` gives
 * time and digits. */
void ka_trials_tell(struct ka_trials *trials, const struct ka_envelope *at,
                    const struct ka_sink *sink);

/* Writes a line for each kind of what was left out; nothing when it was all taken. */
void ka_trials_complain(const struct ka_trials *trials, FILE *stream);

#endif
