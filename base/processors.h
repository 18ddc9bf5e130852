/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How many processors there are for us: work is handed to another thread only where it can run
 * beside the first.
 */
#ifndef KA_BASE_PROCESSORS_H
#define KA_BASE_PROCESSORS_H

/* Processors this process may run on; 1 when that cannot be found out. */
unsigned ka_processors(void);

#endif
