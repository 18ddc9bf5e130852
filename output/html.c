/* SPDX-License-Identifier: BSD-2-Clause */
#include "output/html.h"

#include <sha2.h>
#include <string.h>

void ka_html_put(struct ka_text *out, const char *markup)
{
    ka_text_put_string(out, markup);
}

static void put_escaped(struct ka_text *out, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        switch (bytes[i]) {
        case '&':
            ka_text_put_string(out, "&amp;");
            break;
        case '<':
            ka_text_put_string(out, "&lt;");
            break;
        case '>':
            ka_text_put_string(out, "&gt;");
            break;
        case '"':
            ka_text_put_string(out, "&quot;");
            break;
        case '\'':
            ka_text_put_string(out, "&#39;");
            break;
        default:
            ka_text_put_char(out, bytes[i]);
        }
    }
}

void ka_html_put_foreign(struct ka_text *out, const char *text, size_t size)
{
    struct ka_text safe = ka_text_growing();
    ka_text_put_foreign(&safe, text, size);
    put_escaped(out, safe.bytes, safe.used);
    out->overflow |= safe.overflow;
    ka_text_free(&safe);
}

void ka_html_put_string(struct ka_text *out, const char *text)
{
    ka_html_put_foreign(out, text, strlen(text));
}

void ka_html_put_at(struct ka_text *out, double at)
{
    double tenths = at * 10;
    ka_text_put_double(out, (double)(int64_t)(tenths < 0 ? tenths - 0.5 : tenths + 0.5) / 10);
}

/* RFC 4648 section 4. */
static void put_base64(struct ka_text *out, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t group = (uint32_t)bytes[i] << 16;
        if (left > 1)
            group |= (uint32_t)bytes[i + 1] << 8;
        if (left > 2)
            group |= bytes[i + 2];
        ka_text_put_char(out, digits[group >> 18]);
        ka_text_put_char(out, digits[group >> 12 & 63]);
        ka_text_put_char(out, left > 1 ? digits[group >> 6 & 63] : '=');
        ka_text_put_char(out, left > 2 ? digits[group & 63] : '=');
    }
}

bool ka_html_put_style_hash(struct ka_text *out)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA2_CTX context;
    SHA256Init(&context);
    SHA256Update(&context, (const uint8_t *)ka_html_style, strlen(ka_html_style));
    SHA256Final(digest, &context);
    ka_text_put_string(out, "'sha256-");
    put_base64(out, digest, sizeof(digest));
    ka_text_put_char(out, '\'');
    return !out->overflow;
}
