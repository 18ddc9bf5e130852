/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One connection at the far end of audits, over a pair of sockets: what a hostile client can do to
 * the others; and waiting for many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/far_peer.h"
#include "audit/tcp.h"
#include "base/clock.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A far end with room for two, and the client's ends of both connections. */
struct far {
    struct ka_far_peers peers;
    struct ka_far_stats stats;
    struct ka_far_peer items[2];
    int clients[2];
};

static void begin(struct far *far)
{
    *far = (struct far){.peers = {.now = KA_SECOND, .size = 2, .top = 2}};
    far->peers.stats = &far->stats;
    far->peers.items = far->items;
    for (size_t i = 0; i < 2; i++) {
        int ends[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends),
                         0);
        far->clients[i] = ends[0];
        ka_far_peer_begin(&far->peers, &far->items[i], ends[1],
                          &(struct ka_endpoint){.port = 4000});
    }
}

static void end(struct far *far)
{
    for (size_t i = 0; i < 2; i++) {
        if (far->items[i].state != KA_FAR_FREE)
            ka_far_peer_end(&far->items[i]);
        close(far->clients[i]);
    }
}

static void say(struct far *far, size_t who, const char *line)
{
    assert_int_equal(write(far->clients[who], line, strlen(line)), (ssize_t)strlen(line));
    ka_far_peer_read(&far->peers, &far->items[who]);
}

static void begin_trial(struct far *far)
{
    begin(far);
    say(far, 0, "control 1\n");
    say(far, 1, "trial 1 0 data client client 60000 1000\n");
    assert_int_equal(far->items[0].state, KA_FAR_CONTROL);
    assert_int_equal(far->items[1].state, KA_FAR_IDLE);
}

/* Writes as much as the socket takes. */
static size_t flood(int fd)
{
    char refreshes[4096];
    size_t written = 0;
    ssize_t more;
    memset(refreshes, KA_MESSAGE_REFRESH, sizeof(refreshes));
    while ((more = write(fd, refreshes, sizeof(refreshes))) > 0)
        written += (size_t)more;
    return written;
}

static void who_never_stops_talking_is_read_a_piece_at_a_time(void **state)
{
    (void)state;
    struct far far;
    int waiting = 0;
    begin_trial(&far);
    size_t written = flood(far.clients[1]);
    assert_true(written > 16384);
    ka_far_peer_read(&far.peers, &far.items[1]);
    assert_in_range(far.items[1].bytes, 1, 8192);
    assert_int_equal(ioctl(far.items[1].fd, FIONREAD, &waiting), 0);
    assert_int_equal((size_t)waiting + far.items[1].bytes, written);
    for (size_t rounds = 0; rounds < written / 512 && far.items[1].bytes < written; rounds++)
        ka_far_peer_read(&far.peers, &far.items[1]);
    assert_int_equal(far.items[1].bytes, written); /* nothing is lost */
    end(&far);
}

static void nonsense_ends_one_connection_and_no_other(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "speak\r\n", "control 1\n", "trial 1 0 data client client 60000 1000\n",
        "\x1b[2J\n", "ping\n",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct far far;
        begin_trial(&far);
        say(&far, 1, lines[i]);
        if (far.items[1].state != KA_FAR_FREE || far.stats.nonsense != 1)
            fail_msg("row %zu: state %d, %d nonsense", i, far.items[1].state,
                     (int)far.stats.nonsense);
        assert_int_equal(far.items[0].state, KA_FAR_CONTROL);
        end(&far);
    }
}

static void a_trial_needs_its_audits_control_connection(void **state)
{
    (void)state;
    struct far far;
    begin(&far);
    say(&far, 0, "control 1\n");
    say(&far, 1, "trial 2 0 silent client client 60000 0\n");
    assert_int_equal(far.items[1].state, KA_FAR_FREE);
    assert_int_equal(far.stats.refused, 1);
    assert_int_equal(far.stats.trials, 0);
    end(&far);
}

/* In a child, whose kernel has none of what came with Linux 5.11. Its status is 0 for success. */
static int wait_on_an_old_kernel(int epoll, int writer)
{
    struct epoll_event event;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (filter == NULL ||
        seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(epoll_pwait2), 0) != 0 ||
        seccomp_load(filter) != 0)
        return 1;
    ka_time begun = ka_clock_monotonic();
    if (ka_tcp_wait(epoll, &event, 1, 1500 * KA_MICROSECOND) != 0 ||
        ka_clock_monotonic() - begun < 1500 * KA_MICROSECOND)
        return 2;
    if (ka_tcp_wait(epoll, &event, 1, -KA_SECOND) != 0)
        return 3;
    if (write(writer, "x", 1) != 1 || ka_tcp_wait(epoll, &event, 1, KA_SECOND) != 1)
        return 4;
    return 0;
}

static void waiting_works_on_kernels_without_the_finer_call(void **state)
{
    (void)state;
    int ends[2];
    int status;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event), 0);
    assert_int_equal(ka_tcp_wait(epoll, &event, 1, 1), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(wait_on_an_old_kernel(epoll, ends[1]));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(epoll);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_never_stops_talking_is_read_a_piece_at_a_time),
        cmocka_unit_test(nonsense_ends_one_connection_and_no_other),
        cmocka_unit_test(a_trial_needs_its_audits_control_connection),
        cmocka_unit_test(waiting_works_on_kernels_without_the_finer_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
