/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kasniff: finds the command, has its options parsed, runs it. Errors are printed here and nowhere
 * else.
 */
#include "config.h"

#include "base/descriptors.h"
#include "cli/audit.h"
#include "cli/command.h"
#include "cli/complaint.h"
#include "cli/probe.h"
#include "cli/report.h"
#include "cli/sniff.h"
#include "cli/sockets.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The first is meant where no command is named. */
static const struct ka_command *const commands[] = {
    &ka_command_sniff,   &ka_command_report, &ka_command_probe,
    &ka_command_sockets, &ka_command_audit,
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

const struct ka_option ka_general_rows[] = {
    {.name = "help",
     .letter = 'h',
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct ka_general, help),
     .group = "Other",
     .help = "show this help"},
    {.name = "version",
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct ka_general, version),
     .group = "Other",
     .help = "show the version"},
    {.help = NULL},
};

static const struct ka_command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    return NULL;
}

/* True when some command has an option `argument` that takes the next word: before the command is
 * known, the value of an option must not be mistaken for its name. */
static bool takes_next(const char *argument)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (ka_options_takes_next(commands[i]->sets, argument))
            return true;
    }
    return false;
}

/* The index in argv of the first word, `count` when there is none. */
static size_t first_word(const char *const *argv, size_t count)
{
    for (size_t i = 1; i < count && strcmp(argv[i], "--") != 0; i++) {
        if (argv[i][0] != '-' || argv[i][1] == '\0')
            return i;
        if (takes_next(argv[i]))
            i++;
    }
    return count;
}

static void write_help(const struct ka_command *command, bool named)
{
    bool first = command == commands[0];
    printf("Usage: kasniff %s%s%s %s\n%s.\n", first ? "[" : "", command->name, first ? "]" : "",
           command->synopsis, command->summary);
    if (!named && COMMAND_COUNT > 1) {
        printf("\nCommands (see kasniff COMMAND --help):\n");
        for (size_t i = 0; i < COMMAND_COUNT; i++)
            printf("  %-10s%s\n", commands[i]->name, commands[i]->summary);
    }
    ka_options_help(stdout, command->sets);
    if (command->notes != NULL)
        printf("\n%s", command->notes);
}

/* Everything printed so far must have reached standard output. */
static int finish_printing(struct ka_error *error)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return KA_EXIT_DONE;
    ka_error_set(error, "cannot write to standard output: %m");
    return KA_EXIT_FAILED;
}

/* For the scripts that check the manual and the completions; not for users. */
static int dump_options(struct ka_error *error)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        ka_options_dump(stdout, commands[i]->name, commands[i]->sets);
    return finish_printing(error);
}

static int run_parsed(const struct ka_command *command, bool named, const void *options,
                      const struct ka_texts *words, struct ka_error *error)
{
    const struct ka_general *general = options;
    if (general->help) {
        write_help(command, named);
        return finish_printing(error);
    }
    if (general->version) {
        printf("kasniff %s\n", PACKAGE_VERSION);
        return finish_printing(error);
    }
    return command->run(options, words, error);
}

static int run_command(const struct ka_command *command, bool named, const char *const *argv,
                       size_t count, struct ka_error *error)
{
    struct ka_texts words = {.count = 0};
    void *options = malloc(command->options_size);
    if (options == NULL) {
        ka_error_set(error, "cannot start: out of memory");
        return KA_EXIT_FAILED;
    }
    memcpy(options, command->defaults, command->options_size);
    int status = KA_EXIT_USAGE;
    if (ka_options_parse(command->sets, argv, count, options, &words, error) == 0)
        status = run_parsed(command, named, options, &words, error);
    ka_options_release(command->sets, options, &words);
    free(options);
    return status;
}

static const char *command_name(const void *context, size_t index)
{
    (void)context;
    return index < COMMAND_COUNT ? commands[index]->name : NULL;
}

/* A first word that is nothing may have been meant as a command. */
static void suggest_command(const char *word, struct ka_error *error)
{
    const char *nearest = ka_nearest(word, command_name, NULL);
    size_t used = strlen(error->text);
    if (nearest != NULL && access(word, F_OK) != 0)
        snprintf(error->text + used, sizeof(error->text) - used, "; did you mean the command '%s'?",
                 nearest);
}

/* Takes the command's name out of the arguments and runs it with the rest. */
static int run(const char **argv, size_t count, struct ka_error *error,
               const struct ka_command **command)
{
    size_t at = first_word(argv, count);
    const struct ka_command *named = at < count ? find_command(argv[at]) : NULL;
    if (named != NULL) {
        *command = named;
        memmove(argv + at, argv + at + 1, (count - at - 1) * sizeof(*argv));
        count--;
    }
    const char *word = at < count ? argv[at] : NULL;
    int status = run_command(*command, named != NULL, argv + 1, count - 1, error);
    if (status == KA_EXIT_USAGE && named == NULL && word != NULL)
        suggest_command(word, error);
    return status;
}

int main(int argc, char **argv)
{
    struct ka_error error = {.text = ""};
    const struct ka_command *command = commands[0];
    int status = KA_EXIT_USAGE;
    if (ka_descriptors_occupy() < 0)
        return KA_EXIT_FAILED; /* there is nowhere to say why */
    const char **arguments = calloc((size_t)argc + 1, sizeof(*arguments));
    if (arguments == NULL || argc < 1) {
        status = KA_EXIT_FAILED;
        ka_error_set(&error, "cannot start: out of memory");
    } else if (argc == 2 && strcmp(argv[1], "--dump-options") == 0) {
        status = dump_options(&error);
    } else {
        for (int i = 0; i < argc; i++)
            arguments[i] = argv[i];
        status = run(arguments, (size_t)argc, &error, &command);
    }
    free(arguments);
    /* What was written may be lost as late as here, on a network's file system. */
    if (fclose(stdout) != 0 && status != KA_EXIT_FAILED) {
        ka_error_set(&error, "cannot write to standard output: %m");
        status = KA_EXIT_FAILED;
    }
    if (error.text[0] != '\0')
        ka_complain(error.text);
    if (error.text[0] != '\0' && status == KA_EXIT_USAGE)
        fprintf(stderr, "kasniff: see 'kasniff %s --help'\n", command->name);
    return status;
}
