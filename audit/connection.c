/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* How long setting a trial up may take. */
#define SETUP_TIME (10 * KA_SECOND)

/* How long after its time a trial waits for words or a report that ought to have come: above the
 * time in which both kernels give up on their own. */
#define LATE_TIME (12 * KA_SECOND)

/* How often a plain server's acknowledgement is looked for. */
#define POLL_TIME (20 * KA_MILLISECOND)

/* The kernel counts idle times in ticks of up to 10 ms. */
#define TICK (10 * KA_MILLISECOND)

/* A far end that talks into the silence this often never lets a connection be idle. */
enum { REARMS_MAX = 4 };

/* Reads a round. A server that never stops talking, as chargen does, is read on in the next one:
 * the other trials have their turn, and a signal is heard, in between. */
enum { READS_MAX = 16 };

/* Without a silence: shows that a plain server takes a byte at all. */
#define FIRST_SILENCE (300 * KA_MILLISECOND)

static struct ka_conn *take_slot(struct ka_audit *audit)
{
    for (uint32_t i = 0; i < audit->size; i++) {
        struct ka_conn *conn = &audit->conns[i];
        if (conn->kind != KA_CONN_FREE)
            continue;
        uint32_t generation = conn->generation + 1;
        *conn = (struct ka_conn){.fd = -1,
                                 .generation = generation,
                                 .refresh = KA_TIME_NONE,
                                 .late = KA_TIME_NONE,
                                 .deadline = audit->now + SETUP_TIME};
        if (i >= audit->top)
            audit->top = i + 1;
        return conn;
    }
    return NULL;
}

static void watch(struct ka_audit *audit, struct ka_conn *conn, int operation, uint32_t events)
{
    uint64_t slot = (uint64_t)(conn - audit->conns);
    struct epoll_event event = {.events = events,
                                .data.u64 = (uint64_t)conn->generation << 32 | slot};
    if (epoll_ctl(audit->epoll, operation, conn->fd, &event) == 0)
        return;
    ka_error_set(audit->error, "cannot watch a socket: %s", strerror(errno));
    audit->failed = true;
}

int ka_conn_open(struct ka_audit *audit, uint8_t kind)
{
    struct ka_conn *conn = take_slot(audit);
    if (conn == NULL)
        return -1;
    conn->fd = ka_tcp_connect(&audit->config->to, audit->ports, audit->error);
    if (conn->fd < 0) {
        /* No route, or no port left. On the way it is the path's trouble, not ours. */
        audit->failed |= audit->link == KA_LINK_OPENING || kind == KA_CONN_TRIAL;
        return -1;
    }
    conn->kind = kind;
    conn->port = ka_tcp_local(conn->fd).port;
    audit->open++;
    watch(audit, conn, EPOLL_CTL_ADD, EPOLLOUT);
    return (int)(conn - audit->conns);
}

void ka_conn_close(struct ka_audit *audit, struct ka_conn *conn)
{
    ka_tcp_abort(conn->fd);
    conn->fd = -1;
    conn->kind = KA_CONN_FREE;
    audit->open--;
}

static bool remember(struct ka_audit *audit, const struct ka_conn *conn)
{
    if (audit->numbers == audit->launched_room) {
        size_t room = audit->launched_room * 2 + 64;
        struct ka_launched *launched = realloc(audit->launched, room * sizeof(*launched));
        if (launched == NULL) {
            ka_error_set(audit->error, "out of memory");
            audit->failed = true;
            return false;
        }
        audit->launched = launched;
        audit->launched_room = room;
    }
    audit->launched[audit->numbers++] =
        (struct ka_launched){.series = conn->series, .interval = conn->interval};
    return true;
}

