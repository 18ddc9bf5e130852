/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "cli/rotation.h"

#include "cli/outbox.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const uint64_t megabyte = 1000 * 1000;

/* How long a slow reader is waited for at the end; see also cli/view.c. */
static const ka_time last_patience = 250 * KA_MILLISECOND;

static const char application[] = "kasniff " PACKAGE_VERSION;

const struct ka_option ka_rotation_rows[] = {
    {.name = "write",
     .letter = 'w',
     .kind = KA_ARG_TEXT,
     .arg = "FILE",
     .offset = offsetof(struct ka_rotation_options, path),
     .group = "Recording",
     .help = "write the packets that matter to a pcapng file, each with a comment; - is stdout"},
    {.name = "file-size",
     .letter = 'C',
     .kind = KA_ARG_NUMBER,
     .arg = "MB",
     .offset = offsetof(struct ka_rotation_options, megabytes),
     .min = 1,
     .max = 1000 * 1000,
     .group = "Recording",
     .help = "begin another file after so many million bytes"},
    {.name = "file-seconds",
     .letter = 'G',
     .kind = KA_ARG_DURATION,
     .arg = "SECONDS",
     .offset = offsetof(struct ka_rotation_options, seconds),
     .min = KA_SECOND,
     .max = 366 * 86400 * KA_SECOND,
     .group = "Recording",
     .help = "begin another file after so long; its name is made by strftime"},
    {.name = "file-count",
     .letter = 'W',
     .kind = KA_ARG_NUMBER,
     .arg = "N",
     .offset = offsetof(struct ka_rotation_options, files),
     .min = 1,
     .max = 1000 * 1000,
     .group = "Recording",
     .help = "with -C: overwrite the oldest of N files; with -G: end after N files"},
    {.help = NULL},
};

/* A file, however it is named. */
struct identity {
    dev_t device;
    ino_t inode;
};

struct ka_rotation {
    const struct ka_rotation_options *options;
    struct ka_pcapng_writer *writer; /* NULL before the first frame */
    struct identity *inputs;
    size_t input_count;
    ka_time slot;    /* -G: when the present file's time began; KA_TIME_NONE before the first */
    uint64_t number; /* of the file within its slot, from 0 */
    uint64_t slots;  /* begun */
    bool never_waits;
    struct ka_outbox *outbox; /* before `writer`; NULL where it writes itself */
    char path[PATH_MAX];
};

/* The user's own format, so the compiler cannot check it. Returns the length, 0 where it does not
 * fit. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static size_t name_by_time(const char *format, ka_time time, char *out, size_t size)
{
    time_t second = (time_t)(time / KA_SECOND);
    struct tm parts;
    return localtime_r(&second, &parts) != NULL ? strftime(out, size, format, &parts) : 0;
}
#pragma GCC diagnostic pop

/* Whether two files in a row get one name: the time in it is coarser than -G, or the very same
 * every time. Which days they lie on does not matter, so that a ring of names is none. */
static bool repeats_names(const struct ka_rotation_options *options)
{
    enum { TRIED = 100 }; /* times the longest -G, a ka_time still holds them */
    char names[2][PATH_MAX];
    for (unsigned i = 0; i < TRIED; i++) {
        names[i % 2][0] = '\0';
        name_by_time(options->path, i * options->seconds, names[i % 2], sizeof(names[0]));
        if (i > 0 && strcmp(names[0], names[1]) == 0)
            return true;
    }
    return false;
}

int ka_rotation_check(const struct ka_rotation_options *options, struct ka_error *error)
{
    bool rotates = options->megabytes > 0 || options->seconds > 0;
    if (options->path == NULL && (rotates || options->files > 0))
        return ka_error_set(error, "-C, -G and -W are about the files of -w, which is missing");
    if (options->files > 0 && !rotates)
        return ka_error_set(error, "-W bounds the files that -C or -G begin; name one of them");
    if (rotates && strcmp(options->path, "-") == 0)
        return ka_error_set(error, "-w -: standard output is one file; leave out -C and -G");
    if (options->seconds > 0 && strchr(options->path, '%') == NULL)
        return ka_error_set(error,
                            "-G would overwrite %s again and again; put the time into the name, "
                            "such as %s-%%H%%M%%S",
                            options->path, options->path);
    if (options->seconds > 0 && repeats_names(options))
        return ka_error_set(error,
                            "-G would overwrite what it has just written: names made of %s do not "
                            "change each time; put a finer time into it, such as "
                            "%%Y%%m%%d-%%H%%M%%S",
                            options->path);
    return 0;
}

/* Notes which files are read. What cannot be looked at cannot be read either, which the reader
 * says. */
