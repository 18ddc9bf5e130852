/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/source.h"

enum ka_source_status ka_source_next(struct ka_source *source, struct ka_frame *frames, size_t size,
                                     size_t *count, struct ka_error *error)
{
    *count = 0;
    if (error != NULL)
        error->text[0] = '\0';
    return source->ops->next(source, frames, size, count, error);
}

void ka_source_stats(struct ka_source *source, struct ka_source_stats *out)
{
    *out = (struct ka_source_stats){0};
    source->ops->stats(source, out);
}

const char *ka_source_input_name(const struct ka_source *source, uint16_t index)
{
    return source->ops->input_name(source, index);
}

void ka_source_close(struct ka_source *source)
{
    if (source != NULL)
        source->ops->close(source);
}
