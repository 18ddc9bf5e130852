/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Many records of one size, taken and given back one at a time, named by a 32-bit index that stays
 * valid until given back. Address space for all of them is reserved at once, so that records never
 * move and an index is a multiplication away from its record; memory is taken as records are.
 */
#ifndef KA_BASE_SLAB_H
#define KA_BASE_SLAB_H

#include <stddef.h>
#include <stdint.h>

struct ka_slab {
    uint8_t *records;   /* NULL before the first is taken */
    size_t record;      /* bytes a record */
    size_t reserved;    /* bytes of address space */
    size_t usable;      /* bytes at its start that may be touched */
    uint32_t used;      /* records in use */
    uint32_t fresh;     /* records ever taken */
    uint32_t free_head; /* index of a record given back, 0 none */
};

/* `record` bytes a record, a multiple of 8; at most `limit` bytes for all. Takes nothing yet. */
void ka_slab_init(struct ka_slab *slab, size_t record, uint64_t limit);

/* Frees all records. */
void ka_slab_fini(struct ka_slab *slab);

/* Bytes of memory the next ka_slab_take adds: 0 when it takes one that was given back. */
static inline size_t ka_slab_next_cost(const struct ka_slab *slab)
{
    return slab->free_head != 0 ? 0 : slab->record;
}

/* Bytes of memory taken. */
static inline size_t ka_slab_memory(const struct ka_slab *slab)
{
    return slab->record * slab->fresh;
}

/* Takes a record, all zero; returns its index, from 1, or 0 when memory or the limit is reached. */
uint32_t ka_slab_take(struct ka_slab *slab);

/* Gives the record back. */
void ka_slab_give(struct ka_slab *slab, uint32_t index);

/* The record of an index in use. */
static inline void *ka_slab_at(const struct ka_slab *slab, uint32_t index)
{
    return slab->records + (index - 1) * slab->record;
}

#endif
