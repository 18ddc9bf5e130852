/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The injector's guard: every rule is broken once, by requests written as they arrive, and nothing
 * that breaks one counts as sent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inject/guard.h"
#include "inject/local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROBE                "probe id=1 src=10.0.0.1:4000 dst=10.0.0.2:80 "
#define REST                 " win=500 ttl=64 sack=1 flight=0"
#define GOOD                 PROBE "seq=99 ack=4000 nxt=100 rcv=5000 len=0 mode=gentle" REST
#define EXACT                PROBE "seq=99 ack=5000 nxt=100 rcv=5000 len=0 mode=exact" REST
#define BYTE                 PROBE "seq=99 ack=5000 nxt=100 rcv=5000 len=1 mode=exact win=500 ttl=64"
#define ENDS(source, target) "numberless id=1 src=" source " dst=" target " win=500 ttl=64"

static struct ka_allow everyone[] = {{.addr = {.family = 4}}, {.addr = {.family = 6}}};

static struct ka_guard_limits make_limits(void)
{
    return (struct ka_guard_limits){
        .caps = {.rate = 1000, .total = 1000, .unanswered = 3, .one_byte = 1, .exact = true},
        .allow = everyone,
        .allow_count = 2,
    };
}

static struct ka_guard *make_guard(const struct ka_guard_limits *limits)
{
    struct ka_error error = {.text = ""};
    struct ka_guard *guard = ka_guard_create(limits, 1, &error);
    assert_string_equal(error.text, "");
    assert_non_null(guard);
    return guard;
}

static struct ka_probe parse(const char *line)
{
    struct ka_request request;
    struct ka_error error = {.text = ""};
    uint32_t id;
    if (ka_request_parse(line, &request, &id, &error) != 0)
        fail_msg("%s: %s", line, error.text);
    return request.probe;
}

static const char *judge(struct ka_guard *guard, const struct ka_probe *probe, ka_time now,
                         ka_time *wait)
{
    enum ka_rule rule = ka_guard_ask(guard, probe, now, wait);
    return rule == KA_RULE_COUNT ? "" : ka_rule_name(rule);
}

