/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sockets/peers.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

void peer_set(int descriptor, int level, int option, int value)
{
    assert_int_equal(setsockopt(descriptor, level, option, &value, sizeof(value)), 0);
}

void peer_set_keepalive(int descriptor, int idle, int interval, int count)
{
    peer_set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
    peer_set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, idle);
    peer_set(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, interval);
    peer_set(descriptor, IPPROTO_TCP, TCP_KEEPCNT, count);
}

bool peer_prepare_namespace(unsigned idle, unsigned interval, unsigned probes)
{
    static const char *const names[] = {"tcp_keepalive_time", "tcp_keepalive_intvl",
                                        "tcp_keepalive_probes"};
    unsigned values[] = {idle, interval, probes};
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool up = ioctl(control, SIOCSIFFLAGS, &request) == 0;
    close(control);
    for (size_t i = 0; i < 3 && up; i++) {
        char path[80];
        snprintf(path, sizeof(path), "/proc/sys/net/ipv4/%s", names[i]);
        FILE *file = fopen(path, "we");
        up = file != NULL && fprintf(file, "%u\n", values[i]) > 0;
        up = file != NULL && fclose(file) == 0 && up;
    }
    return up;
}

int peer_listen(int family, in_port_t *port)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in *address4 = (struct sockaddr_in *)&address;
    socklen_t length = family == AF_INET ? sizeof(*address4) : sizeof(address);
    if (family == AF_INET)
        *address4 =
            (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(descriptor >= 0);
    assert_int_equal(bind(descriptor, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(descriptor, 16), 0);
    assert_int_equal(getsockname(descriptor, (struct sockaddr *)&address, &length), 0);
    *port = ntohs(address.sin6_port);
    return descriptor;
}

int peer_connect(int listening)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &length), 0);
    int descriptor = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(descriptor >= 0);
    assert_int_equal(connect(descriptor, (struct sockaddr *)&address, length), 0);
    return descriptor;
}

int peer_accept(int listening)
{
    int descriptor = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    assert_true(descriptor >= 0);
    return descriptor;
}

pid_t peer_start_child(void (*act)(int argument), int argument)
{
    int done[2];
    char byte;
    assert_int_equal(pipe(done), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(done[0]);
        act(argument);
        if (write(done[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(done[1]);
    assert_int_equal(read(done[0], &byte, 1), 1);
    close(done[0]);
    return pid;
}

void peer_stop_child(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

void peer_cut(int descriptor)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    close(descriptor);
}
