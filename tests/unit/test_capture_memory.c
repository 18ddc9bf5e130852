/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Memory that runs out at any place of capture/: an error or an early end, no crash, no leak.
 * Linked so that the allocating functions of our own objects come through here.
 */
#include "tests/unit/capture_bytes.h"

#include "capture/file.h"
#include "capture/file_memory.h"
#include "capture/filter.h"
#include "capture/pcapng_write.h"

#include <stdlib.h>
#include <string.h>

/* The test's own knobs: how many allocations succeed before some fail (below 0: all succeed),
 * whether only one fails or all from there on, and whether any did. */
static int allowed = -1;
static bool only_one;
static bool denied;

static bool may_allocate(void)
{
    if (allowed < 0 || (denied && only_one))
        return true;
    if (allowed > 0) {
        allowed--;
        return true;
    }
    denied = true;
    return false;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
    return may_allocate() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
    return may_allocate() ? __real_calloc(count, size) : NULL;
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
    return may_allocate() ? __real_reallocarray(old, count, size) : NULL;
}

char *__wrap_strdup(const char *text)
{
    return may_allocate() ? __real_strdup(text) : NULL;
}

/* Runs `job` with one allocation more each time, until none is missing. The job tells whether it
 * did all it should; else it must have left a word. */
static void starve(bool (*job)(const struct ka_builder *b, struct ka_error *error),
                   const struct ka_builder *b)
{
    enum { RUNS_MAX = 200 };
    for (int i = 0; i < RUNS_MAX; i++) {
        struct ka_error error = {.text = ""};
        allowed = i;
        denied = false;
        bool done = job(b, &error);
        allowed = -1;
        assert_true(done || error.text[0] != '\0');
        if (!denied) {
            assert_true(done);
            assert_true(i > 3); /* the knob works */
            return;
        }
    }
    fail_msg("still starving after %d runs", RUNS_MAX);
}

/* Reads to the end; true when all was well and `frames` frames came. */
static bool drain(struct ka_source *source, size_t frames, struct ka_error *error)
{
    struct ka_frame batch[KA_BATCH];
    size_t count;
    size_t seen = 0;
    enum ka_source_status status;
    struct ka_error word;
    do {
        status = ka_source_next(source, batch, KA_BATCH, &count, &word);
        seen += count;
        if (word.text[0] != '\0')
            *error = word;
    } while (status <= KA_SOURCE_IDLE);
    ka_source_close(source);
    return status == KA_SOURCE_END && seen == frames && error->text[0] == '\0';
}

static bool read_filtered(const struct ka_builder *b, struct ka_error *error)
{
    struct ka_source *source;
    return ka_file_open_memory("x", b->bytes, b->used, "greater 1", &source, error) == 0 &&
           drain(source, 3, error);
}

static bool read_merged(const struct ka_builder *b, struct ka_error *error)
{
    struct ka_source *sources[2];
    struct ka_source *both;
    if (ka_file_open_memory("a", b->bytes, b->used, NULL, &sources[0], error) != 0)
        return false;
    if (ka_file_open_memory("b", b->bytes, b->used, NULL, &sources[1], error) != 0) {
        ka_source_close(sources[0]);
        return false;
    }
    if (ka_merge_open(sources, 2, &both, error) != 0) {
        ka_source_close(sources[0]);
        ka_source_close(sources[1]);
        return false;
    }
    return drain(both, 6, error);
}

static bool write_frame(const struct ka_builder *b, struct ka_error *error)
{
    struct ka_pcapng_writer *writer;
    struct ka_frame frame = {.data = b->bytes, .captured = 10, .length = 10};
    if (ka_pcapng_writer_open("/dev/null", "test", &writer, error) != 0)
        return false;
    bool ok = ka_pcapng_writer_add(writer, &frame, "eth0", "comment", error) == 0;
    return ka_pcapng_writer_close(writer, error) == 0 && ok;
}

static void a_lack_of_memory_is_told(void **state)
{
    (void)state;
    static bool (*const jobs[])(const struct ka_builder *,
                                struct ka_error *) = {read_filtered, read_merged, write_frame};
    uint8_t bytes[1024];
    struct ka_builder b = ka_builder_make(bytes, sizeof(bytes));
    put_section(&b, false);
    put_interface(&b, false, 1, 0, 9, 0);
    put_interface(&b, false, 101, 0, 9, 0);
    for (uint64_t i = 0; i < 3; i++)
        put_enhanced(&b, false, i % 2, i, 60, 60, 0x45);
    for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
        for (int once = 0; once <= 1; once++) {
            only_one = once;
            starve(jobs[i], &b);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lack_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
