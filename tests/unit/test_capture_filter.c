/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Filters: which frames pass on which link type, as they stand and widened.
 */
#include "tests/unit/capture_bytes.h"

#include "capture/filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ETHERNET = 1, RAW = 101, COOKED = 113, COOKED2 = 276, LOOPBACK = 0, IPV4_ONLY = 228 };

enum payload {
    TCP_5432,   /* IPv4 10.0.0.1 > 10.0.0.2, port 5432 */
    TCP_80,     /* the same, port 80 */
    TCP6_5432,  /* IPv6 2001:db8::1 > 2001:db8::2, port 5432 */
    UNREACH,    /* ICMP destination unreachable */
    PING,       /* ICMP echo */
    UNREACH6,   /* ICMPv6 destination unreachable */
    NEIGHBOUR6, /* ICMPv6 neighbour solicitation */
};

static void put_ipv4(struct ka_builder *b, uint8_t protocol)
{
    ka_put_be32(b, 0x45000028);
    ka_put_be32(b, 0);
    ka_put_u8(b, 64);
    ka_put_u8(b, protocol);
    ka_put_be16(b, 0);
    ka_put_be32(b, 0x0a000001);
    ka_put_be32(b, 0x0a000002);
}

static void put_ipv6(struct ka_builder *b, uint8_t protocol)
{
    ka_put_be32(b, 0x60000000);
    ka_put_be16(b, 20);
    ka_put_u8(b, protocol);
    ka_put_u8(b, 64);
    for (uint32_t host = 1; host <= 2; host++) {
        ka_put_be32(b, 0x20010db8);
        ka_put_zeros(b, 8);
        ka_put_be32(b, host);
    }
}

static void put_payload(struct ka_builder *b, enum payload payload)
{
    static const struct {
        bool v6;
        uint8_t protocol;
        uint32_t first; /* of the transport header */
    } rows[] = {
        [TCP_5432] = {false, 6, 40000u << 16 | 5432},
        [TCP_80] = {false, 6, 40000u << 16 | 80},
        [TCP6_5432] = {true, 6, 40000u << 16 | 5432},
        [UNREACH] = {false, 1, 0x03010000},
        [PING] = {false, 1, 0x08000000},
        [UNREACH6] = {true, 58, 0x01000000},
        [NEIGHBOUR6] = {true, 58, 0x87000000},
    };
    if (rows[payload].v6)
        put_ipv6(b, rows[payload].protocol);
    else
        put_ipv4(b, rows[payload].protocol);
    ka_put_be32(b, rows[payload].first);
    ka_put_zeros(b, 16);
}

/* A frame of the link type; `vlans` tags (id 5, then 6) on Ethernet. */
static struct ka_frame make_frame(uint8_t *bytes, size_t size, uint16_t link_type, int vlans,
                                  enum payload payload)
{
    struct ka_builder b = ka_builder_make(bytes, size);
    bool v6 = payload == TCP6_5432 || payload == UNREACH6 || payload == NEIGHBOUR6;
    uint16_t type = v6 ? 0x86dd : 0x0800;
    switch (link_type) {
    case ETHERNET:
        ka_put_zeros(&b, 12);
        for (int i = 0; i < vlans; i++) {
            ka_put_be16(&b, 0x8100);
            ka_put_be16(&b, (uint16_t)(5 + i));
        }
        ka_put_be16(&b, type);
        break;
    case COOKED:
        ka_put_zeros(&b, 14);
        ka_put_be16(&b, type);
        break;
    case COOKED2:
        ka_put_be16(&b, type);
        ka_put_zeros(&b, 18);
        break;
    case LOOPBACK: /* in the order of the other kind of machine, with another system's number */
        ka_put_be32(&b, v6 ? 30 : 2);
        break;
    default:
        break;
    }
    put_payload(&b, payload);
    assert_true(ka_builder_ok(&b));
    return (struct ka_frame){.data = bytes,
                             .captured = (uint32_t)b.used,
                             .length = (uint32_t)b.used,
                             .link_type = link_type};
}

struct row {
    const char *expression;
    bool widened;
    uint16_t link_type;
    int vlans;
    enum payload payload;
    bool passes;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[128];
        struct ka_error error = {.text = ""};
        struct ka_filter *filter;
        char *text =
            rows[i].widened ? ka_filter_widen(rows[i].expression) : strdup(rows[i].expression);
        assert_non_null(text);
        struct ka_frame frame =
            make_frame(bytes, sizeof(bytes), rows[i].link_type, rows[i].vlans, rows[i].payload);
        if (ka_filter_create(text, &filter, &error) != 0)
            fail_msg("row %zu: %s", i, error.text);
        if (ka_filter_matches(filter, &frame, &error) != rows[i].passes || error.text[0] != '\0')
            fail_msg("row %zu, \"%s\": should %s; %s", i, text, rows[i].passes ? "pass" : "fail",
                     error.text);
        ka_filter_free(filter);
        free(text);
    }
}

