/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The connection was killed on the way: a reset whose TTL is not that of the host it claims to come
 * from, a reset of which that host knows nothing, or silence to the first packets after an idle
 * time. What a keepalive prober found out is told in peer_died.c.
 */
#include "analyzers/finding.h"

enum { SAYS_MORE = 1 };

static void say_why(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_gap *death = ka_case_death(about);
    if (death != NULL)
        ka_finding_seconds(event, "idle_s", death->length);
    ka_finding_seconds(event, "survived_s", ka_case_survived(about));
    bool was_idle = death != NULL && death->length >= KA_IDLE_LEAST_S * KA_SECOND &&
                    !ka_case_outlived(about, death->length);
    if (ka_case_is_shortened(about, side)) {
        ka_finding_figure(event, "unanswered", about->history->loss[side].unanswered);
        ka_finding_seconds(event, "shortened_to_s", KA_SHORTENED);
        event->finding.advice =
            "probes without an answer shorten the timer of firewalls (Linux: to 300 s after three "
            "repetitions): this tells little of the box's idle timeout; find out why the host did "
            "not answer before";
        return;
    }
    event->finding.advice =
        was_idle ? "find the box on the path that forgets idle connections (kasniff audit measures "
                   "it), and set the keepalive time below its timeout"
                 : "find the box on the path that ends such connections: a firewall, a proxy, a "
                   "traffic shaper; the TTL tells how far away it is";
}

static bool find_reset(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_reset *reset = &about->history->reset;
    bool other = ka_case_reset_by_other(about);
    bool unknowing = reset->more >= SAYS_MORE;
    if (reset->time == KA_TIME_NONE || reset->side != side || (!other && !unknowing))
        return false;
    if (other)
        ka_finding_say(event, KA_SEVERITY_ERROR,
                       "reset by a box between, not by %s: the RST has TTL %u, that host's packets "
                       "%u%s%s",
                       ka_words_endpoint(about->conn, side).text, reset->ttl, reset->usual_ttl,
                       reset->idle >= KA_SECOND ? "; it came after an idle time of " : "",
                       reset->idle >= KA_SECOND ? ka_words_duration(reset->idle).text : "");
    else
        ka_finding_say(event, KA_SEVERITY_ERROR,
                       "a reset reached %s in the name of %s, which went on sending (%u packets): "
                       "only one side was told",
                       ka_words_endpoint(about->conn, !side).text,
                       ka_words_endpoint(about->conn, side).text, reset->more);
    ka_finding_at(event, reset->time, reset->frame);
    ka_finding_frame(event, reset->asked_frame);
    ka_finding_frame(event, reset->frame);
    ka_finding_figure(event, "ttl", reset->ttl);
    ka_finding_figure(event, "usual_ttl", reset->usual_ttl);
    say_why(about, side, event);
    return true;
}

/* Data after an idle time vanished, again and again. */
static bool find_void(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    const struct ka_gap *death = ka_case_death(about);
    if (death == NULL || death->after != KA_AFTER_SILENT ||
        death->length < KA_IDLE_LEAST_S * KA_SECOND ||
        about->history->loss[side].time != KA_TIME_NONE)
        return false;
    unsigned speaker = death->speaker == KA_SPEAKER_CLIENT ? about->client : !about->client;
    const struct ka_resending *resending = &about->history->resending[speaker];
    if (side == speaker || resending->most < 2)
        return false;
    ka_finding_say(event, KA_SEVERITY_ERROR,
                   "nothing of %s came after an idle time of %s: data of %s was sent %u times into "
                   "the void for %s",
                   ka_words_endpoint(about->conn, side).text, ka_words_duration(death->length).text,
                   ka_words_endpoint(about->conn, speaker).text, resending->most + 1,
                   ka_words_duration(resending->longest).text);
    ka_finding_at(event, death->from + death->length, death->frame);
    ka_finding_frame(event, about->history->last_frame[side]);
    ka_finding_frame(event, death->frame);
    ka_finding_frame(event, about->history->last_frame[speaker]);
    ka_finding_figure(event, "resent", resending->most);
    say_why(about, side, event);
    event->finding.advice =
        "a box on the path forgot the idle connection, or the host was gone by then, "
        "which a new connection tells; kasniff audit measures what the path forgets, "
        "and a keepalive time below that keeps it";
    return true;
}

bool ka_find_killed(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    if (about->summary->one_way)
        return false;
    return find_reset(about, side, event) || find_void(about, side, event);
}
