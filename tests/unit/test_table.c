/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The connection table: finding, removing, order of eviction, memory per connection.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/table.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t random_key[2] = {0x1122334455667788u, 0x99aabbccddeeff01u};

static struct ka_key key_of(uint32_t number)
{
    struct ka_key key = {.port = {40000, 443}, .family = 4};
    memcpy(key.addr[0], &number, 4);
    memcpy(key.addr[1], "\xc0\x00\x02\x01", 4);
    return key;
}

static struct ka_conn *insert(struct ka_table *table, uint32_t number)
{
    struct ka_key key = key_of(number);
    return ka_table_insert(table, &key, ka_table_hash(table, &key));
}

static struct ka_conn *find(const struct ka_table *table, uint32_t number)
{
    struct ka_key key = key_of(number);
    return ka_table_find(table, &key, ka_table_hash(table, &key));
}

static void what_is_put_in_is_found_until_it_is_removed(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    struct ka_table table;
    assert_int_equal(ka_table_init(&table, random_key, false, 1 << 30), 0);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(insert(&table, i)->flow_id, i + 1);
    for (uint32_t i = 0; i < COUNT; i += 3)
        ka_table_remove(&table, find(&table, i));
    for (uint32_t i = 0; i < COUNT; i++) {
        struct ka_conn *conn = find(&table, i);
        if (i % 3 == 0) {
            assert_null(conn);
        } else {
            assert_non_null(conn);
            assert_int_equal(conn->flow_id, i + 1);
        }
    }
    assert_int_equal(ka_table_count(&table), COUNT - (COUNT + 2) / 3);
    ka_table_fini(&table);
}

static void equal_hashes_are_told_apart_by_their_keys(void **state)
{
    (void)state;
    enum { COUNT = 500, HASH = 0x80000000 };
    struct ka_table table;
    assert_int_equal(ka_table_init(&table, random_key, false, 1 << 30), 0);
    for (uint32_t i = 0; i < COUNT; i++) {
        struct ka_key key = key_of(i);
        assert_non_null(ka_table_insert(&table, &key, HASH));
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        struct ka_key key = key_of(i);
        struct ka_conn *conn = ka_table_find(&table, &key, HASH);
        assert_non_null(conn);
        assert_memory_equal(&conn->key, &key, sizeof(key));
    }
    ka_table_fini(&table);
}

static void the_hash_hangs_on_the_key_of_the_run(void **state)
{
    (void)state;
    const uint64_t other_key[2] = {5, 6};
    struct ka_table one, other;
    assert_int_equal(ka_table_init(&one, random_key, false, 1 << 30), 0);
    assert_int_equal(ka_table_init(&other, other_key, false, 1 << 30), 0);
    unsigned equal = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        struct ka_key key = key_of(i);
        equal += ka_table_hash(&one, &key) == ka_table_hash(&other, &key);
    }
    assert_true(equal < 5);
    ka_table_fini(&one);
    ka_table_fini(&other);
}

static void the_hash_spreads_addresses_and_ports_alike(void **state)
{
    (void)state;
    enum { COUNT = 40000, BUCKETS = 256 };
    static unsigned buckets[BUCKETS];
    struct ka_table table;
    assert_int_equal(ka_table_init(&table, random_key, false, 1 << 30), 0);
    for (unsigned way = 0; way < 3; way++) {
        memset(buckets, 0, sizeof(buckets));
        for (uint32_t i = 0; i < COUNT; i++) {
            struct ka_key key = key_of(way == 0 ? i : 7);
            if (way == 1)
                key.port[0] = (uint16_t)i;
            if (way == 2) {
                key.family = 6;
                memcpy(key.addr[1] + 12, &i, 4);
            }
            buckets[ka_table_hash(&table, &key) >> 24]++;
        }
        for (unsigned i = 0; i < BUCKETS; i++)
            assert_in_range(buckets[i], COUNT / BUCKETS / 2, COUNT / BUCKETS * 2);
    }
    ka_table_fini(&table);
}

static void lists_go_by_the_last_packet(void **state)
{
    (void)state;
    struct ka_table table;
    assert_int_equal(ka_table_init(&table, random_key, false, 1 << 30), 0);
    struct ka_conn *first = insert(&table, 1);
    struct ka_conn *second = insert(&table, 2);
    struct ka_conn *third = insert(&table, 3);
    assert_ptr_equal(ka_table_oldest(&table, KA_CLASS_HANDSHAKE), first);
    ka_table_touch(&table, first);
    assert_ptr_equal(ka_table_oldest(&table, KA_CLASS_HANDSHAKE), first); /* memory is plenty */
    first->side[0].last_sent = 4;
    second->side[0].last_sent = 2;
    third->side[1].last_sent = 3;
    ka_table_order(&table);
    assert_ptr_equal(ka_table_oldest(&table, KA_CLASS_HANDSHAKE), second);
    ka_table_reclass(&table, second, KA_CLASS_PROBED);
    assert_ptr_equal(ka_table_oldest(&table, KA_CLASS_HANDSHAKE), third);
    assert_ptr_equal(ka_table_newer(&table, third), first);
    assert_null(ka_table_newer(&table, first));
    assert_ptr_equal(ka_table_oldest(&table, KA_CLASS_PROBED), second);
    assert_int_equal(ka_conn_class(second), KA_CLASS_PROBED);
    ka_table_remove(&table, third);
    ka_table_remove(&table, first);
    assert_null(ka_table_oldest(&table, KA_CLASS_HANDSHAKE));
    ka_table_fini(&table);
}

