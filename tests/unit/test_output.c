/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The forms of output: lines for people, JSON for programs, and what happens when writing fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode/decode.h"
#include "events/field.h"
#include "output/output.h"
#include "tests/output/samples.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* What an output writes of some events; the caller frees it. */
static char *written(const struct ka_output_options *options, const struct ka_event *events,
                     size_t count)
{
    char *text = NULL;
    size_t size = 0;
    struct ka_output *output = NULL;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    assert_int_equal(ka_output_create(stream, options, &output, NULL), 0);
    struct ka_sink sink = ka_output_sink(output);
    for (size_t i = 0; i < count; i++)
        sink.emit(sink.context, &events[i]);
    assert_int_equal(ka_output_flush(output, NULL), 0);
    ka_output_free(output);
    fclose(stream);
    return text;
}

static const struct ka_output_options plain_text = {
    .form = KA_OUTPUT_TEXT, .utc = true, .verbose = true};
static const struct ka_output_options plain_json = {.form = KA_OUTPUT_JSON, .verbose = true};

static void assert_written(const struct ka_output_options *options, const struct ka_event *event,
                           const char *expected)
{
    char *text = written(options, event, 1);
    assert_string_equal(text, expected);
    free(text);
}

static void each_event_reads_as_declared(void **state)
{
    (void)state;
    struct ka_output *output = NULL;
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    struct ka_output_options options = plain_text;
    options.line_buffered = true;
    assert_int_equal(ka_output_create(stream, &options, &output, NULL), 0);
    for (size_t i = 0; i < sample_count(); i++) {
        const struct sample *sample = sample_at(i);
        size_t before = size;
        ka_output_event(output, &sample->event);
        assert_int_equal(text[size - 1], '\n');
        text[size - 1] = '\0';
        assert_string_equal(text + before, sample->text);
        text[size - 1] = '\n';
    }
    ka_output_free(output);
    fclose(stream);
    free(text);
}

/* So many events that their text is gathered several times over; the caller frees them. */
static struct ka_event *many_events(size_t *count)
{
    enum { TIMES = 200 };
    *count = TIMES * sample_count();
    struct ka_event *events = calloc(*count, sizeof(*events));
    assert_non_null(events);
    for (size_t i = 0; i < *count; i++)
        events[i] = sample_at(i % sample_count())->event;
    return events;
}

/* Writes events to a file, where a thread helps. Returns what ka_output_flush says. */
static int write_to_file(FILE *file, const struct ka_event *events, size_t count,
                         struct ka_error *error)
{
    struct ka_output *output = NULL;
    assert_int_equal(ka_output_create(file, &plain_json, &output, NULL), 0);
    for (size_t i = 0; i < count; i++) {
        ka_output_event(output, &events[i]);
        if (i == count / 2)
            ka_output_flush(output, NULL);
    }
    int result = ka_output_flush(output, error);
    ka_output_free(output);
    return result;
}

static void much_output_is_the_same_as_line_by_line(void **state)
{
    (void)state;
    size_t count;
    struct ka_event *events = many_events(&count);
    struct ka_output_options by_line = plain_json;
    by_line.line_buffered = true;
    char *whole = written(&plain_json, events, count);
    char *lines = written(&by_line, events, count);
    size_t length = strlen(lines);
    assert_true(length > 1024 * 1024);
    assert_string_equal(whole, lines);

    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(write_to_file(file, events, count, NULL), 0);
    rewind(file);
    assert_int_equal(fread(whole, 1, length, file), length);
    assert_int_equal(fgetc(file), EOF);
    assert_string_equal(whole, lines);
    fclose(file);
    free(whole);
    free(lines);
    free(events);
}

