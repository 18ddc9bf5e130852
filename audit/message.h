/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What `kasniff audit` and its far end say to each other: short lines of text, described in
 * doc/audit-protocol.md. This module only reads and writes lines; it knows no sockets.
 */
#ifndef KA_AUDIT_MESSAGE_H
#define KA_AUDIT_MESSAGE_H

#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    KA_MESSAGE_VERSION = 2,
    KA_MESSAGE_LINE_MAX = 128, /* bytes, newline included */
};

/* The longest silence a far end lets a connection ask for. */
#define KA_MESSAGE_IDLE_MAX (14 * 86400 * KA_SECOND)

/* The byte that refreshes a connection of the data arm; it stands between lines and means nothing
 * else. */
#define KA_MESSAGE_REFRESH '.'

enum ka_message_type {
    KA_MESSAGE_GREETING, /* far end, at once after accepting: kasniff-audit VERSION */
    KA_MESSAGE_CONTROL,  /* client: this connection carries the reports of audit ID */
    KA_MESSAGE_TRIAL,    /* client: this connection is trial NUMBER of audit ID */
    KA_MESSAGE_OK,       /* far end: agreed; the silence begins */
    KA_MESSAGE_NO,       /* far end: refused, with a reason; it closes */
    KA_MESSAGE_SPEAK,    /* the first speaker, after the silence */
    KA_MESSAGE_HEARD,    /* the other side, in answer */
    KA_MESSAGE_PING,     /* client, on the control connection */
    KA_MESSAGE_PONG,     /* far end, in answer */
    KA_MESSAGE_REPORT,   /* far end, on the control connection: what became of a trial */
};

/* What the far end saw of a trial. */
enum ka_report {
    KA_REPORT_HEARD,    /* the client's words arrived */
    KA_REPORT_ANSWERED, /* it spoke first and was answered */
    KA_REPORT_SILENT,   /* it spoke first; nothing came back */
    KA_REPORT_RST,      /* it spoke first and was reset */
    KA_REPORT_ICMP,     /* it spoke first and met an ICMP error */
    KA_REPORT_CLOSED,   /* closed by the other side before its time */
    KA_REPORT_CUT,      /* reset before its time */
};

struct ka_message {
    uint8_t type;          /* enum ka_message_type */
    uint8_t arm;           /* TRIAL: enum ka_arm */
    uint8_t first_speaker; /* TRIAL: enum ka_speaker */
    uint8_t refresher;     /* TRIAL: enum ka_speaker */
    uint8_t report;        /* REPORT: enum ka_report */
    uint32_t number;       /* TRIAL, REPORT: of the trial; GREETING: the version */
    uint64_t audit;        /* CONTROL, TRIAL: the audit, a random number */
    ka_time idle;      /* TRIAL: the silence asked for; REPORT: the silence measured; whole ms */
    ka_time interval;  /* TRIAL: between refreshes, 0 none; whole ms */
    uint8_t reset_ttl; /* REPORT: of the RST that came; 0 none seen */
    uint8_t usual_ttl; /* REPORT: of the client's SYN as it arrived; 0 not seen */
    uint32_t arrived;  /* REPORT: segments that came during the silence, refreshes thus */
    char reason[64];   /* NO */
};

/* Reads a line without its newline. False, *out untouched, for anything that is not exactly a line
 * of this protocol with every number in range. */
bool ka_message_parse(const char *line, struct ka_message *out);

/* Writes the line with its newline and a NUL into out[KA_MESSAGE_LINE_MAX + 1]; returns its
 * length. */
size_t ka_message_write(const struct ka_message *message, char *out);

/* Collects bytes until a line is whole. */
struct ka_message_line {
    char bytes[KA_MESSAGE_LINE_MAX];
    uint16_t used;
};

enum ka_gathered { KA_GATHERED_PART, KA_GATHERED_LINE, KA_GATHERED_NONSENSE };

/* Adds a byte. LINE: `line->bytes` is the line, NUL for its newline, until the next byte.
 * NONSENSE: too long, or a byte that is no printable ASCII. */
enum ka_gathered ka_message_gather(struct ka_message_line *line, char byte);

#endif
