/* SPDX-License-Identifier: BSD-2-Clause
 *
 * blast INTERFACE CAPTURE RATE SECONDS: sends the frames of a pcap file (native byte order, as
 * kagen writes it) over an interface, again and again, RATE a second, and prints how many were
 * sent. For bench/live-load.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BURST = 64, FILE_HEADER = 24, FRAME_HEADER = 16, CAPTURED_AT = 8 };

struct frames {
    uint8_t *bytes;
    struct iovec *items;
    size_t count;
};

static int load(const char *path, struct frames *out)
{
    FILE *stream = fopen(path, "rb");
    if (stream == NULL || fseek(stream, 0, SEEK_END) != 0)
        return -1;
    size_t size = (size_t)ftell(stream);
    rewind(stream);
    out->bytes = malloc(size);
    out->items = calloc(size / FRAME_HEADER, sizeof(*out->items));
    if (out->bytes == NULL || out->items == NULL || fread(out->bytes, 1, size, stream) != size)
        return -1;
    fclose(stream);
    for (size_t at = FILE_HEADER; at + FRAME_HEADER < size;) {
        uint32_t captured;
        memcpy(&captured, out->bytes + at + CAPTURED_AT, sizeof(captured));
        if (captured > size - at - FRAME_HEADER)
            break;
        out->items[out->count++] =
            (struct iovec){.iov_base = out->bytes + at + FRAME_HEADER, .iov_len = captured};
        at += FRAME_HEADER + captured;
    }
    return out->count > 0 ? 0 : -1;
}

static int open_interface(const char *name)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_ifindex = (int)if_nametoindex(name)};
    int one = 1;
    int fd = socket(AF_PACKET, SOCK_RAW, 0); /* protocol 0: nothing is received */
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return -1;
    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
    return fd;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct frames frames = {.count = 0};
    if (argc != 5 || load(argv[2], &frames) < 0) {
        fprintf(stderr, "usage: blast INTERFACE CAPTURE RATE SECONDS\n");
        return 2;
    }
    int fd = open_interface(argv[1]);
    if (fd < 0) {
        fprintf(stderr, "blast: %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    double rate = strtod(argv[3], NULL);
    double end = strtod(argv[4], NULL);
    double began = seconds();
    uint64_t sent = 0;
    for (double now = 0; now < end; now = seconds() - began) {
        if ((double)sent > rate * now) {
            usleep(200);
            continue;
        }
        struct mmsghdr burst[BURST] = {0};
        for (size_t i = 0; i < BURST; i++)
            burst[i].msg_hdr = (struct msghdr){.msg_iov = &frames.items[(sent + i) % frames.count],
                                               .msg_iovlen = 1};
        int count = sendmmsg(fd, burst, BURST, 0);
        if (count > 0)
            sent += (uint64_t)count;
    }
    printf("%llu\n", (unsigned long long)sent);
    return 0;
}
