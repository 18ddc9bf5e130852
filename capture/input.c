/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int ka_input_open(struct ka_input *input, const char *path, struct ka_error *error)
{
    bool standard = strcmp(path, "-") == 0;
    /* O_NONBLOCK lets a named pipe open before its writer comes; on files it changes nothing. */
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    struct stat status;
    if (fd < 0)
        return ka_error_set(error, "%s: cannot open: %s", path, strerror(errno));
    int result = fstat(fd, &status);
    if (result != 0)
        ka_error_set(error, "%s: cannot look at it: %s", standard ? "standard input" : path,
                     strerror(errno));
    else if (S_ISDIR(status.st_mode))
        result = ka_error_set(error, "%s: is a folder, not a capture file", path);
    if (result != 0) {
        if (!standard)
            close(fd);
        return -1;
    }
    if (S_ISREG(status.st_mode))
        posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    *input = (struct ka_input){
        .name = path,
        .fd = fd,
        .owned = !standard,
        .waits = !S_ISREG(status.st_mode),
        .size = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0,
    };
    return 0;
}

void ka_input_over(struct ka_input *input, const char *name, const void *bytes, size_t length)
{
    *input = (struct ka_input){.name = name, .fd = -1, .memory = bytes, .memory_left = length};
}

static enum ka_bytes read_memory(struct ka_input *input, uint8_t *out, size_t size, size_t *got)
{
    size_t count = input->memory_left < size ? input->memory_left : size;
    if (count == 0)
        return KA_BYTES_END;
    memcpy(out, input->memory, count);
    input->memory += count;
    input->memory_left -= count;
    *got = count;
    return KA_BYTES_SOME;
}

enum ka_bytes ka_input_read(struct ka_input *input, uint8_t *out, size_t size, size_t *got,
                            struct ka_error *error)
{
    if (input->fd < 0)
        return read_memory(input, out, size, got);
    if (input->waits) {
        /* A named pipe that never had a writer polls as quiet, though read() would say "end". */
        struct pollfd ready = {.fd = input->fd, .events = POLLIN};
        int count = poll(&ready, 1, KA_BYTES_PATIENCE_MS);
        if (count == 0 || (count < 0 && errno == EINTR))
            return KA_BYTES_NONE;
    }
    ssize_t count = read(input->fd, out, size);
    if (count > 0) {
        *got = (size_t)count;
        return KA_BYTES_SOME;
    }
    if (count == 0)
        return KA_BYTES_END;
    if (errno == EINTR || errno == EAGAIN)
        return KA_BYTES_NONE;
    ka_error_set(error, "%s: cannot read: %s", input->name, strerror(errno));
    return KA_BYTES_FAILED;
}

void ka_input_close(struct ka_input *input)
{
    if (input->owned && input->fd >= 0)
        close(input->fd);
    *input = (struct ka_input){.fd = -1};
}
