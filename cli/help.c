/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is written from the option rows, and the guess at what a mistyped word meant.
 */
#include "cli/options.h"

#include <stdlib.h>
#include <string.h>

enum {
    WORD_MAX = 48,   /* longer words are not compared */
    HELP_COLUMN = 28 /* where the explanations begin */
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits between two words: insert, delete, replace, swap of neighbours (optimal string alignment).
 * Words longer than WORD_MAX count as entirely different. */
static size_t edits(const char *a, const char *b)
{
    size_t rows = strlen(a);
    size_t columns = strlen(b);
    if (rows > WORD_MAX || columns > WORD_MAX)
        return WORD_MAX;
    size_t cost[WORD_MAX + 1][WORD_MAX + 1];
    for (size_t i = 0; i <= rows; i++)
        cost[i][0] = i;
    for (size_t j = 0; j <= columns; j++)
        cost[0][j] = j;
    for (size_t i = 1; i <= rows; i++) {
        for (size_t j = 1; j <= columns; j++) {
            bool same = a[i - 1] == b[j - 1];
            size_t best = least(cost[i - 1][j] + 1, cost[i][j - 1] + 1);
            best = least(best, cost[i - 1][j - 1] + (same ? 0 : 1));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = least(best, cost[i - 2][j - 2] + 1);
            cost[i][j] = best;
        }
    }
    return cost[rows][columns];
}

const char *ka_nearest(const char *word,
                       const char *(*candidate)(const void *context, size_t index),
                       const void *context)
{
    size_t length = strlen(word);
    size_t limit = length < 3 ? 1 : 2; /* more edits than that and it is another word */
    const char *nearest = NULL;
    const char *name;
    for (size_t i = 0; (name = candidate(context, i)) != NULL; i++) {
        size_t distance = edits(word, name);
        if (length >= 2 && strncmp(word, name, length) == 0)
            distance = 1; /* an abbreviation */
        if (distance <= limit && distance < strlen(name)) {
            nearest = name;
            limit = distance - (distance > 0);
        }
    }
    return nearest;
}

static void write_option(FILE *stream, const struct ka_option *row)
{
    char left[80];
    int used = 0;
    if (row->letter != 0)
        used = snprintf(left, sizeof(left), "  -%c%s", row->letter, row->name == NULL ? "" : ", ");
    else
        used = snprintf(left, sizeof(left), "      ");
    if (row->name != NULL)
        used += snprintf(left + used, sizeof(left) - (size_t)used, "--%s", row->name);
    if (row->arg != NULL)
        used += snprintf(left + used, sizeof(left) - (size_t)used, " %s", row->arg);
    if (used >= HELP_COLUMN - 1)
        fprintf(stream, "%s\n%*s%s\n", left, HELP_COLUMN, "", row->help);
    else
        fprintf(stream, "%-*s%s\n", HELP_COLUMN, left, row->help);
}

/* True when an earlier row has the same group, so that its heading has been written. */
static bool group_is_done(const struct ka_option_set *sets, const struct ka_option *until)
{
    for (; sets->rows != NULL; sets++) {
        for (const struct ka_option *row = sets->rows; row->help != NULL; row++) {
            if (row == until)
                return false;
            if (strcmp(row->group, until->group) == 0)
                return true;
        }
    }
    return false;
}

static void write_group(FILE *stream, const struct ka_option_set *sets, const char *group)
{
    fprintf(stream, "\n%s:\n", group);
    for (; sets->rows != NULL; sets++) {
        for (const struct ka_option *row = sets->rows; row->help != NULL; row++) {
            if (strcmp(row->group, group) == 0)
                write_option(stream, row);
        }
    }
}

void ka_options_help(FILE *stream, const struct ka_option_set *sets)
{
    for (const struct ka_option_set *set = sets; set->rows != NULL; set++) {
        for (const struct ka_option *row = set->rows; row->help != NULL; row++) {
            if (!group_is_done(sets, row))
                write_group(stream, sets, row->group);
        }
    }
}

static void dump_option(FILE *stream, const char *command, const struct ka_option *row)
{
    static const char *const kinds[KA_ARG_KIND_COUNT] = {
        [KA_ARG_FLAG] = "flag",     [KA_ARG_TEXT] = "text",         [KA_ARG_TEXTS] = "texts",
        [KA_ARG_NUMBER] = "number", [KA_ARG_DURATION] = "duration", [KA_ARG_SIZE] = "size",
        [KA_ARG_ENUM] = "enum",     [KA_ARG_SET] = "set",
    };
    fprintf(stream, "%s\t%s\t%c\t%s\t%s\t", command, row->name == NULL ? "-" : row->name,
            row->letter == 0 ? '-' : row->letter, kinds[row->kind],
            row->arg == NULL ? "-" : row->arg);
    const char *name;
    for (unsigned i = 0; row->value != NULL && (name = row->value(i)) != NULL; i++)
        fprintf(stream, "%s%s", i == 0 ? "" : "|", name);
    fprintf(stream, "%s\t%s\n", row->value == NULL ? "-" : "", row->help);
}

void ka_options_dump(FILE *stream, const char *command, const struct ka_option_set *sets)
{
    for (; sets->rows != NULL; sets++) {
        for (const struct ka_option *row = sets->rows; row->help != NULL; row++)
            dump_option(stream, command, row);
    }
}