void ka_conn_open_trial(struct ka_audit *audit, const struct ka_planned *planned)
{
    int slot = ka_conn_open(audit, KA_CONN_TRIAL);
    if (slot < 0)
        return;
    struct ka_conn *conn = &audit->conns[slot];
    conn->state = KA_TRIAL_CONNECTING;
    conn->series = planned->series;
    conn->planned = planned->series < 0 ? FIRST_SILENCE : planned->silence;
    conn->number = (uint32_t)audit->numbers;
    if (conn->series >= 0)
        conn->interval = ka_series_interval(&audit->result->series[conn->series], conn->planned);
    if (!remember(audit, conn))
        return;
    audit->result->connections++;
}

const struct ka_series *ka_conn_series(const struct ka_audit *audit, const struct ka_conn *conn)
{
    static const struct ka_series first = {.arm = KA_ARM_SILENT};
    return conn->series < 0 ? &first : &audit->result->series[conn->series];
}

/* The silence begins: whoever has to refresh starts to. */
static void fall_silent(struct ka_audit *audit, struct ka_conn *conn)
{
    const struct ka_series *series = ka_conn_series(audit, conn);
    conn->begun = audit->now;
    conn->deadline = audit->now + conn->planned;
    if (conn->state == KA_TRIAL_LISTENING)
        conn->deadline += LATE_TIME;
    if (series->arm == KA_ARM_SILENT || series->refresher != KA_SPEAKER_CLIENT)
        return;
    if (series->arm == KA_ARM_KEEPALIVE_0)
        ka_tcp_keepalive(conn->fd, conn->interval);
    else
        conn->refresh = audit->now + conn->interval;
}

static void ask(struct ka_audit *audit, struct ka_conn *conn)
{
    const struct ka_series *series = ka_conn_series(audit, conn);
    char text[KA_MESSAGE_LINE_MAX + 1];
    struct ka_message message = {
        .type = KA_MESSAGE_TRIAL,
        .audit = audit->config->id,
        .number = conn->number,
        .arm = series->arm,
        .first_speaker = series->first_speaker,
        .refresher = series->refresher,
        .idle = conn->planned,
        .interval = conn->interval,
    };
    size_t length = ka_message_write(&message, text);
    if (ka_tcp_send(conn->fd, text, length) != 0)
        ka_conn_input(audit, conn, KA_INPUT_NONSENSE);
}

/* Our own words after the silence; a plain server gets an empty line. */
static void speak(struct ka_audit *audit, struct ka_conn *conn)
{
    char text[KA_MESSAGE_LINE_MAX + 1] = "\n";
    struct ka_message message = {.type = KA_MESSAGE_SPEAK};
    size_t length = audit->result->plain ? 1 : ka_message_write(&message, text);
    conn->idle = audit->now - conn->begun;
    conn->refresh = KA_TIME_NONE;
    conn->late = audit->now + LATE_TIME;
    conn->deadline = audit->result->plain ? audit->now + POLL_TIME : conn->late;
    ka_tcp_keepalive(conn->fd, 0);
    if (ka_tcp_speak(conn->fd, text, length) == 0)
        return;
    enum ka_tcp_error error = ka_tcp_classify(errno);
    ka_conn_input(audit, conn, error == KA_TCP_RESET ? KA_INPUT_RST : KA_INPUT_NONSENSE);
}

/* Judged. The dead wait until a fresh connection shows that it was not the path as a whole. */
static void judge(struct ka_audit *audit, struct ka_conn *conn, const struct ka_trial_step *step)
{
    bool was_silent = step->state == KA_TRIAL_IDLE || step->state == KA_TRIAL_LISTENING;
    conn->after = step->after;
    conn->result = step->result;
    conn->judged = audit->now;
    if (was_silent && step->input != KA_INPUT_SPEECH && conn->idle == 0)
        conn->idle = audit->now - conn->begun;
    if (step->input == KA_INPUT_SPEECH)
        conn->idle = conn->planned; /* the far end waits no less */
    if (conn->series < 0) {
        bool lives = step->result == KA_TRIAL_SURVIVED;
        audit->link = lives ? KA_LINK_UP : KA_LINK_OVER;
        if (!lives) {
            audit->failed = true;
            ka_error_set(audit->error,
                         "the far end does not take a byte even without a silence (%s): it cannot "
                         "serve; try another port, or 'kasniff audit --listen' there",
                         ka_after_text(step->after));
        }
        ka_conn_close(audit, conn);
        return;
    }
    if (step->result == KA_TRIAL_DIED) {
        conn->verifying = true;
        if (step->input == KA_INPUT_RST) /* not one that the far end reports */
            conn->seen = ka_watch_port(audit->watch, conn->port);
        conn->deadline = KA_TIME_NONE;
        conn->refresh = KA_TIME_NONE;
        if (!audit->result->plain && (step->input == KA_INPUT_FIN || step->input == KA_INPUT_RST) &&
            was_silent)
            audit->result->series[conn->series].closed_between++;
        ka_link_suspect(audit);
        return;
    }
    ka_series_keep(audit, conn, step->result);
}

