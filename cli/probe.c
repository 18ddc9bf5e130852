/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/probe.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/privileges.h"
#include "cli/probe_session.h"
#include "cli/signals.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

static const struct ka_option_set sets[] = {
    {ka_probe_rows, 0},
    {ka_form_json_rows, offsetof(struct ka_probe_options, form)},
    {ka_form_numeric_rows, offsetof(struct ka_probe_options, form)},
    {ka_general_rows, offsetof(struct ka_probe_options, general)},
    {.rows = NULL},
};

static const struct ka_probe_options defaults = {
    .interval = KA_SECOND,
    .timeout = KA_SILENCE_MIN,
    .idle = -1,
    .sniff = 3 * KA_SECOND,
    .count = 1,
    .rate = 50,
};

/* One connection, from the user's words to its verdicts. */
struct single {
    struct ka_probe_session session;
    struct ka_endpoint from;
    struct ka_endpoint to;
    struct ka_known_conn *entry;
    unsigned side; /* of `to` */
    char filter[512];
};

static void make_filter(struct single *single)
{
    char from[KA_ADDR_TEXT_SIZE];
    char to[KA_ADDR_TEXT_SIZE];
    ka_addr_text(&single->from.addr, from);
    ka_addr_text(&single->to.addr, to);
    snprintf(single->filter, sizeof(single->filter),
             "tcp and ((src host %s and src port %u and dst host %s and dst port %u) or "
             "(src host %s and src port %u and dst host %s and dst port %u))",
             from, single->from.port, to, single->to.port, to, single->to.port, from,
             single->from.port);
    single->session.filter = single->filter;
}

/* What the first question needs is known, so that listening can end early. */
static bool knows_enough(void *context, struct ka_prober *prober)
{
    const struct single *single = context;
    const struct ka_probe_options *options = single->session.options;
    ka_time now = ka_clock_wall();
    unsigned first = options->both ? ka_risk_first(single->entry, single->side, now) : single->side;
    ka_time idle = options->idle >= 0 ? options->idle : KA_SECOND;
    /* A byte goes only where nothing is in flight: what is resent now and then has to be heard. */
    if (options->bytes == 1 || !ka_known_facts(single->entry, first).numbers_known)
        return false;
    if (options->both && !ka_known_facts(single->entry, !first).numbers_known)
        return false;
    return (options->yes || ka_risk_free(single->entry, first, now)) &&
           ka_prober_idle(prober, single->entry) >= idle;
}

/* Says where things stand, on standard error: what is known, and what probing does. */
static void tell_standing(const struct single *single, unsigned first)
{
    ka_time now = ka_clock_wall();
    struct ka_probe_facts facts = ka_known_facts(single->entry, first);
    char ends[2][KA_ENDPOINT_TEXT_SIZE];
    for (unsigned i = 0; i < 2; i++) {
        struct ka_endpoint end = ka_known_end(single->entry, i);
        ka_endpoint_text(&end, ends[i]);
        fprintf(stderr, "kasniff: %s: %s\n", ends[i],
                ka_presence_text(ka_risk_presence(single->entry, i, now)));
    }
    if (!single->entry->side[0].local && !single->entry->side[1].local)
        fprintf(stderr,
                "kasniff: neither end is open on this host: probes leave as it routes them, "
                "answers must pass by here\n");
    bool refused = !single->session.options->yes && !ka_risk_free(single->entry, first, now);
    fprintf(stderr, "kasniff: the numbers are %s%s%s\n",
            facts.numbers_known ? "known" : "not known, a probe without them may tell",
            refused ? "" : "; asking ", refused ? "" : ends[first]);
    if (refused)
        return; /* why is said in the end */
    fprintf(stderr, "kasniff: an answered probe starts the timers of firewalls on the way anew\n");
    if (single->session.options->exact)
        fprintf(stderr,
                "kasniff: exact: if %s has lost this connection, its reset kills the end at %s\n",
                ends[first], ends[!first]);
    if (single->session.options->yes && !ka_risk_free(single->entry, first, now))
        fprintf(stderr, "kasniff: if %s has lost this connection, %s will be reset by it\n",
                ends[!first], ends[first]);
}

