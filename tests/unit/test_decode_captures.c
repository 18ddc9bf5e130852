/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Frames of real captures, whole and cut. The captures are no part of the project: the test looks
 * for them in $KA_CAPTURES, or in ../shared/captures beside the source, and is skipped where there
 * are none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/file.h"
#include "decode/decode.h"
#include "events/field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SKIPPED = 77, CUTS = 128 };

/* How many frames decode, and how many have an IP total length beyond the frame: as tshark 4.0
 * counts its TCP frames, and ICMP errors quoting TCP, without and with that complaint. */
static const struct {
    const char *name;
    unsigned decoded;
    unsigned ip_header;
} rows[] = {
    {"avast.pcap", 142, 0},       {"doh.pcapng", 120, 0},
    {"hislip.pcap", 184, 0},      {"http-ipv6.pcap", 128, 0},
    {"joy-sample.pcap", 64, 0},   {"one-stream-max-seq.pcap", 36, 0},
    {"psiphon3.pcap", 62, 0},     {"quic-reordered.pcap", 644, 0},
    {"redis-pubsub.pcap", 60, 0}, {"s7-1511-opc.pcap", 67, 0},
    {"skype-irc.pcap", 1151, 0},  {"telnet-char-mode.pcap", 247, 25},
    {"wmi-query.pcapng", 946, 0}, {"zerowindowdead.pcapng", 8, 0},
};

static const char *folder(void)
{
    static char beside[4096];
    const char *given = getenv("KA_CAPTURES"), *source = getenv("srcdir");

    if (given)
        return given;
    snprintf(beside, sizeof(beside), "%s/../shared/captures", source ? source : ".");
    return beside;
}

/* Decodes the frame cut to each of its first lengths, from memory of exactly that size. */
static void assert_cuts(const struct ka_frame *frame, enum ka_undecoded whole,
                        const struct ka_packet *packet)
{
    for (uint32_t cut = 0; cut < frame->captured && cut <= CUTS; cut++) {
        uint8_t *exact = malloc(cut ? cut : 1);
        assert_non_null(exact);
        memcpy(exact, frame->data, cut);
        struct ka_frame shorter = *frame;
        struct ka_packet cut_packet;
        shorter.data = exact;
        shorter.captured = cut;
        enum ka_undecoded reason = ka_decode(&shorter, &cut_packet);
        free(exact);
        assert_true(reason == whole || reason == KA_UNDECODED_TRUNCATED);
        if (reason == KA_DECODED && packet->kind == KA_PACKET_TCP) {
            assert_int_equal(cut_packet.tcp.seq, packet->tcp.seq);
            assert_int_equal(cut_packet.tcp.length, packet->tcp.length);
        }
    }
}

static void count_frames(const char *name, unsigned counts[KA_UNDECODED_COUNT])
{
    char path[4200];
    struct ka_source *source;
    struct ka_error error;
    struct ka_frame frames[KA_BATCH];
    struct ka_packet packet;
    size_t count;
    enum ka_source_status status;

    snprintf(path, sizeof(path), "%s/%s", folder(), name);
    if (ka_file_open(path, NULL, &source, &error) != 0)
        fail_msg("%s", error.text);
    do {
        status = ka_source_next(source, frames, KA_BATCH, &count, &error);
        for (size_t i = 0; status == KA_SOURCE_FRAMES && i < count; i++) {
            enum ka_undecoded reason = ka_decode(&frames[i], &packet);
            counts[reason]++;
            assert_cuts(&frames[i], reason, &packet);
        }
    } while (status == KA_SOURCE_FRAMES || status == KA_SOURCE_IDLE);
    assert_int_equal(status, KA_SOURCE_END);
    ka_source_close(source);
}

static void real_frames_decode_as_counted_and_cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned counts[KA_UNDECODED_COUNT] = {0};
        count_frames(rows[i].name, counts);
        if (counts[KA_DECODED] != rows[i].decoded || counts[KA_UNDECODED_IP] != rows[i].ip_header)
            fail_msg("%s: %u decoded, %u %s", rows[i].name, counts[KA_DECODED],
                     counts[KA_UNDECODED_IP], ka_event_undecoded_name(KA_UNDECODED_IP));
        assert_int_equal(counts[KA_UNDECODED_TRUNCATED], 0);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_frames_decode_as_counted_and_cut_anywhere),
    };
    if (access(folder(), R_OK) != 0) {
        fprintf(stderr, "skipped: no captures in %s\n", folder());
        return SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
