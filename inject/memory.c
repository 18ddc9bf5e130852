/* SPDX-License-Identifier: BSD-2-Clause */
#include "inject/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Open addressing at a load of at most one half; nothing is ever removed. */
struct ka_memory {
    struct ka_record *slots;
    size_t mask;
    uint64_t key;
    uint32_t used;
    uint32_t capacity;
};

struct ka_memory *ka_memory_create(uint32_t capacity, uint64_t key)
{
    size_t count = 2;
    struct ka_memory *memory = calloc(1, sizeof(*memory));
    while (count < 2 * (size_t)capacity)
        count *= 2;
    if (memory == NULL)
        return NULL;
    memory->slots = calloc(count, sizeof(*memory->slots));
    memory->mask = count - 1;
    memory->key = key;
    memory->capacity = capacity;
    if (memory->slots == NULL) {
        free(memory);
        return NULL;
    }
    return memory;
}

void ka_memory_free(struct ka_memory *memory)
{
    if (memory == NULL)
        return;
    free(memory->slots);
    free(memory);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

static uint64_t mix_end(uint64_t hash, const struct ka_endpoint *end)
{
    uint64_t halves[2];
    memcpy(halves, end->addr.bytes, sizeof(halves));
    return mix(mix(mix(hash, halves[0]), halves[1]), end->port);
}

/* The slot where the connection stands, or the empty one where it would. */
static struct ka_record *find_slot(const struct ka_memory *memory, const struct ka_endpoint *low,
                                   const struct ka_endpoint *high)
{
    size_t at = (size_t)mix_end(mix_end(memory->key, low), high) & memory->mask;
    while (memory->slots[at].used && !(ka_endpoint_equal(&memory->slots[at].ends[0], low) &&
                                       ka_endpoint_equal(&memory->slots[at].ends[1], high)))
        at = (at + 1) & memory->mask;
    return &memory->slots[at];
}

static struct ka_record *find_for(const struct ka_memory *memory, const struct ka_probe *probe,
                                  unsigned *towards)
{
    bool target_is_high = ka_endpoint_compare(&probe->src, &probe->dst) < 0;
    *towards = target_is_high ? 1 : 0;
    return target_is_high ? find_slot(memory, &probe->src, &probe->dst)
                          : find_slot(memory, &probe->dst, &probe->src);
}

struct ka_record *ka_memory_find(const struct ka_memory *memory, const struct ka_probe *probe,
                                 unsigned *towards)
{
    struct ka_record *record = find_for(memory, probe, towards);
    return record->used ? record : NULL;
}

struct ka_record *ka_memory_get(struct ka_memory *memory, const struct ka_probe *probe,
                                unsigned *towards)
{
    struct ka_record *record = find_for(memory, probe, towards);
    if (record->used)
        return record;
    assert(memory->used < memory->capacity);
    memory->used++;
    *record = (struct ka_record){.used = true, .last = KA_TIME_NONE};
    record->ends[*towards] = probe->dst;
    record->ends[1 - *towards] = probe->src;
    record->sent[0].numberless = KA_TIME_NONE;
    record->sent[1].numberless = KA_TIME_NONE;
    return record;
}
