/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Any bytes as a string: the JSON is valid UTF-8, one string, without a character that could act on
 * a terminal or a page, and the terminal's form holds none either.
 */
#include "base/json.h"
#include "base/unicode.h"
#include "tests/fuzz/target.h"

#include <string.h>

/* Takes what follows a backslash (RFC 8259 7), as far as the writer uses it. */
static void require_escape(struct ka_reader *reader)
{
    uint8_t byte = 0;
    KA_FUZZ_REQUIRE(ka_read_u8(reader, &byte));
    if (byte == '"' || byte == '\\')
        return;
    KA_FUZZ_REQUIRE(byte == 'u');
    for (int i = 0; i < 4; i++) {
        KA_FUZZ_REQUIRE(ka_read_u8(reader, &byte));
        KA_FUZZ_REQUIRE((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f'));
    }
}

static void require_string(const struct ka_text *text)
{
    struct ka_reader reader = ka_reader_make(text->bytes, text->used);
    uint8_t quote = 0;
    KA_FUZZ_REQUIRE(ka_read_u8(&reader, &quote) && quote == '"');
    while (reader.left > 0) {
        uint32_t point = ka_unicode_next(&reader);
        KA_FUZZ_REQUIRE(point != KA_UNICODE_INVALID && !ka_unicode_is_hostile(point));
        KA_FUZZ_REQUIRE(point != '<');
        if (point == '\\')
            require_escape(&reader);
        if (point == '"')
            KA_FUZZ_REQUIRE(reader.left == 0);
        else
            KA_FUZZ_REQUIRE(reader.left > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ka_text text = ka_text_growing();
    struct ka_json json = ka_json_make(&text, false);
    ka_json_bytes(&json, (const char *)data, size);
    KA_FUZZ_REQUIRE(!text.overflow);
    require_string(&text);

    text.used = 0;
    ka_text_put_foreign(&text, (const char *)data, size);
    struct ka_reader reader = ka_reader_make(text.bytes, text.used);
    while (reader.left > 0) {
        uint32_t point = ka_unicode_next(&reader);
        KA_FUZZ_REQUIRE(point != KA_UNICODE_INVALID && !ka_unicode_is_hostile(point));
    }
    ka_text_free(&text);
    return 0;
}