/* An asking that ended before its --count, since what spoke for the other end got too old. */
static void tell_early_end(const struct single *single, const struct ka_dialogue *dialogue)
{
    const struct ka_probe_options *options = single->session.options;
    const struct ka_ev_verdict *verdict = &dialogue->verdict;
    bool alive = verdict->verdict == KA_VERDICT_ALIVE || verdict->verdict == KA_VERDICT_DOUBTFUL;
    if (!options->quiet && alive && verdict->answered == verdict->sent &&
        verdict->sent < options->count)
        fprintf(stderr,
                "kasniff: asked %u time%s, not %u: nothing shows any more that the other end is "
                "there, and the target would be reset by it if not (--yes goes on)\n",
                verdict->sent, ka_text_plural(verdict->sent), (unsigned)options->count);
}

static int conclude(const struct single *single, const struct ka_dialogue *dialogue,
                    struct ka_error *error)
{
    char idle[KA_TIME_TEXT_SIZE];
    const struct ka_dialogue *done = dialogue;
    switch ((enum ka_dialogue_end)done->end) {
    case KA_DIALOGUE_DONE:
        break;
    case KA_DIALOGUE_BUSY:
        ka_duration_text(done->idle, idle);
        ka_error_set(error,
                     "not asked: the connection is in use, its last packet passed %s ago (--idle 0 "
                     "asks all the same)",
                     idle);
        return KA_EXIT_FAILED;
    case KA_DIALOGUE_RISKY:
    case KA_DIALOGUE_FAILED:
        ka_error_set(error, "not asked: %.490s", done->why);
        return KA_EXIT_FAILED;
    case KA_DIALOGUE_OPEN:
    case KA_DIALOGUE_END_COUNT:
        ka_error_set(error, "interrupted before there was a verdict");
        return KA_EXIT_FAILED;
    }
    tell_early_end(single, done);
    if (ka_output_flush(single->session.output, error) < 0)
        return KA_EXIT_FAILED;
    return ka_verdict_exit((enum ka_verdict)done->verdict.verdict);
}

static int ask(struct single *single, struct ka_error *error)
{
    struct ka_probe_session *session = &single->session;
    const struct ka_probe_options *options = session->options;
    ka_time most = options->sniff;
    if (options->idle > most)
        most = options->idle;
    if (ka_prober_learn(session->prober, session->tap != NULL ? most : 0, knows_enough, single,
                        error) < 0)
        return KA_EXIT_FAILED;
    if (options->dry_run)
        return ka_probe_dry_run(session, single->entry, single->side, error);
    struct ka_dialogue *dialogue =
        ka_prober_add(session->prober, single->entry, single->side, options->both);
    if (dialogue == NULL) {
        ka_error_set(error, "cannot probe: out of memory");
        return KA_EXIT_FAILED;
    }
    if (!options->quiet)
        tell_standing(single, dialogue->to);
    if (ka_prober_run(session->prober, error) < 0)
        return KA_EXIT_FAILED;
    return conclude(single, dialogue, error);
}

static bool is_bound(const struct ka_known_side *side)
{
    return side->local && side->device != 0;
}

static int run_session(struct single *single, struct ka_error *error)
{
    struct ka_probe_session *session = &single->session;
    char allow[2][KA_ENDPOINT_TEXT_SIZE];
    unsigned from_side = 0;
    ka_endpoint_text(&single->to, allow[0]);
    ka_endpoint_text(&single->from, allow[1]);
    const char *targets[] = {allow[0], allow[1]};
    if (ka_probe_session_open(session, error) < 0)
        return KA_EXIT_FAILED;
    single->entry = ka_known_get(session->known, &single->from, &single->to, &from_side);
    if (single->entry == NULL) {
        ka_error_set(error, "cannot keep the connection: out of memory");
        return KA_EXIT_FAILED;
    }
    single->side = !from_side;
    if (ka_probe_session_local(session, error) < 0)
        return KA_EXIT_FAILED;
    /* What is bound to an interface is asked by it, wherever the routes lead. */
    const struct ka_known_side *asker = &single->entry->side[from_side];
    if (session->options->both && !is_bound(asker))
        asker = &single->entry->side[!from_side];
    if (session->device == NULL && is_bound(asker)) {
        session->device = asker->device_name;
        session->device_index = asker->device;
    }
    if (ka_probe_session_helper(session, targets, session->options->both ? 2 : 1, error) < 0 ||
        ka_privileges_drop(NULL, error) < 0 || ka_probe_session_read(session, false, error) < 0 ||
        ka_probe_session_start(session, false, session->options->quiet, NULL, error) < 0)
        return KA_EXIT_FAILED;
    return ask(single, error);
}

