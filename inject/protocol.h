/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The lines that kasniff-inject and its users exchange: parsed and written here, for both sides.
 * doc/inject-protocol.md describes them. A line is a verb and key=value words, printable ASCII,
 * at most KA_LINE_SIZE - 1 characters without its newline.
 */
#ifndef KA_INJECT_PROTOCOL_H
#define KA_INJECT_PROTOCOL_H

#include "inject/probe.h"

enum { KA_PROTOCOL_VERSION = 1, KA_LINE_SIZE = 1024 };

enum ka_verb {
    KA_ASK_PROBE,    /* `probe`, `numberless`: send the probe */
    KA_ASK_ANSWERED, /* `answered`: the target answered probe id on src-dst */
};

struct ka_request {
    enum ka_verb verb;
    struct ka_probe probe; /* with KA_ASK_ANSWERED only id, src and dst count */
};

enum ka_reply_kind {
    KA_REPLY_READY,   /* the greeting */
    KA_REPLY_SENT,    /* with the bytes that left */
    KA_REPLY_BUILT,   /* dry run: with the bytes that would have left */
    KA_REPLY_NOTED,   /* to `answered` */
    KA_REPLY_REFUSED, /* the guard or the parser said no: reason and text */
    KA_REPLY_FAILED,  /* allowed, but it could not be sent: text */
};

enum { KA_REASON_SIZE = 24, KA_REPLY_TEXT_SIZE = 512 };

/* The caps in force, as the greeting states them. */
struct ka_caps {
    uint32_t rate;       /* packets a second, over all connections */
    uint32_t total;      /* packets in the helper's lifetime */
    uint32_t unanswered; /* packets in a row to one target without an answer */
    uint32_t one_byte;   /* one-byte probes to one target; above 1 from own addresses only */
    bool exact;          /* exact acknowledgements are enabled */
    bool link;           /* Ethernet frames are written rather than IP packets */
    bool dry_run;        /* nothing is sent */
};

struct ka_reply {
    enum ka_reply_kind kind;
    uint32_t id;                       /* 0 where the request's could not be read */
    uint32_t wait_ms;                  /* refused for now: when asking again makes sense; else 0 */
    uint32_t version;                  /* READY: of the protocol */
    struct ka_caps caps;               /* READY */
    size_t length;                     /* SENT, BUILT: of bytes */
    uint8_t bytes[KA_PROBE_BYTES_MAX]; /* SENT, BUILT */
    char reason[KA_REASON_SIZE];       /* REFUSED: the rule's name */
    char text[KA_REPLY_TEXT_SIZE];     /* REFUSED, FAILED: for people */
};

/* Reads one request, without its newline. Returns 0, or -1 with a message and *out untouched. *id
 * is set to the request's id as soon as that can be read, 0 otherwise. Everything unknown, missing,
 * doubled or out of range is refused; ranges that are the guard's to judge (length, seq) are not.
 */
int ka_request_parse(const char *line, struct ka_request *out, uint32_t *id,
                     struct ka_error *error);

/* Writes a request without newline into out[KA_LINE_SIZE]. */
void ka_request_text(const struct ka_request *request, char *out);

/* Reads one reply, without its newline. Returns 0, or -1 with a message and *out untouched. */
int ka_reply_parse(const char *line, struct ka_reply *out, struct ka_error *error);

/* Writes a reply without newline into out[KA_LINE_SIZE]. Control characters in the text are
 * replaced. */
void ka_reply_text(const struct ka_reply *reply, char *out);

#endif
