/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/ahead.h"

#include "base/threads.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PIECES = 4, PIECE_SIZE = 256 * 1024 };

struct piece {
    uint8_t *space; /* KA_AHEAD_FRONT bytes, then PIECE_SIZE */
    uint8_t *bytes; /* the latter */
    size_t at;
    size_t used;
    enum ka_bytes status; /* KA_BYTES_SOME, or how it ended */
    struct ka_error error;
};

struct ka_ahead {
    struct ka_unpack *unpack;
    pthread_t thread;
    pthread_mutex_t lock; /* guards the three below; a piece belongs to one side at a time */
    pthread_cond_t changed;
    unsigned filled; /* pieces the thread has finished, ever */
    unsigned emptied;
    bool stop;
    bool lent; /* the first piece was handed out as it is; the reader's alone */
    struct piece pieces[PIECES];
};

/* True when the piece may be filled, false when the reader wants no more. */
static bool await_room(struct ka_ahead *ahead)
{
    pthread_mutex_lock(&ahead->lock);
    while (!ahead->stop && ahead->filled - ahead->emptied == PIECES)
        pthread_cond_wait(&ahead->changed, &ahead->lock);
    bool go_on = !ahead->stop;
    pthread_mutex_unlock(&ahead->lock);
    return go_on;
}

static void count_up(struct ka_ahead *ahead, unsigned *counter)
{
    pthread_mutex_lock(&ahead->lock);
    (*counter)++;
    pthread_cond_broadcast(&ahead->changed);
    pthread_mutex_unlock(&ahead->lock);
}

static void *work(void *argument)
{
    struct ka_ahead *ahead = argument;
    unsigned next = 0;
    enum ka_bytes status = KA_BYTES_NONE;
    while ((status == KA_BYTES_SOME || status == KA_BYTES_NONE) && await_room(ahead)) {
        struct piece *piece = &ahead->pieces[next % PIECES];
        piece->at = 0;
        piece->used = 0;
        status =
            ka_unpack_read(ahead->unpack, piece->bytes, PIECE_SIZE, &piece->used, &piece->error);
        if (status == KA_BYTES_NONE)
            continue;
        piece->status = status;
        next++;
        count_up(ahead, &ahead->filled);
    }
    return NULL;
}

static void destroy(struct ka_ahead *ahead)
{
    pthread_cond_destroy(&ahead->changed);
    pthread_mutex_destroy(&ahead->lock);
    for (unsigned i = 0; i < PIECES; i++)
        free(ahead->pieces[i].space);
    free(ahead);
}

struct ka_ahead *ka_ahead_start(struct ka_unpack *unpack)
{
    struct ka_ahead *ahead = calloc(1, sizeof(*ahead));
    if (ahead == NULL)
        return NULL;
    ahead->unpack = unpack;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&ahead->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&ahead->lock, NULL);
    bool ok = true;
    for (unsigned i = 0; i < PIECES; i++) {
        struct piece *piece = &ahead->pieces[i];
        piece->space = malloc(KA_AHEAD_FRONT + PIECE_SIZE);
        if (piece->space == NULL)
            ok = false;
        else
            piece->bytes = piece->space + KA_AHEAD_FRONT;
    }
    if (ok && ka_thread_start(&ahead->thread, work, ahead))
        return ahead;
    destroy(ahead);
    return NULL;
}

/* True when so many pieces are there to be read. */
static bool await_pieces(struct ka_ahead *ahead, unsigned count)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += KA_BYTES_PATIENCE_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    pthread_mutex_lock(&ahead->lock);
    int result = 0;
    while (ahead->filled - ahead->emptied < count && result == 0)
        result = pthread_cond_timedwait(&ahead->changed, &ahead->lock, &until);
    bool there = ahead->filled - ahead->emptied >= count;
    pthread_mutex_unlock(&ahead->lock);
    return there;
}

/* How it ended, where there is no more; the last piece stays. */
static enum ka_bytes status_of(const struct piece *piece, struct ka_error *error)
{
    if (piece->status != KA_BYTES_SOME && error != NULL)
        *error = piece->error;
    return piece->status;
}

static void give_back(struct ka_ahead *ahead)
{
    if (ahead->lent)
        count_up(ahead, &ahead->emptied);
    ahead->lent = false;
}

enum ka_bytes ka_ahead_next(struct ka_ahead *ahead, const uint8_t **at, size_t *have,
                            struct ka_error *error)
{
    unsigned index = ahead->emptied + ahead->lent;
    if (!await_pieces(ahead, 1 + ahead->lent))
        return KA_BYTES_NONE;
    struct piece *piece = &ahead->pieces[index % PIECES];
    if (piece->status != KA_BYTES_SOME)
        return status_of(piece, error);
    uint8_t *start = piece->bytes + piece->at - *have;
    if (*have > 0)
        memcpy(start, *at, *have);
    *at = start;
    *have += piece->used - piece->at;
    give_back(ahead);
    ahead->lent = true;
    return KA_BYTES_SOME;
}

enum ka_bytes ka_ahead_read(struct ka_ahead *ahead, uint8_t *out, size_t size, size_t *got,
                            struct ka_error *error)
{
    give_back(ahead);
    if (!await_pieces(ahead, 1))
        return KA_BYTES_NONE;
    struct piece *piece = &ahead->pieces[ahead->emptied % PIECES];
    if (piece->status != KA_BYTES_SOME)
        return status_of(piece, error);
    size_t left = piece->used - piece->at;
    size_t count = left < size ? left : size;
    memcpy(out, piece->bytes + piece->at, count);
    piece->at += count;
    if (piece->at == piece->used)
        count_up(ahead, &ahead->emptied);
    *got = count;
    return KA_BYTES_SOME;
}

void ka_ahead_stop(struct ka_ahead *ahead)
{
    if (ahead == NULL)
        return;
    pthread_mutex_lock(&ahead->lock);
    ahead->stop = true;
    pthread_cond_broadcast(&ahead->changed);
    pthread_mutex_unlock(&ahead->lock);
    pthread_join(ahead->thread, NULL);
    destroy(ahead);
}