static void what_may_be_sent_and_what_not(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *rule; /* "" allowed */
    } rows[] = {
        {GOOD, ""},
        {EXACT, ""},
        {BYTE " sack=1 flight=0", ""},
        {ENDS("10.0.0.1:4000", "10.0.0.2:80"), ""},
        {ENDS("[2001:db8::1]:4000", "[2001:db8::2]:80"), ""},
        {PROBE "seq=4294967295 ack=4294966396 nxt=0 rcv=100 len=0 mode=gentle" REST, ""},
        {ENDS("10.0.0.1:4000", "[2001:db8::2]:80"), "family"},
        {ENDS("0.0.0.0:4000", "10.0.0.2:80"), "source"},
        {ENDS("255.255.255.255:4000", "10.0.0.2:80"), "source"},
        {ENDS("239.0.0.1:4000", "10.0.0.2:80"), "source"},
        {ENDS("[ff02::1]:4000", "[2001:db8::2]:80"), "source"},
        {ENDS("[::ffff:10.0.0.1]:4000", "[2001:db8::2]:80"), "source"},
        {ENDS("10.0.0.1:4000", "0.0.0.0:80"), "target"},
        {ENDS("10.0.0.1:4000", "0.1.2.3:80"), "target"},
        {ENDS("10.0.0.1:4000", "255.255.255.255:80"), "target"},
        {ENDS("10.0.0.1:4000", "224.0.0.1:80"), "target"},
        {ENDS("10.0.0.1:4000", "239.255.255.250:80"), "target"},
        {ENDS("[2001:db8::1]:4000", "[::]:80"), "target"},
        {ENDS("[2001:db8::1]:4000", "[ff02::1]:80"), "target"},
        {ENDS("[2001:db8::1]:4000", "[::ffff:255.255.255.255]:80"), "target"},
        {ENDS("10.0.0.2:80", "10.0.0.2:80"), "same"},
        {ENDS("10.0.0.1:4000", "10.0.0.2:80") " smac=02:00:00:00:00:01 dmac=02:00:00:00:00:02",
         "link"},
        {"numberless id=1 src=10.0.0.1:1 dst=10.0.0.2:80 win=500 ttl=0", "ttl"},
        {PROBE "seq=99 ack=5000 nxt=100 rcv=5000 len=2 mode=exact" REST, "length"},
        {PROBE "seq=99 ack=4000 nxt=100 rcv=5000 len=255 mode=gentle" REST, "length"},
        {PROBE "seq=100 ack=4000 nxt=100 rcv=5000 len=0 mode=gentle" REST, "seq-ahead"},
        {PROBE "seq=100 ack=5000 nxt=100 rcv=5000 len=1 mode=exact" REST, "seq-ahead"},
        {PROBE "seq=1100 ack=4000 nxt=100 rcv=5000 len=0 mode=gentle" REST, "seq-ahead"},
        {PROBE "seq=0 ack=4000 nxt=0 rcv=5000 len=0 mode=gentle" REST, "seq-ahead"},
        {PROBE "seq=5 ack=4000 nxt=4294967295 rcv=5000 len=0 mode=gentle" REST, "seq-ahead"},
        {PROBE "seq=2147483748 ack=4000 nxt=100 rcv=5000 len=0 mode=gentle" REST, "seq-ahead"},
        {PROBE "seq=98 ack=4000 nxt=100 rcv=5000 len=0 mode=gentle" REST, "seq-behind"},
        {PROBE "seq=4294967295 ack=4000 nxt=100 rcv=5000 len=0 mode=gentle" REST, "seq-behind"},
        {PROBE "seq=99 ack=5000 nxt=100 rcv=5000 len=0 mode=gentle" REST, "ack"},
        {PROBE "seq=99 ack=4001 nxt=100 rcv=5000 len=0 mode=gentle" REST, "ack"},
        {PROBE "seq=99 ack=4999 nxt=100 rcv=5000 len=0 mode=exact" REST, "ack"},
        {PROBE "seq=99 ack=5001 nxt=100 rcv=5000 len=0 mode=exact" REST, "ack"},
        {PROBE "seq=99 ack=4000 nxt=100 rcv=5000 len=1 mode=gentle" REST, "byte-gentle"},
        {BYTE " sack=0 flight=0", "byte-sack"},
        {BYTE " flight=0", "byte-sack"},
        {BYTE " sack=1 flight=1", "byte-flight"},
        {BYTE " sack=1", "byte-flight"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_guard_limits limits = make_limits();
        struct ka_guard *guard = make_guard(&limits);
        struct ka_probe probe = parse(rows[i].line);
        ka_time wait = 7;
        const char *rule = judge(guard, &probe, 0, &wait);
        if (strcmp(rule, rows[i].rule) != 0)
            fail_msg("%s: '%s' instead of '%s'", rows[i].line, rule, rows[i].rule);
        assert_int_equal(wait, 0);
        /* What was refused was not counted: the same connection is free at once. */
        struct ka_probe good = parse(GOOD);
        if (rows[i].rule[0] != '\0')
            assert_string_equal(judge(guard, &good, 0, &wait), "");
        ka_guard_free(guard);
    }
}

