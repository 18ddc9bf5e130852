/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/outbox.h"

#include "base/threads.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* A pipe that polls as ready takes PIPE_BUF bytes without blocking; so the thread never hangs. */
enum { PIECE = PIPE_BUF, PATIENCE_MS = 100, KEPT = 4096 };

static const char erase[] = "\r\033[K";

struct ka_outbox {
    int fd;
    FILE *stream;
    pthread_t thread;
    pthread_mutex_t lock; /* for all below */
    pthread_cond_t filled;
    pthread_cond_t emptied;
    bool ending; /* go when the queue is empty */
    bool over;   /* go now */
    bool shows;  /* a passing line is on the screen */
    size_t kept; /* room that only the last lines may use */
    int error;   /* errno of the write that failed; 0 none */
    uint64_t lost;
    size_t first; /* of the waiting bytes */
    size_t used;
    char bytes[KA_OUTBOX_ROOM];
};

/* --- the thread */

/* Writes a piece of what waits, without the lock, since nobody else takes bytes out. */
static void write_piece(struct ka_outbox *outbox)
{
    char piece[PIECE];
    size_t length = outbox->used < PIECE ? outbox->used : PIECE;
    size_t straight = KA_OUTBOX_ROOM - outbox->first;
    if (straight > length)
        straight = length;
    memcpy(piece, outbox->bytes + outbox->first, straight);
    memcpy(piece + straight, outbox->bytes, length - straight);
    pthread_mutex_unlock(&outbox->lock);
    struct pollfd ready = {.fd = outbox->fd, .events = POLLOUT};
    ssize_t written = 0;
    if (poll(&ready, 1, PATIENCE_MS) > 0)
        written = write(outbox->fd, piece, length);
    int reason = written < 0 && errno != EAGAIN && errno != EINTR ? errno : 0;
    pthread_mutex_lock(&outbox->lock);
    if (reason != 0)
        outbox->error = reason;
    if (written > 0) {
        outbox->first = (outbox->first + (size_t)written) % KA_OUTBOX_ROOM;
        outbox->used -= (size_t)written;
    }
}

static void *work(void *context)
{
    struct ka_outbox *outbox = context;
    pthread_mutex_lock(&outbox->lock);
    while (!outbox->over && outbox->error == 0) {
        if (outbox->used > 0) {
            write_piece(outbox);
            continue;
        }
        pthread_cond_broadcast(&outbox->emptied);
        if (outbox->ending)
            break;
        pthread_cond_wait(&outbox->filled, &outbox->lock);
    }
    pthread_cond_broadcast(&outbox->emptied);
    pthread_mutex_unlock(&outbox->lock);
    return NULL;
}

/* --- the queue */

static void append(struct ka_outbox *outbox, const char *bytes, size_t length)
{
    size_t at = (outbox->first + outbox->used) % KA_OUTBOX_ROOM;
    size_t straight = KA_OUTBOX_ROOM - at < length ? KA_OUTBOX_ROOM - at : length;
    memcpy(outbox->bytes + at, bytes, straight);
    memcpy(outbox->bytes, bytes + straight, length - straight);
    outbox->used += length;
    pthread_cond_signal(&outbox->filled);
}

static uint64_t count_lines(const char *bytes, size_t length)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < length; i++)
        lines += bytes[i] == '\n';
    return lines;
}

static bool fits(const struct ka_outbox *outbox, size_t length)
{
    return length + outbox->kept <= KA_OUTBOX_ROOM - outbox->used;
}

/* The stream's write function: takes all of it or nothing. */
static ssize_t enqueue(void *context, const char *bytes, size_t length)
{
    struct ka_outbox *outbox = context;
    pthread_mutex_lock(&outbox->lock);
    int reason = outbox->error;
    if (reason == 0 && fits(outbox, length + sizeof(erase))) {
        if (outbox->shows)
            append(outbox, erase, sizeof(erase) - 1);
        outbox->shows = false;
        append(outbox, bytes, length);
    } else if (reason == 0) {
        outbox->lost += count_lines(bytes, length);
    }
    pthread_mutex_unlock(&outbox->lock);
    if (reason == 0)
        return (ssize_t)length;
    errno = reason;
    return 0;
}

