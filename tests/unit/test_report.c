/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The report: what is kept, in which order it is told, and that foreign text stays text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "output/html.h"
#include "output/report.h"

#include <stdio.h>
#include <string.h>

#define NOON (INT64_C(1795262400) * KA_SECOND)

static struct ka_report *make_report(const struct ka_report_options *options)
{
    struct ka_error error;
    struct ka_report *report = NULL;
    assert_int_equal(ka_report_create(options, &report, &error), 0);
    return report;
}

static struct ka_event make_connection(uint32_t flow_id, ka_time longest_idle, uint64_t bytes)
{
    struct ka_event event = {
        .type = KA_EVENT_CONNECTION,
        .notable = true,
        .envelope = {.time = NOON,
                     .flow_id = flow_id,
                     .digits = 6,
                     .src = {.addr = {.bytes = {10, 0, 0, 1}, .family = 4}, .port = 40000},
                     .dst = {.addr = {.bytes = {10, 0, 0, 2}, .family = 4}, .port = 80}},
        .connection = {.start = NOON - (ka_time)flow_id * KA_SECOND,
                       .end = NOON,
                       .longest_idle = longest_idle,
                       .bytes = {bytes, 0}},
    };
    for (unsigned side = 0; side < 2; side++) {
        struct ka_ev_keepalive *keepalive = &event.connection.keepalive[side];
        keepalive->idle = keepalive->interval = KA_TIME_NONE;
        keepalive->rtt_min = keepalive->rtt_median = keepalive->rtt_max = KA_TIME_NONE;
    }
    return event;
}

static struct ka_event make_finding(uint32_t flow_id, const char *kind, uint8_t severity,
                                    uint8_t rank)
{
    struct ka_event event = {.type = KA_EVENT_FINDING,
                             .envelope = {.time = NOON, .flow_id = flow_id, .digits = 6},
                             .finding = {.kind = kind, .severity = severity, .rank = rank}};
    memcpy(event.finding.text, kind, strlen(kind) + 1);
    return event;
}

static void put_event(struct ka_report *report, const struct ka_event *event)
{
    ka_report_event(report, event);
}

/* The report's text, terminated; in a buffer of the caller. */
static const char *text_of(const struct ka_report *report, char *buffer, size_t size)
{
    struct ka_error error;
    struct ka_text text = ka_text_fixed(buffer, size - 1);
    assert_int_equal(ka_report_text(report, &text, &error), 0);
    buffer[text.used] = '\0';
    return buffer;
}

/* True when the words stand in the text in this order; `words` ends with NULL. */
static bool in_order(const char *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        text = strstr(text, *words);
        if (text == NULL)
            return false;
        text += strlen(*words);
    }
    return true;
}

static void findings_stand_by_severity_then_rank(void **state)
{
    (void)state;
    char buffer[8192];
    struct ka_report *report = make_report(&(struct ka_report_options){.utc = true});
    const struct ka_event events[] = {
        make_finding(1, "a-remark", KA_SEVERITY_NOTE, 1),
        make_finding(2, "b-late-error", KA_SEVERITY_ERROR, 9),
        make_finding(3, "c-first-error", KA_SEVERITY_ERROR, 2),
        make_finding(4, "d-warning", KA_SEVERITY_WARNING, 0),
    };
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        put_event(report, &events[i]);
    ka_report_finish(report);
    const char *text = text_of(report, buffer, sizeof(buffer));
    assert_true(in_order(text, (const char *const[]){"c-first-error", "b-late-error", "d-warning",
                                                     "a-remark", NULL}));
    ka_report_free(report);
}

static void connections_are_ordered_as_asked(void **state)
{
    (void)state;
    static const struct {
        unsigned sort;
        const char *order[4];
    } rows[] = {
        {KA_REPORT_ID, {"#1 ", "#2 ", "#3 "}},         {KA_REPORT_START, {"#3 ", "#2 ", "#1 "}},
        {KA_REPORT_IDLE, {"#2 ", "#3 ", "#1 "}},       {KA_REPORT_BYTES, {"#1 ", "#3 ", "#2 "}},
        {KA_REPORT_IMPORTANCE, {"#3 ", "#1 ", "#2 "}}, /* the third has a finding */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char buffer[8192];
        struct ka_report *report =
            make_report(&(struct ka_report_options){.utc = true, .sort = rows[i].sort});
        const struct ka_event events[] = {
            make_connection(1, 10 * KA_SECOND, 300),
            make_connection(2, 90 * KA_SECOND, 100),
            make_connection(3, 50 * KA_SECOND, 200),
            make_finding(3, "trouble", KA_SEVERITY_ERROR, 1),
        };
        for (size_t n = 0; n < sizeof(events) / sizeof(events[0]); n++)
            put_event(report, &events[n]);
        ka_report_finish(report);
        const char *table = strstr(text_of(report, buffer, sizeof(buffer)), "Connections");
        assert_non_null(table);
        assert_true(in_order(table, rows[i].order));
        ka_report_free(report);
    }
}

