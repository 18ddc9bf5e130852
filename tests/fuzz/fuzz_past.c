/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a log of probes tells of earlier runs: the user's own file, but written by who knows what.
 * Read twice it says the same, and no more probes than it has lines.
 */
#include "inject/past.h"
#include "tests/fuzz/target.h"

#define NOON (43200 * KA_SECOND) /* of the epoch's first day, as the stored inputs have it */

static uint32_t count(const uint8_t *data, size_t size, const struct ka_endpoint *src,
                      const struct ka_endpoint *dst)
{
    struct ka_past *past = ka_past_parse((const char *)data, size, NOON, NULL);
    KA_FUZZ_REQUIRE(past != NULL);
    const struct ka_past_row *row = ka_past_find(past, src, dst);
    uint32_t unanswered = row != NULL ? row->unanswered : 0;
    KA_FUZZ_REQUIRE(row == NULL || unanswered > 0);
    KA_FUZZ_REQUIRE(row == NULL || (row->last >= NOON - KA_PAST_AGE && row->last <= NOON));
    ka_past_free(past);
    return unanswered;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ka_endpoint src = {.addr = {{10, 0, 0, 1}, 4}, .port = 4000};
    static const struct ka_endpoint dst = {.addr = {{10, 0, 0, 2}, 4}, .port = 80};
    size_t lines = 0;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    uint32_t unanswered = count(data, size, &src, &dst);
    KA_FUZZ_REQUIRE(unanswered <= lines);
    KA_FUZZ_REQUIRE(count(data, size, &src, &dst) == unanswered);
    return 0;
}
