/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/output/samples.h"

#include <math.h>

/* 2026-11-21T12:00:00Z */
#define NOON        (INT64_C(1795262400) * KA_SECOND)
#define AFTER_MS(n) (NOON + (n)*KA_MILLISECOND)

#define V4(d, number)                                                                              \
    {                                                                                              \
        .addr = {.bytes = {10, 0, 0, (d)}, .family = 4}, .port = (number)                          \
    }
#define V6(last, number)                                                                           \
    {                                                                                              \
        .addr = {.bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = (last)}, .family = 6}, .port = (number)  \
    }
#define CLIENT V4(1, 33412)
#define SERVER V4(2, 5432)

/* Of the client, of the server, and without endpoints. */
#define BY_CLIENT(at, number)                                                                      \
    {                                                                                              \
        .time = (at), .frame = (number), .src = CLIENT, .dst = SERVER, .flow_id = 1, .digits = 6   \
    }
#define BY_SERVER(at, number)                                                                      \
    {                                                                                              \
        .time = (at), .frame = (number), .src = SERVER, .dst = CLIENT, .flow_id = 1, .digits = 6   \
    }
#define BY_NOBODY(at)                                                                              \
    {                                                                                              \
        .time = (at), .digits = 6                                                                  \
    }

#define NO_KEEPALIVE                                                                               \
    {                                                                                              \
        .idle = KA_TIME_NONE, .interval = KA_TIME_NONE, .rtt_min = KA_TIME_NONE,                   \
        .rtt_median = KA_TIME_NONE, .rtt_max = KA_TIME_NONE                                        \
    }

static const struct sample packet_samples[] = {
    {
        "12:00:05.123456  probe    10.0.0.1:33412 > 10.0.0.2:5432  0 bytes, idle 60.0 s",
        {
            .type = KA_EVENT_PROBE,
            .notable = true,
            .envelope = BY_CLIENT(AFTER_MS(5123) + 456 * KA_MICROSECOND, 7),
            .probe = {.idle = 60 * KA_SECOND,
                      .interval = KA_TIME_NONE,
                      .number = 1,
                      .confidence = KA_CERTAIN},
        },
    },
    {
        "12:00:05.124001  answer   10.0.0.2:5432 > 10.0.0.1:33412  ack after 0.5 ms",
        {
            .type = KA_EVENT_ANSWER,
            .notable = true,
            .envelope = BY_SERVER(AFTER_MS(5124) + KA_MICROSECOND, 8),
            .answer = {.probe_frame = 7,
                       .rtt = 545 * KA_MICROSECOND,
                       .result = KA_ANSWER_ACK,
                       .origin = KA_ORIGIN_ENDPOINT,
                       .why = "TTL as in its data"},
        },
    },
    {
        "12:00:06.000000  probe    10.0.0.1:33412 > 10.0.0.2:5432  1 byte, idle time unknown, "
        "number 2 after 10.0 s, probably a keepalive, injected",
        {
            .type = KA_EVENT_PROBE,
            .envelope = {.time = AFTER_MS(6000),
                         .frame = 9,
                         .src = CLIENT,
                         .dst = SERVER,
                         .flow_id = 1,
                         .digits = 6,
                         .input = 1,
                         .vlan = {100, 4095},
                         .vlan_count = 2,
                         .tunnel_type = 3,
                         .tunnel_id = 16777215},
            .probe = {.idle = KA_TIME_NONE,
                      .interval = 10 * KA_SECOND,
                      .number = 2,
                      .bytes = 1,
                      .confidence = KA_PROBABLE,
                      .injected = true},
        },
    },
    {
        "12:00:06.500000  probe    10.0.0.1:33412 > 10.0.0.2:5432  0 bytes, idle 4.20 s, number 2, "
        "injected",
        {
            .type = KA_EVENT_PROBE,
            .envelope = BY_CLIENT(AFTER_MS(6500), 0),
            .probe = {.idle = 4200 * KA_MILLISECOND,
                      .interval = KA_TIME_NONE,
                      .number = 2,
                      .confidence = KA_CERTAIN,
                      .injected = true},
        },
    },
    {
        "12:00:07.000000  answer   10.0.0.2:5432 > 10.0.0.1:33412  icmp 3/1, host unreachable, "
        "from 10.0.0.254 after 3.10 s",
        {
            .type = KA_EVENT_ANSWER,
            .envelope = BY_SERVER(AFTER_MS(7000), 10),
            .answer = {.probe_frame = 9,
                       .rtt = 3100 * KA_MILLISECOND,
                       .result = KA_ANSWER_ICMP,
                       .icmp_from = {.bytes = {10, 0, 0, 254}, .family = 4},
                       .origin = KA_ORIGIN_MIDDLEBOX,
                       .why = "sent by another address",
                       .icmp_type = 3,
                       .icmp_code = 1},
        },
    },
    {
        "12:00:07.100000  answer   10.0.0.2:5432 > 10.0.0.1:33412  reset, round trip unknown, "
        "seemingly by a middlebox: TTL 63, its data has 64",
        {
            .type = KA_EVENT_ANSWER,
            .envelope = BY_SERVER(AFTER_MS(7100), 11),
            .answer = {.rtt = KA_TIME_NONE,
                       .result = KA_ANSWER_RST,
                       .origin = KA_ORIGIN_MIDDLEBOX,
                       .why = "TTL 63, its data has 64"},
        },
    },
    {
        "12:00:07.200  probe    [2001:db8::1]:50000 > [2001:db8::2]:443  0 bytes, idle 2 h",
        {
            .type = KA_EVENT_PROBE,
            .envelope = {.time = AFTER_MS(7200),
                         .frame = 12,
                         .src = V6(1, 50000),
                         .dst = V6(2, 443),
                         .flow_id = 2,
                         .digits = 3},
            .probe = {.idle = 7200 * KA_SECOND,
                      .interval = KA_TIME_NONE,
                      .number = 1,
                      .confidence = KA_CERTAIN},
        },
    },
    {
        "12:00:07.300000  window   10.0.0.1:33412 > 10.0.0.2:5432           "
        "0 bytes into a closed window, number 3 after 0.80 s",
        {
            .type = KA_EVENT_WINDOW_PROBE,
            .envelope = BY_CLIENT(AFTER_MS(7300), 13),
            .window_probe = {.interval = 800 * KA_MILLISECOND, .number = 3},
        },
    },
    {
        "12:00:07.400000  similar  10.0.0.1:33412 > 10.0.0.2:5432           "
        "no keepalive: a retransmission",
        {
            .type = KA_EVENT_LOOKALIKE,
            .envelope = BY_CLIENT(AFTER_MS(7400), 14),
            .lookalike = {.reason = KA_LOOKALIKE_RETRANSMISSION},
        },
    },
};

