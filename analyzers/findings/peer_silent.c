/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The capture ends, or the connection does, while probes, or data that is sent again and again,
 * stay without an answer: dying, but not judged dead. False positives: the answers were lost in the
 * capture.
 */
#include "analyzers/finding.h"

#include "base/text.h"

enum { RESENT_LEAST = 3, RESENT_S = 3 };

/* Data into the void; after a long idle time killed.c tells of it. */
static bool find_unheard_data(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_resending *resending = &about->history->resending[!side];
    const struct ka_gap *death = ka_case_death(about);
    ka_time heard = about->conn->side[side].last_sent;
    bool idled = death != NULL && death->length >= KA_IDLE_LEAST_S * KA_SECOND;
    if (resending->since == KA_TIME_NONE || resending->count < RESENT_LEAST ||
        resending->last - resending->since < RESENT_S * KA_SECOND || about->summary->one_way ||
        heard == KA_TIME_NONE || idled || about->history->loss[side].time != KA_TIME_NONE)
        return false;
    ka_time since = ka_time_between(heard, about->now);
    ka_finding_say(event, KA_SEVERITY_WARNING,
                   "nothing comes from %s any more: data of %s was sent again %u times within %s "
                   "and not acknowledged; last heard %s before the end of the capture",
                   ka_words_endpoint(about->conn, side).text,
                   ka_words_endpoint(about->conn, !side).text, resending->count,
                   ka_words_duration(resending->last - resending->since).text,
                   ka_words_duration(since).text);
    ka_finding_at(event, resending->since, resending->frame);
    ka_finding_frame(event, about->history->last_frame[side]);
    ka_finding_frame(event, resending->frame);
    ka_finding_frame(event, about->history->last_frame[!side]);
    ka_finding_seconds(event, "silent_s", since);
    ka_finding_figure(event, "resent", resending->count);
    event->finding.advice =
        "the host or the path failed under way, idle or not: keepalive does not "
        "probe while data waits; TCP_USER_TIMEOUT bounds how long that takes";
    return true;
}

/* What the unanswered probes of the other side mean beyond the silence. */
static void advise(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_prober *prober = about->prober[!side];
    if (prober != NULL && (prober->flags & KA_PROBER_NO_STAMPS) != 0 && prober->answered == 0)
        event->finding.advice =
            "the probes came without the connection's timestamps: a peer that insists on them "
            "(RFC 7323 3.2) discards such probes, and may be alive";
    if (!ka_case_is_shortened(about, side))
        return;
    ka_finding_seconds(event, "shortened_to_s", KA_SHORTENED);
    if (event->finding.advice == NULL)
        event->finding.advice =
            "so many probes without an answer shorten the timer of firewalls: Linux forgets the "
            "connection 300 s after the last of them, whatever its idle timeout; a peer that "
            "comes back later may not get through";
}

bool ka_find_peer_silent(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_loss *loss = &about->history->loss[side];
    if (ka_case_came_back(about, side))
        return false;
    if (about->state[side] != KA_PEER_SILENT || loss->time == KA_TIME_NONE)
        return find_unheard_data(about, side, event);
    ka_time since = ka_time_between(loss->last_heard, about->now);
    ka_finding_say(
        event, KA_SEVERITY_WARNING,
        "%s no longer answers: %u probe%s of %s without an answer when the capture of the "
        "connection ended, last heard %s before",
        ka_words_endpoint(about->conn, side).text, loss->unanswered,
        ka_text_plural(loss->unanswered), ka_words_endpoint(about->conn, !side).text,
        ka_words_duration(since).text);
    ka_finding_at(event, loss->time, loss->frame);
    ka_finding_frame(event, loss->last_frame);
    ka_finding_frame(event, loss->first_frame);
    ka_finding_frame(event, loss->frame);
    ka_finding_seconds(event, "silent_s", since);
    ka_finding_figure(event, "unanswered", loss->unanswered);
    advise(about, side, event);
    return true;
}
