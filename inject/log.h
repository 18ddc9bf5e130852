/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The record of everything that was sent: a file that only grows, a line an event, written before
 * the packet leaves. Where the line cannot be written, the packet is not sent.
 */
#ifndef KA_INJECT_LOG_H
#define KA_INJECT_LOG_H

#include "base/time.h"
#include "inject/probe.h"
#include "inject/protocol.h"

struct ka_probe_log;

/* Opens the file for appending, creating it for its owner alone. A link as the last part of the
 * path is not followed. Of a pipe someone must be reading, fast enough. A last line that was cut is
 * ended. Returns NULL with a message naming the file. */
struct ka_probe_log *ka_probe_log_open(const char *path, struct ka_error *error);

/* Closes. Returns 0, or -1 with a message when what was written may be lost. NULL is taken. */
int ka_probe_log_close(struct ka_probe_log *log, struct ka_error *error);

/* Each appends "TIME WORD REST\n", TIME in UTC with microseconds, and hands it to the kernel before
 * it returns 0; -1 with a message otherwise, and then every later call fails as well: a log with
 * holes is none. */

/* "ask", with the request as it goes to the injector. To be called before it goes. */
int ka_probe_log_ask(struct ka_probe_log *log, ka_time now, const struct ka_request *request,
                     struct ka_error *error);

/* "reply", with the injector's reply. */
int ka_probe_log_reply(struct ka_probe_log *log, ka_time now, const struct ka_reply *reply,
                       struct ka_error *error);

/* "outcome id=N", with what came back ("ack after 0.5 ms"). Control characters are replaced. */
int ka_probe_log_outcome(struct ka_probe_log *log, ka_time now, uint32_t id, const char *text,
                         struct ka_error *error);

#endif
