/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Decoding under the eyes of the sanitizers: the bytes lie in memory of exactly their size.
 */
#ifndef KA_TESTS_UNIT_EXACT_H
#define KA_TESTS_UNIT_EXACT_H

#include "decode/decode.h"
#include "tests/build/craft.h"

/* Decodes the first `captured` bytes of the crafted frame. Asserts (cmocka) that the payload lies
 * within them. The frame and the payload are gone afterwards, the other members stay. */
enum ka_undecoded ka_exact_decode(const struct ka_craft *craft, uint16_t link_type, size_t captured,
                                  struct ka_packet *packet);

#endif
