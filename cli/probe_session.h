/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a run of kasniff probe holds open, and the steps that one connection and many share.
 */
#ifndef KA_CLI_PROBE_SESSION_H
#define KA_CLI_PROBE_SESSION_H

#include "capture/source.h"
#include "cli/command.h"
#include "cli/form.h"
#include "output/output.h"
#include "probe/prober.h"

struct ka_probe_options {
    struct ka_general general;
    struct ka_form_options form;
    struct ka_texts files;
    const char *interface;
    const char *log;
    const char *write;
    ka_time interval;
    ka_time timeout;
    ka_time idle; /* negative: not given */
    ka_time sniff;
    uint64_t bytes;
    uint64_t count;
    uint64_t ttl; /* 0: not given */
    uint64_t rate;
    bool again;
    bool all;
    bool both;
    bool exact;
    bool link;
    bool dry_run;
    bool yes;
    bool quiet;
    bool verbose;
};

/* The rows of the options above, but for `form`: probe has --json of it. */
extern const struct ka_option ka_probe_rows[];

/* Set up in the order of its members, before privileges are dropped. */
struct ka_probe_session {
    const struct ka_probe_options *options;
    const char *device;    /* the interface by which alone probes leave; NULL: as routed */
    unsigned device_index; /* of that; else 0 */
    const char *filter;    /* in libpcap's language, for what is read and heard */
    struct ka_known *known;
    struct ka_probe_log *log;
    struct ka_past *past; /* NULL with --again and in a dry run */
    struct ka_tap *tap;   /* NULL in a dry run without the right to listen */
    struct ka_injector *injector;
    struct ka_source **sources; /* one for each -r */
    struct ka_output *output;
    struct ka_prober *prober;
    struct ka_socket_lookup *lookup; /* this host's own sockets, looked at again and again */
};

/* How many connections are kept: what --all may meet on a busy link. */
enum { KA_PROBE_CONNECTIONS = 65536 };

/* Opens log, tap and files. Returns 0, or -1 with a message; ka_probe_session_close in any case. */
int ka_probe_session_open(struct ka_probe_session *session, struct ka_error *error);

/* Takes up what this host has itself of what passes the session's filter. To be called before
 * privileges are dropped: it opens a socket. */
int ka_probe_session_local(struct ka_probe_session *session, struct ka_error *error);

/* Starts the helper, likewise before: `allow` is whom it may send to, session->device the way. */
int ka_probe_session_helper(struct ka_probe_session *session, const char *const *allow,
                            size_t allow_count, struct ka_error *error);

/* Reads the files of -r; with `grow` all their connections are taken up. Damage is told on standard
 * error and does not end it. */
int ka_probe_session_read(struct ka_probe_session *session, bool grow, struct ka_error *error);

/* Makes the output and the prober. */
int ka_probe_session_start(struct ka_probe_session *session, bool grow, bool quiet,
                           void (*progress)(void *context), struct ka_error *error);

/* Closes all. Returns `status`, or KA_EXIT_FAILED with a message where what was logged may be lost.
 */
int ka_probe_session_close(struct ka_probe_session *session, int status, struct ka_error *error);

/* --dry-run: prints what would be sent to side `to` and what it would do. Returns the status. */
int ka_probe_dry_run(struct ka_probe_session *session, struct ka_known_conn *entry, unsigned to,
                     struct ka_error *error);

/* --all: learns, asks everyone, prints the table. Returns the status. */
int ka_probe_many(const struct ka_probe_options *options, const struct ka_texts *words,
                  struct ka_error *error);

#endif
