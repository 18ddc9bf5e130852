/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/listen.h"

#include "audit/message.h"
#include "audit/tcp.h"
#include "audit/watch.h"
#include "base/clock.h"
#include "events/event.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Who says nothing sensible in this time is closed. */
#define HELLO_TIME (10 * KA_SECOND)
/* A control connection pings every second; an audit that died is noticed by its silence. */
#define CONTROL_TIME (60 * KA_SECOND)
/* A trial is closed this long after its time. */
#define LINGER_TIME (60 * KA_SECOND)
/* The kernel counts idle times in ticks of up to 10 ms. */
#define TICK (10 * KA_MILLISECOND)

enum { EVENTS_MAX = 256, SPARE = 16, REARMS_MAX = 4 };

/* What epoll tells of the listener, in the place of a slot. */
static const uint32_t listener_slot = UINT32_MAX;

enum state { FREE, HELLO, CONTROL, IDLE, SPOKEN, OVER };

struct peer {
    int fd;
    uint8_t state; /* enum state */
    uint8_t arm;
    uint8_t first_speaker;
    uint8_t refresher;
    uint8_t rearmed;
    uint32_t generation;
    uint32_t number;
    uint32_t segments; /* that had come when the silence began */
    uint32_t bytes;    /* refreshes of the data arm that came */
    uint64_t audit;
    struct ka_endpoint from;
    ka_time begun; /* of the silence */
    ka_time idle;  /* asked for; measured once it spoke */
    ka_time interval;
    ka_time deadline;
    ka_time refresh; /* KA_TIME_NONE none */
    struct ka_message_line line;
};

struct far {
    const struct ka_far_config *config;
    struct ka_far_stats *stats;
    struct ka_watch *watch; /* NULL without the privilege */
    struct peer *peers;
    uint32_t size;
    uint32_t top;
    int listener;
    int epoll;
    ka_time now;
};

static void end(struct peer *peer)
{
    ka_tcp_abort(peer->fd);
    peer->fd = -1;
    peer->state = FREE;
}

static void say(struct peer *peer, const struct ka_message *message)
{
    char text[KA_MESSAGE_LINE_MAX + 1];
    size_t length = ka_message_write(message, text);
    /* A failure shows on the connection itself, at the next event. */
    (void)ka_tcp_send(peer->fd, text, length);
}

static void refuse(struct far *far, struct peer *peer, const char *reason)
{
    struct ka_message message = {.type = KA_MESSAGE_NO};
    strncpy(message.reason, reason, sizeof(message.reason) - 1);
    say(peer, &message);
    far->stats->refused++;
    /* Closed in order, so that the reason arrives. */
    close(peer->fd);
    peer->fd = -1;
    peer->state = FREE;
}

static struct peer *find_control(struct far *far, uint64_t audit)
{
    for (uint32_t i = 0; i < far->top; i++)
        if (far->peers[i].state == CONTROL && far->peers[i].audit == audit)
            return &far->peers[i];
    return NULL;
}

/* Tells the audit what was seen of the trial. */
static void report(struct far *far, const struct peer *peer, uint8_t what, uint32_t beside)
{
    struct peer *control = find_control(far, peer->audit);
    struct ka_tcp_facts facts;
    uint32_t arrived = peer->bytes;
    if (control == NULL)
        return;
    if (peer->arm != KA_ARM_DATA && ka_tcp_facts(peer->fd, &facts)) {
        uint32_t segments = facts.segments_in - peer->segments;
        arrived = segments > beside ? segments - beside : 0;
    }
    struct ka_watched seen = {.usual = 0};
    if (what == KA_REPORT_RST)
        seen = ka_watch_peer(far->watch, &peer->from);
    struct ka_message message = {
        .type = KA_MESSAGE_REPORT,
        .number = peer->number,
        .report = what,
        .idle = peer->state == SPOKEN ? peer->idle : far->now - peer->begun,
        .arrived = arrived,
        .reset_ttl = seen.reset,
        .usual_ttl = seen.usual,
    };
    say(control, &message);
}

