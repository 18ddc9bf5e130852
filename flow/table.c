/* SPDX-License-Identifier: BSD-2-Clause */
#include "flow/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    FIRST_CAPACITY = 1024,
    HUGE = 2 << 20, /* a huge page */
};

/* Empty slots; NULL when memory is out. Many of them lie in huge pages where the kernel has any:
 * they are looked at all over, and with small pages each look would walk the page tables as well.
 */
static struct ka_slot *make_slots(uint64_t capacity)
{
    size_t size = capacity * sizeof(struct ka_slot);
    if (size < HUGE)
        return calloc(capacity, sizeof(struct ka_slot));
    struct ka_slot *slots = aligned_alloc(HUGE, (size + HUGE - 1) / HUGE * HUGE);
    if (slots == NULL)
        return NULL;
    madvise(slots, size, MADV_HUGEPAGE);
    return memset(slots, 0, size);
}

int ka_table_init(struct ka_table *table, const uint64_t key[2], bool vlan_key, uint64_t limit)
{
    *table =
        (struct ka_table){.capacity = FIRST_CAPACITY, .key = {key[0], key[1]}, .next_flow_id = 1};
    ka_slab_init(&table->conns, sizeof(struct ka_conn), limit);
    if (ka_zones_init(&table->zones, key, vlan_key) < 0)
        return -1;
    table->slots = make_slots(table->capacity);
    if (table->slots == NULL) {
        ka_zones_fini(&table->zones);
        return -1;
    }
    return 0;
}

void ka_table_fini(struct ka_table *table)
{
    free(table->slots);
    table->slots = NULL;
    ka_slab_fini(&table->conns);
    ka_zones_fini(&table->zones);
}

/* Eight bytes of an address as a number that compares as they do. */
static uint64_t ordered(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? word : __builtin_bswap64(word);
}

/* True when the first endpoint comes after the second. */
static bool comes_after(const uint8_t *addr, uint16_t port, const uint8_t *other,
                        uint16_t other_port)
{
    uint64_t one = ordered(addr);
    uint64_t two = ordered(other);
    if (one == two) {
        one = ordered(addr + 8);
        two = ordered(other + 8);
    }
    return one != two ? one > two : port > other_port;
}

unsigned ka_table_key(struct ka_table *table, const struct ka_packet *packet, struct ka_key *key)
{
    bool quoted = packet->kind == KA_PACKET_ICMP_ERROR;
    const uint8_t *src = quoted ? packet->icmp.quoted_src : packet->src;
    const uint8_t *dst = quoted ? packet->icmp.quoted_dst : packet->dst;
    uint16_t src_port = quoted ? packet->icmp.quoted_src_port : packet->src_port;
    uint16_t dst_port = quoted ? packet->icmp.quoted_dst_port : packet->dst_port;
    unsigned side = comes_after(src, src_port, dst, dst_port);
    memcpy(key->addr[side], src, 16);
    memcpy(key->addr[!side], dst, 16);
    key->port[side] = src_port;
    key->port[!side] = dst_port;
    key->zone = 0;
    if (packet->tunnel_type != KA_TUNNEL_NONE || packet->vlan_count > 0)
        key->zone = ka_zones_of(&table->zones, packet);
    key->family = quoted ? packet->icmp.quoted_family : packet->family;
    key->unused = 0;
    return side;
}

/* Multiplies to 128 bits and folds: every bit of the result hangs on every bit of both. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint32_t ka_table_hash(const struct ka_table *table, const struct ka_key *key)
{
    uint64_t word[5];
    memcpy(word, key, sizeof(word));
    uint64_t hash = fold(word[0] ^ table->key[0], word[2] ^ table->key[1]);
    if (key->family == 6) {
        hash = fold(word[1] ^ hash, word[3] ^ table->key[1]);
        hash ^= table->key[0];
    }
    hash = fold(hash ^ word[4], table->key[1] | 1);
    hash = fold(hash ^ table->key[0], 0x9e3779b97f4a7c15u);
    return (uint32_t)(hash >> 32);
}

/* Where a tag belongs: the tags in order fill the slots in order, whatever the capacity. */
static uint64_t home(const struct ka_table *table, uint32_t tag)
{
    return (tag * table->capacity) >> 32;
}

static uint64_t after(const struct ka_table *table, uint64_t at)
{
    return at + 1 == table->capacity ? 0 : at + 1;
}

static struct ka_conn *conn_at(const struct ka_table *table, uint32_t index)
{
    return ka_slab_at(&table->conns, index);
}

/* The connection that will very likely be found, not compared yet; NULL for none. All of the first
 * few slots are looked at, whatever is in them: where a search ends cannot be foretold. */
