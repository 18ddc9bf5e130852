/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pcapng, once as it is and once behind a filter, which is compiled for the link types it names.
 */
#include "tests/fuzz/read_capture.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ka_fuzz_read_capture(data, size, NULL);
    ka_fuzz_read_capture(data, size, "tcp");
    return 0;
}
