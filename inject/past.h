/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What earlier runs sent and nobody answered, as their log tells. The guard counts for one run
 * alone; firewalls on the way count on: Linux's conntrack cuts its patience at the fourth identical
 * packet without an answer, whoever sent it and when.
 */
#ifndef KA_INJECT_PAST_H
#define KA_INJECT_PAST_H

#include "base/addr.h"
#include "base/error.h"
#include "base/time.h"

#include <stdint.h>

/* So much of the log's end is read, and nothing older than a day counts. */
enum { KA_PAST_BYTES = 1 << 20 };
#define KA_PAST_AGE (86400 * KA_SECOND)

/* The probes with numbers from one end to the other since the last answer to one. Those without are
 * no repeats of them, and a firewall that keeps state takes them for invalid and no note of them.
 */
struct ka_past_row {
    struct ka_endpoint src;
    struct ka_endpoint dst;
    uint32_t unanswered; /* at least 1 */
    ka_time last;        /* wall clock */
};

struct ka_past;

/* Reads the end of the log at `path` as of `now`, wall clock. A log that is missing, or no regular
 * file, and lines of it that make no sense, tell nothing and are no error. Of runs at the same time
 * a refusal may be taken for the other's: one probe more or less is counted. error->text is empty
 * afterwards unless the log is there and cannot be read, as far as it goes: then it says so, to be
 * told to the user, and what could be read counts. Returns NULL with a message when memory is
 * short. */
struct ka_past *ka_past_read(const char *path, ka_time now, struct ka_error *error);

/* The same of text in memory, for tests; `size` bytes. */
struct ka_past *ka_past_parse(const char *text, size_t size, ka_time now, struct ka_error *error);

/* NULL is taken. */
void ka_past_free(struct ka_past *past);

/* What is known of probes from src to dst; NULL where none is unanswered, or `past` is NULL. Valid
 * until freed. */
const struct ka_past_row *ka_past_find(const struct ka_past *past, const struct ka_endpoint *src,
                                       const struct ka_endpoint *dst);

#endif