static void an_expression_works_on_every_link_type(void **state)
{
    (void)state;
    static const uint16_t links[] = {ETHERNET, RAW, COOKED, COOKED2, LOOPBACK};
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        const struct row rows[] = {
            {"", false, links[i], 0, PING, true},
            {"port 5432", false, links[i], 0, TCP_5432, true},
            {"port 5432", false, links[i], 0, TCP6_5432, true},
            {"port 5432", false, links[i], 0, TCP_80, false},
            {"port 5432", false, links[i], 0, UNREACH, false},
            {"host 2001:db8::1", false, links[i], 0, TCP6_5432, true},
            {"host 2001:db8::1", false, links[i], 0, TCP_5432, false},
            {"", true, links[i], 0, PING, true},
            {"port 5432", true, links[i], 0, TCP_5432, true},
            {"port 5432", true, links[i], 0, TCP6_5432, true},
            {"port 5432", true, links[i], 0, TCP_80, false},
            {"port 5432", true, links[i], 0, UNREACH, true},
            {"port 5432", true, links[i], 0, UNREACH6, true},
            {"port 5432", true, links[i], 0, PING, false},
            {"port 5432", true, links[i], 0, NEIGHBOUR6, false},
            {"host 2001:db8::1", true, links[i], 0, TCP6_5432, true},
            {"host 2001:db8::1", true, links[i], 0, TCP_5432, false},
            {"tcp or icmp", true, links[i], 0, PING, true},
        };
        check_rows(rows, sizeof(rows) / sizeof(rows[0]));
    }
}

static void a_widened_expression_looks_under_a_vlan_tag(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"port 5432", false, ETHERNET, 1, TCP_5432, false},
        {"port 5432", true, ETHERNET, 1, TCP_5432, true},
        {"port 5432", true, ETHERNET, 1, TCP6_5432, true},
        {"port 5432", true, ETHERNET, 1, TCP_80, false},
        {"port 5432", true, ETHERNET, 1, UNREACH, true},
        {"port 5432", true, ETHERNET, 1, UNREACH6, true},
        {"port 5432", true, ETHERNET, 1, PING, false},
        /* A user who says vlan means that tag, but still wants the errors. */
        {"vlan 5 and tcp", true, ETHERNET, 1, TCP_80, true},
        {"vlan 5 and tcp", true, ETHERNET, 1, UNREACH, true},
        {"vlan 5 and tcp", true, ETHERNET, 0, UNREACH, true},
        {"vlan 5 and tcp", true, ETHERNET, 0, TCP_80, false},
        {"vlan 6 and tcp", true, ETHERNET, 1, TCP_80, false},
        /* As in tcpdump it is the outermost tag that is meant. */
        {"vlan 5 and tcp", true, ETHERNET, 2, TCP_80, false},
        {"vlan 5 and vlan 6 and tcp", true, ETHERNET, 2, TCP_80, true},
        {"vlan 6 and tcp", true, ETHERNET, 2, TCP_80, false},
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void a_link_type_that_carries_less_is_no_fault(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"host 2001:db8::1", false, IPV4_ONLY, 0, TCP_80, false},
        {"host 2001:db8::1", true, IPV4_ONLY, 0, UNREACH, true},
        {"port 5432", true, IPV4_ONLY, 0, TCP_5432, true},
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void an_unfit_expression_passes_nothing_and_says_so_once(void **state)
{
    (void)state;
    static const char *const expressions[] = {"ether host 1:2:3:4:5:6", "vlan 5 and tcp"};
    for (size_t i = 0; i < 2; i++) {
        uint8_t bytes[128];
        struct ka_error error;
        struct ka_filter *filter;
        struct ka_frame frame = make_frame(bytes, sizeof(bytes), RAW, 0, TCP_80);
        assert_int_equal(ka_filter_create(expressions[i], &filter, &error), 0);
        assert_false(ka_filter_matches(filter, &frame, &error));
        assert_non_null(strstr(error.text, expressions[i]));
        assert_non_null(strstr(error.text, "link type 101"));
        assert_false(ka_filter_matches(filter, &frame, &error));
        assert_string_equal(error.text, "");
        ka_filter_free(filter);
    }
}