static void begin_trial(struct far *far, struct peer *peer, const struct ka_message *message)
{
    struct ka_tcp_facts facts = {.segments_in = 0};
    if (find_control(far, message->audit) == NULL) {
        refuse(far, peer, "no control connection for this audit");
        return;
    }
    if (message->idle <= 0 || (message->interval > 0 && message->interval < KA_MILLISECOND * 100)) {
        refuse(far, peer, "a silence must be above 0, refreshes 100 ms apart");
        return;
    }
    far->stats->trials++;
    peer->state = IDLE;
    peer->audit = message->audit;
    peer->number = message->number;
    peer->arm = message->arm;
    peer->first_speaker = message->first_speaker;
    peer->refresher = message->refresher;
    peer->idle = message->idle;
    peer->interval = message->interval;
    peer->begun = far->now;
    say(peer, &(struct ka_message){.type = KA_MESSAGE_OK});
    ka_tcp_facts(peer->fd, &facts);
    peer->segments = facts.segments_in;
    peer->deadline =
        far->now + peer->idle + (peer->first_speaker == KA_SPEAKER_SERVER ? 0 : LINGER_TIME);
    if (peer->arm == KA_ARM_SILENT || peer->refresher != KA_SPEAKER_SERVER || peer->interval == 0)
        return;
    if (peer->arm == KA_ARM_KEEPALIVE_0)
        ka_tcp_keepalive(peer->fd, peer->interval);
    else if (peer->arm == KA_ARM_DATA)
        peer->refresh = far->now + peer->interval;
}

static void begin_control(struct far *far, struct peer *peer, uint64_t audit)
{
    struct peer *old = find_control(far, audit);
    if (old != NULL)
        end(old); /* the same audit again: its earlier connection was lost */
    else
        far->stats->audits++;
    peer->state = CONTROL;
    peer->audit = audit;
    peer->deadline = far->now + CONTROL_TIME;
    say(peer, &(struct ka_message){.type = KA_MESSAGE_OK});
}

/* One line: what it may be depends on the state, anything else is nonsense. */
static bool take_line(struct far *far, struct peer *peer)
{
    struct ka_message message;
    if (!ka_message_parse(peer->line.bytes, &message))
        return false;
    if (peer->state == HELLO && message.type == KA_MESSAGE_CONTROL) {
        begin_control(far, peer, message.audit);
    } else if (peer->state == HELLO && message.type == KA_MESSAGE_TRIAL) {
        begin_trial(far, peer, &message);
    } else if (peer->state == CONTROL && message.type == KA_MESSAGE_PING) {
        peer->deadline = far->now + CONTROL_TIME;
        say(peer, &(struct ka_message){.type = KA_MESSAGE_PONG});
    } else if (peer->state == IDLE && message.type == KA_MESSAGE_SPEAK) {
        say(peer, &(struct ka_message){.type = KA_MESSAGE_HEARD});
        report(far, peer, KA_REPORT_HEARD, 2); /* the agreement's acknowledgement and these words */
        peer->state = OVER;
        peer->refresh = KA_TIME_NONE;
        peer->deadline = far->now + HELLO_TIME;
    } else if (peer->state == SPOKEN && message.type == KA_MESSAGE_HEARD) {
        report(far, peer, KA_REPORT_ANSWERED, 3); /* ours were acknowledged besides */
        peer->state = OVER;
        peer->deadline = far->now + HELLO_TIME;
    } else {
        return false;
    }
    return true;
}

static void take_bytes(struct far *far, struct peer *peer, const char *bytes, size_t count)
{
    uint32_t generation = peer->generation;
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == KA_MESSAGE_REFRESH && peer->state == IDLE && peer->line.used == 0) {
            peer->bytes++;
            continue;
        }
        enum ka_gathered result = ka_message_gather(&peer->line, bytes[i]);
        bool good = result == KA_GATHERED_PART ||
                    (result == KA_GATHERED_LINE && peer->state != OVER && take_line(far, peer));
        if (!good && peer->state != FREE) {
            far->stats->nonsense += peer->state != OVER;
            end(peer);
        }
        if (peer->state == FREE || peer->generation != generation)
            return;
    }
}