static void note_inputs(struct ka_rotation *rotation, const struct ka_texts *inputs)
{
    for (size_t i = 0; i < inputs->count; i++) {
        struct stat status;
        bool standard = strcmp(inputs->items[i], "-") == 0;
        if ((standard ? fstat(STDIN_FILENO, &status) : stat(inputs->items[i], &status)) == 0 &&
            S_ISREG(status.st_mode))
            rotation->inputs[rotation->input_count++] =
                (struct identity){status.st_dev, status.st_ino};
    }
}

int ka_rotation_create(const struct ka_rotation_options *options, const struct ka_texts *inputs,
                       struct ka_rotation **out, struct ka_error *error)
{
    struct ka_rotation *rotation = calloc(1, sizeof(*rotation));
    if (rotation != NULL)
        rotation->inputs = calloc(inputs->count + 1, sizeof(*rotation->inputs));
    if (rotation == NULL || rotation->inputs == NULL) {
        free(rotation);
        return ka_error_set(error, "%s: no memory to write it", options->path);
    }
    rotation->options = options;
    rotation->slot = KA_TIME_NONE;
    note_inputs(rotation, inputs);
    *out = rotation;
    return 0;
}

/* How many digits the numbers of a ring of files have, so that they sort. */
static int digits_of(uint64_t files)
{
    int digits = 1;
    for (files--; files >= 10; files /= 10)
        digits++;
    return digits;
}

/* Makes the name of the file that is due. */
static int name_file(struct ka_rotation *rotation, struct ka_error *error)
{
    const struct ka_rotation_options *options = rotation->options;
    char name[PATH_MAX];
    size_t length = strlen(options->path);
    if (options->seconds > 0) {
        length = name_by_time(options->path, rotation->slot, name, sizeof(name));
    } else if (length < sizeof(name)) {
        memcpy(name, options->path, length + 1);
    }
    int written = -1;
    if (length == 0 || length >= sizeof(name))
        written = -1;
    else if (options->megabytes > 0 && options->files > 0 && options->seconds == 0)
        written = snprintf(rotation->path, sizeof(rotation->path), "%s%0*" PRIu64, name,
                           digits_of(options->files), rotation->number % options->files);
    else if (rotation->number > 0)
        written =
            snprintf(rotation->path, sizeof(rotation->path), "%s%" PRIu64, name, rotation->number);
    else
        written = snprintf(rotation->path, sizeof(rotation->path), "%s", name);
    if (written < 0 || (size_t)written >= sizeof(rotation->path))
        return ka_error_set(error, "-w %.200s: no file name can be made of it", options->path);
    return 0;
}

static int refuse_inputs(const struct ka_rotation *rotation, struct ka_error *error)
{
    struct stat status;
    bool standard = strcmp(rotation->path, "-") == 0;
    if ((standard ? fstat(STDOUT_FILENO, &status) : stat(rotation->path, &status)) != 0)
        return 0;
    for (size_t i = 0; i < rotation->input_count; i++) {
        if (rotation->inputs[i].device == status.st_dev &&
            rotation->inputs[i].inode == status.st_ino)
            return ka_error_set(error,
                                "%s: is being read, too; writing would destroy it, so give -w "
                                "another name",
                                rotation->path);
    }
    return 0;
}

static int enqueue(void *context, const void *block, size_t size, struct ka_error *error)
{
    return ka_outbox_put(context, block, size, error);
}

/* Puts a queue before what may have a slow reader. */
static int add_queue(struct ka_rotation *rotation, struct ka_error *error)
{
    struct stat status;
    int fd = ka_pcapng_writer_descriptor(rotation->writer);
    if (!rotation->never_waits || (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)))
        return 0;
    if (ka_outbox_open(fd, &rotation->outbox, error) < 0)
        return -1;
    const struct ka_pcapng_queue queue = {.take = enqueue, .context = rotation->outbox};
    return ka_pcapng_writer_divert(rotation->writer, &queue, error);
}

/* Opens rotation->path, emptied or to be appended to. */
static int open_file(struct ka_rotation *rotation, bool append, struct ka_error *error)
{
    struct ka_error why = {.text = ""};
    if (refuse_inputs(rotation, error) < 0)
        return -1;
    int status = append
                     ? ka_pcapng_writer_append(rotation->path, application, &rotation->writer, &why)
                     : ka_pcapng_writer_open(rotation->path, application, &rotation->writer, &why);
    if (status < 0 && errno == EACCES)
        return ka_error_set(error,
                            "%.300s; files are created after root has been given up: name a "
                            "folder that user %u can write to, or a user with -Z",
                            why.text, (unsigned)geteuid());
    if (status < 0)
        return ka_error_set(error, "%s", why.text);
    return add_queue(rotation, error);
}

