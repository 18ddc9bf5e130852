/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/selection.h"

#include "capture/file.h"
#include "capture/filter.h"
#include "cli/command.h"

#include <ctype.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    FILTER_FILE_MAX = 64 * 1024, /* bytes of a filter read from a file */
    INPUTS_MAX = 65535
};

const struct ka_option ka_selection_live_rows[] = {
    {.name = "interface",
     .letter = 'i',
     .kind = KA_ARG_TEXTS,
     .arg = "INTERFACE",
     .offset = offsetof(struct ka_selection_options, interfaces),
     .group = "Input",
     .help = "listen on this interface; may be repeated; any is all of them"},
    {.help = NULL},
};

const struct ka_option ka_selection_rows[] = {
    {.name = "read",
     .letter = 'r',
     .kind = KA_ARG_TEXTS,
     .arg = "FILE",
     .offset = offsetof(struct ka_selection_options, files),
     .group = "Input",
     .help = "read this capture (pcap or pcapng, also gzip or zstd); may be repeated; - is stdin"},
    {.name = "filter",
     .letter = 'f',
     .kind = KA_ARG_TEXT,
     .arg = "FILTER",
     .offset = offsetof(struct ka_selection_options, filter),
     .group = "Input",
     .help = "only what matches this filter, as tcpdump has them"},
    {.name = "filter-file",
     .letter = 'F',
     .kind = KA_ARG_TEXT,
     .arg = "FILE",
     .offset = offsetof(struct ka_selection_options, filter_file),
     .group = "Input",
     .help = "take the filter from a file"},
    {.help = NULL},
};

static bool is_file(const char *word)
{
    struct stat status;
    return strcmp(word, "-") == 0 || (stat(word, &status) == 0 && !S_ISDIR(status.st_mode));
}

static bool is_interface(const char *word)
{
    return strcmp(word, "any") == 0 || if_nametoindex(word) != 0;
}

/* Joins words[from..] with blanks; NULL when memory is out. */
static char *join_words(const struct ka_texts *words, size_t from)
{
    size_t size = 1;
    for (size_t i = from; i < words->count; i++)
        size += strlen(words->items[i]) + 1;
    char *text = malloc(size);
    if (text == NULL)
        return NULL;
    size_t used = 0;
    for (size_t i = from; i < words->count; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i == from ? "" : " ",
                                 words->items[i]);
    text[used] = '\0';
    return text;
}

static int read_filter_file(const char *path, char **out, struct ka_error *error)
{
    int status = -1;
    char *text = NULL;
    FILE *stream = fopen(path, "re");
    if (stream == NULL)
        return ka_error_set(error, "cannot open the filter file %s: %m", path);
    text = malloc(FILTER_FILE_MAX + 1);
    if (text == NULL) {
        ka_error_set(error, "cannot read the filter file %s: out of memory", path);
        goto out;
    }
    size_t length = fread(text, 1, FILTER_FILE_MAX + 1, stream);
    if (ferror(stream)) {
        ka_error_set(error, "cannot read the filter file %s: %m", path);
        goto out;
    }
    if (length > FILTER_FILE_MAX || memchr(text, '\0', length) != NULL) {
        ka_error_set(error, "%s is no filter file: longer than 64 KiB, or not text", path);
        goto out;
    }
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    text[length] = '\0';
    *out = text;
    text = NULL;
    status = 0;
out:
    free(text);
    fclose(stream);
    return status;
}

/* Takes the filter from the one place where it was given. */
static int take_filter(struct ka_selection *selection, const struct ka_selection_options *options,
                       const struct ka_texts *words, size_t from, struct ka_error *error)
{
    int places = (options->filter != NULL) + (options->filter_file != NULL) + (from < words->count);
    if (places > 1) {
        ka_error_set(error,
                     "the filter was given %d times; use one of -f, -F and the words '%s'...",
                     places, from < words->count ? words->items[from] : "port 80");
        return KA_EXIT_USAGE;
    }
    if (places == 0)
        return KA_EXIT_DONE;
    if (options->filter_file != NULL) {
        if (read_filter_file(options->filter_file, &selection->filter, error) < 0)
            return KA_EXIT_FAILED;
    } else {
        selection->filter =
            options->filter != NULL ? strdup(options->filter) : join_words(words, from);
    }
    if (selection->filter == NULL) {
        ka_error_set(error, "cannot keep the filter: out of memory");
        return KA_EXIT_FAILED;
    }
    struct ka_filter *checked = NULL;
    if (ka_filter_create(selection->filter, &checked, error) < 0)
        return KA_EXIT_USAGE;
    ka_filter_free(checked);
    return KA_EXIT_DONE;
}

