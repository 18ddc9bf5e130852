/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a capture format implements: finding frames in a window of bytes.
 */
#ifndef KA_CAPTURE_FORMAT_H
#define KA_CAPTURE_FORMAT_H

#include "capture/source.h"
#include "capture/window.h"

enum ka_walk {
    KA_WALK_FULL,    /* `size` frames were found */
    KA_WALK_MORE,    /* window->need bytes are wanted from window->at on */
    KA_WALK_DAMAGED, /* what stands at window->at is broken, *error says how */
};

enum { KA_MAGIC_SIZE = 4 };

struct ka_format {
    const char *name; /* "pcap" */
    size_t state_size;
    /* True when the content begins with these four bytes. */
    bool (*begins)(const uint8_t magic[KA_MAGIC_SIZE]);
    /* Finds frames and takes what it understood; *state is all zero at first. frames[i].data looks
     * into the window; time, number, lengths, link_type and digits are set. *count may be above 0
     * with each result; damage is found again by the next call. */
    enum ka_walk (*walk)(void *state, struct ka_window *window, struct ka_frame *frames,
                         size_t size, size_t *count, struct ka_error *error);
    /* Adds what the file says itself. */
    void (*stats)(const void *state, struct ka_source_stats *out);
    /* Frees what hangs on the state, not the state. */
    void (*fini)(void *state);
};

extern const struct ka_format ka_format_pcap;   /* capture/pcap.c */
extern const struct ka_format ka_format_pcapng; /* capture/pcapng.c */

#endif