static void what_the_language_cannot_say_is_refused_all_the_same(void **state)
{
    (void)state;
    static const struct ka_probe rows[] = {
        {.seq = 1}, {.ack = 1}, {.length = 1}, {.has_timestamps = true}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_guard_limits limits = make_limits();
        struct ka_guard *guard = make_guard(&limits);
        struct ka_probe probe = parse(ENDS("10.0.0.1:4000", "10.0.0.2:80"));
        ka_time wait;
        probe.seq = rows[i].seq;
        probe.ack = rows[i].ack;
        probe.length = rows[i].length;
        probe.has_timestamps = rows[i].has_timestamps;
        assert_string_equal(judge(guard, &probe, 0, &wait), "numberless-form");
        probe = parse(GOOD);
        probe.src.port = 0;
        assert_string_equal(judge(guard, &probe, 0, &wait), "port");
        probe = parse(GOOD);
        probe.dst.port = 0;
        assert_string_equal(judge(guard, &probe, 0, &wait), "port");
        ka_guard_free(guard);
    }
}

static void what_was_not_enabled_at_the_start_is_refused(void **state)
{
    (void)state;
    struct ka_guard_limits limits = make_limits();
    limits.caps.exact = false;
    limits.caps.one_byte = 0;
    struct ka_guard *guard = make_guard(&limits);
    struct ka_probe exact = parse(EXACT);
    struct ka_probe byte = parse(BYTE " sack=1 flight=0");
    ka_time wait;
    assert_string_equal(judge(guard, &exact, 0, &wait), "exact-off");
    ka_guard_free(guard);
    limits.caps.exact = true;
    guard = make_guard(&limits);
    assert_string_equal(judge(guard, &byte, 0, &wait), "byte-off");
    assert_string_equal(judge(guard, &exact, 0, &wait), "");
    ka_guard_free(guard);
}

static void only_allowed_targets_are_reached(void **state)
{
    (void)state;
    static const struct {
        const char *allow;
        const char *target;
        bool reached;
    } rows[] = {
        {"10.0.0.2", "10.0.0.2:80", true},         {"10.0.0.2", "10.0.0.3:80", false},
        {"10.0.0.2:80", "10.0.0.2:80", true},      {"10.0.0.2:80", "10.0.0.2:81", false},
        {"10.0.0.0/30", "10.0.0.3:80", true},      {"10.0.0.0/30", "10.0.0.4:80", false},
        {"10.0.0.128/25", "10.0.0.127:80", false}, {"0.0.0.0/0", "192.0.2.1:80", true},
        {"::/0", "192.0.2.1:80", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_guard_limits limits = make_limits();
        struct ka_allow allow;
        struct ka_probe probe = parse(GOOD);
        ka_time wait;
        assert_int_equal(ka_allow_parse(rows[i].allow, &allow, NULL), 0);
        assert_int_equal(ka_endpoint_parse(rows[i].target, &probe.dst, NULL), 0);
        limits.allow = &allow;
        limits.allow_count = 1;
        struct ka_guard *guard = make_guard(&limits);
        assert_string_equal(judge(guard, &probe, 0, &wait), rows[i].reached ? "" : "not-allowed");
        ka_guard_free(guard);
    }
}

static void a_target_that_is_none_is_not_read(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "10.0.0.1/24",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0.0/-1",
        "10.0.0.0/8x",
        "10.0.0.1:0",
        "10.0.0.1:",
        "2001:db8::1/32",
        "::/129",
        "host",
        "/8",
        "10.0.0.0/4294967304",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_allow allow = {.port = 7};
        struct ka_error error = {.text = ""};
        if (ka_allow_parse(rows[i], &allow, &error) != -1)
            fail_msg("'%s' was read", rows[i]);
        assert_int_equal(allow.port, 7);
        assert_string_not_equal(error.text, "");
    }
}

