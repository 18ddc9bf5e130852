/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/gen/script.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_form {
    FORM_SWITCH, /* bool at offset */
    FORM_INTEGER,
    FORM_NUMBER, /* struct ka_script_number */
    FORM_SECONDS,
    FORM_TEXT,
    FORM_DATA,
    FORM_PAIR, /* two integers, "-1:0" */
    FORM_REPEAT,
};

struct option {
    const char *name;
    enum option_form form;
    unsigned given;
    size_t offset;
};

#define AT(member) offsetof(struct ka_script_line, member)

static const struct option options[] = {
    {"seq", FORM_NUMBER, 0, AT(seq)},
    {"ack", FORM_NUMBER, 0, AT(ack)},
    {"len", FORM_INTEGER, 0, AT(length)},
    {"data", FORM_DATA, KA_GIVEN_DATA, AT(data)},
    {"win", FORM_INTEGER, KA_GIVEN_WINDOW, AT(window)},
    {"ttl", FORM_INTEGER, KA_GIVEN_TTL, AT(ttl)},
    {"ipid", FORM_INTEGER, KA_GIVEN_IP_ID, AT(ip_id)},
    {"tsval", FORM_INTEGER, 0, AT(tsval)},
    {"tsecr", FORM_INTEGER, 0, AT(tsecr)},
    {"mss", FORM_INTEGER, 0, AT(mss)},
    {"wscale", FORM_INTEGER, KA_GIVEN_WSCALE, AT(wscale)},
    {"sack", FORM_PAIR, KA_GIVEN_SACK, AT(sack)},
    {"ports", FORM_PAIR, KA_GIVEN_PORT, AT(port)},
    {"isn", FORM_PAIR, KA_GIVEN_ISN, AT(isn)},
    {"like", FORM_INTEGER, 0, AT(like)},
    {"from", FORM_INTEGER, 0, AT(host)},
    {"bytes", FORM_INTEGER, 0, AT(quote_bytes)},
    {"every", FORM_SECONDS, 0, AT(every)},
    {"repeat", FORM_REPEAT, 0, AT(repeat)},
    {"of", FORM_TEXT, 0, AT(of)},
    {"lost", FORM_SWITCH, 0, AT(lost)},
    {"dropped", FORM_SWITCH, 0, AT(dropped)},
    {"nots", FORM_SWITCH, 0, AT(no_timestamps)},
    {"nosack", FORM_SWITCH, 0, AT(no_sack)},
    {"dsack", FORM_SWITCH, 0, AT(dsack)},
    {"nolength", FORM_SWITCH, 0, AT(total_length_zero)},
    {"midstream", FORM_SWITCH, 0, AT(midstream)},
};

static bool parse_integer(const char *text, int64_t *out)
{
    char *end;
    long long value = strtoll(text, &end, 0);
    if (end == text || *end != '\0')
        return false;
    *out = value;
    return true;
}

static bool parse_seconds(const char *text, ka_time *out)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0')
        return false;
    *out = (ka_time)llround(value * 1e6) * KA_MICROSECOND;
    return true;
}

static bool parse_number(const char *text, struct ka_script_number *out)
{
    static const struct {
        const char *prefix;
        enum ka_script_base base;
    } bases[] = {{"una", KA_BASE_UNA}, {"isn", KA_BASE_ISN}, {"raw:", KA_BASE_RAW}};
    struct ka_script_number number = {.base = KA_BASE_USUAL};
    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
        size_t length = strlen(bases[i].prefix);
        if (strncmp(text, bases[i].prefix, length) == 0) {
            number.base = bases[i].base;
            text += length;
            break;
        }
    }
    if (*text != '\0' && !parse_integer(text, &number.offset))
        return false;
    *out = number;
    return true;
}

static bool parse_pair(char *text, int64_t *out)
{
    char *colon = strchr(text, ':');
    if (colon == NULL)
        return false;
    *colon = '\0';
    return parse_integer(text, &out[0]) && parse_integer(colon + 1, &out[1]);
}

static bool parse_data(const char *text, struct ka_script_line *line)
{
    size_t digits = strlen(text);
    if (digits == 0 || digits % 2 != 0 || digits / 2 > sizeof(line->data))
        return false;
    for (size_t i = 0; i < digits / 2; i++) {
        unsigned byte;
        if (sscanf(text + 2 * i, "%2x", &byte) != 1)
            return false;
        line->data[i] = (uint8_t)byte;
    }
    line->length = (int64_t)(digits / 2);
    return true;
}

static bool parse_text(const char *text, char *out)
{
    if (*text == '\0' || strlen(text) >= KA_SCRIPT_LABEL)
        return false;
    strcpy(out, text);
    return true;
}

static bool apply_option(const struct option *option, char *value, struct ka_script_line *line)
{
    void *at = (char *)line + option->offset;
    int64_t count;
    line->given |= option->given;
    if ((option->form == FORM_SWITCH) != (value == NULL))
        return false;
    switch (option->form) {
    case FORM_SWITCH:
        *(bool *)at = true;
        return true;
    case FORM_INTEGER:
        return parse_integer(value, at);
    case FORM_NUMBER:
        return parse_number(value, at);
    case FORM_SECONDS:
        return parse_seconds(value, at);
    case FORM_TEXT:
        return parse_text(value, at);
    case FORM_DATA:
        return parse_data(value, line);
    case FORM_PAIR:
        return parse_pair(value, at);
    case FORM_REPEAT:
        if (!parse_integer(value, &count) || count < 1 || count > 100000)
            return false;
        line->repeat = (unsigned)count;
        return true;
    }
    return false;
}

