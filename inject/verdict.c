/* SPDX-License-Identifier: BSD-2-Clause */
#include "inject/verdict.h"

#include "inject/craft.h"

#include <assert.h>

/* What each state comes to; its words are in reason.c. */
static const struct {
    uint8_t verdict; /* enum ka_verdict */
    uint8_t origin;  /* enum ka_origin */
} meanings[KA_FOUND_COUNT] = {
    [KA_FOUND_NOTHING] = {KA_VERDICT_UNKNOWN, KA_ORIGIN_UNKNOWN},
    [KA_FOUND_NOTHING_BLIND] = {KA_VERDICT_UNKNOWN, KA_ORIGIN_UNKNOWN},
    [KA_FOUND_ALIVE] = {KA_VERDICT_ALIVE, KA_ORIGIN_ENDPOINT},
    [KA_FOUND_CLOSING] = {KA_VERDICT_DOUBTFUL, KA_ORIGIN_ENDPOINT},
    [KA_FOUND_TIME_WAIT] = {KA_VERDICT_DOUBTFUL, KA_ORIGIN_ENDPOINT},
    [KA_FOUND_PROXY] = {KA_VERDICT_DOUBTFUL, KA_ORIGIN_MIDDLEBOX},
    [KA_FOUND_DISPUTED] = {KA_VERDICT_DOUBTFUL, KA_ORIGIN_UNKNOWN},
    [KA_FOUND_RESET_HOST] = {KA_VERDICT_RESET, KA_ORIGIN_ENDPOINT},
    [KA_FOUND_RESET_MIDDLEBOX] = {KA_VERDICT_RESET, KA_ORIGIN_MIDDLEBOX},
    [KA_FOUND_RESET_UNSURE] = {KA_VERDICT_RESET, KA_ORIGIN_UNKNOWN},
    [KA_FOUND_UNREACHABLE] = {KA_VERDICT_UNREACHABLE, KA_ORIGIN_MIDDLEBOX},
    [KA_FOUND_SILENT] = {KA_VERDICT_SILENT, KA_ORIGIN_UNKNOWN},
    [KA_FOUND_UNKNOWN] = {KA_VERDICT_UNKNOWN, KA_ORIGIN_UNKNOWN},
};

#define ALIVE     KA_FOUND_ALIVE
#define CLOSING   KA_FOUND_CLOSING
#define TIME_WAIT KA_FOUND_TIME_WAIT
#define PROXY     KA_FOUND_PROXY
#define DISPUTED  KA_FOUND_DISPUTED
#define HOST      KA_FOUND_RESET_HOST
#define BOX       KA_FOUND_RESET_MIDDLEBOX
#define UNSURE    KA_FOUND_RESET_UNSURE
#define CUT       KA_FOUND_UNREACHABLE
#define SILENT    KA_FOUND_SILENT
#define UNKNOWN   KA_FOUND_UNKNOWN

/* State, input, next. An answer outlives a later silence, which is one lost packet or the target's
 * rate limit; a reset by the host is the end; one by a middlebox can be disputed by the host. The
 * inputs: ACK, closing, TIME_WAIT, elsewhere, RST host, RST middlebox, RST unsure, ICMP, silence.
 */
static const uint8_t table[KA_FOUND_COUNT][KA_INPUT_COUNT] = {
    [KA_FOUND_NOTHING] = {ALIVE, CLOSING, TIME_WAIT, PROXY, HOST, BOX, UNSURE, CUT, SILENT},
    [KA_FOUND_NOTHING_BLIND] = {ALIVE, CLOSING, TIME_WAIT, PROXY, HOST, BOX, UNSURE, CUT, UNKNOWN},
    [KA_FOUND_ALIVE] = {ALIVE, CLOSING, TIME_WAIT, PROXY, HOST, BOX, UNSURE, CUT, ALIVE},
    [KA_FOUND_CLOSING] = {CLOSING, CLOSING, TIME_WAIT, CLOSING, HOST, BOX, UNSURE, CUT, CLOSING},
    [KA_FOUND_TIME_WAIT] = {TIME_WAIT, TIME_WAIT, TIME_WAIT, TIME_WAIT, HOST, BOX, UNSURE, CUT,
                            TIME_WAIT},
    [KA_FOUND_PROXY] = {PROXY, CLOSING, TIME_WAIT, PROXY, HOST, BOX, UNSURE, CUT, PROXY},
    [KA_FOUND_DISPUTED] = {DISPUTED, CLOSING, TIME_WAIT, DISPUTED, HOST, DISPUTED, DISPUTED, CUT,
                           DISPUTED},
    [KA_FOUND_RESET_HOST] = {HOST, HOST, HOST, HOST, HOST, HOST, HOST, HOST, HOST},
    [KA_FOUND_RESET_MIDDLEBOX] = {DISPUTED, DISPUTED, DISPUTED, BOX, HOST, BOX, BOX, BOX, BOX},
    [KA_FOUND_RESET_UNSURE] = {DISPUTED, DISPUTED, DISPUTED, DISPUTED, HOST, BOX, UNSURE, UNSURE,
                               UNSURE},
    [KA_FOUND_UNREACHABLE] = {ALIVE, CLOSING, TIME_WAIT, PROXY, HOST, BOX, UNSURE, CUT, CUT},
    [KA_FOUND_SILENT] = {ALIVE, CLOSING, TIME_WAIT, PROXY, HOST, BOX, UNSURE, CUT, SILENT},
    [KA_FOUND_UNKNOWN] = {ALIVE, CLOSING, TIME_WAIT, PROXY, HOST, BOX, UNSURE, CUT, UNKNOWN},
};