static void the_table_is_cut_and_says_so(void **state)
{
    (void)state;
    char buffer[8192];
    struct ka_report *report = make_report(&(struct ka_report_options){.utc = true, .top = 2});
    for (uint32_t flow = 1; flow <= 5; flow++) {
        struct ka_event event = make_connection(flow, KA_SECOND, 1);
        event.notable = flow != 5;
        put_event(report, &event);
    }
    ka_report_finish(report);
    const char *text = text_of(report, buffer, sizeof(buffer));
    assert_true(in_order(
        text, (const char *const[]){"#1 ", "#2 ", "and 2 more", "not shown: 1 connection", NULL}));
    assert_null(strstr(text, "#3 "));
    ka_report_free(report);
}

static void the_state_says_what_was_found(void **state)
{
    (void)state;
    char buffer[8192];
    struct ka_report *report = make_report(&(struct ka_report_options){.utc = true});
    struct ka_event events[] = {
        make_connection(1, KA_SECOND, 1),
        make_connection(2, KA_SECOND, 1),
        make_connection(3, KA_SECOND, 1),
        make_finding(1, "b-later", KA_SEVERITY_WARNING, 7),
        make_finding(1, "a-earlier", KA_SEVERITY_WARNING, 5),
        make_finding(2, "c-warning", KA_SEVERITY_WARNING, 5),
        make_finding(3, "d-error", KA_SEVERITY_ERROR, 1),
        make_finding(3, "e-note", KA_SEVERITY_NOTE, 9),
    };
    events[1].connection.state[1] = KA_PEER_ALIVE;
    events[2].connection.state[1] = KA_PEER_DEAD;
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        put_event(report, &events[i]);
    ka_report_finish(report);
    const char *table = strstr(text_of(report, buffer, sizeof(buffer)), "Connections");
    assert_non_null(table);
    assert_true(in_order(table, (const char *const[]){"#3    dead  ", "#1    a-earlier  ",
                                                      "#2    alive, c-warning  ", NULL}));
    ka_report_free(report);
}

static void answers_of_a_one_way_capture_are_not_counted(void **state)
{
    (void)state;
    char buffer[8192];
    struct ka_report *report = make_report(&(struct ka_report_options){.utc = true});
    struct ka_event event = make_connection(1, KA_SECOND, 1);
    event.connection.one_way = true;
    event.connection.keepalive[0].present = true;
    event.connection.keepalive[0].probes = 9;
    event.connection.heartbeat = (struct ka_ev_heartbeat){
        .present = true, .period = KA_SECOND, .jitter = KA_TIME_NONE, .size = 2, .sent = 4};
    put_event(report, &event);
    ka_report_finish(report);
    const char *text = text_of(report, buffer, sizeof(buffer));
    assert_true(
        in_order(text, (const char *const[]){" ?/9 ", "4 messages, answers not captured", NULL}));
    ka_report_free(report);
}

static void a_silence_stands_behind_the_packet_it_begins_with(void **state)
{
    (void)state;
    char buffer[8192];
    struct ka_report *report =
        make_report(&(struct ka_report_options){.utc = true, .connection = 1});
    struct ka_gap gap = {.from = NOON, .length = 9 * KA_SECOND, .result = KA_GAP_SURVIVED};
    struct ka_activity activity = {.gaps = &gap, .gap_count = 1};
    struct ka_event answer = {.type = KA_EVENT_ANSWER};
    struct ka_event event = make_connection(1, KA_SECOND, 1);
    event.connection.activity = &activity;
    answer.envelope = event.envelope;
    answer.answer.rtt = KA_MILLISECOND;
    put_event(report, &answer);
    put_event(report, &event);
    ka_report_finish(report);
    const char *text = text_of(report, buffer, sizeof(buffer));
    assert_true(in_order(
        text, (const char *const[]){"answer after", "then silence for 9.00 s, survived", NULL}));
    ka_report_free(report);
}