static const struct sample result_samples[] = {
    {
        "12:07:20.551200  alive    10.0.0.2:5432 answers 10.0.0.1:33412 again",
        {
            .type = KA_EVENT_STATE,
            .notable = true,
            .envelope = BY_SERVER(AFTER_MS(440551) + 200 * KA_MICROSECOND, 20),
            .state = {.from = KA_PEER_SILENT, .to = KA_PEER_ALIVE, .since = KA_TIME_NONE},
        },
    },
    {
        "12:07:20.551200  silent   10.0.0.2:5432 does not answer 10.0.0.1:33412 (since "
        "12:07:10.5)",
        {
            .type = KA_EVENT_STATE,
            .notable = true,
            .envelope = BY_SERVER(AFTER_MS(440551) + 200 * KA_MICROSECOND, 0),
            .state = {.from = KA_PEER_ALIVE,
                      .to = KA_PEER_SILENT,
                      .unanswered = 1,
                      .why = "probe unanswered",
                      .since = AFTER_MS(430510)},
        },
    },
    {
        "12:08:20.551300  dead     10.0.0.2:5432  9 probes unanswered, the prober gave up: "
        "ETIMEDOUT at 10.0.0.1:33412",
        {
            .type = KA_EVENT_STATE,
            .notable = true,
            .envelope = BY_SERVER(AFTER_MS(500551) + 300 * KA_MICROSECOND, 21),
            .state = {.from = KA_PEER_SILENT,
                      .to = KA_PEER_DEAD,
                      .unanswered = 9,
                      .why = "the prober gave up after unanswered probes",
                      .app_error = KA_APP_ETIMEDOUT,
                      .since = AFTER_MS(430510)},
        },
    },
    {
        "12:08:21.000000  dead     10.0.0.2:5432  3 probes unanswered, then no more: the prober "
        "seems to have given up, half-closed",
        {
            .type = KA_EVENT_STATE,
            .envelope = BY_SERVER(AFTER_MS(501000), 0),
            .state = {.from = KA_PEER_SILENT,
                      .to = KA_PEER_DEAD,
                      .unanswered = 3,
                      .why = "inferred: probes went unanswered and then stopped",
                      .half_closed = true,
                      .since = KA_TIME_NONE},
        },
    },
    {
        "12:08:22.000000  reset    10.0.0.2:5432  the connection was reset towards 10.0.0.1:33412: "
        "ECONNRESET",
        {
            .type = KA_EVENT_STATE,
            .envelope = BY_SERVER(AFTER_MS(502000), 22),
            .state = {.from = KA_PEER_ALIVE,
                      .to = KA_PEER_RESET,
                      .app_error = KA_APP_ECONNRESET,
                      .since = AFTER_MS(430510)},
        },
    },
    {
        "12:08:23.000000  unreachable  10.0.0.2:5432 is reported unreachable from 10.0.0.1:33412, "
        "host "
        "unreachable",
        {
            .type = KA_EVENT_STATE,
            .envelope = BY_SERVER(AFTER_MS(503000), 23),
            .state = {.from = KA_PEER_UNKNOWN,
                      .to = KA_PEER_UNREACHABLE,
                      .why = "host unreachable",
                      .since = KA_TIME_NONE},
        },
    },
    {
        "12:10:00.000000  conn     10.0.0.1:33412 > 10.0.0.2:5432           client probes when "
        "idle 60.0 s, then every 10.0 s, gives up after 9 (like Linux, lwIP), 213 of 222 "
        "answered, server dead; longest idle 60.0 s; given up",
        {
            .type = KA_EVENT_CONNECTION,
            .envelope = BY_CLIENT(AFTER_MS(600000), 0),
            .connection =
                {
                    .start = NOON,
                    .end = AFTER_MS(600000),
                    .longest_idle = 60 * KA_SECOND,
                    .packets = {300, 280},
                    .bytes = {1000, UINT64_C(5000000000)},
                    .window_probes = 2,
                    .lookalikes = {[KA_LOOKALIKE_REORDERED] = 3},
                    .state = {KA_PEER_UNKNOWN, KA_PEER_DEAD},
                    .ended = KA_ENDED_GAVE_UP,
                    .keepalive = {{.present = true,
                                   .probes = 222,
                                   .answered = 213,
                                   .unanswered = 9,
                                   .confidence = KA_CERTAIN,
                                   .idle = 60 * KA_SECOND,
                                   .interval = 10 * KA_SECOND,
                                   .count = 9,
                                   .segments = 1,
                                   .stack = {"Linux", "lwIP"},
                                   .stack_why = "0 bytes at UNA-1, timestamps kept",
                                   .rtt_min = 400 * KA_MICROSECOND,
                                   .rtt_median = 500 * KA_MICROSECOND,
                                   .rtt_max = 2 * KA_MILLISECOND,
                                   .overhead_bytes = 22620,
                                   .share = 0.75},
                                  NO_KEEPALIVE},
                },
        },
    },
    {
        "12:10:00.000000  conn     10.0.0.1:33412 > 10.0.0.2:5432           server probes "
        "probably every 15.0 s, 4 of 4 answered, client alive, some injected by someone else; "
        "longest idle ?; still open, half-closed; start not captured; TIME_WAIT answers too",
        {
            .type = KA_EVENT_CONNECTION,
            .envelope = BY_CLIENT(AFTER_MS(600000), 0),
            .connection =
                {
                    .start = NOON,
                    .end = AFTER_MS(600000),
                    .longest_idle = KA_TIME_NONE,
                    .midstream = true,
                    .half_closed = true,
                    .state = {KA_PEER_ALIVE, KA_PEER_UNKNOWN},
                    .note = "TIME_WAIT answers too",
                    .keepalive =
                        {
                            NO_KEEPALIVE,
                            {.present = true,
                             .probes = 4,
                             .answered = 4,
                             .confidence = KA_PROBABLE,
                             .injected = true,
                             .idle = KA_TIME_NONE,
                             .interval = 15 * KA_SECOND,
                             .segments = 1,
                             .rtt_min = KA_TIME_NONE,
                             .rtt_median = KA_TIME_NONE,
                             .rtt_max = KA_TIME_NONE}},
                },
        },
    },
    {
        "12:10:00.000000  conn     10.0.0.1:33412 > 10.0.0.2:5432           probes or answers, "
        "seen one way, every 15.0 s; longest idle 15.0 s; dropped for want of memory; start not "
        "captured; one direction captured",
        {
            .type = KA_EVENT_CONNECTION,
            .envelope = BY_CLIENT(AFTER_MS(600000), 0),
            .connection =
                {
                    .start = KA_TIME_NONE,
                    .end = KA_TIME_NONE,
                    .longest_idle = 15 * KA_SECOND,
                    .ended = KA_ENDED_EVICTED,
                    .midstream = true,
                    .one_way = true,
                    .exchange_frames = 20,
                    .exchange_interval = 15 * KA_SECOND,
                    .keepalive = {NO_KEEPALIVE, NO_KEEPALIVE},
                },
        },
    },
    {
        "12:10:01.000000  finding  3 connections died after 350 s of silence (flows 1, 5, 9)",
        {
            .type = KA_EVENT_FINDING,
            .envelope = BY_NOBODY(AFTER_MS(601000)),
            .finding = {.kind = "idle-expiry",
                        .text = "3 connections died after 350 s of silence",
                        .evidence = {1, 5, 9},
                        .evidence_of = KA_EVIDENCE_FLOWS,
                        .figures = {{"died_s", 350.25},
                                    {"connections", 3},
                                    {"skew", -0.0000001},
                                    {"bytes", 1e15},
                                    {"loss", NAN}}},
        },
    },
    {
        "12:10:01.000000  finding  nothing out of the ordinary",
        {
            .type = KA_EVENT_FINDING,
            .envelope = BY_NOBODY(AFTER_MS(601000)),
            .finding = {.kind = "quiet", .text = "nothing out of the ordinary"},
        },
    },
    {
        "12:10:02.000000  verdict  10.0.0.2:5432 is alive: 1 of 1 probes answered after 0.5 ms, "
        "ttl 64",
        {
            .type = KA_EVENT_VERDICT,
            .envelope = BY_CLIENT(AFTER_MS(602000), 0),
            .verdict = {.target = SERVER,
                        .verdict = KA_VERDICT_ALIVE,
                        .rtt = 500 * KA_MICROSECOND,
                        .sent = 1,
                        .answered = 1,
                        .ttl = 64,
                        .origin = KA_ORIGIN_ENDPOINT},
        },
    },
    {
        "12:10:02.000000  verdict  [2001:db8::2]:443 does not answer: 0 of 3 probes answered; "
        "a firewall may drop probes",
        {
            .type = KA_EVENT_VERDICT,
            .envelope =
                {.time = AFTER_MS(602000), .src = V6(1, 50000), .dst = V6(2, 443), .digits = 6},
            .verdict = {.target = V6(2, 443),
                        .verdict = KA_VERDICT_SILENT,
                        .why = "a firewall may drop probes",
                        .rtt = KA_TIME_NONE,
                        .sent = 3},
        },
    },
    {
        "12:10:03.000000  timeout  10.0.0.1:33412 > 10.0.0.2:5432           keepalive-0, server "
        "first: survived 345.0 s, died of 352.0 s (to 1.00 s), then a reset; fits the default of "
        "AWS NLB, AWS NAT gateway; 24 trials",
        {
            .type = KA_EVENT_IDLE_TIMEOUT,
            .envelope = BY_CLIENT(AFTER_MS(603000), 0),
            .idle_timeout = {.arm = KA_ARM_KEEPALIVE_0,
                             .first_speaker = KA_SPEAKER_SERVER,
                             .survived = 345 * KA_SECOND,
                             .died = 352 * KA_SECOND,
                             .precision = KA_SECOND,
                             .after_expiry = KA_AFTER_RST,
                             .known = {"AWS NLB", "AWS NAT gateway"},
                             .trials = 24},
        },
    },
    {
        "12:10:03.000000  timeout  10.0.0.1:33412 > 10.0.0.2:5432           silent, client "
        "first: survived 2 h, died of none; 1 trial",
        {
            .type = KA_EVENT_IDLE_TIMEOUT,
            .envelope = BY_CLIENT(AFTER_MS(603000), 0),
            .idle_timeout = {.survived = 7200 * KA_SECOND,
                             .died = KA_TIME_NONE,
                             .precision = KA_TIME_NONE,
                             .trials = 1},
        },
    },
    {
        "12:10:04.000000  socket   10.0.0.1:33412 > 10.0.0.2:5432           ESTAB, keepalive "
        "after 2 h, every 75.0 s, 9 times (defaults), user timeout 30.0 s, timer keepalive in "
        "65 min, psql (pid 4711)",
        {
            .type = KA_EVENT_SOCKET,
            .envelope = BY_CLIENT(AFTER_MS(604000), 0),
            .socket = {.keepalive = KA_SOCKET_KEEPALIVE_ON,
                       .keepalive_idle = 7200 * KA_SECOND,
                       .keepalive_interval = 75 * KA_SECOND,
                       .keepalive_count = 9,
                       .defaults = true,
                       .user_timeout = 30 * KA_SECOND,
                       .timer_kind = "keepalive",
                       .timer_expires = 3900 * KA_SECOND,
                       .last_sent = 1500 * KA_MILLISECOND,
                       .last_received = 0,
                       .pid = 4711,
                       .process = "psql",
                       .state = "ESTAB"},
        },
    },
    {
        "12:10:04.000000  socket   10.0.0.1:33412 > 10.0.0.2:5432           CLOSE-WAIT, "
        "keepalive not readable: need root",
        {
            .type = KA_EVENT_SOCKET,
            .envelope = BY_CLIENT(AFTER_MS(604000), 0),
            .socket = {.user_timeout = KA_TIME_NONE,
                       .timer_expires = KA_TIME_NONE,
                       .last_sent = KA_TIME_NONE,
                       .last_received = KA_TIME_NONE,
                       .settings = "need root",
                       .state = "CLOSE-WAIT"},
        },
    },
    {
        "12:10:04.000000  socket   10.0.0.1:33412 > 10.0.0.2:5432           ESTAB, no keepalive",
        {
            .type = KA_EVENT_SOCKET,
            .envelope = BY_CLIENT(AFTER_MS(604000), 0),
            .socket = {.keepalive = KA_SOCKET_KEEPALIVE_OFF,
                       .user_timeout = 0,
                       .timer_expires = KA_TIME_NONE,
                       .last_sent = 0,
                       .last_received = 0,
                       .state = "ESTAB"},
        },
    },
    {
        "capture      1500 captured, 1500 received, dropped 0 by the kernel, n/a by the interface\n"
        "frames       1400 TCP, 97 other; not decoded: 2 fragment, 1 truncated\n"
        "connections  41; peers: 38 alive, 2 silent, 1 dead\n"
        "keepalive    214 probes, 213 answers, 3 window probes, 1 lookalike\n"
        "time         2026-11-21 12:00:00.000000 to 2026-11-21 12:10:05.000000 UTC",
        {
            .type = KA_EVENT_CAPTURE,
            .notable = true,
            .envelope = BY_NOBODY(AFTER_MS(605000)),
            .capture = {.frames = 1500,
                        .tcp = 1400,
                        .received = 1500,
                        .received_known = true,
                        .drops_known = true,
                        .connections = 41,
                        .undecoded = {[2] = 17, [3] = 80, [5] = 2, [6] = 1},
                        .states = {[KA_PEER_ALIVE] = 38, [KA_PEER_SILENT] = 2, [KA_PEER_DEAD] = 1},
                        .probes = 214,
                        .answers = 213,
                        .window_probes = 3,
                        .lookalikes = 1,
                        .first = NOON,
                        .last = AFTER_MS(605000)},
        },
    },
    {
        "capture      0 captured, n/a received, dropped n/a by the kernel, n/a by the interface\n"
        "frames       0 TCP, 0 other\n"
        "connections  0; 7 dropped for want of memory\n"
        "keepalive    0 probes, 0 answers, 0 window probes, 0 lookalikes\n"
        "warning      the clock stepped back, times seen: 2\n"
        "warning      standard output was read too slowly, lines dropped: 3\n"
        "warning      the input is damaged or cut; what was readable is reported",
        {
            .type = KA_EVENT_CAPTURE,
            .envelope = BY_NOBODY(KA_TIME_NONE),
            .capture = {.evicted = 7,
                        .time_steps = 2,
                        .lost_lines = 3,
                        .lost_lines_known = true,
                        .first = KA_TIME_NONE,
                        .last = KA_TIME_NONE,
                        .damaged = true},
        },
    },
};

enum {
    PACKETS = sizeof(packet_samples) / sizeof(packet_samples[0]),
    RESULTS = sizeof(result_samples) / sizeof(result_samples[0]),
};

size_t sample_count(void)
{
    return PACKETS + RESULTS;
}

const struct sample *sample_at(size_t index)
{
    return index < PACKETS ? &packet_samples[index] : &result_samples[index - PACKETS];
}

const struct ka_event *hostile_sample(void)
{
    static const struct ka_event event = {
        .type = KA_EVENT_SOCKET,
        .envelope = BY_CLIENT(AFTER_MS(604000), 0),
        .socket = {.user_timeout = KA_TIME_NONE,
                   .timer_expires = KA_TIME_NONE,
                   .last_sent = KA_TIME_NONE,
                   .last_received = KA_TIME_NONE,
                   .pid = 1,
                   .process = "\033[31m</script>\n\xe2\x80\xae\xc2\x9b\xff\"",
                   .state = "ESTAB"},
    };
    return &event;
}
