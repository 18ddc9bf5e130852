/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/audit.h"

#include "audit/engine.h"
#include "audit/findings.h"
#include "audit/products.h"
#include "base/random.h"
#include "cli/audit_inject.h"
#include "cli/audit_listen.h"
#include "cli/audit_locate.h"
#include "cli/audit_view.h"
#include "cli/form.h"
#include "cli/privileges.h"
#include "cli/signals.h"
#include "output/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* audit's own exit status beside those of all commands. */
enum { EXIT_NO_EXPIRY = 3 };

enum first { FIRST_BOTH, FIRST_CLIENT, FIRST_SERVER };

struct options {
    struct ka_general general;
    struct ka_form_options form;
    const char *listen;
    const char *products;
    const char *log;
    ka_time min;
    ka_time max;
    ka_time precision;
    uint64_t steps;
    uint32_t arms;          /* bits by enum ka_arm; none: those that need no privilege */
    unsigned first_speaker; /* enum first */
    unsigned refresher;     /* enum first */
    bool locate;
    bool quiet;
};

static const char *arm_value(unsigned index)
{
    static const char *const names[] = {[KA_ARM_SILENT] = "silent",
                                        [KA_ARM_KEEPALIVE_0] = "keepalive-0",
                                        [KA_ARM_KEEPALIVE_1] = "keepalive-1",
                                        [KA_ARM_DATA] = "data"};
    return index < sizeof(names) / sizeof(names[0]) ? names[index] : NULL;
}

static const char *first_value(unsigned index)
{
    static const char *const names[] = {
        [FIRST_BOTH] = "both", [FIRST_CLIENT] = "client", [FIRST_SERVER] = "server"};
    return index < sizeof(names) / sizeof(names[0]) ? names[index] : NULL;
}

#define AT(member) offsetof(struct options, member)

static const struct ka_option rows[] = {
    {.name = "listen",
     .kind = KA_ARG_TEXT,
     .arg = "[ADDR:]PORT",
     .offset = AT(listen),
     .group = "Audit",
     .help = "be the far end of audits, on the loopback address unless one is given"},
    {.name = "min",
     .kind = KA_ARG_DURATION,
     .arg = "TIME",
     .offset = AT(min),
     .group = "Audit",
     .min = KA_SECOND / 10,
     .max = 7 * 86400 * KA_SECOND,
     .help = "shortest silence tried (10s, or a tenth of --max where that is no longer)"},
    {.name = "max",
     .kind = KA_ARG_DURATION,
     .arg = "TIME",
     .offset = AT(max),
     .group = "Audit",
     .min = KA_SECOND / 10,
     .max = 7 * 86400 * KA_SECOND,
     .help = "longest silence tried (7800s)"},
    {.name = "steps",
     .kind = KA_ARG_NUMBER,
     .arg = "N",
     .offset = AT(steps),
     .group = "Audit",
     .min = 2,
     .max = KA_PLAN_STEPS_MAX,
     .help = "silences tried at once, of each kind (24)"},
    {.name = "precision",
     .kind = KA_ARG_DURATION,
     .arg = "TIME",
     .offset = AT(precision),
     .group = "Audit",
     .min = KA_MILLISECOND,
     .max = 86400 * KA_SECOND,
     .help = "narrow the bracket down to this (what one fine pass gives)"},
    {.name = "arms",
     .kind = KA_ARG_SET,
     .arg = "ARM,...",
     .offset = AT(arms),
     .value = arm_value,
     .group = "Audit",
     .help = "what is sent while idle: silent, keepalive-0, keepalive-1, data (all that need no "
             "privilege)"},
    {.name = "first-speaker",
     .kind = KA_ARG_ENUM,
     .arg = "SIDE",
     .offset = AT(first_speaker),
     .value = first_value,
     .group = "Audit",
     .help = "who speaks after the silence: client, server or both"},
    {.name = "refresher",
     .kind = KA_ARG_ENUM,
     .arg = "SIDE",
     .offset = AT(refresher),
     .value = first_value,
     .group = "Audit",
     .help = "who sends keepalives or data meanwhile: client, server or both"},
    {.name = "products",
     .kind = KA_ARG_TEXT,
     .arg = "FILE",
     .offset = AT(products),
     .group = "Audit",
     .help = "more known idle timeouts, beside those that come with kasniff"},
    {.name = "log",
     .kind = KA_ARG_TEXT,
     .arg = "FILE",
     .offset = AT(log),
     .group = "Audit",
     .help = "where each packet of keepalive-1 and --locate is noted (kasniff-audit.log)"},
    {.name = "locate",
     .kind = KA_ARG_FLAG,
     .offset = AT(locate),
     .group = "Audit",
     .help = "search the hop that forgets, with probes of growing time to live; needs root"},
    {.name = "quiet",
     .letter = 'q',
     .kind = KA_ARG_FLAG,
     .offset = AT(quiet),
     .group = "Output",
     .help = "no progress, no settings"},
    {.help = NULL},
};