static void the_edges_of_own_subnets_are_never_probed(void **state)
{
    (void)state;
    struct ka_guard_limits limits = make_limits();
    struct ka_addr own, mask, edges[2];
    ka_time wait;
    assert_true(ka_addr_parse("10.0.1.7", &own));
    assert_true(ka_addr_parse("255.255.254.0", &mask));
    assert_true(ka_local_edges(&own, &mask, edges));
    limits.broadcast = edges;
    limits.broadcast_count = 2;
    struct ka_guard *guard = make_guard(&limits);
    struct ka_probe ones = parse(ENDS("10.0.0.1:4000", "10.0.1.255:80"));
    struct ka_probe zeros = parse(ENDS("10.0.0.1:4000", "10.0.0.0:80"));
    struct ka_probe from = parse(ENDS("10.0.1.255:4000", "10.0.0.2:80"));
    struct ka_probe host = parse(ENDS("10.0.0.1:4000", "10.0.0.255:80"));
    assert_string_equal(judge(guard, &ones, 0, &wait), "broadcast");
    assert_string_equal(judge(guard, &zeros, 0, &wait), "broadcast");
    assert_string_equal(judge(guard, &from, 0, &wait), "broadcast");
    assert_string_equal(judge(guard, &host, 0, &wait), "");
    ka_guard_free(guard);
    assert_true(ka_addr_parse("255.255.255.254", &mask));
    assert_false(ka_local_edges(&own, &mask, edges));
    assert_true(ka_addr_parse("0.0.0.0", &mask));
    assert_false(ka_local_edges(&own, &mask, edges));
}

static void frames_need_the_addresses_of_single_stations(void **state)
{
    (void)state;
    static const struct {
        const char *macs;
        const char *rule;
    } rows[] = {
        {" smac=02:00:00:00:00:01 dmac=02:00:00:00:00:02", ""},
        {" smac=02:00:00:00:00:01 dmac=ff:ff:ff:ff:ff:ff", "mac"},
        {" smac=02:00:00:00:00:01 dmac=01:00:5e:00:00:01", "mac"},
        {" smac=02:00:00:00:00:01 dmac=33:33:00:00:00:01", "mac"},
        {" smac=01:00:00:00:00:01 dmac=02:00:00:00:00:02", "mac"},
        {" smac=02:00:00:00:00:01 dmac=00:00:00:00:00:00", "mac"},
        {"", "link"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char line[KA_LINE_SIZE];
        struct ka_guard_limits limits = make_limits();
        limits.caps.link = true;
        struct ka_guard *guard = make_guard(&limits);
        ka_time wait;
        snprintf(line, sizeof(line), "%s%s", GOOD, rows[i].macs);
        struct ka_probe probe = parse(line);
        assert_string_equal(judge(guard, &probe, 0, &wait), rows[i].rule);
        ka_guard_free(guard);
    }
}

/* One step of a story: what is asked when, and what becomes of it. */
struct step {
    ka_time at;
    const char *line; /* its id is replaced by the row's number */
    const char *rule;
    ka_time wait;
};

static void tell(const struct ka_guard_limits *limits, const struct step *steps, size_t count)
{
    struct ka_guard *guard = make_guard(limits);
    for (size_t i = 0; i < count; i++) {
        ka_time wait = -1;
        struct ka_probe probe = parse(steps[i].line);
        probe.id = (uint32_t)i + 1;
        const char *rule = judge(guard, &probe, steps[i].at, &wait);
        if (strcmp(rule, steps[i].rule) != 0)
            fail_msg("step %zu: '%s' instead of '%s'", i, rule, steps[i].rule);
        assert_int_equal(wait, steps[i].wait);
    }
    ka_guard_free(guard);
}

#define BACK                                                                                       \
    "probe id=1 src=10.0.0.2:80 dst=10.0.0.1:4000 seq=4999 ack=65532 nxt=5000 rcv=66532 "          \
    "len=0 mode=gentle" REST
#define OTHER(port) ENDS("10.0.0.1:4000", "10.0.0.3:" port)

static void a_connection_rests_for_a_second_whichever_way(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {0, GOOD, "", 0},
        {1, GOOD, "gap", KA_GUARD_GAP - 1},
        {KA_GUARD_GAP / 2, BACK, "gap", KA_GUARD_GAP / 2},
        {KA_SECOND, GOOD, "gap", 50 * KA_MILLISECOND}, /* the margin */
        {KA_GUARD_GAP - 1, GOOD, "gap", 1},
        {KA_GUARD_GAP, BACK, "", 0},
        {KA_GUARD_GAP + 1, GOOD, "gap", KA_GUARD_GAP - 1},
        {KA_GUARD_GAP / 2, GOOD, "gap", KA_GUARD_GAP}, /* a clock that ran backwards */
        {2 * KA_GUARD_GAP, GOOD, "", 0},
    };
    struct ka_guard_limits limits = make_limits();
    tell(&limits, steps, sizeof(steps) / sizeof(steps[0]));
}

