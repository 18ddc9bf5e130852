/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/pcapng_output.h"

#include "base/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER_SIZE = 64 * 1024 };

struct ka_pcapng_output {
    char *path;
    int fd;
    bool owned;  /* not standard output */
    bool failed; /* a write failed: nothing more is written, each call says why */
    struct ka_error failure;
    bool diverted;
    struct ka_pcapng_queue queue; /* where diverted */
    uint64_t size;
    size_t used;
    size_t room;
    uint8_t *buffer; /* holds a block where diverted, else as many as there is room for */
};

int ka_pcapng_output_check(const struct ka_pcapng_output *output, struct ka_error *error)
{
    if (!output->failed)
        return 0;
    if (error != NULL)
        *error = output->failure;
    return -1;
}

int ka_pcapng_output_fail(struct ka_pcapng_output *output, struct ka_error *error, const char *why)
{
    output->failed = true;
    ka_error_set(&output->failure, "%s: cannot write the capture: %s", output->path, why);
    return ka_pcapng_output_check(output, error);
}

/* Hands the queue what the buffer holds. Returns as ka_pcapng_queue.take. */
static int hand_over(struct ka_pcapng_output *output, struct ka_error *error)
{
    struct ka_error why = {.text = ""};
    int taken = output->queue.take(output->queue.context, output->buffer, output->used, &why);
    if (taken == 0)
        output->size -= output->used;
    output->used = 0;
    return taken < 0 ? ka_pcapng_output_fail(output, error, why.text) : taken;
}

int ka_pcapng_output_end_block(struct ka_pcapng_output *output, struct ka_error *error)
{
    return output->diverted ? hand_over(output, error) : 1;
}

int ka_pcapng_output_flush(struct ka_pcapng_output *output, struct ka_error *error)
{
    if (ka_pcapng_output_check(output, error) != 0)
        return -1;
    if (output->diverted)
        return hand_over(output, error) < 0 ? -1 : 0;
    if (ka_write_all(output->fd, output->buffer, output->used) < 0)
        return ka_pcapng_output_fail(output, error, strerror(errno));
    output->used = 0;
    return 0;
}

static int make_room(struct ka_pcapng_output *output, struct ka_error *error)
{
    if (!output->diverted)
        return ka_pcapng_output_flush(output, error);
    uint8_t *larger = realloc(output->buffer, output->room * 2);
    if (larger == NULL)
        return ka_pcapng_output_fail(output, error, "no memory");
    output->buffer = larger;
    output->room *= 2;
    return 0;
}

int ka_pcapng_output_put(struct ka_pcapng_output *output, const void *bytes, size_t count,
                         struct ka_error *error)
{
    const uint8_t *from = bytes;
    while (count > 0) {
        if (output->used == output->room && make_room(output, error) != 0)
            return -1;
        size_t room = output->room - output->used;
        size_t piece = count < room ? count : room;
        memcpy(output->buffer + output->used, from, piece);
        output->used += piece;
        output->size += piece;
        from += piece;
        count -= piece;
    }
    return 0;
}

int ka_pcapng_output_divert(struct ka_pcapng_output *output, const struct ka_pcapng_queue *queue,
                            struct ka_error *error)
{
    output->diverted = queue != NULL;
    if (queue == NULL)
        return 0;
    output->queue = *queue;
    return ka_pcapng_output_flush(output, error); /* the section's header, which always fits */
}

int ka_pcapng_output_descriptor(const struct ka_pcapng_output *output)
{
    return output->fd;
}

uint64_t ka_pcapng_output_size(const struct ka_pcapng_output *output)
{
    return output->size;
}

/* `how` is O_TRUNC or O_APPEND. */
static int open_file(const char *path, int how, struct ka_error *error)
{
    if (strcmp(path, "-") == 0)
        return STDOUT_FILENO;
    int fd = open(path, O_WRONLY | O_CREAT | how | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0666);
    if (fd < 0 && errno == ELOOP)
        return ka_error_set(error,
                            "%s: is a symbolic link, which is not followed for writing: name "
                            "its target, or - for standard output",
                            path);
    if (fd < 0)
        return ka_error_set(error, "%s: cannot create it: %s", path, strerror(errno));
    return fd;
}

int ka_pcapng_output_open(const char *path, bool append, struct ka_pcapng_output **out,
                          struct ka_error *error)
{
    struct ka_pcapng_output *output = calloc(1, sizeof(*output));
    if (output != NULL) {
        output->path = strdup(strcmp(path, "-") == 0 ? "standard output" : path);
        output->buffer = malloc(BUFFER_SIZE);
        output->room = BUFFER_SIZE;
    }
    if (output == NULL || output->path == NULL || output->buffer == NULL) {
        ka_error_set(error, "%s: no memory to write it", path);
        goto out;
    }
    output->fd = open_file(path, append ? O_APPEND : O_TRUNC, error);
    if (output->fd < 0)
        goto out;
    output->owned = strcmp(path, "-") != 0;
    *out = output;
    return 0;
out:
    if (output != NULL) {
        int reason = errno;
        free(output->path);
        free(output->buffer);
        free(output);
        errno = reason;
    }
    return -1;
}

int ka_pcapng_output_close(struct ka_pcapng_output *output, struct ka_error *error)
{
    int result = ka_pcapng_output_flush(output, error);
    if (output->owned && close(output->fd) != 0 && result == 0)
        result = ka_pcapng_output_fail(output, error, strerror(errno));
    free(output->path);
    free(output->buffer);
    free(output);
    return result;
}
