/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/audit_listen.h"

#include "audit/listen.h"
#include "base/addr.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/privileges.h"
#include "cli/signals.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Connections served at once. */
enum { FAR_CONNECTIONS = 16384 };

static int far_ready(void *context, struct ka_error *error)
{
    const struct ka_endpoint *at = context;
    char text[KA_ENDPOINT_TEXT_SIZE];
    if (ka_privileges_drop_but(KA_NEEDS_ACCEPT, error) < 0)
        return -1;
    ka_endpoint_text(at, text);
    fprintf(stderr, "kasniff: far end of audits at %s, until interrupted\n", text);
    return 0;
}

int ka_audit_listen(const char *where, struct ka_error *error)
{
    char loopback[sizeof("127.0.0.1:65535")];
    struct ka_far_stats stats;
    struct ka_far_config config = {.connections = FAR_CONNECTIONS,
                                   .stop = ka_signals_stop,
                                   .ready = far_ready,
                                   .context = &config.at};
    bool port_only = where[strspn(where, "0123456789")] == '\0';
    int length = snprintf(loopback, sizeof(loopback), "127.0.0.1:%s", where);
    if (port_only && (size_t)length >= sizeof(loopback)) {
        ka_error_set(error, "'%s': the port must be a number from 1 to 65535", where);
        return KA_EXIT_USAGE;
    }
    if (ka_endpoint_parse(port_only ? loopback : where, &config.at, error) < 0)
        return KA_EXIT_USAGE;
    if (ka_addr_is_link_local(&config.at.addr)) {
        ka_error_set(error,
                     "%s is link-local (fe80::/10), which audits cannot use: listen at a "
                     "global or unique local address, or at [::]",
                     where);
        return KA_EXIT_USAGE;
    }
    if (ka_far_run(&config, &stats, error) < 0)
        return KA_EXIT_FAILED;
    fprintf(stderr,
            "kasniff: %" PRIu64 " audit%s, %" PRIu64 " trial%s in %" PRIu64
            " connection%s; %" PRIu64 " refused, %" PRIu64 " spoke something else\n",
            stats.audits, ka_text_plural(stats.audits), stats.trials, ka_text_plural(stats.trials),
            stats.accepted, ka_text_plural(stats.accepted), stats.refused, stats.nonsense);
    return KA_EXIT_DONE;
}