/* The error comes when a router has waited long enough, which is no round trip. */
static void an_icmp_error_has_no_place_among_the_round_trips(void **state)
{
    (void)state;
    static const struct {
        uint8_t result;
        bool drawn;
    } rows[] = {{KA_ANSWER_ACK, true}, {KA_ANSWER_RST, true}, {KA_ANSWER_ICMP, false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_report *report = make_report(&(struct ka_report_options){.utc = true});
        struct ka_text text = ka_text_growing();
        struct ka_event answer = {.type = KA_EVENT_ANSWER};
        struct ka_event event = make_connection(1, KA_SECOND, 1);
        answer.envelope = event.envelope;
        answer.answer.rtt = KA_SECOND;
        answer.answer.result = rows[i].result;
        put_event(report, &answer);
        put_event(report, &event);
        ka_report_finish(report);
        assert_int_equal(ka_report_html(report, &text, NULL), 0);
        ka_text_put_char(&text, '\0');
        assert_int_equal(strstr(text.bytes, "id=\"rtt\"") != NULL, rows[i].drawn);
        ka_text_free(&text);
        ka_report_free(report);
    }
}

static void a_connection_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    struct ka_error error;
    struct ka_report *report = make_report(&(struct ka_report_options){.connection = 7});
    struct ka_event event = make_connection(1, KA_SECOND, 1);
    struct ka_text text = ka_text_growing();
    put_event(report, &event);
    ka_report_finish(report);
    assert_int_equal(ka_report_text(report, &text, &error), -1);
    assert_non_null(strstr(error.text, "no connection 7"));
    ka_text_free(&text);
    ka_report_free(report);
}

static void what_acts_on_a_browser_is_escaped(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *html;
    } rows[] = {
        {"plain", "plain"},
        {"</script><b>", "&lt;/script&gt;&lt;b&gt;"},
        {"a\"b'c&d", "a&quot;b&#39;c&amp;d"},
        {"\033[31m", "\\x1b[31m"},
        {"\xe2\x80\xae", "\\u202e"},
        {"\xff", "\xef\xbf\xbd"},
        {"caf\xc3\xa9", "caf\xc3\xa9"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char buffer[128];
        struct ka_text text = ka_text_fixed(buffer, sizeof(buffer) - 1);
        ka_html_put_string(&text, rows[i].text);
        buffer[text.used] = '\0';
        assert_string_equal(buffer, rows[i].html);
    }
}

static void a_logarithmic_axis_keeps_its_ends(void **state)
{
    (void)state;
    const ka_time low = 10 * KA_SECOND;
    const ka_time high = 1000 * KA_SECOND;
    assert_true(ka_html_log_place(low, low, high) == 0);
    assert_true(ka_html_log_place(KA_SECOND, low, high) == 0);
    assert_true(ka_html_log_place(high, low, high) == 1);
    assert_true(ka_html_log_place(2 * high, low, high) == 1);
    double middle = ka_html_log_place(100 * KA_SECOND, low, high);
    assert_true(middle > 0.499 && middle < 0.501);
}

static bool is_drawn(const struct ka_text *page, uint32_t flow_id)
{
    char id[32];
    snprintf(id, sizeof(id), "id=\"l%u\"", flow_id);
    return memmem(page->bytes, page->used, id, strlen(id)) != NULL;
}

static void the_page_draws_each_kind_of_finding(void **state)
{
    (void)state;
    enum { CONNECTIONS = 1000, COMMON = 600 };
    static const char said[] = "Drawn: 300 of 1000 connections";
    struct ka_error error;
    struct ka_text text = ka_text_growing();
    struct ka_report *report = make_report(&(struct ka_report_options){.utc = true});
    for (uint32_t id = 1; id <= CONNECTIONS; id++) {
        struct ka_event event = make_connection(id, 0, 0);
        put_event(report, &event);
        event = make_finding(id, "common", KA_SEVERITY_ERROR, 1);
        if (id <= COMMON)
            put_event(report, &event);
    }
    struct ka_event rare = make_finding(900, "rare", KA_SEVERITY_WARNING, 2);
    put_event(report, &rare);
    ka_report_finish(report);
    assert_int_equal(ka_report_html(report, &text, &error), 0);
    assert_true(is_drawn(&text, 900));
    assert_true(is_drawn(&text, 1));
    assert_true(is_drawn(&text, 299));
    assert_false(is_drawn(&text, 300));
    assert_non_null(memmem(text.bytes, text.used, said, strlen(said)));
    ka_text_free(&text);
    ka_report_free(report);
}

