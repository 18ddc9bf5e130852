/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/audit_view.h"

#include "audit/advice.h"
#include "audit/remedy.h"
#include "base/clock.h"

#include <stdio.h>
#include <string.h>

static void clear_progress(const struct ka_audit_view *view)
{
    if (view->on_terminal)
        fputs("\r\033[K", stderr);
}

static void tell(struct ka_audit_view *view, const struct ka_audit_result *result, size_t index)
{
    if (view->told[index])
        return;
    view->told[index] = true;
    clear_progress(view);
    view->report.time = ka_clock_wall();
    view->report.near = result->near;
    ka_audit_findings_series(&view->report, result, &result->series[index]);
}

/* A series is sure: it is told at once. But a silent one that saw no death waits for the other
 * speaker's, which may show that the path healed. */
void ka_audit_view_known(void *context, const struct ka_audit_result *result,
                         const struct ka_series *series)
{
    struct ka_audit_view *view = context;
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
        fprintf(stderr, "; %s first: lived %s, died %s",
                series->first_speaker == KA_SPEAKER_CLIENT ? "client" : "server", survived,
                series->bracket.died == KA_TIME_NONE ? "-" : died);
    }
}

void ka_audit_view_progress(void *context, const struct ka_audit_progress *progress)
{
    const struct ka_audit_view *view = context;
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

bool ka_audit_view_conclude(struct ka_audit_view *view, const struct ka_audit_result *result)
{
    bool died = false;
    clear_progress(view);
    for (size_t i = 0; i < result->count; i++) {
        died |= result->series[i].bracket.died != KA_TIME_NONE;
        tell(view, result, i);
    }
    view->report.time = ka_clock_wall();
    view->report.near = result->near;
    ka_audit_findings_all(&view->report, result);
    return died;
}

void ka_audit_view_settings(const struct ka_audit_result *result)
{
    struct ka_bracket worst = ka_audit_findings_worst(result);
    char buffer[KA_ADVICE_TEXT_SIZE];
    struct ka_setting setting;
    ka_time idle = ka_advice_idle(&worst);
    enum ka_remedy remedy = ka_remedy_judge(result);
    bool data_only = remedy == KA_REMEDY_DATA;
    if (worst.died == KA_TIME_NONE || idle == KA_TIME_NONE || remedy == KA_REMEDY_NOT_SEEN ||
        remedy == KA_REMEDY_NONE)
        return;
    printf("\nSettings for this path%s:\n", data_only ? ", where only data helps" : "");
    for (size_t i = 0; ka_advice_setting(i, idle, ka_advice_interval(idle), 5, buffer, &setting);
         i++) {
        if (data_only && !setting.sends_data)
            continue;
        printf("%s:\n", setting.subject);
        for (const char *line = setting.text; *line != '\0';) {
            int length = (int)strcspn(line, "\n");
            printf("  %.*s\n", length, line);
            line += length + (line[length] == '\n');
        }
    }
}
