/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kasniff probe --dry-run: the packet, its bytes, what it would do; nothing is sent.
 */
#include "cli/probe_session.h"

#include "base/clock.h"
#include "capture/pcapng_write.h"

#include <stdio.h>

static int write_capture(const char *path, const struct ka_reply *reply, bool link,
                         struct ka_error *error)
{
    struct ka_pcapng_writer *writer = NULL;
    struct ka_frame frame = {
        .time = ka_clock_wall(),
        .number = 1,
        .data = reply->bytes,
        .captured = (uint32_t)reply->length,
        .length = (uint32_t)reply->length,
        .link_type = link ? KA_LINKTYPE_ETHERNET : KA_LINKTYPE_RAW,
        .digits = 9,
    };
    if (ka_pcapng_writer_open(path, "kasniff probe --dry-run", &writer, error) < 0)
        return -1;
    int status = ka_pcapng_writer_add(writer, &frame, NULL, "not sent: a dry run", error);
    struct ka_error late;
    if (ka_pcapng_writer_close(writer, &late) < 0 && status == 0)
        return ka_error_set(error, "%s", late.text);
    return status;
}

int ka_probe_dry_run(struct ka_probe_session *session, struct ka_known_conn *entry, unsigned to,
                     struct ka_error *error)
{
    const struct ka_probe_options *options = session->options;
    struct ka_probe_facts facts = ka_known_facts(entry, to);
    struct ka_probe_wish wish = {.mode = options->exact ? KA_ACK_EXACT : KA_ACK_GENTLE,
                                 .length = (uint8_t)options->bytes,
                                 .ttl = (uint8_t)options->ttl};
    struct ka_probe probe;
    struct ka_reply reply;
    char text[KA_EXPLAIN_SIZE];
    if (options->link)
        facts.link = entry->side[!to].link;
    if (ka_probe_craft(&facts, &wish, &probe, error) != 0 ||
        ka_injector_send(session->injector, ka_clock_wall(), &probe, &reply, error) != 0)
        return KA_EXIT_FAILED;
    if (reply.kind != KA_REPLY_BUILT) {
        ka_error_set(error, "kasniff-inject would refuse it: %.400s", reply.text);
        return KA_EXIT_FAILED;
    }
    ka_probe_explain(&probe, text);
    fputs(text, stdout);
    if (!options->yes && !ka_risk_free(entry, to, ka_clock_wall())) {
        char risk[KA_RISK_TEXT_SIZE];
        ka_risk_text(entry, to, risk);
        printf("it would not be sent\n  %s.\n", risk);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        ka_error_set(error, "cannot write to standard output: %m");
        return KA_EXIT_FAILED;
    }
    if (options->write != NULL && write_capture(options->write, &reply, options->link, error) < 0)
        return KA_EXIT_FAILED;
    return KA_EXIT_DONE;
}
