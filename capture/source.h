/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where frames come from: a capture file, a stream, an interface, or several of these as one. A
 * source hands over batches; the frames' bytes are its own and stay valid until the next call.
 */
#ifndef KA_CAPTURE_SOURCE_H
#define KA_CAPTURE_SOURCE_H

#include "base/error.h"
#include "base/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ka_source_status {
    KA_SOURCE_FRAMES,  /* *count frames, at least one */
    KA_SOURCE_IDLE,    /* nothing for about 100 ms, or a signal came (live sources and pipes), or a
                          filter has rejected everything for a long while */
    KA_SOURCE_END,     /* no more will come; all was well */
    KA_SOURCE_DAMAGED, /* no more will come: the input is cut or broken here, *error says how.
                          Everything before it has been handed over. */
    KA_SOURCE_FAILED,  /* the environment failed (read error, interface gone), *error says how */
};

/* Counters of a source; what cannot be known stays false. */
struct ka_source_stats {
    uint64_t frames;   /* handed over or filtered out: all that were read */
    uint64_t received; /* by the capturing kernel, live or from pcapng's ISB */
    uint64_t dropped_kernel;
    uint64_t dropped_interface;
    bool received_known;
    bool dropped_kernel_known;
    bool dropped_interface_known;
};

struct ka_source;

/* What a kind of source implements. A source's own struct begins with struct ka_source. */
struct ka_source_ops {
    enum ka_source_status (*next)(struct ka_source *source, struct ka_frame *frames, size_t size,
                                  size_t *count, struct ka_error *error);
    void (*stats)(struct ka_source *source, struct ka_source_stats *out);
    /* The name of input `index` as users know it (file name, interface); valid until close. */
    const char *(*input_name)(const struct ka_source *source, uint16_t index);
    void (*close)(struct ka_source *source);
};

/* How frames come, and so whether time passes while none do. */
enum ka_pace {
    KA_PACE_RECORDED, /* from files: time is what the frames say, nothing else */
    KA_PACE_PIPED,    /* from a pipe: perhaps being recorded right now, somewhere, with a delay */
    KA_PACE_LIVE,     /* from an interface, within about 100 ms */
};

struct ka_source {
    const struct ka_source_ops *ops;
    enum ka_pace pace;
    uint16_t inputs; /* how many inputs this source speaks for */
};

/* Fills frames[0..*count-1], at most `size` (KA_BATCH as a rule), in time order as far as the
 * input has one. Frames a filter rejects are skipped but keep their numbers. error->text (error may
 * be NULL) is empty afterwards unless there is something to say: how it ended with DAMAGED and
 * FAILED, a warning to be printed once with the others, such as that one of several interfaces is
 * gone. An end is final: later calls repeat it. */
enum ka_source_status ka_source_next(struct ka_source *source, struct ka_frame *frames, size_t size,
                                     size_t *count, struct ka_error *error);

void ka_source_stats(struct ka_source *source, struct ka_source_stats *out);
const char *ka_source_input_name(const struct ka_source *source, uint16_t index);

/* Frees everything; takes NULL. */
void ka_source_close(struct ka_source *source);

#endif
