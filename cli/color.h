/* SPDX-License-Identifier: BSD-2-Clause
 *
 * --color, as all commands understand it.
 */
#ifndef KA_CLI_COLOR_H
#define KA_CLI_COLOR_H

#include <stdbool.h>

enum ka_color { KA_COLOR_AUTO, KA_COLOR_ALWAYS, KA_COLOR_NEVER };

/* The values' names by index, NULL past the last: for the option's row. */
const char *ka_color_value(unsigned index);

/* True when standard output is to be coloured: with AUTO on a terminal, unless NO_COLOR is set. */
bool ka_wants_color(unsigned color);

#endif