static bool parse_option(char *word, struct ka_script_line *line)
{
    char *value = strchr(word, '=');
    if (value != NULL)
        *value++ = '\0';
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (strcmp(options[i].name, word) == 0)
            return apply_option(&options[i], value, line);
    }
    return false;
}

/* Flags as tcpdump writes them: "S", "S.", ".", "P.", "F.", "R". */
static bool parse_flags(const char *text, uint8_t *out)
{
    static const char letters[] = "FSRP.UEW";
    uint8_t flags = 0;
    if (strcmp(text, "none") == 0) {
        *out = 0;
        return true;
    }
    for (; *text != '\0'; text++) {
        const char *letter = strchr(letters, *text);
        if (letter == NULL)
            return false;
        flags |= (uint8_t)(1U << (letter - letters));
    }
    *out = flags;
    return true;
}

/* "C", "S", "C2": the side and which connection. */
static bool parse_side(const char *text, struct ka_script_line *line)
{
    int64_t connection = 1;
    if ((text[0] != 'C' && text[0] != 'S') ||
        (text[1] != '\0' && !parse_integer(text + 1, &connection)) || connection < 1 ||
        connection > KA_SCRIPT_CONNECTIONS)
        return false;
    line->side = text[0] == 'S';
    line->connection = (uint8_t)(connection - 1);
    return true;
}

/* The words between the time and the options; returns false when they make no sense. */
static bool parse_head(char **rest, struct ka_script_line *line)
{
    const char *word = strtok_r(NULL, " \t", rest);
    if (word == NULL)
        return false;
    if (strcmp(word, "handshake") == 0 || strcmp(word, "connection") == 0) {
        line->kind = *word == 'h' ? KA_SCRIPT_HANDSHAKE : KA_SCRIPT_CONNECTION;
        word = strtok_r(NULL, " \t", rest);
        return word != NULL && parse_side(word, line);
    }
    if (strcmp(word, "copy") == 0) {
        line->kind = KA_SCRIPT_COPY;
        word = strtok_r(NULL, " \t", rest);
        return word != NULL && parse_text(word, line->of);
    }
    if (strcmp(word, "icmp") == 0) {
        line->kind = KA_SCRIPT_ICMP;
        const char *what = strtok_r(NULL, " \t", rest);
        word = strtok_r(NULL, " \t", rest);
        return what != NULL && word != NULL && parse_text(what, line->what) &&
               parse_side(word, line);
    }
    line->kind = KA_SCRIPT_SEGMENT;
    if (!parse_side(word, line))
        return false;
    word = strtok_r(NULL, " \t", rest);
    return word != NULL && parse_flags(word, &line->flags);
}

/* One line "[label:] TIME WORDS OPTIONS". Returns the word that is wrong, or NULL. */
static const char *parse_line(char *text, ka_time previous, struct ka_script_line *line)
{
    char *rest;
    char *word = strtok_r(text, " \t", &rest);
    size_t length = strlen(word);
    line->repeat = 1;
    line->quote_bytes = 1500;
    if (word[length - 1] == ':') {
        word[length - 1] = '\0';
        if (!parse_text(word, line->label))
            return word;
        word = strtok_r(NULL, " \t", &rest);
        if (word == NULL)
            return "label without a packet";
    }
    if (!parse_seconds(word, &line->time))
        return word;
    if (*word == '+')
        line->time += previous;
    if (!parse_head(&rest, line))
        return "words after the time";
    while ((word = strtok_r(NULL, " \t", &rest)) != NULL) {
        if (!parse_option(word, line))
            return word;
    }
    return NULL;
}

static int append(struct ka_script *script, const struct ka_script_line *line,
                  struct ka_error *error)
{
    if ((script->count & (script->count - 1)) == 0) {
        size_t room = script->count == 0 ? 1 : 2 * script->count;
        struct ka_script_line *lines = realloc(script->lines, room * sizeof(*lines));
        if (lines == NULL)
            return ka_error_set(error, "out of memory");
        script->lines = lines;
    }
    script->lines[script->count++] = *line;
    return 0;
}

static int load_stream(FILE *stream, const char *path, struct ka_script *out,
                       struct ka_error *error)
{
    char text[512];
    bool inside = false;
    ka_time previous = 0;
    for (unsigned number = 1; fgets(text, sizeof(text), stream) != NULL; number++) {
        text[strcspn(text, "#\n")] = '\0';
        bool heading = strchr(" \t", text[0]) == NULL && strchr(text, ':') != NULL;
        if (strcmp(text, "packets:") == 0)
            inside = true;
        else if (inside && heading && strncmp(text, "expect", 6) == 0)
            break;
        if (!inside || strspn(text, " \t") == strlen(text) || strcmp(text, "packets:") == 0)
            continue;
        struct ka_script_line line = {.number = number};
        const char *wrong = parse_line(text, previous, &line);
        if (wrong != NULL)
            return ka_error_set(error, "%s:%u: cannot read '%s'", path, number, wrong);
        previous = line.time;
        if (append(out, &line, error) < 0)
            return -1;
    }
    return out->count > 0 ? 0 : ka_error_set(error, "%s: no packets", path);
}

int ka_script_load(const char *path, struct ka_script *out, struct ka_error *error)
{
    struct ka_script script = {.count = 0};
    FILE *stream = fopen(path, "r");
    if (stream == NULL)
        return ka_error_set(error, "cannot open %s", path);
    int result = load_stream(stream, path, &script, error);
    fclose(stream);
    if (result < 0)
        ka_script_fini(&script);
    else
        *out = script;
    return result;
}

void ka_script_fini(struct ka_script *script)
{
    free(script->lines);
    *script = (struct ka_script){.count = 0};
}
