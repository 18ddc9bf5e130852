/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a socket's settings mean for its connection: when the next probe comes, when the kernel
 * gives up, and whether a forgetful path kills it.
 */
#include "sockets/sockets.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LATER_SIZE = 64 };

static const char *const state_names[KA_SOCKET_STATE_COUNT] = {
    [KA_SOCKET_ESTABLISHED] = "ESTAB",     [KA_SOCKET_SYN_SENT] = "SYN-SENT",
    [KA_SOCKET_SYN_RECV] = "SYN-RECV",     [KA_SOCKET_FIN_WAIT_1] = "FIN-WAIT-1",
    [KA_SOCKET_FIN_WAIT_2] = "FIN-WAIT-2", [KA_SOCKET_TIME_WAIT] = "TIME-WAIT",
    [KA_SOCKET_CLOSE] = "UNCONN",          [KA_SOCKET_CLOSE_WAIT] = "CLOSE-WAIT",
    [KA_SOCKET_LAST_ACK] = "LAST-ACK",     [KA_SOCKET_LISTEN] = "LISTEN",
    [KA_SOCKET_CLOSING] = "CLOSING",
};

static const char *const timer_names[KA_SOCKET_TIMER_COUNT] = {
    [KA_SOCKET_TIMER_NONE] = "",
    [KA_SOCKET_TIMER_RETRANSMIT] = "on",
    [KA_SOCKET_TIMER_KEEPALIVE] = "keepalive",
    [KA_SOCKET_TIMER_TIME_WAIT] = "timewait",
    [KA_SOCKET_TIMER_WINDOW_PROBE] = "persist",
    [KA_SOCKET_TIMER_FIN_WAIT] = "finwait",
};

static const char *const access_names[KA_SOCKET_ACCESS_COUNT] = {
    [KA_SOCKET_READ] = "",
    [KA_SOCKET_NEED_ROOT] = "need root",
    [KA_SOCKET_ENDED] = "the process closed it meanwhile",
    [KA_SOCKET_NO_PROCESS] = "no process here holds it",
    [KA_SOCKET_NOT_ACCEPTED] = "not accepted yet",
    [KA_SOCKET_UNSUPPORTED] = "need Linux 5.6",
};

const char *ka_socket_state_name(enum ka_socket_state state)
{
    return state_names[state] != NULL ? state_names[state] : "?";
}

const char *ka_socket_timer_name(enum ka_socket_timer timer)
{
    return timer_names[timer];
}

const char *ka_socket_access_name(enum ka_socket_access access)
{
    return access_names[access];
}

bool ka_socket_state_parse(const char *name, enum ka_socket_state *out)
{
    static const struct {
        const char *name;
        enum ka_socket_state state;
    } more[] = {{"established", KA_SOCKET_ESTABLISHED}, {"listening", KA_SOCKET_LISTEN}};
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        if (strcasecmp(name, more[i].name) == 0) {
            *out = more[i].state;
            return true;
        }
    }
    for (unsigned state = KA_SOCKET_ESTABLISHED; state < KA_SOCKET_STATE_COUNT; state++) {
        if (strcasecmp(name, state_names[state]) == 0) {
            *out = (enum ka_socket_state)state;
            return true;
        }
    }
    return false;
}

bool ka_socket_is_open(const struct ka_socket *socket)
{
    return socket->state == KA_SOCKET_ESTABLISHED || socket->state == KA_SOCKET_CLOSE_WAIT ||
           (socket->state == KA_SOCKET_FIN_WAIT_2 && socket->inode != 0);
}

static bool knows_times(const struct ka_socket *socket)
{
    return socket->access == KA_SOCKET_READ;
}

ka_time ka_socket_next_probe(const struct ka_socket *socket)
{
    if (!ka_socket_is_open(socket) || socket->timer != KA_SOCKET_TIMER_KEEPALIVE)
        return KA_TIME_NONE;
    if (socket->unanswered > 0 || !knows_times(socket) || socket->last_received == KA_TIME_NONE)
        return socket->expires;
    ka_time left = socket->times.idle - socket->last_received;
    return left > socket->expires ? left : socket->expires;
}

/* tcp_keepalive_timer: at each firing it gives up when enough probes are out, or, with a user
 * timeout, when one is out and the silence has lasted that long; else it sends one more. */
