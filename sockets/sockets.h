/* SPDX-License-Identifier: BSD-2-Clause
 *
 * This host's own TCP sockets and the keepalive settings they really have: the kernel's list
 * (sock_diag), the process behind each socket (/proc), its settings (a duplicate of the descriptor
 * through pidfd_getfd, read with getsockopt and closed at once), and what that means. Nothing is
 * ever changed.
 */
#ifndef KA_SOCKETS_SOCKETS_H
#define KA_SOCKETS_SOCKETS_H

#include "base/addr.h"
#include "base/error.h"
#include "base/time.h"
#include "events/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Linux's numbers for the states of a TCP socket (RFC 9293 3.3.2). */
enum ka_socket_state {
    KA_SOCKET_ESTABLISHED = 1,
    KA_SOCKET_SYN_SENT,
    KA_SOCKET_SYN_RECV,
    KA_SOCKET_FIN_WAIT_1,
    KA_SOCKET_FIN_WAIT_2,
    KA_SOCKET_TIME_WAIT,
    KA_SOCKET_CLOSE,
    KA_SOCKET_CLOSE_WAIT,
    KA_SOCKET_LAST_ACK,
    KA_SOCKET_LISTEN,
    KA_SOCKET_CLOSING,
    KA_SOCKET_STATE_COUNT
};

#define KA_SOCKET_STATE_BIT(state) (1u << (state))

/* What has a socket that a process can hold, except listeners. The rest, TIME-WAIT and SYN-RECV,
 * are notes the kernel keeps about connections that are gone or not there yet. */
#define KA_SOCKET_CONNECTIONS                                                                      \
    (((1u << KA_SOCKET_STATE_COUNT) - 2) &                                                         \
     ~(1u << KA_SOCKET_LISTEN | 1u << KA_SOCKET_TIME_WAIT | 1u << KA_SOCKET_SYN_RECV))

/* The timer that runs now. The kernel tells of one only; retransmission and window probes hide a
 * keepalive timer, which does not send while they run. */
enum ka_socket_timer {
    KA_SOCKET_TIMER_NONE,
    KA_SOCKET_TIMER_RETRANSMIT,
    KA_SOCKET_TIMER_KEEPALIVE,
    KA_SOCKET_TIMER_TIME_WAIT,
    KA_SOCKET_TIMER_WINDOW_PROBE,
    KA_SOCKET_TIMER_FIN_WAIT, /* no process is left, and the peer has not closed yet */
    KA_SOCKET_TIMER_COUNT
};

/* Whether the settings could be read, and if not, why. */
enum ka_socket_access {
    KA_SOCKET_READ,
    KA_SOCKET_NEED_ROOT,    /* another user's process, or its descriptors cannot be seen */
    KA_SOCKET_ENDED,        /* the process ended or closed the socket between listing and reading */
    KA_SOCKET_NO_PROCESS,   /* no process holds it: closing, or the kernel's own */
    KA_SOCKET_NOT_ACCEPTED, /* open, but its listener has not accepted it yet */
    KA_SOCKET_UNSUPPORTED,  /* the kernel has no pidfd_getfd (before Linux 5.6) */
    KA_SOCKET_ACCESS_COUNT
};

/* The times of keepalive, of a socket or of a network namespace. Unknown: KA_TIME_NONE and 0. */
struct ka_socket_times {
    ka_time idle;     /* TCP_KEEPIDLE, net.ipv4.tcp_keepalive_time */
    ka_time interval; /* TCP_KEEPINTVL, net.ipv4.tcp_keepalive_intvl */
    uint32_t count;   /* TCP_KEEPCNT, net.ipv4.tcp_keepalive_probes */
};

struct ka_socket {
    struct ka_endpoint local; /* as on the wire: IPv4 mapped into IPv6 is IPv4 */
    struct ka_endpoint peer;  /* address and port 0 for a listener */
    uint32_t inode;           /* 0: no process holds it, not yet or not any more */
    uint32_t device;          /* index of the interface it is bound to, by SO_BINDTODEVICE, a VRF or
                                 link-local addresses; 0 none */
    uint32_t unanswered;      /* probes or retransmissions without an answer so far */
    ka_time expires;          /* of the running timer, from now; KA_TIME_NONE without one */
    ka_time last_sent;        /* how long ago data was sent; KA_TIME_NONE unknown */
    ka_time last_received;    /* how long ago data or an ACK came; KA_TIME_NONE unknown */
    ka_time user_timeout;     /* TCP_USER_TIMEOUT (RFC 5482); 0 unset, KA_TIME_NONE unread */
    struct ka_socket_times
        times;         /* known where access is KA_SOCKET_READ, even if keepalive is off */
    pid_t pid;         /* the lowest that holds it; 0 unknown */
    int descriptor;    /* its number there; -1 unknown */
    uint8_t state;     /* enum ka_socket_state */
    uint8_t timer;     /* enum ka_socket_timer */
    uint8_t access;    /* enum ka_socket_access */
    uint8_t keepalive; /* enum ka_socket_keepalive; known without access, too, where the
                          timer tells */
    bool is_default;   /* the times equal those of its network namespace */
    char process[KA_PROCESS_NAME_SIZE]; /* as the kernel names it, any bytes; "" unknown */
};

