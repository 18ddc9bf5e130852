/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Real sockets on the loopback of a network namespace of our own, and what is read of them. Needs
 * root for the namespaces; skipped aloud without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sockets/diag.h"
#include "sockets/lookup.h"
#include "sockets/sockets.h"
#include "tests/sockets/peers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MANY = 5000 }; /* connections, two sockets each */

/* The row of one of our own descriptors. */
static const struct ka_socket *row_of(const struct ka_socket_list *list, int descriptor)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->sockets[i].descriptor == descriptor && list->sockets[i].pid == getpid())
            return &list->sockets[i];
    }
    fail_msg("descriptor %d is not in the list of %zu", descriptor, list->count);
    return NULL;
}

static struct ka_socket_list collect(uint32_t states, pid_t netns_pid)
{
    struct ka_socket_list list;
    struct ka_error error = {.text = ""};
    struct ka_socket_query query = {.states = states, .netns_pid = netns_pid};
    int result = ka_sockets_collect(&query, &list, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(result, 0);
    return list;
}

static void settings_are_those_the_program_made(void **state)
{
    (void)state;
    static const struct {
        bool on;
        bool own;
        int family;
        int user_timeout; /* milliseconds */
    } rows[] = {
        {false, false, AF_INET, 0},    {true, false, AF_INET, 0},  {true, true, AF_INET, 0},
        {true, true, AF_INET, 12345},  {false, true, AF_INET6, 0}, {true, false, AF_INET6, 0},
        {true, true, AF_INET6, 30000},
    };
    enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
    int near[ROWS];
    int far[ROWS];
    in_port_t port[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        int listening = peer_listen(rows[i].family, &port[i]);
        near[i] = peer_connect(listening);
        far[i] = peer_accept(listening);
        close(listening);
        if (rows[i].own)
            peer_set_keepalive(near[i], 60, 10, 6);
        peer_set(near[i], SOL_SOCKET, SO_KEEPALIVE, rows[i].on);
        peer_set(near[i], IPPROTO_TCP, TCP_USER_TIMEOUT, rows[i].user_timeout);
    }
    struct ka_socket_list list = collect(KA_SOCKET_CONNECTIONS, 0);
    assert_int_equal(list.defaults.idle, 1234 * KA_SECOND);
    assert_int_equal(list.defaults.interval, 56 * KA_SECOND);
    assert_int_equal(list.defaults.count, 7);
    assert_int_equal(list.count, 2 * ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        const struct ka_socket *row = row_of(&list, near[i]);
        ka_time idle = rows[i].own ? 60 * KA_SECOND : 1234 * KA_SECOND;
        assert_int_equal(row->access, KA_SOCKET_READ);
        assert_int_equal(row->state, KA_SOCKET_ESTABLISHED);
        assert_string_equal(row->process, "test_collect");
        assert_int_equal(row->local.addr.family, rows[i].family == AF_INET ? 4 : 6);
        assert_int_equal(row->peer.port, port[i]);
        assert_int_equal(row->keepalive,
                         rows[i].on ? KA_SOCKET_KEEPALIVE_ON : KA_SOCKET_KEEPALIVE_OFF);
        assert_int_equal(row->times.idle, idle);
        assert_int_equal(row->times.interval, (rows[i].own ? 10 : 56) * KA_SECOND);
        assert_int_equal(row->times.count, rows[i].own ? 6 : 7);
        assert_int_equal(row->is_default, !rows[i].own);
        assert_int_equal(row->user_timeout, rows[i].user_timeout * KA_MILLISECOND);
        assert_int_equal(row->timer, rows[i].on ? KA_SOCKET_TIMER_KEEPALIVE : KA_SOCKET_TIMER_NONE);
        ka_time next = ka_socket_next_probe(row);
        assert_true(rows[i].on ? next > idle - 10 * KA_SECOND && next <= idle + KA_SECOND
                               : next == KA_TIME_NONE);
        assert_true(row->last_received >= 0 && row->last_received < 10 * KA_SECOND);
        assert_int_equal(row_of(&list, far[i])->keepalive, KA_SOCKET_KEEPALIVE_OFF);
    }
    ka_socket_list_fini(&list);
    for (size_t i = 0; i < ROWS; i++) {
        close(near[i]);
        close(far[i]);
    }
}

static void accepted_connections_inherit_from_the_listener(void **state)
{
    (void)state;
    in_port_t port;
    int listening = peer_listen(AF_INET, &port);
    peer_set_keepalive(listening, 45, 5, 3);
    int near = peer_connect(listening);
    struct ka_socket_list list = collect(KA_SOCKET_CONNECTIONS, 0);
    assert_int_equal(list.count, 2);
    const struct ka_socket *waiting = &list.sockets[list.sockets[0].pid == 0 ? 0 : 1];
    assert_int_equal(waiting->access, KA_SOCKET_NOT_ACCEPTED);
    assert_int_equal(waiting->timer, KA_SOCKET_TIMER_KEEPALIVE);
    ka_socket_list_fini(&list);

    int far = peer_accept(listening);
    list = collect(KA_SOCKET_CONNECTIONS | KA_SOCKET_STATE_BIT(KA_SOCKET_LISTEN), 0);
    const struct ka_socket *rows[] = {row_of(&list, listening), row_of(&list, far)};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(rows[i]->keepalive, KA_SOCKET_KEEPALIVE_ON);
        assert_int_equal(rows[i]->times.idle, 45 * KA_SECOND);
        assert_int_equal(rows[i]->times.interval, 5 * KA_SECOND);
        assert_int_equal(rows[i]->times.count, 3);
        assert_int_equal(rows[i]->local.port, port);
    }
    assert_int_equal(rows[0]->state, KA_SOCKET_LISTEN);
    assert_int_equal(row_of(&list, near)->keepalive, KA_SOCKET_KEEPALIVE_OFF);
    ka_socket_list_fini(&list);