static const struct ka_option_set sets[] = {
    {rows, 0},
    {ka_form_json_rows, offsetof(struct options, form)},
    {ka_form_numeric_rows, offsetof(struct options, form)},
    {ka_general_rows, offsetof(struct options, general)},
    {.rows = NULL},
};

static const struct options defaults = {
    .max = 7800 * KA_SECOND,
    .steps = 24,
    .log = "kasniff-audit.log",
};

/* A file named on the command line must exist, those in the usual places need not. */
static int load_products(const struct options *options, struct ka_products *products,
                         struct ka_error *error)
{
    if (ka_products_load_usual(products, error) < 0)
        return -1;
    if (options->products == NULL)
        return 0;
    if (access(options->products, R_OK) != 0)
        return ka_error_set(error, "cannot read the products in %s: %s", options->products,
                            strerror(errno));
    return ka_products_load(products, options->products, error);
}

static uint32_t side_bits(unsigned first)
{
    static const uint32_t bits[] = {[FIRST_BOTH] =
                                        1u << KA_SPEAKER_CLIENT | 1u << KA_SPEAKER_SERVER,
                                    [FIRST_CLIENT] = 1u << KA_SPEAKER_CLIENT,
                                    [FIRST_SERVER] = 1u << KA_SPEAKER_SERVER};
    return bits[first];
}

static int conclude(struct ka_audit_view *view, const struct ka_audit_result *result)
{
    if (ka_audit_view_conclude(view, result))
        return KA_EXIT_DONE;
    return result->end == KA_AUDIT_DONE ? EXIT_NO_EXPIRY : KA_EXIT_FAILED;
}

/* The hop search needs a silence that our own words do not survive. */
static int search_hops(struct ka_locate *locate, struct ka_audit_injection *injection,
                       struct ka_audit_view *view, const struct ka_audit_result *result,
                       uint64_t id, struct ka_error *error)
{
    for (size_t i = 0; i < result->count && result->end == KA_AUDIT_DONE; i++) {
        const struct ka_series *series = &result->series[i];
        ka_time died = series->bracket.died;
        bool closed = series->bracket.after == KA_AFTER_CLOSED;
        if (series->arm == KA_ARM_SILENT && series->first_speaker == KA_SPEAKER_CLIENT &&
            died != KA_TIME_NONE && !closed)
            return ka_locate_run(locate, injection, &view->report, result->plain, id,
                                 died + died / 10 + KA_SECOND / 2, ka_signals_stop, error);
    }
    ka_audit_findings_tell(&view->report, "not-located", NULL, 0,
                           "where the path forgets shows only when the client's words die after a "
                           "silence, which they did not");
    return 0;
}

static int give_up_root(void *context, struct ka_error *error)
{
    (void)context;
    return ka_privileges_drop_but(KA_NEEDS_CONNECT, error);
}

static int give_up_all_but_numbers(void *context, struct ka_error *error)
{
    (void)context;
    return ka_privileges_drop_but(KA_NEEDS_CONNECT | KA_NEEDS_NUMBERS, error);
}

/* The shortest silence where none was asked for: one below the longest in any case. */
static ka_time shortest(const struct options *options)
{
    if (options->min != 0)
        return options->min;
    return options->max > 10 * KA_SECOND ? 10 * KA_SECOND : options->max / 10;
}

static int make_config(const struct options *options, const struct ka_endpoint *to,
                       struct ka_audit_view *view, struct ka_audit_config *out,
                       struct ka_error *error)
{
    static const uint32_t all_arms =
        1u << KA_ARM_SILENT | 1u << KA_ARM_KEEPALIVE_0 | 1u << KA_ARM_DATA;
    *out = (struct ka_audit_config){
        .to = *to,
        .plan = {.min = shortest(options),
                 .max = options->max,
                 .precision = options->precision,
                 .steps = (unsigned)options->steps},
        .arms = options->arms != 0 ? options->arms : all_arms,
        .first_speakers = side_bits(options->first_speaker),
        .refreshers = side_bits(options->refresher),
        .stop = ka_signals_stop,
        .known = ka_audit_view_known,
        .progress = ka_audit_view_progress,
        .ready = give_up_root,
        .context = view,
    };
    return ka_random_fill(&out->id, sizeof(out->id), error);
}

