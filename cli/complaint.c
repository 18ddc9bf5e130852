/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/complaint.h"

#include "base/text.h"

#include <stdio.h>

void ka_complain(const char *text)
{
    struct ka_text said = ka_text_growing();
    ka_text_put_string(&said, "kasniff: ");
    for (;;) {
        size_t length = strcspn(text, "\n");
        ka_text_put_foreign(&said, text, length);
        ka_text_put_char(&said, '\n');
        if (text[length] == '\0')
            break;
        text += length + 1;
    }
    fwrite(said.bytes, 1, said.used, stderr);
    ka_text_free(&said);
}
