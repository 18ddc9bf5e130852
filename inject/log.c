/* SPDX-License-Identifier: BSD-2-Clause */
#include "inject/log.h"

#include "base/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ka_probe_log {
    int fd;
    bool broken;
    char path[]; /* for messages */
};

/* A line that an earlier run could not finish, for want of room, must not swallow the first of this
 * one. Where the file cannot be read that is not known. A failure shows at the first line. */
static void end_cut_line(const struct ka_probe_log *log)
{
    struct stat status;
    char last = '\n';
    int fd = open(log->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return;
    bool ends = fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0 ||
                pread(fd, &last, 1, status.st_size - 1) != 1 || last == '\n';
    close(fd);
    if (!ends)
        (void)ka_write_all(log->fd, "\n", 1);
}

struct ka_probe_log *ka_probe_log_open(const char *path, struct ka_error *error)
{
    struct ka_probe_log *log = malloc(sizeof(*log) + strlen(path) + 1);
    if (log == NULL) {
        ka_error_set(error, "there is no memory for the log of probes");
        return NULL;
    }
    log->broken = false;
    memcpy(log->path, path, strlen(path) + 1);
    /* Not to wait for the reader of a pipe, now or at each line. */
    log->fd = open(
        path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
    if (log->fd < 0) {
        ka_error_set(error,
                     "the log of probes '%s' cannot be opened: %s; nothing is sent without one "
                     "(--log FILE chooses another)",
                     path,
                     errno == ELOOP   ? "it is a link"
                     : errno == ENXIO ? "it is a pipe that nobody reads"
                                      : strerror(errno));
        free(log);
        return NULL;
    }
    end_cut_line(log);
    return log;
}

int ka_probe_log_close(struct ka_probe_log *log, struct ka_error *error)
{
    if (log == NULL)
        return 0;
    int status = close(log->fd);
    if (status != 0)
        ka_error_set(error, "the log of probes '%s' cannot be closed: %s", log->path,
                     strerror(errno));
    free(log);
    return status != 0 ? -1 : 0;
}

/* One write a line, so that several writers do not mix theirs (O_APPEND). */
static int append(struct ka_probe_log *log, ka_time now, const char *word, const char *rest,
                  struct ka_error *error)
{
    char line[KA_TIME_TEXT_SIZE + KA_LINE_SIZE + 32];
    char stamp[KA_TIME_TEXT_SIZE];
    if (log->broken)
        return ka_error_set(error, "the log of probes '%s' failed before", log->path);
    ka_time_rfc3339(now, 6, stamp);
    int length = snprintf(line, sizeof(line) - 1, "%s %s %s", stamp, word, rest);
    if (length >= (int)sizeof(line) - 1)
        length = (int)sizeof(line) - 2;
    for (int i = 0; i < length; i++)
        if (line[i] < ' ' || line[i] > '~')
            line[i] = '?';
    line[length++] = '\n';
    ssize_t written;
    do {
        written = write(log->fd, line, (size_t)length);
    } while (written < 0 && errno == EINTR);
    if (written == length)
        return 0;
    log->broken = true;
    return ka_error_set(error, "the log of probes '%s' cannot be written: %s; nothing more is sent",
                        log->path, written < 0 ? strerror(errno) : "it is cut off");
}

int ka_probe_log_ask(struct ka_probe_log *log, ka_time now, const struct ka_request *request,
                     struct ka_error *error)
{
    char line[KA_LINE_SIZE];
    ka_request_text(request, line);
    return append(log, now, "ask", line, error);
}

int ka_probe_log_reply(struct ka_probe_log *log, ka_time now, const struct ka_reply *reply,
                       struct ka_error *error)
{
    char line[KA_LINE_SIZE];
    ka_reply_text(reply, line);
    return append(log, now, "reply", line, error);
}

int ka_probe_log_outcome(struct ka_probe_log *log, ka_time now, uint32_t id, const char *text,
                         struct ka_error *error)
{
    char line[KA_LINE_SIZE];
    snprintf(line, sizeof(line), "id=%u %s", id, text);
    return append(log, now, "outcome", line, error);
}