enum ka_finding_state ka_judgement_next(enum ka_finding_state state, enum ka_finding_input input)
{
    assert(state < KA_FOUND_COUNT && input < KA_INPUT_COUNT);
    return (enum ka_finding_state)table[state][input];
}

enum ka_verdict ka_finding_verdict(enum ka_finding_state state)
{
    return (enum ka_verdict)meanings[state].verdict;
}

enum ka_origin ka_finding_origin(enum ka_finding_state state)
{
    return (enum ka_origin)meanings[state].origin;
}

struct ka_judgement ka_judgement_begin(bool numbers_known)
{
    return (struct ka_judgement){.state = numbers_known ? KA_FOUND_NOTHING : KA_FOUND_NOTHING_BLIND,
                                 .rtt = KA_TIME_NONE};
}

static unsigned distance(uint8_t ttl)
{
    return (unsigned)(ka_initial_ttl(ttl) - ttl);
}

/* An answer by someone other than the target travels a different number of hops. False positive:
 * the route changed between the packets that were compared. */
static enum ka_finding_input classify_ack(const struct ka_observation *seen,
                                          const struct ka_target_facts *facts)
{
    bool fin = facts->target_fin || seen->reaction == KA_REACTION_FIN;
    if (fin)
        return facts->source_fin ? KA_INPUT_ACK_TIME_WAIT : KA_INPUT_ACK_CLOSING;
    if (facts->ttl != 0 && distance(facts->ttl) != distance(seen->ttl))
        return KA_INPUT_ACK_ELSEWHERE;
    return KA_INPUT_ACK;
}

/* The same host counts its IP IDs up or sends 0 (Linux does for resets); one far away in the count
 * is someone else's, or a host that draws them at random: unsure. */
static bool fits_ip_id(const struct ka_observation *seen, const struct ka_target_facts *facts)
{
    enum { NEAR = 4096 };
    if (!facts->ip_id_known || seen->ip_id == 0)
        return true;
    return (uint16_t)(seen->ip_id - facts->ip_id) < NEAR;
}

static enum ka_finding_input classify_rst(const struct ka_observation *seen,
                                          const struct ka_target_facts *facts)
{
    if (facts->ttl == 0)
        return KA_INPUT_RST_UNSURE;
    if (distance(facts->ttl) != distance(seen->ttl))
        return KA_INPUT_RST_MIDDLEBOX;
    return facts->ttl == seen->ttl && fits_ip_id(seen, facts) ? KA_INPUT_RST_HOST
                                                              : KA_INPUT_RST_UNSURE;
}

enum ka_finding_input ka_judgement_classify(const struct ka_observation *seen,
                                            const struct ka_target_facts *facts)
{
    switch (seen->reaction) {
    case KA_REACTION_ACK:
    case KA_REACTION_DSACK:
    case KA_REACTION_DATA:
    case KA_REACTION_FIN:
    case KA_REACTION_CHALLENGE:
        return classify_ack(seen, facts);
    case KA_REACTION_RST:
        return classify_rst(seen, facts);
    case KA_REACTION_ICMP:
        return KA_INPUT_ICMP;
    case KA_REACTION_NONE:
    case KA_REACTION_ICMP_HOP:
    case KA_REACTION_COUNT:
        break;
    }
    return KA_INPUT_COUNT;
}

void ka_judgement_sent(struct ka_judgement *judgement)
{
    judgement->sent++;
}

bool ka_judgement_take(struct ka_judgement *judgement, const struct ka_observation *seen,
                       const struct ka_target_facts *facts, ka_time rtt)
{
    enum ka_finding_input input = ka_judgement_classify(seen, facts);
    if (seen->reaction == KA_REACTION_ICMP_HOP)
        judgement->hop_from = seen->from;
    if (input == KA_INPUT_COUNT)
        return false;
    judgement->state = ka_judgement_next(judgement->state, input);
    judgement->ttl = seen->ttl;
    if (input == KA_INPUT_ICMP) {
        judgement->icmp_type = seen->icmp_type;
        judgement->icmp_code = seen->icmp_code;
        judgement->icmp_from = seen->from;
    }
    if (rtt == KA_TIME_NONE)
        return true;
    judgement->answered++;
    if (input != KA_INPUT_ICMP && (judgement->rtt == KA_TIME_NONE || rtt < judgement->rtt))
        judgement->rtt = rtt;
    return true;
}

bool ka_judgement_silence(struct ka_judgement *judgement, ka_time waited)
{
    if (waited < KA_SILENCE_MIN)
        return false;
    judgement->state = ka_judgement_next(judgement->state, KA_INPUT_SILENCE);
    return true;
}

int ka_verdict_exit(enum ka_verdict verdict)
{
    static const uint8_t status[KA_VERDICT_COUNT] = {
        [KA_VERDICT_ALIVE] = 0,  [KA_VERDICT_DOUBTFUL] = 0,    [KA_VERDICT_RESET] = 3,
        [KA_VERDICT_SILENT] = 4, [KA_VERDICT_UNREACHABLE] = 5, [KA_VERDICT_UNKNOWN] = 6,
    };
    return status[verdict];
}

int ka_verdict_worse_exit(int a, int b)
{
    if (a == 1 || b == 1)
        return 1;
    return a > b ? a : b;
}
