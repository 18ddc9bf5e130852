/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The far end of an audit, `kasniff audit --listen`: greets, agrees on what each connection is
 * for, keeps silent, speaks when asked to, and reports what it saw. Serves many audits at once.
 */
#ifndef KA_AUDIT_LISTEN_H
#define KA_AUDIT_LISTEN_H

#include "base/addr.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct ka_far_config {
    struct ka_endpoint at;
    uint32_t connections;        /* bound on connections at once; further ones are refused */
    bool (*stop)(void *context); /* true: end; asked in every round */
    /* Called once when everything is open and nobody was served yet; may be NULL. With -1 and a
     * message it ends. */
    int (*ready)(void *context, struct ka_error *error);
    void *context;
};

/* What was served, for the line at the end. */
struct ka_far_stats {
    uint64_t accepted;
    uint64_t audits;
    uint64_t trials;
    uint64_t refused;  /* beyond the bound, or for an audit without a control connection */
    uint64_t nonsense; /* closed for speaking something else */
};

/* Serves until told to stop. Memory is taken at the start, a few hundred bytes a connection; who
 * does not say what it wants within ten seconds is closed, and so is a trial a minute after its
 * time. Returns 0, or -1 with the reason; *stats is written in both cases. */
int ka_far_run(const struct ka_far_config *config, struct ka_far_stats *stats,
               struct ka_error *error);

#endif
