/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From what is known of a connection to the probe that asks one end whether it is still there. Pure
 * functions: nothing is sent or looked up here.
 */
#ifndef KA_INJECT_CRAFT_H
#define KA_INJECT_CRAFT_H

#include "inject/probe.h"

/* What an observer knows of a connection, seen from `from`, whom the probe pretends to come from,
 * towards `to`, whom it asks. */
struct ka_probe_facts {
    struct ka_endpoint from;
    struct ka_endpoint to;
    uint32_t nxt;    /* the last acknowledgement that `to` sent; with numbers_known */
    uint32_t rcv;    /* the last acknowledgement that `from` sent; with numbers_known */
    uint32_t tsval;  /* the highest TSval seen from `from`, our own probes included */
    uint32_t tsecr;  /* the highest TSval seen from `to` */
    uint16_t window; /* the last that `from` sent, unscaled; with window_known */
    uint8_t ttl;     /* of packets from `from` as seen at the observer; 0 unknown */
    bool numbers_known;
    bool rcv_from_target; /* rcv was read off the target's own seq, not off an ack of `from` */
    bool window_known;
    bool timestamps;           /* the connection uses them (RFC 7323) */
    bool timestamps_known;     /* tsval and tsecr are set */
    bool sack;                 /* both ends sent SACK-permitted, or a SACK block was seen */
    bool in_flight;            /* `from` has sent data beyond nxt; true where unknown */
    struct ka_probe_link link; /* where the injector writes frames */
};

/* What the user wants. */
struct ka_probe_wish {
    enum ka_ack_mode mode;
    uint8_t length; /* 0 or 1 */
    uint8_t ttl;    /* 0: the initial value that fits the facts */
};

/* The TTL or hop limit that a packet had when it left its host, of which `seen` is left: the next
 * of 32, 64, 128, 255. 64 for 0, unknown. */
uint8_t ka_initial_ttl(uint8_t seen);

/* Makes the probe: seq = nxt - 1, ack = rcv or 1000 less, timestamps where the connection uses
 * them; rcv 2^30 back where it was read off the target, since the source may have acknowledged
 * less. Without numbers it is numberless, which takes neither a byte nor an exact ack. The id is
 * left 0. Returns 0, or -1 with the reason why there is no such probe, *out untouched. */
int ka_probe_craft(const struct ka_probe_facts *facts, const struct ka_probe_wish *wish,
                   struct ka_probe *out, struct ka_error *error);

enum { KA_EXPLAIN_SIZE = 4096 };

/* Writes for people, several lines into out[KA_EXPLAIN_SIZE]: the decoded packet, its bytes, and
 * what each state of the target makes of it. */
void ka_probe_explain(const struct ka_probe *probe, char *out);

#endif
