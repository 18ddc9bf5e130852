/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Memory that runs out at any place of analyzers/ and flow/: the engine knows less, counts right
 * and goes on; no crash, no leak. Linked so that what our own objects ask memory from comes
 * through here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyzers/engine.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The test's own knobs: how many requests are granted before some are denied (below 0: all are
 * granted), whether only one is denied or all from there on, and whether any was. */
static int granted = -1;
static bool only_one;
static bool denied;

static bool grants(void)
{
    if (granted < 0 || (denied && only_one))
        return true;
    if (granted > 0) {
        granted--;
        return true;
    }
    denied = true;
    return false;
}

void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
void *__real_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset);
int __real_mprotect(void *at, size_t size, int protection);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset);
int __wrap_mprotect(void *at, size_t size, int protection);

void *__wrap_calloc(size_t count, size_t size)
{
    return grants() ? __real_calloc(count, size) : NULL;
}

void *__wrap_realloc(void *old, size_t size)
{
    return grants() ? __real_realloc(old, size) : NULL;
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
    return grants() ? __real_reallocarray(old, count, size) : NULL;
}

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset)
{
    return grants() ? __real_mmap(at, size, protection, flags, file, offset) : MAP_FAILED;
}

int __wrap_mprotect(void *at, size_t size, int protection)
{
    return grants() ? __real_mprotect(at, size, protection) : -1;
}

/* --- traffic that wants memory of every kind */

static uint64_t connections_told;
static uint64_t probes_told;

static void count_event(void *context, const struct ka_event *event)
{
    (void)context;
    connections_told += event->type == KA_EVENT_CONNECTION;
    probes_told += event->type == KA_EVENT_PROBE;
}

static void send(struct ka_engine *engine, uint16_t port, bool from_server, double at,
                 struct ka_tcp tcp)
{
    static const uint8_t bytes[100];
    struct ka_frame frame = {.time = (ka_time)(at * 1e9), .number = 1, .digits = 6};
    struct ka_packet packet = {
        .frame = &frame,
        .kind = KA_PACKET_TCP,
        .family = 4,
        .ttl = 64,
        .src = {10, 0, 0, from_server ? 2 : 1},
        .dst = {10, 0, 0, from_server ? 1 : 2},
        .src_port = from_server ? 80 : port,
        .dst_port = from_server ? port : 80,
        .payload = bytes,
        .payload_captured = tcp.length,
        .tcp = tcp,
    };
    packet.tcp.window = 1000;
    ka_engine_packets(engine, &packet, 1);
}

/* Handshake, data, two probes of which one is answered, a SYN out of place, a segment elsewhere. */
static void converse(struct ka_engine *engine, uint16_t port, double at)
{
    const uint8_t ack = KA_TCP_ACK;
    send(engine, port, false, at, (struct ka_tcp){.seq = 9, .flags = KA_TCP_SYN});
    send(engine, port, true, at, (struct ka_tcp){.seq = 5, .ack = 10, .flags = KA_TCP_SYN | ack});
    send(engine, port, false, at, (struct ka_tcp){.seq = 10, .ack = 6, .flags = ack});
    send(engine, port, false, at,
         (struct ka_tcp){.seq = 10, .ack = 6, .length = 100, .flags = ack});
    send(engine, port, true, at, (struct ka_tcp){.seq = 6, .ack = 110, .flags = ack});
    send(engine, port, false, at + 60, (struct ka_tcp){.seq = 109, .ack = 6, .flags = ack});
    send(engine, port, true, at + 60.1, (struct ka_tcp){.seq = 6, .ack = 110, .flags = ack});
    send(engine, port, false, at + 120, (struct ka_tcp){.seq = 109, .ack = 6, .flags = ack});
    send(engine, port, false, at + 121,
         (struct ka_tcp){.seq = 0x70000000, .ack = 0x60000000, .length = 9, .flags = ack});
    send(engine, port, true, at + 122, (struct ka_tcp){.seq = 99, .flags = KA_TCP_SYN});
}

/* Runs everything once. True when the engine could be made at all. */
static bool run(bool report)
{
    enum { PROBERS = 300, SILENT = 1500, NEWCOMERS = 200 };
    struct ka_engine *engine = NULL;
    struct ka_error error = {.text = ""};
    struct ka_engine_config config = {
        .memcap = 1 << 20,
        .key = {1, 2},
        .all = true,
        .report = report,
        .sink = {.emit = count_event},
    };
    struct ka_engine_stats stats;
    connections_told = probes_told = 0;
    if (ka_engine_create(&config, &engine, &error) != 0) {
        assert_true(error.text[0] != '\0');
        assert_null(engine);
        return false;
    }
    for (unsigned i = 0; i < PROBERS; i++)
        converse(engine, (uint16_t)(1000 + i), 1000 + i * 0.01);
    for (unsigned i = 0; i < SILENT; i++)
        send(engine, (uint16_t)(2000 + i), false, 2000,
             (struct ka_tcp){.seq = i, .flags = KA_TCP_SYN});
    for (unsigned i = 0; i < NEWCOMERS; i++)
        send(engine, (uint16_t)(4000 + i), false, 2000,
             (struct ka_tcp){.seq = i, .ack = i, .flags = KA_TCP_ACK});
    ka_engine_end(engine);
    ka_engine_stats(engine, &stats);
    assert_int_equal(stats.tcp, PROBERS * 10 + SILENT + NEWCOMERS);
    assert_int_equal(connections_told, stats.connections);
    assert_int_equal(probes_told, stats.probes);
    ka_engine_free(engine);
    return true;
}

/* Once for each request, with that one denied, or with it and all that follow. */
static void starve(bool report, bool one)
{
    enum { RUNS_MAX = 500 };
    only_one = one;
    for (int i = 0; i < RUNS_MAX; i++) {
        granted = i;
        denied = false;
        bool made = run(report);
        granted = -1;
        if (!denied) {
            assert_true(made);
            assert_true(i > 10); /* the knob works */
            return;
        }
    }
    fail_msg("still starving after %d runs", RUNS_MAX);
}

static void memory_may_run_out_at_any_place(void **state)
{
    (void)state;
    starve(false, true);
    starve(false, false);
}

static void memory_may_run_out_at_any_place_of_a_report(void **state)
{
    (void)state;
    starve(true, true);
    starve(true, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_may_run_out_at_any_place),
        cmocka_unit_test(memory_may_run_out_at_any_place_of_a_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
