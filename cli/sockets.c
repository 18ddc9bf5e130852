/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/sockets.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/form.h"
#include "cli/socket_table.h"
#include "output/output.h"
#include "sockets/match.h"
#include "sockets/sockets.h"

#include <limits.h>

/* What the meaning speaks of unless --at-risk says otherwise: the memory of AWS's NAT gateways and
 * network load balancers, short and often met. */
#define USUAL_FORGET (350 * KA_SECOND)

struct options {
    struct ka_general general;
    uint64_t pid;
    uint64_t netns;
    ka_time at_risk; /* 0: not asked */
    struct ka_form_options form;
    bool listen;
};

static const struct ka_option rows[] = {
    {.name = "pid",
     .kind = KA_ARG_NUMBER,
     .arg = "PID",
     .offset = offsetof(struct options, pid),
     .min = 1,
     .max = INT_MAX,
     .group = "Selection",
     .help = "only sockets that this process holds"},
    {.name = "listen",
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct options, listen),
     .group = "Selection",
     .help = "listening sockets, whose settings accepted connections inherit"},
    {.name = "at-risk",
     .kind = KA_ARG_DURATION,
     .arg = "DURATION",
     .offset = offsetof(struct options, at_risk),
     .min = KA_MILLISECOND,
     .max = INT64_MAX,
     .group = "Selection",
     .help = "only what would die, idle, on a path that forgets after this long"},
    {.name = "netns",
     .kind = KA_ARG_NUMBER,
     .arg = "PID",
     .offset = offsetof(struct options, netns),
     .min = 1,
     .max = INT_MAX,
     .group = "Selection",
     .help = "look into the network namespace of this process (needs root)"},
    {.help = NULL},
};

static const struct ka_option_set sets[] = {
    {rows, 0},
    {ka_form_json_rows, offsetof(struct options, form)},
    {ka_form_color_rows, offsetof(struct options, form)},
    {ka_form_numeric_rows, offsetof(struct options, form)},
    {ka_general_rows, offsetof(struct options, general)},
    {.rows = NULL},
};

static const struct options defaults = {.at_risk = 0};

/* How many of the matching sockets could not be judged or read. */
struct unread {
    size_t unjudged;
    size_t need_root;
};

/* Drops from the list what was not asked for. */
static void choose(struct ka_socket_list *list, const struct ka_match *match, ka_time at_risk,
                   struct unread *unread)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct ka_socket *socket = &list->sockets[i];
        if (!ka_match_holds(match, socket))
            continue;
        unread->need_root += socket->access == KA_SOCKET_NEED_ROOT;
        if (at_risk > 0) {
            enum ka_socket_risk risk = ka_socket_risk(socket, at_risk);
            unread->unjudged += risk == KA_SOCKET_RISK_UNKNOWN;
            if (risk != KA_SOCKET_AT_RISK)
                continue;
        }
        list->sockets[kept++] = *socket;
    }
    list->count = kept;
}

static int write_json(const struct ka_socket_list *list, struct ka_error *error)
{
    struct ka_output *output = NULL;
    struct ka_output_options form = {.form = KA_OUTPUT_JSON};
    struct ka_event event;
    ka_time time = ka_clock_wall();
    if (ka_output_create(stdout, &form, &output, error) != 0)
        return -1;
    for (size_t i = 0; i < list->count; i++) {
        ka_socket_event(&list->sockets[i], time, &event);
        ka_output_event(output, &event);
    }
    int result = ka_output_flush(output, error);
    ka_output_free(output);
    return result;
}

static int write_table(const struct ka_socket_list *list, const struct options *options,
                       struct ka_error *error)
{
    ka_time forget = options->at_risk > 0 ? options->at_risk : USUAL_FORGET;
    ka_socket_table_write(stdout, list, forget, ka_form_has_color(&options->form));
    if (fflush(stdout) != 0 || ferror(stdout))
        return ka_error_set(error, "cannot write to standard output: %m");
    return 0;
}

/* What is missing is said, or a short list would look like a good one. */
static void tell_unread(const struct unread *unread)
{
    if (unread->unjudged > 0)
        fprintf(stderr, "kasniff: %zu socket%s left out: settings not readable, no verdict%s\n",
                unread->unjudged, ka_text_plural(unread->unjudged),
                unread->need_root > 0 ? " (run as root for all)" : "");
    else if (unread->need_root > 0)
        fprintf(stderr, "kasniff: settings of %zu socket%s need root; all else is shown\n",
                unread->need_root, ka_text_plural(unread->need_root));
}

static int run(const void *given, const struct ka_texts *words, struct ka_error *error)
{
    const struct options *options = given;
    struct ka_match match;
    struct ka_socket_list list;
    struct unread unread = {0, 0};
    if (ka_match_parse(words->items, words->count, &match, error) != 0)
        return KA_EXIT_USAGE;
    struct ka_socket_query query = {
        .states = options->listen ? KA_SOCKET_STATE_BIT(KA_SOCKET_LISTEN)
                                  : ka_match_states(&match, KA_SOCKET_CONNECTIONS),
        .pid = (pid_t)options->pid,
        .netns_pid = (pid_t)options->netns,
    };
    if (ka_sockets_collect(&query, &list, error) != 0)
        return KA_EXIT_FAILED;
    choose(&list, &match, options->at_risk, &unread);
    int result = options->form.json ? write_json(&list, error) : write_table(&list, options, error);
    if (result == 0)
        tell_unread(&unread);
    ka_socket_list_fini(&list);
    return result == 0 ? KA_EXIT_DONE : KA_EXIT_FAILED;
}

const struct ka_command ka_command_sockets = {
    .name = "sockets",
    .summary = "Shows the keepalive settings that this host's own connections really have",
    .synopsis = "[OPTIONS] [FILTER...]",
    .notes =
        "The filter: port N, host ADDRESS, net ADDRESS/BITS (each also with src, this host's end,\n"
        "or dst before it), state NAME, process NAME; joined by and, or, not. Sockets are read,\n"
        "never changed. Exit status: 0 done, 1 failed, 2 wrong usage.\n",
    .sets = sets,
    .defaults = &defaults,
    .options_size = sizeof(struct options),
    .run = run,
};
