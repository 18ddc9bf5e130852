/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Endpoints and durations as text: whatever is accepted can be written and read back unchanged.
 */
#include "base/addr.h"
#include "base/time.h"
#include "tests/fuzz/target.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[128];
    size_t length = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
    if (length > 0)
        memcpy(text, data, length);
    text[length] = '\0';

    struct ka_endpoint endpoint;
    struct ka_endpoint again;
    if (ka_endpoint_parse(text, &endpoint, NULL) == 0) {
        char written[KA_ENDPOINT_TEXT_SIZE];
        ka_endpoint_text(&endpoint, written);
        KA_FUZZ_REQUIRE(ka_endpoint_parse(written, &again, NULL) == 0);
        KA_FUZZ_REQUIRE(again.port == endpoint.port && ka_addr_equal(&again.addr, &endpoint.addr));
    }
    ka_time duration;
    if (ka_duration_parse(text, &duration)) {
        char written[KA_TIME_TEXT_SIZE];
        KA_FUZZ_REQUIRE(duration >= 0);
        ka_duration_text(duration, written);
        KA_FUZZ_REQUIRE(strlen(written) < sizeof(written));
    }
    return 0;
}
