/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Frames: two bytes of link type, one that says how many bytes of the frame were not captured, then
 * the captured ones. What is decoded lies within the frame, comes out the same again, and a frame
 * cut shorter says the same or that it is cut.
 */
#include "base/reader.h"
#include "decode/decode.h"
#include "decode/layer.h"
#include "events/field.h"
#include "tests/fuzz/target.h"

#include <stdlib.h>

/* Decodes the first `captured` bytes from memory of exactly that size. */
static enum ka_undecoded decode(struct ka_reader bytes, size_t captured, size_t length,
                                uint16_t link_type, struct ka_packet *packet)
{
    uint8_t *exact = malloc(captured > 0 ? captured : 1);
    KA_FUZZ_REQUIRE(exact != NULL);
    ka_read_bytes(&bytes, exact, captured);
    struct ka_frame frame = {.data = exact,
                             .captured = (uint32_t)captured,
                             .length = (uint32_t)length,
                             .link_type = link_type};
    memset(packet, 0xa5, sizeof(*packet));
    enum ka_undecoded reason = ka_decode(&frame, packet);
    if (reason == KA_DECODED) {
        size_t at = (size_t)(packet->payload - exact);
        KA_FUZZ_REQUIRE(at <= captured && packet->payload_captured <= captured - at);
        KA_FUZZ_REQUIRE(packet->payload_captured <= packet->tcp.length);
        KA_FUZZ_REQUIRE(packet->vlan_count <= KA_VLAN_MAX);
        KA_FUZZ_REQUIRE(packet->family == 4 || packet->family == 6);
        packet->frame = NULL;
        packet->payload = NULL;
    }
    free(exact);
    return reason;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ka_reader bytes = ka_reader_make(data, size);
    struct ka_packet packet, again;
    uint16_t link_type;
    uint8_t missing;

    if (!ka_read_be16(&bytes, &link_type) || !ka_read_u8(&bytes, &missing))
        return 0;
    size_t captured = bytes.left, length = captured + missing;
    enum ka_undecoded reason = decode(bytes, captured, length, link_type, &packet);
    KA_FUZZ_REQUIRE(reason == KA_DECODED || ka_event_undecoded_name(reason) != NULL);
    KA_FUZZ_REQUIRE((reason == KA_UNDECODED_LINK) == !ka_layer_of_link(link_type));
    KA_FUZZ_REQUIRE(decode(bytes, captured, length, link_type, &again) == reason);
    if (reason == KA_DECODED)
        KA_FUZZ_REQUIRE(memcmp(&packet, &again, sizeof(packet)) == 0);

    for (size_t cut = 0; cut < captured && cut <= 128; cut++) {
        enum ka_undecoded shorter = decode(bytes, cut, length, link_type, &again);
        KA_FUZZ_REQUIRE(shorter == reason || shorter == KA_UNDECODED_TRUNCATED);
        if (shorter == KA_DECODED)
            KA_FUZZ_REQUIRE(again.kind == packet.kind && again.tcp.seq == packet.tcp.seq &&
                            again.tcp.length == packet.tcp.length);
    }
    return 0;
}
