/* SPDX-License-Identifier: BSD-2-Clause
 *
 * many plain|probed CONNECTIONS ROUNDS FILE: a capture of very many connections, of which each does
 * the same. First every connection sends data and has it acknowledged; then, ROUNDS times and in an
 * order that leaps about, data (plain) or a keepalive probe (probed), and its acknowledgement.
 */
#include "tests/gen/recording.h"
#include "tests/gen/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ACK = 0x10, PORTS = 60000, LENGTH = 10 };

struct many {
    struct ka_recording recording;
    uint32_t connections;
    ka_time now;
};

static uint32_t divisor(uint32_t a, uint32_t b)
{
    return b == 0 ? a : divisor(b, a % b);
}

/* A step that meets every number below `count` before it meets one twice. */
static uint32_t find_step(uint32_t count)
{
    uint32_t step = (uint32_t)((uint64_t)count * 618034 / 1000000) | 1;
    while (divisor(step, count) != 1)
        step += 2;
    return step;
}

static void put(struct many *many, uint32_t number, bool answer, uint32_t seq, uint32_t length)
{
    static const struct ka_wire_shape shape = {.link_type = KA_WIRE_ETHERNET};
    static const uint8_t payload[LENGTH] = {1};
    struct ka_wire_end client = {.host = 1 + number / PORTS, .port = 1024 + number % PORTS};
    struct ka_wire_end server = {.host = 40000, .port = 443};
    struct ka_wire_segment segment = {
        .src = answer ? server : client,
        .dst = answer ? client : server,
        .seq = answer ? 70000 : seq,
        .ack = answer ? seq : 70000,
        .window = 500,
        .ip_id = (uint16_t)many->recording.frames,
        .ttl = 64,
        .flags = ACK,
        .payload = payload,
        .length = length,
    };
    uint8_t frame[KA_WIRE_FRAME_MAX];
    size_t size = ka_wire_tcp(&shape, &segment, frame);
    ka_recording_frame(&many->recording, many->now, frame, size);
    many->now += 2 * KA_MICROSECOND;
}

static void put_round(struct many *many, uint32_t seq, uint32_t length, uint32_t next)
{
    uint32_t step = find_step(many->connections);
    uint32_t number = 0;
    for (uint32_t i = 0; i < many->connections; i++) {
        put(many, number, false, seq, length);
        put(many, number, true, next, 0);
        number = (uint32_t)(((uint64_t)number + step) % many->connections);
    }
}

int main(int argc, char **argv)
{
    struct many many = {.now = 1700000000 * KA_SECOND};
    uint32_t seq = 1000;
    if (argc != 5 || (strcmp(argv[1], "plain") != 0 && strcmp(argv[1], "probed") != 0)) {
        fputs("usage: many plain|probed CONNECTIONS ROUNDS FILE\n", stderr);
        return 2;
    }
    bool probed = strcmp(argv[1], "probed") == 0;
    many.connections = (uint32_t)strtoul(argv[2], NULL, 10);
    unsigned long rounds = strtoul(argv[3], NULL, 10);
    if (!ka_recording_open(&many.recording, argv[4], KA_RECORDING_MICRO, KA_WIRE_ETHERNET, 0)) {
        fprintf(stderr, "many: %s: %s\n", argv[4], strerror(errno));
        return 1;
    }
    for (unsigned long i = 0; i <= rounds; i++) {
        if (i == 0 || !probed) {
            put_round(&many, seq, LENGTH, seq + LENGTH);
            seq += LENGTH;
        } else {
            put_round(&many, seq - 1, 0, seq);
        }
        many.now += 60 * KA_SECOND;
    }
    if (!ka_recording_close(&many.recording)) {
        fprintf(stderr, "many: %s: %s\n", argv[4], strerror(errno));
        return 1;
    }
    return 0;
}
