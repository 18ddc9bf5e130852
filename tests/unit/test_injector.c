/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The client with the real kasniff-inject (which only builds here, and needs no privilege), and
 * with programs that are none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inject/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const allow[] = {"10.0.0.2", "2001:db8::/32"};

static struct ka_injector_options make_options(const char *path)
{
    return (struct ka_injector_options){
        .path = path, .allow = allow, .allow_count = 2, .dry_run = true};
}

static struct ka_injector *start_real(struct ka_injector_options *options)
{
    struct ka_error error = {.text = ""};
    if (access(options->path, X_OK) != 0) {
        print_message("kasniff-inject is not built\n");
        skip();
    }
    struct ka_injector *injector = ka_injector_start(options, &error);
    assert_string_equal(error.text, "");
    return injector;
}

static struct ka_probe make_probe(unsigned shape)
{
    struct ka_probe probe = {
        .kind = (shape & 1) != 0 ? KA_PROBE_NUMBERLESS : KA_PROBE_NUMBERED,
        .mode = KA_ACK_EXACT,
        .window = 500,
        .ttl = 64,
        .sack = true,
    };
    bool six = (shape & 2) != 0;
    assert_int_equal(
        ka_endpoint_parse(six ? "[2001:db8::1]:4000" : "10.0.0.1:4000", &probe.src, NULL), 0);
    assert_int_equal(ka_endpoint_parse(six ? "[2001:db8::2]:80" : "10.0.0.2:80", &probe.dst, NULL),
                     0);
    probe.src.port = (uint16_t)(4000 + shape);
    if ((shape & 1) == 0) {
        probe.nxt = 0;
        probe.seq = UINT32_MAX;
        probe.rcv = 5000;
        probe.ack = 5000;
        probe.has_timestamps = (shape & 4) != 0;
        probe.tsval = probe.has_timestamps ? UINT32_MAX : 0;
        probe.length = (shape & 8) != 0;
    }
    return probe;
}

/* The helper holds libnet's bytes against ours itself; this sees that it gets that far with each
 * shape, several times with one handle, and that they come here unchanged. */
static void libnet_builds_the_same_bytes(void **state)
{
    (void)state;
    for (size_t tags = 0; tags < 4; tags++) {
        struct ka_injector_options options = make_options("./kasniff-inject");
        options.link = tags > 0 ? "lo" : NULL;
        options.one_byte = 1;
        options.rate = 1000;
        struct ka_injector *injector = start_real(&options);
        for (unsigned shape = 0; shape < 16; shape++) {
            struct ka_probe probe = make_probe(shape);
            struct ka_reply reply;
            uint8_t bytes[KA_PROBE_BYTES_MAX];
            if (tags > 0)
                probe.link = (struct ka_probe_link){.src = {2, 0, 0, 0, 0, 1},
                                                    .dst = {2, 0, 0, 0, 0, 2},
                                                    .tags = {{0x8100, 7}, {0x8100, 4095}},
                                                    .tag_count = (uint8_t)(tags - 1),
                                                    .present = true};
            do {
                assert_int_equal(ka_injector_send(injector, 0, &probe, &reply, NULL), 0);
            } while (reply.kind == KA_REPLY_REFUSED && strcmp(reply.reason, "rate") == 0);
            assert_int_equal(reply.kind, KA_REPLY_BUILT);
            assert_int_equal(reply.id, probe.id);
            assert_int_equal(reply.length, ka_probe_bytes(&probe, bytes, sizeof(bytes)));
            assert_memory_equal(reply.bytes, bytes, reply.length);
        }
        ka_injector_stop(injector);
    }
}

static void a_refusal_is_a_reply(void **state)
{
    (void)state;
    struct ka_injector_options options = make_options("./kasniff-inject");
    struct ka_injector *injector = start_real(&options);
    struct ka_probe probe = make_probe(0);
    struct ka_reply reply;
    assert_int_equal(ka_injector_send(injector, 0, &probe, &reply, NULL), 0);
    assert_int_equal(reply.kind, KA_REPLY_REFUSED);
    assert_string_equal(reply.reason, "exact-off");
    assert_int_equal(reply.wait_ms, 0);
    probe = make_probe(1);
    assert_int_equal(ka_injector_send(injector, 0, &probe, &reply, NULL), 0);
    assert_int_equal(reply.kind, KA_REPLY_BUILT);
    struct ka_probe again = probe;
    assert_int_equal(ka_injector_send(injector, 0, &again, &reply, NULL), 0);
    assert_string_equal(reply.reason, "numberless-gap");
    assert_in_range(reply.wait_ms, 1, 4000);
    assert_int_equal(ka_injector_answered(injector, 0, &probe, "ack", NULL), 0);
    ka_injector_stop(injector);
}

