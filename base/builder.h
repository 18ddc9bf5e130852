/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Writes bytes into a buffer of fixed size, in network order or little endian. The builder
 * remembers an overflow instead of writing past the end: callers build first and ask once.
 */
#ifndef KA_BASE_BUILDER_H
#define KA_BASE_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ka_builder {
    uint8_t *bytes;
    size_t size;
    size_t used;
    bool overflow;
};

/* The buffer stays the caller's. */
struct ka_builder ka_builder_make(void *bytes, size_t size);

/* True when everything fitted so far. */
bool ka_builder_ok(const struct ka_builder *builder);

void ka_put_u8(struct ka_builder *builder, uint8_t value);
void ka_put_be16(struct ka_builder *builder, uint16_t value);
void ka_put_be32(struct ka_builder *builder, uint32_t value);
void ka_put_le16(struct ka_builder *builder, uint16_t value);
void ka_put_le32(struct ka_builder *builder, uint32_t value);
void ka_put_le64(struct ka_builder *builder, uint64_t value);
void ka_put_bytes(struct ka_builder *builder, const void *bytes, size_t count);
void ka_put_zeros(struct ka_builder *builder, size_t count);

/* Overwrites two bytes already written at `at` (lengths, checksums); an `at` past what was written
 * counts as overflow. */
void ka_patch_be16(struct ka_builder *builder, size_t at, uint16_t value);

/* The Internet checksum (RFC 1071) of `count` bytes on top of `sum`, a partial sum: 0 at first, or
 * what ka_checksum_add returned. Add an odd-length piece last only. */
uint32_t ka_checksum_add(uint32_t sum, const void *bytes, size_t count);

/* Folds and complements the partial sum into the value for the header. */
uint16_t ka_checksum_finish(uint32_t sum);

#endif
