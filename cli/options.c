/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/options.h"

#include "base/time.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* How an option was written, for messages: "--count" or "-c". */
enum { SPELLING_SIZE = 64 };

/* A parse under way. */
struct parse {
    const struct ka_option_set *sets;
    const char *const *argv;
    size_t count;
    size_t next;
    uint8_t *options;
    struct ka_error *error;
};

int ka_texts_add(struct ka_texts *texts, const char *text, struct ka_error *error)
{
    const char **items = realloc(texts->items, (texts->count + 1) * sizeof(*items));
    if (items == NULL)
        return ka_error_set(error, "cannot keep the argument '%s': out of memory", text);
    items[texts->count++] = text;
    texts->items = items;
    return 0;
}

static int out_of_range(const struct ka_option *option, const char *spelling, const char *text,
                        struct ka_error *error)
{
    if (option->kind != KA_ARG_DURATION)
        return ka_error_set(error, "%s %s: must lie between %" PRId64 " and %" PRId64, spelling,
                            text, option->min, option->max);
    char least[KA_TIME_TEXT_SIZE];
    char most[KA_TIME_TEXT_SIZE];
    ka_duration_text(option->min, least);
    ka_duration_text(option->max, most);
    return ka_error_set(error, "%s %s: must lie between %s and %s", spelling, text, least, most);
}

static bool has_range(const struct ka_option *option)
{
    return option->min != 0 || option->max != 0;
}

static bool in_range(const struct ka_option *option, int64_t value)
{
    return !has_range(option) || (value >= option->min && value <= option->max);
}

/* Digits only: strtoull would also take signs and blanks. */
static bool parse_digits(const char *text, const char **end, int64_t *out)
{
    if (text[0] < '0' || text[0] > '9')
        return false;
    char *stop;
    errno = 0;
    unsigned long long value = strtoull(text, &stop, 10);
    if (errno != 0 || value > INT64_MAX)
        return false;
    *end = stop;
    *out = (int64_t)value;
    return true;
}

/* True for a whole number below 0 or beyond what 64 bits hold, where the option has a range to
 * tell. */
static bool is_far_off(const struct ka_option *option, const char *text)
{
    if (text[0] == '-')
        text++;
    return has_range(option) && text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static int store_number(const struct ka_option *option, const char *spelling, const char *text,
                        void *target, struct ka_error *error)
{
    const char *end;
    int64_t value;
    bool good = parse_digits(text, &end, &value) && *end == '\0';
    if (!good && !is_far_off(option, text))
        return ka_error_set(error, "%s %s: not a whole number", spelling, text);
    if (!good || !in_range(option, value))
        return out_of_range(option, spelling, text, error);
    *(uint64_t *)target = (uint64_t)value;
    return 0;
}

static int store_size(const struct ka_option *option, const char *spelling, const char *text,
                      void *target, struct ka_error *error)
{
    static const char units[] = "KMGT";
    const char *end;
    int64_t value;
    bool good = parse_digits(text, &end, &value);
    if (good && *end != '\0') {
        const char *unit = memchr(units, *end & ~0x20, strlen(units));
        int shift = unit == NULL ? 0 : 10 * (int)(unit - units + 1);
        good = unit != NULL && end[1] == '\0' && value <= INT64_MAX >> shift;
        if (good)
            value <<= shift;
    }
    if (!good && !is_far_off(option, text))
        return ka_error_set(error, "%s %s: not a size; write bytes, or a number with K, M or G",
                            spelling, text);
    if (!good || !in_range(option, value))
        return out_of_range(option, spelling, text, error);
    *(uint64_t *)target = (uint64_t)value;
    return 0;
}

static int store_duration(const struct ka_option *option, const char *spelling, const char *text,
                          void *target, struct ka_error *error)
{
    ka_time value;
    if (!ka_duration_parse(text, &value))
        return ka_error_set(error, "%s %s: not a duration; write 90s, 10m or 2h", spelling, text);
    if (!in_range(option, value))
        return out_of_range(option, spelling, text, error);
    *(ka_time *)target = value;
    return 0;
}

/* Finds the value named by `length` characters of `text`; -1 when there is none. */
static int find_value(const struct ka_option *option, const char *text, size_t length)
{
    const char *name;
    for (unsigned i = 0; (name = option->value(i)) != NULL; i++) {
        if (strlen(name) == length && memcmp(name, text, length) == 0)
            return (int)i;
    }
    return -1;
}

static int unknown_value(const struct ka_option *option, const char *spelling, const char *text,
                         size_t length, struct ka_error *error)
{
    char list[256] = "";
    const char *name;
    for (unsigned i = 0; (name = option->value(i)) != NULL; i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof(list) - used, "%s%s", i == 0 ? "" : ", ", name);
    }
    return ka_error_set(error, "%s: unknown value '%.*s'; it may be %s", spelling, (int)length,
                        text, list);
}

