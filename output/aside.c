/* SPDX-License-Identifier: BSD-2-Clause */
#include "output/aside.h"

#include "base/threads.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

struct ka_aside {
    FILE *stream;
    pthread_t thread;
    pthread_mutex_t lock; /* for all below; the text is the thread's while `count` is not 0 */
    pthread_cond_t changed;
    struct ka_text text;
    size_t count; /* bytes of it to be written */
    int error;    /* errno of the first failure; 0 none */
    bool stop;
};

static void *work(void *context)
{
    struct ka_aside *aside = context;
    pthread_mutex_lock(&aside->lock);
    while (aside->count > 0 || !aside->stop) {
        if (aside->count == 0) {
            pthread_cond_wait(&aside->changed, &aside->lock);
            continue;
        }
        int error = aside->error;
        pthread_mutex_unlock(&aside->lock);
        errno = 0;
        if (error == 0 && fwrite(aside->text.bytes, 1, aside->count, aside->stream) != aside->count)
            error = errno != 0 ? errno : EIO;
        pthread_mutex_lock(&aside->lock);
        aside->error = error;
        aside->count = 0;
        pthread_cond_signal(&aside->changed);
    }
    pthread_mutex_unlock(&aside->lock);
    return NULL;
}

static bool is_regular(FILE *stream)
{
    struct stat status;
    int fd = fileno(stream);
    return fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

struct ka_aside *ka_aside_start(FILE *stream)
{
    struct ka_aside *aside;
    if (!is_regular(stream) || ka_processors() < 2 || (aside = calloc(1, sizeof(*aside))) == NULL)
        return NULL;
    aside->stream = stream;
    aside->text = ka_text_growing();
    pthread_mutex_init(&aside->lock, NULL);
    pthread_cond_init(&aside->changed, NULL);
    if (ka_thread_start(&aside->thread, work, aside))
        return aside;
    pthread_cond_destroy(&aside->changed);
    pthread_mutex_destroy(&aside->lock);
    free(aside);
    return NULL;
}

int ka_aside_wait(struct ka_aside *aside)
{
    pthread_mutex_lock(&aside->lock);
    while (aside->count > 0)
        pthread_cond_wait(&aside->changed, &aside->lock);
    int error = aside->error;
    pthread_mutex_unlock(&aside->lock);
    return error;
}

int ka_aside_put(struct ka_aside *aside, struct ka_text *text, size_t count)
{
    int error = ka_aside_wait(aside);
    struct ka_text spare = aside->text; /* ours now that nothing is to be written */
    spare.used = 0;
    size_t rest = text->used - count;
    if (spare.size < text->size && !ka_text_grow(&spare, text->size)) {
        text->overflow = true;
        return error;
    }
    ka_text_put(&spare, text->bytes + count, rest);
    aside->text = *text;
    *text = spare;
    pthread_mutex_lock(&aside->lock);
    aside->count = count;
    pthread_cond_signal(&aside->changed);
    pthread_mutex_unlock(&aside->lock);
    return error;
}

void ka_aside_stop(struct ka_aside *aside)
{
    if (aside == NULL)
        return;
    pthread_mutex_lock(&aside->lock);
    aside->stop = true;
    pthread_cond_signal(&aside->changed);
    pthread_mutex_unlock(&aside->lock);
    pthread_join(aside->thread, NULL);
    pthread_cond_destroy(&aside->changed);
    pthread_mutex_destroy(&aside->lock);
    ka_text_free(&aside->text);
    free(aside);
}
