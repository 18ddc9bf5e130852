/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a confined process may still do, and what not, tried in a child: what kasniff-inject needs
 * has to work with this C library on this architecture, and little else may.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inject/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FAILED_TO_CONFINE = 99, LARGE = 8 << 20 };

struct tools {
    int pipe[2];
    int link[2];
    int inet;
};

static bool denied(long result)
{
    return result == -1 && errno == EPERM;
}

/* --- what is needed */

static bool reads_and_writes(const struct tools *tools)
{
    char byte = 'x';
    return write(tools->pipe[1], &byte, 1) == 1 && read(tools->pipe[0], &byte, 1) == 1;
}

static bool sends(const struct tools *tools)
{
    return sendto(tools->link[0], "x", 1, 0, NULL, 0) == 1 && send(tools->link[0], "x", 1, 0) == 1;
}

static bool tells_the_time(const struct tools *tools)
{
    struct timespec now;
    (void)tools;
#if __SIZEOF_LONG__ == 8
    /* Past the vDSO, as where it has no clock to read. */
    if (syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) != 0)
        return false;
#endif
    return clock_gettime(CLOCK_MONOTONIC, &now) == 0;
}

static bool has_memory(const struct tools *tools)
{
    (void)tools;
    for (size_t size = 1; size <= LARGE; size *= 2) {
        char *bytes = malloc(size);
        if (bytes == NULL)
            return false;
        memset(bytes, 1, size);
        char *more = realloc(bytes, 2 * size);
        if (more == NULL) {
            free(bytes);
            return false;
        }
        free(more);
    }
    return true;
}

static bool has_random_bytes(const struct tools *tools)
{
    uint64_t bytes;
    (void)tools;
    return getrandom(&bytes, sizeof(bytes), 0) == (ssize_t)sizeof(bytes);
}

static bool tells_errors(const struct tools *tools)
{
    (void)tools;
    return strlen(strerror(ENOBUFS)) > 0 && strlen(strerror(12345)) > 0;
}

static bool finds_its_interface(const struct tools *tools)
{
    struct ifreq request = {.ifr_name = "lo"};
    return ioctl(tools->inet, SIOCGIFINDEX, &request) == 0 &&
           denied(ioctl(tools->inet, SIOCGIFFLAGS, &request));
}

static bool closes(const struct tools *tools)
{
    return close(tools->pipe[0]) == 0 && close(tools->link[0]) == 0;
}

/* --- what is not */

static bool opens_nothing(const struct tools *tools)
{
    (void)tools;
    return denied(open("/dev/null", O_RDONLY)) && denied(unlink("/nonexistent/kasniff")) &&
           denied(memfd_create("x", 0));
}

static bool starts_nothing(const struct tools *tools)
{
    char *words[] = {"true", NULL};
    (void)tools;
    return denied(fork()) && denied(execv("/bin/true", words));
}

static bool has_no_other_sockets(const struct tools *tools)
{
    int pair[2];
    int on = 1;
    return denied(socket(AF_INET, SOCK_STREAM, 0)) &&
           denied(socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) &&
           denied(setsockopt(tools->link[0], SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)));
}

static bool reaches_nobody(const struct tools *tools)
{
    (void)tools;
    return denied(kill(getppid(), 0)) && denied(syscall(SYS_ptrace, 0, 0, 0, 0)) &&
           denied(setresuid(0, 0, 0));
}

static bool runs_no_new_code(const struct tools *tools)
{
    (void)tools;
    void *plain = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return plain != MAP_FAILED && code == MAP_FAILED && errno == EPERM &&
           denied(mprotect(plain, 4096, PROT_READ | PROT_EXEC));
}

static const struct {
    const char *name;
    bool (*holds)(const struct tools *tools);
} claims[] = {
    {"reads and writes", reads_and_writes},
    {"sends", sends},
    {"tells the time", tells_the_time},
    {"has memory", has_memory},
    {"has random bytes", has_random_bytes},
    {"tells errors", tells_errors},
    {"finds its interface", finds_its_interface},
    {"opens nothing", opens_nothing},
    {"starts nothing", starts_nothing},
    {"has no other sockets", has_no_other_sockets},
    {"reaches nobody", reaches_nobody},
    {"runs no new code", runs_no_new_code},
    {"closes", closes},
};

/* Ends with the number of the first claim that does not hold, from 1; 0: all do. */
static void live_confined(void)
{
    struct tools tools;
    struct ka_error error;
    tools.inet = socket(AF_INET, SOCK_DGRAM, 0);
    if (tools.inet < 0 || pipe(tools.pipe) != 0 ||
        socketpair(AF_UNIX, SOCK_DGRAM, 0, tools.link) != 0 || ka_confine(&error) != 0)
        exit(FAILED_TO_CONFINE);
    for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++)
        if (!claims[i].holds(&tools))
            exit((int)i + 1);
    exit(0);
}

static void a_confined_process_can_do_its_work_and_little_else(void **state)
{
    int status = 0;
    (void)state;
#if defined(KA_SANITIZED) || defined(KA_COVERAGE)
    print_message("instrumented builds have no system call filter\n");
    skip();
#endif
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        live_confined();
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status))
        fail_msg("it was killed by signal %d", WTERMSIG(status));
    int number = WEXITSTATUS(status);
    if (number > 0 && (size_t)number <= sizeof(claims) / sizeof(claims[0]))
        fail_msg("it does not hold that it %s", claims[number - 1].name);
    assert_int_equal(number, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_confined_process_can_do_its_work_and_little_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
