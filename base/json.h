/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A streaming JSON writer (RFC 8259) into a text. It sets the commas; keys and brackets must be
 * balanced by the caller. A string needs room for the longest form it could take. What it writes is
 * valid UTF-8 and ASCII-safe where it matters: characters that act on a terminal, and `<`, which
 * could close a script element, are escaped.
 */
#ifndef KA_BASE_JSON_H
#define KA_BASE_JSON_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KA_JSON_DEPTH_MAX = 63 };

struct ka_json {
    struct ka_text *text; /* the caller's; overflow is told there */
    uint64_t started;     /* a bit a level: something stands there already */
    unsigned depth;       /* at most KA_JSON_DEPTH_MAX; asserted */
    bool pretty;          /* a member a line, two spaces a level */
    bool after_key;
};

/* A writer at the end of `text`, which it borrows. */
struct ka_json ka_json_make(struct ka_text *text, bool pretty);

void ka_json_open_object(struct ka_json *json);
void ka_json_close_object(struct ka_json *json);
void ka_json_open_array(struct ka_json *json);
void ka_json_close_array(struct ka_json *json);

/* Bytes that a string of `count` takes at most, quotes included. */
#define KA_JSON_QUOTED(count) (6 * (count) + 2)

/* Writes a string as ka_json_bytes does, straight to `at`, where KA_JSON_QUOTED(count) bytes are
 * free. Returns the end. */
char *ka_json_quote(char *at, const char *bytes, size_t count);

/* The key of the member whose value is written next; escaped like any string. */
void ka_json_key(struct ka_json *json, const char *key);

void ka_json_string(struct ka_json *json, const char *string);
/* A string of `count` arbitrary bytes: NUL is escaped, what is no UTF-8 becomes U+FFFD. */
void ka_json_bytes(struct ka_json *json, const char *bytes, size_t count);
void ka_json_number(struct ka_json *json, uint64_t value);
/* A duration in seconds, exact; null for KA_TIME_NONE. */
void ka_json_seconds(struct ka_json *json, ka_time duration);
/* null unless finite. */
void ka_json_double(struct ka_json *json, double value);
void ka_json_bool(struct ka_json *json, bool value);
void ka_json_null(struct ka_json *json);

#endif
