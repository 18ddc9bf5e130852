/* SPDX-License-Identifier: BSD-2-Clause */
#include "output/form.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Handed to the stream at once when this much has gathered: whole pages, so that the stream neither
 * keeps nor adds a part of one, and many of them, as the kernel takes what is large by the large
 * folio. */
enum { CHUNK = 256 * 1024, PAGE = 4096 };

static void ignore(struct ka_output *output, const struct ka_event *event)
{
    (void)output;
    (void)event;
}

static const struct ka_form form_none = {.event = ignore};

static const struct ka_form *const forms[] = {
    [KA_OUTPUT_TEXT] = &ka_form_text,
    [KA_OUTPUT_JSON] = &ka_form_json,
    [KA_OUTPUT_NONE] = &form_none,
};

int ka_output_create(FILE *stream, const struct ka_output_options *options, struct ka_output **out,
                     struct ka_error *error)
{
    struct ka_output *output = calloc(1, sizeof(*output));
    if (output == NULL)
        return ka_error_set(error, "cannot prepare the output: out of memory");
    output->options = *options;
    output->form = forms[options->form];
    output->stream = stream;
    output->buffer = ka_text_growing();
    if (output->form->open != NULL && output->form->open(output) < 0) {
        free(output);
        return ka_error_set(error, "cannot prepare the output: out of memory");
    }
    *out = output;
    return 0;
}

/* Hands the first `count` bytes of the buffer to the stream. After a failure nothing more is
 * written: a hole in the middle would look like a whole output. */
static void hand_over(struct ka_output *output, size_t count)
{
    struct ka_text *buffer = &output->buffer;
    if (buffer->overflow && output->error == 0)
        output->error = ENOMEM;
    if (output->error == 0 && count > 0) {
        errno = 0;
        if (fwrite(buffer->bytes, 1, count, output->stream) != count)
            output->error = errno != 0 ? errno : EIO;
    }
    buffer->used -= count;
    if (buffer->used > 0)
        memmove(buffer->bytes, buffer->bytes + count, buffer->used);
}

/* The same with most of the buffer. A first chunk is written directly: little output needs no
 * thread. */
static void hand_over_chunk(struct ka_output *output)
{
    struct ka_text *buffer = &output->buffer;
    size_t count = buffer->used / PAGE * PAGE;
    if (output->aside != NULL && output->error == 0 && !buffer->overflow)
        output->error = ka_aside_put(output->aside, buffer, count);
    else
        hand_over(output, count);
    if (!output->is_much)
        output->aside = ka_aside_start(output->stream);
    output->is_much = true;
}

static void flush(struct ka_output *output)
{
    int error = output->aside != NULL ? ka_aside_wait(output->aside) : 0;
    if (output->error == 0)
        output->error = error;
    hand_over(output, output->buffer.used);
    errno = 0;
    if (output->error == 0 && fflush(output->stream) != 0)
        output->error = errno != 0 ? errno : EIO;
}

static bool is_wanted(const struct ka_output_options *options, const struct ka_event *event)
{
    return event->type != KA_EVENT_LOOKALIKE || options->verbose;
}

void ka_output_event(struct ka_output *output, const struct ka_event *event)
{
    if (!is_wanted(&output->options, event))
        return;
    output->form->event(output, event);
    if (output->options.line_buffered)
        flush(output);
    else if (output->buffer.used >= CHUNK)
        hand_over_chunk(output);
}

void ka_output_now(struct ka_output *output, ka_time now)
{
    if (output->form->now == NULL || now == KA_TIME_NONE)
        return;
    output->form->now(output, now);
    if (output->options.line_buffered)
        flush(output);
}

int ka_output_flush(struct ka_output *output, struct ka_error *error)
{
    flush(output);
    if (output->error == 0)
        return 0;
    return ka_error_set(error, "cannot write the output: %s; what follows is lost",
                        strerror(output->error));
}

void ka_output_free(struct ka_output *output)
{
    if (output == NULL)
        return;
    if (output->form->close != NULL)
        output->form->close(output);
    ka_aside_stop(output->aside);
    ka_text_free(&output->buffer);
    free(output);
}

static void emit(void *context, const struct ka_event *event)
{
    ka_output_event(context, event);
}

struct ka_sink ka_output_sink(struct ka_output *output)
{
    return (struct ka_sink){.emit = emit, .context = output};
}
