/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/slab.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

void ka_slab_init(struct ka_slab *slab, size_t record)
{
    *slab = (struct ka_slab){.record = record};
}

void ka_slab_fini(struct ka_slab *slab)
{
    for (uint32_t i = 0; i < slab->chunk_count; i++)
        free(slab->chunks[i]);
    free(slab->chunks);
    ka_slab_init(slab, slab->record);
}

size_t ka_slab_next_cost(const struct ka_slab *slab)
{
    if (slab->free_head != 0 || slab->fresh < slab->chunk_count * KA_SLAB_CHUNK)
        return 0;
    return slab->record * KA_SLAB_CHUNK;
}

size_t ka_slab_memory(const struct ka_slab *slab)
{
    return slab->record * KA_SLAB_CHUNK * slab->chunk_count + sizeof(uint8_t *) * slab->chunk_room;
}

static int add_chunk(struct ka_slab *slab)
{
    if (slab->chunk_count >= UINT32_MAX / KA_SLAB_CHUNK - 1)
        return -1;
    if (slab->chunk_count == slab->chunk_room) {
        uint32_t room = slab->chunk_room == 0 ? 16 : slab->chunk_room * 2;
        uint8_t **chunks = realloc(slab->chunks, room * sizeof(*chunks));
        if (chunks == NULL)
            return -1;
        slab->chunks = chunks;
        slab->chunk_room = room;
    }
    /* Chunks are not cleared here: a record is, when it is taken. */
    size_t size = slab->record * KA_SLAB_CHUNK;
    uint8_t *chunk = malloc(size);
    if (chunk == NULL)
        return -1;
    /* Millions of records far apart: with small pages every second access would walk the page
     * tables as well. Not every kernel can, which is no failure. */
    uintptr_t start = ((uintptr_t)chunk + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1);
    uintptr_t end = ((uintptr_t)chunk + size) & ~(uintptr_t)(HUGE_PAGE - 1);
    if (slab->chunk_count > 0 && start < end)
        madvise((void *)start, end - start, MADV_HUGEPAGE);
    slab->chunks[slab->chunk_count++] = chunk;
    return 0;
}

uint32_t ka_slab_take(struct ka_slab *slab)
{
    uint32_t index = slab->free_head;
    if (index != 0) {
        memcpy(&slab->free_head, ka_slab_at(slab, index), sizeof(slab->free_head));
    } else {
        if (slab->fresh == slab->chunk_count * KA_SLAB_CHUNK && add_chunk(slab) < 0)
            return 0;
        index = ++slab->fresh;
    }
    slab->used++;
    memset(ka_slab_at(slab, index), 0, slab->record);
    return index;
}

void ka_slab_give(struct ka_slab *slab, uint32_t index)
{
    /* A record out of use holds the index of the next one. */
    memcpy(ka_slab_at(slab, index), &slab->free_head, sizeof(slab->free_head));
    slab->free_head = index;
    slab->used--;
}
