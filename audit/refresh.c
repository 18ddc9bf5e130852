/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What keeps a connection busy while it is silent, on our side: bytes, and 1-byte keepalives.
 */
#include "audit/parts.h"
#include "base/clock.h"

void ka_conn_settle(struct ka_audit *audit, struct ka_conn *conn)
{
    const struct ka_audit_injector *injector = audit->config->injector;
    struct ka_tcp_facts facts;
    if (conn->probe == 0 || !ka_tcp_facts(conn->fd, &facts) || facts.segments_in == conn->segments)
        return;
    injector->answered(injector->context, conn->fd, &audit->config->to, conn->probe);
    conn->probe = 0;
}

/* A 1-byte keepalive; without one this is no trial of that arm. */
static bool inject(struct ka_audit *audit, struct ka_conn *conn)
{
    const struct ka_audit_injector *injector = audit->config->injector;
    struct ka_tcp_facts facts;
    ka_conn_settle(audit, conn);
    if (!ka_tcp_facts(conn->fd, &facts))
        return false;
    conn->segments = facts.segments_in;
    conn->probe = injector->send(injector->context, conn->fd, &audit->config->to);
    return conn->probe != 0;
}

void ka_conn_refresh(struct ka_audit *audit, struct ka_conn *conn)
{
    char byte = audit->result->plain ? '\n' : KA_MESSAGE_REFRESH;
    if (ka_conn_series(audit, conn)->arm == KA_ARM_DATA)
        (void)ka_tcp_send(conn->fd, &byte, 1); /* a failure shows as the connection's own */
    conn->refresh = audit->now + conn->interval;
    if (ka_conn_series(audit, conn)->arm != KA_ARM_KEEPALIVE_1)
        return;
    if (!inject(audit, conn)) {
        ka_conn_input(audit, conn, KA_INPUT_NONSENSE);
        return;
    }
    /* The injector counts its pace from when it sent, which may be later than this round began. */
    conn->refresh = ka_clock_monotonic() + conn->interval;
}