    list = collect(KA_SOCKET_STATE_BIT(KA_SOCKET_LISTEN), 0);
    assert_int_equal(list.count, 1);
    ka_socket_list_fini(&list);
    close(near);
    close(far);
    close(listening);
}

static void ipv4_through_a_socket_of_ipv6_is_ipv4(void **state)
{
    (void)state;
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(any);
    int listening = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listening, (struct sockaddr *)&any, sizeof(any)), 0);
    assert_int_equal(listen(listening, 1), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&any, &length), 0);
    address.sin_port = any.sin6_port;
    int near = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(near, (struct sockaddr *)&address, sizeof(address)), 0);
    int far = peer_accept(listening);
    struct ka_socket_list list = collect(KA_SOCKET_CONNECTIONS, 0);
    const struct ka_socket *row = row_of(&list, far);
    assert_int_equal(row->access, KA_SOCKET_READ);
    assert_true(ka_addr_equal(&row->peer.addr, &row_of(&list, near)->local.addr));
    assert_int_equal(row->local.addr.family, 4);
    ka_socket_list_fini(&list);
    close(near);
    close(far);
    close(listening);
}

static void open_in_other_namespace(int argument)
{
    in_port_t port;
    (void)argument;
    if (unshare(CLONE_NEWNET) != 0 || !peer_prepare_namespace(4321, 65, 8))
        _exit(1);
    peer_set(peer_listen(AF_INET, &port), SOL_SOCKET, SO_KEEPALIVE, 1);
}

static void another_namespace_has_its_own_sockets_and_defaults(void **state)
{
    (void)state;
    pid_t child = peer_start_child(open_in_other_namespace, 0);
    struct ka_socket_list list = collect(KA_SOCKET_STATE_BIT(KA_SOCKET_LISTEN), child);
    assert_int_equal(list.defaults.idle, 4321 * KA_SECOND);
    assert_int_equal(list.defaults.interval, 65 * KA_SECOND);
    assert_int_equal(list.defaults.count, 8);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.sockets[0].pid, child);
    assert_int_equal(list.sockets[0].times.idle, 4321 * KA_SECOND);
    assert_true(list.sockets[0].is_default);
    ka_socket_list_fini(&list);

    /* And we are back in ours. */
    list = collect(KA_SOCKET_STATE_BIT(KA_SOCKET_LISTEN), 0);
    assert_int_equal(list.defaults.idle, 1234 * KA_SECOND);
    assert_int_equal(list.count, 0);
    ka_socket_list_fini(&list);
    peer_stop_child(child);

    struct ka_error error = {.text = ""};
    struct ka_socket_query query = {.states = 1, .netns_pid = child};
    assert_int_equal(ka_sockets_collect(&query, &list, &error), -1);
    assert_non_null(strstr(error.text, "no such process"));
    assert_int_equal(list.count, 0);
}

