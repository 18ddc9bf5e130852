/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/file.h"

#include "capture/file_memory.h"
#include "capture/filter.h"
#include "capture/format.h"
#include "capture/stranger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* When a filter rejects everything, the caller hears from us after this many fills (64 MiB) all the
 * same, so that a signal ends it soon. */
enum { FILLS_BEFORE_IDLE = 256 };

static const struct ka_format *const formats[] = {&ka_format_pcap, &ka_format_pcapng};

struct file_source {
    struct ka_source base;
    char *name;
    struct ka_filter *filter;
    struct ka_error warning; /* the filter's, until it is handed over */
    struct ka_window window;
    const struct ka_format *format; /* NULL until the magic was seen */
    void *state;
    enum ka_source_status end; /* KA_SOURCE_FRAMES while it goes on */
    struct ka_error end_error;
};

static enum ka_source_status repeat_end(const struct file_source *file, struct ka_error *error)
{
    if (error != NULL && file->end_error.text[0] != '\0')
        *error = file->end_error;
    return file->end;
}

/* Ends the source; the window's memory is given back, the counters stay. */
static enum ka_source_status finish(struct file_source *file, enum ka_source_status end,
                                    struct ka_error *error)
{
    file->end = end;
    ka_window_fini(&file->window);
    return repeat_end(file, error);
}

static enum ka_source_status finish_damaged(struct file_source *file, const char *how,
                                            struct ka_error *error)
{
    const char *compression = ka_unpack_compression(file->window.unpack);
    ka_error_set(&file->end_error, "%s: damaged at byte %llu%s: %s", file->name,
                 (unsigned long long)file->window.offset,
                 compression != NULL ? " of the decompressed content" : "", how);
    return finish(file, KA_SOURCE_DAMAGED, error);
}

/* The window's input is at its end. */
static enum ka_source_status finish_cut(struct file_source *file, struct ka_error *error)
{
    char how[128];
    if (file->format != NULL && file->window.have == 0 && file->window.offset > 0)
        return finish(file, KA_SOURCE_END, error);
    if (file->window.offset == 0 && file->window.have == 0) {
        ka_error_set(&file->end_error, "%s: is empty, not even a capture file's header",
                     file->name);
        return finish(file, KA_SOURCE_DAMAGED, error);
    }
    snprintf(how, sizeof(how), "it ends after %zu of %zu bytes of a %s, the capture was cut",
             file->window.have, file->window.need,
             file->window.offset == 0 ? "file header" : "record");
    return finish_damaged(file, how, error);
}

/* Turns what a fill said into a status; KA_SOURCE_FRAMES means go on. */
static enum ka_source_status fill(struct file_source *file, struct ka_error *error)
{
    enum ka_bytes bytes = ka_window_fill(&file->window, &file->end_error);
    switch (bytes) {
    case KA_BYTES_SOME:
        return KA_SOURCE_FRAMES;
    case KA_BYTES_NONE:
        return KA_SOURCE_IDLE;
    case KA_BYTES_END:
        return finish_cut(file, error);
    case KA_BYTES_DAMAGED:
        return finish(file, KA_SOURCE_DAMAGED, error);
    case KA_BYTES_FAILED:
        break;
    }
    return finish(file, KA_SOURCE_FAILED, error);
}

/* Finds out which format it is; KA_SOURCE_FRAMES means go on. */
static enum ka_source_status recognise(struct file_source *file, struct ka_error *error)
{
    while (file->window.have < KA_MAGIC_SIZE) {
        file->window.need = KA_MAGIC_SIZE;
        enum ka_source_status status = fill(file, error);
        if (status != KA_SOURCE_FRAMES)
            return status;
    }
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]) && file->format == NULL; i++)
        if (formats[i]->begins(file->window.at))
            file->format = formats[i];
    if (file->format == NULL) {
        char looks[KA_STRANGER_SIZE];
        const char *compression = ka_unpack_compression(file->window.unpack);
        ka_stranger_describe(file->window.at, file->window.have, looks);
        ka_error_set(&file->end_error, "%s: no pcap or pcapng capture; %s%sit looks like %s",
                     file->name, compression != NULL ? compression : "",
                     compression != NULL ? " decompressed, " : "", looks);
        return finish(file, KA_SOURCE_FAILED, error);
    }
    file->state = calloc(1, file->format->state_size);
    if (file->state == NULL) {
        file->format = NULL;
        ka_error_set(&file->end_error, "%s: no memory to read it", file->name);
        return finish(file, KA_SOURCE_FAILED, error);
    }
    return KA_SOURCE_FRAMES;
}

