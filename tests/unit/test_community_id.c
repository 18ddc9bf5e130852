/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The Community ID, against values that other programs publish for the same connections.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "output/community_id.h"

#include <string.h>

static void published_values_are_met_in_both_directions(void **state)
{
    (void)state;
    /* The specification's baseline captures, and the Zeek documentation's example. */
    static const struct {
        const char *a;
        const char *b;
        const char *id;
    } rows[] = {
        {"128.232.110.120:34855", "66.35.250.204:80", "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
        {"1.2.3.4:1122", "5.6.7.8:3344", "1:wCb3OG7yAFWelaUydu0D+125CLM="},
        {"[2001:470:e5bf:dead:4957:2174:e82c:4887]:63943", "[2607:f8b0:400c:c03::1a]:25",
         "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_endpoint a;
        struct ka_endpoint b;
        char id[KA_COMMUNITY_ID_SIZE];
        assert_int_equal(ka_endpoint_parse(rows[i].a, &a, NULL), 0);
        assert_int_equal(ka_endpoint_parse(rows[i].b, &b, NULL), 0);
        assert_true(ka_community_id(&a, &b, id));
        assert_string_equal(id, rows[i].id);
        assert_true(ka_community_id(&b, &a, id));
        assert_string_equal(id, rows[i].id);
    }
}

static void one_host_talking_to_itself_is_told_by_its_ports(void **state)
{
    (void)state;
    char forth[KA_COMMUNITY_ID_SIZE];
    char back[KA_COMMUNITY_ID_SIZE];
    char other[KA_COMMUNITY_ID_SIZE];
    struct ka_endpoint a = {.addr = {.bytes = {127, 0, 0, 1}, .family = 4}, .port = 40000};
    struct ka_endpoint b = a;
    b.port = 80;
    assert_true(ka_community_id(&a, &b, forth));
    assert_true(ka_community_id(&b, &a, back));
    assert_string_equal(forth, back);
    b.port = 81;
    assert_true(ka_community_id(&a, &b, other));
    assert_string_not_equal(forth, other);
}

static void without_two_addresses_of_one_family_there_is_none(void **state)
{
    (void)state;
    char id[KA_COMMUNITY_ID_SIZE] = "untouched";
    struct ka_endpoint none = {.port = 1};
    struct ka_endpoint v4 = {.addr = {.family = 4}, .port = 1};
    struct ka_endpoint v6 = {.addr = {.family = 6}, .port = 1};
    assert_false(ka_community_id(&none, &none, id));
    assert_false(ka_community_id(&v4, &v6, id));
    assert_false(ka_community_id(&v4, &none, id));
    assert_string_equal(id, "untouched");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_values_are_met_in_both_directions),
        cmocka_unit_test(one_host_talking_to_itself_is_told_by_its_ports),
        cmocka_unit_test(without_two_addresses_of_one_family_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