static int neither(const char *word, bool files_only, struct ka_error *error)
{
    struct stat status;
    if (stat(word, &status) == 0 && S_ISDIR(status.st_mode))
        ka_error_set(error, "%s is a directory; name the capture files in it", word);
    else if (files_only)
        ka_error_set(error, "there is no file '%s'; name the capture files first, then the filter",
                     word);
    else
        ka_error_set(error,
                     "'%s' is neither a file nor an interface; name a capture file or an interface "
                     "first, then the filter",
                     word);
    return KA_EXIT_USAGE;
}

static size_t count_of(const struct ka_texts *texts, const char *wanted)
{
    size_t count = 0;
    for (size_t i = 0; i < texts->count; i++)
        count += strcmp(texts->items[i], wanted) == 0;
    return count;
}

int ka_selection_init(struct ka_selection *selection, const struct ka_selection_options *options,
                      const struct ka_texts *words, struct ka_error *error)
{
    *selection = (struct ka_selection){.filter = NULL};
    for (size_t i = 0; i < options->files.count; i++) {
        if (ka_texts_add(&selection->files, options->files.items[i], error) < 0)
            return KA_EXIT_FAILED;
    }
    size_t next = 0;
    while (next < words->count && is_file(words->items[next])) {
        if (ka_texts_add(&selection->files, words->items[next++], error) < 0)
            return KA_EXIT_FAILED;
    }
    if (selection->files.count > INPUTS_MAX) {
        ka_error_set(error, "too many files: %zu, at most %d can be read as one",
                     selection->files.count, INPUTS_MAX);
        return KA_EXIT_USAGE;
    }
    if (count_of(&selection->files, "-") > 1) {
        ka_error_set(error, "standard input (-) can be read once only");
        return KA_EXIT_USAGE;
    }
    for (size_t i = 0; i < options->interfaces.count; i++) {
        if (ka_texts_add(&selection->interfaces, options->interfaces.items[i], error) < 0)
            return KA_EXIT_FAILED;
    }
    if (selection->files.count > 0 && selection->interfaces.count > 0) {
        ka_error_set(error, "%s is a file and %s an interface; read the one or listen on the other",
                     selection->files.items[0], selection->interfaces.items[0]);
        return KA_EXIT_USAGE;
    }
    if (selection->files.count == 0 && selection->interfaces.count == 0) {
        const char *interface = next < words->count ? words->items[next++] : "any";
        if (!is_interface(interface))
            return neither(interface, options->files_only, error);
        if (ka_texts_add(&selection->interfaces, interface, error) < 0)
            return KA_EXIT_FAILED;
    }
    return take_filter(selection, options, words, next, error);
}

void ka_selection_fini(struct ka_selection *selection)
{
    free(selection->files.items);
    free(selection->interfaces.items);
    free(selection->filter);
    *selection = (struct ka_selection){.filter = NULL};
}

/* Opens all files; several become one source in time order. */
static int open_files(const struct ka_texts *files, const char *filter, struct ka_source **out,
                      struct ka_error *error)
{
    struct ka_source **sources = calloc(files->count, sizeof(struct ka_source *));
    if (sources == NULL)
        return ka_error_set(error, "cannot open %zu files: out of memory", files->count);
    size_t opened = 0;
    int status = 0;
    while (status == 0 && opened < files->count) {
        status = ka_file_open(files->items[opened], filter, &sources[opened], error);
        opened += status == 0;
    }
    if (status == 0 && opened == 1)
        *out = sources[0];
    else if (status == 0)
        status = ka_merge_open(sources, opened, out, error);
    if (status < 0) {
        for (size_t i = 0; i < opened; i++)
            ka_source_close(sources[i]);
    }
    free(sources);
    return status;
}

int ka_selection_open(const struct ka_selection *selection, const struct ka_listen_options *listen,
                      struct ka_source **out, struct ka_error *error)
{
    if (selection->interfaces.count > 0)
        return ka_listen_open(&selection->interfaces, selection->filter, listen, out, error);
    char *widened = NULL;
    if (selection->filter != NULL) {
        widened = ka_filter_widen(selection->filter);
        if (widened == NULL)
            return ka_error_set(error, "cannot widen the filter: out of memory");
    }
    int status = open_files(&selection->files, widened, out, error);
    free(widened);
    return status;
}