/* Keeps the frames that pass, in order. */
static size_t apply_filter(struct file_source *file, struct ka_frame *frames, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct ka_error word;
        if (ka_filter_matches(file->filter, &frames[i], &word))
            frames[kept++] = frames[i];
        if (word.text[0] != '\0')
            ka_error_set(&file->warning, "%s: %.400s", file->name, word.text);
    }
    return kept;
}

static enum ka_source_status read_on(struct file_source *file, struct ka_frame *frames, size_t size,
                                     size_t *count, struct ka_error *error)
{
    enum ka_source_status status = KA_SOURCE_FRAMES;
    if (file->end != KA_SOURCE_FRAMES)
        return repeat_end(file, error);
    if (file->format == NULL)
        status = recognise(file, error);
    for (int fills = 0; status == KA_SOURCE_FRAMES && fills < FILLS_BEFORE_IDLE; fills++) {
        struct ka_error how = {.text = ""};
        enum ka_walk walk;
        do {
            walk = file->format->walk(file->state, &file->window, frames, size, count, &how);
            file->window.records += *count;
            if (file->filter != NULL)
                *count = apply_filter(file, frames, *count);
        } while (walk == KA_WALK_FULL && *count == 0);
        if (*count > 0)
            return KA_SOURCE_FRAMES;
        if (walk == KA_WALK_DAMAGED)
            return finish_damaged(file, how.text, error);
        status = fill(file, error);
    }
    return status == KA_SOURCE_FRAMES ? KA_SOURCE_IDLE : status;
}

static enum ka_source_status file_next(struct ka_source *source, struct ka_frame *frames,
                                       size_t size, size_t *count, struct ka_error *error)
{
    struct file_source *file = (struct file_source *)source;
    enum ka_source_status status = read_on(file, frames, size, count, error);
    if (file->warning.text[0] != '\0' && error != NULL && error->text[0] == '\0') {
        *error = file->warning;
        file->warning.text[0] = '\0';
    }
    return status;
}

static void file_stats(struct ka_source *source, struct ka_source_stats *out)
{
    struct file_source *file = (struct file_source *)source;
    if (file->format != NULL)
        file->format->stats(file->state, out);
}

static const char *file_input_name(const struct ka_source *source, uint16_t index)
{
    (void)index; /* a file is one input */
    return ((const struct file_source *)source)->name;
}

static void file_close(struct ka_source *source)
{
    struct file_source *file = (struct file_source *)source;
    if (file->format != NULL)
        file->format->fini(file->state);
    ka_window_fini(&file->window);
    ka_filter_free(file->filter);
    free(file->state);
    free(file->name);
    free(file);
}

static const struct ka_source_ops file_ops = {
    .next = file_next,
    .stats = file_stats,
    .input_name = file_input_name,
    .close = file_close,
};

/* A source without its window yet. */
static struct file_source *create(const char *name, const char *filter, struct ka_error *error)
{
    struct file_source *file = calloc(1, sizeof(*file));
    if (file != NULL)
        file->name = strdup(name);
    if (file == NULL || file->name == NULL) {
        free(file);
        ka_error_set(error, "%s: no memory to read it", name);
        return NULL;
    }
    file->base = (struct ka_source){.ops = &file_ops, .pace = KA_PACE_RECORDED, .inputs = 1};
    if (filter != NULL && ka_filter_create(filter, &file->filter, error) != 0) {
        file_close(&file->base);
        return NULL;
    }
    return file;
}

/* Takes the input over in any case. */
static int attach(struct file_source *file, struct ka_input *input, struct ka_source **out,
                  struct ka_error *error)
{
    input->name = file->name;
    if (ka_window_init(&file->window, input) != 0) {
        ka_error_set(error, "%s: no memory to read it", file->name);
        ka_input_close(input);
        file_close(&file->base);
        return -1;
    }
    *out = &file->base;
    return 0;
}

int ka_file_open(const char *path, const char *filter, struct ka_source **out,
                 struct ka_error *error)
{
    struct ka_input input;
    struct file_source *file = create(path, filter, error);
    if (file == NULL)
        return -1;
    if (ka_input_open(&input, path, error) != 0) {
        file_close(&file->base);
        return -1;
    }
    if (input.waits)
        file->base.pace = KA_PACE_PIPED;
    return attach(file, &input, out, error);
}

int ka_file_open_memory(const char *name, const void *bytes, size_t length, const char *filter,
                        struct ka_source **out, struct ka_error *error)
{
    struct ka_input input;
    struct file_source *file = create(name, filter, error);
    if (file == NULL)
        return -1;
    ka_input_over(&input, name, bytes, length);
    return attach(file, &input, out, error);
}
