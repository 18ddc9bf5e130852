/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The injector behind its standard input: lines, requests and the guard. Whatever arrives, what the
 * guard lets through is one ACK that its target has acknowledged already, to an allowed target.
 */
#include "base/reader.h"
#include "base/seq.h"
#include "inject/guard.h"
#include "inject/words.h"
#include "tests/fuzz/target.h"

/* Looks at the bytes themselves, as the target would. */
static void check_segment(const uint8_t *bytes, size_t length, const struct ka_probe *probe)
{
    size_t header = probe->src.addr.family == 4 ? 20 : 40;
    struct ka_reader reader = ka_reader_make(bytes, length);
    uint32_t ports = 0, seq = 0, ack = 0;
    uint8_t offset = 0, flags = 0;
    KA_FUZZ_REQUIRE(ka_skip(&reader, header) && ka_read_be32(&reader, &ports) &&
                    ka_read_be32(&reader, &seq) && ka_read_be32(&reader, &ack) &&
                    ka_read_u8(&reader, &offset) && ka_read_u8(&reader, &flags));
    size_t data = length - header - (size_t)(offset >> 4) * 4;
    KA_FUZZ_REQUIRE(flags == 0x10);
    KA_FUZZ_REQUIRE(data <= 1);
    if (probe->kind == KA_PROBE_NUMBERED)
        KA_FUZZ_REQUIRE(ka_seq_lt(seq, probe->nxt) &&
                        seq + (uint32_t)data == probe->nxt - 1 + data);
    else
        KA_FUZZ_REQUIRE(seq == 0 && ack == 0 && data == 0);
}

static void serve_line(struct ka_guard *guard, const char *line, ka_time now)
{
    struct ka_request request;
    struct ka_request again;
    struct ka_error error;
    uint8_t bytes[KA_PROBE_BYTES_MAX];
    char text[KA_LINE_SIZE];
    uint32_t id;
    ka_time wait;
    if (ka_request_parse(line, &request, &id, &error) != 0)
        return;
    ka_request_text(&request, text);
    KA_FUZZ_REQUIRE(ka_request_parse(text, &again, &id, &error) == 0 && id == request.probe.id);
    if (request.verb == KA_ASK_ANSWERED) {
        (void)ka_guard_answered(guard, &request.probe);
        return;
    }
    if (ka_guard_ask(guard, &request.probe, now, &wait) != KA_RULE_COUNT) {
        KA_FUZZ_REQUIRE(wait >= 0);
        return;
    }
    size_t length = ka_probe_bytes(&request.probe, bytes, sizeof(bytes));
    KA_FUZZ_REQUIRE(length > 0);
    KA_FUZZ_REQUIRE(request.probe.dst.addr.bytes[0] == 10);
    check_segment(bytes, length, &request.probe);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ka_allow ten = {.addr = {.bytes = {10}, .family = 4}, .prefix = 8};
    struct ka_guard_limits limits = {
        .caps = {.rate = 50, .total = 16, .unanswered = 3, .one_byte = 2, .exact = true},
        .allow = &ten,
        .allow_count = 1,
    };
    struct ka_guard *guard = ka_guard_create(&limits, 1, NULL);
    struct ka_lines lines = {.used = 0};
    const char *at = (const char *)data;
    ka_time now = 0;
    enum ka_line_state state;
    if (guard == NULL)
        return 0;
    while ((state = ka_lines_take(&lines, &at, &size)) != KA_LINE_MORE) {
        struct ka_reply reply;
        now += KA_SECOND / 4;
        if (state != KA_LINE_READY)
            continue;
        serve_line(guard, lines.line, now);
        (void)ka_reply_parse(lines.line, &reply, NULL);
    }
    ka_guard_free(guard);
    return 0;
}