static void connect_and_hold(int listening)
{
    peer_set_keepalive(peer_connect(listening), 20, 2, 4);
}

static void a_process_that_ends_in_between_keeps_its_row(void **state)
{
    (void)state;
    in_port_t port;
    struct ka_socket_list list;
    struct ka_error error = {.text = ""};
    struct ka_socket_query query = {.states = KA_SOCKET_CONNECTIONS};
    int listening = peer_listen(AF_INET, &port);
    pid_t child = peer_start_child(connect_and_hold, listening);
    int far = peer_accept(listening);
    assert_int_equal(ka_sockets_list(&query, &list, &error), 0);
    assert_int_equal(ka_sockets_find_owners(&list, 0, &error), 0);
    peer_stop_child(child);
    ka_sockets_read_settings(&list);
    assert_int_equal(list.count, 2);
    const struct ka_socket *row = &list.sockets[list.sockets[0].pid == child ? 0 : 1];
    assert_int_equal(row->pid, child);
    assert_int_equal(row->access, KA_SOCKET_ENDED);
    assert_string_equal(row->process, "test_collect");
    assert_int_equal(row->keepalive, KA_SOCKET_KEEPALIVE_ON); /* the timer told */
    assert_int_equal(row->times.count, 0);
    assert_int_equal(row->user_timeout, KA_TIME_NONE);
    ka_socket_list_fini(&list);
    close(far);
    close(listening);
}

static void a_descriptor_that_became_another_socket_is_not_read(void **state)
{
    (void)state;
    in_port_t port;
    struct ka_socket_list list;
    struct ka_socket_query query = {.states = KA_SOCKET_CONNECTIONS};
    int listening = peer_listen(AF_INET, &port);
    int near = peer_connect(listening);
    int other = peer_connect(listening);
    peer_set_keepalive(other, 20, 2, 4);
    assert_int_equal(ka_sockets_list(&query, &list, NULL), 0);
    assert_int_equal(ka_sockets_find_owners(&list, getpid(), NULL), 0);
    assert_int_equal(dup2(other, near), near);
    ka_sockets_read_settings(&list);
    assert_int_equal(row_of(&list, near)->access, KA_SOCKET_ENDED);
    assert_int_equal(row_of(&list, near)->keepalive, KA_SOCKET_KEEPALIVE_OFF);
    ka_socket_list_fini(&list);
    close(near);
    close(other);
    close(listening);
}

static void one_process_alone_can_be_asked_for(void **state)
{
    (void)state;
    in_port_t port;
    struct ka_socket_list list;
    struct ka_error error = {.text = ""};
    int listening = peer_listen(AF_INET, &port);
    pid_t child = peer_start_child(connect_and_hold, listening);
    int far = peer_accept(listening);
    struct ka_socket_query query = {.states = KA_SOCKET_CONNECTIONS, .pid = child};
    assert_int_equal(ka_sockets_collect(&query, &list, &error), 0);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.sockets[0].pid, child);
    assert_int_equal(list.sockets[0].times.idle, 20 * KA_SECOND);
    ka_socket_list_fini(&list);
    peer_stop_child(child);
    assert_int_equal(ka_sockets_collect(&query, &list, &error), -1);
    assert_non_null(strstr(error.text, "there is no process"));
    close(far);
    close(listening);
}

/* In the child: exits with 0 when everything is as it should be for somebody without privilege. */
static int look_without_privilege(pid_t other)
{
    struct ka_socket_list list;
    struct ka_socket_query query = {.states = KA_SOCKET_CONNECTIONS};
    unsigned seen = 0;
    if (setgid(65534) != 0 || setuid(65534) != 0)
        return 2;
    if (ka_sockets_collect(&query, &list, NULL) != 0 || list.count != 2)
        return 3;
    for (size_t i = 0; i < list.count; i++) {
        const struct ka_socket *row = &list.sockets[i];
        if (row->access != KA_SOCKET_NEED_ROOT || row->pid != 0 || row->times.count != 0)
            return 4;
        if (row->keepalive == KA_SOCKET_KEEPALIVE_ON && row->expires > 0)
            seen |= 1;
        if (row->keepalive == KA_SOCKET_KEEPALIVE_OFF && row->last_received != KA_TIME_NONE)
            seen |= 2;
    }
    ka_socket_list_fini(&list);
    if (seen != 3)
        return 5;
    query.netns_pid = other;
    return ka_sockets_collect(&query, &list, NULL) == -1 ? 0 : 6;
}