static void numberless_probes_rest_for_four(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {0, ENDS("10.0.0.1:4000", "10.0.0.2:80"), "", 0},
        {2 * KA_SECOND, ENDS("10.0.0.1:4000", "10.0.0.2:80"), "numberless-gap", 2 * KA_SECOND},
        {2 * KA_SECOND, GOOD, "", 0},
        {4 * KA_SECOND, ENDS("10.0.0.1:4000", "10.0.0.2:80"), "", 0},
    };
    struct ka_guard_limits limits = make_limits();
    tell(&limits, steps, sizeof(steps) / sizeof(steps[0]));
}

static void the_rate_holds_over_all_connections(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {0, OTHER("1"), "", 0},
        {0, OTHER("2"), "rate", KA_SECOND / 10},
        {KA_SECOND / 10 - 1, OTHER("2"), "rate", 1},
        {KA_SECOND / 10, OTHER("2"), "", 0},
        {KA_SECOND / 10, OTHER("3"), "rate", KA_SECOND / 10},
        {100 * KA_SECOND, OTHER("3"), "", 0},
        {100 * KA_SECOND, OTHER("4"), "rate", KA_SECOND / 10}, /* no credit for the pause */
    };
    struct ka_guard_limits limits = make_limits();
    limits.caps.rate = 10;
    tell(&limits, steps, sizeof(steps) / sizeof(steps[0]));
}

static void the_total_is_used_up_for_good(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {0, OTHER("1"), "", 0},
        {KA_SECOND, OTHER("2"), "", 0},
        {2 * KA_SECOND, OTHER("3"), "total", 0},
        {1000000 * KA_SECOND, OTHER("1"), "total", 0},
    };
    struct ka_guard_limits limits = make_limits();
    limits.caps.total = 2;
    tell(&limits, steps, sizeof(steps) / sizeof(steps[0]));
}

static void three_unanswered_probes_are_the_end(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {0 * KA_SECOND, ENDS("10.0.0.1:4000", "10.0.0.2:80"), "", 0},
        {2 * KA_SECOND, GOOD, "", 0},
        {4 * KA_SECOND, GOOD, "", 0},
        {9 * KA_SECOND, GOOD, "unanswered", 0},
        {9 * KA_SECOND, ENDS("10.0.0.1:4000", "10.0.0.2:80"), "unanswered", 0},
        {9 * KA_SECOND, BACK, "", 0}, /* the other end is judged by itself */
    };
    struct ka_guard_limits limits = make_limits();
    tell(&limits, steps, sizeof(steps) / sizeof(steps[0]));
}

static void only_an_answer_to_what_was_sent_ends_the_row(void **state)
{
    (void)state;
    struct ka_guard_limits limits = make_limits();
    struct ka_guard *guard = make_guard(&limits);
    struct ka_probe probe = parse(GOOD);
    struct ka_probe back = parse(BACK);
    ka_time wait;
    assert_false(ka_guard_answered(guard, &probe));
    for (probe.id = 10; probe.id < 13; probe.id++)
        assert_string_equal(judge(guard, &probe, probe.id * KA_GUARD_GAP, &wait), "");
    assert_string_equal(judge(guard, &probe, 20 * KA_SECOND, &wait), "unanswered");
    assert_false(ka_guard_answered(guard, &probe)); /* 13 was refused */
    probe.id = 9;
    assert_false(ka_guard_answered(guard, &probe));
    back.id = 11;
    assert_false(ka_guard_answered(guard, &back));
    probe.id = 11;
    assert_true(ka_guard_answered(guard, &probe));
    assert_false(ka_guard_answered(guard, &probe));
    probe.id = 14;
    assert_string_equal(judge(guard, &probe, 20 * KA_SECOND, &wait), "");
    ka_guard_free(guard);
}

