/* SPDX-License-Identifier: BSD-2-Clause */
#include "inject/craft.h"

#include "base/seq.h"

enum { DEFAULT_TTL = 64, DEFAULT_WINDOW = 501 };

uint8_t ka_initial_ttl(uint8_t seen)
{
    static const uint8_t initial[] = {32, 64, 128, 255};
    if (seen == 0)
        return DEFAULT_TTL;
    for (size_t i = 0; i < sizeof(initial); i++)
        if (seen <= initial[i])
            return initial[i];
    return 255;
}

/* What a byte does to the target, and which numbers may be used exactly. */
static int check_wish(const struct ka_probe_facts *facts, const struct ka_probe_wish *wish,
                      struct ka_error *error)
{
    bool exact = wish->mode == KA_ACK_EXACT;
    if (wish->length > 1)
        return ka_error_set(error, "a probe carries 0 bytes or 1: more would be data");
    if (wish->length == 1 && !exact)
        return ka_error_set(error, "a one-byte probe needs the exact acknowledgement: the target "
                                   "looks at every field of it");
    if (exact && (!facts->numbers_known || facts->rcv_from_target))
        return ka_error_set(error, "the exact acknowledgement is known only once the sender's own "
                                   "packets were seen");
    if (facts->numbers_known && facts->timestamps && !facts->timestamps_known)
        return ka_error_set(error, "the connection uses timestamps and none was seen from the "
                                   "sender: a probe without them, or with old ones, would be "
                                   "dropped (RFC 7323 5)");
    if (wish->length == 1 && !facts->sack)
        return ka_error_set(error, "a byte is not sent where SACK is off, or its handshake was "
                                   "not seen: it would count as a duplicate acknowledgement");
    if (wish->length == 1 && facts->in_flight)
        return ka_error_set(error, "a byte is not sent while data is in flight");
    return 0;
}

/* What `from` has acknowledged, at least. Read off the target's own seq it could be more than that:
 * data that never arrived would put the gentle ack, and so the number of the target's reset, into
 * the window of `from`, who then asks back (RFC 5961 3) and is told off with the exact number. No
 * window reaches back 2^30 (RFC 7323 2.2). */
static uint32_t find_rcv(const struct ka_probe_facts *facts)
{
    return facts->rcv_from_target ? facts->rcv - (1u << 30) : facts->rcv;
}

int ka_probe_craft(const struct ka_probe_facts *facts, const struct ka_probe_wish *wish,
                   struct ka_probe *out, struct ka_error *error)
{
    if (facts->from.addr.family != facts->to.addr.family)
        return ka_error_set(error, "the two ends are of different IP versions");
    if (check_wish(facts, wish, error) != 0)
        return -1;
    struct ka_probe probe = {
        .src = facts->from,
        .dst = facts->to,
        .kind = KA_PROBE_NUMBERLESS,
        .window = facts->window_known ? facts->window : DEFAULT_WINDOW,
        .ttl = wish->ttl != 0 ? wish->ttl : ka_initial_ttl(facts->ttl),
        .in_flight = facts->in_flight,
        .sack = facts->sack,
        .link = facts->link,
    };
    if (facts->numbers_known) {
        probe.kind = KA_PROBE_NUMBERED;
        probe.mode = wish->mode;
        probe.nxt = facts->nxt;
        probe.rcv = find_rcv(facts);
        probe.seq = facts->nxt - 1;
        probe.ack = wish->mode == KA_ACK_EXACT ? probe.rcv : probe.rcv - KA_GENTLE_DISTANCE;
        probe.length = wish->length;
        probe.has_timestamps = facts->timestamps;
        probe.tsval = facts->timestamps ? facts->tsval : 0;
        probe.tsecr = facts->timestamps ? facts->tsecr : 0;
    }
    *out = probe;
    return 0;
}
