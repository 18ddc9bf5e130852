/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What to read and which part of it: the options and words that name files, an interface and a
 * filter, and the source they come to.
 */
#ifndef KA_CLI_SELECTION_H
#define KA_CLI_SELECTION_H

#include "capture/source.h"
#include "cli/listen.h"
#include "cli/options.h"

/* The options of this module; ka_selection_rows describe them, ka_selection_live_rows those that
 * only commands need that listen. */
struct ka_selection_options {
    struct ka_texts interfaces; /* -i */
    struct ka_texts files;      /* -r */
    const char *filter;         /* -f */
    const char *filter_file;    /* -F */
    bool files_only;            /* the command reads captures and never listens */
};

extern const struct ka_option ka_selection_rows[];
extern const struct ka_option ka_selection_live_rows[];

/* What the options and words mean: either files or interfaces, and a filter. */
struct ka_selection {
    struct ka_texts files;      /* at least one, or interfaces are meant */
    struct ka_texts interfaces; /* "any" where nothing was named; none: files */
    char *filter;               /* as the user wrote it, checked; NULL: none */
};

/* Sorts the words: leading existing files (and "-", standard input) are inputs; a first word that
 * is no file is an interface unless -r named files or -i interfaces; the rest is the filter, unless
 * -f or -F gave one. Files and interfaces together are refused. Returns KA_EXIT_DONE, or
 * KA_EXIT_USAGE or KA_EXIT_FAILED with the reason; ka_selection_fini in any case. */
int ka_selection_init(struct ka_selection *selection, const struct ka_selection_options *options,
                      const struct ka_texts *words, struct ka_error *error);

void ka_selection_fini(struct ka_selection *selection);

/* Opens what the input names, with the filter widened to VLANs and ICMP errors; interfaces as
 * `listen` says. No byte of a file is looked at before the first ka_source_next. Returns 0 with the
 * source in *out, or -1 with the reason. */
int ka_selection_open(const struct ka_selection *selection, const struct ka_listen_options *listen,
                      struct ka_source **out, struct ka_error *error);

#endif