struct ka_socket_list {
    struct ka_socket *sockets; /* the list's own */
    size_t count;
    size_t room;
    struct ka_socket_times defaults; /* of the network namespace looked at */
    bool restricted;                 /* descriptors of some processes could not be seen */
};

struct ka_socket_query {
    uint32_t states; /* KA_SOCKET_STATE_BIT of those wanted */
    pid_t pid;       /* only sockets that this process holds; 0: all */
    pid_t netns_pid; /* look into the network namespace of this process; 0: our own */
};

/* Does all four steps below. Returns 0, and the caller frees the list with ka_socket_list_fini; or
 * -1 with the reason, the list is then empty. Costs some 20 system calls a socket. */
int ka_sockets_collect(const struct ka_socket_query *query, struct ka_socket_list *list,
                       struct ka_error *error);

/* Frees what the list holds and empties it. */
void ka_socket_list_fini(struct ka_socket_list *list);

/* Step 1: the kernel's list of TCP sockets, IPv4 and IPv6, and the namespace's defaults; *list is
 * overwritten. The caller's thread is in the other namespace during the call only. Fails where
 * there is no such process, setns is not permitted (CAP_SYS_ADMIN) or the kernel has no tcp_diag.
 * States, timers, times since, and keepalive as far as the timers tell are filled in. */
int ka_sockets_list(const struct ka_socket_query *query, struct ka_socket_list *list,
                    struct ka_error *error);

/* Step 2: finds the process behind each socket, by the inodes in /proc/PID/fd. With `pid` only
 * that process is looked at, and sockets it does not hold leave the list. Fails where /proc cannot
 * be read, memory runs out, or `pid` is no process or not ours to see. */
int ka_sockets_find_owners(struct ka_socket_list *list, pid_t pid, struct ka_error *error);

/* Step 3: reads the settings of sockets with an owner. What cannot be read says so in `access`. */
void ka_sockets_read_settings(struct ka_socket_list *list);

/* Step 4: by process name, pid, local and remote endpoint, so that two runs compare. */
void ka_sockets_sort(struct ka_socket_list *list);

/* --- what it means */

/* True for connections that can still carry data in at least one direction. */
bool ka_socket_is_open(const struct ka_socket *socket);

/* How long until the kernel sends the next keepalive probe if the connection stays idle;
 * KA_TIME_NONE where none will be sent or it is not known. The timer may fire before the idle time
 * is over: the kernel then only restarts it (tcp_keepalive_timer). A live monitor is seeded with
 * the sockets for which this is known. */
ka_time ka_socket_next_probe(const struct ka_socket *socket);

/* How long until the kernel gives the connection up if its probes stay unanswered: with a user
 * timeout at the first firing after it, else one interval after the last probe. KA_TIME_NONE as
 * above, or where the times are not readable. */
ka_time ka_socket_gives_up(const struct ka_socket *socket);

enum ka_socket_risk { KA_SOCKET_SAFE, KA_SOCKET_AT_RISK, KA_SOCKET_RISK_UNKNOWN };

/* Would an idle connection die on a path that forgets connections after `forget` (above 0)? Yes
 * where keepalive is off, or probes come no earlier than that: the first after the idle time, later
 * ones no sooner than the interval. Listeners are judged by what the connections they accept
 * inherit. Connections that are closing are safe: nothing depends on them. */
enum ka_socket_risk ka_socket_risk(const struct ka_socket *socket, ka_time forget);

enum { KA_SOCKET_MEANING_SIZE = 256, KA_SOCKET_SETTING_SIZE = 32 };

/* One sentence for people, plain ASCII, into out[KA_SOCKET_MEANING_SIZE]. */
void ka_socket_meaning(const struct ka_socket *socket, ka_time forget, char *out);

/* A configured duration, exact: "2 h", "350 s", "2.5 s"; "?" for KA_TIME_NONE. Into
 * out[KA_SOCKET_SETTING_SIZE]. */
void ka_socket_setting_text(ka_time duration, char *out);

/* Names as ss has them ("ESTAB", "FIN-WAIT-1"; "keepalive", "on", "persist", "timewait", "finwait",
 * "" for none); of the access, why it is missing ("need root"), "" for KA_SOCKET_READ. */
const char *ka_socket_state_name(enum ka_socket_state state);
const char *ka_socket_timer_name(enum ka_socket_timer timer);
const char *ka_socket_access_name(enum ka_socket_access access);

/* The socket as an event of time `now`, its own copy but for the static text in `settings`. */
void ka_socket_event(const struct ka_socket *socket, ka_time now, struct ka_event *out);

/* The state of that name, in any case; "established" and "listening" are known, too. False, *out
 * untouched, where there is none. */
bool ka_socket_state_parse(const char *name, enum ka_socket_state *out);

#endif