/* Writes out what the run has told, and the settings that follow from it. */
static int finish_output(const struct options *options, const struct ka_audit_view *view,
                         const struct ka_audit_result *result, struct ka_error *error)
{
    if (ka_output_flush(view->output, error) < 0)
        return -1;
    if (!options->form.json && !options->quiet)
        ka_audit_view_settings(result);
    if (fflush(stdout) != 0 || ferror(stdout))
        return ka_error_set(error, "cannot write to standard output: %s", strerror(errno));
    return 0;
}

static int run_audit(const struct options *options, const struct ka_endpoint *to,
                     struct ka_error *error)
{
    struct ka_products products = {.items = NULL};
    struct ka_audit_injection *injection = NULL;
    struct ka_audit_injector injector;
    struct ka_locate *locate = NULL;
    struct ka_audit_result result = {.count = 0};
    struct ka_audit_view view = {.on_terminal = !options->quiet && isatty(STDERR_FILENO)};
    struct ka_output_options form = {.form = options->form.json ? KA_OUTPUT_JSON : KA_OUTPUT_TEXT,
                                     .line_buffered = true};
    struct ka_audit_config config;
    int status = KA_EXIT_FAILED;
    if (make_config(options, to, &view, &config, error) < 0)
        return status;
    if (options->locate && (locate = ka_locate_open(to, error)) == NULL)
        return status;
    if ((config.arms >> KA_ARM_KEEPALIVE_1 & 1) || options->locate) {
        injection = ka_audit_injection_start(to, options->log, &injector, error);
        if (injection == NULL)
            goto out;
        config.injector = &injector;
        config.ready = give_up_all_but_numbers;
    }
    if (load_products(options, &products, error) < 0 ||
        ka_output_create(stdout, &form, &view.output, error) < 0)
        goto out;
    view.report = (struct ka_audit_report){
        .far = *to, .products = &products, .sink = ka_output_sink(view.output)};
    if (ka_audit_run(&config, &result, error) < 0)
        goto out;
    status = conclude(&view, &result);
    if (locate != NULL && search_hops(locate, injection, &view, &result, config.id, error) < 0)
        status = KA_EXIT_FAILED;
    if (finish_output(options, &view, &result, error) < 0)
        status = KA_EXIT_FAILED;
out:
    ka_locate_close(locate);
    if (ka_audit_injection_stop(injection, error) < 0)
        status = KA_EXIT_FAILED;
    ka_audit_fini(&result);
    ka_output_free(view.output);
    ka_products_fini(&products);
    return status;
}

static int run(const void *given, const struct ka_texts *words, struct ka_error *error)
{
    const struct options *options = given;
    struct ka_endpoint to;
    if ((options->listen != NULL) == (words->count == 1) || words->count > 1) {
        ka_error_set(error,
                     "say where the far end is (10.0.0.1:5432), or be it with --listen PORT");
        return KA_EXIT_USAGE;
    }
    if (options->listen == NULL && ka_endpoint_parse(words->items[0], &to, error) < 0)
        return KA_EXIT_USAGE;
    if (options->listen == NULL && ka_addr_is_unusable(&to.addr)) {
        ka_error_set(error, "the far end is no single host: broadcast, multicast and 0 are none");
        return KA_EXIT_USAGE;
    }
    if (options->listen == NULL && ka_addr_is_link_local(&to.addr)) {
        ka_error_set(error, "the far end's address is link-local (fe80::/10), which audits cannot "
                            "use: name a global or unique local one");
        return KA_EXIT_USAGE;
    }
    if (options->min > options->max) {
        ka_error_set(error, "--min is above --max: no silence is left to try");
        return KA_EXIT_USAGE;
    }
    if (ka_signals_install(error) < 0)
        return KA_EXIT_FAILED;
    return options->listen != NULL ? ka_audit_listen(options->listen, error)
                                   : run_audit(options, &to, error);
}

const struct ka_command ka_command_audit = {
    .name = "audit",
    .summary = "Measures how long the path remembers an idle connection, and what happens then",
    .synopsis = "[OPTIONS] HOST:PORT | --listen [ADDR:]PORT",
    .notes = "Opens connections of its own to HOST:PORT (an address, not a name) and leaves each\n"
             "silent for its own time. The far end is best another kasniff with --listen; any TCP\n"
             "server that tolerates idle connections will do. Exit status: 0 measured, 1 failed,\n"
             "2 wrong usage, 3 no expiry within the range.\n",
    .sets = sets,
    .defaults = &defaults,
    .options_size = sizeof(struct options),
    .run = run,
};
