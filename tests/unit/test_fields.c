/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The declaration of fields keeps its own rules, and those that scripts rely on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "events/field.h"

#include <stdio.h>
#include <string.h>

/* Calls `each` for the fields of an object, those inside it included. */
static void walk(const struct ka_field *fields, const struct ka_field *parent,
                 void (*each)(const struct ka_field *field, const struct ka_field *parent))
{
    for (const struct ka_field *field = fields; field->name != NULL; field++) {
        each(field, parent);
        if (field->fields != NULL)
            walk(field->fields, field, each);
    }
}

static void walk_all(void (*each)(const struct ka_field *field, const struct ka_field *parent))
{
    walk(ka_envelope_fields(), NULL, each);
    for (unsigned type = 0; type < KA_EVENT_TYPE_COUNT; type++)
        walk(ka_event_fields(type), NULL, each);
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static void check_explained(const struct ka_field *field, const struct ka_field *parent)
{
    (void)parent;
    assert_non_null(field->meaning);
    assert_int_not_equal(field->meaning[0], '\0');
    for (const char *at = field->name; *at != '\0'; at++)
        assert_true((*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9') || *at == '_');
}

static void every_field_is_explained_and_named_in_snake_case(void **state)
{
    (void)state;
    walk_all(check_explained);
}

/* What the JSON writer copies as it is. */
static void check_ready(const struct ka_field *field, const struct ka_field *parent)
{
    (void)parent;
    char key[KA_FIELD_KEY_SIZE + 1];
    assert_in_range(field->key_length, 1, KA_FIELD_KEY_SIZE);
    assert_int_equal(snprintf(key, sizeof(key), "\"%s\":", field->name), field->key_length);
    assert_memory_equal(field->key, key, field->key_length);
    for (size_t i = 0; field->names != NULL && i < field->count; i++) {
        for (const char *at = field->names[i]; at != NULL && *at != '\0'; at++)
            assert_true(*at > ' ' && *at <= 'z' && strchr("\"<\\", *at) == NULL);
    }
}

static void keys_and_names_need_no_escape(void **state)
{
    (void)state;
    walk_all(check_ready);
}

/* Seconds end in _s, their own key or that of the object they stand in. */
static void check_seconds(const struct ka_field *field, const struct ka_field *parent)
{
    bool named = ends_with(field->name, "_s") || (parent != NULL && ends_with(parent->name, "_s"));
    assert_int_equal(field->unit != NULL && strcmp(field->unit, "s") == 0, named);
    if (field->type == KA_FIELD_DURATION)
        assert_true(named);
}

static void durations_are_seconds_and_say_so(void **state)
{
    (void)state;
    walk_all(check_seconds);
}

static void check_absence(const struct ka_field *field, const struct ka_field *parent)
{
    (void)parent;
    /* What may be left out is not null as well: one way to say unknown for each field. */
    if (field->nullable)
        assert_true(field->required);
    if (field->when != NULL)
        assert_false(field->required);
    if (field->null_when != NULL || field->type == KA_FIELD_DURATION)
        assert_true(field->nullable);
}

static void unknown_is_said_in_one_way(void **state)
{
    (void)state;
    walk_all(check_absence);
}

static void check_shape(const struct ka_field *field, const struct ka_field *parent)
{
    (void)parent;
    bool by_name = field->type == KA_FIELD_ENUM || field->type == KA_FIELD_COUNTS32 ||
                   field->type == KA_FIELD_COUNTS64;
    bool array = field->type == KA_FIELD_TEXTS || field->type == KA_FIELD_NUMBERS ||
                 field->type == KA_FIELD_TAGS || field->type == KA_FIELD_FIGURES;
    assert_int_equal(field->names != NULL, by_name);
    assert_int_equal(field->fields != NULL, field->type == KA_FIELD_OBJECT);
    if (by_name || array || field->inline_text)
        assert_true(field->count > 0);
    assert_true(field->offset < sizeof(struct ka_event));
}

static void types_have_what_they_need(void **state)
{
    (void)state;
    walk_all(check_shape);
}

static void no_key_stands_twice(void **state)
{
    (void)state;
    for (unsigned type = 0; type < KA_EVENT_TYPE_COUNT; type++) {
        const struct ka_field *fields = ka_event_fields(type);
        for (size_t i = 0; fields[i].name != NULL; i++) {
            for (size_t k = 0; k < i; k++)
                assert_string_not_equal(fields[i].name, fields[k].name);
        }
        for (const struct ka_field *key = ka_envelope_fields(); key->name != NULL; key++)
            assert_string_not_equal(key->name, ka_event_name(type));
    }
}

static void values_out_of_range_have_no_name(void **state)
{
    (void)state;
    assert_string_equal(ka_peer_state_name(KA_PEER_APP_SILENT), "app-silent");
    assert_null(ka_peer_state_name(KA_PEER_STATE_COUNT));
    assert_null(ka_app_error_name(KA_APP_NONE));
    assert_string_equal(ka_app_error_name(KA_APP_EHOSTUNREACH), "EHOSTUNREACH");
    assert_null(ka_app_error_name(KA_APP_EHOSTUNREACH + 1));
    assert_string_equal(ka_ended_name(KA_ENDED_GAVE_UP), "gave-up");
    assert_null(ka_ended_name(KA_ENDED_REUSED + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_explained_and_named_in_snake_case),
        cmocka_unit_test(keys_and_names_need_no_escape),
        cmocka_unit_test(durations_are_seconds_and_say_so),
        cmocka_unit_test(unknown_is_said_in_one_way),
        cmocka_unit_test(types_have_what_they_need),
        cmocka_unit_test(no_key_stands_twice),
        cmocka_unit_test(values_out_of_range_have_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
