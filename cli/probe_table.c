/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/probe_table.h"

#include "base/text.h"
#include "events/names.h"

#include <inttypes.h>
#include <stdlib.h>

/* The verdicts as the summary counts them, best first. */
static const uint8_t order[] = {KA_VERDICT_ALIVE,  KA_VERDICT_DOUBTFUL,    KA_VERDICT_RESET,
                                KA_VERDICT_SILENT, KA_VERDICT_UNREACHABLE, KA_VERDICT_UNKNOWN};

/* How many dialogues ended how. */
struct tally {
    uint32_t verdicts[KA_VERDICT_COUNT];
    uint32_t ends[KA_DIALOGUE_END_COUNT];
};

static struct tally count_ends(const struct ka_prober *prober)
{
    struct tally tally = {.verdicts = {0}};
    const struct ka_dialogue *dialogue;
    for (uint32_t i = 0; (dialogue = ka_prober_at(prober, i)) != NULL; i++) {
        tally.ends[dialogue->end]++;
        if (dialogue->judged)
            tally.verdicts[dialogue->verdict.verdict]++;
    }
    return tally;
}

/* What the last column's reason is about. */
static const char *state_of(const struct ka_dialogue *dialogue)
{
    return dialogue->judged ? ka_names_verdict[dialogue->verdict.verdict] : "not asked";
}

static const char *reason_of(const struct ka_dialogue *dialogue)
{
    if (dialogue->judged)
        return dialogue->verdict.why;
    return dialogue->end == KA_DIALOGUE_RISKY ? "the other end is not known to be there (--yes)"
                                              : dialogue->why;
}

static int badness(const struct ka_dialogue *dialogue)
{
    if (!dialogue->judged)
        return -1;
    return ka_verdict_exit((enum ka_verdict)dialogue->verdict.verdict) * 2 +
           (dialogue->verdict.verdict == KA_VERDICT_DOUBTFUL);
}

static int compare(const void *a, const void *b)
{
    const struct ka_dialogue *const *one = a;
    const struct ka_dialogue *const *other = b;
    int difference = badness(*other) - badness(*one);
    if (difference != 0)
        return difference;
    return (*one)->entry->conn->flow_id < (*other)->entry->conn->flow_id ? -1 : 1;
}

static void write_line(FILE *stream, const struct ka_dialogue *dialogue)
{
    char from[KA_ENDPOINT_TEXT_SIZE];
    char to[KA_ENDPOINT_TEXT_SIZE];
    char rtt[KA_TIME_TEXT_SIZE] = "-";
    struct ka_endpoint ends[2] = {ka_known_end(dialogue->entry, 0),
                                  ka_known_end(dialogue->entry, 1)};
    ka_endpoint_text(&ends[!dialogue->to], from);
    ka_endpoint_text(&ends[dialogue->to], to);
    if (dialogue->judged && dialogue->verdict.rtt != KA_TIME_NONE)
        ka_duration_text(dialogue->verdict.rtt, rtt);
    fprintf(stream, "%-11s  %-24s  %-24s  %2u/%-2u  %8s  %s\n", state_of(dialogue), to, from,
            dialogue->verdict.answered, dialogue->verdict.sent, rtt, reason_of(dialogue));
}

int ka_probe_table_write(FILE *stream, const struct ka_prober *prober)
{
    struct ka_prober_counts counts = ka_prober_counts(prober);
    const struct ka_dialogue **list = calloc(counts.dialogues + 1, sizeof(*list));
    size_t count = 0;
    if (list == NULL)
        return -1;
    for (uint32_t i = 0; i < counts.dialogues; i++) {
        const struct ka_dialogue *dialogue = ka_prober_at(prober, i);
        if (dialogue->judged || dialogue->end == KA_DIALOGUE_RISKY ||
            dialogue->end == KA_DIALOGUE_FAILED)
            list[count++] = dialogue;
    }
    qsort(list, count, sizeof(*list), compare);
    if (count > 0)
        fprintf(stream, "%-11s  %-24s  %-24s  %5s  %8s  %s\n", "VERDICT", "ASKED", "OTHER END",
                "ANSW.", "RTT", "WHY");
    for (size_t i = 0; i < count; i++)
        write_line(stream, list[i]);
    free(list);
    return 0;
}

void ka_probe_summary_write(FILE *stream, const struct ka_prober *prober, ka_time took)
{
    struct tally tally = count_ends(prober);
    struct ka_prober_counts counts = ka_prober_counts(prober);
    const char *separator = "";
    fprintf(stream, "%u connection%s%s", counts.dialogues, ka_text_plural(counts.dialogues),
            counts.dialogues > 0 ? ": " : " to ask about: none here that is known and fits");
    for (size_t i = 0; i < sizeof(order); i++) {
        if (tally.verdicts[order[i]] == 0)
            continue;
        fprintf(stream, "%s%u %s", separator, tally.verdicts[order[i]], ka_names_verdict[order[i]]);
        separator = ", ";
    }
    if (tally.ends[KA_DIALOGUE_BUSY] > 0) {
        fprintf(stream, "%s%u in use, left alone", separator, tally.ends[KA_DIALOGUE_BUSY]);
        separator = ", ";
    }
    uint32_t not_asked = tally.ends[KA_DIALOGUE_RISKY] + tally.ends[KA_DIALOGUE_FAILED];
    if (not_asked > 0)
        fprintf(stream, "%s%u not asked", separator, not_asked);
    fprintf(stream, "\n%" PRIu64 " probe%s in %.1f s, %" PRIu64 " answered\n", counts.sent,
            ka_text_plural(counts.sent), (double)took / (double)KA_SECOND, counts.answered);
    if (tally.ends[KA_DIALOGUE_OPEN] > 0)
        fprintf(stream, "interrupted: %u without a verdict\n", tally.ends[KA_DIALOGUE_OPEN]);
}
