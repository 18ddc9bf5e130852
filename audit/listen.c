/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/listen.h"

#include "audit/far_peer.h"
#include "audit/tcp.h"
#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS_MAX = 256, SPARE = 16 };

/* What epoll tells of the listener, in the place of a slot. */
static const uint32_t listener_slot = UINT32_MAX;

/* How long nobody is accepted where there is no descriptor or memory for it. */
#define PAUSE (500 * KA_MILLISECOND)

struct far {
    struct ka_far_peers peers;
    ka_time resume; /* when connections are accepted again; KA_TIME_NONE: they are */
    const struct ka_far_config *config;
    int listener;
    int epoll;
};

static void accept_from(struct far *far, ka_time when)
{
    struct epoll_event event = {.events = when == KA_TIME_NONE ? EPOLLIN : 0,
                                .data.u64 = listener_slot};
    if (epoll_ctl(far->epoll, EPOLL_CTL_MOD, far->listener, &event) == 0)
        far->resume = when;
}

/* The listener stays ready while it cannot be served: polled at once again, it would be for ever.
 */
static void pause_if_out(struct far *far, int reason)
{
    if (reason == EMFILE || reason == ENFILE || reason == ENOBUFS || reason == ENOMEM)
        accept_from(far, far->peers.now + PAUSE);
}

static void accept_all(struct far *far)
{
    struct ka_far_peers *peers = &far->peers;
    static const char full[] = "no too many connections here\n";
    for (int i = 0; i < EVENTS_MAX; i++) {
        struct ka_endpoint from;
        uint32_t slot = 0;
        int fd = ka_tcp_accept(far->listener, &from);
        if (fd < 0) {
            pause_if_out(far, errno);
            return;
        }
        peers->stats->accepted++;
        while (slot < peers->size && peers->items[slot].state != KA_FAR_FREE)
            slot++;
        if (slot == peers->size) {
            (void)ka_tcp_send(fd, full, sizeof(full) - 1);
            close(fd);
            peers->stats->refused++;
            continue;
        }
        struct ka_far_peer *peer = &peers->items[slot];
        ka_far_peer_begin(peers, peer, fd, &from);
        if (slot >= peers->top)
            peers->top = slot + 1;
        struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP,
                                    .data.u64 = (uint64_t)peer->generation << 32 | slot};
        if (epoll_ctl(far->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
            ka_far_peer_end(peer);
            continue;
        }
        ka_far_peer_greet(peer);
    }
}

/* Returns the next moment something is due, at most half a second ahead. */
static ka_time run_timers(struct ka_far_peers *peers)
{
    ka_time next = peers->now + KA_SECOND / 2;
    for (uint32_t i = 0; i < peers->top; i++) {
        struct ka_far_peer *peer = &peers->items[i];
        if (peer->state == KA_FAR_FREE)
            continue;
        ka_far_peer_tick(peers, peer);
        if (peer->state != KA_FAR_FREE && peer->deadline < next)
            next = peer->deadline;
        if (peer->state != KA_FAR_FREE && peer->refresh != KA_TIME_NONE && peer->refresh < next)
            next = peer->refresh;
    }
    return next;
}

static int serve(struct far *far, struct ka_error *error)
{
    struct ka_far_peers *peers = &far->peers;
    struct epoll_event events[EVENTS_MAX];
    ka_time next = peers->now;
    while (!far->config->stop(far->config->context)) {
        int count = ka_tcp_wait(far->epoll, events, EVENTS_MAX, next - peers->now);
        if (count < 0 && errno != EINTR)
            return ka_error_set(error, "cannot wait for the sockets: %s", strerror(errno));
        ka_watch_read(peers->watch);
        peers->now = ka_clock_monotonic();
        for (int i = 0; i < count; i++) {
            uint32_t slot = (uint32_t)(events[i].data.u64 & UINT32_MAX);
            if (slot == listener_slot) {
                accept_all(far);
                continue;
            }
            struct ka_far_peer *peer = &peers->items[slot];
            if (peer->state != KA_FAR_FREE && peer->generation == events[i].data.u64 >> 32)
                ka_far_peer_read(peers, peer);
        }
        next = run_timers(peers);
        if (far->resume != KA_TIME_NONE && peers->now >= far->resume)
            accept_from(far, KA_TIME_NONE);
    }
    return 0;
}

int ka_far_run(const struct ka_far_config *config, struct ka_far_stats *stats,
               struct ka_error *error)
{
    struct far far = {.peers = {.stats = stats, .now = ka_clock_monotonic()},
                      .resume = KA_TIME_NONE,
                      .config = config,
                      .listener = -1,
                      .epoll = -1};
    struct ka_far_peers *peers = &far.peers;
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = listener_slot};
    struct ka_error why;
    uint64_t wanted = (uint64_t)config->connections + SPARE;
    uint64_t allowed;
    int result = -1;
    *stats = (struct ka_far_stats){.accepted = 0};
    /* With a lower limit fewer are served at once, which the audits are told. */
    if (ka_tcp_allow(wanted, &allowed, &why) != 0 && allowed <= SPARE)
        return ka_error_set(error, "%s", why.text);
    peers->size = (uint32_t)((allowed < wanted ? allowed : wanted) - SPARE);
    far.listener = ka_tcp_listen(&config->at, error);
    if (far.listener < 0)
        goto out;
    peers->watch = ka_watch_open_here(&config->at);
    peers->items = calloc(peers->size, sizeof(*peers->items));
    far.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (peers->items == NULL || far.epoll < 0 ||
        epoll_ctl(far.epoll, EPOLL_CTL_ADD, far.listener, &event) != 0) {
        ka_error_set(error, "cannot serve audits: %s", strerror(errno));
        goto out;
    }
    if (config->ready != NULL && config->ready(config->context, error) != 0)
        goto out;
    result = serve(&far, error);
out:
    for (uint32_t i = 0; i < peers->top; i++)
        if (peers->items[i].state != KA_FAR_FREE)
            ka_far_peer_end(&peers->items[i]);
    ka_watch_close(peers->watch);
    if (far.epoll >= 0)
        close(far.epoll);
    if (far.listener >= 0)
        close(far.listener);
    free(peers->items);
    return result;
}
