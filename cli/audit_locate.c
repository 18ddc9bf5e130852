/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/audit_locate.h"

#include "audit/message.h"
#include "audit/tcp.h"
#include "base/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* The injector probes a connection once a second at most. */
#define PACE (1100 * KA_MILLISECOND)

/* How long connecting and agreeing may take. */
#define SETUP_TIME (5 * KA_SECOND)

/* So many hops in a row that say nothing end the list. */
enum { SILENT_HOPS = 3 };

struct ka_locate {
    struct ka_ports ports;
    struct ka_endpoint to;
    struct ka_endpoint ours;
    int icmp;
    int control; /* keeps the far end's side of the audit open; -1 none */
    int fd;
    bool (*stop)(void *context);
};

struct ka_locate *ka_locate_open(const struct ka_endpoint *to, struct ka_error *error)
{
    bool six = to->addr.family == 6;
    struct ka_locate *locate = calloc(1, sizeof(*locate));
    if (locate == NULL) {
        ka_error_set(error, "out of memory");
        return NULL;
    }
    locate->to = *to;
    locate->fd = -1;
    locate->control = -1;
    locate->icmp = socket(six ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
                          six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
    if (locate->icmp >= 0)
        return locate;
    ka_error_set(error,
                 "cannot listen for ICMP errors: %s; --locate needs CAP_NET_RAW: run it as "
                 "root",
                 strerror(errno));
    free(locate);
    return NULL;
}

void ka_locate_close(struct ka_locate *locate)
{
    if (locate == NULL)
        return;
    ka_tcp_abort(locate->fd);
    ka_tcp_abort(locate->control);
    close(locate->icmp);
    free(locate);
}

/* Waits until the socket is ready; false when the deadline has passed, or it is to stop. A signal
 * that asks for something else ends no wait. */
static bool await(const struct ka_locate *locate, int fd, short events, ka_time deadline)
{
    struct pollfd wanted = {.fd = fd, .events = events};
    for (;;) {
        ka_time left = deadline - ka_clock_monotonic();
        if (left <= 0 || locate->stop(NULL))
            return false;
        int ready = poll(&wanted, 1, (int)(left / KA_MILLISECOND) + 1);
        if (ready >= 0 || errno != EINTR)
            return ready > 0;
    }
}

/* Sleeps until then; less only when it is to stop. In parts: a signal that comes just before one of
 * them does not cut it short. */
static void sleep_until(const struct ka_locate *locate, ka_time then)
{
    for (ka_time left; (left = then - ka_clock_monotonic()) > 0 && !locate->stop(NULL);) {
        ka_time part = left < KA_SECOND / 2 ? left : KA_SECOND / 2;
        struct timespec rest = {.tv_sec = part / KA_SECOND, .tv_nsec = part % KA_SECOND};
        nanosleep(&rest, NULL);
    }
}

/* Reads the far end's next line and has it be of the type. */
static bool expect(const struct ka_locate *locate, int fd, uint8_t type, ka_time deadline)
{
    struct ka_message_line line = {.used = 0};
    struct ka_message message;
    char byte;
    while (await(locate, fd, POLLIN, deadline)) {
        if (recv(fd, &byte, 1, 0) != 1)
            return false;
        enum ka_gathered got = ka_message_gather(&line, byte);
        if (got == KA_GATHERED_LINE)
            return ka_message_parse(line.bytes, &message) && message.type == type;
        if (got == KA_GATHERED_NONSENSE)
            return false;
    }
    return false;
}

/* Connects, and with a far end of ours agrees on what the connection is for. -1 on failure. */
static int open_connection(struct ka_locate *locate, bool plain, const struct ka_message *purpose,
                           struct ka_error *error)
{
    char text[KA_MESSAGE_LINE_MAX + 1];
    size_t length = ka_message_write(purpose, text);
    ka_time deadline = ka_clock_monotonic() + SETUP_TIME;
    int fd = ka_tcp_connect(&locate->to, &locate->ports, error);
    if (fd < 0)
        return -1;
    bool good = await(locate, fd, POLLOUT, deadline) && ka_tcp_take_error(fd) == KA_TCP_FINE;
    if (good && !plain)
        good = expect(locate, fd, KA_MESSAGE_GREETING, deadline) &&
               ka_tcp_send(fd, text, length) == 0 && expect(locate, fd, KA_MESSAGE_OK, deadline);
    if (good)
        return fd;
    ka_tcp_abort(fd);
    return ka_error_set(error, "the hop search cannot connect to the far end any more");
}

/* Waits for an ICMP error about our connection. Returns whose it is; no address: none came. */
static struct ka_addr await_icmp(const struct ka_locate *locate, ka_time deadline)
{
    uint8_t bytes[512];
    while (await(locate, locate->icmp, POLLIN, deadline)) {
        struct ka_endpoint from;
        ssize_t length = ka_tcp_receive_from(locate->icmp, bytes, sizeof(bytes), &from);
        if (length > 0 && ka_hops_quote(locate->to.addr.family, bytes, (size_t)length,
                                        &locate->ours, &locate->to))
            return from.addr;
    }
    return (struct ka_addr){.family = 0};
}

/* Sends probes with growing time to live until the far end answers, or nothing more does. */
static int list_hops(struct ka_locate *locate, struct ka_audit_injection *injection, unsigned most,
                     struct ka_hops *out, struct ka_error *error)
{
    unsigned silent = 0;
    *out = (struct ka_hops){.count = 0};
    for (unsigned ttl = 1; ttl <= most && silent < SILENT_HOPS && !locate->stop(NULL); ttl++) {
        struct ka_tcp_facts facts;
        ka_time begun = ka_clock_monotonic();
        uint32_t number = ka_audit_injection_probe(injection, locate->fd, &locate->to, ttl);
        if (number == 0)
            return ka_error_set(error, "the hop search cannot send its probe");
        ka_time end = ka_clock_monotonic() + PACE; /* the helper counts from when it sent, too */
        struct ka_addr from = await_icmp(locate, end);
        sleep_until(locate, end);
        /* A reset that bears our gentle number is ignored by the kernel and is no answer. */
        if (from.family == 0 && ka_tcp_facts(locate->fd, &facts) &&
            facts.ack_idle < ka_clock_monotonic() - begun) {
            ka_audit_injection_answered(injection, locate->fd, &locate->to, number);
            out->reached = true;
            return 0;
        }
        if (from.family != 0)
            ka_audit_injection_answered(injection, locate->fd, &locate->to, number);
        silent = from.family == 0 ? silent + 1 : 0;
        if (out->count < KA_HOPS_MAX)
            out->addr[out->count++] = from;
    }
    return 0;
}

static void tell(const struct ka_audit_report *report, const struct ka_hops *before,
                 const struct ka_hops *after)
{
    char hops[96];
    char name[KA_ADDR_TEXT_SIZE];
    char text[KA_TEXT_MAX];
    unsigned hop = 0;
    enum ka_hops_result result = ka_hops_compare(before, after, &hop);
    if (result == KA_HOPS_HEALED || result == KA_HOPS_UNKNOWN) {
        ka_audit_findings_tell(
            report, "not-located", NULL, 0,
            result == KA_HOPS_HEALED
                ? "after the expiry a probe reached the far end again: where the path "
                  "forgets does not show"
                : "too few hops answer to tell where the path forgets");
        return;
    }
    ka_hops_text(before, hops, sizeof(hops));
    ka_addr_text(hop > 0 ? &after->addr[hop - 1] : &(struct ka_addr){.family = 0}, name);
    if (hop == 0)
        snprintf(text, sizeof(text),
                 "the connection is forgotten before the first hop, or by it (before: %s)", hops);
    else
        snprintf(text, sizeof(text), "hop %u, %s, forgets the connection%s (before: %s)", hop, name,
                 result == KA_HOPS_FOUND
                     ? ": nothing behind it answers any more"
                     : ", unless the far end does: all hops answer, it does not",
                 hops);
    ka_audit_findings_tell(report, "forgotten-at", "hop", hop, text);
}

int ka_locate_run(struct ka_locate *locate, struct ka_audit_injection *injection,
                  const struct ka_audit_report *report, bool plain, uint64_t id, ka_time silence,
                  bool (*stop)(void *context), struct ka_error *error)
{
    struct ka_hops before;
    struct ka_hops after;
    struct ka_message control = {.type = KA_MESSAGE_CONTROL, .audit = id};
    struct ka_message trial = {
        .type = KA_MESSAGE_TRIAL,
        .audit = id,
        .arm = KA_ARM_SILENT,
        .idle = silence + 2 * KA_HOPS_MAX * PACE, /* the far end must not be the one to end it */
    };
    locate->stop = stop;
    if (!plain && (locate->control = open_connection(locate, false, &control, error)) < 0)
        return -1;
    locate->fd = open_connection(locate, plain, &trial, error);
    if (locate->fd < 0)
        return -1;
    locate->ours = ka_tcp_local(locate->fd);
    if (list_hops(locate, injection, KA_HOPS_MAX, &before, error) < 0)
        return -1;
    sleep_until(locate, ka_clock_monotonic() + silence);
    if (stop(NULL))
        return 0;
    /* No further than before: what lies behind the far end is of no interest. */
    unsigned most = before.count + (before.reached ? 1u : 0u);
    if (list_hops(locate, injection, most, &after, error) < 0)
        return -1;
    if (!stop(NULL))
        tell(report, &before, &after);
    return 0;
}
