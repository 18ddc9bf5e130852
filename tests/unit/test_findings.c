/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What findings say in words, where it depends on who said something.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyzers/finding.h"

#include <string.h>

static void an_unreachable_port_is_the_word_of_a_filter_unless_the_host_says_so(void **state)
{
    (void)state;
    static const struct {
        uint8_t family;
        uint8_t last_byte; /* of who says so; the server's is 2 */
        uint8_t type;
        uint8_t code;
        const char *text;
        const char *advice;
    } rows[] = {
        {4, 2, 3, 3, "nobody listens there", "restart"},
        {4, 9, 3, 3, "a filter rejects it", "stateful"},
        {4, 9, 3, 13, "a filter rejects it", "stateful"},
        {4, 9, 3, 10, "a filter rejects it", "stateful"},
        {4, 9, 3, 1, "the host does not answer", "neighbour"},
        {4, 9, 3, 0, "no route to it", "routes"},
        {4, 9, 11, 0, "time to live ran out", "circle"},
        {6, 2, 1, 4, "nobody listens there", "restart"},
        {6, 9, 1, 4, "a filter rejects it", "stateful"},
        {6, 9, 1, 1, "a filter rejects it", "stateful"},
        {6, 9, 1, 3, "the host does not answer", "neighbour"},
        {6, 9, 1, 0, "no route to it", "routes"},
        {6, 9, 3, 0, "time to live ran out", "circle"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_conn conn;
        struct ka_history history;
        struct ka_event event;
        struct ka_case about = {.conn = &conn, .history = &history};
        memset(&conn, 0, sizeof(conn));
        memset(&history, 0, sizeof(history));
        memset(&event, 0, sizeof(event));
        conn.key.family = rows[i].family;
        conn.key.addr[1][rows[i].family == 4 ? 3 : 15] = 2;
        history.loss[1] = (struct ka_loss){.time = KA_SECOND,
                                           .icmp_type = rows[i].type,
                                           .icmp_code = rows[i].code,
                                           .from = {.family = rows[i].family}};
        history.loss[1].from.bytes[rows[i].family == 4 ? 3 : 15] = rows[i].last_byte;
        assert_true(ka_find_unreachable(&about, 1, &event));
        assert_non_null(strstr(event.finding.text, rows[i].text));
        assert_non_null(strstr(event.finding.advice, rows[i].advice));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unreachable_port_is_the_word_of_a_filter_unless_the_host_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
