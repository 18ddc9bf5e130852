/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/listen.h"

#include "base/text.h"
#include "capture/filter.h"
#include "capture/live.h"
#include "cli/complaint.h"

#include <stdio.h>
#include <stdlib.h>

const struct ka_option ka_listen_rows[] = {
    {.name = "snapshot-length",
     .letter = 's',
     .kind = KA_ARG_NUMBER,
     .arg = "BYTES",
     .offset = offsetof(struct ka_listen_options, snaplen),
     .min = 0,
     .max = KA_LIVE_SNAPLEN_MAX,
     .group = "Listening",
     .help = "take so much of each frame (default: 256; 0: all of it)"},
    {.name = "buffer-size",
     .letter = 'B',
     .kind = KA_ARG_NUMBER,
     .arg = "KIB",
     .offset = offsetof(struct ka_listen_options, buffer),
     .min = 1,
     .max = INT32_MAX / 1024,
     .group = "Listening",
     .help = "the kernel's capture buffer in KiB (default: 8192)"},
    {.name = "no-promiscuous-mode",
     .letter = 'p',
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct ka_listen_options, quiet_link),
     .group = "Listening",
     .help = "do not put the interface into promiscuous mode"},
    {.name = "list-interfaces",
     .letter = 'D',
     .kind = KA_ARG_FLAG,
     .offset = offsetof(struct ka_listen_options, list),
     .group = "Listening",
     .help = "list the interfaces and end"},
    {.help = NULL},
};

static uint32_t snaplen_of(const struct ka_listen_options *options)
{
    return options->snaplen == 0 ? KA_LIVE_SNAPLEN_MAX : (uint32_t)options->snaplen;
}

int ka_listen_open(const struct ka_texts *interfaces, const char *filter,
                   const struct ka_listen_options *options, struct ka_source **out,
                   struct ka_error *error)
{
    if (interfaces->count > KA_LIVE_INTERFACES_MAX)
        return ka_error_set(error, "too many interfaces: %zu, at most %d; 'any' is all of them",
                            interfaces->count, KA_LIVE_INTERFACES_MAX);
    char *widened = filter != NULL ? ka_filter_widen(filter) : NULL;
    if (filter != NULL && widened == NULL)
        return ka_error_set(error, "cannot widen the filter: out of memory");
    struct ka_live_options live = {
        .interfaces = interfaces->items,
        .count = interfaces->count,
        .filter = widened,
        .snaplen = snaplen_of(options),
        .buffer = (uint32_t)options->buffer,
        .promiscuous = !options->quiet_link,
    };
    int status = ka_live_open(&live, out, error);
    free(widened);
    return status;
}

void ka_listen_announce(const struct ka_source *source, const char *filter,
                        const struct ka_listen_options *options)
{
    struct ka_text said = ka_text_growing();
    ka_text_put_string(&said, "listening on ");
    for (uint16_t i = 0; i < source->inputs; i++) {
        ka_text_put_string(&said, i == 0 ? "" : ", ");
        ka_text_put_string(&said, ka_source_input_name(source, i));
        ka_text_put_string(&said, " (");
        ka_text_put_string(&said, ka_live_link_name(source, i));
        ka_text_put_char(&said, ')');
    }
    ka_text_put_string(&said, ", ");
    ka_text_put_number(&said, snaplen_of(options));
    ka_text_put_string(&said, " bytes of each frame");
    ka_text_put_string(&said, filter != NULL ? ", " : "");
    ka_text_put_string(&said, filter != NULL ? filter : "");
    ka_text_put_char(&said, '\0');
    ka_complain(said.overflow ? "listening" : said.bytes);
    ka_text_free(&said);
    fputs("kasniff: by default keepalive probes come only after two hours of silence; a quiet "
          "screen is no fault\n",
          stderr);
}

/* An interface as a line: "1.eth0 [up, running]". Names and descriptions are foreign text. */
static void print_interface(void *context, const struct ka_live_interface *interface)
{
    unsigned *number = context;
    char bytes[512];
    struct ka_text line = ka_text_fixed(bytes, sizeof(bytes));
    ka_text_put_number(&line, ++*number);
    ka_text_put_char(&line, '.');
    ka_text_put_foreign(&line, interface->name, sizeof(bytes));
    ka_text_put_string(&line, " [");
    ka_text_put_string(&line, interface->up ? "up" : "down");
    if (interface->running)
        ka_text_put_string(&line, ", running");
    if (interface->loopback)
        ka_text_put_string(&line, ", loopback");
    ka_text_put_char(&line, ']');
    if (interface->description != NULL) {
        ka_text_put_char(&line, ' ');
        ka_text_put_foreign(&line, interface->description, sizeof(bytes));
    }
    printf("%.*s\n", (int)line.used, line.bytes);
}

int ka_listen_list(struct ka_error *error)
{
    unsigned number = 0;
    if (ka_live_list(print_interface, &number, error) != 0)
        return -1;
    if (fflush(stdout) != 0)
        return ka_error_set(error, "cannot write to standard output: %m");
    return 0;
}