static void without_a_log_nothing_is_sent(void **state)
{
    (void)state;
    struct ka_injector_options options = make_options("./kasniff-inject");
    struct ka_error error = {.text = ""};
    options.dry_run = false;
    assert_null(ka_injector_start(&options, &error));
    assert_non_null(strstr(error.text, "log"));
    options.dry_run = true;
    options.log = ka_probe_log_open("/dev/full", NULL);
    assert_non_null(options.log);
    struct ka_injector *injector = start_real(&options);
    struct ka_probe probe = make_probe(1);
    struct ka_reply reply = {.kind = KA_REPLY_NOTED};
    assert_int_equal(ka_injector_send(injector, 0, &probe, &reply, &error), -1);
    assert_non_null(strstr(error.text, "/dev/full"));
    assert_int_equal(reply.kind, KA_REPLY_NOTED);
    ka_injector_stop(injector);
    ka_probe_log_close(options.log, NULL);
}

/* A program of one line of shell, with what the client says of it. */
static void other_programs_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        const char *word;
    } rows[] = {
        {"exit 0", "ended unexpectedly"},
        {"echo hello", "unknown"},
        {"echo ready protocol=1", "cannot be read"},
        {"echo failed id=0 text=no right to do so", "no right to do so"},
        {"echo sent id=0 bytes=00", "another version"},
        {"echo ready protocol=2 rate=1 total=1 unanswered=1 one-byte=0 exact=0 link=0 dry-run=0",
         "protocol 2"},
        {"echo ready protocol=1 rate=9 total=1 unanswered=1 one-byte=0 exact=0 link=0 dry-run=1",
         "limits"},
        {"echo ready protocol=1 rate=1 total=9 unanswered=1 one-byte=0 exact=0 link=0 dry-run=1",
         "limits"},
        {"echo ready protocol=1 rate=1 total=1 unanswered=9 one-byte=0 exact=0 link=0 dry-run=1",
         "limits"},
        {"echo ready protocol=1 rate=1 total=1 unanswered=1 one-byte=1 exact=0 link=0 dry-run=1",
         "limits"},
        {"echo ready protocol=1 rate=1 total=1 unanswered=1 one-byte=0 exact=1 link=0 dry-run=1",
         "limits"},
        {"echo ready protocol=1 rate=1 total=1 unanswered=1 one-byte=0 exact=0 link=1 dry-run=1",
         "limits"},
        {"echo ready protocol=1 rate=1 total=1 unanswered=1 one-byte=0 exact=0 link=0 dry-run=0",
         "limits"},
        {"head -c 5000 /dev/zero; echo", "cannot be read"},
        {"read line", "says nothing"},
    };
    char path[] = "/tmp/kasniff-helper-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, 0700), 0);
    close(fd);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_injector_options options = make_options(path);
        struct ka_error error = {.text = ""};
        options.rate = options.total = options.unanswered = 1;
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fprintf(file, "#!/bin/sh\n%s\n", rows[i].script);
        assert_int_equal(fclose(file), 0);
        options.timeout = i + 1 == sizeof(rows) / sizeof(rows[0]) ? 50 * KA_MILLISECOND : 0;
        assert_null(ka_injector_start(&options, &error));
        if (strstr(error.text, rows[i].word) == NULL)
            fail_msg("%s: %s", rows[i].script, error.text);
    }
    unlink(path);
    struct ka_injector_options options = make_options(path);
    struct ka_error error = {.text = ""};
    assert_null(ka_injector_start(&options, &error));
    assert_non_null(strstr(error.text, "cannot be started"));
    assert_non_null(strstr(error.text, path));
}

/* The test's own folder holds no helper: the message names both places that were looked at. */
static void a_missing_helper_is_named(void **state)
{
    (void)state;
    struct ka_injector_options options = make_options(NULL);
    struct ka_error error = {.text = ""};
    if (access(KA_LIBEXECDIR "/kasniff-inject", X_OK) == 0) {
        print_message("kasniff-inject is installed here\n");
        skip();
    }
    assert_null(ka_injector_start(&options, &error));
    assert_non_null(strstr(error.text, "kasniff-inject"));
    assert_non_null(strstr(error.text, "tests/unit"));
    assert_non_null(strstr(error.text, KA_LIBEXECDIR));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libnet_builds_the_same_bytes),
        cmocka_unit_test(a_refusal_is_a_reply),
        cmocka_unit_test(without_a_log_nothing_is_sent),
        cmocka_unit_test(other_programs_are_told_apart),
        cmocka_unit_test(a_missing_helper_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
