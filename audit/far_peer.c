/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/far_peer.h"

#include "audit/tcp.h"
#include "events/event.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Who says nothing sensible in this time is closed. */
#define HELLO_TIME (10 * KA_SECOND)
/* A control connection pings every second; an audit that died is noticed by its silence. */
#define CONTROL_TIME (60 * KA_SECOND)
/* A trial is closed this long after its time. */
#define LINGER_TIME (60 * KA_SECOND)
/* The kernel counts idle times in ticks of up to 10 ms. */
#define TICK (10 * KA_MILLISECOND)

enum { REARMS_MAX = 4 };

/* Reads a round. Who never stops talking is read on in the next one: the others have their turn,
 * and their timers, in between. */
enum { READS_MAX = 16 };

void ka_far_peer_end(struct ka_far_peer *peer)
{
    ka_tcp_abort(peer->fd);
    peer->fd = -1;
    peer->state = KA_FAR_FREE;
}

static void say(struct ka_far_peer *peer, const struct ka_message *message)
{
    char text[KA_MESSAGE_LINE_MAX + 1];
    size_t length = ka_message_write(message, text);
    /* A failure shows on the connection itself, at the next event. */
    (void)ka_tcp_send(peer->fd, text, length);
}

static void refuse(struct ka_far_peers *far, struct ka_far_peer *peer, const char *reason)
{
    struct ka_message message = {.type = KA_MESSAGE_NO};
    strncpy(message.reason, reason, sizeof(message.reason) - 1);
    say(peer, &message);
    far->stats->refused++;
    /* Closed in order, so that the reason arrives. */
    close(peer->fd);
    peer->fd = -1;
    peer->state = KA_FAR_FREE;
}

static struct ka_far_peer *find_control(struct ka_far_peers *far, uint64_t audit)
{
    for (uint32_t i = 0; i < far->top; i++)
        if (far->items[i].state == KA_FAR_CONTROL && far->items[i].audit == audit)
            return &far->items[i];
    return NULL;
}

/* Tells the audit what was seen of the trial. */
static void report(struct ka_far_peers *far, const struct ka_far_peer *peer, uint8_t what,
                   uint32_t beside)
{
    struct ka_far_peer *control = find_control(far, peer->audit);
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
        .idle = peer->state == KA_FAR_SPOKEN ? peer->idle : far->now - peer->begun,
        .arrived = arrived,
        .reset_ttl = seen.reset,
        .usual_ttl = seen.usual,
    };
    say(control, &message);
}

static void begin_trial(struct ka_far_peers *far, struct ka_far_peer *peer,
                        const struct ka_message *message)
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
    peer->state = KA_FAR_IDLE;
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

static void begin_control(struct ka_far_peers *far, struct ka_far_peer *peer, uint64_t audit)
{
    struct ka_far_peer *old = find_control(far, audit);
    if (old != NULL)
        ka_far_peer_end(old); /* the same audit again: its earlier connection was lost */
    else
        far->stats->audits++;
    peer->state = KA_FAR_CONTROL;
    peer->audit = audit;
    peer->deadline = far->now + CONTROL_TIME;
    say(peer, &(struct ka_message){.type = KA_MESSAGE_OK});
}

/* One line: what it may be depends on the state, anything else is nonsense. */
static bool take_line(struct ka_far_peers *far, struct ka_far_peer *peer)
{
    struct ka_message message;
    if (!ka_message_parse(peer->line.bytes, &message))
        return false;
    if (peer->state == KA_FAR_HELLO && message.type == KA_MESSAGE_CONTROL) {
        begin_control(far, peer, message.audit);
    } else if (peer->state == KA_FAR_HELLO && message.type == KA_MESSAGE_TRIAL) {
        begin_trial(far, peer, &message);
    } else if (peer->state == KA_FAR_CONTROL && message.type == KA_MESSAGE_PING) {
        peer->deadline = far->now + CONTROL_TIME;
        say(peer, &(struct ka_message){.type = KA_MESSAGE_PONG});
    } else if (peer->state == KA_FAR_IDLE && message.type == KA_MESSAGE_SPEAK) {
        say(peer, &(struct ka_message){.type = KA_MESSAGE_HEARD});
        report(far, peer, KA_REPORT_HEARD, 2); /* the agreement's acknowledgement and these words */
        peer->state = KA_FAR_OVER;
        peer->refresh = KA_TIME_NONE;
        peer->deadline = far->now + HELLO_TIME;
    } else if (peer->state == KA_FAR_SPOKEN && message.type == KA_MESSAGE_HEARD) {
        report(far, peer, KA_REPORT_ANSWERED, 3); /* ours were acknowledged besides */
        peer->state = KA_FAR_OVER;
        peer->deadline = far->now + HELLO_TIME;
    } else {
        return false;
    }
    return true;
}