static void without_privilege_the_timers_still_tell(void **state)
{
    (void)state;
    int status;
    in_port_t port;
    int listening = peer_listen(AF_INET, &port);
    int near = peer_connect(listening);
    int far = peer_accept(listening);
    peer_set(near, SOL_SOCKET, SO_KEEPALIVE, 1);
    pid_t self = getpid();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(near); /* so that it holds none of them itself */
        close(far);
        _exit(look_without_privilege(self));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    close(near);
    close(far);
    close(listening);
}

static void unanswered_probes_are_counted(void **state)
{
    (void)state;
    in_port_t port;
    struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program = {.len = 1, .filter = &drop};
    int listening = peer_listen(AF_INET, &port);
    int near = peer_connect(listening);
    int far = peer_accept(listening);
    assert_int_equal(setsockopt(far, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
    peer_set_keepalive(near, 1, 1, 100);
    unsigned unanswered = 0;
    for (int tries = 0; tries < 100 && unanswered == 0; tries++) {
        poll(NULL, 0,
             100); /* the kernel's timer has a second's step; there is nothing to wait on */
        struct ka_socket_list list = collect(KA_SOCKET_CONNECTIONS, 0);
        const struct ka_socket *row = row_of(&list, near);
        unanswered = row->unanswered;
        if (unanswered > 0) {
            ka_time left = (100 - (ka_time)unanswered) * KA_SECOND;
            assert_int_equal(row->timer, KA_SOCKET_TIMER_KEEPALIVE);
            assert_true(ka_socket_next_probe(row) <= KA_SECOND + KA_SECOND / 10);
            assert_true(ka_socket_gives_up(row) >= left);
        }
        ka_socket_list_fini(&list);
    }
    assert_true(unanswered > 0);
    peer_cut(near);
    peer_cut(far);
    close(listening);
}

/* Asks on the lookup's own netlink socket, and leaves the answer there. */
static void leave_an_answer(int descriptor)
{
    char buffer[8192];
    struct inet_diag_req_v2 *request;
    struct nlmsghdr *header = ka_diag_request(buffer, AF_INET, 0, 0, &request);
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    assert_int_equal(sendto(descriptor, header, header->nlmsg_len, 0, (struct sockaddr *)&kernel,
                            sizeof(kernel)),
                     header->nlmsg_len);
}

static void an_answer_that_came_late_is_not_that_of_the_next_question(void **state)
{
    (void)state;
    in_port_t port;
    struct ka_error error = {.text = ""};
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    int listening = peer_listen(AF_INET, &port);
    int near = peer_connect(listening);
    int far = peer_accept(listening);
    assert_int_equal(getsockname(near, (struct sockaddr *)&address, &length), 0);
    struct ka_endpoint ends[] = {
        {.addr = {.bytes = {127, 0, 0, 1}, .family = 4}, .port = ntohs(address.sin_port)},
        {.addr = {.bytes = {127, 0, 0, 1}, .family = 4}, .port = port},
    };
    int descriptor = dup(near); /* the number the lookup will get */
    close(descriptor);
    struct ka_socket_lookup *lookup = ka_socket_lookup_open(&error);
    assert_non_null(lookup);
    assert_int_equal(ka_socket_lookup_state(lookup, &ends[0], &ends[1], 0), KA_SOCKET_ESTABLISHED);
    leave_an_answer(descriptor);
    leave_an_answer(descriptor);
    for (int i = 0; i < 2; i++)
        assert_int_equal(ka_socket_lookup_state(lookup, &ends[0], &ends[1], 0),
                         KA_SOCKET_ESTABLISHED);
    ends[1].port = 1;
    assert_int_equal(ka_socket_lookup_state(lookup, &ends[0], &ends[1], 0), 0);
    ka_socket_lookup_close(lookup);
    close(near);
    close(far);
    close(listening);
}

/* Whoever asks for the connection without the interface is told that there is none. */
static void what_is_bound_to_an_interface_is_found_by_it(void **state)
{
    (void)state;
    in_port_t port;
    struct ka_error error = {.text = ""};
    int listening = peer_listen(AF_INET, &port);
    int near = peer_connect(listening);
    int far = peer_accept(listening);
    unsigned loopback = if_nametoindex("lo");
    assert_int_equal(setsockopt(near, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
    struct ka_socket_list list = collect(KA_SOCKET_CONNECTIONS, 0);
    struct ka_socket bound = *row_of(&list, near);
    struct ka_socket free_one = *row_of(&list, far);
    ka_socket_list_fini(&list);
    assert_int_equal(bound.device, loopback);
    assert_int_equal(free_one.device, 0);
    struct ka_socket_lookup *lookup = ka_socket_lookup_open(&error);
    assert_non_null(lookup);
    assert_int_equal(ka_socket_lookup_state(lookup, &bound.local, &bound.peer, 0), 0);
    assert_int_equal(ka_socket_lookup_state(lookup, &bound.local, &bound.peer, bound.device),
                     KA_SOCKET_ESTABLISHED);
    ka_socket_lookup_close(lookup);
    close(near);
    close(far);
    close(listening);
}

static void ten_thousand_sockets_are_read_in_a_moment(void **state)
{
    (void)state;
    in_port_t port;
    struct timespec begin;
    struct timespec end;
    struct rlimit limit = {2 * MANY + 100, 2 * MANY + 100};
    int *near = calloc(2 * MANY, sizeof(int));
    assert_non_null(near);
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        print_message("skipped: no %d descriptors: %s\n", 2 * MANY, strerror(errno));
        free(near);
        skip();
    }
    int listening = peer_listen(AF_INET, &port);
    peer_set_keepalive(listening, 60, 10, 6);
    for (size_t i = 0; i < MANY; i++) {
        near[2 * i] = peer_connect(listening);
        near[2 * i + 1] = peer_accept(listening);
    }
    clock_gettime(CLOCK_MONOTONIC, &begin);
    struct ka_socket_list list = collect(KA_SOCKET_CONNECTIONS, 0);
    clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds =
        (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
    print_message("%zu sockets in %.3f s\n", list.count, seconds);
    assert_int_equal(list.count, 2 * MANY);
    size_t on = 0;
    for (size_t i = 0; i < list.count; i++) {
        assert_int_equal(list.sockets[i].access, KA_SOCKET_READ);
        on += list.sockets[i].times.idle == 60 * KA_SECOND;
    }
    assert_int_equal(on, MANY);
    assert_true(seconds < 10); /* generous: the machine may be busy; 2 s is the aim */
    ka_socket_list_fini(&list);
    for (size_t i = 0; i < 2 * MANY; i++)
        close(near[i]);
    close(listening);
    free(near);
}

int main(void)
{
    if (unshare(CLONE_NEWNET) != 0 || !peer_prepare_namespace(1234, 56, 7)) {
        printf("skipped: a network namespace of our own needs root: %s\n", strerror(errno));
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_those_the_program_made),
        cmocka_unit_test(accepted_connections_inherit_from_the_listener),
        cmocka_unit_test(ipv4_through_a_socket_of_ipv6_is_ipv4),
        cmocka_unit_test(another_namespace_has_its_own_sockets_and_defaults),
        cmocka_unit_test(a_process_that_ends_in_between_keeps_its_row),
        cmocka_unit_test(a_descriptor_that_became_another_socket_is_not_read),
        cmocka_unit_test(one_process_alone_can_be_asked_for),
        cmocka_unit_test(without_privilege_the_timers_still_tell),
        cmocka_unit_test(unanswered_probes_are_counted),
        cmocka_unit_test(an_answer_that_came_late_is_not_that_of_the_next_question),
        cmocka_unit_test(what_is_bound_to_an_interface_is_found_by_it),
        cmocka_unit_test(ten_thousand_sockets_are_read_in_a_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