static int run_single(const struct ka_probe_options *options, const struct ka_texts *words,
                      struct ka_error *error)
{
    struct single single = {.session = {.options = options}};
    if (words->count != 2) {
        ka_error_set(error, "say whose end is to be asked: FROM TO, such as 10.0.0.1:33412 "
                            "10.0.0.2:5432, or --all");
        return KA_EXIT_USAGE;
    }
    if (ka_endpoint_parse(words->items[0], &single.from, error) < 0 ||
        ka_endpoint_parse(words->items[1], &single.to, error) < 0)
        return KA_EXIT_USAGE;
    if (single.from.addr.family != single.to.addr.family ||
        ka_endpoint_equal(&single.from, &single.to)) {
        ka_error_set(error, "FROM and TO are no two ends of one connection");
        return KA_EXIT_USAGE;
    }
    if (ka_addr_is_unusable(&single.from.addr) || ka_addr_is_unusable(&single.to.addr)) {
        ka_error_set(error, "an end is no single host: broadcast, multicast and 0 are not asked");
        return KA_EXIT_USAGE;
    }
    if (ka_addr_is_link_local(&single.to.addr)) {
        if (options->interface == NULL || strcmp(options->interface, "any") == 0) {
            ka_error_set(error, "link-local ends (fe80::/10) are behind one interface: name it "
                                "with -i IFACE");
            return KA_EXIT_USAGE;
        }
        single.session.device = options->interface;
        single.session.device_index = if_nametoindex(options->interface);
    }
    make_filter(&single);
    int status = run_session(&single, error);
    return ka_probe_session_close(&single.session, status, error);
}

/* Options that do not go together. */
static int check(const struct ka_probe_options *options, struct ka_error *error)
{
    bool any = options->interface == NULL || strcmp(options->interface, "any") == 0;
    if (options->bytes == 1 && !options->exact)
        return ka_error_set(error, "--bytes 1 needs --exact: the target looks at every field");
    if (options->bytes == 1 && (options->all || (options->idle >= 0 && options->idle < KA_SECOND)))
        return ka_error_set(error, "--bytes 1 goes to one connection, idle for 1 s at least");
    if (options->link && any)
        return ka_error_set(error, "--link needs -i IFACE: frames leave by one interface");
    if (options->write != NULL && !options->dry_run)
        return ka_error_set(error, "-w goes with --dry-run");
    if (options->dry_run && options->all)
        return ka_error_set(error, "--dry-run shows one packet: give FROM and TO, not --all");
    if (options->dry_run && options->both)
        return ka_error_set(error, "--dry-run shows one packet, the one to TO: leave out --both, "
                                   "and for the other end swap FROM and TO");
    if (options->dry_run && options->form.json)
        return ka_error_set(error, "--dry-run explains the packet in words, which --json has no "
                                   "event for; -w writes it as a capture");
    return 0;
}

static int run(const void *given, const struct ka_texts *words, struct ka_error *error)
{
    const struct ka_probe_options *options = given;
    if (check(options, error) < 0)
        return KA_EXIT_USAGE;
    if (ka_signals_install(error) < 0)
        return KA_EXIT_FAILED;
    return options->all ? ka_probe_many(options, words, error) : run_single(options, words, error);
}

const struct ka_command ka_command_probe = {
    .name = "probe",
    .summary = "Asks whether an end of a connection is still alive, and disturbs nothing",
    .synopsis = "[OPTIONS] FROM TO | --all [OPTIONS] [FILTER...]",
    .notes =
        "FROM and TO are the two ends, 10.0.0.1:33412 or [2001:db8::1]:33412; TO is asked, as\n"
        "if FROM did. Its answer goes to FROM: if that end is gone, TO is reset by it, so TO\n"
        "is asked only when FROM is known to be there. Exit status: 0 alive, 1 failed or not\n"
        "asked, 2 wrong usage, 3 reset, 4 silent, 5 unreachable, 6 unknown; of many the worst.\n",
    .sets = sets,
    .defaults = &defaults,
    .options_size = sizeof(struct ka_probe_options),
    .run = run,
};
