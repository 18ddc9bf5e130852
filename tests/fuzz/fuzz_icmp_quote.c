/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Quotes in ICMP errors: a byte whose lowest bit says ICMPv6 and whose others give the type, then
 * the quote. What is found was quoted: a header and eight bytes are there.
 */
#include "base/reader.h"
#include "decode/decode.h"
#include "tests/build/craft.h"
#include "tests/fuzz/target.h"

enum { LINK_RAW = 101, QUOTE_MAX = 2048 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ka_reader quote = ka_reader_make(data, size);
    struct ka_craft craft;
    struct ka_packet packet;
    uint8_t choice;

    if (!ka_read_u8(&quote, &choice))
        return 0;
    ka_reader_limit(&quote, QUOTE_MAX);
    uint8_t version = choice & 1 ? 6 : 4;
    ka_craft_start(&craft);
    ka_craft_ip(&craft, &(struct ka_craft_ip){.version = version});
    ka_craft_icmp(&craft, version, choice >> 1, 0);
    ka_craft_quote(&craft, quote.at, quote.left);
    struct ka_frame frame = {.data = craft.bytes, .link_type = LINK_RAW};
    frame.captured = frame.length = (uint32_t)ka_craft_finish(&craft);
    KA_FUZZ_REQUIRE(frame.captured != 0);

    enum ka_undecoded reason = ka_decode(&frame, &packet);
    KA_FUZZ_REQUIRE(reason == KA_DECODED || reason == KA_UNDECODED_ICMP);
    if (reason != KA_DECODED)
        return 0;
    size_t header = version == 4 ? 20 : 40, address = version == 4 ? 4 : 16;
    KA_FUZZ_REQUIRE(packet.kind == KA_PACKET_ICMP_ERROR);
    KA_FUZZ_REQUIRE(quote.left >= header + 8);
    KA_FUZZ_REQUIRE(packet.icmp.quoted_family == version && packet.icmp.type == choice >> 1);
    KA_FUZZ_REQUIRE(memcmp(packet.icmp.quoted_src, quote.at + header - 2 * address, address) == 0);
    KA_FUZZ_REQUIRE(memcmp(packet.icmp.quoted_dst, quote.at + header - address, address) == 0);
    return 0;
}
