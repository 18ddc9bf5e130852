/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/window.h"

#include "base/threads.h"

#include <stdlib.h>
#include <string.h>

/* 256 KiB stays in the second-level cache, where reads of a megabyte and more were slower. The
 * first read is small: when a thousand files are merged, most of them wait a long time with only
 * that in memory. */
enum { WINDOW_SIZE = 256 * 1024, FIRST_SIZE = 16 * 1024 };

int ka_window_init(struct ka_window *window, const struct ka_input *input)
{
    *window = (struct ka_window){0};
    window->buffer = malloc(WINDOW_SIZE);
    window->unpack = window->buffer != NULL ? ka_unpack_create(input) : NULL;
    if (window->unpack == NULL) {
        free(window->buffer);
        window->buffer = NULL;
        return -1;
    }
    window->at = window->buffer;
    window->size = WINDOW_SIZE;
    return 0;
}

static bool make_room(struct ka_window *window)
{
    if (window->need > window->size) {
        uint8_t *larger = malloc(window->need);
        if (larger == NULL)
            return false;
        memcpy(larger, window->at, window->have);
        free(window->buffer);
        window->buffer = larger;
        window->size = window->need;
    } else if (window->have > 0) {
        memmove(window->buffer, window->at, window->have);
    }
    window->at = window->buffer;
    return true;
}

/* Passing on what one could have read oneself is work too. It pays where reading takes long enough
 * to be noticed, another processor is there for it, and records are long: with short ones analysis
 * is most of the work. */
static bool is_long(const struct ka_window *window)
{
    const struct ka_input *input = ka_unpack_input(window->unpack);
    return input->size >= KA_LONG_FILE && window->records > 0 &&
           window->offset / window->records >= KA_LONG_RECORD;
}

/* As soon as it is known that the input is compressed, which is always worth a thread, or long. */
static void start_ahead(struct ka_window *window)
{
    bool packed = ka_unpack_compression(window->unpack) != NULL;
    if (!window->begun || window->asked || (!packed && !is_long(window)))
        return;
    window->asked = true;
    if (ka_unpack_input(window->unpack)->fd >= 0 && (packed || ka_processors() > 1))
        window->ahead = ka_ahead_start(window->unpack);
}

enum ka_bytes ka_window_fill(struct ka_window *window, struct ka_error *error)
{
    start_ahead(window);
    bool fits_in_front = window->need > window->have && window->need <= KA_AHEAD_FRONT;
    if (window->ahead != NULL && fits_in_front)
        return ka_ahead_next(window->ahead, &window->at, &window->have, error);
    if (window->need > KA_BLOCK_MAX || window->need <= window->have || !make_room(window)) {
        ka_error_set(error, "no memory for a record of %zu bytes", window->need);
        return KA_BYTES_FAILED;
    }
    size_t room = window->size - window->have;
    uint8_t *end = window->buffer + window->have;
    size_t got = 0;
    enum ka_bytes status;
    if (window->ahead != NULL)
        status = ka_ahead_read(window->ahead, end, room, &got, error);
    else if (!window->begun && room > FIRST_SIZE)
        status = ka_unpack_read(window->unpack, end, FIRST_SIZE, &got, error);
    else
        status = ka_unpack_read(window->unpack, end, room, &got, error);
    if (status == KA_BYTES_SOME) {
        window->have += got;
        window->begun = true;
    }
    return status;
}

void ka_window_fini(struct ka_window *window)
{
    ka_ahead_stop(window->ahead);
    ka_unpack_free(window->unpack);
    free(window->buffer);
    *window = (struct ka_window){0};
}
