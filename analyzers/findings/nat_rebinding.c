/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A NAT forgot the connection: what its sender said next came from another port or address, which
 * the other end does not know. How long it was silent is the most that the NAT remembers an idle
 * connection, unless it lost its table for another reason.
 *
 * Where the other end takes the newcomer, no NAT forgot anything: TCP knows no such move. It is the
 * same connection seen at another place, in a capture made of several.
 */
#include "analyzers/finding.h"

/* Its sender. */
static struct ka_words new_name(const struct ka_newcomer *moved)
{
    struct ka_words words;
    struct ka_endpoint endpoint = {
        .addr = ka_addr_make(moved->key.family, moved->key.addr[moved->side]),
        .port = moved->key.port[moved->side],
    };
    ka_endpoint_text(&endpoint, words.text);
    return words;
}

static void say_advice(const struct ka_case *about, ka_time idle, struct ka_event *event)
{
    const struct ka_side *sender = &about->conn->side[about->mover];
    if (idle < KA_IDLE_LEAST_S * KA_SECOND || ka_case_outlived(about, idle))
        event->finding.advice = "the NAT or firewall lost its table rather than patience: look for "
                                "its restart, a failover that does not hand connections over, or a "
                                "full table";
    else if (about->moved->seq + 1 == ka_side_next(sender)) /* a probe */
        event->finding.advice = "lower the keepalive time (TCP_KEEPIDLE) well below that silence, "
                                "which is the most that the NAT's idle timeout can be, or raise "
                                "that timeout";
    else
        event->finding.advice = "turn keepalive on (SO_KEEPALIVE, TCP_KEEPIDLE) with a time well "
                                "below that silence, which is the most that the NAT's idle timeout "
                                "can be, or raise that timeout";
}

bool ka_find_nat_rebinding(const struct ka_case *about, unsigned side, struct ka_event *event)
{
    static const char *const answers[] = {
        [KA_NEWCOMER_IGNORED] = "has not answered that",
        [KA_NEWCOMER_RESET] = "knows no such connection and reset it",
        [KA_NEWCOMER_TAKEN] = "goes on with it",
    };
    const struct ka_newcomer *moved = about->moved;
    if (moved == NULL || about->mover != side)
        return false;
    bool taken = moved->answer == KA_NEWCOMER_TAKEN;
    ka_time idle = moved->time - about->conn->side[side].last_sent;
    ka_finding_say(event, taken ? KA_SEVERITY_NOTE : KA_SEVERITY_ERROR,
                   "%s came back as %s (#%u) after a silence of %s: %s; %s %s",
                   ka_words_endpoint(about->conn, side).text, new_name(moved).text, moved->flow_id,
                   ka_words_duration(idle).text,
                   taken ? "one connection, seen before and behind a NAT" : "a NAT forgot it",
                   ka_words_endpoint(about->conn, !side).text, answers[moved->answer]);
    ka_finding_at(event, moved->time, moved->frame);
    event->envelope.input = moved->input;
    ka_finding_frame(event, about->history->last_frame[side]);
    ka_finding_frame(event, moved->frame);
    ka_finding_frame(event, moved->answer_frame);
    ka_finding_seconds(event, "idle_s", idle);
    ka_finding_seconds(event, "survived_s", ka_case_survived(about));
    ka_finding_figure(event, "new_flow_id", moved->flow_id);
    if (!taken)
        say_advice(about, idle, event);
    return true;
}
