/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/slab.h"

#include <string.h>
#include <sys/mman.h>

enum {
    HUGE = 2 << 20,  /* a huge page, and what is made usable at a time: less would never be one */
    SMALL = 2 << 20, /* up to here small pages: a small run stays small */
};

void ka_slab_init(struct ka_slab *slab, size_t record, uint64_t limit)
{
    uint64_t most = (uint64_t)(UINT32_MAX - 1) * record;
    if (most > SIZE_MAX / 2) /* where addresses have 32 bits */
        most = SIZE_MAX / 2;
    if (limit > most)
        limit = most;
    *slab =
        (struct ka_slab){.record = record, .reserved = (size_t)((limit + HUGE) & ~(HUGE - 1ULL))};
}

void ka_slab_fini(struct ka_slab *slab)
{
    if (slab->records != NULL)
        munmap(slab->records, slab->reserved);
    *slab = (struct ka_slab){.record = slab->record};
}

/* `size` bytes of addresses that begin where a huge page may; NULL when there are none. */
static uint8_t *reserve_aligned(size_t size)
{
    uint8_t *space =
        mmap(NULL, size + HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (space == MAP_FAILED)
        return NULL;
    size_t before = HUGE - (uintptr_t)space % HUGE;
    munmap(space, before);
    if (before < HUGE)
        munmap(space + before + size, HUGE - before);
    return space + before;
}

/* Addresses cost nothing until they are used; where they are limited (ulimit -v), fewer do. */
static int reserve(struct ka_slab *slab)
{
    for (size_t size = slab->reserved; size >= HUGE; size = size / 2 / HUGE * HUGE) {
        uint8_t *space = reserve_aligned(size);
        if (space == NULL)
            continue;
        slab->records = space;
        slab->reserved = size;
        /* Millions of records far apart: with small pages every other access would walk the page
         * tables as well. Kernels without huge pages do without. */
        if (size > SMALL)
            madvise(space + SMALL, size - SMALL, MADV_HUGEPAGE);
        return 0;
    }
    return -1;
}

static int make_usable(struct ka_slab *slab, size_t size)
{
    if (slab->records == NULL && reserve(slab) < 0)
        return -1;
    if (size > slab->reserved)
        return -1;
    size_t upto = (size + HUGE - 1) / HUGE * HUGE;
    if (mprotect(slab->records + slab->usable, upto - slab->usable, PROT_READ | PROT_WRITE) < 0)
        return -1;
    slab->usable = upto;
    return 0;
}

uint32_t ka_slab_take(struct ka_slab *slab)
{
    uint32_t index = slab->free_head;
    if (index != 0) {
        memcpy(&slab->free_head, ka_slab_at(slab, index), sizeof(slab->free_head));
        memset(ka_slab_at(slab, index), 0, slab->record);
    } else {
        size_t size = (slab->fresh + (size_t)1) * slab->record;
        if (size > slab->usable && make_usable(slab, size) < 0)
            return 0;
        index = ++slab->fresh; /* fresh memory is zero */
    }
    slab->used++;
    return index;
}

void ka_slab_give(struct ka_slab *slab, uint32_t index)
{
    /* A record out of use holds the index of the next one. */
    memcpy(ka_slab_at(slab, index), &slab->free_head, sizeof(slab->free_head));
    slab->free_head = index;
    slab->used--;
}
