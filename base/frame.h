/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A captured frame, as a source hands it over: a view, not a copy.
 */
#ifndef KA_BASE_FRAME_H
#define KA_BASE_FRAME_H

#include "base/time.h"

#include <stdint.h>

/* How many frames a source hands over at most at a time. */
enum { KA_BATCH = 64 };

/* The link types that are named outside the decoder, as capture files number them. libpcap's own
 * number for the third, DLT_RAW, is another one. */
enum {
    KA_LINKTYPE_NULL = 0,
    KA_LINKTYPE_ETHERNET = 1,
    KA_LINKTYPE_RAW = 101, /* begins with the IP header */
    KA_LINKTYPE_LOOP = 108,
};

struct ka_frame {
    ka_time time;        /* 0..KA_TIME_MAX, or KA_TIME_NONE when the stamp makes no sense */
    uint64_t number;     /* from 1, counted per input, as Wireshark counts */
    const uint8_t *data; /* `captured` bytes, the source's; valid until its next call */
    uint32_t captured;   /* at most `length` */
    uint32_t length;     /* on the wire */
    uint16_t link_type;  /* LINKTYPE_ value, as stored in capture files */
    uint16_t input;      /* which input: the file or interface, from 0 */
    uint8_t digits;      /* of fraction in `time`: 6 or 9 as a rule */
};

#endif