static void an_id_is_used_once(void **state)
{
    (void)state;
    struct ka_guard_limits limits = make_limits();
    struct ka_guard *guard = make_guard(&limits);
    struct ka_probe probe = parse(GOOD);
    ka_time wait;
    probe.id = 5;
    assert_string_equal(judge(guard, &probe, 0, &wait), "");
    assert_string_equal(judge(guard, &probe, 5 * KA_SECOND, &wait), "id");
    probe.id = 4;
    assert_string_equal(judge(guard, &probe, 5 * KA_SECOND, &wait), "id");
    probe.id = 6;
    assert_string_equal(judge(guard, &probe, 5 * KA_SECOND, &wait), "");
    ka_guard_free(guard);
}

static void a_byte_is_sent_once_but_from_own_addresses(void **state)
{
    (void)state;
    for (int own = 0; own < 2; own++) {
        struct ka_guard_limits limits = make_limits();
        struct ka_probe probe = parse(BYTE " sack=1 flight=0");
        limits.caps.one_byte = 2;
        limits.local = &probe.src.addr;
        limits.local_count = own == 1 ? 1 : 0;
        struct ka_guard *guard = make_guard(&limits);
        ka_time wait;
        assert_string_equal(judge(guard, &probe, 0, &wait), "");
        probe.id++;
        assert_string_equal(judge(guard, &probe, KA_GUARD_GAP, &wait),
                            own == 1 ? "" : "byte-again");
        probe.id++;
        assert_string_equal(judge(guard, &probe, 2 * KA_GUARD_GAP, &wait), "byte-again");
        probe.length = 0; /* without the byte it goes on */
        assert_string_equal(judge(guard, &probe, 3 * KA_GUARD_GAP, &wait), "");
        ka_guard_free(guard);
    }
}

static void no_option_goes_beyond_the_maxima(void **state)
{
    (void)state;
    static const struct ka_caps rows[] = {
        {.rate = 0, .total = 1, .unanswered = 1},
        {.rate = KA_RATE_MAX + 1, .total = 1, .unanswered = 1},
        {.rate = 1, .total = 0, .unanswered = 1},
        {.rate = 1, .total = KA_TOTAL_MAX + 1, .unanswered = 1},
        {.rate = 1, .total = 1, .unanswered = 0},
        {.rate = 1, .total = 1, .unanswered = KA_UNANSWERED_MAX + 1},
        {.rate = 1, .total = 1, .unanswered = 1, .one_byte = KA_ONE_BYTE_MAX + 1},
    };
    struct ka_guard_limits limits = make_limits();
    struct ka_error error;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        limits.caps = rows[i];
        error.text[0] = '\0';
        assert_null(ka_guard_create(&limits, 1, &error));
        assert_string_not_equal(error.text, "");
    }
    limits = make_limits();
    limits.allow_count = 0;
    assert_null(ka_guard_create(&limits, 1, &error));
    assert_non_null(strstr(error.text, "--allow"));
}

