/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The connection table: open addressing over 8-byte slots (a tag that is also the position, and an
 * index), connections in a slab, a list per class in the order last heard. The hash is keyed with
 * random numbers, so nobody can choose addresses that collide.
 */
#ifndef KA_FLOW_TABLE_H
#define KA_FLOW_TABLE_H

#include "base/slab.h"
#include "flow/conn.h"
#include "flow/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ka_slot {
    uint32_t tag;   /* the hash */
    uint32_t index; /* of the connection, 0: empty */
};

struct ka_table {
    struct ka_slot *slots;
    uint64_t capacity; /* slots */
    struct ka_slab conns;
    struct ka_zones zones;
    struct {
        uint32_t oldest;
        uint32_t newest;
    } lists[KA_CLASS_COUNT];
    uint64_t key[2];
    uint32_t next_flow_id;
    bool ordered; /* the lists are kept in order, see ka_table_order */
};

/* A packet's way to its connection. */
struct ka_lookup {
    struct ka_key key;
    struct ka_conn *guess; /* very likely its connection, unless removed since; NULL: none known */
    uint32_t hash;
    uint8_t side; /* the sender's */
};

/* `key` is random, `limit` the most bytes its connections may ever take. Returns 0, or -1 when
 * memory is out. */
int ka_table_init(struct ka_table *table, const uint64_t key[2], bool vlan_key, uint64_t limit);
void ka_table_fini(struct ka_table *table);

/* Builds the key of a packet's connection (or, for an ICMP error, of the quoted one). Returns the
 * sender's side: 0 or 1. */
unsigned ka_table_key(struct ka_table *table, const struct ka_packet *packet, struct ka_key *key);

/* The keyed hash. */
uint32_t ka_table_hash(const struct ka_table *table, const struct ka_key *key);

/* The connection of a key; NULL when there is none. Valid until removed. */
struct ka_conn *ka_table_find(const struct ka_table *table, const struct ka_key *key,
                              uint32_t hash);

/* Fills a lookup for each of `count` packets that come next, at most KA_BATCH, and asks the
 * processor to fetch what finding and tracking their connections will touch. */
void ka_table_look_ahead(struct ka_table *table, const struct ka_packet *packets, size_t count,
                         struct ka_lookup *out);

/* The connection of the lookup; NULL when there is none. Valid until removed. */
static inline struct ka_conn *ka_table_look_up(const struct ka_table *table,
                                               const struct ka_lookup *lookup)
{
    if (lookup->guess != NULL && ka_key_equal(&lookup->guess->key, &lookup->key))
        return lookup->guess;
    return ka_table_find(table, &lookup->key, lookup->hash);
}

/* Bytes the next insertion would take from the system; 0 when there is room. */
size_t ka_table_insert_cost(const struct ka_table *table);

/* Adds a connection that is not there, with a new flow id, in class KA_CLASS_HANDSHAKE; all else
 * is 0. Returns NULL when memory is out. */
struct ka_conn *ka_table_insert(struct ka_table *table, const struct ka_key *key, uint32_t hash);

/* Takes a connection out; its memory is used again. */
void ka_table_remove(struct ka_table *table, struct ka_conn *conn);

/* Notes that the connection was heard: moves it to the end of its class's list, where the lists are
 * kept in order. While memory is plenty only closed connections are: moving costs the neighbours'
 * cache lines. */
void ka_table_touch(struct ka_table *table, struct ka_conn *conn);

/* Brings the lists into the order last heard and keeps them so from now on: for when memory gets
 * short and the longest unheard are wanted. Without memory for sorting the order is that of the
 * first packets. */
void ka_table_order(struct ka_table *table);

/* Moves the connection to the end of another class's list. */
void ka_table_reclass(struct ka_table *table, struct ka_conn *conn, enum ka_conn_class class);

/* The longest unheard connection of a class; NULL when the class is empty. */
struct ka_conn *ka_table_oldest(const struct ka_table *table, enum ka_conn_class class);

/* The next one of the same class, heard later; NULL at the end. */
struct ka_conn *ka_table_newer(const struct ka_table *table, const struct ka_conn *conn);

/* A small number of the connection while it is in the table, from 1; used again afterwards. */
uint32_t ka_table_index(const struct ka_table *table, const struct ka_conn *conn);

/* Connections in the table, and bytes taken for them. */
uint32_t ka_table_count(const struct ka_table *table);
size_t ka_table_memory(const struct ka_table *table);

#endif
