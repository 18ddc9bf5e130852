/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Drives an engine with packets made of their few decisive fields, and keeps the events that come
 * out. Frames are numbered from 1.
 */
#ifndef KA_TESTS_UNIT_DRIVE_H
#define KA_TESTS_UNIT_DRIVE_H

#include "analyzers/engine.h"

enum { DRIVE_EVENTS = 256 };

struct drive {
    struct ka_engine *engine;
    uint64_t frames;
    struct ka_event events[DRIVE_EVENTS]; /* the first ones */
    size_t count;                         /* all, also those that did not fit */
};

/* One segment of connection `conn` (0..2^24): side 0 is 10.x.y.z:40000, side 1 192.0.2.1:443. */
struct drive_packet {
    double at; /* seconds after DRIVE_START; below 0: no stamp */
    unsigned conn;
    unsigned side;
    unsigned flags; /* 0: ACK */
    uint32_t seq;
    uint32_t ack;
    uint32_t length;
    unsigned window; /* 0: 1000; DRIVE_CLOSED: 0 */
    unsigned ttl;    /* 0: 64 */
    uint16_t input;
};

enum { DRIVE_CLOSED = 0x10000 };

#define DRIVE_START (1700000000 * KA_SECOND)

/* Starts an engine; memcap 0 is the default. Fails the test when it cannot. */
void drive_start(struct drive *drive, uint64_t memcap, const uint64_t key[2]);

/* The same, for a report. */
void drive_start_report(struct drive *drive, uint64_t memcap);

void drive_send(struct drive *drive, const struct drive_packet *packet);

/* An ICMP host unreachable that quotes a segment of side 0 with `seq`. */
void drive_unreachable(struct drive *drive, double at, unsigned conn, uint32_t seq);

/* SYN, SYN-ACK, ACK at `at`: side 0 starts at sequence number 1000, side 1 at 5000. */
void drive_handshake(struct drive *drive, unsigned conn, double at);

/* The n-th event of a type, from 0; NULL when there are fewer. */
const struct ka_event *drive_event(const struct drive *drive, enum ka_event_type type, size_t n);
size_t drive_count(const struct drive *drive, enum ka_event_type type);

void drive_stop(struct drive *drive);

#endif
