/* SPDX-License-Identifier: BSD-2-Clause */
#include "inject/client.h"

#include "base/clock.h"
#include "inject/words.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct ka_injector {
    pid_t pid;
    int fd; /* one socket for both directions */
    uint32_t last_id;
    bool hung; /* it did not reply in time */
    ka_time timeout;
    struct ka_probe_log *log; /* NULL in a dry run */
    struct ka_lines lines;
    char buffer[KA_LINE_SIZE]; /* read ahead */
    size_t at;
    size_t end;
};

/* Finds the helper beside the running program, then in the folder for helpers; its path into
 * out[size]. */
static int find_helper(char *out, size_t size, struct ka_error *error)
{
    static const char name[] = "kasniff-inject";
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(self, '/');
    if (slash != NULL)
        slash[1] = '\0';
    if ((size_t)snprintf(out, size, "%s%s", self, name) < size && access(out, X_OK) == 0)
        return 0;
    if ((size_t)snprintf(out, size, "%s/%s", KA_LIBEXECDIR, name) < size && access(out, X_OK) == 0)
        return 0;
    return ka_error_set(error,
                        "%s, which sends the probes, is neither in %s nor in %s: install it, or "
                        "build kasniff with libnet",
                        name, self[0] != '\0' ? self : ".", KA_LIBEXECDIR);
}

/* The helper's arguments, and the numbers written out for them. */
struct arguments {
    const char **list;
    size_t count;
    char numbers[4][12];
    size_t number_count;
};

static void add_number(struct arguments *arguments, const char *option, uint32_t value)
{
    char *text = arguments->numbers[arguments->number_count];
    if (value == 0)
        return;
    arguments->number_count++;
    snprintf(text, sizeof(arguments->numbers[0]), "%u", value);
    arguments->list[arguments->count++] = option;
    arguments->list[arguments->count++] = text;
}

static void add_text(struct arguments *arguments, const char *option, const char *value)
{
    if (value == NULL)
        return;
    arguments->list[arguments->count++] = option;
    arguments->list[arguments->count++] = value;
}

static bool make_arguments(const struct ka_injector_options *options, const char *path,
                           struct arguments *out)
{
    enum { OTHERS = 20 };
    *out = (struct arguments){.list = calloc(2 * options->allow_count + OTHERS, sizeof(char *))};
    if (out->list == NULL)
        return false;
    out->list[out->count++] = path;
    for (size_t i = 0; i < options->allow_count; i++)
        add_text(out, "--allow", options->allow[i]);
    add_text(out, "--device", options->device);
    add_text(out, "--link", options->link);
    add_number(out, "--rate", options->rate);
    add_number(out, "--total", options->total);
    add_number(out, "--unanswered", options->unanswered);
    add_number(out, "--one-byte", options->one_byte);
    if (options->exact)
        out->list[out->count++] = "--exact";
    if (options->dry_run)
        out->list[out->count++] = "--dry-run";
    return true;
}

/* posix_spawn takes char *const *, and does not write to the words. */
static char *const *as_words(const char **list)
{
    union {
        const char **in;
        char *const *out;
    } words = {.in = list};
    return words.out;
}

