/* SPDX-License-Identifier: BSD-2-Clause */
#include "sockets/sockets.h"

#include <stdio.h>
#include <string.h>

void ka_socket_event(const struct ka_socket *socket, ka_time now, struct ka_event *out)
{
    bool is_read = socket->access == KA_SOCKET_READ;
    *out = (struct ka_event){
        .type = KA_EVENT_SOCKET,
        .notable = true,
        .envelope = {.time = now, .src = socket->local, .dst = socket->peer, .digits = 6},
        .socket =
            {
                .keepalive_idle = socket->times.idle,
                .keepalive_interval = socket->times.interval,
                .keepalive_count = socket->times.count,
                .defaults = socket->is_default,
                .user_timeout = socket->user_timeout,
                .timer_expires = socket->expires,
                .timer_unanswered = socket->unanswered,
                .last_sent = socket->last_sent,
                .last_received = socket->last_received,
                .pid = (uint32_t)socket->pid,
                /* On, but with unknown times, is not an object yet. */
                .keepalive = is_read || socket->keepalive == KA_SOCKET_KEEPALIVE_OFF
                                 ? socket->keepalive
                                 : (uint8_t)KA_SOCKET_KEEPALIVE_UNREADABLE,
                .settings = ka_socket_access_name((enum ka_socket_access)socket->access),
            },
    };
    memcpy(out->socket.process, socket->process, sizeof(out->socket.process));
    snprintf(out->socket.state, sizeof(out->socket.state), "%s",
             ka_socket_state_name((enum ka_socket_state)socket->state));
    snprintf(out->socket.timer_kind, sizeof(out->socket.timer_kind), "%s",
             ka_socket_timer_name((enum ka_socket_timer)socket->timer));
}
