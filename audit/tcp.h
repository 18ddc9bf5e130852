/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The TCP sockets of the audit: opened without blocking, with keepalives off and a source port
 * that no earlier connection of this audit had; their idle time as the kernel counts it; and
 * speaking in a way that sends at most three packets into a void.
 */
#ifndef KA_AUDIT_TCP_H
#define KA_AUDIT_TCP_H

#include "base/addr.h"
#include "base/error.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>

/* Source ports that were used, one bit each; zeroed at first. A port that came back could match
 * what a box on the path remembers of the connection before. */
struct ka_ports {
    uint8_t used[65536 / 8];
    uint32_t count;
};

/* What happened on a socket, as far as its error tells. */
enum ka_tcp_error {
    KA_TCP_FINE,
    KA_TCP_RESET,   /* a RST came */
    KA_TCP_REFUSED, /* a RST answered the SYN */
    KA_TCP_TIMEOUT, /* nothing came back in time */
    KA_TCP_ICMP,    /* an ICMP error came (RFC 1122 4.2.3.9), asked for with IP_RECVERR */
    KA_TCP_OTHER,   /* something local */
};

/* Starts connecting to `to` from an unused port. Returns the socket, nonblocking and closed on
 * exec, or -1 with the reason. Reports ICMP errors, sends small segments and acknowledgements at
 * once. `to` port 1..65535. */
int ka_tcp_connect(const struct ka_endpoint *to, struct ka_ports *ports, struct ka_error *error);

/* Listens at `at`. Returns the socket, nonblocking, or -1 with the reason. */
int ka_tcp_listen(const struct ka_endpoint *at, struct ka_error *error);

/* Takes the next connection, set up as in ka_tcp_connect, its other end in *from. Returns the
 * socket, or -1 with errno set, EAGAIN when there is none. */
int ka_tcp_accept(int listener, struct ka_endpoint *from);

/* Our end of a connected socket; none where the kernel does not tell. */
struct ka_endpoint ka_tcp_local(int fd);

/* The socket's pending error, which this clears. */
enum ka_tcp_error ka_tcp_take_error(int fd);

/* What an errno of read or write on an established connection means. */
enum ka_tcp_error ka_tcp_classify(int error_number);

struct ka_tcp_facts {
    ka_time idle;     /* since the last packet on the wire either way, in the kernel's ticks */
    ka_time rto;      /* retransmission timeout */
    ka_time ack_idle; /* since the last acknowledgement came */
    uint32_t unacked; /* segments sent and not acknowledged */
    uint32_t segments_in;
};

/* Reads TCP_INFO. False, *out untouched, where the kernel does not tell. */
bool ka_tcp_facts(int fd, struct ka_tcp_facts *out);

/* What a segment of ours would carry now (RFC 9293 3.3.1). */
struct ka_tcp_numbers {
    uint32_t next;   /* the first byte not sent yet */
    uint32_t heard;  /* the first byte not received yet */
    uint32_t tsval;  /* with has_timestamps */
    uint16_t window; /* as written, not scaled */
    bool has_timestamps;
    bool sack;
    bool in_flight; /* something sent is not acknowledged */
};

/* Asks the kernel for them, which takes CAP_NET_ADMIN (tcp_repair, Linux 3.5); nothing is sent and
 * nothing changes. Returns 0, or -1 with errno set, *out untouched. */
int ka_tcp_numbers(int fd, struct ka_tcp_numbers *out);

/* Waits until a socket of the epoll is ready, at most `wait`, to the millisecond at least. As
 * epoll_wait(2): returns how many of `most` events were written, 0 when the time is over, or -1
 * with errno, EINTR for a signal. */
int ka_tcp_wait(int epoll, struct epoll_event *events, int most, ka_time wait);

/* Acknowledges what came at once: a delayed acknowledgement would restart the path's clock later.
 */
void ka_tcp_acknowledge(int fd);

/* Turns the kernel's own keepalives on, first and further ones `interval` apart (whole seconds,
 * from 1), at most three unanswered; an interval of 0 turns them off. */
void ka_tcp_keepalive(int fd, ka_time interval);

/* Sends `count` bytes and lets the kernel give up after the first packet and two repeats: more
 * would change the timers of the boxes under test. Returns 0, or -1 with errno set. */
int ka_tcp_speak(int fd, const char *bytes, size_t count);

/* Sends without that limit; what does not go out at once is lost. Returns 0, or -1 with errno. */
int ka_tcp_send(int fd, const char *bytes, size_t count);

/* Reads a datagram from a raw socket and whose it is; the port means nothing. Returns its length,
 * or -1 with errno set. */
ssize_t ka_tcp_receive_from(int fd, void *bytes, size_t size, struct ka_endpoint *from);

/* Closes with a RST: no TIME_WAIT stays behind. Takes -1. */
void ka_tcp_abort(int fd);

/* Lets this process open `wanted` descriptors. Returns 0, or -1 with a message that says how to
 * raise the limit; *allowed is how many it may open in either case. */
int ka_tcp_allow(uint64_t wanted, uint64_t *allowed, struct ka_error *error);

#endif
