/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Silences as trials of the path: nothing at all was on the wire for a while, then somebody spoke.
 * The connection survived when the other side reacted to it, and died when a reset, an ICMP error
 * or nothing came back. What ended without being tried says nothing.
 */
#include "analyzers/history.h"

#include <string.h>

enum {
    VOID_PACKETS = 3, /* into the void before silence is believed */
    VOID_S = 3,       /* and so long without an answer to them */
    REPLY_S = 3,      /* a reset comes so soon behind what it replies to */
};

/* Room for a gap: where all places are taken the shortest survived or untried one is given up. */
static struct ka_gap *place_for(struct ka_history *history, ka_time length)
{
    if (history->gap_count < KA_GAPS)
        return &history->gaps[history->gap_count++];
    unsigned least = KA_GAPS;
    for (unsigned i = 0; i < KA_GAPS; i++) {
        const struct ka_gap *gap = &history->gaps[i];
        if (gap->result != KA_GAP_DIED &&
            (least == KA_GAPS || gap->length < history->gaps[least].length))
            least = i;
    }
    if (least == KA_GAPS || history->gaps[least].length >= length)
        return NULL;
    memmove(&history->gaps[least], &history->gaps[least + 1],
            (KA_GAPS - 1 - least) * sizeof(history->gaps[0]));
    return &history->gaps[KA_GAPS - 1];
}

static void close_gap(struct ka_history *history, enum ka_gap_result result,
                      enum ka_after_expiry after)
{
    if (history->open_gap.length == 0)
        return;
    if (result == KA_GAP_SURVIVED)
        history->gaps_survived++;
    struct ka_gap *place =
        place_for(history, result == KA_GAP_DIED ? INT64_MAX : history->open_gap.length);
    if (place != NULL) {
        *place = history->open_gap;
        place->result = (uint8_t)result;
        place->after = (uint8_t)after;
    }
    history->open_gap.length = 0;
}

/* A reset by whoever breaks the silence is his own end of it, no trial. */
static void open_gap(struct ka_history *history, const struct ka_packet *packet, bool by_client,
                     ka_time idle)
{
    history->open_gap = (struct ka_gap){
        .from = packet->frame->time - idle,
        .length = idle,
        .frame = ka_packet_ref(packet),
        .speaker = by_client ? KA_SPEAKER_CLIENT : KA_SPEAKER_SERVER,
    };
    history->open_packets = 1;
    history->open_icmp = false;
    if ((packet->tcp.flags & KA_TCP_RST) != 0)
        close_gap(history, KA_GAP_CENSORED, KA_AFTER_UNKNOWN);
}

/* Nobody reacted. An ICMP error, where one came, says more than the silence. */
static void close_unanswered(struct ka_history *history)
{
    close_gap(history, KA_GAP_DIED, history->open_icmp ? KA_AFTER_ICMP : KA_AFTER_SILENT);
}

void ka_silence_segment(struct ka_history *history, const struct ka_packet *packet, unsigned side,
                        unsigned client, const struct ka_glimpse *before)
{
    bool by_client = side == client;
    ka_time idle = before->idle;
    bool reset = (packet->tcp.flags & KA_TCP_RST) != 0;
    if (history->open_gap.length > 0) {
        bool by_breaker = (history->open_gap.speaker == KA_SPEAKER_CLIENT) == by_client;
        if (by_breaker) {
            if (!reset)
                history->open_packets++;
            /* Its sender gave up: no need to wait for what it will not send any more. */
            else if (history->open_packets >= VOID_PACKETS || history->open_icmp)
                close_unanswered(history);
            return; /* also after a further silence: the first has not been answered yet */
        }
        ka_time asked = ka_time_between(before->heard, packet->frame->time);
        if (reset && ka_time_within(asked, REPLY_S * KA_SECOND))
            close_gap(history, KA_GAP_DIED, KA_AFTER_RST);
        else if (reset) /* no reply to that: for a reason of its own */
            close_gap(history, KA_GAP_CENSORED, KA_AFTER_UNKNOWN);
        else
            close_gap(history, KA_GAP_SURVIVED, KA_AFTER_UNKNOWN);
    }
    if (idle != KA_TIME_NONE && idle >= KA_GAP_LEAST && !ka_history_has_closed(history, !by_client))
        open_gap(history, packet, by_client, idle);
}

/* TCP takes such an error for a passing one and goes on (RFC 1122 4.2.3.9), and so do keepalive
 * probers: an answer may still come. */
void ka_silence_icmp(struct ka_history *history, bool by_client)
{
    if (history->open_gap.length > 0 &&
        (history->open_gap.speaker == KA_SPEAKER_CLIENT) == by_client)
        history->open_icmp = true;
}

/* A prober gave up: what broke the silence has not been answered. */
void ka_silence_gave_up(struct ka_history *history)
{
    close_unanswered(history);
}

/* Where something was sent into that silence, this is known to have died of it, or is judged as
 * ever. */
void ka_silence_lost(struct ka_history *history, const struct ka_rebinding *rebinding,
                     bool by_client)
{
    const struct ka_gap *last =
        history->gap_count > 0 ? &history->gaps[history->gap_count - 1] : NULL;
    ka_time length = rebinding->to.time - rebinding->from.time;
    bool is_known = last != NULL && last->result == KA_GAP_DIED;
    if (history->open_gap.length > 0 || is_known || length < KA_GAP_LEAST)
        return;
    bool reset = rebinding->to.answer == KA_NEWCOMER_RESET;
    history->open_gap = (struct ka_gap){
        .from = rebinding->from.time,
        .length = length,
        .frame = ka_frame_ref(rebinding->to.frame, rebinding->to.input),
        .speaker = by_client ? KA_SPEAKER_CLIENT : KA_SPEAKER_SERVER,
    };
    close_gap(history, KA_GAP_DIED, reset ? KA_AFTER_RST : KA_AFTER_UNKNOWN);
}

void ka_silence_end(struct ka_history *history, ka_time now, bool one_way)
{
    const struct ka_gap *gap = &history->open_gap;
    bool tried = (history->open_packets >= VOID_PACKETS || history->open_icmp) &&
                 now != KA_TIME_NONE && now - gap->from - gap->length >= VOID_S * KA_SECOND;
    if (tried && !one_way)
        close_unanswered(history);
    else
        close_gap(history, KA_GAP_CENSORED, KA_AFTER_UNKNOWN);
}