void ka_conn_input(struct ka_audit *audit, struct ka_conn *conn, uint8_t input)
{
    struct ka_trial_step step = ka_trial_step(conn->state, input);
    if (conn->verifying)
        return;
    conn->state = step.next;
    if (step.next == KA_TRIAL_GREETING)
        watch(audit, conn, EPOLL_CTL_MOD, EPOLLIN | EPOLLRDHUP);
    else if (step.next == KA_TRIAL_ASKED)
        ask(audit, conn);
    else if (step.next == KA_TRIAL_IDLE || step.next == KA_TRIAL_LISTENING)
        fall_silent(audit, conn);
    else if (step.next == KA_TRIAL_SPOKEN)
        speak(audit, conn);
    else if (step.next == KA_TRIAL_ENDED)
        judge(audit, conn, &step);
}

static void take_line(struct ka_audit *audit, struct ka_conn *conn)
{
    struct ka_message message;
    uint8_t input = KA_INPUT_NONSENSE;
    if (ka_message_parse(conn->line.bytes, &message)) {
        bool listens = ka_conn_series(audit, conn)->first_speaker == KA_SPEAKER_SERVER;
        if (message.type == KA_MESSAGE_GREETING)
            input = KA_INPUT_GREETING;
        else if (message.type == KA_MESSAGE_OK)
            input = listens ? KA_INPUT_OK_LISTEN : KA_INPUT_OK;
        else if (message.type == KA_MESSAGE_SPEAK)
            input = KA_INPUT_SPEECH;
        else if (message.type == KA_MESSAGE_HEARD)
            input = KA_INPUT_ANSWER;
    }
    if (input == KA_INPUT_SPEECH) {
        char text[KA_MESSAGE_LINE_MAX + 1];
        struct ka_message heard = {.type = KA_MESSAGE_HEARD};
        size_t length = ka_message_write(&heard, text);
        (void)ka_tcp_send(conn->fd, text, length); /* its loss is the far end's report */
    }
    ka_conn_input(audit, conn, input);
}

/* Takes what arrived. A plain server's words mean nothing but that it is there. */
static void take_bytes(struct ka_audit *audit, struct ka_conn *conn, const char *bytes,
                       size_t count)
{
    if (audit->result->plain) {
        if (conn->state == KA_TRIAL_SPOKEN)
            ka_conn_input(audit, conn, KA_INPUT_ANSWER);
        return;
    }
    uint32_t generation = conn->generation;
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == KA_MESSAGE_REFRESH && conn->line.used == 0)
            continue;
        enum ka_gathered result = ka_message_gather(&conn->line, bytes[i]);
        if (result == KA_GATHERED_LINE)
            take_line(audit, conn);
        else if (result == KA_GATHERED_NONSENSE)
            ka_conn_input(audit, conn, KA_INPUT_NONSENSE);
        if (conn->kind != KA_CONN_TRIAL || conn->generation != generation || conn->verifying)
            return;
    }
}