/* The connection ended, or an error came. */
static void take_error(struct far *far, struct peer *peer, enum ka_tcp_error error, bool closed)
{
    static const uint8_t reports[] = {
        [KA_TCP_FINE] = KA_REPORT_CLOSED,  [KA_TCP_RESET] = KA_REPORT_RST,
        [KA_TCP_REFUSED] = KA_REPORT_ICMP, [KA_TCP_TIMEOUT] = KA_REPORT_SILENT,
        [KA_TCP_ICMP] = KA_REPORT_ICMP,    [KA_TCP_OTHER] = KA_REPORT_SILENT,
    };
    if (peer->state == SPOKEN)
        report(far, peer, closed ? KA_REPORT_CLOSED : reports[error], 2);
    else if (peer->state == IDLE) /* the agreement's acknowledgement and the FIN or RST */
        report(far, peer, closed ? KA_REPORT_CLOSED : KA_REPORT_CUT, 2);
    end(peer);
}

static void read_peer(struct far *far, struct peer *peer)
{
    char bytes[512];
    uint32_t generation = peer->generation;
    while (peer->state != FREE && peer->generation == generation) {
        ssize_t count = recv(peer->fd, bytes, sizeof(bytes), 0);
        if (count > 0) {
            ka_tcp_acknowledge(peer->fd);
            take_bytes(far, peer, bytes, (size_t)count);
        } else if (count == 0) {
            take_error(far, peer, KA_TCP_FINE, true);
        } else {
            if (errno != EAGAIN && errno != EINTR)
                take_error(far, peer, ka_tcp_classify(errno), false);
            return;
        }
    }
}

/* The silence is over and we are to speak first. */
static void speak(struct far *far, struct peer *peer)
{
    char text[KA_MESSAGE_LINE_MAX + 1];
    struct ka_message message = {.type = KA_MESSAGE_SPEAK};
    size_t length = ka_message_write(&message, text);
    struct ka_tcp_facts facts;
    /* Heard something meanwhile: the silence has to be as long as asked for all the same. */
    if (peer->arm == KA_ARM_SILENT && ka_tcp_facts(peer->fd, &facts) &&
        facts.idle + TICK < peer->idle && peer->rearmed++ < REARMS_MAX) {
        peer->begun = far->now - facts.idle;
        peer->deadline = peer->begun + peer->idle;
        return;
    }
    peer->idle = far->now - peer->begun;
    peer->state = SPOKEN;
    peer->refresh = KA_TIME_NONE;
    peer->deadline = far->now + HELLO_TIME;
    ka_tcp_keepalive(peer->fd, 0);
    if (ka_tcp_speak(peer->fd, text, length) != 0)
        take_error(far, peer, ka_tcp_classify(errno), false);
}

static void accept_all(struct far *far)
{
    static const char full[] = "no too many connections here\n";
    for (int i = 0; i < EVENTS_MAX; i++) {
        struct ka_endpoint from;
        uint32_t slot = 0;
        int fd = ka_tcp_accept(far->listener, &from);
        if (fd < 0)
            return;
        far->stats->accepted++;
        while (slot < far->size && far->peers[slot].state != FREE)
            slot++;
        if (slot == far->size) {
            (void)ka_tcp_send(fd, full, sizeof(full) - 1);
            close(fd);
            far->stats->refused++;
            continue;
        }
        struct peer *peer = &far->peers[slot];
        *peer = (struct peer){.fd = fd,
                              .from = from,
                              .state = HELLO,
                              .generation = peer->generation + 1,
                              .deadline = far->now + HELLO_TIME,
                              .refresh = KA_TIME_NONE};
        if (slot >= far->top)
            far->top = slot + 1;
        struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP,
                                    .data.u64 = (uint64_t)peer->generation << 32 | slot};
        if (epoll_ctl(far->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
            end(peer);
            continue;
        }
        say(peer, &(struct ka_message){.type = KA_MESSAGE_GREETING, .number = KA_MESSAGE_VERSION});
    }
}

