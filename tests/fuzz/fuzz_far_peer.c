/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The far end of audits, which whoever connects may talk to: three connections, over pairs of
 * sockets. A byte says who does what next: bits 0 and 1 who, the rest how many of the bytes that
 * follow are said, or, where it is 0, that five seconds pass. Only control connections and trials
 * of an audit live longer than the time to say hello.
 */
#include "audit/far_peer.h"
#include "tests/fuzz/target.h"

#include <sys/socket.h>
#include <unistd.h>

enum { PEERS = 3 };

struct far {
    struct ka_far_peers peers;
    struct ka_far_stats stats;
    struct ka_far_peer items[PEERS];
    int clients[PEERS];
};

/* A free slot gets a new connection. */
static bool reconnect(struct far *far, size_t who)
{
    int ends[2];
    if (far->items[who].state != KA_FAR_FREE)
        return true;
    if (far->clients[who] >= 0)
        close(far->clients[who]);
    far->clients[who] = -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
        return false;
    far->clients[who] = ends[0];
    ka_far_peer_begin(&far->peers, &far->items[who], ends[1],
                      &(struct ka_endpoint){.port = (uint16_t)(4000 + who)});
    ka_far_peer_greet(&far->items[who]);
    return true;
}

static void check(const struct far *far)
{
    for (size_t i = 0; i < PEERS; i++) {
        const struct ka_far_peer *peer = &far->items[i];
        KA_FUZZ_REQUIRE(peer->state <= KA_FAR_OVER);
        KA_FUZZ_REQUIRE((peer->state == KA_FAR_FREE) == (peer->fd < 0));
        KA_FUZZ_REQUIRE(peer->state == KA_FAR_FREE || peer->deadline > far->peers.now);
        KA_FUZZ_REQUIRE(peer->line.used < sizeof(peer->line.bytes));
    }
    KA_FUZZ_REQUIRE(far->stats.trials == 0 || far->stats.audits > 0);
}

static void pass_time(struct far *far)
{
    char heard[4096];
    far->peers.now += 5 * KA_SECOND;
    for (size_t i = 0; i < PEERS; i++) {
        if (far->items[i].state != KA_FAR_FREE)
            ka_far_peer_tick(&far->peers, &far->items[i]);
        while (read(far->clients[i], heard, sizeof(heard)) > 0)
            continue;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct far far = {.peers = {.now = KA_SECOND, .size = PEERS, .top = PEERS},
                      .clients = {-1, -1, -1}};
    far.peers.stats = &far.stats;
    far.peers.items = far.items;
    for (size_t i = 0; i < PEERS; i++)
        far.items[i].fd = -1;
    while (size > 0) {
        size_t who = (data[0] & 3u) % PEERS;
        size_t length = data[0] >> 2;
        data++;
        size--;
        for (size_t i = 0; i < PEERS; i++)
            if (!reconnect(&far, i))
                goto out;
        if (length > size)
            length = size;
        if (length == 0)
            pass_time(&far);
        else if (write(far.clients[who], data, length) == (ssize_t)length)
            ka_far_peer_read(&far.peers, &far.items[who]);
        data += length;
        size -= length;
        check(&far);
    }
out:
    for (size_t i = 0; i < PEERS; i++) {
        if (far.items[i].state != KA_FAR_FREE)
            ka_far_peer_end(&far.items[i]);
        if (far.clients[i] >= 0)
            close(far.clients[i]);
    }
    return 0;
}
