/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kasniff probe --all: every idle connection that is known here.
 */
#include "cli/probe_session.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/privileges.h"
#include "cli/probe_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The words as one filter; "tcp" where there are none. The caller frees it. */
static char *join(const struct ka_texts *words)
{
    struct ka_text text = ka_text_growing();
    for (size_t i = 0; i < words->count; i++) {
        ka_text_put_string(&text, words->items[i]);
        ka_text_put_char(&text, ' ');
    }
    if (words->count == 0)
        ka_text_put_string(&text, "tcp");
    ka_text_put_char(&text, '\0');
    if (!text.overflow)
        return text.bytes;
    ka_text_free(&text);
    return NULL;
}

static bool sides_have(const struct ka_conn *conn, unsigned flag)
{
    return (conn->side[0].flags & conn->side[1].flags & flag) != 0;
}

/* Something that can be asked about: not a mere attempt to connect, and not over. */
static bool is_candidate(const struct ka_known_conn *entry)
{
    const struct ka_conn *conn = entry->conn;
    if (entry->side[0].local || entry->side[1].local)
        return true;
    bool reset = ((conn->side[0].flags | conn->side[1].flags) & KA_SIDE_RST) != 0;
    return sides_have(conn, KA_SIDE_ACKED) && !sides_have(conn, KA_SIDE_FIN) && !reset;
}

/* The end that is not here; where neither or both are, the one more in doubt. */
static unsigned choose_side(const struct ka_known_conn *entry)
{
    if (entry->side[0].local != entry->side[1].local)
        return entry->side[0].local;
    return ka_risk_first(entry, !ka_conn_client(entry->conn), ka_clock_wall());
}

static int add_all(struct ka_probe_session *session, struct ka_error *error)
{
    struct ka_known_conn *entry;
    for (uint32_t i = 0; (entry = ka_known_at(session->known, i)) != NULL; i++) {
        if (!is_candidate(entry))
            continue;
        if (ka_prober_add(session->prober, entry, choose_side(entry), session->options->both) ==
            NULL)
            return ka_error_set(error, "cannot ask %u connections: out of memory", i);
    }
    return 0;
}

static void show_progress(void *context)
{
    const struct ka_probe_session *session = context;
    struct ka_prober_counts counts = ka_prober_counts(session->prober);
    if (session->options->quiet || isatty(STDERR_FILENO) == 0)
        return;
    fprintf(stderr, "\r\033[K%u of %u connection%s judged, %llu probe%s, %llu answered",
            counts.ended, counts.dialogues, ka_text_plural(counts.dialogues),
            (unsigned long long)counts.sent, ka_text_plural(counts.sent),
            (unsigned long long)counts.answered);
    fflush(stderr);
}

static int worst_status(const struct ka_prober *prober)
{
    int status = KA_EXIT_DONE;
    const struct ka_dialogue *dialogue;
    for (uint32_t i = 0; (dialogue = ka_prober_at(prober, i)) != NULL; i++) {
        bool not_asked = dialogue->end == KA_DIALOGUE_RISKY ||
                         dialogue->end == KA_DIALOGUE_FAILED || dialogue->end == KA_DIALOGUE_OPEN;
        if (not_asked)
            status = ka_verdict_worse_exit(status, KA_EXIT_FAILED);
        if (dialogue->judged)
            status = ka_verdict_worse_exit(
                status, ka_verdict_exit((enum ka_verdict)dialogue->verdict.verdict));
    }
    return status;
}

static int report(struct ka_probe_session *session, ka_time took, struct ka_error *error)
{
    const struct ka_probe_options *options = session->options;
    FILE *figures = options->form.json ? stderr : stdout;
    uint64_t dropped = 0;
    if (!options->quiet && isatty(STDERR_FILENO) != 0)
        fputs("\r\033[K", stderr);
    if (!options->form.json && ka_probe_table_write(stdout, session->prober) < 0)
        return ka_error_set(error, "cannot write the table: out of memory");
    if (!options->quiet)
        ka_probe_summary_write(figures, session->prober, took);
    if (ka_known_left_out(session->known) > 0)
        fprintf(stderr, "kasniff: %llu connection%s had no room and %s left out\n",
                (unsigned long long)ka_known_left_out(session->known),
                ka_text_plural(ka_known_left_out(session->known)),
                ka_known_left_out(session->known) == 1 ? "was" : "were");
    if (ka_tap_dropped(session->tap, &dropped) && dropped > 0)
        fprintf(stderr,
                "kasniff: %llu packet%s dropped: an answer in what was lost counts as silence\n",
                (unsigned long long)dropped, dropped == 1 ? " was" : "s were");
    if (ka_output_flush(session->output, error) < 0)
        return -1;
    if (fflush(stdout) != 0 || ferror(stdout))
        return ka_error_set(error, "cannot write to standard output: %m");
    return 0;
}

static int run_session(struct ka_probe_session *session, struct ka_error *error)
{
    static const char *const anyone[] = {"0.0.0.0/0", "::/0"};
    const struct ka_probe_options *options = session->options;
    bool quiet = !options->verbose && !options->form.json;
    if (ka_probe_session_open(session, error) < 0 || ka_probe_session_local(session, error) < 0 ||
        ka_probe_session_helper(session, anyone, 2, error) < 0 ||
        ka_privileges_drop(NULL, error) < 0 || ka_probe_session_read(session, true, error) < 0 ||
        ka_probe_session_start(session, true, quiet, show_progress, error) < 0)
        return KA_EXIT_FAILED;
    if (ka_prober_learn(session->prober, options->sniff, NULL, NULL, error) < 0 ||
        add_all(session, error) < 0)
        return KA_EXIT_FAILED;
    ka_time began = ka_clock_monotonic();
    if (ka_prober_run(session->prober, error) < 0 ||
        report(session, ka_clock_monotonic() - began, error) < 0)
        return KA_EXIT_FAILED;
    return worst_status(session->prober);
}

int ka_probe_many(const struct ka_probe_options *options, const struct ka_texts *words,
                  struct ka_error *error)
{
    struct ka_probe_session session = {.options = options};
    char *filter = join(words);
    if (filter == NULL) {
        ka_error_set(error, "cannot read the filter: out of memory");
        return KA_EXIT_FAILED;
    }
    session.filter = filter;
    int status = run_session(&session, error);
    status = ka_probe_session_close(&session, status, error);
    free(filter);
    return status;
}
