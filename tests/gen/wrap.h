/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For tests: the ways in which the same case is recorded again. What is true of a connection does
 * not depend on the encapsulation, the addresses, the sequence numbers or the clock, so every case
 * has to give the same verdicts under every row of the table.
 */
#ifndef KA_TESTS_GEN_WRAP_H
#define KA_TESTS_GEN_WRAP_H

#include "tests/gen/recording.h"
#include "tests/gen/wire.h"

enum ka_wrap_shift {
    KA_SHIFT_NONE,
    KA_SHIFT_HALF,  /* by 2^31 */
    KA_SHIFT_START, /* both sides' first byte of data has the number 0 */
    KA_SHIFT_END,   /* both sides' next number at the end of the case is 0 */
};

struct ka_wrap {
    const char *name;
    struct ka_wire_shape shape;
    uint32_t snap;  /* 0: whole frames */
    bool swapped;   /* the client has the server's address and port and the other way round */
    ka_time offset; /* added to every time */
    enum ka_wrap_shift shift;
    enum ka_recording_form form;
};

/* The table; ends with a NULL name. The first row, "plain", is the case as it was written. */
extern const struct ka_wrap ka_wraps[];

/* The row of that name, or NULL. */
const struct ka_wrap *ka_wrap_find(const char *name);

#endif
