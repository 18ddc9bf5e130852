/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/audit_inject.h"

#include "audit/tcp.h"
#include "base/clock.h"
#include "inject/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Own connections leave with the system's default, which is all but everywhere this. */
enum { TTL = 64 };

/* The most the helper allows: an audit has many connections, and each is probed a few times. */
enum { RATE = 1000, TOTAL = 100000, UNANSWERED = 64, ONE_BYTE = 1000 };

/* How long a probe is put off for the helper's pace, and how often. */
enum { WAIT_MS_MAX = 20, TRIES = 5 };

struct ka_audit_injection {
    struct ka_probe_log *log;
    struct ka_injector *injector;
    struct ka_error first; /* what went wrong first; "" nothing */
};

static void remember(struct ka_audit_injection *injection, const struct ka_error *error)
{
    if (injection->first.text[0] == '\0')
        injection->first = *error;
}

/* Asks until the helper's pace allows the probe: many are due at the same moment. */
static int ask(struct ka_audit_injection *injection, struct ka_probe *probe, struct ka_reply *reply,
               struct ka_error *error)
{
    for (int tries = 1;; tries++) {
        int result = ka_injector_send(injection->injector, ka_clock_wall(), probe, reply, error);
        bool later = result == 0 && reply->kind == KA_REPLY_REFUSED && reply->wait_ms > 0 &&
                     reply->wait_ms <= WAIT_MS_MAX;
        if (!later || tries == TRIES)
            return result;
        struct timespec wait = {.tv_nsec = (long)reply->wait_ms * 1000000};
        nanosleep(&wait, NULL);
    }
}

/* A probe on the connection with the numbers it has now. Returns its number; 0 on failure. */
static uint32_t send_probe(struct ka_audit_injection *injection, int fd,
                           const struct ka_endpoint *to, unsigned ttl, bool with_byte)
{
    struct ka_tcp_numbers numbers;
    struct ka_error error;
    struct ka_reply reply;
    if (ka_tcp_numbers(fd, &numbers) != 0) {
        ka_error_set(&error,
                     "cannot read a connection's sequence numbers: %s; this needs "
                     "CAP_NET_ADMIN: run it as root",
                     strerror(errno));
        remember(injection, &error);
        return 0;
    }
    struct ka_probe probe = {
        .src = ka_tcp_local(fd),
        .dst = *to,
        .kind = KA_PROBE_NUMBERED,
        .mode = with_byte ? KA_ACK_EXACT : KA_ACK_GENTLE,
        .seq = numbers.next - 1,
        .ack = numbers.heard - (with_byte ? 0u : KA_GENTLE_DISTANCE),
        .nxt = numbers.next,
        .rcv = numbers.heard,
        .tsval = numbers.tsval,
        .window = numbers.window,
        .ttl = (uint8_t)ttl,
        .length = with_byte,
        .has_timestamps = numbers.has_timestamps,
        .sack = numbers.sack,
        .in_flight = numbers.in_flight,
    };
    if (ask(injection, &probe, &reply, &error) < 0) {
        remember(injection, &error);
        return 0;
    }
    if (reply.kind == KA_REPLY_SENT)
        return probe.id;
    ka_error_set(&error, "kasniff-inject did not send a keepalive: %s", reply.text);
    remember(injection, &error);
    return 0;
}

static uint32_t send_byte(void *context, int fd, const struct ka_endpoint *to)
{
    return send_probe(context, fd, to, TTL, true);
}

uint32_t ka_audit_injection_probe(struct ka_audit_injection *injection, int fd,
                                  const struct ka_endpoint *to, unsigned ttl)
{
    return send_probe(injection, fd, to, ttl, false);
}

static void answered(void *context, int fd, const struct ka_endpoint *to, uint32_t number)
{
    ka_audit_injection_answered(context, fd, to, number);
}

void ka_audit_injection_answered(struct ka_audit_injection *injection, int fd,
                                 const struct ka_endpoint *to, uint32_t number)
{
    struct ka_probe probe = {.id = number, .src = ka_tcp_local(fd), .dst = *to};
    struct ka_error error;
    if (ka_injector_answered(injection->injector, ka_clock_wall(), &probe, "answered", &error) < 0)
        remember(injection, &error);
}

struct ka_audit_injection *ka_audit_injection_start(const struct ka_endpoint *to,
                                                    const char *log_path,
                                                    struct ka_audit_injector *out,
                                                    struct ka_error *error)
{
    char target[KA_ENDPOINT_TEXT_SIZE];
    const char *const allow[] = {target};
    struct ka_audit_injection *injection = calloc(1, sizeof(*injection));
    if (injection == NULL) {
        ka_error_set(error, "out of memory");
        return NULL;
    }
    ka_endpoint_text(to, target);
    injection->log = ka_probe_log_open(log_path, error);
    if (injection->log != NULL) {
        struct ka_injector_options options = {
            .allow = allow,
            .allow_count = 1,
            .rate = RATE,
            .total = TOTAL,
            .unanswered = UNANSWERED,
            .one_byte = ONE_BYTE,
            .exact = true,
            .log = injection->log,
        };
        injection->injector = ka_injector_start(&options, error);
    }
    if (injection->injector == NULL) {
        (void)ka_probe_log_close(injection->log, NULL);
        free(injection);
        return NULL;
    }
    *out =
        (struct ka_audit_injector){.send = send_byte, .answered = answered, .context = injection};
    return injection;
}

int ka_audit_injection_stop(struct ka_audit_injection *injection, struct ka_error *error)
{
    int result = 0;
    if (injection == NULL)
        return 0;
    ka_injector_stop(injection->injector);
    result = ka_probe_log_close(injection->log, error);
    if (injection->first.text[0] != '\0') {
        *error = injection->first;
        result = -1;
    }
    free(injection);
    return result;
}
