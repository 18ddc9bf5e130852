/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* A greeting that has not come by then will not: the far end is a plain server. */
#define GREETING_TIME (1500 * KA_MILLISECOND)

/* How long a fresh connection may take before the path counts as gone. */
#define CHECK_TIME (4 * KA_SECOND)

/* How long a far end that is gone is waited for, and how often it is tried. */
#define GRACE      (15 * KA_SECOND)
#define RETRY_TIME (500 * KA_MILLISECOND)

#define PING_TIME KA_SECOND
#define PONG_TIME (6 * KA_SECOND)

static void fail(struct ka_audit *audit, const char *why)
{
    char text[KA_ENDPOINT_TEXT_SIZE];
    ka_endpoint_text(&audit->config->to, text);
    ka_error_set(audit->error, "cannot audit the path to %s: %s", text, why);
    audit->failed = true;
}

static void say(struct ka_audit *audit, const struct ka_conn *conn, uint8_t type)
{
    char text[KA_MESSAGE_LINE_MAX + 1];
    struct ka_message message = {.type = type, .audit = audit->config->id};
    size_t length = ka_message_write(&message, text);
    if (ka_tcp_send(conn->fd, text, length) != 0)
        ka_link_lost(audit);
}

void ka_link_open(struct ka_audit *audit)
{
    audit->control = ka_conn_open(audit, KA_CONN_CONTROL);
    if (audit->control >= 0)
        audit->conns[audit->control].deadline = audit->now + CHECK_TIME;
    audit->retry = KA_TIME_NONE;
    if (audit->control < 0 && audit->link == KA_LINK_DOWN)
        audit->retry = audit->now + RETRY_TIME;
}

static void up(struct ka_audit *audit)
{
    if (audit->link == KA_LINK_DOWN)
        audit->result->interruptions++;
    audit->link = KA_LINK_UP;
    audit->last_pong = audit->now;
    audit->next_ping = audit->now + PING_TIME;
}

/* The far end turned out to be a plain server. */
static void settle_plain(struct ka_audit *audit, struct ka_conn *conn)
{
    bool again = audit->link == KA_LINK_DOWN;
    ka_conn_close(audit, conn);
    audit->control = -1;
    audit->result->plain = true;
    if (again) {
        up(audit);
        return;
    }
    audit->link = KA_LINK_TESTING;
    ka_conn_open_trial(audit, &(struct ka_planned){.series = -1});
}

/* The fresh connection came through: whoever died before it was opened did so of the silence. */
static void check_passed(struct ka_audit *audit, struct ka_conn *check)
{
    ka_time begun = audit->check_begun;
    ka_conn_close(audit, check);
    audit->check = -1;
    bool more = false;
    for (uint32_t i = 0; i < audit->top; i++) {
        struct ka_conn *conn = &audit->conns[i];
        if (conn->kind != KA_CONN_TRIAL || !conn->verifying)
            continue;
        if (conn->judged > begun) {
            more = true;
            continue;
        }
        ka_series_keep(audit, conn, conn->result);
    }
    if (more)
        ka_link_suspect(audit);
}

void ka_link_suspect(struct ka_audit *audit)
{
    if (audit->check >= 0 || audit->link != KA_LINK_UP)
        return;
    audit->check_begun = audit->now;
    audit->check = ka_conn_open(audit, KA_CONN_CHECK);
    if (audit->check >= 0)
        audit->conns[audit->check].deadline = audit->now + CHECK_TIME;
    else
        ka_link_lost(audit);
}

void ka_link_lost(struct ka_audit *audit)
{
    if (audit->link == KA_LINK_OPENING) {
        fail(audit, "the connection was closed at once");
        return;
    }
    for (uint32_t i = 0; i < audit->top; i++) {
        struct ka_conn *conn = &audit->conns[i];
        if (conn->kind == KA_CONN_TRIAL && conn->series >= 0)
            ka_series_keep(audit, conn, KA_TRIAL_CENSORED);
        else if (conn->kind != KA_CONN_FREE)
            ka_conn_close(audit, conn);
    }
    audit->control = -1;
    audit->check = -1;
    if (audit->link != KA_LINK_DOWN)
        audit->down_since = audit->now;
    audit->link = KA_LINK_DOWN;
    audit->retry = audit->now + RETRY_TIME;
}

