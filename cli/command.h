/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a command is: a row of the table in cli/main.c and a file of its own.
 */
#ifndef KA_CLI_COMMAND_H
#define KA_CLI_COMMAND_H

#include "cli/options.h"

/* Exit statuses of all commands; `probe` and `audit` have further ones of their own. */
enum ka_exit {
    KA_EXIT_DONE = 0,
    KA_EXIT_FAILED = 1, /* also: the input was damaged, what was readable has been reported */
    KA_EXIT_USAGE = 2,
    KA_EXIT_STATE = 3, /* a state named by --fail-on was seen */
};

/* Options of every command. A command's option struct begins with this, and its sets with
 * ka_general_rows at offset 0; main deals with them. */
struct ka_general {
    bool help;
    bool version;
};

extern const struct ka_option ka_general_rows[];

struct ka_command {
    const char *name;
    const char *summary;  /* one line, for the list of commands */
    const char *synopsis; /* what follows the command's name in the usage line */
    const char *notes;    /* printed by --help after the options; NULL: nothing */
    const struct ka_option_set *sets;
    const void *defaults; /* an option struct to start from */
    size_t options_size;  /* of the option struct */
    /* Runs with parsed options and words (see ka_options_parse), both of which live until it
     * returns. Returns the exit status. A text left in *error is printed by main, once; with
     * KA_EXIT_USAGE a pointer to --help is added. */
    int (*run)(const void *options, const struct ka_texts *words, struct ka_error *error);
};

#endif
