/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/whole_file.h"

#include "base/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODE = 0666 };

static int fail(struct ka_error *error, const char *path, const char *what)
{
    const char *hint =
        errno == EACCES || errno == EPERM
            ? " (started by root, kasniff gives its rights up before it reads; choose "
              "a directory that the user it becomes may write, or the user by -Z)"
            : "";
    return ka_error_set(error, "cannot %s %s: %m%s", what, path, hint);
}

/* mkostemp makes files that only the owner may read; the process's mask decides instead. */
static int open_up(int descriptor)
{
    mode_t mask = umask(0);
    umask(mask);
    return fchmod(descriptor, MODE & ~mask);
}

/* Makes an empty file beside `path`, its name for free() in *name. Returns the descriptor, or -1
 * with the reason. */
static int make_temporary(const char *path, char **name, struct ka_error *error)
{
    size_t length = strlen(path);
    char *temporary = malloc(length + sizeof(".XXXXXX"));
    if (temporary == NULL)
        return ka_error_set(error, "cannot write %s: out of memory", path);
    memcpy(temporary, path, length);
    memcpy(temporary + length, ".XXXXXX", sizeof(".XXXXXX"));
    int descriptor = mkostemp(temporary, O_CLOEXEC);
    if (descriptor < 0) {
        fail(error, path, "create");
        free(temporary);
        return -1;
    }
    *name = temporary;
    return descriptor;
}

static bool begins_as(const char *path, const char *start)
{
    char found[32];
    size_t length = strlen(start);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t got = descriptor < 0 ? -1 : read(descriptor, found, length);
    if (descriptor >= 0)
        close(descriptor);
    return got == (ssize_t)length && memcmp(found, start, length) == 0;
}

/* Whether what stands at `path` may go: the next word may be a capture's name where the page's was
 * forgotten. */
static int check_place(const char *path, const char *start, struct ka_error *error)
{
    struct stat status;
    if (lstat(path, &status) < 0 || S_ISLNK(status.st_mode))
        return 0;
    if (S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        return fail(error, path, "write");
    }
    if (S_ISREG(status.st_mode) && (status.st_size == 0 || begins_as(path, start)))
        return 0;
    return ka_error_set(error,
                        "%s is there already and is no page: give the page a name of its own, or "
                        "remove what is there",
                        path);
}

int ka_whole_file_check(const char *path, const char *start, struct ka_error *error)
{
    char *temporary;
    if (check_place(path, start, error) < 0)
        return -1;
    int descriptor = make_temporary(path, &temporary, error);
    if (descriptor < 0)
        return -1;
    close(descriptor);
    unlink(temporary);
    free(temporary);
    return 0;
}

int ka_whole_file_write(const char *path, const char *bytes, size_t size, struct ka_error *error)
{
    char *temporary;
    int descriptor = make_temporary(path, &temporary, error);
    if (descriptor < 0)
        return -1;
    int status = 0;
    if (open_up(descriptor) < 0 || ka_write_all(descriptor, bytes, size) < 0 ||
        fsync(descriptor) < 0)
        status = fail(error, path, "write");
    if (close(descriptor) < 0 && status == 0)
        status = fail(error, path, "write");
    if (status == 0 && rename(temporary, path) < 0)
        status = fail(error, path, "put the page in the place of");
    if (status < 0)
        unlink(temporary);
    free(temporary);
    return status;
}
