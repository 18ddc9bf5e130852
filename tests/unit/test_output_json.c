/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The fast JSON writer against the plain one, over events of random values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/digits.h"
#include "events/field.h"
#include "output/output.h"
#include "tests/output/plain_json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A sequence that is the same in every run. */
static uint64_t next_random(uint64_t *seed)
{
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t value = (*seed ^ *seed >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return value ^ value >> 29;
}

/* Numbers of all lengths, the ends of their range among them. */
static uint64_t random_number(uint64_t *seed)
{
    uint64_t kind = next_random(seed) % 16;
    if (kind == 0)
        return 0;
    if (kind == 1)
        return UINT64_MAX;
    return next_random(seed) >> next_random(seed) % 64;
}

static ka_time random_time(uint64_t *seed)
{
    static const ka_time steps[] = {1, KA_MICROSECOND, KA_MILLISECOND, KA_SECOND,
                                    86400 * KA_SECOND};
    ka_time step = steps[next_random(seed) % 5];
    if (next_random(seed) % 8 == 0)
        return KA_TIME_NONE;
    return (ka_time)(next_random(seed) % (uint64_t)(KA_TIME_MAX / step)) * step;
}

static double random_double(uint64_t *seed)
{
    static const double few[] = {0, 1, -1, 1.0 / 3, 1e-9, 999999.9999999, 1e12, -1e300, 0};
    uint64_t kind = next_random(seed) % 12;
    if (kind < 9)
        return few[kind] * (double)(1 + next_random(seed) % 3);
    return kind == 9 ? NAN : (double)random_number(seed) / 1e7;
}

static const char *random_text(uint64_t *seed)
{
    static const char *const texts[] = {
        NULL,
        "",
        "a",
        "eight___",
        "nine____\"",
        "TTL as in its data",
        "seventeen bytes\\\033",
        "</script>",
        "gr\xc3\xbc\xc3\x9f",
        "cut \xe2\x82",
        "\xe2\x80\xae",
        "longer than a line of "
        "eight bytes, with nothing in it that needs care; then DEL: \x7f and then goes on",
    };
    return texts[next_random(seed) % (sizeof(texts) / sizeof(texts[0]))];
}

static void fill_inline(char *text, size_t size, uint64_t *seed)
{
    size_t length = next_random(seed) % (size + 1);
    bool plain = next_random(seed) % 2 == 0;
    memset(text, 0, size);
    for (size_t i = 0; i < length; i++)
        text[i] = (char)(plain ? 'a' + next_random(seed) % 26 : 1 + next_random(seed) % 255);
}

static void fill_address(struct ka_addr *addr, uint64_t *seed)
{
    uint8_t bytes[16] = {0};
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = next_random(seed) % 2 == 0 ? 0 : (uint8_t)next_random(seed);
    unsigned family = (unsigned)(next_random(seed) % 3);
    *addr = family == 0 ? (struct ka_addr){.family = 0} : ka_addr_make(family == 1 ? 4 : 6, bytes);
}

static void fill_integers(const struct ka_field *field, unsigned char *at, uint64_t *seed)
{
    size_t count = field->count > 0 ? field->count : 1;
    for (size_t i = 0; i < count; i++) {
        uint64_t value = random_number(seed);
        if (field->type == KA_FIELD_U8)
            at[i] = (uint8_t)value;
        else if (field->type == KA_FIELD_U16)
            ((uint16_t *)(void *)at)[i] = (uint16_t)value;
        else if (field->type == KA_FIELD_U32 || field->type == KA_FIELD_COUNTS32)
            ((uint32_t *)(void *)at)[i] = (uint32_t)value;
        else
            ((uint64_t *)(void *)at)[i] = value;
    }
}

static void fill_fields(const struct ka_field *fields, unsigned char *object, uint64_t *seed);

static void fill_field(const struct ka_field *field, void *at, uint64_t *seed)
{
    switch (field->type) {
    case KA_FIELD_BOOL:
        *(bool *)at = next_random(seed) % 2 == 0;
        return;
    case KA_FIELD_U8:
    case KA_FIELD_U16:
    case KA_FIELD_U32:
    case KA_FIELD_U64:
    case KA_FIELD_NUMBERS:
    case KA_FIELD_COUNTS32:
    case KA_FIELD_COUNTS64:
        fill_integers(field, at, seed);
        return;
    case KA_FIELD_DOUBLE:
        *(double *)at = random_double(seed);
        return;
    case KA_FIELD_DURATION:
    case KA_FIELD_TIMESTAMP:
        *(ka_time *)at = random_time(seed);
        return;
    case KA_FIELD_ENUM:
        *(uint8_t *)at =
            (uint8_t)(next_random(seed) % (field->count + (field->required ? 0U : 1U)));
        return;
    case KA_FIELD_TEXT:
        if (field->inline_text)
            fill_inline(at, field->count, seed);
        else
            *(const char **)at = random_text(seed);
        return;
    case KA_FIELD_TEXTS:
        for (size_t i = 0; i < field->count; i++)
            ((const char **)at)[i] = random_text(seed);
        return;
    case KA_FIELD_TAGS:
        return;
    case KA_FIELD_FIGURES:
        for (size_t i = 0; i < field->count; i++)
            ((struct ka_figure *)at)[i] =
                (struct ka_figure){.name = random_text(seed), .value = random_double(seed)};
        return;
    case KA_FIELD_ADDR:
        fill_address(at, seed);
        return;
    case KA_FIELD_ENDPOINT:
        fill_address(&((struct ka_endpoint *)at)->addr, seed);
        ((struct ka_endpoint *)at)->port = (uint16_t)random_number(seed);
        return;
    case KA_FIELD_OBJECT:
        fill_fields(field->fields, at, seed);
        return;
    }
}

static void fill_fields(const struct ka_field *fields, unsigned char *object, uint64_t *seed)
{
    for (const struct ka_field *field = fields; field->name != NULL; field++)
        fill_field(field, object + field->offset, seed);
}

/* What stands behind no field of its own. */
static void fill_hidden(struct ka_event *event, uint64_t *seed)
{
    uint64_t bits = next_random(seed);
    if (event->type == KA_EVENT_CONNECTION) {
        event->connection.keepalive[0].present = (bits & 1) != 0;
        event->connection.keepalive[1].present = (bits & 2) != 0;
        event->connection.heartbeat.present = (bits & 4) != 0;
    }
    if (event->type == KA_EVENT_IDLE_TIMEOUT) {
        event->idle_timeout.has_refresher = (bits & 1) != 0;
        event->idle_timeout.has_origin = (bits & 2) != 0;
    }
    if (event->type == KA_EVENT_CAPTURE) {
        event->capture.received_known = (bits & 1) != 0;
        event->capture.drops_known = (bits & 2) != 0;
        event->capture.interface_drops_known = (bits & 4) != 0;
    }
    if (event->type == KA_EVENT_SOCKET) {
        event->socket.keepalive = (uint8_t)(bits % 3);
        event->socket.settings = random_text(seed);
    }
}

/* Few connections, so that they are met again, in both directions, and chase each other out of what
 * is remembered. */
static void fill_envelope(struct ka_envelope *envelope, uint64_t *seed)
{
    uint64_t bits = next_random(seed);
    uint64_t flow = (bits & 7) + (bits & 8) * 4096;
    uint64_t addresses = flow * 1000003;
    fill_address(&envelope->src.addr, &addresses);
    do
        fill_address(&envelope->dst.addr, &addresses);
    while (envelope->dst.addr.family != envelope->src.addr.family && (bits >> 8) % 16 != 0);
    envelope->src.port = (uint16_t)addresses;
    envelope->dst.port = (uint16_t)(flow % 3);
    if ((bits & 16) != 0) {
        struct ka_endpoint src = envelope->src;
        envelope->src = envelope->dst;
        envelope->dst = src;
    }
    envelope->flow_id = (uint32_t)flow;
    envelope->time = random_time(seed);
    envelope->digits = (uint8_t)(next_random(seed) % 12);
    envelope->frame = random_number(seed);
    envelope->input = (uint16_t)(bits >> 16 & 3);
    envelope->vlan_count = (uint8_t)((bits >> 20 & 7) % 5);
    for (unsigned i = 0; i < 4; i++)
        envelope->vlan[i] = (uint16_t)random_number(seed);
    envelope->tunnel_type = (uint8_t)(bits >> 24 & 15);
    envelope->tunnel_id = (uint32_t)random_number(seed);
}

static void compare(const struct ka_output_options *options, uint64_t seed, unsigned count)
{
    char *fast = NULL;
    size_t size = 0;
    struct ka_output *output = NULL;
    struct ka_text plain = ka_text_growing();
    FILE *stream = open_memstream(&fast, &size);
    assert_non_null(stream);
    assert_int_equal(ka_output_create(stream, options, &output, NULL), 0);
    for (unsigned i = 0; i < count; i++) {
        struct ka_event event = {.type = i % KA_EVENT_TYPE_COUNT};
        fill_envelope(&event.envelope, &seed);
        fill_fields(ka_event_fields(event.type), (unsigned char *)&event, &seed);
        fill_hidden(&event, &seed);
        ka_output_event(output, &event);
        plain_json(&plain, options, &event);
    }
    assert_int_equal(ka_output_flush(output, NULL), 0);
    ka_output_free(output);
    fclose(stream);
    assert_false(plain.overflow);
    assert_int_equal(size, plain.used);
    assert_memory_equal(fast, plain.bytes, size);
    ka_text_free(&plain);
    free(fast);
}

static void random_events_read_as_the_plain_writer_writes_them(void **state)
{
    (void)state;
    enum { EVENTS = 20000, LONG = 5000 };
    static char name[LONG + 1];
    static const char *const names[] = {"a.pcap", "\"</b\033.pcap", name};
    struct ka_output_options options = {.form = KA_OUTPUT_JSON, .verbose = true};
    compare(&options, 1, EVENTS);
    memset(name, '<', LONG);
    options.input_names = names;
    options.input_count = 3;
    compare(&options, 2, EVENTS / 10);
    options.live = true;
    compare(&options, 3, EVENTS / 10);
}

static void numbers_read_as_printf_writes_them(void **state)
{
    (void)state;
    uint64_t seed = 4;
    char expected[64];
    char digits[64];
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t value = random_number(&seed);
        *ka_digits_number(digits, value) = '\0';
        snprintf(expected, sizeof(expected), "%" PRIu64, value);
        assert_string_equal(digits, expected);
        unsigned count = 1 + (unsigned)(next_random(&seed) % 8);
        uint32_t limit = 1;
        for (unsigned k = 0; k < count; k++)
            limit *= 10;
        *ka_digits_fixed(digits, (uint32_t)value % limit, count) = '\0';
        snprintf(expected, sizeof(expected), "%0*" PRIu32, (int)count, (uint32_t)value % limit);
        assert_string_equal(digits, expected);
    }
    for (uint64_t power = 1; power < UINT64_MAX / 10; power *= 10) {
        *ka_digits_number(digits, power) = '\0';
        snprintf(expected, sizeof(expected), "%" PRIu64, power);
        assert_string_equal(digits, expected);
        *ka_digits_number(digits, power - 1) = '\0';
        snprintf(expected, sizeof(expected), "%" PRIu64, power - 1);
        assert_string_equal(digits, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_events_read_as_the_plain_writer_writes_them),
        cmocka_unit_test(numbers_read_as_printf_writes_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
