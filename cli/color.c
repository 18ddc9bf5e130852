/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/color.h"

#include <stdlib.h>
#include <unistd.h>

const char *ka_color_value(unsigned index)
{
    static const char *const names[] = {
        [KA_COLOR_AUTO] = "auto", [KA_COLOR_ALWAYS] = "always", [KA_COLOR_NEVER] = "never"};
    return index < sizeof(names) / sizeof(names[0]) ? names[index] : NULL;
}

bool ka_wants_color(unsigned color)
{
    const char *no_color = getenv("NO_COLOR");
    if (color != KA_COLOR_AUTO)
        return color == KA_COLOR_ALWAYS;
    return isatty(STDOUT_FILENO) && (no_color == NULL || no_color[0] == '\0');
}
