/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/engine.h"

#include "audit/parts.h"
#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Connections are opened in small groups: a path under test is no target for a flood. */
#define LAUNCH_TIME (4 * KA_MILLISECOND)
enum { LAUNCH_GROUP = 8, EVENTS_MAX = 256 };

/* Descriptors beside the trials: epoll, control, check, the standard ones, outputs. */
enum { SPARE = 32, SLOTS_MIN = 64 };

static void launch(struct ka_audit *audit)
{
    if (audit->link != KA_LINK_UP || audit->now < audit->next_launch)
        return;
    audit->next_launch = audit->now + LAUNCH_TIME;
    for (int i = 0; i < LAUNCH_GROUP && audit->queued > 0 && !audit->failed; i++) {
        if (audit->open + 2 >= audit->size) /* the check needs its slot */
            return;
        struct ka_planned planned = audit->queue[--audit->queued];
        ka_conn_open_trial(audit, &planned);
    }
}

/* The next moment something is to be done, at most a second ahead. */
static ka_time next_moment(const struct ka_audit *audit)
{
    ka_time next = audit->now + KA_SECOND;
    for (uint32_t i = 0; i < audit->top; i++) {
        const struct ka_conn *conn = &audit->conns[i];
        if (conn->kind == KA_CONN_FREE)
            continue;
        if (conn->deadline != KA_TIME_NONE && conn->deadline < next)
            next = conn->deadline;
        if (conn->refresh != KA_TIME_NONE && conn->refresh < next)
            next = conn->refresh;
    }
    if (audit->queued > 0 && audit->link == KA_LINK_UP && audit->next_launch < next)
        next = audit->next_launch;
    if (audit->link == KA_LINK_DOWN && audit->retry != KA_TIME_NONE && audit->retry < next)
        next = audit->retry;
    return next;
}

static void run_timers(struct ka_audit *audit)
{
    for (uint32_t i = 0; i < audit->top && !audit->failed; i++) {
        struct ka_conn *conn = &audit->conns[i];
        if (conn->kind == KA_CONN_TRIAL && conn->probe != 0)
            ka_conn_settle(audit, conn);
        if (conn->kind != KA_CONN_FREE && conn->refresh != KA_TIME_NONE &&
            audit->now >= conn->refresh)
            ka_conn_refresh(audit, conn);
        if (conn->kind != KA_CONN_FREE && conn->deadline != KA_TIME_NONE &&
            audit->now >= conn->deadline)
            ka_conn_due(audit, conn);
    }
}

static void wait_and_handle(struct ka_audit *audit)
{
    struct epoll_event events[EVENTS_MAX];
    int count = ka_tcp_wait(audit->epoll, events, EVENTS_MAX, next_moment(audit) - audit->now);
    if (count < 0 && errno != EINTR) {
        ka_error_set(audit->error, "cannot wait for the sockets: %s", strerror(errno));
        audit->failed = true;
    }
    ka_watch_read(audit->watch);
    audit->now = ka_clock_monotonic();
    for (int i = 0; i < count && !audit->failed; i++) {
        struct ka_conn *conn = &audit->conns[events[i].data.u64 & UINT32_MAX];
        if (conn->kind != KA_CONN_FREE && conn->generation == events[i].data.u64 >> 32)
            ka_conn_ready(audit, conn, events[i].events);
    }
}

static void report_progress(struct ka_audit *audit, ka_time begun)
{
    struct ka_audit_progress progress = {.elapsed = audit->now - begun,
                                         .judged = audit->judged,
                                         .pending = (uint32_t)audit->queued,
                                         .result = audit->result};
    for (size_t i = 0; i < audit->queued; i++)
        if (audit->queue[i].silence > progress.left)
            progress.left = audit->queue[i].silence;
    for (uint32_t i = 0; i < audit->top; i++) {
        const struct ka_conn *conn = &audit->conns[i];
        if (conn->kind != KA_CONN_TRIAL || conn->verifying)
            continue;
        progress.pending++;
        if (conn->begun + conn->planned - audit->now > progress.left && conn->begun > 0)
            progress.left = conn->begun + conn->planned - audit->now;
    }
    if (audit->config->progress != NULL)
        audit->config->progress(audit->config->context, &progress);
}