int ka_outbox_put(struct ka_outbox *outbox, const void *record, size_t size, struct ka_error *error)
{
    pthread_mutex_lock(&outbox->lock);
    int reason = outbox->error;
    bool taken = size == 0 || fits(outbox, size);
    if (reason == 0 && !taken)
        outbox->lost++;
    else if (reason == 0 && size > 0)
        append(outbox, record, size);
    pthread_mutex_unlock(&outbox->lock);
    if (reason != 0)
        return ka_error_set(error, "%s", strerror(reason));
    return taken;
}

void ka_outbox_take_last(struct ka_outbox *outbox)
{
    pthread_mutex_lock(&outbox->lock);
    outbox->kept = 0;
    pthread_mutex_unlock(&outbox->lock);
}

void ka_outbox_show(struct ka_outbox *outbox, const char *line)
{
    size_t length = strlen(line);
    pthread_mutex_lock(&outbox->lock);
    if (fits(outbox, length + sizeof(erase)) && (length > 0 || outbox->shows)) {
        append(outbox, erase, sizeof(erase) - 1);
        append(outbox, line, length);
        outbox->shows = length > 0;
    }
    pthread_mutex_unlock(&outbox->lock);
}

FILE *ka_outbox_stream(const struct ka_outbox *outbox)
{
    return outbox->stream;
}

uint64_t ka_outbox_lost(struct ka_outbox *outbox)
{
    pthread_mutex_lock(&outbox->lock);
    uint64_t lost = outbox->lost;
    pthread_mutex_unlock(&outbox->lock);
    return lost;
}

/* --- beginning and end */

static void init_conditions(struct ka_outbox *outbox)
{
    pthread_condattr_t attributes;
    pthread_mutex_init(&outbox->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&outbox->filled, &attributes);
    pthread_cond_init(&outbox->emptied, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void destroy(struct ka_outbox *outbox)
{
    if (outbox->stream != NULL)
        fclose(outbox->stream);
    pthread_cond_destroy(&outbox->filled);
    pthread_cond_destroy(&outbox->emptied);
    pthread_mutex_destroy(&outbox->lock);
    free(outbox);
}

int ka_outbox_open(int fd, struct ka_outbox **out, struct ka_error *error)
{
    struct ka_outbox *outbox = calloc(1, sizeof(*outbox));
    if (outbox == NULL)
        return ka_error_set(error, "no memory for the output");
    outbox->fd = fd;
    outbox->kept = KEPT;
    init_conditions(outbox);
    outbox->stream = fopencookie(outbox, "w", (cookie_io_functions_t){.write = enqueue});
    if (outbox->stream == NULL || setvbuf(outbox->stream, NULL, _IONBF, 0) != 0 ||
        !ka_thread_start(&outbox->thread, work, outbox)) {
        destroy(outbox);
        return ka_error_set(error, "cannot start the thread that writes the output");
    }
    *out = outbox;
    return 0;
}

int ka_outbox_close(struct ka_outbox *outbox, ka_time patience, struct ka_outbox_loss *loss,
                    struct ka_error *error)
{
    *loss = (struct ka_outbox_loss){.dropped = 0};
    if (outbox == NULL)
        return 0;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    ka_time end = until.tv_sec * KA_SECOND + until.tv_nsec + patience;
    until = (struct timespec){.tv_sec = end / KA_SECOND, .tv_nsec = end % KA_SECOND};
    pthread_mutex_lock(&outbox->lock);
    outbox->ending = true;
    pthread_cond_signal(&outbox->filled);
    while (outbox->used > 0 && outbox->error == 0 &&
           pthread_cond_timedwait(&outbox->emptied, &outbox->lock, &until) == 0)
        ;
    outbox->over = true;
    pthread_mutex_unlock(&outbox->lock);
    pthread_join(outbox->thread, NULL);
    loss->dropped = outbox->lost;
    loss->bytes = outbox->used;
    for (size_t i = 0; i < outbox->used; i++)
        loss->lines += outbox->bytes[(outbox->first + i) % KA_OUTBOX_ROOM] == '\n';
    int reason = outbox->error;
    destroy(outbox);
    if (reason != 0)
        return ka_error_set(error, "cannot write the output: %s; what follows is lost",
                            strerror(reason));
    return 0;
}
