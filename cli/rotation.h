/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The file, or one after another, that -w names: when the next one is due (-C, -G), what it is
 * called, how many there may be (-W), and that no input is overwritten.
 */
#ifndef KA_CLI_ROTATION_H
#define KA_CLI_ROTATION_H

#include "base/time.h"
#include "capture/pcapng_write.h"
#include "cli/options.h"

/* The options of this module; ka_rotation_rows describe them. */
struct ka_rotation_options {
    const char *path;   /* -w; NULL: nothing is written */
    uint64_t megabytes; /* -C, of 10^6 bytes; 0: any size */
    ka_time seconds;    /* -G; 0: forever */
    uint64_t files;     /* -W; 0: any number */
};

extern const struct ka_option ka_rotation_rows[];

struct ka_rotation;

/* Checks the options against each other. Returns 0, or -1 with the reason: wrong usage. */
int ka_rotation_check(const struct ka_rotation_options *options, struct ka_error *error);

/* Prepares writing; the options must outlive it. `inputs` are the files that are read, "-" is
 * standard input; they are looked at now, before privileges are dropped. Returns 0, or -1 with the
 * reason. */
int ka_rotation_create(const struct ka_rotation_options *options, const struct ka_texts *inputs,
                       struct ka_rotation **out, struct ka_error *error);

/* From now on no slow reader holds the caller up: what is no regular file, such as a pipe, gets a
 * queue and a thread of its own (see cli/outbox.h). */
void ka_rotation_never_wait(struct ka_rotation *rotation);

/* Packets that such a reader has lost so far. */
uint64_t ka_rotation_lost(const struct ka_rotation *rotation);

/* Opens the first file before there is a frame, so that it is known at once when it cannot be;
 * `now` names it. With -G and KA_TIME_NONE, when only frames know the time, the first frame opens
 * it. Returns 0, or -1 with the reason. */
int ka_rotation_start(struct ka_rotation *rotation, ka_time now, struct ka_error *error);

enum ka_rotation_result {
    KA_ROTATION_GOES_ON,
    KA_ROTATION_FULL, /* -G with -W: the last file is complete */
    KA_ROTATION_FAILED
};

/* The writer for a frame stamped `time`, *out, valid until the next call: the present one, or that
 * of a file opened now. With -G the files' slots are counted from the first stamp. */
enum ka_rotation_result ka_rotation_writer(struct ka_rotation *rotation, ka_time time,
                                           struct ka_pcapng_writer **out, struct ka_error *error);

/* It is `now`, though no frame came: with -G, closes a file whose time is over and begins the next,
 * so that every slot has its file, be it empty, and has it in time. */
enum ka_rotation_result ka_rotation_now(struct ka_rotation *rotation, ka_time now,
                                        struct ka_error *error);

/* Hands what is buffered to the system. Returns 0, or -1 with the reason. */
int ka_rotation_flush(struct ka_rotation *rotation, struct ka_error *error);

/* Closes the present file and opens the same name again, appending to what it holds: whoever moved
 * it away finds it complete. A pipe stays open. Returns 0, or -1 with the reason. */
int ka_rotation_reopen(struct ka_rotation *rotation, struct ka_error *error);

/* Closes and frees; takes NULL. Returns 0, or -1 with the reason when anything was not written
 * or a reader was too slow for it. */
int ka_rotation_close(struct ka_rotation *rotation, struct ka_error *error);

#endif