static void a_file_that_may_not_grow_is_an_error_that_names_it(void **state)
{
    (void)state;
    enum { MOST = 700 * 1024 };
    size_t count;
    struct ka_event *events = many_events(&count);
    struct ka_error error;
    struct rlimit before;
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit small = {.rlim_cur = MOST, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int result = write_to_file(file, events, count, &error);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(result, -1);
    assert_non_null(strstr(error.text, strerror(EFBIG)));
    fclose(file);
    free(events);
}

static void every_event_type_has_a_sample(void **state)
{
    (void)state;
    bool seen[KA_EVENT_TYPE_COUNT] = {false};
    for (size_t i = 0; i < sample_count(); i++)
        seen[sample_at(i)->event.type] = true;
    for (size_t i = 0; i < KA_EVENT_TYPE_COUNT; i++)
        assert_true(seen[i]);
}

static void a_probe_is_one_json_object_on_a_line(void **state)
{
    (void)state;
    assert_written(&plain_json, &sample_at(0)->event,
                   "{\"timestamp\":\"2026-11-21T12:00:05.123456Z\",\"flow_id\":1,\"event_type\":"
                   "\"probe\",\"src_ip\":\"10.0.0.1\",\"src_port\":33412,\"dest_ip\":\"10.0.0.2\","
                   "\"dest_port\":5432,\"proto\":\"TCP\",\"community_id\":"
                   "\"1:gz8ebkVng64kW8NDoSA/L8J1Mg4=\",\"frame\":7,\"probe\":{\"bytes\":0,"
                   "\"number\":1,\"idle_s\":60,\"interval_s\":null,\"confidence\":\"certain\","
                   "\"injected\":false}}\n");
}

static void json_tells_files_apart_and_names_the_interface_when_live(void **state)
{
    (void)state;
    static const char *const names[] = {"a.pcap", "b.pcap"};
    struct ka_output_options options = plain_json;
    const struct ka_event *event = &sample_at(2)->event;
    options.input_names = names;
    options.input_count = 2;
    char *text = written(&options, event, 1);
    assert_non_null(strstr(text, "\"frame\":9,\"file\":\"b.pcap\",\"vlan\":[100,4095],"
                                 "\"tunnel\":{\"type\":\"vxlan\",\"id\":16777215},\"probe\":"));
    free(text);
    options.live = true;
    text = written(&options, event, 1);
    assert_non_null(strstr(text, "\"in_iface\":\"b.pcap\""));
    assert_null(strstr(text, "\"file\""));
    free(text);
    options.live = false;
    options.input_count = 1;
    text = written(&options, &sample_at(0)->event, 1);
    assert_null(strstr(text, "a.pcap"));
    free(text);
}

static void json_names_no_input_where_an_event_is_about_all(void **state)
{
    (void)state;
    static const char *const names[] = {"eth0", "eth1"};
    struct ka_output_options options = plain_json;
    struct ka_event event = {.type = KA_EVENT_CAPTURE, .envelope = {.time = 0}};
    options.input_names = names;
    options.live = true;
    for (options.input_count = 1; options.input_count <= 2; options.input_count++) {
        char *text = written(&options, &event, 1);
        assert_int_equal(strstr(text, "\"in_iface\":\"eth0\"") != NULL, options.input_count == 1);
        free(text);
    }
}

static void foreign_text_is_harmless_in_every_form(void **state)
{
    (void)state;
    static const struct ka_output_options *const forms[] = {&plain_text, &plain_json};
    for (size_t i = 0; i < 2; i++) {
        char *text = written(forms[i], hostile_sample(), 1);
        assert_null(strchr(text, '\033'));
        assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
        assert_null(strstr(text, "\xe2\x80\xae"));
        assert_null(strstr(text, "\xc2\x9b"));
        assert_null(strchr(text, '\xff'));
        assert_non_null(strstr(text, "\xef\xbf\xbd"));
        if (forms[i]->form == KA_OUTPUT_JSON)
            assert_null(strstr(text, "</script"));
        free(text);
    }
}

static void lookalikes_are_written_only_when_asked_for(void **state)
{
    (void)state;
    struct ka_output_options options = plain_text;
    options.verbose = false;
    for (size_t i = 0; i < sample_count(); i++) {
        if (sample_at(i)->event.type == KA_EVENT_LOOKALIKE)
            assert_written(&options, &sample_at(i)->event, "");
    }
}

static void colours_come_only_when_asked_for(void **state)
{
    (void)state;
    struct ka_output_options options = plain_text;
    options.color = true;
    assert_written(&options, &sample_at(0)->event,
                   "12:00:05.123456  \033[36mprobe\033[0m    10.0.0.1:33412 > 10.0.0.2:5432  "
                   "0 bytes, idle 60.0 s\n");
}

static void another_day_has_a_line_of_its_own(void **state)
{
    (void)state;
    struct ka_event events[3] = {sample_at(1)->event, sample_at(1)->event, sample_at(1)->event};
    events[1].envelope.time += 86400 * KA_SECOND;
    char *text = written(&plain_text, events, 3);
    assert_string_equal(text, "12:00:05.124001  answer   10.0.0.2:5432 > 10.0.0.1:33412  ack after "
                              "0.5 ms\n"
                              "--- 2026-11-22\n"
                              "12:00:05.124001  answer   10.0.0.2:5432 > 10.0.0.1:33412  ack after "
                              "0.5 ms\n"
                              "--- 2026-11-21\n"
                              "12:00:05.124001  answer   10.0.0.2:5432 > 10.0.0.1:33412  ack after "
                              "0.5 ms\n");
    free(text);
}

static void a_quiet_view_shows_changes_and_rolls_up_the_rest(void **state)
{
    (void)state;
    struct ka_output_options options = plain_text;
    struct ka_event events[40];
    options.only_changes = true;
    for (size_t i = 0; i < 40; i++) {
        events[i] = sample_at(i % 2)->event;
        events[i].notable = i == 0;
        events[i].envelope.flow_id = (uint32_t)(1 + i / 2 % 3);
        events[i].envelope.time = sample_at(0)->event.envelope.time + (ka_time)i * KA_SECOND / 2;
    }
    events[39].type = KA_EVENT_CAPTURE; /* no roll-up before the summary */
    char *text = written(&options, events, 39);
    assert_string_equal(text,
                        "12:00:05.123456  probe    10.0.0.1:33412 > 10.0.0.2:5432  0 bytes, idle "
                        "60.0 s\n"
                        "12:00:15.123456  ---      10 probes, 10 answered, 3 connections\n");
    free(text);
}

static void a_full_disk_is_an_error_that_names_it(void **state)
{
    (void)state;
    struct ka_error error;
    struct ka_output *output = NULL;
    FILE *stream = fopen("/dev/full", "w");
    if (stream == NULL)
        skip();
    for (int buffered = 0; buffered < 2; buffered++) {
        struct ka_output_options options = plain_json;
        options.line_buffered = buffered == 0;
        assert_int_equal(ka_output_create(stream, &options, &output, &error), 0);
        ka_output_event(output, &sample_at(0)->event);
        assert_int_equal(ka_output_flush(output, &error), -1);
        assert_non_null(strstr(error.text, "No space left on device"));
        ka_output_event(output, &sample_at(0)->event);
        assert_int_equal(ka_output_flush(output, &error), -1);
        ka_output_free(output);
    }
    fclose(stream);
}

static void each_reason_and_tunnel_of_the_decoder_has_its_name(void **state)
{
    (void)state;
    static const char *const reasons[KA_UNDECODED_COUNT] = {
        [KA_UNDECODED_LINK] = "link-type",      [KA_UNDECODED_ETHERTYPE] = "ethertype",
        [KA_UNDECODED_PROTOCOL] = "protocol",   [KA_UNDECODED_ICMP] = "icmp",
        [KA_UNDECODED_FRAGMENT] = "fragment",   [KA_UNDECODED_TRUNCATED] = "truncated",
        [KA_UNDECODED_IP] = "ip-header",        [KA_UNDECODED_EXTENSION] = "extension-headers",
        [KA_UNDECODED_TCP] = "tcp-header",      [KA_UNDECODED_TUNNEL] = "tunnel",
        [KA_UNDECODED_ENCRYPTED] = "encrypted",
    };
    static const char *const tunnels[] = {
        [KA_TUNNEL_GRE] = "gre",       [KA_TUNNEL_IPIP] = "ipip", [KA_TUNNEL_VXLAN] = "vxlan",
        [KA_TUNNEL_GENEVE] = "geneve", [KA_TUNNEL_MPLS] = "mpls", [KA_TUNNEL_PPPOE] = "pppoe",
    };
    assert_true((int)KA_UNDECODED_COUNT <= (int)KA_UNDECODED_SLOTS);
    for (unsigned i = 1; i < KA_UNDECODED_COUNT; i++)
        assert_string_equal(ka_event_undecoded_name(i), reasons[i]);
    assert_null(ka_event_undecoded_name(KA_DECODED));
    assert_null(ka_event_undecoded_name(KA_UNDECODED_COUNT));
    for (unsigned i = 1; i <= KA_TUNNEL_PPPOE; i++)
        assert_string_equal(ka_event_tunnel_name(i), tunnels[i]);
    assert_null(ka_event_tunnel_name(KA_TUNNEL_NONE));
    assert_null(ka_event_tunnel_name(KA_TUNNEL_PPPOE + 1));
}

static void the_summary_names_what_is_lost_and_sums_up_what_is_merely_other(void **state)
{
    (void)state;
    for (unsigned i = 1; i < KA_UNDECODED_COUNT; i++) {
        struct ka_event event = {.type = KA_EVENT_CAPTURE};
        bool other =
            i == KA_UNDECODED_ETHERTYPE || i == KA_UNDECODED_PROTOCOL || i == KA_UNDECODED_ICMP;
        event.capture.undecoded[i] = 7;
        char *text = written(&plain_text, &event, 1);
        assert_non_null(strstr(text, other ? "0 TCP, 7 other\n" : "0 other; not decoded: 7 "));
        if (!other)
            assert_non_null(strstr(text, ka_event_undecoded_name(i)));
        free(text);
    }
}

static void local_time_is_that_of_the_process(void **state)
{
    (void)state;
    struct ka_output_options options = plain_text;
    struct ka_event event = sample_at(1)->event;
    options.utc = false;
    assert_int_equal(setenv("TZ", "XYZ-3:30", 1), 0);
    tzset();
    char *text = written(&options, &event, 1);
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
    assert_int_equal(strncmp(text, "15:30:05.124001  answer", 23), 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_reads_as_declared),
        cmocka_unit_test(much_output_is_the_same_as_line_by_line),
        cmocka_unit_test(a_file_that_may_not_grow_is_an_error_that_names_it),
        cmocka_unit_test(every_event_type_has_a_sample),
        cmocka_unit_test(a_probe_is_one_json_object_on_a_line),
        cmocka_unit_test(json_tells_files_apart_and_names_the_interface_when_live),
        cmocka_unit_test(json_names_no_input_where_an_event_is_about_all),
        cmocka_unit_test(foreign_text_is_harmless_in_every_form),
        cmocka_unit_test(lookalikes_are_written_only_when_asked_for),
        cmocka_unit_test(colours_come_only_when_asked_for),
        cmocka_unit_test(another_day_has_a_line_of_its_own),
        cmocka_unit_test(a_quiet_view_shows_changes_and_rolls_up_the_rest),
        cmocka_unit_test(a_full_disk_is_an_error_that_names_it),
        cmocka_unit_test(each_reason_and_tunnel_of_the_decoder_has_its_name),
        cmocka_unit_test(the_summary_names_what_is_lost_and_sums_up_what_is_merely_other),
        cmocka_unit_test(local_time_is_that_of_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
