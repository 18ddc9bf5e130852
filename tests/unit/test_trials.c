/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The silences of a report: what does not fit is counted and said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/trials.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 8, GAPS = 3 };

/* Open connections with three silences each. */
static char *complaint_after(unsigned connections)
{
    struct ka_gap gaps[GAPS] = {{.length = KA_SECOND, .result = KA_GAP_SURVIVED},
                                {.length = KA_SECOND, .result = KA_GAP_SURVIVED},
                                {.length = KA_SECOND, .result = KA_GAP_CENSORED}};
    struct ka_activity activity = {.gaps = gaps, .gap_count = GAPS};
    struct ka_event event = {.type = KA_EVENT_CONNECTION};
    struct ka_trials *trials;
    char *text = NULL;
    size_t size;
    event.connection.activity = &activity;
    event.connection.ended = KA_ENDED_OPEN;
    assert_int_equal(ka_trials_create(MOST, &trials, NULL), 0);
    for (unsigned i = 0; i < connections; i++)
        ka_trials_connection(trials, &event);
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    ka_trials_complain(trials, stream);
    assert_int_equal(fclose(stream), 0);
    ka_trials_free(trials);
    return text;
}

static void nothing_is_said_while_all_fits(void **state)
{
    (void)state;
    char *text = complaint_after(2);
    assert_string_equal(text, "");
    free(text);
}

static void what_does_not_fit_is_counted_and_said(void **state)
{
    (void)state;
    char *text = complaint_after(3);
    assert_non_null(strstr(text, "1 silence left out"));
    assert_non_null(strstr(text, "no more than 8 are kept"));
    assert_non_null(strstr(text, "1 open connection not held"));
    assert_non_null(strstr(text, "no more than 2 are kept"));
    free(text);
    text = complaint_after(4);
    assert_non_null(strstr(text, "4 silences left out"));
    assert_non_null(strstr(text, "2 open connections not held"));
    free(text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_said_while_all_fits),
        cmocka_unit_test(what_does_not_fit_is_counted_and_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
