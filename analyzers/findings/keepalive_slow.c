/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Keepalive is on, but its first probe comes when the path has forgotten the connection already:
 * the probe after an idle time is what met the reset of a box between, or was the first packet to
 * vanish, with shorter silences survived before.
 */
#include "analyzers/finding.h"

enum { MUCH_LONGER = 2 };

bool ka_find_keepalive_slow(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_gap *death = ka_case_death(about);
    const struct ka_prober *prober = about->prober[side];
    const struct ka_reset *reset = &about->history->reset;
    if (death == NULL || prober == NULL || about->summary->one_way)
        return false;
    unsigned speaker = death->speaker == KA_SPEAKER_CLIENT ? about->client : !about->client;
    if (speaker != side || death->frame != about->history->first_unanswered[side])
        return false;
    ka_time survived = ka_case_survived(about);
    bool by_box = death->after == KA_AFTER_RST && reset->to_probe && ka_case_reset_by_other(about);
    bool after_shorter = death->after == KA_AFTER_SILENT && survived != KA_TIME_NONE &&
                         death->length > MUCH_LONGER * survived && prober->answered == 0;
    if (!by_box && !after_shorter)
        return false;
    ka_finding_say(
        event, KA_SEVERITY_WARNING,
        "keepalive of %s is set, but slower than the path forgets: its first probe after "
        "%s of silence met %s",
        ka_words_endpoint(about->conn, side).text, ka_words_duration(death->length).text,
        by_box ? "the reset of a box between" : "no answer, as shorter silences did");
    ka_finding_at(event, death->from + death->length, death->frame);
    ka_finding_frame(event, death->frame);
    ka_finding_seconds(event, "idle_s", death->length);
    ka_finding_seconds(event, "survived_s", survived);
    event->finding.advice = "lower the keepalive time (TCP_KEEPIDLE) well below that; default "
                            "keepalives come after two hours only";
    return true;
}