static void take_bytes(struct ka_far_peers *far, struct ka_far_peer *peer, const char *bytes,
                       size_t count)
{
    uint32_t generation = peer->generation;
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == KA_MESSAGE_REFRESH && peer->state == KA_FAR_IDLE && peer->line.used == 0) {
            peer->bytes++;
            continue;
        }
        enum ka_gathered result = ka_message_gather(&peer->line, bytes[i]);
        bool good =
            result == KA_GATHERED_PART ||
            (result == KA_GATHERED_LINE && peer->state != KA_FAR_OVER && take_line(far, peer));
        if (!good && peer->state != KA_FAR_FREE) {
            far->stats->nonsense += peer->state != KA_FAR_OVER;
            ka_far_peer_end(peer);
        }
        if (peer->state == KA_FAR_FREE || peer->generation != generation)
            return;
    }
}

/* The connection ended, or an error came. */
static void take_error(struct ka_far_peers *far, struct ka_far_peer *peer, enum ka_tcp_error error,
                       bool closed)
{
    static const uint8_t reports[] = {
        [KA_TCP_FINE] = KA_REPORT_CLOSED,  [KA_TCP_RESET] = KA_REPORT_RST,
        [KA_TCP_REFUSED] = KA_REPORT_ICMP, [KA_TCP_TIMEOUT] = KA_REPORT_SILENT,
        [KA_TCP_ICMP] = KA_REPORT_ICMP,    [KA_TCP_OTHER] = KA_REPORT_SILENT,
    };
    if (peer->state == KA_FAR_SPOKEN)
        report(far, peer, closed ? KA_REPORT_CLOSED : reports[error], 2);
    else if (peer->state == KA_FAR_IDLE) /* the agreement's acknowledgement and the FIN or RST */
        report(far, peer, closed ? KA_REPORT_CLOSED : KA_REPORT_CUT, 2);
    ka_far_peer_end(peer);
}

void ka_far_peer_read(struct ka_far_peers *far, struct ka_far_peer *peer)
{
    char bytes[512];
    uint32_t generation = peer->generation;
    for (int reads = 0;
         reads < READS_MAX && peer->state != KA_FAR_FREE && peer->generation == generation;
         reads++) {
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
static void speak(struct ka_far_peers *far, struct ka_far_peer *peer)
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
    peer->state = KA_FAR_SPOKEN;
    peer->refresh = KA_TIME_NONE;
    peer->deadline = far->now + HELLO_TIME;
    ka_tcp_keepalive(peer->fd, 0);
    if (ka_tcp_speak(peer->fd, text, length) != 0)
        take_error(far, peer, ka_tcp_classify(errno), false);
}

void ka_far_peer_tick(struct ka_far_peers *far, struct ka_far_peer *peer)
{
    if (peer->refresh != KA_TIME_NONE && far->now >= peer->refresh) {
        char byte = KA_MESSAGE_REFRESH;
        (void)ka_tcp_send(peer->fd, &byte, 1);
        peer->refresh = far->now + peer->interval;
    }
    if (far->now < peer->deadline)
        return;
    if (peer->state == KA_FAR_IDLE && peer->first_speaker == KA_SPEAKER_SERVER)
        speak(far, peer);
    else
        ka_far_peer_end(peer);
}

void ka_far_peer_begin(const struct ka_far_peers *far, struct ka_far_peer *peer, int fd,
                       const struct ka_endpoint *from)
{
    *peer = (struct ka_far_peer){.fd = fd,
                                 .from = *from,
                                 .state = KA_FAR_HELLO,
                                 .generation = peer->generation + 1,
                                 .deadline = far->now + HELLO_TIME,
                                 .refresh = KA_TIME_NONE};
}

void ka_far_peer_greet(struct ka_far_peer *peer)
{
    say(peer, &(struct ka_message){.type = KA_MESSAGE_GREETING, .number = KA_MESSAGE_VERSION});
}
