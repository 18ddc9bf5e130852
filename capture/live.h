/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Interfaces as a source, through libpcap: a memory-mapped ring in its block form, a read timeout
 * of 100 ms, nanosecond stamps where the system has them. At most a snap length of each frame is
 * copied into the batch, because libpcap gives a ring block back as soon as its last frame is
 * delivered. An interface that goes down is waited for; when one of several is removed, that is
 * said and the others go on; the last one's removal is an error.
 */
#ifndef KA_CAPTURE_LIVE_H
#define KA_CAPTURE_LIVE_H

#include "capture/source.h"

enum {
    KA_LIVE_SNAPLEN = 256,         /* bytes of each frame, where the user names no other length */
    KA_LIVE_SNAPLEN_MAX = 262144,  /* as tcpdump's -s 0 */
    KA_LIVE_BUFFER_KIB = 8 * 1024, /* the kernel's ring, likewise */
    KA_LIVE_INTERFACES_MAX = 64
};

struct ka_live_options {
    const char *const *interfaces; /* names; "any" is all of them */
    size_t count;                  /* 1..KA_LIVE_INTERFACES_MAX */
    const char *filter;            /* widened by ka_filter_widen; NULL: ka_live_default_filter */
    uint32_t snaplen;              /* 1..KA_LIVE_SNAPLEN_MAX bytes */
    uint32_t buffer;               /* of the ring, KiB, at least 1 */
    bool promiscuous;
};

/* Opens the interfaces and starts capturing; frames of several are in the order of their stamps
 * within a batch, `input` is the index of the interface. Needs CAP_NET_RAW now, and nothing
 * afterwards: privileges may be dropped. ka_source_next waits for at most about 100 ms. The names
 * must outlive the source. Returns 0 with the source in *out, or -1 with the reason: no such
 * interface, it is down, no permission (the message says how to get it), a filter that does not
 * fit. */
int ka_live_open(const struct ka_live_options *options, struct ka_source **out,
                 struct ka_error *error);

/* The link type of input `index`, in words ("Ethernet"). */
const char *ka_live_link_name(const struct ka_source *source, uint16_t index);

/* What the kernel lets through where the user gave no filter: TCP, ICMP errors, and all that may
 * have TCP inside. `attempt` 0 is the whole of it; later ones, down to NULL, leave out what a link
 * type may not know. */
const char *ka_live_default_filter(unsigned attempt);

/* An interface one can listen on. The texts are valid during the call only, the description is
 * foreign text or NULL. */
struct ka_live_interface {
    const char *name;
    const char *description;
    bool up;
    bool running;
    bool loopback;
};

/* Calls `each` for every interface that libpcap finds, best first, "any" among them. Returns 0, or
 * -1 with the reason. */
int ka_live_list(void (*each)(void *context, const struct ka_live_interface *interface),
                 void *context, struct ka_error *error);

#endif
