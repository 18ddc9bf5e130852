/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A NAT forgot the connection: what its sender said next came from another port or address, which
 * the other end does not know. How long it was silent is the most that the NAT remembers an idle
 * connection, unless it lost its table for another reason.
 *
 * Where the other end takes the newcomer, no NAT forgot anything: TCP knows no such move. It is the
 * same connection seen at another place, in a capture made of several. So it is where nothing was
 * answered, but the segments have passed another number of hops.
 */
#include "analyzers/finding.h"

/* Whose segment it is. */
static struct ka_words name_of(const struct ka_mark *mark)
{
    struct ka_words words;
    struct ka_endpoint endpoint = {
        .addr = ka_addr_make(mark->key.family, mark->key.addr[mark->side]),
        .port = mark->key.port[mark->side],
    };
    ka_endpoint_text(&endpoint, words.text);
    return words;
}

static const char *advise(const struct ka_case *about, ka_time idle)
{
    const struct ka_rebinding *rebinding = &about->rebinding;
    if (idle < KA_IDLE_LEAST_S * KA_SECOND || ka_case_outlived(about, idle))
        return "the NAT or firewall lost its table rather than patience: look for its restart, a "
               "failover that does not hand connections over, or a full table";
    if (rebinding->to.seq + 1 == rebinding->from.seq) /* a probe */
        return "lower the keepalive time (TCP_KEEPIDLE) well below that silence, which is the most "
               "that the NAT's idle timeout can be, or raise that timeout";
    return "turn keepalive on (SO_KEEPALIVE, TCP_KEEPIDLE) with a time well below that silence, "
           "which is the most that the NAT's idle timeout can be, or raise that timeout";
}

bool ka_find_nat_rebinding(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    static const char *const answers[] = {
        [KA_NEWCOMER_IGNORED] = "has not answered that",
        [KA_NEWCOMER_RESET] = "knows no such connection and reset it",
        [KA_NEWCOMER_TAKEN] = "goes on with it",
    };
    const struct ka_mark *from = &about->rebinding.from;
    const struct ka_mark *to = &about->rebinding.to;
    bool is_former = from->flow_id == about->conn->flow_id;
    bool elsewhere = ka_rebinding_is_elsewhere(&about->rebinding);
    if (from->flow_id == 0 || side != (is_former ? from : to)->side)
        return false;
    ka_time idle = to->time - from->time;
    ka_finding_say(event, elsewhere ? KA_SEVERITY_NOTE : KA_SEVERITY_ERROR,
                   "%s (#%u) came back as %s (#%u) after a silence of %s: %s; %s %s",
                   name_of(from).text, from->flow_id, name_of(to).text, to->flow_id,
                   ka_words_duration(idle).text,
                   elsewhere ? "one connection, seen before and behind a NAT" : "a NAT forgot it",
                   ka_words_endpoint(about->conn, !side).text, answers[to->answer]);
    ka_finding_at(event, to->time, ka_frame_ref(to->frame, to->input));
    ka_finding_frame(event, ka_frame_ref(from->frame, from->input));
    ka_finding_frame(event, ka_frame_ref(to->frame, to->input));
    ka_finding_frame(event, to->answer_frame);
    ka_finding_seconds(event, "idle_s", idle);
    ka_finding_seconds(event, "survived_s", ka_case_survived(about));
    if (from->ttl != to->ttl) {
        ka_finding_figure(event, "old_ttl", from->ttl);
        ka_finding_figure(event, "new_ttl", to->ttl);
    }
    ka_finding_figure(event, "old_flow_id", from->flow_id);
    ka_finding_figure(event, "new_flow_id", to->flow_id);
    if (!elsewhere)
        event->finding.advice = advise(about, idle);
    return true;
}