ka_time ka_socket_gives_up(const struct ka_socket *socket)
{
    ka_time next = ka_socket_next_probe(socket);
    if (next == KA_TIME_NONE || !knows_times(socket))
        return KA_TIME_NONE;
    ka_time firings = 0;
    if (socket->user_timeout > 0) {
        ka_time silent = socket->last_received == KA_TIME_NONE ? 0 : socket->last_received;
        ka_time left = socket->user_timeout - silent - next;
        ka_time interval = socket->times.interval > 0 ? socket->times.interval : KA_SECOND;
        firings = left > 0 ? (left + interval - 1) / interval : 0;
        if (firings == 0 && socket->unanswered == 0)
            firings = 1;
    } else if (socket->times.count > socket->unanswered) {
        firings = socket->times.count - socket->unanswered;
    }
    return next + firings * socket->times.interval;
}

/* The longest that an idle connection stays quiet. tcp_keepalive_timer: after each probe, answered
 * or not, the timer is set to the interval, and only then asks again how long nothing was heard. */
static ka_time longest_quiet(const struct ka_socket *socket)
{
    return socket->times.interval > socket->times.idle ? socket->times.interval
                                                       : socket->times.idle;
}

enum ka_socket_risk ka_socket_risk(const struct ka_socket *socket, ka_time forget)
{
    if (!ka_socket_is_open(socket) && socket->state != KA_SOCKET_LISTEN)
        return KA_SOCKET_SAFE;
    if (socket->keepalive == KA_SOCKET_KEEPALIVE_OFF)
        return KA_SOCKET_AT_RISK;
    if (socket->keepalive == KA_SOCKET_KEEPALIVE_ON && knows_times(socket))
        return longest_quiet(socket) >= forget ? KA_SOCKET_AT_RISK : KA_SOCKET_SAFE;
    /* Unread, but a first probe that is this far off says enough. */
    if (socket->timer == KA_SOCKET_TIMER_KEEPALIVE && socket->unanswered == 0 &&
        socket->expires >= forget)
        return KA_SOCKET_AT_RISK;
    return KA_SOCKET_RISK_UNKNOWN;
}

void ka_socket_setting_text(ka_time duration, char *out)
{
    long long seconds = duration / KA_SECOND;
    if (duration == KA_TIME_NONE || duration < 0)
        snprintf(out, KA_SOCKET_SETTING_SIZE, "?");
    else if (duration < KA_SECOND)
        snprintf(out, KA_SOCKET_SETTING_SIZE, "%g ms", (double)duration / 1e6);
    else if (duration % KA_SECOND != 0)
        snprintf(out, KA_SOCKET_SETTING_SIZE, "%.10g s", (double)duration / 1e9);
    else if (seconds >= 3600 && seconds % 3600 == 0)
        snprintf(out, KA_SOCKET_SETTING_SIZE, "%lld h", seconds / 3600);
    else if (seconds >= 600 && seconds % 60 == 0)
        snprintf(out, KA_SOCKET_SETTING_SIZE, "%lld min", seconds / 60);
    else
        snprintf(out, KA_SOCKET_SETTING_SIZE, "%lld s", seconds);
}

/* What a forgetful path does to it, as the end of a sentence. */
static void verdict_text(const struct ka_socket *socket, ka_time forget, char *out, size_t size)
{
    static const struct {
        const char *before;
        const char *verb;
        const char *after;
    } forms[] = {
        [KA_SOCKET_SAFE] = {"", "keeps", ""},
        [KA_SOCKET_AT_RISK] = {"", "kills", ""},
        [KA_SOCKET_RISK_UNKNOWN] = {"whether ", "kills", " is not known"},
    };
    char after[KA_SOCKET_SETTING_SIZE];
    enum ka_socket_risk risk = ka_socket_risk(socket, forget);
    ka_socket_setting_text(forget, after);
    snprintf(out, size, "%sa path that forgets after %s %s %s%s", forms[risk].before, after,
             forms[risk].verb, socket->state == KA_SOCKET_LISTEN ? "them" : "this connection",
             forms[risk].after);
}

/* What comes after the first probe, where a path that forgets makes a difference between them. */
static void later_text(const struct ka_socket *socket, ka_time forget, char *out)
{
    char interval[KA_SOCKET_SETTING_SIZE];
    ka_socket_setting_text(socket->times.interval, interval);
    if (socket->times.idle < forget && socket->times.interval >= forget)
        snprintf(out, LATER_SIZE, ", then every %s (the interval)", interval);
    else
        out[0] = '\0';
}

