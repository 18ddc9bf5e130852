/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/drive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

static void keep(void *context, const struct ka_event *event)
{
    struct drive *drive = context;
    if (drive->count < DRIVE_EVENTS)
        drive->events[drive->count] = *event;
    drive->count++;
}

static void start(struct drive *drive, uint64_t memcap, const uint64_t key[2], bool report)
{
    memset(drive, 0, sizeof(*drive));
    struct ka_engine_config config = {
        .memcap = memcap,
        .all = true,
        .lookalikes = true,
        .report = report,
        .sink = {.emit = keep, .context = drive},
        .key = {key == NULL ? 0x123456789abcdef1u : key[0], key == NULL ? 77777u : key[1]},
    };
    assert_int_equal(ka_engine_create(&config, &drive->engine, NULL), 0);
}

void drive_start(struct drive *drive, uint64_t memcap, const uint64_t key[2])
{
    start(drive, memcap, key, false);
}

void drive_start_report(struct drive *drive, uint64_t memcap)
{
    start(drive, memcap, NULL, true);
}

static struct ka_frame frame_at(struct drive *drive, double at)
{
    return (struct ka_frame){
        .time = at < 0 ? KA_TIME_NONE : DRIVE_START + (ka_time)llround(at * 1e9),
        .number = ++drive->frames,
        .digits = 6,
    };
}

static void put_addresses(uint8_t *near, uint8_t *far, unsigned conn)
{
    const uint8_t client[] = {10, (uint8_t)(conn >> 16), (uint8_t)(conn >> 8), (uint8_t)conn};
    const uint8_t server[] = {192, 0, 2, 1};
    memcpy(near, client, 4);
    memcpy(far, server, 4);
}

void drive_send(struct drive *drive, const struct drive_packet *from)
{
    struct ka_frame frame = frame_at(drive, from->at);
    frame.input = from->input;
    struct ka_packet packet = {
        .frame = &frame,
        .kind = KA_PACKET_TCP,
        .family = 4,
        .ttl = (uint8_t)(from->ttl == 0 ? 64 : from->ttl),
        .ip_id = (uint16_t)drive->frames,
        .ip_length = 40 + from->length,
        .src_port = from->side == 0 ? 40000 : 443,
        .dst_port = from->side == 0 ? 443 : 40000,
        .tcp = {.seq = from->seq,
                .ack = from->ack,
                .length = from->length,
                .window = (uint16_t)(from->window == 0 ? 1000 : from->window),
                .flags = (uint8_t)(from->flags == 0 ? KA_TCP_ACK : from->flags)},
    };
    if (from->side == 0)
        put_addresses(packet.src, packet.dst, from->conn);
    else
        put_addresses(packet.dst, packet.src, from->conn);
    ka_engine_packets(drive->engine, &packet, 1);
}

void drive_unreachable(struct drive *drive, double at, unsigned conn, uint32_t seq)
{
    struct ka_frame frame = frame_at(drive, at);
    struct ka_packet packet = {
        .frame = &frame,
        .kind = KA_PACKET_ICMP_ERROR,
        .family = 4,
        .src = {10, 0, 0, 254},
        .icmp = {.type = 3,
                 .code = 1,
                 .quoted_family = 4,
                 .quoted_seq = seq,
                 .quoted_src_port = 40000,
                 .quoted_dst_port = 443},
    };
    put_addresses(packet.icmp.quoted_src, packet.icmp.quoted_dst, conn);
    ka_engine_packets(drive->engine, &packet, 1);
}

void drive_handshake(struct drive *drive, unsigned conn, double at)
{
    const struct drive_packet packets[] = {
        {.at = at, .conn = conn, .flags = KA_TCP_SYN, .seq = 1000},
        {.at = at,
         .conn = conn,
         .side = 1,
         .flags = KA_TCP_SYN | KA_TCP_ACK,
         .seq = 5000,
         .ack = 1001},
        {.at = at, .conn = conn, .seq = 1001, .ack = 5001},
    };
    for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++)
        drive_send(drive, &packets[i]);
}

const struct ka_event *drive_event(const struct drive *drive, enum ka_event_type type, size_t n)
{
    size_t kept = drive->count < DRIVE_EVENTS ? drive->count : DRIVE_EVENTS;
    for (size_t i = 0; i < kept; i++) {
        if (drive->events[i].type == type && n-- == 0)
            return &drive->events[i];
    }
    return NULL;
}

size_t drive_count(const struct drive *drive, enum ka_event_type type)
{
    size_t count = 0;
    while (drive_event(drive, type, count) != NULL)
        count++;
    return count;
}

void drive_stop(struct drive *drive)
{
    ka_engine_free(drive->engine);
    drive->engine = NULL;
}
