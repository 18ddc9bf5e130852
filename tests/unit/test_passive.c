/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The passive audit: silences by path become brackets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/passive.h"

#include <stdlib.h>
#include <string.h>

#define S KA_SECOND

enum { EVENTS_MAX = 32 };

struct heard {
    struct ka_event events[EVENTS_MAX];
    size_t count;
};

static void hear(void *context, const struct ka_event *event)
{
    struct heard *heard = context;
    assert_true(heard->count < EVENTS_MAX);
    heard->events[heard->count++] = *event;
}

static struct ka_endpoint server(const char *text)
{
    struct ka_endpoint endpoint;
    assert_int_equal(ka_endpoint_parse(text, &endpoint, NULL), 0);
    return endpoint;
}

static void add(struct ka_passive *passive, const char *to, uint8_t speaker, ka_time idle,
                uint8_t result, uint8_t after)
{
    struct ka_endpoint endpoint = server(to);
    struct ka_trial trial = {.idle = idle, .result = result, .after = after};
    assert_true(ka_passive_add(passive, &endpoint, speaker, &trial));
}

static void lived(struct ka_passive *passive, const char *to, ka_time idle)
{
    add(passive, to, KA_SPEAKER_CLIENT, idle, KA_TRIAL_SURVIVED, KA_AFTER_UNKNOWN);
}

static void died(struct ka_passive *passive, const char *to, ka_time idle, uint8_t after)
{
    add(passive, to, KA_SPEAKER_CLIENT, idle, KA_TRIAL_DIED, after);
}

static void report(struct ka_passive *passive, struct heard *heard)
{
    struct ka_products products = {.items = NULL};
    assert_int_equal(ka_products_read(&products, ka_products_builtin, "table", NULL), 0);
    heard->count = 0;
    ka_passive_report(passive, &products, 7 * S, 6, (struct ka_sink){hear, heard});
    /* names belong to the table, which goes: keep none */
    ka_products_fini(&products);
}

static void the_silences_before_a_server_become_its_bracket(void **state)
{
    (void)state;
    struct ka_passive *passive = ka_passive_create();
    struct heard heard;
    lived(passive, "10.0.0.1:5432", 340 * S);
    lived(passive, "10.0.0.1:5432", 20 * S);
    died(passive, "10.0.0.1:5432", 362 * S, KA_AFTER_SILENT);
    died(passive, "10.0.0.1:5432", 4000 * S, KA_AFTER_SILENT);
    add(passive, "10.0.0.1:5432", KA_SPEAKER_CLIENT, 9000 * S, KA_TRIAL_CENSORED, 0);
    report(passive, &heard);
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.events[0].type, KA_EVENT_IDLE_TIMEOUT);
    const struct ka_ev_idle_timeout *timeout = &heard.events[0].idle_timeout;
    assert_int_equal(timeout->survived, 340 * S);
    assert_int_equal(timeout->died, 362 * S);
    assert_int_equal(timeout->trials, 5);
    assert_int_equal(timeout->after_expiry, KA_AFTER_SILENT);
    assert_int_equal(timeout->arm, KA_ARM_SILENT);
    assert_int_equal(timeout->first_speaker, KA_SPEAKER_CLIENT);
    assert_non_null(timeout->known[0]);
    assert_int_equal(heard.events[0].envelope.dst.port, 5432);
    assert_int_equal(heard.events[0].envelope.time, 7 * S);
    ka_passive_free(passive);
}

static void each_side_that_speaks_first_has_its_own(void **state)
{
    (void)state;
    struct ka_passive *passive = ka_passive_create();
    struct heard heard;
    lived(passive, "10.0.0.1:5432", 900 * S);
    add(passive, "10.0.0.1:5432", KA_SPEAKER_SERVER, 300 * S, KA_TRIAL_DIED, KA_AFTER_RST);
    report(passive, &heard);
    assert_int_equal(heard.count, 2);
    assert_int_equal(heard.events[0].idle_timeout.first_speaker, KA_SPEAKER_CLIENT);
    assert_int_equal(heard.events[0].idle_timeout.died, KA_TIME_NONE);
    assert_int_equal(heard.events[1].idle_timeout.first_speaker, KA_SPEAKER_SERVER);
    assert_int_equal(heard.events[1].idle_timeout.died, 300 * S);
    ka_passive_free(passive);
}

static void what_was_never_tried_is_not_told(void **state)
{
    (void)state;
    struct ka_passive *passive = ka_passive_create();
    struct heard heard;
    add(passive, "10.0.0.1:5432", KA_SPEAKER_CLIENT, 9000 * S, KA_TRIAL_CENSORED, 0);
    report(passive, &heard);
    assert_int_equal(heard.count, 0);
    ka_passive_free(passive);
}