static uint8_t input_of(enum ka_tcp_error error)
{
    static const uint8_t inputs[] = {
        [KA_TCP_FINE] = KA_INPUT_NONSENSE, [KA_TCP_RESET] = KA_INPUT_RST,
        [KA_TCP_REFUSED] = KA_INPUT_ICMP,  [KA_TCP_TIMEOUT] = KA_INPUT_VOID,
        [KA_TCP_ICMP] = KA_INPUT_ICMP,     [KA_TCP_OTHER] = KA_INPUT_NONSENSE,
    };
    return inputs[error];
}

static void read_trial(struct ka_audit *audit, struct ka_conn *conn)
{
    char bytes[256];
    uint32_t generation = conn->generation;
    for (int reads = 0; reads < READS_MAX && conn->kind == KA_CONN_TRIAL &&
                        conn->generation == generation && !conn->verifying;
         reads++) {
        ssize_t count = recv(conn->fd, bytes, sizeof(bytes), 0);
        if (count > 0) {
            ka_tcp_acknowledge(conn->fd);
            take_bytes(audit, conn, bytes, (size_t)count);
        } else if (count == 0) {
            /* A plain server that closes after our words has heard them. */
            bool heard = audit->result->plain && conn->state == KA_TRIAL_SPOKEN;
            ka_conn_input(audit, conn, heard ? KA_INPUT_ANSWER : KA_INPUT_FIN);
        } else {
            if (errno != EAGAIN && errno != EINTR)
                ka_conn_input(audit, conn, input_of(ka_tcp_classify(errno)));
            return;
        }
    }
}

void ka_conn_ready(struct ka_audit *audit, struct ka_conn *conn, uint32_t events)
{
    if (conn->kind != KA_CONN_TRIAL) {
        ka_link_ready(audit, conn, events);
        return;
    }
    if (conn->verifying) {
        /* Nothing more is to be learned from it, but it keeps its port until it is verified. */
        (void)epoll_ctl(audit->epoll, EPOLL_CTL_DEL, conn->fd, NULL);
        return;
    }
    if (conn->state != KA_TRIAL_CONNECTING) {
        read_trial(audit, conn);
        return;
    }
    if (ka_tcp_take_error(conn->fd) != KA_TCP_FINE) {
        ka_link_suspect(audit);
        ka_conn_input(audit, conn, KA_INPUT_NONSENSE);
        return;
    }
    bool plain = audit->result->plain;
    if (plain)
        watch(audit, conn, EPOLL_CTL_MOD, EPOLLIN | EPOLLRDHUP);
    ka_conn_input(audit, conn, plain ? KA_INPUT_PLAIN : KA_INPUT_CONNECTED);
}

/* True when the silence was not one: something came or went meanwhile, so that it has to last
 * longer, at most REARMS_MAX times. */
static bool rearm(struct ka_audit *audit, struct ka_conn *conn)
{
    struct ka_tcp_facts facts;
    if (ka_conn_series(audit, conn)->arm != KA_ARM_SILENT || !ka_tcp_facts(conn->fd, &facts) ||
        facts.idle + TICK >= conn->planned || conn->rearmed >= REARMS_MAX)
        return false;
    conn->rearmed++;
    conn->begun = audit->now - facts.idle;
    conn->deadline = conn->begun + conn->planned;
    return true;
}

void ka_conn_due(struct ka_audit *audit, struct ka_conn *conn)
{
    struct ka_tcp_facts facts;
    if (conn->kind != KA_CONN_TRIAL) {
        ka_link_due(audit, conn);
        return;
    }
    if (conn->state == KA_TRIAL_IDLE) {
        if (!rearm(audit, conn))
            ka_conn_input(audit, conn,
                          conn->rearmed < REARMS_MAX ? KA_INPUT_TIME : KA_INPUT_NONSENSE);
        return;
    }
    bool polls = audit->result->plain && conn->state == KA_TRIAL_SPOKEN;
    if (polls && ka_tcp_facts(conn->fd, &facts) && facts.unacked == 0)
        ka_conn_input(audit, conn, KA_INPUT_ANSWER);
    else if (polls && audit->now < conn->late)
        conn->deadline = audit->now + POLL_TIME;
    else
        ka_conn_input(audit, conn, KA_INPUT_LATE);
}