static int store_enum(const struct ka_option *option, const char *spelling, const char *text,
                      void *target, struct ka_error *error)
{
    int value = find_value(option, text, strlen(text));
    if (value < 0)
        return unknown_value(option, spelling, text, strlen(text), error);
    *(unsigned *)target = (unsigned)value;
    return 0;
}

static int store_set(const struct ka_option *option, const char *spelling, const char *text,
                     void *target, struct ka_error *error)
{
    uint32_t set = 0;
    for (;;) {
        size_t length = strcspn(text, ",");
        int value = find_value(option, text, length);
        if (value < 0)
            return unknown_value(option, spelling, text, length, error);
        set |= UINT32_C(1) << value;
        if (text[length] == '\0')
            break;
        text += length + 1;
    }
    *(uint32_t *)target |= set;
    return 0;
}

static int store_text(const struct ka_option *option, const char *spelling, const char *text,
                      void *target, struct ka_error *error)
{
    (void)option;
    if (text[0] == '\0')
        return ka_error_set(error, "%s: its argument is empty", spelling);
    *(const char **)target = text;
    return 0;
}

static int store_texts(const struct ka_option *option, const char *spelling, const char *text,
                       void *target, struct ka_error *error)
{
    const char *checked = NULL;
    if (store_text(option, spelling, text, &checked, error) < 0)
        return -1;
    return ka_texts_add(target, checked, error);
}

static int store(struct parse *parse, const struct ka_option *option, size_t base,
                 const char *spelling, const char *text)
{
    static int (*const stores[KA_ARG_KIND_COUNT])(const struct ka_option *, const char *,
                                                  const char *, void *, struct ka_error *) = {
        [KA_ARG_TEXT] = store_text,     [KA_ARG_TEXTS] = store_texts,
        [KA_ARG_NUMBER] = store_number, [KA_ARG_DURATION] = store_duration,
        [KA_ARG_SIZE] = store_size,     [KA_ARG_ENUM] = store_enum,
        [KA_ARG_SET] = store_set,
    };
    void *target = parse->options + base + option->offset;
    if (option->kind == KA_ARG_FLAG) {
        *(bool *)target = true;
        return 0;
    }
    return stores[option->kind](option, spelling, text, target, parse->error);
}

/* Finds the row with this long name of `length` characters, or with this letter. */
static const struct ka_option *find_option(const struct ka_option_set *sets, const char *name,
                                           size_t length, char letter, size_t *base)
{
    for (; sets->rows != NULL; sets++) {
        for (const struct ka_option *row = sets->rows; row->help != NULL; row++) {
            bool by_name = length > 0 && row->name != NULL && strlen(row->name) == length &&
                           memcmp(row->name, name, length) == 0;
            if (by_name || (letter != 0 && row->letter == letter)) {
                *base = sets->offset;
                return row;
            }
        }
    }
    return NULL;
}

static const char *option_name(const void *context, size_t index)
{
    const struct ka_option_set *sets = context;
    for (; sets->rows != NULL; sets++) {
        for (const struct ka_option *row = sets->rows; row->help != NULL; row++) {
            if (row->name != NULL && index-- == 0)
                return row->name;
        }
    }
    return NULL;
}