/* Returns why it ended; on failure *error tells. */
static uint8_t run(struct ka_audit *audit)
{
    ka_time begun = audit->now;
    ka_time next_progress = begun;
    bool prepared = false;
    ka_link_open(audit);
    while (!audit->failed) {
        if (audit->config->stop(audit->config->context))
            return KA_AUDIT_INTERRUPTED;
        if (audit->link == KA_LINK_OVER)
            return KA_AUDIT_PATH_DIED;
        if (audit->link == KA_LINK_UP && !prepared) {
            prepared = true;
            audit->failed = ka_series_prepare(audit) != 0;
        }
        if (audit->link == KA_LINK_UP && !audit->failed && !ka_series_advance(audit))
            return KA_AUDIT_DONE;
        launch(audit);
        if (audit->now >= next_progress) {
            report_progress(audit, begun);
            next_progress = audit->now + KA_SECOND;
        }
        if (!audit->failed)
            wait_and_handle(audit);
        if (!audit->failed)
            run_timers(audit);
        if (!audit->failed)
            ka_link_tick(audit);
    }
    return KA_AUDIT_DONE;
}

static uint32_t bits(uint32_t set)
{
    return (uint32_t)__builtin_popcount(set);
}

/* Takes what the audit needs at most. Returns 0, or -1 with the reason. */
static int prepare(struct ka_audit *audit)
{
    const struct ka_audit_config *config = audit->config;
    uint64_t allowed;
    uint64_t kinds =
        (config->arms & 1u) + (uint64_t)bits(config->arms >> 1) * bits(config->refreshers);
    uint64_t wanted = kinds * bits(config->first_speakers) * config->plan.steps + SPARE + SLOTS_MIN;
    struct ka_error why;
    /* With fewer descriptors the passes take turns, unless even one series does not fit. */
    if (ka_tcp_allow(wanted, &allowed, &why) != 0 &&
        allowed < (uint64_t)config->plan.steps + SPARE + SLOTS_MIN)
        return ka_error_set(audit->error, "%s", why.text);
    audit->size = (uint32_t)((wanted < allowed ? wanted : allowed) - SPARE);
    audit->conns = calloc(audit->size, sizeof(*audit->conns));
    audit->ports = calloc(1, sizeof(*audit->ports));
    if (audit->conns == NULL || audit->ports == NULL)
        return ka_error_set(audit->error, "out of memory");
    audit->watch = ka_watch_open(&config->to);
    audit->result->watched = audit->watch != NULL;
    audit->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (audit->epoll < 0)
        return ka_error_set(audit->error, "cannot create an epoll: %s", strerror(errno));
    return config->ready != NULL ? config->ready(config->context, audit->error) : 0;
}

int ka_audit_run(const struct ka_audit_config *config, struct ka_audit_result *out,
                 struct ka_error *error)
{
    struct ka_audit_result result = {.count = 0};
    struct ka_error scratch;
    struct ka_audit audit = {
        .config = config,
        .result = &result,
        .error = error != NULL ? error : &scratch,
        .epoll = -1,
        .control = -1,
        .check = -1,
        .link = KA_LINK_OPENING,
        .now = ka_clock_monotonic(),
    };
    if (prepare(&audit) != 0)
        audit.failed = true;
    else
        result.end = run(&audit);
    for (uint32_t i = 0; i < audit.top; i++)
        if (audit.conns[i].kind != KA_CONN_FREE)
            ka_conn_close(&audit, &audit.conns[i]);
    if (audit.epoll >= 0)
        close(audit.epoll);
    ka_watch_close(audit.watch);
    free(audit.conns);
    free(audit.ports);
    free(audit.queue);
    free(audit.launched);
    if (audit.failed) {
        ka_audit_fini(&result);
        return -1;
    }
    *out = result;
    return 0;
}

void ka_audit_fini(struct ka_audit_result *result)
{
    for (size_t i = 0; i < result->count; i++)
        free(result->series[i].trials);
    result->count = 0;
}