static struct ka_conn *guess(const struct ka_table *table, uint32_t hash)
{
    enum { NEAR = 4 };
    uint64_t at = home(table, hash);
    uint32_t index = 0;
    if (at + NEAR > table->capacity)
        at = table->capacity - NEAR;
    const struct ka_slot *slot = &table->slots[at];
    for (int i = NEAR - 1; i >= 0; i--) {
        uint32_t here = slot[i].index; /* read in any case: no branch, then */
        index = slot[i].tag == hash ? here : index;
    }
    return index != 0 ? conn_at(table, index) : NULL;
}

static void fetch(const struct ka_conn *conn)
{
    const uint8_t *bytes = (const uint8_t *)conn;
    __builtin_prefetch(bytes, 1);
    __builtin_prefetch(bytes + 64, 1);
    __builtin_prefetch(bytes + 128, 1);
    __builtin_prefetch(bytes + sizeof(*conn) - 1, 1);
}

void ka_table_look_ahead(struct ka_table *table, const struct ka_packet *packets, size_t count,
                         struct ka_lookup *out)
{
    for (size_t i = 0; i < count; i++)
        out[i].side = (uint8_t)ka_table_key(table, &packets[i], &out[i].key);
    /* Not in the loop above: a key that was just written by parts is slow to read as words. */
    for (size_t i = 0; i < count; i++) {
        out[i].hash = ka_table_hash(table, &out[i].key);
        __builtin_prefetch(&table->slots[home(table, out[i].hash)]);
    }
    for (size_t i = 0; i < count; i++) {
        out[i].guess = guess(table, out[i].hash);
        if (out[i].guess != NULL)
            fetch(out[i].guess);
    }
}

/* The slot of a connection; the empty slot where its search ends when there is none. */
static uint64_t find_slot(const struct ka_table *table, const struct ka_key *key, uint32_t hash)
{
    uint64_t at = home(table, hash);
    for (; table->slots[at].index != 0; at = after(table, at)) {
        if (table->slots[at].tag == hash &&
            ka_key_equal(&conn_at(table, table->slots[at].index)->key, key))
            break;
    }
    return at;
}

struct ka_conn *ka_table_find(const struct ka_table *table, const struct ka_key *key, uint32_t hash)
{
    uint32_t index = table->slots[find_slot(table, key, hash)].index;
    return index == 0 ? NULL : conn_at(table, index);
}

/* Grows by a quarter when 16 of 25 are taken: a load between 0.51 and 0.64 is 12.5 to 15.6 bytes of
 * slots a connection, and most are found where they belong. */
static bool is_full(const struct ka_table *table)
{
    return (uint64_t)table->conns.used * 25 >= table->capacity * 16;
}

static uint64_t grown(const struct ka_table *table)
{
    return table->capacity + table->capacity / 4;
}

size_t ka_table_insert_cost(const struct ka_table *table)
{
    size_t cost = ka_slab_next_cost(&table->conns);
    if (is_full(table))
        cost += (grown(table) - table->capacity) * sizeof(struct ka_slot);
    return cost;
}

static void put_slot(struct ka_table *table, uint32_t tag, uint32_t index)
{
    uint64_t at = home(table, tag);
    while (table->slots[at].index != 0)
        at = after(table, at);
    table->slots[at] = (struct ka_slot){.tag = tag, .index = index};
}

static int grow(struct ka_table *table)
{
    struct ka_slot *old = table->slots;
    uint64_t old_capacity = table->capacity;
    struct ka_slot *slots = make_slots(grown(table));
    if (slots == NULL)
        return -1;
    table->capacity = grown(table);
    table->slots = slots;
    for (uint64_t i = 0; i < old_capacity; i++) {
        if (old[i].index != 0)
            put_slot(table, old[i].tag, old[i].index);
    }
    free(old);
    return 0;
}

uint32_t ka_table_index(const struct ka_table *table, const struct ka_conn *conn)
{
    /* Neighbours know it, the ends of the list do too. */
    if (conn->newer != 0)
        return conn_at(table, conn->newer)->older;
    return table->lists[ka_conn_class(conn)].newest;
}

static void link_newest(struct ka_table *table, struct ka_conn *conn, uint32_t index)
{
    enum ka_conn_class class = ka_conn_class(conn);
    conn->older = table->lists[class].newest;
    conn->newer = 0;
    if (conn->older != 0)
        conn_at(table, conn->older)->newer = index;
    else
        table->lists[class].oldest = index;
    table->lists[class].newest = index;
}

