/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/expected.h"

#include "base/text.h"
#include "sockets/sockets.h"

#include <stdio.h>

void ka_expected_announce(void)
{
    const struct ka_socket_query query = {.states = KA_SOCKET_CONNECTIONS};
    const struct ka_socket *next = NULL;
    struct ka_socket_list list;
    size_t count = 0;
    if (ka_sockets_list(&query, &list, NULL) < 0)
        return;
    for (size_t i = 0; i < list.count; i++) {
        ka_time left = ka_socket_next_probe(&list.sockets[i]);
        if (left == KA_TIME_NONE)
            continue;
        count++;
        if (next == NULL || left < ka_socket_next_probe(next))
            next = &list.sockets[i];
    }
    if (next == NULL) {
        fputs("kasniff: no connection of this host has keepalive on\n", stderr);
    } else {
        char left[KA_TIME_TEXT_SIZE];
        char local[KA_ENDPOINT_TEXT_SIZE];
        char peer[KA_ENDPOINT_TEXT_SIZE];
        ka_duration_text(ka_socket_next_probe(next), left);
        ka_endpoint_text(&next->local, local);
        ka_endpoint_text(&next->peer, peer);
        fprintf(stderr,
                "kasniff: %zu connection%s of this host %s keepalive on; next: %s > %s in %s\n",
                count, ka_text_plural(count), count == 1 ? "has" : "have", local, peer, left);
    }
    ka_socket_list_fini(&list);
}