/* A report may come after its trial was judged, or for one that is gone. */
static void take_report(struct ka_audit *audit, const struct ka_message *message)
{
    static const uint8_t inputs[] = {
        [KA_REPORT_SILENT] = KA_INPUT_REPORT_SILENT,
        [KA_REPORT_RST] = KA_INPUT_REPORT_RST,
        [KA_REPORT_ICMP] = KA_INPUT_REPORT_ICMP,
        [KA_REPORT_CUT] = 0,
    };
    if (message->number >= audit->numbers)
        return;
    struct ka_launched *launched = &audit->launched[message->number];
    if (launched->series >= 0 && launched->interval > 0) {
        struct ka_series *series = &audit->result->series[launched->series];
        /* What was due by then; the last one may still be on its way. */
        uint32_t due = (uint32_t)(message->idle / launched->interval);
        if (series->refresher == KA_SPEAKER_CLIENT && due > 1) {
            series->refreshed++;
            series->unseen += message->arrived < (due + 1) / 2;
        }
    }
    if (message->report >= sizeof(inputs) || inputs[message->report] == 0)
        return;
    for (uint32_t i = 0; i < audit->top; i++) {
        struct ka_conn *conn = &audit->conns[i];
        if (conn->kind != KA_CONN_TRIAL || conn->number != message->number ||
            conn->state != KA_TRIAL_LISTENING)
            continue;
        conn->idle = message->idle;
        conn->seen = (struct ka_watched){.usual = message->usual_ttl, .reset = message->reset_ttl};
        ka_conn_input(audit, conn, inputs[message->report]);
        return;
    }
}

static void fail_version(struct ka_audit *audit, uint32_t version)
{
    char why[128];
    snprintf(why, sizeof(why),
             "the far end speaks version %" PRIu32 " of the audit's protocol, this end version "
             "%d; run the same kasniff at both",
             version, KA_MESSAGE_VERSION);
    fail(audit, why);
}

static void take_line(struct ka_audit *audit, struct ka_conn *conn)
{
    struct ka_message message;
    if (!ka_message_parse(conn->line.bytes, &message) ||
        (conn->state == KA_STEP_GREETING && message.type != KA_MESSAGE_GREETING)) {
        if (conn->state == KA_STEP_GREETING && conn->kind == KA_CONN_CONTROL)
            settle_plain(audit, conn);
        else
            ka_link_lost(audit);
        return;
    }
    if (message.type == KA_MESSAGE_GREETING && conn->kind == KA_CONN_CHECK) {
        check_passed(audit, conn);
    } else if (message.type == KA_MESSAGE_GREETING) {
        if (message.number != KA_MESSAGE_VERSION) {
            fail_version(audit, message.number);
            return;
        }
        conn->state = KA_STEP_ASKED;
        say(audit, conn, KA_MESSAGE_CONTROL);
    } else if (message.type == KA_MESSAGE_OK) {
        conn->state = KA_STEP_OPEN;
        conn->deadline = KA_TIME_NONE;
        up(audit);
    } else if (message.type == KA_MESSAGE_NO) {
        fail(audit, message.reason);
    } else if (message.type == KA_MESSAGE_PONG) {
        audit->last_pong = audit->now;
    } else if (message.type == KA_MESSAGE_REPORT) {
        take_report(audit, &message);
    }
}

