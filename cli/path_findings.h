/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The sentences about a path that forgets idle connections, for the report.
 */
#ifndef KA_CLI_PATH_FINDINGS_H
#define KA_CLI_PATH_FINDINGS_H

#include "audit/bracket.h"
#include "audit/products.h"
#include "events/event.h"

/* Each fills event->finding of an event that is zeroed but for its envelope, whose dst is the
 * server; the emitting is the caller's. */

/* Connections to the server die of a silence; the bracket says of which. */
void ka_path_forgets(struct ka_event *event, const struct ka_bracket *bracket,
                     const struct ka_products *products);

/* The same where all silences that were not survived lasted through one span of time, `common`
 * long: one event may have been the end of all. */
void ka_path_broke(struct ka_event *event, const struct ka_bracket *bracket, ka_time common);

/* They die in several ways: `count` of them, above 1, from ka_bracket_causes. */
void ka_path_causes(struct ka_event *event, const struct ka_bracket *causes, size_t count);

/* `found` living connections, above 0, will not survive: their silences get longer than `died`.
 * The evidence is the caller's to put in. */
void ka_path_risk(struct ka_event *event, size_t found, ka_time died);

#endif
