/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/socket_table.h"

#include "base/text.h"

#include <string.h>

enum { CELL_SIZE = 320 }; /* a process name with every byte escaped, and the pid */

enum column {
    COLUMN_PROCESS,
    COLUMN_STATE,
    COLUMN_LOCAL,
    COLUMN_PEER,
    COLUMN_KEEPALIVE,
    COLUMN_USER_TIMEOUT,
    COLUMN_TIMER,
    COLUMN_SENT,
    COLUMN_RECEIVED,
    COLUMN_COUNT
};

static void put(char *out, const char *text)
{
    snprintf(out, CELL_SIZE, "%s", text);
}

static void write_process(const struct ka_socket *socket, char *out)
{
    struct ka_text text = ka_text_fixed(out, CELL_SIZE - 1);
    if (socket->pid == 0) {
        put(out, "-");
        return;
    }
    ka_text_put_foreign(&text, socket->process, sizeof(socket->process));
    ka_text_put_char(&text, '/');
    ka_text_put_number(&text, (uint64_t)socket->pid);
    out[text.used] = '\0';
}

static void write_state(const struct ka_socket *socket, char *out)
{
    put(out, ka_socket_state_name((enum ka_socket_state)socket->state));
}

static void write_local(const struct ka_socket *socket, char *out)
{
    ka_endpoint_text(&socket->local, out);
}

static void write_peer(const struct ka_socket *socket, char *out)
{
    if (socket->state == KA_SOCKET_LISTEN)
        put(out, "-");
    else
        ka_endpoint_text(&socket->peer, out);
}

static void write_keepalive(const struct ka_socket *socket, char *out)
{
    char idle[KA_SOCKET_SETTING_SIZE];
    char interval[KA_SOCKET_SETTING_SIZE];
    if (socket->keepalive == KA_SOCKET_KEEPALIVE_UNREADABLE) {
        put(out, "?");
    } else if (socket->keepalive == KA_SOCKET_KEEPALIVE_OFF) {
        put(out, "off");
    } else if (socket->access != KA_SOCKET_READ) {
        put(out, "on, times ?");
    } else {
        ka_socket_setting_text(socket->times.idle, idle);
        ka_socket_setting_text(socket->times.interval, interval);
        snprintf(out, CELL_SIZE, "%s, %s x %u%s", idle, interval, socket->times.count,
                 socket->is_default ? " (defaults)" : "");
    }
}

static void write_user_timeout(const struct ka_socket *socket, char *out)
{
    if (socket->user_timeout == 0)
        put(out, "-");
    else
        ka_socket_setting_text(socket->user_timeout, out);
}

static void write_timer(const struct ka_socket *socket, char *out)
{
    char expires[KA_TIME_TEXT_SIZE];
    if (socket->timer == KA_SOCKET_TIMER_NONE) {
        put(out, "-");
        return;
    }
    ka_duration_text(socket->expires, expires);
    int length = snprintf(out, CELL_SIZE, "%s %s",
                          ka_socket_timer_name((enum ka_socket_timer)socket->timer), expires);
    if (socket->unanswered > 0)
        snprintf(out + length, (size_t)(CELL_SIZE - length), ", %u unanswered", socket->unanswered);
}

static void write_since(ka_time since, char *out)
{
    if (since == KA_TIME_NONE)
        put(out, "-");
    else
        ka_duration_text(since, out);
}

static void write_sent(const struct ka_socket *socket, char *out)
{
    write_since(socket->last_sent, out);
}

static void write_received(const struct ka_socket *socket, char *out)
{
    write_since(socket->last_received, out);
}

/* Each fills out[CELL_SIZE]. */
static const struct {
    const char *heading;
    void (*write)(const struct ka_socket *socket, char *out);
} columns[COLUMN_COUNT] = {
    [COLUMN_PROCESS] = {"PROCESS", write_process},
    [COLUMN_STATE] = {"STATE", write_state},
    [COLUMN_LOCAL] = {"LOCAL", write_local},
    [COLUMN_PEER] = {"PEER", write_peer},
    [COLUMN_KEEPALIVE] = {"KEEPALIVE", write_keepalive},
    [COLUMN_USER_TIMEOUT] = {"USER-TIMEOUT", write_user_timeout},
    [COLUMN_TIMER] = {"TIMER", write_timer},
    [COLUMN_SENT] = {"SENT", write_sent},
    [COLUMN_RECEIVED] = {"RECEIVED", write_received},
};

static void measure(const struct ka_socket_list *list, size_t *widths)
{
    char cell[CELL_SIZE];
    for (unsigned column = 0; column < COLUMN_COUNT; column++) {
        widths[column] = strlen(columns[column].heading);
        for (size_t i = 0; i < list->count; i++) {
            columns[column].write(&list->sockets[i], cell);
            size_t width = strlen(cell);
            if (widths[column] < width)
                widths[column] = width;
        }
    }
}

/* The columns, then the meaning, which may be of any length. */
static void write_row(FILE *stream, const struct ka_socket *socket, ka_time forget, bool color,
                      const size_t *widths)
{
    char cell[CELL_SIZE];
    char meaning[KA_SOCKET_MEANING_SIZE];
    for (unsigned column = 0; column < COLUMN_COUNT; column++) {
        columns[column].write(socket, cell);
        fprintf(stream, "%-*s  ", (int)widths[column], cell);
    }
    ka_socket_meaning(socket, forget, meaning);
    bool warn = color && ka_socket_risk(socket, forget) == KA_SOCKET_AT_RISK;
    fprintf(stream, "%s%s%s\n", warn ? "\033[33m" : "", meaning, warn ? "\033[0m" : "");
}

static void write_defaults(FILE *stream, const struct ka_socket_times *defaults)
{
    char idle[KA_SOCKET_SETTING_SIZE];
    char interval[KA_SOCKET_SETTING_SIZE];
    ka_socket_setting_text(defaults->idle, idle);
    ka_socket_setting_text(defaults->interval, interval);
    fprintf(stream,
            "System defaults (net.ipv4.tcp_keepalive_time, _intvl, _probes), for programs that "
            "turn keepalive on:\nfirst probe after %s idle, then every %s, dead after %u "
            "unanswered\n\n",
            idle, interval, defaults->count);
}

void ka_socket_table_write(FILE *stream, const struct ka_socket_list *list, ka_time forget,
                           bool color)
{
    size_t widths[COLUMN_COUNT];
    measure(list, widths);
    write_defaults(stream, &list->defaults);
    if (list->count == 0) {
        fputs("no such sockets\n", stream);
        return;
    }
    fputs(color ? "\033[1m" : "", stream);
    for (unsigned column = 0; column < COLUMN_COUNT; column++)
        fprintf(stream, "%-*s  ", (int)widths[column], columns[column].heading);
    fprintf(stream, "MEANING%s\n", color ? "\033[0m" : "");
    for (size_t i = 0; i < list->count; i++)
        write_row(stream, &list->sockets[i], forget, color, widths);
}
