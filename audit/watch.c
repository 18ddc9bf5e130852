/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/watch.h"

#include "decode/decode.h"
#include "events/event.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FRAME_MAX = 256,
    BUFFER = 1 << 20,
    PORTS = 65536,
    READS_MAX = 8192, /* more than the buffer holds: of a flood of SYNs the rest waits a round */
};

struct seen {
    struct ka_addr from;
    struct ka_watched ttl;
};

struct ka_watch {
    int fds[2]; /* -1 none */
    bool here;  /* `end` is ours, and the others are many */
    bool any;   /* and stands for all our addresses */
    struct ka_endpoint end;
    struct seen seen[PORTS]; /* by the port of the end that is not `end` */
};

/* TCP with SYN or RST set, by family, from the IP header on. IPv6 segments behind extension headers
 * are left out, which makes an origin unknown, not wrong. */
static int attach(int fd, unsigned family)
{
    struct sock_filter four[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 4),
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
        BPF_STMT(BPF_LD | BPF_B | BPF_IND, 13),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, KA_TCP_SYN | KA_TCP_RST, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, FRAME_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_filter six[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 3),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 40 + 13),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, KA_TCP_SYN | KA_TCP_RST, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, FRAME_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {sizeof(four) / sizeof(four[0]), four};
    if (family == 6)
        program = (struct sock_fprog){sizeof(six) / sizeof(six[0]), six};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* A socket that hears the family's SYNs and resets; -1 without the privilege. */
static int open_socket(unsigned family)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_protocol = htons(family == 6 ? ETH_P_IPV6 : ETH_P_IP)};
    int size = BUFFER;
    /* Without a protocol nothing comes before the filter stands. */
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (attach(fd, family) != 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    return fd;
}

static bool is_any(const struct ka_addr *addr)
{
    return ka_addr_equal(addr, &(struct ka_addr){.family = addr->family});
}

static struct ka_watch *open_watch(const struct ka_endpoint *end, bool here)
{
    struct ka_watch *watch = calloc(1, sizeof(*watch));
    if (watch == NULL)
        return NULL;
    watch->end = *end;
    watch->here = here;
    watch->any = here && is_any(&end->addr);
    watch->fds[0] = open_socket(end->addr.family);
    watch->fds[1] = -1;
    /* Who listens at :: takes IPv4 as well. */
    if (watch->any && end->addr.family == 6)
        watch->fds[1] = open_socket(4);
    if (watch->fds[0] >= 0)
        return watch;
    ka_watch_close(watch);
    return NULL;
}

struct ka_watch *ka_watch_open(const struct ka_endpoint *far)
{
    return open_watch(far, false);
}

struct ka_watch *ka_watch_open_here(const struct ka_endpoint *here)
{
    return open_watch(here, true);
}

void ka_watch_close(struct ka_watch *watch)
{
    if (watch == NULL)
        return;
    for (size_t i = 0; i < 2; i++)
        if (watch->fds[i] >= 0)
            close(watch->fds[i]);
    free(watch);
}

/* From the far end to one of our ports. */
static void take_from(struct ka_watch *watch, const struct ka_packet *packet)
{
    struct ka_addr from = ka_addr_make(packet->family, packet->src);
    if (packet->src_port != watch->end.port || !ka_addr_equal(&from, &watch->end.addr))
        return;
    struct ka_watched *seen = &watch->seen[packet->dst_port].ttl;
    if ((packet->tcp.flags & KA_TCP_RST) != 0)
        seen->reset = packet->ttl;
    else if ((packet->tcp.flags & KA_TCP_ACK) != 0)
        seen->usual = packet->ttl;
}

/* From anyone to our one port. */
static void take_here(struct ka_watch *watch, const struct ka_packet *packet)
{
    struct ka_addr from = ka_addr_make(packet->family, packet->src);
    struct ka_addr to = ka_addr_make(packet->family, packet->dst);
    if (packet->dst_port != watch->end.port ||
        (!watch->any && !ka_addr_equal(&to, &watch->end.addr)))
        return;
    struct seen *seen = &watch->seen[packet->src_port];
    if ((packet->tcp.flags & KA_TCP_RST) == 0)
        *seen = (struct seen){.from = from, .ttl = {.usual = packet->ttl}};
    else if (ka_addr_equal(&from, &seen->from))
        seen->ttl.reset = packet->ttl;
}

static void read_socket(struct ka_watch *watch, int fd)
{
    uint8_t bytes[FRAME_MAX];
    ssize_t count = 0;
    for (int reads = 0; reads < READS_MAX && (count >= 0 || errno == EINTR); reads++) {
        count = recv(fd, bytes, sizeof(bytes), 0);
        struct ka_frame frame = {.data = bytes, .link_type = KA_LINKTYPE_RAW};
        struct ka_packet packet;
        if (count <= 0)
            continue;
        frame.captured = frame.length = (uint32_t)count;
        if (ka_decode(&frame, &packet) != KA_DECODED || packet.kind != KA_PACKET_TCP)
            continue;
        if (watch->here)
            take_here(watch, &packet);
        else
            take_from(watch, &packet);
    }
}

void ka_watch_read(struct ka_watch *watch)
{
    for (size_t i = 0; watch != NULL && i < 2; i++)
        if (watch->fds[i] >= 0)
            read_socket(watch, watch->fds[i]);
}

struct ka_watched ka_watch_port(struct ka_watch *watch, uint16_t port)
{
    ka_watch_read(watch);
    return watch != NULL ? watch->seen[port].ttl : (struct ka_watched){.usual = 0};
}

struct ka_watched ka_watch_peer(struct ka_watch *watch, const struct ka_endpoint *peer)
{
    struct ka_addr from = ka_addr_unmapped(&peer->addr);
    ka_watch_read(watch);
    if (watch == NULL || !ka_addr_equal(&watch->seen[peer->port].from, &from))
        return (struct ka_watched){.usual = 0};
    return watch->seen[peer->port].ttl;
}

uint8_t ka_watch_origin(const struct ka_watched *seen)
{
    if (seen->usual == 0 || seen->reset == 0)
        return KA_ORIGIN_UNKNOWN;
    return seen->usual == seen->reset ? KA_ORIGIN_ENDPOINT : KA_ORIGIN_MIDDLEBOX;
}