static void many_connections_are_all_remembered(void **state)
{
    (void)state;
    enum { MANY = 1000 };
    struct ka_guard_limits limits = make_limits();
    limits.caps.total = MANY + 1;
    struct ka_guard *guard = make_guard(&limits);
    struct ka_probe probe = parse(GOOD);
    ka_time wait;
    for (uint32_t i = 0; i < MANY; i++) {
        probe.id = i + 1;
        probe.src.port = (uint16_t)(i + 1);
        assert_string_equal(judge(guard, &probe, i * KA_MILLISECOND, &wait), "");
    }
    ka_time now = KA_GUARD_GAP - KA_MILLISECOND / 2;
    for (uint32_t i = 0; i < MANY; i++) {
        probe.id = MANY + 1;
        probe.src.port = (uint16_t)(i + 1);
        if (i * KA_MILLISECOND + KA_GUARD_GAP > now)
            assert_string_equal(judge(guard, &probe, now, &wait), "gap");
    }
    ka_guard_free(guard);
}

/* doc/inject-protocol.md lists the rules for those who write to the helper. */
static void the_gap_counts_from_when_the_packet_left(void **state)
{
    (void)state;
    struct ka_guard_limits limits = make_limits();
    struct ka_guard *guard = make_guard(&limits);
    struct ka_probe probe = parse(GOOD);
    ka_time wait = 0;
    assert_string_equal(judge(guard, &probe, 10 * KA_SECOND, &wait), "");
    ka_guard_left(guard, &probe, 10 * KA_SECOND + KA_SECOND / 2); /* it took so long */
    probe.id = 2;
    assert_string_equal(judge(guard, &probe, 11 * KA_SECOND, &wait), "gap");
    assert_int_equal(wait, KA_GUARD_GAP - KA_SECOND / 2);
    ka_guard_left(guard, &probe, 9 * KA_SECOND); /* back in time: nothing is gained */
    assert_string_equal(judge(guard, &probe, 11 * KA_SECOND, &wait), "gap");
    assert_string_equal(judge(guard, &probe, 10 * KA_SECOND + KA_SECOND / 2 + KA_GUARD_GAP, &wait),
                        "");
    ka_guard_free(guard);
}

static void every_rule_stands_in_the_document(void **state)
{
    (void)state;
    static char text[65536];
    char path[4096];
    const char *folder = getenv("srcdir");
    snprintf(path, sizeof(path), "%s/doc/inject-protocol.md", folder != NULL ? folder : ".");
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail_msg("%s cannot be opened", path);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    for (size_t i = 0; i < KA_RULE_COUNT; i++) {
        char word[64];
        snprintf(word, sizeof(word), "`%s`", ka_rule_name((enum ka_rule)i));
        if (strstr(text, word) == NULL)
            fail_msg("%s is not in %s", word, path);
        assert_true(strlen(ka_rule_text((enum ka_rule)i)) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_be_sent_and_what_not),
        cmocka_unit_test(the_gap_counts_from_when_the_packet_left),
        cmocka_unit_test(what_the_language_cannot_say_is_refused_all_the_same),
        cmocka_unit_test(what_was_not_enabled_at_the_start_is_refused),
        cmocka_unit_test(only_allowed_targets_are_reached),
        cmocka_unit_test(a_target_that_is_none_is_not_read),
        cmocka_unit_test(the_edges_of_own_subnets_are_never_probed),
        cmocka_unit_test(frames_need_the_addresses_of_single_stations),
        cmocka_unit_test(a_connection_rests_for_a_second_whichever_way),
        cmocka_unit_test(numberless_probes_rest_for_four),
        cmocka_unit_test(the_rate_holds_over_all_connections),
        cmocka_unit_test(the_total_is_used_up_for_good),
        cmocka_unit_test(three_unanswered_probes_are_the_end),
        cmocka_unit_test(only_an_answer_to_what_was_sent_ends_the_row),
        cmocka_unit_test(an_id_is_used_once),
        cmocka_unit_test(a_byte_is_sent_once_but_from_own_addresses),
        cmocka_unit_test(no_option_goes_beyond_the_maxima),
        cmocka_unit_test(many_connections_are_all_remembered),
        cmocka_unit_test(every_rule_stands_in_the_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
