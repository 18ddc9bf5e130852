/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/advice.h"

#include <stdio.h>

/* The interval that all BSD-derived stacks and Linux come with. */
enum { SECONDS_CUSTOMARY = 75 };

/* A timer of a whole number of seconds, measured a little short, is that number all the same. */
static const ka_time measured_short = 50 * KA_MILLISECOND;

ka_time ka_advice_idle(const struct ka_bracket *bracket)
{
    ka_time idle = KA_TIME_NONE;
    if (bracket->died != KA_TIME_NONE)
        idle = bracket->died / 2;
    if (bracket->survived != KA_TIME_NONE) {
        ka_time proven = bracket->survived / 3 * 2;
        idle = idle == KA_TIME_NONE || proven < idle ? proven : idle;
    }
    if (idle == KA_TIME_NONE || idle + measured_short < KA_SECOND)
        return KA_TIME_NONE;
    return (idle + measured_short) / KA_SECOND * KA_SECOND;
}

ka_time ka_advice_interval(ka_time idle)
{
    ka_time interval = idle / 3 / KA_SECOND * KA_SECOND;
    if (interval < KA_SECOND)
        return KA_SECOND;
    return interval > SECONDS_CUSTOMARY * KA_SECOND ? SECONDS_CUSTOMARY * KA_SECOND : interval;
}

struct ka_cost ka_advice_cost(ka_time idle, unsigned family)
{
    /* IP header, TCP header, timestamps with their padding. */
    double size = (family == 6 ? 40 : 20) + 20 + 12;
    double packets = 2 * 86400.0 / ((double)idle / 1e9);
    return (struct ka_cost){.packets = packets, .bytes = packets * size};
}

/* In a template %I stands for the idle time in seconds, %M for it in milliseconds, %V for the
 * interval in seconds, %W for it in milliseconds, %C for the count. */
static const struct {
    const char *subject;
    const char *text;
    bool sends_data;
} settings[] = {
    {.subject = "Linux, all programs that turn keepalives on",
     .text = "sysctl -w net.ipv4.tcp_keepalive_time=%I net.ipv4.tcp_keepalive_intvl=%V "
             "net.ipv4.tcp_keepalive_probes=%C"},
    {.subject = "Linux, one socket",
     .text = "setsockopt: SO_KEEPALIVE 1, TCP_KEEPIDLE %I, TCP_KEEPINTVL %V, TCP_KEEPCNT %C"},
    {.subject = "FreeBSD",
     .text = "sysctl net.inet.tcp.keepidle=%M net.inet.tcp.keepintvl=%W net.inet.tcp.keepcnt=%C\n"
             "one socket: SO_KEEPALIVE 1, TCP_KEEPIDLE %I, TCP_KEEPINTVL %V, TCP_KEEPCNT %C"},
    {.subject = "macOS",
     .text =
         "sysctl -w net.inet.tcp.keepidle=%M net.inet.tcp.keepintvl=%W net.inet.tcp.keepcnt=%C\n"
         "one socket: SO_KEEPALIVE 1, TCP_KEEPALIVE %I, TCP_KEEPINTVL %V, TCP_KEEPCNT %C"},
    {.subject = "Windows",
     .text = "registry HKLM\\SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters: "
             "KeepAliveTime (DWORD) %M, KeepAliveInterval (DWORD) %W\n"
             "one socket: SO_KEEPALIVE 1, TCP_KEEPIDLE %I, TCP_KEEPINTVL %V, TCP_KEEPCNT %C "
             "(before Windows 10 1709: SIO_KEEPALIVE_VALS with %M and %W ms)"},
    {.subject = "ssh",
     .text = "ssh_config: ServerAliveInterval %I, ServerAliveCountMax 3\n"
             "sshd_config: ClientAliveInterval %I, ClientAliveCountMax 3",
     .sends_data = true},
    {.subject = "PostgreSQL",
     .text = "postgresql.conf: tcp_keepalives_idle = %I, tcp_keepalives_interval = %V, "
             "tcp_keepalives_count = %C\n"
             "libpq: keepalives=1 keepalives_idle=%I keepalives_interval=%V keepalives_count=%C"},
    {.subject = "nginx",
     .text = "listen 443 so_keepalive=%I:%V:%C;  towards the upstream: proxy_socket_keepalive on; "
             "with the kernel's times"},
    {.subject = "HAProxy",
     .text = "defaults: option clitcpka, option srvtcpka\n"
             "clitcpka-idle %Is, clitcpka-intvl %Vs, clitcpka-cnt %C, srvtcpka-idle %Is, "
             "srvtcpka-intvl %Vs, srvtcpka-cnt %C"},
    {.subject = "Go",
     .text =
         "net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: %I * time.Second, "
         "Interval: %V * time.Second, Count: %C}}"},
    {.subject = "Java",
     .text = "socket.setOption(StandardSocketOptions.SO_KEEPALIVE, true);\n"
             "socket.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, %I); "
             "TCP_KEEPINTERVAL, %V; TCP_KEEPCOUNT, %C"},
    {.subject = "Node.js", .text = "socket.setKeepAlive(true, %M)"},
};

/* Writes the template with its markers replaced; what does not fit is cut. */
static void fill(const char *template, ka_time idle, ka_time interval, unsigned count, char *out)
{
    unsigned long long idle_s = idle < KA_SECOND ? 1 : (unsigned long long)(idle / KA_SECOND);
    unsigned long long interval_s =
        interval < KA_SECOND ? 1 : (unsigned long long)(interval / KA_SECOND);
    size_t used = 0;
    for (const char *at = template; *at != '\0' && used + 24 < KA_ADVICE_TEXT_SIZE; at++) {
        unsigned long long value = 0;
        if (at[0] != '%') {
            out[used++] = *at;
            continue;
        }
        at++;
        if (*at == 'I' || *at == 'M')
            value = *at == 'I' ? idle_s : idle_s * 1000;
        else if (*at == 'V' || *at == 'W')
            value = *at == 'V' ? interval_s : interval_s * 1000;
        else
            value = count;
        used += (size_t)snprintf(out + used, KA_ADVICE_TEXT_SIZE - used, "%llu", value);
    }
    out[used] = '\0';
}

bool ka_advice_setting(size_t index, ka_time idle, ka_time interval, unsigned count, char *buffer,
                       struct ka_setting *out)
{
    if (index >= sizeof(settings) / sizeof(settings[0]))
        return false;
    fill(settings[index].text, idle, interval, count, buffer);
    *out = (struct ka_setting){.subject = settings[index].subject,
                               .text = buffer,
                               .sends_data = settings[index].sends_data};
    return true;
}

bool ka_advice_late(size_t index, const struct ka_bracket *bracket, struct ka_schedule *out)
{
    static const struct ka_schedule schedules[] = {
        {"the defaults of Linux, BSD, Windows (PostgreSQL, sshd)", 7200 * KA_SECOND},
        {"Redis", 300 * KA_SECOND},
        {"curl", 60 * KA_SECOND},
        {"Chrome", 45 * KA_SECOND},
        {"Go", 15 * KA_SECOND},
    };
    size_t met = 0;
    if (bracket->died == KA_TIME_NONE)
        return false;
    for (size_t i = 0; i < sizeof(schedules) / sizeof(schedules[0]); i++) {
        if (schedules[i].idle < bracket->died || met++ != index)
            continue;
        *out = schedules[i];
        return true;
    }
    return false;
}