static int unknown_option(struct parse *parse, const char *name, size_t length)
{
    char word[SPELLING_SIZE];
    snprintf(word, sizeof(word), "%.*s", (int)length, name);
    const char *nearest = ka_nearest(word, option_name, parse->sets);
    if (nearest == NULL)
        return ka_error_set(parse->error, "unknown option '--%s'", word);
    return ka_error_set(parse->error, "unknown option '--%s': did you mean --%s?", word, nearest);
}

/* The value of an option: `attached` if there is one, else the next word. */
static int take_value(struct parse *parse, const struct ka_option *option, size_t base,
                      const char *spelling, const char *attached)
{
    if (option->kind == KA_ARG_FLAG && attached != NULL)
        return ka_error_set(parse->error, "%s takes no value, but '%s' was given", spelling,
                            attached);
    if (option->kind != KA_ARG_FLAG && attached == NULL) {
        if (parse->next == parse->count)
            return ka_error_set(parse->error, "%s wants an argument: %s", spelling, option->arg);
        attached = parse->argv[parse->next++];
    }
    return store(parse, option, base, spelling, attached);
}

static int parse_long(struct parse *parse, const char *name)
{
    size_t length = strcspn(name, "=");
    size_t base;
    const struct ka_option *option = find_option(parse->sets, name, length, 0, &base);
    if (option == NULL)
        return unknown_option(parse, name, length);
    char spelling[SPELLING_SIZE];
    snprintf(spelling, sizeof(spelling), "--%s", option->name);
    return take_value(parse, option, base, spelling,
                      name[length] == '=' ? name + length + 1 : NULL);
}

static int parse_letters(struct parse *parse, const char *letters)
{
    for (; *letters != '\0'; letters++) {
        char spelling[] = {'-', *letters, '\0'};
        size_t base;
        const struct ka_option *option = find_option(parse->sets, "", 0, *letters, &base);
        if (option == NULL)
            return ka_error_set(parse->error, "unknown option '%s'", spelling);
        bool takes = option->kind != KA_ARG_FLAG;
        const char *attached = takes && letters[1] != '\0' ? letters + 1 : NULL;
        if (take_value(parse, option, base, spelling, attached) < 0)
            return -1;
        if (takes)
            break;
    }
    return 0;
}

static bool is_word(const char *argument)
{
    return argument[0] != '-' || argument[1] == '\0';
}

int ka_options_parse(const struct ka_option_set *sets, const char *const *argv, size_t count,
                     void *options, struct ka_texts *words, struct ka_error *error)
{
    struct parse parse = {
        .sets = sets, .argv = argv, .count = count, .options = options, .error = error};
    bool ended = false;
    while (parse.next < count) {
        const char *argument = argv[parse.next++];
        int result = 0;
        if (ended || is_word(argument))
            result = ka_texts_add(words, argument, error);
        else if (strcmp(argument, "--") == 0)
            ended = true;
        else if (argument[1] == '-')
            result = parse_long(&parse, argument + 2);
        else
            result = parse_letters(&parse, argument + 1);
        if (result < 0)
            return -1;
    }
    return 0;
}

void ka_options_release(const struct ka_option_set *sets, void *options, struct ka_texts *words)
{
    for (; sets->rows != NULL; sets++) {
        for (const struct ka_option *row = sets->rows; row->help != NULL; row++) {
            if (row->kind != KA_ARG_TEXTS)
                continue;
            void *target = (uint8_t *)options + sets->offset + row->offset;
            struct ka_texts *texts = target;
            free(texts->items);
            *texts = (struct ka_texts){.count = 0};
        }
    }
    free(words->items);
    *words = (struct ka_texts){.count = 0};
}

bool ka_options_takes_next(const struct ka_option_set *sets, const char *argument)
{
    size_t base;
    const struct ka_option *option;
    if (is_word(argument))
        return false;
    if (argument[1] == '-') {
        option = find_option(sets, argument + 2, strlen(argument + 2), 0, &base);
        return option != NULL && option->kind != KA_ARG_FLAG;
    }
    for (argument++; *argument != '\0'; argument++) {
        option = find_option(sets, "", 0, *argument, &base);
        if (option == NULL)
            return false;
        if (option->kind != KA_ARG_FLAG)
            return argument[1] == '\0';
    }
    return false;
}
