/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The passive audit: silences that captured connections went through, gathered by path, say how
 * long each path remembers. A path is a server's address and port; servers in one network (/24,
 * /64) and all of them together are looked at as well, for a box on the way is seldom there for one
 * port alone.
 */
#ifndef KA_AUDIT_PASSIVE_H
#define KA_AUDIT_PASSIVE_H

#include "audit/bracket.h"
#include "audit/products.h"
#include "base/addr.h"
#include "events/event.h"

/* Bounds: further paths are counted only in the network's and the total's stead; where a path has
 * this many trials the shortest one that was survived makes room. */
enum { KA_PASSIVE_PATHS_MAX = 4096, KA_PASSIVE_TRIALS_MAX = 256 };

struct ka_passive;

/* NULL when memory is out. */
struct ka_passive *ka_passive_create(void);

/* Takes a silence on a connection to `server` that `first_speaker` (enum ka_speaker) broke, or that
 * ended unbroken (then the trial is censored). The silence must be known to be one: both directions
 * captured. False when memory is out. */
bool ka_passive_add(struct ka_passive *passive, const struct ka_endpoint *server,
                    uint8_t first_speaker, const struct ka_trial *trial);

/* Emits what the trials say: for each path an `idle_timeout` event for each side that broke
 * silences, in order of address and port, where a trial was judged; a `finding` for each network
 * with several servers and for all together where something died, and for paths whose deaths
 * contradict each other or have several causes; and where paths were left out. `time` and `digits`
 * go into the envelopes. */
void ka_passive_report(struct ka_passive *passive, const struct ka_products *products, ka_time time,
                       uint8_t digits, struct ka_sink sink);

/* Frees; takes NULL. */
void ka_passive_free(struct ka_passive *passive);

#endif
