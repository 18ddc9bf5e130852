/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a fuzz target defines: libFuzzer calls it under --enable-fuzzers, else tests/fuzz/replay.c.
 * To add one: fuzz_NAME.c, a folder corpus/fuzz_NAME with a few small inputs, and its lines in
 * Makefile.am.
 */
#ifndef KA_TESTS_FUZZ_TARGET_H
#define KA_TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

/* Feeds size bytes at data to the code under test and returns 0; what must hold is checked with
 * KA_FUZZ_REQUIRE. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property the code must keep for all inputs. */
#define KA_FUZZ_REQUIRE(condition)                                                                 \
    do {                                                                                           \
        if (!(condition))                                                                          \
            __builtin_trap();                                                                      \
    } while (0)

#endif