static void read_link(struct ka_audit *audit, struct ka_conn *conn)
{
    char bytes[4096];
    uint32_t generation = conn->generation;
    uint8_t kind = conn->kind;
    ssize_t count = recv(conn->fd, bytes, sizeof(bytes), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count <= 0) {
        bool early = kind == KA_CONN_CONTROL && conn->state == KA_STEP_GREETING;
        if (early && audit->link == KA_LINK_OPENING && count == 0)
            settle_plain(audit, conn); /* some servers close what says nothing */
        else
            ka_link_lost(audit);
        return;
    }
    for (ssize_t i = 0; i < count; i++) {
        enum ka_gathered result = ka_message_gather(&conn->line, bytes[i]);
        if (result == KA_GATHERED_NONSENSE && conn->state == KA_STEP_GREETING &&
            kind == KA_CONN_CONTROL)
            settle_plain(audit, conn);
        else if (result == KA_GATHERED_NONSENSE)
            ka_link_lost(audit);
        else if (result == KA_GATHERED_LINE)
            take_line(audit, conn);
        if (conn->kind != kind || conn->generation != generation || audit->failed)
            return;
    }
}

static void connected(struct ka_audit *audit, struct ka_conn *conn)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP,
                                .data.u64 = (uint64_t)conn->generation << 32 |
                                            (uint64_t)(conn - audit->conns)};
    conn->state = KA_STEP_GREETING;
    if (audit->result->near.port == 0)
        audit->result->near = ka_tcp_local(conn->fd);
    if (audit->result->plain && conn->kind == KA_CONN_CHECK) {
        check_passed(audit, conn);
        return;
    }
    if (audit->result->plain) {
        settle_plain(audit, conn);
        return;
    }
    /* A far end of ours that is slow to greet is still ours; only the first greeting decides. */
    conn->deadline = audit->now + (audit->link == KA_LINK_OPENING ? GREETING_TIME : CHECK_TIME);
    (void)epoll_ctl(audit->epoll, EPOLL_CTL_MOD, conn->fd, &event);
}

static const char *const why[] = {
    [KA_TCP_FINE] = "it answers nothing",
    [KA_TCP_RESET] = "the connection was reset",
    [KA_TCP_REFUSED] = "the connection was refused: is something listening there?",
    [KA_TCP_TIMEOUT] = "the connection timed out: is a firewall in the way?",
    [KA_TCP_ICMP] = "an ICMP error says that it is unreachable",
    [KA_TCP_OTHER] = "the connection failed",
};

void ka_link_ready(struct ka_audit *audit, struct ka_conn *conn, uint32_t events)
{
    (void)events;
    if (conn->state != KA_STEP_CONNECTING) {
        read_link(audit, conn);
        return;
    }
    enum ka_tcp_error error = ka_tcp_take_error(conn->fd);
    if (error == KA_TCP_FINE)
        connected(audit, conn);
    else if (audit->link == KA_LINK_OPENING)
        fail(audit, why[error]);
    else
        ka_link_lost(audit);
}

void ka_link_due(struct ka_audit *audit, struct ka_conn *conn)
{
    if (audit->link == KA_LINK_OPENING && conn->state == KA_STEP_CONNECTING)
        fail(audit, why[KA_TCP_TIMEOUT]);
    else if (audit->link == KA_LINK_OPENING && conn->state == KA_STEP_GREETING)
        settle_plain(audit, conn);
    else
        ka_link_lost(audit);
}

void ka_link_tick(struct ka_audit *audit)
{
    if (audit->link == KA_LINK_DOWN) {
        if (audit->now - audit->down_since > GRACE)
            audit->link = KA_LINK_OVER;
        else if (audit->control < 0 && audit->retry != KA_TIME_NONE && audit->now >= audit->retry)
            ka_link_open(audit);
    }
    if (audit->link != KA_LINK_UP || audit->control < 0)
        return;
    if (audit->now - audit->last_pong > PONG_TIME) {
        ka_link_lost(audit);
    } else if (audit->now >= audit->next_ping) {
        audit->next_ping = audit->now + PING_TIME;
        say(audit, &audit->conns[audit->control], KA_MESSAGE_PING);
    }
}
