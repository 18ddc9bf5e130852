/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Listening on interfaces: its options, the source they come to, and what is said about it.
 */
#ifndef KA_CLI_LISTEN_H
#define KA_CLI_LISTEN_H

#include "capture/source.h"
#include "cli/options.h"

/* The options of this module; ka_listen_rows describe them. */
struct ka_listen_options {
    uint64_t snaplen; /* -s, bytes; 0: KA_LIVE_SNAPLEN_MAX */
    uint64_t buffer;  /* -B, KiB */
    bool quiet_link;  /* -p: the interface is not made to pass on what is not for us */
    bool list;        /* -D: list the interfaces, nothing else */
};

extern const struct ka_option ka_listen_rows[];

/* What the options are where the user gives none. */
#define KA_LISTEN_DEFAULTS                                                                         \
    {                                                                                              \
        .snaplen = KA_LIVE_SNAPLEN, .buffer = KA_LIVE_BUFFER_KIB                                   \
    }

/* Opens the interfaces with the user's filter (NULL: none). Returns 0 with the source in *out, or
 * -1 with the reason. `interfaces` must outlive the source. */
int ka_listen_open(const struct ka_texts *interfaces, const char *filter,
                   const struct ka_listen_options *options, struct ka_source **out,
                   struct ka_error *error);

/* Says on standard error what is listened to, and what to expect. */
void ka_listen_announce(const struct ka_source *source, const char *filter,
                        const struct ka_listen_options *options);

/* Prints a line for each interface, as tcpdump does. Returns 0, or -1 with the reason. */
int ka_listen_list(struct ka_error *error);

#endif
