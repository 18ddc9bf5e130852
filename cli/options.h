/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Options as data: a row each. Parsing, --help, the completions and the manual's check are all made
 * from the rows, so that an option is described in one place.
 */
#ifndef KA_CLI_OPTIONS_H
#define KA_CLI_OPTIONS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What an option takes, and the type its value is stored in. */
enum ka_arg_kind {
    KA_ARG_FLAG,     /* nothing; bool */
    KA_ARG_TEXT,     /* const char *, pointing into argv */
    KA_ARG_TEXTS,    /* struct ka_texts: the option may be repeated */
    KA_ARG_NUMBER,   /* uint64_t within min..max */
    KA_ARG_DURATION, /* ka_time within min..max (see ka_duration_parse) */
    KA_ARG_SIZE,     /* uint64_t, bytes within min..max: "65536", "64K", "64M", "2G" */
    KA_ARG_ENUM,     /* unsigned: the index of one of the values */
    KA_ARG_SET,      /* uint32_t: a bit for each of the values named, separated by commas */
    KA_ARG_KIND_COUNT
};

/* A list of texts that point into argv; the list itself is allocated. */
struct ka_texts {
    const char **items;
    size_t count;
};

struct ka_option {
    const char *name; /* long form, without dashes; NULL: a letter only */
    char letter;      /* short form; 0: none */
    enum ka_arg_kind kind;
    const char *arg; /* what --help calls the argument; NULL for a flag */
    size_t offset;   /* of the value within the set's struct */
    const char *help;
    const char *group;                    /* heading in --help */
    const char *(*value)(unsigned index); /* ENUM, SET: the names by index, NULL past the last */
    int64_t min;                          /* NUMBER, DURATION, SIZE; both 0: any value */
    int64_t max;
};

/* Rows that several commands share, and where their struct lies within the command's. An array of
 * sets ends with NULL rows, the rows end with a NULL help. */
struct ka_option_set {
    const struct ka_option *rows;
    size_t offset;
};

/* Parses argv[0..count-1] into *options, which the caller has filled with defaults. Options may
 * stand before and after words, letters may be bundled (-vc5), values follow after '=' or as the
 * next word; "--" ends the options and "-" is a word. Words go to *words in order. Returns 0, or -1
 * with a message that names the option and what it wants; release in both cases. */
int ka_options_parse(const struct ka_option_set *sets, const char *const *argv, size_t count,
                     void *options, struct ka_texts *words, struct ka_error *error);

/* Frees the lists that parsing allocated. */
void ka_options_release(const struct ka_option_set *sets, void *options, struct ka_texts *words);

/* True when `argument` is an option of the sets that takes the next word as its value. */
bool ka_options_takes_next(const struct ka_option_set *sets, const char *argument);

/* Appends `text` to the list. Returns 0, or -1 when memory is out. */
int ka_texts_add(struct ka_texts *texts, const char *text, struct ka_error *error);

/* The candidate nearest to `word` if it is near enough to have been meant, else NULL. `candidate`
 * names them by index and gives NULL past the last; `context` is passed on. */
const char *ka_nearest(const char *word,
                       const char *(*candidate)(const void *context, size_t index),
                       const void *context);

/* Writes the options by group, aligned, as --help shows them. */
void ka_options_help(FILE *stream, const struct ka_option_set *sets);

/* Writes a line per option for the scripts that check the manual and the completions: command,
 * long name or "-", letter or "-", kind, argument or "-", values separated by '|' or "-", help;
 * separated by tabs. */
void ka_options_dump(FILE *stream, const char *command, const struct ka_option_set *sets);

#endif