static void link_types_in_turn_keep_their_own_program_and_are_told_of_once(void **state)
{
    (void)state;
    enum { ROUNDS = 2, TYPES = 300 };
    uint8_t bytes[128];
    struct ka_error error;
    struct ka_filter *filter;
    size_t told[ROUNDS] = {0};
    assert_int_equal(ka_filter_create("tcp", &filter, &error), 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (uint16_t type = 0; type < TYPES; type++) {
            struct ka_frame frame = make_frame(bytes, sizeof(bytes), type, 0, TCP_80);
            bool passes = ka_filter_matches(filter, &frame, &error);
            if (type == ETHERNET || type == RAW || type == COOKED || type == COOKED2)
                assert_true(passes);
            if (error.text[0] != '\0')
                told[round]++;
        }
    }
    assert_true(told[0] > 0);
    assert_int_equal(told[1], 0);
    ka_filter_free(filter);
}

static void a_wrong_expression_is_quoted_as_the_user_wrote_it(void **state)
{
    (void)state;
    static const char *const wrong[] = {"prot 5432", "tcp) or (udp", "port 99999", "tcp and udp"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        for (int widened = 0; widened <= 1; widened++) {
            struct ka_error error;
            struct ka_filter *filter = NULL;
            char quoted[64];
            char *text = widened ? ka_filter_widen(wrong[i]) : strdup(wrong[i]);
            assert_int_equal(ka_filter_create(text, &filter, &error), -1);
            snprintf(quoted, sizeof(quoted), "\"%s\"", wrong[i]);
            assert_non_null(strstr(error.text, quoted));
            assert_null(filter);
            free(text);
        }
    }
}

static void attempts_end(void **state)
{
    (void)state;
    char *wide = ka_filter_widen("tcp");
    char *without_vlan = ka_filter_attempt(wide, 1);
    char *own = ka_filter_attempt(wide, 2);
    assert_non_null(strstr(wide, "vlan"));
    assert_null(strstr(without_vlan, "vlan"));
    assert_string_equal(own, "tcp");
    assert_null(ka_filter_attempt(wide, 3));
    assert_null(ka_filter_attempt("tcp", 1));
    free(wide);
    free(without_vlan);
    free(own);
}

static void filtered_frames_keep_their_numbers_in_mixed_files(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    uint8_t packet[128];
    struct seen seen;
    static const struct {
        uint16_t link_type;
        enum payload payload;
    } frames[] = {{ETHERNET, TCP_80}, {RAW, TCP_5432}, {ETHERNET, TCP_5432}, {RAW, PING}};
    struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
    put_section(&b, false);
    put_interface(&b, false, ETHERNET, 0, 9, 0);
    put_interface(&b, false, RAW, 0, 9, 0);
    for (size_t i = 0; i < 4; i++) {
        struct ka_frame frame =
            make_frame(packet, sizeof(packet), frames[i].link_type, 0, frames[i].payload);
        size_t at = begin_block(&b, false, 6);
        put32(&b, false, frames[i].link_type == RAW);
        put64(&b, false, 0);
        put32(&b, false, frame.captured);
        put32(&b, false, frame.length);
        ka_put_bytes(&b, frame.data, frame.captured);
        end_block(&b, false, at);
    }
    read_bytes(&b, "port 5432", &seen);
    assert_int_equal(seen.end, KA_SOURCE_END);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.frames[0].number, 2);
    assert_int_equal(seen.frames[1].number, 3);
    assert_int_equal(seen.stats.frames, 4);
    read_bytes(&b, "ether host 1:2:3:4:5:6", &seen);
    assert_int_equal(seen.end, KA_SOURCE_END);
    assert_int_equal(seen.count, 0);
    assert_non_null(strstr(seen.error.text, "link type 101")); /* a warning */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_expression_works_on_every_link_type),
        cmocka_unit_test(a_widened_expression_looks_under_a_vlan_tag),
        cmocka_unit_test(a_link_type_that_carries_less_is_no_fault),
        cmocka_unit_test(an_unfit_expression_passes_nothing_and_says_so_once),
        cmocka_unit_test(link_types_in_turn_keep_their_own_program_and_are_told_of_once),
        cmocka_unit_test(a_wrong_expression_is_quoted_as_the_user_wrote_it),
        cmocka_unit_test(attempts_end),
        cmocka_unit_test(filtered_frames_keep_their_numbers_in_mixed_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
