/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/audit.h"

#include "audit/advice.h"
#include "audit/engine.h"
#include "audit/findings.h"
#include "audit/products.h"
#include "cli/audit_inject.h"
#include "cli/audit_listen.h"
#include "cli/signals.h"
#include "output/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* audit's own exit status beside those of all commands. */
enum { EXIT_NO_EXPIRY = 3 };

enum first { FIRST_BOTH, FIRST_CLIENT, FIRST_SERVER };

struct options {
    struct ka_general general;
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
    bool json;
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
     .help = "shortest silence tried (10s)"},
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
     .help = "where each packet of the keepalive-1 arm is noted (kasniff-audit.log)"},
    {.name = "json",
     .kind = KA_ARG_FLAG,
     .offset = AT(json),
     .group = "Output",
     .help = "one JSON object a line"},
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
    {ka_general_rows, offsetof(struct options, general)},
    {.rows = NULL},
};

static const struct options defaults = {
    .min = 10 * KA_SECOND,
    .max = 7800 * KA_SECOND,
    .steps = 24,
    .log = "kasniff-audit.log",
};

/* What the callbacks of an audit need. */
struct view {
    const struct options *options;
    struct ka_output *output;
    struct ka_audit_report report;
    bool on_terminal; /* a progress line stands on standard error */
    bool told[KA_SERIES_MAX];
};

static ka_time time_of_day(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (ka_time)now.tv_sec * KA_SECOND + now.tv_nsec;
}

static bool stopped(void *context)
{
    (void)context;
    return ka_signals_take() == KA_SIGNAL_STOP;
}

static void clear_progress(const struct view *view)
{
    if (view->on_terminal)
        fputs("\r\033[K", stderr);
}

static void tell(struct view *view, const struct ka_audit_result *result, size_t index)
{
    if (view->told[index])
        return;
    view->told[index] = true;
    clear_progress(view);
    view->report.time = time_of_day();
    view->report.near = result->near;
    ka_findings_series(&view->report, result, &result->series[index]);
}

/* A series is sure: it is told at once. But a silent one that saw no death waits for the other
 * speaker's, which may show that the path healed. */
static void series_known(void *context, const struct ka_audit_result *result,
                         const struct ka_series *series)
{
    struct view *view = context;
    bool all_silent = true;
    for (size_t i = 0; i < result->count; i++)
        all_silent &= result->series[i].arm != KA_ARM_SILENT || result->series[i].done;
    for (size_t i = 0; i < result->count; i++) {
        const struct ka_series *each = &result->series[i];
        bool certain =
            each == series && (each->arm != KA_ARM_SILENT || each->bracket.died != KA_TIME_NONE);
        if (certain || (all_silent && each->arm == KA_ARM_SILENT))
            tell(view, result, i);
    }
    ka_output_flush(view->output, NULL);
}

/* The narrowest thing known already, for the progress line. */
static void put_known(const struct ka_audit_result *result)
{
    for (size_t i = 0; i < result->count; i++) {
        const struct ka_series *series = &result->series[i];
        char survived[KA_TIME_TEXT_SIZE];
        char died[KA_TIME_TEXT_SIZE];
        if (series->arm != KA_ARM_SILENT || series->count == 0)
            continue;
        ka_duration_text(series->bracket.survived, survived);
        ka_duration_text(series->bracket.died, died);
        fprintf(stderr, "; %s first: lived %s, died %s", first_value(series->first_speaker + 1u),
                survived, series->bracket.died == KA_TIME_NONE ? "-" : died);
    }
}

static void show_progress(void *context, const struct ka_audit_progress *progress)
{
    const struct view *view = context;
    char elapsed[KA_TIME_TEXT_SIZE];
    char left[KA_TIME_TEXT_SIZE];
    if (!view->on_terminal)
        return;
    ka_duration_text(progress->elapsed, elapsed);
    ka_duration_text(progress->left, left);
    clear_progress(view);
    fprintf(stderr, "%s: %u judged, %u waiting, this pass %s more at most", elapsed,
            progress->judged, progress->pending, left);
    put_known(progress->result);
    fflush(stderr);
}

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

