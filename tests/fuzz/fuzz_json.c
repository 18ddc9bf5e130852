/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Any bytes as a string: the JSON is valid UTF-8, one string, without a character that could act on
 * a terminal or a page, and the terminal's form holds none either.
 */
#include "base/json.h"
#include "base/unicode.h"
#include "tests/fuzz/target.h"

#include <string.h>

/* Well-formed UTF-8 by the table of RFC 3629 section 4, apart from the decoder under test. */
static void require_utf8(const struct ka_text *text)
{
    static const struct {
        uint8_t first, last;   /* of the lead byte */
        uint8_t second, until; /* of the byte after it */
        uint8_t following;
    } rows[] = {
        {0x00, 0x7f, 0, 0, 0},       {0xc2, 0xdf, 0x80, 0xbf, 1}, {0xe0, 0xe0, 0xa0, 0xbf, 2},
        {0xe1, 0xec, 0x80, 0xbf, 2}, {0xed, 0xed, 0x80, 0x9f, 2}, {0xee, 0xef, 0x80, 0xbf, 2},
        {0xf0, 0xf0, 0x90, 0xbf, 3}, {0xf1, 0xf3, 0x80, 0xbf, 3}, {0xf4, 0xf4, 0x80, 0x8f, 3},
    };
    size_t count = sizeof(rows) / sizeof(rows[0]);
    const uint8_t *bytes = (const uint8_t *)text->bytes;
    for (size_t at = 0; at < text->used; at++) {
        size_t row = 0;
        while (row < count && (bytes[at] < rows[row].first || bytes[at] > rows[row].last))
            row++;
        KA_FUZZ_REQUIRE(row < count);
        for (uint8_t i = 0; i < rows[row].following; i++) {
            at++;
            KA_FUZZ_REQUIRE(at < text->used);
            KA_FUZZ_REQUIRE(bytes[at] >= (i == 0 ? rows[row].second : 0x80));
            KA_FUZZ_REQUIRE(bytes[at] <= (i == 0 ? rows[row].until : 0xbf));
        }
    }
}

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
    require_utf8(&text);
    require_string(&text);

    text.used = 0;
    ka_text_put_foreign(&text, (const char *)data, size);
    require_utf8(&text);
    struct ka_reader reader = ka_reader_make(text.bytes, text.used);
    while (reader.left > 0) {
        uint32_t point = ka_unicode_next(&reader);
        KA_FUZZ_REQUIRE(point != KA_UNICODE_INVALID && !ka_unicode_is_hostile(point));
    }
    ka_text_free(&text);
    return 0;
}
