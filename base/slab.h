/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Many records of one size, taken and given back one at a time, named by a 32-bit index that stays
 * valid until given back. Memory comes in chunks and is kept until the slab is freed.
 */
#ifndef KA_BASE_SLAB_H
#define KA_BASE_SLAB_H

#include <stddef.h>
#include <stdint.h>

enum { KA_SLAB_CHUNK = 32768 }; /* records a chunk */

struct ka_slab {
    uint8_t **chunks;
    size_t record;        /* bytes a record, at least 4 */
    uint32_t chunk_count; /* chunks taken */
    uint32_t chunk_room;  /* entries in `chunks` */
    uint32_t used;        /* records in use */
    uint32_t fresh;       /* records ever taken from chunks */
    uint32_t free_head;   /* index of a record given back, 0 none */
};

/* `record` bytes a record, a multiple of 8. Takes no memory yet. */
void ka_slab_init(struct ka_slab *slab, size_t record);

/* Frees all records. */
void ka_slab_fini(struct ka_slab *slab);

/* Bytes of memory the next ka_slab_take would ask the system for: 0 when there is room. */
size_t ka_slab_next_cost(const struct ka_slab *slab);

/* Bytes taken from the system. */
size_t ka_slab_memory(const struct ka_slab *slab);

/* Takes a record, all zero; returns its index, from 1, or 0 when memory is out. */
uint32_t ka_slab_take(struct ka_slab *slab);

/* Gives the record back. */
void ka_slab_give(struct ka_slab *slab, uint32_t index);

/* The record of an index in use. */
static inline void *ka_slab_at(const struct ka_slab *slab, uint32_t index)
{
    uint32_t at = index - 1;
    return slab->chunks[at / KA_SLAB_CHUNK] + (at % KA_SLAB_CHUNK) * slab->record;
}

#endif
