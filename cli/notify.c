/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int ka_notify_open(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    size_t length = path != NULL ? strlen(path) : 0;
    if (length < 2 || length >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
        return -1;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@') /* an abstract name begins with NUL (unix(7)) */
        address.sun_path[0] = '\0';
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    if (descriptor >= 0 && connect(descriptor, (const struct sockaddr *)&address, size) < 0) {
        close(descriptor);
        descriptor = -1;
    }
    return descriptor;
}

void ka_notify_say(int descriptor, const char *state)
{
    if (descriptor >= 0)
        send(descriptor, state, strlen(state), MSG_NOSIGNAL);
}

void ka_notify_close(int descriptor)
{
    if (descriptor >= 0)
        close(descriptor);
}
