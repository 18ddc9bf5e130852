/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/read_capture.h"

#include "capture/file_memory.h"
#include "tests/fuzz/target.h"

/* Touches every byte, so that a sanitizer sees a frame that is too long. */
static void touch(const struct ka_frame *frame)
{
    unsigned sum = 0;
    for (uint32_t i = 0; i < frame->captured; i++)
        sum += frame->data[i];
    __asm__ volatile("" : : "r"(sum)); /* not to be optimised away */
}

static void check_frame(const struct ka_frame *frame, uint64_t *last_number)
{
    KA_FUZZ_REQUIRE(frame->captured <= frame->length);
    KA_FUZZ_REQUIRE(frame->time == KA_TIME_NONE ||
                    (frame->time >= 0 && frame->time <= KA_TIME_MAX));
    KA_FUZZ_REQUIRE(frame->digits == 6 || frame->digits == 9);
    KA_FUZZ_REQUIRE(frame->number > *last_number);
    *last_number = frame->number;
    touch(frame);
}

void ka_fuzz_read_capture(const uint8_t *data, size_t size, const char *filter)
{
    struct ka_source *source;
    struct ka_frame frames[KA_BATCH];
    struct ka_error error = {.text = ""};
    struct ka_source_stats stats;
    enum ka_source_status status;
    size_t count;
    uint64_t last_number = 0;
    if (ka_file_open_memory("input", data, size, filter, &source, &error) != 0)
        return;
    while ((status = ka_source_next(source, frames, KA_BATCH, &count, &error)) <= KA_SOURCE_IDLE)
        for (size_t i = 0; i < count; i++)
            check_frame(&frames[i], &last_number);
    KA_FUZZ_REQUIRE(count == 0);
    KA_FUZZ_REQUIRE(status == KA_SOURCE_END || error.text[0] != '\0');
    KA_FUZZ_REQUIRE(ka_source_next(source, frames, KA_BATCH, &count, &error) == status);
    ka_source_stats(source, &stats);
    KA_FUZZ_REQUIRE(stats.frames >= last_number);
    ka_source_close(source);
}
