/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For tests: the packet scripts of tests/cases, parsed. The language is described in
 * tests/cases/README.md; a script tells what each side sends in terms of its own sequence state, so
 * that it can be recorded at any sequence numbers.
 */
#ifndef KA_TESTS_GEN_SCRIPT_H
#define KA_TESTS_GEN_SCRIPT_H

#include "base/error.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    KA_SCRIPT_LABEL = 24,
    KA_SCRIPT_DATA = 128,
    KA_SCRIPT_CONNECTIONS = 16,
};

enum ka_script_kind {
    KA_SCRIPT_SEGMENT,
    KA_SCRIPT_HANDSHAKE,
    KA_SCRIPT_COPY, /* a second copy of an earlier frame */
    KA_SCRIPT_ICMP,
    KA_SCRIPT_CONNECTION,
};

enum ka_script_base {
    KA_BASE_USUAL, /* NXT for seq, RCV.NXT for ack */
    KA_BASE_UNA,
    KA_BASE_ISN, /* the sender's for seq, the peer's for ack */
    KA_BASE_RAW,
};

/* A sequence number as scripts tell it. */
struct ka_script_number {
    enum ka_script_base base;
    int64_t offset;
};

/* Which optional members of a line were given. */
enum {
    KA_GIVEN_DATA = 0x01,
    KA_GIVEN_WINDOW = 0x02,
    KA_GIVEN_IP_ID = 0x04,
    KA_GIVEN_WSCALE = 0x08,
    KA_GIVEN_SACK = 0x10,
    KA_GIVEN_PORT = 0x20,
    KA_GIVEN_TTL = 0x40,
    KA_GIVEN_ISN = 0x80,
};

struct ka_script_line {
    unsigned number; /* of the line in the file, for messages */
    enum ka_script_kind kind;
    char label[KA_SCRIPT_LABEL];
    ka_time time;       /* since the start of the case */
    uint8_t connection; /* from 0 */
    uint8_t side;       /* 0 client, 1 server; for ICMP: who gets it */
    uint8_t flags;
    bool lost;    /* sent and received, but not in the capture */
    bool dropped; /* captured, but never received */
    bool no_timestamps;
    bool no_sack; /* SYN: SACK not permitted */
    bool dsack;
    bool total_length_zero;
    bool midstream;  /* connection: established before the script */
    unsigned given;  /* KA_GIVEN_ */
    unsigned repeat; /* 1 as a rule */
    ka_time every;
    struct ka_script_number seq;
    struct ka_script_number ack;
    int64_t tsval; /* offsets from the usual values */
    int64_t tsecr;
    int64_t sack[2]; /* offsets from the ack */
    int64_t window;
    int64_t ttl; /* copies: an offset */
    int64_t ip_id;
    int64_t mss;
    int64_t wscale;
    int64_t length;
    int64_t quote_bytes;
    int64_t port[2];          /* connection: client, server */
    int64_t isn[2];           /* connection: client, server */
    int64_t like;             /* connection: shares the sequence state of that one; 0 none */
    int64_t host;             /* ICMP: who complains */
    char of[KA_SCRIPT_LABEL]; /* copy, ICMP: the label of the frame */
    char what[KA_SCRIPT_LABEL];
    uint8_t data[KA_SCRIPT_DATA];
};

struct ka_script {
    struct ka_script_line *lines;
    size_t count;
};

/* Reads the `packets:` section of a case file. Returns 0, or -1 with file, line and reason. */
int ka_script_load(const char *path, struct ka_script *out, struct ka_error *error);

/* Frees what load allocated. */
void ka_script_fini(struct ka_script *script);

#endif
