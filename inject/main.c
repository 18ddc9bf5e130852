/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kasniff-inject: sends keepalive probes and nothing else, asked by lines on standard input
 * (doc/inject-protocol.md). It opens its raw sockets, gives up every privilege, and only then reads
 * the first byte.
 */
#include "config.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/random.h"
#include "inject/confine.h"
#include "inject/guard.h"
#include "inject/local.h"
#include "inject/sender.h"
#include "inject/words.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ALLOW_MAX = 4096, STATUS_DONE = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

struct settings {
    struct ka_allow *allow; /* ALLOW_MAX */
    size_t allow_count;
    struct ka_sender_options sender;
    struct ka_caps caps;
    bool help;
    bool version;
};

enum option_code {
    OPTION_ALLOW = 256,
    OPTION_DEVICE,
    OPTION_LINK,
    OPTION_RATE,
    OPTION_TOTAL,
    OPTION_UNANSWERED,
    OPTION_ONE_BYTE,
    OPTION_EXACT,
    OPTION_DRY_RUN,
    OPTION_HELP,
    OPTION_VERSION,
};

static const struct option options[] = {
    {"allow", required_argument, NULL, OPTION_ALLOW},
    {"device", required_argument, NULL, OPTION_DEVICE},
    {"link", required_argument, NULL, OPTION_LINK},
    {"rate", required_argument, NULL, OPTION_RATE},
    {"total", required_argument, NULL, OPTION_TOTAL},
    {"unanswered", required_argument, NULL, OPTION_UNANSWERED},
    {"one-byte", required_argument, NULL, OPTION_ONE_BYTE},
    {"exact", no_argument, NULL, OPTION_EXACT},
    {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static const char help_text[] =
    "usage: kasniff-inject --allow TARGET... [OPTIONS]\n"
    "Sends TCP keepalive probes asked for on standard input; meant to be started by kasniff.\n"
    "  --allow TARGET     probe only these: ADDR, NETWORK/PREFIX or ADDR:PORT; repeatable\n"
    "  --device IFACE     send IP packets by this interface only\n"
    "  --link IFACE       send Ethernet frames on this interface\n"
    "  --rate N           at most N packets a second (default 50, up to 1000)\n"
    "  --total N          at most N packets in all (default 10000, up to 100000)\n"
    "  --unanswered N     at most N in a row to a silent target (default 3, up to 64)\n"
    "  --one-byte N       allow probes of one byte: one a target, N from own addresses\n"
    "  --exact            allow exact acknowledgements\n"
    "  --dry-run          build and check, send nothing; needs no privilege\n"
    "  --help, --version\n";

static int take_number(const char *name, const char *text, uint32_t *out, struct ka_error *error)
{
    if (!ka_word_number(text, UINT32_MAX, out))
        return ka_error_set(error, "--%s takes a number, not '%.64s'", name, text);
    return 0;
}

static int take_target(struct settings *settings, const char *text, struct ka_error *error)
{
    if (settings->allow_count == ALLOW_MAX)
        return ka_error_set(error, "--allow can be given at most %d times", ALLOW_MAX);
    if (ka_allow_parse(text, &settings->allow[settings->allow_count], error) != 0)
        return -1;
    settings->allow_count++;
    return 0;
}

static int take_option(struct settings *settings, int option, const char *value,
                       struct ka_error *error)
{
    switch (option) {
    case OPTION_ALLOW:
        return take_target(settings, value, error);
    case OPTION_DEVICE:
        settings->sender.device = value;
        return 0;
    case OPTION_LINK:
        settings->sender.link = value;
        settings->caps.link = true;
        return 0;
    case OPTION_RATE:
        return take_number("rate", value, &settings->caps.rate, error);
    case OPTION_TOTAL:
        return take_number("total", value, &settings->caps.total, error);
    case OPTION_UNANSWERED:
        return take_number("unanswered", value, &settings->caps.unanswered, error);
    case OPTION_ONE_BYTE:
        settings->caps.exact = true;
        return take_number("one-byte", value, &settings->caps.one_byte, error);
    case OPTION_EXACT:
        settings->caps.exact = true;
        return 0;
    case OPTION_DRY_RUN:
        settings->sender.dry_run = true;
        settings->caps.dry_run = true;
        return 0;
    case OPTION_HELP:
        settings->help = true;
        return 0;
    case OPTION_VERSION:
        settings->version = true;
        return 0;
    default:
        return ka_error_set(error, "an option is unknown or lacks its value: see --help");
    }
}

static struct ka_guard_limits limits_of(const struct settings *settings)
{
    return (struct ka_guard_limits){
        .caps = settings->caps, .allow = settings->allow, .allow_count = settings->allow_count};
}

static int read_options(int argc, char **argv, struct settings *settings, struct ka_error *error)
{
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (take_option(settings, option, optarg, error) != 0)
            return -1;
    if (optind < argc)
        return ka_error_set(error, "'%.64s' is not expected: see --help", argv[optind]);
    if (settings->sender.device != NULL && settings->sender.link != NULL)
        return ka_error_set(error, "--device and --link exclude each other");
    if (settings->help || settings->version)
        return 0;
    struct ka_guard_limits limits = limits_of(settings);
    return ka_guard_check(&limits, error);
}

/* Writes the line whole. False when nobody reads any more. */
static bool say(const struct ka_reply *reply)
{
    char line[KA_LINE_SIZE + 1];
    ka_reply_text(reply, line);
    size_t length = strlen(line);
    line[length++] = '\n';
    return ka_write_all(STDOUT_FILENO, line, length) == 0;
}

static bool say_failed(uint32_t id, const struct ka_error *error)
{
    struct ka_reply reply = {.kind = KA_REPLY_FAILED, .id = id};
    snprintf(reply.text, sizeof(reply.text), "%s", error->text);
    return say(&reply);
}

static bool say_refused(uint32_t id, const char *reason, const char *text, ka_time wait)
{
    struct ka_reply reply = {.kind = KA_REPLY_REFUSED, .id = id};
    reply.wait_ms = (uint32_t)((wait + KA_MILLISECOND - 1) / KA_MILLISECOND);
    snprintf(reply.reason, sizeof(reply.reason), "%s", reason);
    snprintf(reply.text, sizeof(reply.text), "%s", text);
    return say(&reply);
}

static bool send_probe(struct ka_guard *guard, struct ka_sender *sender,
                       const struct ka_probe *probe, bool dry_run)
{
    struct ka_reply reply = {.kind = dry_run ? KA_REPLY_BUILT : KA_REPLY_SENT, .id = probe->id};
    struct ka_error error;
    ka_time wait;
    enum ka_rule rule = ka_guard_ask(guard, probe, ka_clock_monotonic(), &wait);
    if (rule != KA_RULE_COUNT)
        return say_refused(probe->id, ka_rule_name(rule), ka_rule_text(rule), wait);
    reply.length = ka_sender_send(sender, probe, reply.bytes, &error);
    ka_guard_left(guard, probe, ka_clock_monotonic());
    return reply.length > 0 ? say(&reply) : say_failed(probe->id, &error);
}

static bool serve_line(struct ka_guard *guard, struct ka_sender *sender, const char *line,
                       bool dry_run)
{
    struct ka_request request;
    struct ka_error error;
    uint32_t id;
    if (ka_request_parse(line, &request, &id, &error) != 0)
        return say_refused(id, "syntax", error.text, 0);
    if (request.verb == KA_ASK_PROBE)
        return send_probe(guard, sender, &request.probe, dry_run);
    if (!ka_guard_answered(guard, &request.probe))
        return say_refused(id, "unsent", "no probe of this id waits for an answer there", 0);
    return say(&(struct ka_reply){.kind = KA_REPLY_NOTED, .id = id});
}

/* Serves until the input ends. */
static int serve(struct ka_guard *guard, struct ka_sender *sender, bool dry_run)
{
    struct ka_lines lines = {.used = 0};
    char buffer[4096];
    for (;;) {
        ssize_t got = read(STDIN_FILENO, buffer, sizeof(buffer));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0 ? STATUS_DONE : STATUS_FAILED;
        const char *at = buffer;
        size_t left = (size_t)got;
        enum ka_line_state state;
        while ((state = ka_lines_take(&lines, &at, &left)) != KA_LINE_MORE) {
            bool heard = state == KA_LINE_READY
                             ? serve_line(guard, sender, lines.line, dry_run)
                             : say_refused(0, "syntax", "the line is too long or not ASCII", 0);
            if (!heard)
                return STATUS_FAILED;
        }
    }
}

/* Opens, confines itself, then serves. */
static int run(const struct settings *settings)
{
    struct ka_error error;
    struct ka_local local = {.own_count = 0};
    struct ka_guard *guard = NULL;
    struct ka_guard_limits limits = limits_of(settings);
    struct ka_reply ready = {
        .kind = KA_REPLY_READY, .version = KA_PROTOCOL_VERSION, .caps = settings->caps};
    uint64_t key;
    int status = STATUS_FAILED;
    struct ka_sender *sender = ka_sender_create(&settings->sender, &error);
    if (sender == NULL || ka_local_init(&local, &error) != 0)
        goto out;
    if (ka_random_fill(&key, sizeof(key), &error) < 0)
        goto out;
    limits.broadcast = local.broadcast;
    limits.broadcast_count = local.broadcast_count;
    limits.local = local.own;
    limits.local_count = local.own_count;
    guard = ka_guard_create(&limits, key, &error);
    if (guard == NULL || ka_confine(&error) != 0)
        goto out;
    status = say(&ready) ? serve(guard, sender, settings->caps.dry_run) : STATUS_FAILED;
    error.text[0] = '\0';
out:
    if (status == STATUS_FAILED && error.text[0] != '\0')
        say_failed(0, &error);
    ka_guard_free(guard);
    ka_local_fini(&local);
    ka_sender_free(sender);
    return status;
}

int main(int argc, char **argv)
{
    struct ka_error error;
    struct settings settings = {.caps = {.rate = KA_RATE_DEFAULT,
                                         .total = KA_TOTAL_DEFAULT,
                                         .unanswered = KA_UNANSWERED_DEFAULT}};
    int status;
    if (ka_descriptors_occupy() < 0)
        return STATUS_FAILED;
    ka_confine_descriptors();
    settings.allow = calloc(ALLOW_MAX, sizeof(*settings.allow));
    if (settings.allow == NULL)
        return STATUS_FAILED;
    if (read_options(argc, argv, &settings, &error) != 0) {
        say_failed(0, &error);
        status = STATUS_USAGE;
    } else if (settings.help || settings.version) {
        status =
            fputs(settings.help ? help_text : "kasniff-inject " PACKAGE_VERSION "\n", stdout) < 0 ||
            fflush(stdout) != 0;
    } else {
        status = run(&settings);
    }
    free(settings.allow);
    return status;
}
