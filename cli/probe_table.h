/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What came of asking many, as a table for people.
 */
#ifndef KA_CLI_PROBE_TABLE_H
#define KA_CLI_PROBE_TABLE_H

#include "probe/prober.h"

#include <stdio.h>

/* Writes a heading and a line per connection that was asked or could not be, the worst first; those
 * in use are left to the summary. Returns 0, or -1 when memory is out. Write errors stay in the
 * stream. */
int ka_probe_table_write(FILE *stream, const struct ka_prober *prober);

/* Writes the figures, three lines at most: `took` is how long the asking lasted. */
void ka_probe_summary_write(FILE *stream, const struct ka_prober *prober, ka_time took);

#endif