static void several_causes_are_told_apart(void **state)
{
    (void)state;
    struct ka_passive *passive = ka_passive_create();
    struct heard heard;
    lived(passive, "[2001:db8::1]:443", 50 * S);
    died(passive, "[2001:db8::1]:443", 60 * S, KA_AFTER_CLOSED);
    lived(passive, "[2001:db8::1]:443", 300 * S);
    died(passive, "[2001:db8::1]:443", 350 * S, KA_AFTER_RST);
    report(passive, &heard);
    assert_int_equal(heard.count, 2);
    assert_int_equal(heard.events[1].type, KA_EVENT_FINDING);
    assert_string_equal(heard.events[1].finding.kind, "several-causes");
    assert_non_null(strstr(heard.events[1].finding.text, "closed-by-server from 60.0 s on"));
    assert_non_null(strstr(heard.events[1].finding.text, "rst from 350.0 s on"));
    ka_passive_free(passive);
}

static void survivors_beyond_deaths_are_said(void **state)
{
    (void)state;
    struct ka_passive *passive = ka_passive_create();
    struct heard heard;
    lived(passive, "10.0.0.1:22", 100 * S);
    died(passive, "10.0.0.1:22", 350 * S, KA_AFTER_SILENT);
    died(passive, "10.0.0.1:22", 360 * S, KA_AFTER_SILENT);
    lived(passive, "10.0.0.1:22", 4000 * S);
    report(passive, &heard);
    assert_int_equal(heard.count, 2);
    assert_int_equal(heard.events[0].idle_timeout.died, 350 * S);
    assert_string_equal(heard.events[1].finding.kind, "contradictory-silences");
    ka_passive_free(passive);
}

static void servers_of_one_network_are_looked_at_together(void **state)
{
    (void)state;
    struct ka_passive *passive = ka_passive_create();
    struct heard heard;
    lived(passive, "10.0.0.1:22", 300 * S);
    died(passive, "10.0.0.2:80", 400 * S, KA_AFTER_SILENT);
    lived(passive, "192.0.2.1:80", 10 * S);
    report(passive, &heard);
    assert_int_equal(heard.count, 5);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(heard.events[i].type, KA_EVENT_IDLE_TIMEOUT);
    assert_non_null(strstr(heard.events[3].finding.text, "all servers, 3 of them"));
    assert_non_null(strstr(heard.events[4].finding.text, "10.0.0.0/24, 2 of them"));
    assert_non_null(strstr(heard.events[4].finding.text, "1 survived, up to 300.0 s"));
    ka_passive_free(passive);
}

static void a_full_path_keeps_deaths_and_long_survivors(void **state)
{
    (void)state;
    struct ka_passive *passive = ka_passive_create();
    struct heard heard;
    died(passive, "10.0.0.1:22", 350 * S, KA_AFTER_SILENT);
    for (int i = 0; i < 3 * KA_PASSIVE_TRIALS_MAX; i++)
        lived(passive, "10.0.0.1:22", (10 + i % 300) * S);
    report(passive, &heard);
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.events[0].idle_timeout.survived, 309 * S);
    assert_int_equal(heard.events[0].idle_timeout.died, 350 * S);
    assert_int_equal(heard.events[0].idle_timeout.trials, 3 * KA_PASSIVE_TRIALS_MAX + 1);
    ka_passive_free(passive);
}

static void the_number_of_paths_is_bounded(void **state)
{
    (void)state;
    struct ka_passive *passive = ka_passive_create();
    struct ka_trial trial = {.idle = S, .result = KA_TRIAL_CENSORED};
    struct ka_endpoint endpoint = server("10.0.0.1:1");
    for (unsigned i = 1; i < 2 * KA_PASSIVE_PATHS_MAX; i++) {
        endpoint.port = (uint16_t)i;
        assert_true(ka_passive_add(passive, &endpoint, KA_SPEAKER_CLIENT, &trial));
    }
    struct heard heard;
    report(passive, &heard);
    assert_int_equal(heard.count, 1);
    assert_string_equal(heard.events[0].finding.kind, "paths-left-out");
    assert_true(heard.events[0].finding.figures[0].value >= KA_PASSIVE_PATHS_MAX - 1);
    ka_passive_free(passive);
    ka_passive_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_silences_before_a_server_become_its_bracket),
        cmocka_unit_test(each_side_that_speaks_first_has_its_own),
        cmocka_unit_test(what_was_never_tried_is_not_told),
        cmocka_unit_test(several_causes_are_told_apart),
        cmocka_unit_test(survivors_beyond_deaths_are_said),
        cmocka_unit_test(servers_of_one_network_are_looked_at_together),
        cmocka_unit_test(a_full_path_keeps_deaths_and_long_survivors),
        cmocka_unit_test(the_number_of_paths_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
