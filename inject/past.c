/* SPDX-License-Identifier: BSD-2-Clause */
#include "inject/past.h"

#include "inject/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* No more rows than lines: bounded by KA_PAST_BYTES. */
struct ka_past {
    struct ka_past_row *rows;
    size_t count;
    size_t room;
    size_t asked; /* index + 1 of the row that the last "ask" counted for; 0 none */
};

static struct ka_past_row *find(const struct ka_past *past, const struct ka_endpoint *src,
                                const struct ka_endpoint *dst)
{
    for (size_t i = 0; i < past->count; i++)
        if (ka_endpoint_equal(&past->rows[i].dst, dst) &&
            ka_endpoint_equal(&past->rows[i].src, src))
            return &past->rows[i];
    return NULL;
}

/* The same, making one where there is none. NULL when memory is short. */
static struct ka_past_row *get(struct ka_past *past, const struct ka_probe *probe)
{
    struct ka_past_row *row = find(past, &probe->src, &probe->dst);
    if (row != NULL)
        return row;
    if (past->count == past->room) {
        size_t room = past->room == 0 ? 64 : 2 * past->room;
        struct ka_past_row *rows = reallocarray(past->rows, room, sizeof(*rows));
        if (rows == NULL)
            return NULL;
        past->rows = rows;
        past->room = room;
    }
    row = &past->rows[past->count++];
    *row = (struct ka_past_row){.src = probe->src, .dst = probe->dst, .last = KA_TIME_NONE};
    return row;
}

/* A stamp as the log writes it, to the second. KA_TIME_NONE for anything else. */
static ka_time read_stamp(const char *text)
{
    struct tm tm = {.tm_isdst = 0};
    int used = 0;
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%*6dZ%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
               &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &used) != 6 ||
        used == 0)
        return KA_TIME_NONE;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    time_t seconds = timegm(&tm);
    return seconds >= 0 && seconds <= KA_TIME_MAX / KA_SECOND ? seconds * KA_SECOND : KA_TIME_NONE;
}

/* Takes one line, "TIME WORD REST". Returns -1 when memory is short. */
static int take_line(struct ka_past *past, char *line, ka_time now)
{
    struct ka_request request;
    uint32_t id;
    char *word = strchr(line, ' ');
    char *rest = word != NULL ? strchr(word + 1, ' ') : NULL;
    ka_time at = read_stamp(line);
    if (rest == NULL || at == KA_TIME_NONE || at > now || now - at > KA_PAST_AGE)
        return 0;
    *rest++ = '\0';
    word++;
    if (strcmp(word, "reply") == 0) {
        bool left = strncmp(rest, "refused ", 8) != 0 && strncmp(rest, "failed ", 7) != 0;
        if (!left && past->asked > 0 && past->rows[past->asked - 1].unanswered > 0)
            past->rows[past->asked - 1].unanswered--;
        past->asked = 0;
        return 0;
    }
    if (strcmp(word, "ask") != 0 || ka_request_parse(rest, &request, &id, NULL) != 0)
        return 0;
    if (request.verb == KA_ASK_PROBE && request.probe.kind == KA_PROBE_NUMBERLESS) {
        past->asked = 0;
        return 0;
    }
    struct ka_past_row *row = get(past, &request.probe);
    if (row == NULL)
        return -1;
    if (request.verb == KA_ASK_ANSWERED) {
        row->unanswered = 0;
        return 0;
    }
    row->unanswered++;
    row->last = at;
    past->asked = (size_t)(row - past->rows) + 1;
    return 0;
}

struct ka_past *ka_past_parse(const char *text, size_t size, ka_time now, struct ka_error *error)
{
    char line[KA_TIME_TEXT_SIZE + KA_LINE_SIZE + 32];
    struct ka_past *past = calloc(1, sizeof(*past));
    bool good = past != NULL;
    while (good && size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t length = end != NULL ? (size_t)(end - text) : size;
        if (end != NULL && length < sizeof(line)) {
            memcpy(line, text, length);
            line[length] = '\0';
            good = take_line(past, line, now) == 0;
        }
        length += end != NULL;
        text += length;
        size -= length;
    }
    if (good)
        return past;
    ka_past_free(past);
    ka_error_set(error, "there is no memory for what earlier runs have sent");
    return NULL;
}

static int cannot_read(const char *path, struct ka_error *error)
{
    return ka_error_set(error,
                        "the log of probes '%s' cannot be read: %s; whether earlier runs asked in "
                        "vain is not known",
                        path, strerror(errno));
}

/* The file's last KA_PAST_BYTES at most; the first line of them may be cut, and then makes no
 * sense. Returns how many; 0 where there is nothing to read, with a word in *error where there may
 * be something. */
static size_t read_tail(const char *path, char *out, struct ka_error *error)
{
    struct stat status;
    size_t size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        if (errno != ENOENT)
            cannot_read(path, error);
        return 0;
    }
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        off_t from = status.st_size > KA_PAST_BYTES ? status.st_size - KA_PAST_BYTES : 0;
        ssize_t got = 1;
        while (got > 0 && size < KA_PAST_BYTES) {
            got = pread(fd, out + size, KA_PAST_BYTES - size, from + (off_t)size);
            size += got > 0 ? (size_t)got : 0;
        }
        if (got < 0)
            cannot_read(path, error);
    }
    close(fd);
    return size;
}

struct ka_past *ka_past_read(const char *path, ka_time now, struct ka_error *error)
{
    char *text = malloc(KA_PAST_BYTES);
    if (text == NULL) {
        ka_error_set(error, "there is no memory for the end of the log '%s'", path);
        return NULL;
    }
    if (error != NULL)
        error->text[0] = '\0';
    struct ka_past *past = ka_past_parse(text, read_tail(path, text, error), now, error);
    free(text);
    return past;
}

void ka_past_free(struct ka_past *past)
{
    if (past == NULL)
        return;
    free(past->rows);
    free(past);
}

const struct ka_past_row *ka_past_find(const struct ka_past *past, const struct ka_endpoint *src,
                                       const struct ka_endpoint *dst)
{
    const struct ka_past_row *row = past != NULL ? find(past, src, dst) : NULL;
    return row != NULL && row->unanswered > 0 ? row : NULL;
}
