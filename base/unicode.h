/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Foreign text, code point by code point: which bytes are UTF-8 (RFC 3629), and which characters
 * may not reach a terminal or a page as they are.
 */
#ifndef KA_BASE_UNICODE_H
#define KA_BASE_UNICODE_H

#include "base/reader.h"

#include <stdbool.h>
#include <stdint.h>

#define KA_UNICODE_INVALID     UINT32_MAX
#define KA_UNICODE_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Takes the next code point off the window, which must not be empty. Overlong forms, surrogates,
 * values past U+10FFFF and stray or cut sequences give KA_UNICODE_INVALID and take one byte. */
uint32_t ka_unicode_next(struct ka_reader *reader);

/* True for what can act on its surroundings: C0 and C1 controls, DEL, line and paragraph
 * separators, the bidirectional marks and overrides (UAX 9), and the byte order mark. */
bool ka_unicode_is_hostile(uint32_t point);

#endif
