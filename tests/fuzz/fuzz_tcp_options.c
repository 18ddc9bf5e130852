/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TCP options: four bytes of ack, then the list. It ends, its values keep their ranges, and the
 * short way for the usual list says what the long way says.
 */
#include "base/reader.h"
#include "decode/layer.h"
#include "tests/build/craft.h"
#include "tests/fuzz/target.h"

enum { LIST_MAX = 40, LINK_IPV4 = 228 };

static void require_same_in_a_segment(struct ka_reader options, const struct ka_tcp *expected)
{
    static const struct ka_craft_ip ip = {.version = 4};
    struct ka_craft craft;
    struct ka_packet packet;

    ka_craft_start(&craft);
    ka_craft_ip(&craft, &ip);
    ka_craft_tcp(&craft, &(struct ka_craft_tcp){.ack = expected->ack,
                                                .flags = KA_TCP_ACK,
                                                .options = options.at,
                                                .options_length = options.left});
    struct ka_frame frame = {.data = craft.bytes, .link_type = LINK_IPV4};
    frame.captured = frame.length = (uint32_t)ka_craft_finish(&craft);
    KA_FUZZ_REQUIRE(ka_decode(&frame, &packet) == KA_DECODED);
    KA_FUZZ_REQUIRE(packet.tcp.length == 0);
    KA_FUZZ_REQUIRE(packet.tcp.options == expected->options);
    KA_FUZZ_REQUIRE(packet.tcp.tsval == expected->tsval && packet.tcp.tsecr == expected->tsecr);
    KA_FUZZ_REQUIRE(packet.tcp.mss == expected->mss && packet.tcp.wscale == expected->wscale);
    KA_FUZZ_REQUIRE(packet.tcp.sack_left == expected->sack_left &&
                    packet.tcp.sack_right == expected->sack_right);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ka_reader options = ka_reader_make(data, size);
    struct ka_tcp tcp = {0};

    if (!ka_read_be32(&options, &tcp.ack))
        return 0;
    ka_tcp_options_read(options, &tcp);
    KA_FUZZ_REQUIRE(tcp.wscale <= 14);
    KA_FUZZ_REQUIRE(!(tcp.options & KA_OPTION_DSACK) || tcp.options & KA_OPTION_SACK);
    KA_FUZZ_REQUIRE(tcp.options & KA_OPTION_TIMESTAMPS || (tcp.tsval == 0 && tcp.tsecr == 0));
    if (options.left <= LIST_MAX && options.left % 4 == 0)
        require_same_in_a_segment(options, &tcp);
    return 0;
}
