/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is known of connections that may be probed: flow/'s tracking of both sides' numbers, and
 * beside it what only a prober asks: who was seen alive lately, which packets were its own.
 *
 * Own probes carry another host's address. Taken for that host's packets they would prove it to be
 * there, and the next probe would rest on nothing; so each one sent is remembered, under whatever
 * addresses it passes by.
 */
#ifndef KA_PROBE_KNOWN_H
#define KA_PROBE_KNOWN_H

#include "flow/table.h"
#include "inject/craft.h"
#include "inject/verdict.h"

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

/* A connection. Sides are those of conn.key: 0 the lower endpoint, 1 the other. */
struct ka_known_side {
    ka_time seen;    /* wall clock, when it last sent something that only it can send, as far
                        as could be seen live; KA_TIME_NONE never */
    uint32_t echo;   /* highest TSecr it sent, with has_echo: the other side's TSval */
    uint32_t end;    /* seq + length of its last segment, with has_end */
    uint16_t ip_id;  /* of its last packet */
    unsigned device; /* with `local`: the interface that its socket is bound to; 0 none */
    char device_name[IF_NAMESIZE];
    bool has_echo;
    bool has_end;
    bool has_ip_id;
    bool fin;                  /* this host's socket tells that it has sent its FIN */
    bool signs;                /* TCP-MD5 or TCP-AO */
    bool live_ttl;             /* the TTL known of it was seen live, not read from a file */
    bool local;                /* this host has the connection, with this end */
    bool resending;            /* the kernel told that it resends what was not acknowledged */
    bool found;                /* found alive in this run */
    bool reset;                /* it sent a reset that was seen live */
    struct ka_probe_link link; /* of frames that it sends, where seen */
};

struct ka_known_conn {
    struct ka_conn *conn;
    struct ka_known_side side[2];
    ka_time traffic;   /* wall clock of the last packet that was not ours; KA_TIME_NONE none */
    ka_time idle_told; /* how long it was idle when the kernel was asked; KA_TIME_NONE unknown */
    bool sack;         /* a SACK block was seen */
    bool watched;      /* seen live, or one of this host's own */
    uint32_t dialogue; /* the prober's, 0 none */
};

/* What a packet was. */
enum ka_known_kind {
    KA_KNOWN_NOTHING, /* no connection that is known, or no place for it */
    KA_KNOWN_OWN,     /* a probe of this run */
    KA_KNOWN_COPY,    /* the same frame seen again */
    KA_KNOWN_ERROR,   /* an ICMP error about the connection */
    KA_KNOWN_SEGMENT  /* traffic of the connection */
};

struct ka_known;

/* At most `limit` connections are kept; later ones are left out and counted. `key` is random.
 * Returns NULL when memory is out. */
struct ka_known *ka_known_create(const uint64_t key[2], uint32_t limit);
void ka_known_free(struct ka_known *known);

/* Finds the connection of the two endpoints, making it where there is none; *side is a's. NULL when
 * there is no room, the families differ, or the endpoints are the same. */
struct ka_known_conn *ka_known_get(struct ka_known *known, const struct ka_endpoint *a,
                                   const struct ka_endpoint *b, unsigned *side);

/* Takes a packet in. `live`: seen now, not read from a file. With `grow` connections not known yet
 * are taken up. *out and *side (the sender's; of an error, that of the quoted packet) are set
 * unless the result is KA_KNOWN_NOTHING. */
enum ka_known_kind ka_known_take(struct ka_known *known, const struct ka_packet *packet, bool live,
                                 bool grow, struct ka_known_conn **out, unsigned *side);

/* Remembers that the probe was sent. The last 1024 are known. */
void ka_known_sent(struct ka_known *known, const struct ka_probe *probe);

/* What a probe to side `to` is made from. */
struct ka_probe_facts ka_known_facts(const struct ka_known_conn *entry, unsigned to);

/* What the answers of side `to` are held against. */
struct ka_target_facts ka_known_target(const struct ka_known_conn *entry, unsigned to);

/* The endpoint of a side. */
struct ka_endpoint ka_known_end(const struct ka_known_conn *entry, unsigned side);

/* Connections by index, from 0; NULL past the last. */
struct ka_known_conn *ka_known_at(const struct ka_known *known, uint32_t index);

/* Connections for which there was no room. */
uint64_t ka_known_left_out(const struct ka_known *known);

#endif