/* Returns the next moment something is due, at most half a second ahead. */
static ka_time run_timers(struct far *far)
{
    ka_time next = far->now + KA_SECOND / 2;
    for (uint32_t i = 0; i < far->top; i++) {
        struct peer *peer = &far->peers[i];
        if (peer->state == FREE)
            continue;
        if (peer->refresh != KA_TIME_NONE && far->now >= peer->refresh) {
            char byte = KA_MESSAGE_REFRESH;
            (void)ka_tcp_send(peer->fd, &byte, 1);
            peer->refresh = far->now + peer->interval;
        }
        if (far->now >= peer->deadline) {
            if (peer->state == IDLE && peer->first_speaker == KA_SPEAKER_SERVER)
                speak(far, peer);
            else
                end(peer);
        }
        if (peer->state != FREE && peer->deadline < next)
            next = peer->deadline;
        if (peer->state != FREE && peer->refresh != KA_TIME_NONE && peer->refresh < next)
            next = peer->refresh;
    }
    return next;
}

static int serve(struct far *far, struct ka_error *error)
{
    struct epoll_event events[EVENTS_MAX];
    ka_time next = far->now;
    while (!far->config->stop(far->config->context)) {
        ka_time wait = next > far->now ? next - far->now : 0;
        struct timespec timeout = {.tv_sec = wait / KA_SECOND, .tv_nsec = wait % KA_SECOND};
        int count = epoll_pwait2(far->epoll, events, EVENTS_MAX, &timeout, NULL);
        if (count < 0 && errno != EINTR)
            return ka_error_set(error, "cannot wait for the sockets: %s", strerror(errno));
        ka_watch_read(far->watch);
        far->now = ka_clock_monotonic();
        for (int i = 0; i < count; i++) {
            uint32_t slot = (uint32_t)(events[i].data.u64 & UINT32_MAX);
            if (slot == listener_slot) {
                accept_all(far);
                continue;
            }
            struct peer *peer = &far->peers[slot];
            if (peer->state != FREE && peer->generation == events[i].data.u64 >> 32)
                read_peer(far, peer);
        }
        next = run_timers(far);
    }
    return 0;
}

int ka_far_run(const struct ka_far_config *config, struct ka_far_stats *stats,
               struct ka_error *error)
{
    struct far far = {
        .config = config, .stats = stats, .listener = -1, .epoll = -1, .now = ka_clock_monotonic()};
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = listener_slot};
    struct ka_error why;
    uint64_t wanted = (uint64_t)config->connections + SPARE;
    uint64_t allowed;
    int result = -1;
    *stats = (struct ka_far_stats){.accepted = 0};
    /* With a lower limit fewer are served at once, which the audits are told. */
    if (ka_tcp_allow(wanted, &allowed, &why) != 0 && allowed <= SPARE)
        return ka_error_set(error, "%s", why.text);
    far.size = (uint32_t)((allowed < wanted ? allowed : wanted) - SPARE);
    far.listener = ka_tcp_listen(&config->at, error);
    if (far.listener < 0)
        goto out;
    far.watch = ka_watch_open_here(&config->at);
    far.peers = calloc(far.size, sizeof(*far.peers));
    far.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (far.peers == NULL || far.epoll < 0 ||
        epoll_ctl(far.epoll, EPOLL_CTL_ADD, far.listener, &event) != 0) {
        ka_error_set(error, "cannot serve audits: %s", strerror(errno));
        goto out;
    }
    if (config->ready != NULL && config->ready(config->context, error) != 0)
        goto out;
    result = serve(&far, error);
out:
    for (uint32_t i = 0; i < far.top; i++)
        if (far.peers[i].state != FREE)
            end(&far.peers[i]);
    ka_watch_close(far.watch);
    if (far.epoll >= 0)
        close(far.epoll);
    if (far.listener >= 0)
        close(far.listener);
    free(far.peers);
    return result;
}