static void listener_meaning(const struct ka_socket *socket, ka_time forget, const char *verdict,
                             char *out)
{
    char idle[KA_SOCKET_SETTING_SIZE];
    char later[LATER_SIZE];
    if (!knows_times(socket)) {
        snprintf(out, KA_SOCKET_MEANING_SIZE, "settings: %s", access_names[socket->access]);
        return;
    }
    ka_socket_setting_text(socket->times.idle, idle);
    later_text(socket, forget, later);
    if (socket->keepalive == KA_SOCKET_KEEPALIVE_ON)
        snprintf(out, KA_SOCKET_MEANING_SIZE, "accepted connections probe after %s idle%s; %s",
                 idle, later, verdict);
    else
        snprintf(out, KA_SOCKET_MEANING_SIZE,
                 "accepted connections never probe unless the program says so; %s", verdict);
}

/* An open connection whose keepalive timer runs. */
static void running_meaning(const struct ka_socket *socket, ka_time forget, const char *verdict,
                            char *out)
{
    char next[KA_TIME_TEXT_SIZE];
    char end[KA_TIME_TEXT_SIZE];
    char later[LATER_SIZE];
    ka_duration_text(ka_socket_next_probe(socket), next);
    if (!knows_times(socket)) {
        if (socket->unanswered > 0)
            snprintf(out, KA_SOCKET_MEANING_SIZE,
                     "%u probe%s unanswered, the next in %s; settings: %s", socket->unanswered,
                     ka_text_plural(socket->unanswered), next, access_names[socket->access]);
        else
            snprintf(out, KA_SOCKET_MEANING_SIZE, "no probe for %s; settings: %s; %s", next,
                     access_names[socket->access], verdict);
        return;
    }
    ka_duration_text(ka_socket_gives_up(socket), end);
    later_text(socket, forget, later);
    if (socket->unanswered > 0)
        snprintf(out, KA_SOCKET_MEANING_SIZE,
                 "%u of %u probes unanswered; unless the peer answers, it is given up in %s",
                 socket->unanswered, socket->times.count, end);
    else
        snprintf(out, KA_SOCKET_MEANING_SIZE, "first probe in %s%s; %s", next, later, verdict);
}

static void open_meaning(const struct ka_socket *socket, ka_time forget, const char *verdict,
                         char *out)
{
    const char *why = access_names[socket->access];
    const char *sep = why[0] != '\0' ? "; settings: " : "";
    if (socket->timer == KA_SOCKET_TIMER_RETRANSMIT)
        snprintf(out, KA_SOCKET_MEANING_SIZE, "data on its way, no probes until it is acked%s%s",
                 sep, why);
    else if (socket->timer == KA_SOCKET_TIMER_WINDOW_PROBE)
        snprintf(out, KA_SOCKET_MEANING_SIZE,
                 "the peer's window is closed: window probes, no keepalive%s%s", sep, why);
    else if (socket->keepalive == KA_SOCKET_KEEPALIVE_OFF)
        snprintf(out, KA_SOCKET_MEANING_SIZE, "never probes; %s%s%s", verdict, sep, why);
    else if (socket->timer == KA_SOCKET_TIMER_KEEPALIVE)
        running_meaning(socket, forget, verdict, out);
    else if (knows_times(socket)) /* turned on between listing and reading */
        snprintf(out, KA_SOCKET_MEANING_SIZE, "keepalive was turned on just now; %s", verdict);
    else
        snprintf(out, KA_SOCKET_MEANING_SIZE, "settings: %s", why);
}

void ka_socket_meaning(const struct ka_socket *socket, ka_time forget, char *out)
{
    char verdict[128];
    verdict_text(socket, forget, verdict, sizeof(verdict));
    if (socket->state == KA_SOCKET_LISTEN)
        listener_meaning(socket, forget, verdict, out);
    else if (ka_socket_is_open(socket))
        open_meaning(socket, forget, verdict, out);
    else if (socket->state == KA_SOCKET_SYN_SENT || socket->state == KA_SOCKET_SYN_RECV)
        snprintf(out, KA_SOCKET_MEANING_SIZE, "not connected yet, no probes");
    else
        snprintf(out, KA_SOCKET_MEANING_SIZE, "closing, no probes");
}