static void print_settings(const struct ka_audit_result *result)
{
    struct ka_bracket worst = ka_findings_worst(result);
    char buffer[KA_ADVICE_TEXT_SIZE];
    struct ka_setting setting;
    ka_time idle = ka_advice_idle(&worst);
    if (worst.died == KA_TIME_NONE || idle == KA_TIME_NONE)
        return;
    printf("\nSettings for this path:\n");
    for (size_t i = 0; ka_advice_setting(i, idle, ka_advice_interval(idle), 5, buffer, &setting);
         i++) {
        printf("%s:\n", setting.subject);
        for (const char *line = setting.text; *line != '\0';) {
            int length = (int)strcspn(line, "\n");
            printf("  %.*s\n", length, line);
            line += length + (line[length] == '\n');
        }
    }
}

/* Tells what was not told yet, and decides how it went. */
static int conclude(struct view *view, const struct ka_audit_result *result)
{
    bool died = false;
    view->report.time = time_of_day();
    view->report.near = result->near;
    clear_progress(view);
    for (size_t i = 0; i < result->count; i++) {
        died |= result->series[i].bracket.died != KA_TIME_NONE;
        tell(view, result, i);
    }
    ka_findings_all(&view->report, result);
    if (died)
        return KA_EXIT_DONE;
    return result->end == KA_AUDIT_DONE ? EXIT_NO_EXPIRY : KA_EXIT_FAILED;
}

static uint32_t side_bits(unsigned first)
{
    static const uint32_t bits[] = {[FIRST_BOTH] =
                                        1u << KA_SPEAKER_CLIENT | 1u << KA_SPEAKER_SERVER,
                                    [FIRST_CLIENT] = 1u << KA_SPEAKER_CLIENT,
                                    [FIRST_SERVER] = 1u << KA_SPEAKER_SERVER};
    return bits[first];
}

static const uint32_t all_arms = 1u << KA_ARM_SILENT | 1u << KA_ARM_KEEPALIVE_0 | 1u << KA_ARM_DATA;

static int run_audit(const struct options *options, const struct ka_endpoint *to,
                     struct ka_error *error)
{
    struct ka_products products = {.items = NULL};
    struct ka_audit_injection *injection = NULL;
    struct ka_audit_injector injector;
    struct ka_audit_result result = {.count = 0};
    struct view view = {.options = options,
                        .on_terminal = !options->quiet && isatty(STDERR_FILENO)};
    struct ka_output_options form = {.form = options->json ? KA_OUTPUT_JSON : KA_OUTPUT_TEXT,
                                     .line_buffered = true};
    struct ka_audit_config config = {
        .to = *to,
        .plan = {.min = options->min,
                 .max = options->max,
                 .precision = options->precision,
                 .steps = (unsigned)options->steps},
        .arms = options->arms != 0 ? options->arms : all_arms,
        .first_speakers = side_bits(options->first_speaker),
        .refreshers = side_bits(options->refresher),
        .stop = stopped,
        .known = series_known,
        .progress = show_progress,
        .context = &view,
    };
    int status = KA_EXIT_FAILED;
    if (getrandom(&config.id, sizeof(config.id), 0) != (ssize_t)sizeof(config.id)) {
        ka_error_set(error, "cannot get random bytes: %s", strerror(errno));
        return status;
    }
    if (config.arms >> KA_ARM_KEEPALIVE_1 & 1) {
        injection = ka_audit_injection_start(to, options->log, &injector, error);
        if (injection == NULL)
            return status;
        config.injector = &injector;
    }
    if (load_products(options, &products, error) < 0 ||
        ka_output_create(stdout, &form, &view.output, error) < 0)
        goto out;
    view.report = (struct ka_audit_report){
        .far = *to, .products = &products, .sink = ka_output_sink(view.output)};
    if (ka_audit_run(&config, &result, error) < 0)
        goto out;
    status = conclude(&view, &result);
    if (ka_output_flush(view.output, error) < 0) {
        status = KA_EXIT_FAILED;
        goto out;
    }
    if (!options->json && !options->quiet)
        print_settings(&result);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        ka_error_set(error, "cannot write to standard output: %s", strerror(errno));
        status = KA_EXIT_FAILED;
    }
out:
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
