/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Whole inputs as users give them: pcap, plain and compressed, and what is no capture.
 */
#include "tests/fuzz/read_capture.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ka_fuzz_read_capture(data, size, NULL);
    return 0;
}