static void what_is_beyond_the_bound_is_counted_and_told(void **state)
{
    (void)state;
    static char page[65536];
    char text[8192];
    struct ka_error error;
    struct ka_report *report = make_report(&(struct ka_report_options){.most = 2});
    for (uint32_t flow = 1; flow <= 5; flow++) {
        struct ka_event connection = make_connection(flow, KA_SECOND, 1);
        struct ka_event finding = make_finding(flow, "peer-died", KA_SEVERITY_ERROR, 1);
        put_event(report, &finding);
        put_event(report, &connection);
    }
    ka_report_finish(report);
    assert_non_null(
        strstr(text_of(report, text, sizeof(text)), "left out: 3 connections and 3 findings"));
    assert_non_null(strstr(text, "#2 "));
    assert_null(strstr(text, "#3 "));
    struct ka_text html = ka_text_fixed(page, sizeof(page) - 1);
    assert_int_equal(ka_report_html(report, &html, &error), 0);
    page[html.used] = '\0';
    assert_non_null(strstr(page, "Left out: 3 connections and 3 findings"));
    assert_non_null(strstr(page, "<b>5</b>errors")); /* all are counted */
    ka_report_free(report);
    report = make_report(&(struct ka_report_options){.most = 0});
    ka_report_finish(report);
    assert_null(strstr(text_of(report, text, sizeof(text)), "left out"));
    ka_report_free(report);
}

static void a_lane_whose_begin_is_unknown_stays_inside(void **state)
{
    (void)state;
    struct ka_error error;
    struct ka_text page = ka_text_growing();
    struct ka_report *report = make_report(&(struct ka_report_options){.marks = true});
    struct ka_event connection = make_connection(1, 0, 0);
    struct ka_event probe = {.type = KA_EVENT_PROBE,
                             .envelope = {.time = NOON, .flow_id = 1},
                             .probe = {.idle = KA_TIME_NONE}};
    struct ka_span span = {.from = NOON, .to = NOON + KA_SECOND, .packets = {1, 1}};
    struct ka_activity activity = {.spans = &span, .span_count = 1};
    connection.connection.start = KA_TIME_NONE;
    connection.connection.activity = &activity;
    put_event(report, &probe);
    put_event(report, &connection);
    ka_report_finish(report);
    assert_int_equal(ka_report_html(report, &page, &error), 0);
    ka_text_put_char(&page, '\0');
    assert_non_null(strstr(page.bytes, "class=\"d0\" x=\"0\""));
    assert_non_null(strstr(page.bytes, "class=\"p\" d=\"M0 "));
    ka_text_free(&page);
    ka_report_free(report);
}

static void the_page_of_nothing_is_whole(void **state)
{
    (void)state;
    struct ka_error error;
    struct ka_report *report = make_report(&(struct ka_report_options){.marks = true});
    struct ka_text text = ka_text_growing();
    ka_report_finish(report);
    assert_int_equal(ka_report_html(report, &text, &error), 0);
    ka_text_put_char(&text, '\0');
    assert_non_null(strstr(text.bytes, "</html>"));
    ka_text_free(&text);
    ka_report_free(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(findings_stand_by_severity_then_rank),
        cmocka_unit_test(connections_are_ordered_as_asked),
        cmocka_unit_test(the_table_is_cut_and_says_so),
        cmocka_unit_test(the_state_says_what_was_found),
        cmocka_unit_test(answers_of_a_one_way_capture_are_not_counted),
        cmocka_unit_test(a_silence_stands_behind_the_packet_it_begins_with),
        cmocka_unit_test(an_icmp_error_has_no_place_among_the_round_trips),
        cmocka_unit_test(a_connection_that_is_not_there_is_an_error),
        cmocka_unit_test(what_acts_on_a_browser_is_escaped),
        cmocka_unit_test(a_logarithmic_axis_keeps_its_ends),
        cmocka_unit_test(the_page_draws_each_kind_of_finding),
        cmocka_unit_test(what_is_beyond_the_bound_is_counted_and_told),
        cmocka_unit_test(a_lane_whose_begin_is_unknown_stays_inside),
        cmocka_unit_test(the_page_of_nothing_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