static void unlink_conn(struct ka_table *table, struct ka_conn *conn)
{
    enum ka_conn_class class = ka_conn_class(conn);
    if (conn->older != 0)
        conn_at(table, conn->older)->newer = conn->newer;
    else
        table->lists[class].oldest = conn->newer;
    if (conn->newer != 0)
        conn_at(table, conn->newer)->older = conn->older;
    else
        table->lists[class].newest = conn->older;
}

struct ka_conn *ka_table_insert(struct ka_table *table, const struct ka_key *key, uint32_t hash)
{
    if (is_full(table) && grow(table) < 0)
        return NULL;
    uint32_t index = ka_slab_take(&table->conns);
    if (index == 0)
        return NULL;
    struct ka_conn *conn = conn_at(table, index);
    conn->key = *key;
    conn->flow_id = table->next_flow_id++;
    conn->side[0].last_sent = KA_TIME_NONE;
    conn->side[1].last_sent = KA_TIME_NONE;
    put_slot(table, hash, index);
    link_newest(table, conn, index);
    return conn;
}

/* Empties a slot and moves later ones of the same run back over the hole. */
static void erase_slot(struct ka_table *table, uint64_t hole)
{
    uint64_t capacity = table->capacity;
    for (uint64_t at = after(table, hole); table->slots[at].index != 0; at = after(table, at)) {
        uint64_t from_home = (at + capacity - home(table, table->slots[at].tag)) % capacity;
        uint64_t from_hole = (at + capacity - hole) % capacity;
        if (from_home < from_hole)
            continue; /* it would land before its home */
        table->slots[hole] = table->slots[at];
        hole = at;
    }
    table->slots[hole].index = 0;
}

void ka_table_remove(struct ka_table *table, struct ka_conn *conn)
{
    uint32_t index = ka_table_index(table, conn);
    erase_slot(table, find_slot(table, &conn->key, ka_table_hash(table, &conn->key)));
    unlink_conn(table, conn);
    conn->key.family = 0; /* equal to no key any more */
    ka_slab_give(&table->conns, index);
}

void ka_table_touch(struct ka_table *table, struct ka_conn *conn)
{
    if (conn->newer == 0 || (!table->ordered && ka_conn_class(conn) != KA_CLASS_CLOSED))
        return;
    uint32_t index = ka_table_index(table, conn);
    unlink_conn(table, conn);
    link_newest(table, conn, index);
}

void ka_table_reclass(struct ka_table *table, struct ka_conn *conn, enum ka_conn_class class)
{
    uint32_t index = ka_table_index(table, conn);
    unlink_conn(table, conn);
    conn->flags =
        (uint16_t)((conn->flags & ~(unsigned)KA_CONN_CLASS) | (unsigned)class * KA_CONN_CLASS_UNIT);
    link_newest(table, conn, index);
}

static int by_last_heard(const void *a, const void *b)
{
    const struct ka_conn *first = *(struct ka_conn *const *)a;
    const struct ka_conn *second = *(struct ka_conn *const *)b;
    ka_time one = ka_conn_last(first);
    ka_time other = ka_conn_last(second);
    if (one != other)
        return one < other ? -1 : 1;
    return (first->flow_id > second->flow_id) - (first->flow_id < second->flow_id);
}

void ka_table_order(struct ka_table *table)
{
    table->ordered = true;
    struct ka_conn **all = calloc((size_t)table->conns.used + 1, sizeof(struct ka_conn *));
    if (all == NULL)
        return;
    for (unsigned class = 0; class < KA_CLASS_COUNT; class ++) {
        size_t count = 0;
        struct ka_conn *conn = ka_table_oldest(table, (enum ka_conn_class) class);
        for (; conn != NULL; conn = ka_table_newer(table, conn))
            all[count++] = conn;
        qsort(all, count, sizeof(struct ka_conn *), by_last_heard);
        for (size_t i = 0; i < count; i++) {
            uint32_t index = ka_table_index(table, all[i]);
            unlink_conn(table, all[i]);
            link_newest(table, all[i], index);
        }
    }
    free(all);
}

struct ka_conn *ka_table_oldest(const struct ka_table *table, enum ka_conn_class class)
{
    uint32_t index = table->lists[class].oldest;
    return index == 0 ? NULL : conn_at(table, index);
}

struct ka_conn *ka_table_newer(const struct ka_table *table, const struct ka_conn *conn)
{
    return conn->newer == 0 ? NULL : conn_at(table, conn->newer);
}

uint32_t ka_table_count(const struct ka_table *table)
{
    return table->conns.used;
}

size_t ka_table_memory(const struct ka_table *table)
{
    return ka_slab_memory(&table->conns) + table->capacity * sizeof(struct ka_slot);
}