/* Waits a little for the reader. Packets that it lost are a failure: the file lacks them. */
static int close_queue(struct ka_rotation *rotation, struct ka_error *error)
{
    struct ka_outbox_loss loss;
    uint64_t packets = ka_pcapng_writer_dropped(rotation->writer);
    if (rotation->outbox == NULL)
        return 0;
    ka_pcapng_writer_divert(rotation->writer, NULL, NULL);
    int status = ka_outbox_close(rotation->outbox, last_patience, &loss, error);
    rotation->outbox = NULL;
    if (status < 0 || (packets == 0 && loss.bytes == 0))
        return status;
    return ka_error_set(error,
                        "-w %.200s: read too slowly: %" PRIu64 " packet%s dropped, and the last "
                        "%" PRIu64 " bytes were not read",
                        rotation->path, packets, packets == 1 ? " was" : "s were", loss.bytes);
}

static int close_file(struct ka_rotation *rotation, struct ka_error *error)
{
    struct ka_pcapng_writer *writer = rotation->writer;
    if (writer == NULL)
        return 0;
    int queued = close_queue(rotation, error);
    rotation->writer = NULL;
    int written = ka_pcapng_writer_close(writer, queued < 0 ? NULL : error);
    return queued < 0 ? queued : written;
}

/* True when the present file's time is over at `time`; begins the slot that `time` lies in. */
static bool begin_slot(struct ka_rotation *rotation, ka_time time)
{
    ka_time length = rotation->options->seconds;
    if (length == 0)
        return false;
    if (time == KA_TIME_NONE) /* a frame without a stamp goes where the others are */
        time = rotation->slot != KA_TIME_NONE ? rotation->slot : 0;
    if (rotation->slot != KA_TIME_NONE && time - rotation->slot < length)
        return false;
    rotation->slot =
        rotation->slot == KA_TIME_NONE ? time : time - (time - rotation->slot) % length;
    rotation->slots++;
    rotation->number = 0;
    return true;
}

static bool is_large(const struct ka_rotation *rotation)
{
    return rotation->options->megabytes > 0 && rotation->writer != NULL &&
           ka_pcapng_writer_size(rotation->writer) >= rotation->options->megabytes * megabyte;
}

enum ka_rotation_result ka_rotation_writer(struct ka_rotation *rotation, ka_time time,
                                           struct ka_pcapng_writer **out, struct ka_error *error)
{
    bool due = begin_slot(rotation, time);
    if (rotation->options->seconds > 0 && rotation->options->files > 0 &&
        rotation->slots > rotation->options->files)
        return KA_ROTATION_FULL;
    if (!due && is_large(rotation)) {
        due = true;
        rotation->number++;
    }
    if (due && close_file(rotation, error) < 0)
        return KA_ROTATION_FAILED;
    if (rotation->writer == NULL &&
        (name_file(rotation, error) < 0 || open_file(rotation, false, error) < 0))
        return KA_ROTATION_FAILED;
    *out = rotation->writer;
    return KA_ROTATION_GOES_ON;
}

void ka_rotation_never_wait(struct ka_rotation *rotation)
{
    rotation->never_waits = true;
}

uint64_t ka_rotation_lost(const struct ka_rotation *rotation)
{
    return rotation->writer != NULL ? ka_pcapng_writer_dropped(rotation->writer) : 0;
}

int ka_rotation_start(struct ka_rotation *rotation, ka_time now, struct ka_error *error)
{
    struct ka_pcapng_writer *writer;
    if (now == KA_TIME_NONE && rotation->options->seconds > 0)
        return 0;
    return ka_rotation_writer(rotation, now, &writer, error) == KA_ROTATION_FAILED ? -1 : 0;
}

enum ka_rotation_result ka_rotation_now(struct ka_rotation *rotation, ka_time now,
                                        struct ka_error *error)
{
    struct ka_pcapng_writer *writer;
    if (rotation->options->seconds == 0)
        return KA_ROTATION_GOES_ON;
    return ka_rotation_writer(rotation, now, &writer, error);
}

int ka_rotation_flush(struct ka_rotation *rotation, struct ka_error *error)
{
    return rotation->writer != NULL ? ka_pcapng_writer_flush(rotation->writer, error) : 0;
}

int ka_rotation_reopen(struct ka_rotation *rotation, struct ka_error *error)
{
    if (rotation->writer == NULL || rotation->outbox != NULL || strcmp(rotation->path, "-") == 0)
        return ka_rotation_flush(rotation, error);
    if (close_file(rotation, error) < 0)
        return -1;
    return open_file(rotation, true, error);
}

int ka_rotation_close(struct ka_rotation *rotation, struct ka_error *error)
{
    if (rotation == NULL)
        return 0;
    int status = close_file(rotation, error);
    free(rotation->inputs);
    free(rotation);
    return status;
}