static void a_connection_takes_at_most_192_bytes(void **state)
{
    (void)state;
    enum { COUNT = 300000 };
    struct ka_table table;
    size_t worst = 0;
    assert_int_equal(ka_table_init(&table, random_key, false, 1 << 30), 0);
    for (uint32_t i = 0; i < COUNT; i++) {
        insert(&table, i);
        size_t each = ka_table_memory(&table) / (i + 1);
        if (i > 100000 && each > worst)
            worst = each;
    }
    assert_in_range(worst, sizeof(struct ka_conn), 192);
    ka_table_fini(&table);
}

static void both_directions_give_one_key(void **state)
{
    (void)state;
    struct ka_table table;
    struct ka_packet packet = {.family = 4,
                               .src = {10, 0, 0, 1},
                               .dst = {10, 0, 0, 2},
                               .src_port = 40000,
                               .dst_port = 443};
    struct ka_packet back = {.family = 4,
                             .src = {10, 0, 0, 2},
                             .dst = {10, 0, 0, 1},
                             .src_port = 443,
                             .dst_port = 40000};
    struct ka_key one, other;
    assert_int_equal(ka_table_init(&table, random_key, false, 1 << 30), 0);
    unsigned side = ka_table_key(&table, &packet, &one);
    assert_int_equal(ka_table_key(&table, &back, &other), !side);
    assert_memory_equal(&one, &other, sizeof(one));
    ka_table_fini(&table);
}

static void tunnels_and_asked_for_tags_are_zones(void **state)
{
    (void)state;
    struct ka_packet plain = {.family = 4};
    struct ka_packet tagged = {.family = 4, .vlan_count = 1, .vlan = {5}};
    struct ka_packet vxlan = {.family = 4, .tunnel_type = KA_TUNNEL_VXLAN, .tunnel_id = 7};
    struct ka_packet other = {.family = 4, .tunnel_type = KA_TUNNEL_VXLAN, .tunnel_id = 8};
    struct ka_zones zones;
    assert_int_equal(ka_zones_init(&zones, random_key, false), 0);
    assert_int_equal(ka_zones_of(&zones, &plain), 0);
    assert_int_equal(ka_zones_of(&zones, &tagged), 0);
    uint16_t zone = ka_zones_of(&zones, &vxlan);
    assert_int_not_equal(zone, 0);
    assert_int_equal(ka_zones_of(&zones, &vxlan), zone);
    assert_int_not_equal(ka_zones_of(&zones, &other), zone);
    ka_zones_fini(&zones);
    assert_int_equal(ka_zones_init(&zones, random_key, true), 0);
    assert_int_not_equal(ka_zones_of(&zones, &tagged), 0);
    for (uint32_t i = 0; i < 3 * KA_ZONES_MAX; i++) {
        vxlan.tunnel_id = i;
        assert_in_range(ka_zones_of(&zones, &vxlan), 1, KA_ZONES_MAX - 1);
    }
    ka_zones_fini(&zones);
}

/* Tunnel ids that any fixed multiplication by this well-known number sends to one place. */
static void chosen_tunnel_ids_do_not_collide(void **state)
{
    (void)state;
    enum { SLOTS = 2 * KA_ZONES_MAX, CHOSEN = 2000 };
    struct ka_packet vxlan = {.family = 4, .tunnel_type = KA_TUNNEL_VXLAN};
    struct ka_zones zones;
    uint32_t chosen = 0;
    assert_int_equal(ka_zones_init(&zones, random_key, false), 0);
    for (uint32_t id = 0; chosen < CHOSEN; id++) {
        if (((id * 2654435761u + KA_TUNNEL_VXLAN * 40503u) >> 16) % SLOTS != 0)
            continue;
        vxlan.tunnel_id = id;
        ka_zones_of(&zones, &vxlan);
        chosen++;
    }
    uint32_t run = 0;
    uint32_t longest = 0;
    for (uint32_t at = 0; at < SLOTS; at++) {
        run = zones.slots[at] == 0 ? 0 : run + 1;
        longest = run > longest ? run : longest;
    }
    assert_in_range(longest, 1, 50);
    ka_zones_fini(&zones);
}

static void a_side_counts_beyond_32_bits(void **state)
{
    (void)state;
    struct ka_side side = {
        .packets_low = UINT32_MAX, .packets_high = 2, .wscale = 7, .bytes_low = UINT32_MAX - 99};
    ka_side_count(&side, 99);
    assert_int_equal(ka_side_packets(&side), UINT64_C(3) << 32);
    assert_int_equal(ka_side_bytes(&side), UINT32_MAX);
    ka_side_count(&side, 1500);
    assert_int_equal(ka_side_packets(&side), (UINT64_C(3) << 32) + 1);
    assert_int_equal(ka_side_bytes(&side), UINT64_C(0x100000000) + 1499);
    assert_int_equal(side.wscale, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_in_is_found_until_it_is_removed),
        cmocka_unit_test(equal_hashes_are_told_apart_by_their_keys),
        cmocka_unit_test(the_hash_hangs_on_the_key_of_the_run),
        cmocka_unit_test(the_hash_spreads_addresses_and_ports_alike),
        cmocka_unit_test(lists_go_by_the_last_packet),
        cmocka_unit_test(a_connection_takes_at_most_192_bytes),
        cmocka_unit_test(both_directions_give_one_key),
        cmocka_unit_test(tunnels_and_asked_for_tags_are_zones),
        cmocka_unit_test(chosen_tunnel_ids_do_not_collide),
        cmocka_unit_test(a_side_counts_beyond_32_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
