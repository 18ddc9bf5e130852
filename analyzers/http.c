/* SPDX-License-Identifier: BSD-2-Clause
 *
 * HTTP/1.x persistence (RFC 9112 section 9), which shares its name with TCP's keepalive and nothing
 * else: what the headers of requests and responses say. Only messages that begin a segment are
 * seen, and headers only as far as they were captured.
 */
#include "analyzers/history.h"

#include <string.h>
#include <strings.h>

enum { NUMBER_MOST = 100000000 };

/* A message's first bytes, as far as captured. */
struct text {
    const char *bytes;
    size_t length;
};

static bool begins(const struct text *text, const char *word)
{
    size_t length = strlen(word);
    return text->length >= length && memcmp(text->bytes, word, length) == 0;
}

static bool is_request(const struct text *text)
{
    static const char *const methods[] = {"GET ",   "POST ",    "HEAD ",    "PUT ",   "DELETE ",
                                          "PATCH ", "OPTIONS ", "CONNECT ", "TRACE ", "PROPFIND "};
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (begins(text, methods[i]))
            return true;
    }
    return false;
}

/* Takes the next line off the text. False when no whole line is left. */
static bool next_line(struct text *text, struct text *line)
{
    const char *end = memchr(text->bytes, '\n', text->length);
    if (end == NULL)
        return false;
    line->bytes = text->bytes;
    line->length = (size_t)(end - text->bytes);
    text->bytes += line->length + 1;
    text->length -= line->length + 1;
    if (line->length > 0 && line->bytes[line->length - 1] == '\r')
        line->length--;
    return true;
}

/* The minor version that a request or status line names; false when it names none of HTTP/1. */
static bool find_version(const struct text *line, uint8_t *minor)
{
    static const char word[] = "HTTP/1.";
    const size_t length = sizeof(word) - 1;
    for (size_t i = 0; i + length < line->length; i++) {
        if (memcmp(line->bytes + i, word, length) != 0)
            continue;
        *minor = line->bytes[i + length] == '0' ? 0 : 1;
        return true;
    }
    return false;
}

/* Where the line is the header `name`, its value. */
static bool is_header(const struct text *line, const char *name, struct text *value)
{
    size_t length = strlen(name);
    if (line->length <= length || line->bytes[length] != ':' ||
        strncasecmp(line->bytes, name, length) != 0)
        return false;
    value->bytes = line->bytes + length + 1;
    value->length = line->length - length - 1;
    return true;
}

/* The list of tokens holds `word`. */
static bool holds(const struct text *value, const char *word, size_t *behind)
{
    size_t length = strlen(word);
    for (size_t i = 0; i + length <= value->length; i++) {
        bool start = i == 0 || value->bytes[i - 1] == ' ' || value->bytes[i - 1] == ',' ||
                     value->bytes[i - 1] == '\t';
        if (start && strncasecmp(value->bytes + i, word, length) == 0) {
            *behind = i + length;
            return true;
        }
    }
    return false;
}

/* "word=123" in the value; 0 where it is not there. */
static uint32_t parameter(const struct text *value, const char *word)
{
    size_t at = 0;
    uint32_t number = 0;
    if (!holds(value, word, &at) || at >= value->length || value->bytes[at] != '=')
        return 0;
    for (at++; at < value->length && value->bytes[at] >= '0' && value->bytes[at] <= '9'; at++) {
        if (number < NUMBER_MOST)
            number = number * 10 + (uint32_t)(value->bytes[at] - '0');
    }
    return number;
}

static void take_header(struct ka_ev_http *http, const struct text *line, bool *explicit_choice)
{
    struct text value;
    size_t behind;
    if (is_header(line, "Connection", &value) || is_header(line, "Proxy-Connection", &value)) {
        if (holds(&value, "close", &behind)) {
            http->persistence = KA_HTTP_CLOSE;
            *explicit_choice = true;
        } else if (holds(&value, "keep-alive", &behind)) {
            http->persistence = KA_HTTP_PERSISTENT;
            *explicit_choice = true;
        }
    } else if (is_header(line, "Keep-Alive", &value)) {
        uint32_t timeout = parameter(&value, "timeout");
        uint32_t max = parameter(&value, "max");
        if (timeout > 0)
            http->timeout = timeout * KA_SECOND;
        if (max > 0)
            http->max = max;
    }
}

/* RFC 9112 9.3: HTTP/1.1 persists unless told to close, HTTP/1.0 closes unless told to persist. A
 * close that was announced stays. */
static void take_headers(struct ka_ev_http *http, struct text rest, uint8_t minor, bool whole)
{
    struct text line;
    bool chosen = false;
    bool ended = false;
    bool closing = http->persistence == KA_HTTP_CLOSE;
    while (!ended && next_line(&rest, &line)) {
        if (line.length == 0)
            ended = true;
        else
            take_header(http, &line, &chosen);
    }
    if (!ended && !whole)
        http->cut = true;
    if (closing || http->persistence == KA_HTTP_CLOSE)
        http->persistence = KA_HTTP_CLOSE;
    else if (http->cut)
        http->persistence = KA_HTTP_UNKNOWN; /* what was cut may say close */
    else if (!chosen && ended)
        http->persistence = minor == 0 ? KA_HTTP_CLOSE : KA_HTTP_PERSISTENT;
}

void ka_http_data(struct ka_history *history, const struct ka_conn *conn, unsigned side,
                  const struct ka_packet *packet)
{
    struct ka_ev_http *http = &history->http;
    struct text rest = {(const char *)packet->payload, packet->payload_captured};
    struct text line;
    uint8_t minor;
    bool whole = packet->payload_captured >= packet->tcp.length;
    bool by_client = side == ka_conn_client(conn);
    bool response = begins(&rest, "HTTP/1.");
    if (!response && !(by_client && is_request(&rest)))
        return;
    if (!next_line(&rest, &line)) {
        if (!response && !history->is_http)
            return; /* a word that other protocols have too */
        line = rest;
        rest.length = 0;
        http->cut = http->cut || !whole;
    }
    if (!find_version(&line, &minor)) {
        if (!history->is_http || response)
            return;
        minor = http->minor; /* the version lies beyond the snap length */
    }
    if (!history->is_http)
        http->minor = 1;
    history->is_http = true;
    if (minor < http->minor)
        http->minor = minor;
    if (response)
        http->responses++;
    else
        http->requests++;
    take_headers(http, rest, minor, whole);
}
