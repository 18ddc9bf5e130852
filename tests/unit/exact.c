/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/exact.h"

#include <stdlib.h>
#include <string.h>

enum ka_undecoded ka_exact_decode(const struct ka_craft *craft, uint16_t link_type, size_t captured,
                                  struct ka_packet *packet)
{
    uint8_t *exact = malloc(captured ? captured : 1);
    assert_non_null(exact);
    memcpy(exact, craft->bytes, captured);
    struct ka_frame frame = {.data = exact,
                             .captured = (uint32_t)captured,
                             .length = (uint32_t)craft->out.used,
                             .link_type = link_type};
    memset(packet, 0xa5, sizeof(*packet));
    enum ka_undecoded reason = ka_decode(&frame, packet);
    if (reason == KA_DECODED) {
        assert_ptr_equal(packet->frame, &frame);
        assert_true(packet->payload >= exact && packet->payload <= exact + captured);
        assert_true(packet->payload_captured <= (size_t)(exact + captured - packet->payload));
        assert_true(packet->payload_captured <= packet->tcp.length);
        packet->frame = NULL;
        packet->payload = NULL;
    }
    free(exact);
    return reason;
}