/* The child gets `fd` as standard input and output, and signals as they are by default. */
static int spawn(const char *path, struct arguments *arguments, int fd, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t piped;
    sigemptyset(&none);
    sigemptyset(&piped);
    sigaddset(&piped, SIGPIPE);
    int code = posix_spawn_file_actions_init(&actions);
    if (code != 0)
        return code;
    code = posix_spawnattr_init(&attributes);
    if (code != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return code;
    }
    code = posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
    if (code == 0)
        code = posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &piped);
    posix_spawnattr_setpgroup(&attributes, 0);
    /* A group of its own: an interrupt from the terminal must not end it before we have asked the
     * last of it. It ends when its input does. */
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    if (code == 0)
        code = posix_spawn(pid, path, &actions, &attributes, as_words(arguments->list), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

/* Fills the buffer, waiting until `deadline`. */
static int receive(struct ka_injector *injector, ka_time deadline, struct ka_error *error)
{
    for (;;) {
        ka_time left = deadline - ka_clock_monotonic();
        struct pollfd ready = {.fd = injector->fd, .events = POLLIN};
        int count = poll(&ready, 1, left > 0 ? (int)(left / KA_MILLISECOND) + 1 : 0);
        injector->hung = count == 0;
        if (count == 0)
            return ka_error_set(error, "kasniff-inject says nothing for %.0f s",
                                (double)injector->timeout / (double)KA_SECOND);
        ssize_t got =
            count < 0 ? -1 : recv(injector->fd, injector->buffer, sizeof(injector->buffer), 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ka_error_set(error, "kasniff-inject cannot be heard: %s", strerror(errno));
        if (got == 0)
            return ka_error_set(error, "kasniff-inject has ended unexpectedly");
        injector->at = 0;
        injector->end = (size_t)got;
        return 0;
    }
}

static int read_reply(struct ka_injector *injector, struct ka_reply *reply, struct ka_error *error)
{
    ka_time deadline = ka_clock_monotonic() + injector->timeout;
    for (;;) {
        const char *at = injector->buffer + injector->at;
        size_t left = injector->end - injector->at;
        enum ka_line_state state = ka_lines_take(&injector->lines, &at, &left);
        injector->at = injector->end - left;
        if (state == KA_LINE_READY)
            return ka_reply_parse(injector->lines.line, reply, error);
        if (state == KA_LINE_BAD)
            return ka_error_set(error, "kasniff-inject's reply cannot be read");
        if (receive(injector, deadline, error) != 0)
            return -1;
    }
}

/* A helper that is gone must be an error, not a SIGPIPE. */
static int write_request(struct ka_injector *injector, const struct ka_request *request,
                         struct ka_error *error)
{
    char line[KA_LINE_SIZE + 1];
    ka_request_text(request, line);
    size_t length = strlen(line);
    line[length++] = '\n';
    for (size_t done = 0; done < length;) {
        ssize_t sent = send(injector->fd, line + done, length - done, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            return ka_error_set(error, "kasniff-inject has ended unexpectedly: %s",
                                strerror(errno));
        done += sent > 0 ? (size_t)sent : 0;
    }
    return 0;
}

/* No cap is looser than was asked for; 0 is the helper's own choice. */
static bool keeps_to(const struct ka_caps *caps, const struct ka_injector_options *options)
{
    return (options->rate == 0 || caps->rate <= options->rate) &&
           (options->total == 0 || caps->total <= options->total) &&
           (options->unanswered == 0 || caps->unanswered <= options->unanswered) &&
           caps->one_byte <= options->one_byte &&
           (!caps->exact || options->exact || options->one_byte > 0) &&
           caps->link == (options->link != NULL) && caps->dry_run == options->dry_run;
}

static int greet(struct ka_injector *injector, const struct ka_injector_options *options,
                 struct ka_error *error)
{
    struct ka_reply reply;
    if (read_reply(injector, &reply, error) != 0)
        return -1;
    if (reply.kind == KA_REPLY_FAILED)
        return ka_error_set(error, "%s", reply.text);
    if (reply.kind != KA_REPLY_READY || reply.version != KA_PROTOCOL_VERSION)
        return ka_error_set(error, "kasniff-inject is of another version (protocol %u, not %d)",
                            reply.version, KA_PROTOCOL_VERSION);
    if (!keeps_to(&reply.caps, options))
        return ka_error_set(error, "kasniff-inject does not keep to the limits it was given: "
                                   "install the one that belongs to this kasniff");
    return 0;
}

/* Starts the program at the far end of a new socket; the near end is the injector's. */
static int launch(struct ka_injector *injector, const struct ka_injector_options *options,
                  const char *path, struct ka_error *error)
{
    int ends[2];
    struct arguments arguments;
    if (!make_arguments(options, path, &arguments))
        return ka_error_set(error, "there is no memory for %zu targets", options->allow_count);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        free(arguments.list);
        return ka_error_set(error, "no socket for kasniff-inject: %s", strerror(errno));
    }
    int code = spawn(path, &arguments, ends[1], &injector->pid);
    free(arguments.list);
    close(ends[1]);
    injector->fd = ends[0];
    if (code != 0)
        return ka_error_set(error, "'%s' cannot be started: %s", path, strerror(code));
    return 0;
}

struct ka_injector *ka_injector_start(const struct ka_injector_options *options,
                                      struct ka_error *error)
{
    char found[4096];
    const char *path = options->path;
    if (options->log == NULL && !options->dry_run) {
        ka_error_set(error, "nothing is sent without a log");
        return NULL;
    }
    if (path == NULL && find_helper(found, sizeof(found), error) != 0)
        return NULL;
    struct ka_injector *injector = calloc(1, sizeof(*injector));
    if (injector == NULL) {
        ka_error_set(error, "there is no memory for the injector");
        return NULL;
    }
    injector->pid = -1;
    injector->fd = -1;
    injector->log = options->log;
    injector->timeout = options->timeout > 0 ? options->timeout : 5 * KA_SECOND;
    if (launch(injector, options, path != NULL ? path : found, error) != 0 ||
        greet(injector, options, error) != 0) {
        ka_injector_stop(injector);
        return NULL;
    }
    return injector;
}

void ka_injector_stop(struct ka_injector *injector)
{
    if (injector == NULL)
        return;
    if (injector->fd >= 0)
        close(injector->fd);
    /* One that hangs may not see its input end. Where we may not kill it (it changed its user, and
     * we gave up our rights), there is no sense in waiting. */
    bool wait = injector->pid > 0 && (!injector->hung || kill(injector->pid, SIGKILL) == 0);
    while (wait && waitpid(injector->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    free(injector);
}

/* One question and its reply, both logged. */
static int exchange(struct ka_injector *injector, ka_time now, const struct ka_request *request,
                    struct ka_reply *reply, struct ka_error *error)
{
    if (injector->log != NULL && ka_probe_log_ask(injector->log, now, request, error) != 0)
        return -1;
    if (write_request(injector, request, error) != 0 || read_reply(injector, reply, error) != 0)
        return -1;
    if (reply->id != request->probe.id)
        return ka_error_set(error, "kasniff-inject replies to %u, asked was %u", reply->id,
                            request->probe.id);
    if (injector->log != NULL && ka_probe_log_reply(injector->log, now, reply, error) != 0)
        return -1;
    return 0;
}

int ka_injector_send(struct ka_injector *injector, ka_time now, struct ka_probe *probe,
                     struct ka_reply *reply, struct ka_error *error)
{
    struct ka_request request = {.verb = KA_ASK_PROBE, .probe = *probe};
    request.probe.id = injector->last_id + 1;
    if (exchange(injector, now, &request, reply, error) != 0)
        return -1;
    injector->last_id++;
    probe->id = request.probe.id;
    return 0;
}

int ka_injector_answered(struct ka_injector *injector, ka_time now, const struct ka_probe *probe,
                         const char *outcome, struct ka_error *error)
{
    struct ka_request request = {.verb = KA_ASK_ANSWERED, .probe = *probe};
    struct ka_reply reply;
    if (injector->log != NULL &&
        ka_probe_log_outcome(injector->log, now, probe->id, outcome, error) != 0)
        return -1;
    return exchange(injector, now, &request, &reply, error);
}
