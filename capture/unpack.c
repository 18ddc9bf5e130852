/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/unpack.h"

#include "base/reader.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum { RAW_SIZE = 64 * 1024, LOOK_SIZE = 4096, MAGIC_SIZE = 4 };

/* Padding and empty members may go on for ever: after so many reads (4 MiB) that gave no content
 * the caller hears from us all the same, so that a signal ends it soon. */
enum { READS_BEFORE_NONE = 64 };

enum kind { KIND_UNKNOWN, KIND_PLAIN, KIND_GZIP, KIND_ZSTD };

struct ka_unpack {
    struct ka_input input;
    enum kind kind;
    uint8_t *raw; /* stored bytes not yet looked at: raw[raw_at..raw_used-1] */
    size_t raw_at;
    size_t raw_used;
    uint64_t produced;
    z_stream gzip;
    ZSTD_DCtx *zstd;
    bool inside;       /* a gzip member or zstd frame has begun and not ended */
    bool may_hold;     /* the decoder may hold output it had no room for */
    enum ka_bytes end; /* KA_BYTES_SOME while it goes on */
    struct ka_error end_error;
};

struct ka_unpack *ka_unpack_create(const struct ka_input *input)
{
    struct ka_unpack *unpack = calloc(1, sizeof(*unpack));
    if (unpack == NULL)
        return NULL;
    unpack->raw = malloc(RAW_SIZE);
    if (unpack->raw == NULL) {
        free(unpack);
        return NULL;
    }
    unpack->input = *input;
    return unpack;
}

static size_t raw_left(const struct ka_unpack *unpack)
{
    return unpack->raw_used - unpack->raw_at;
}

/* Remembers how it ended; later reads say the same. */
static enum ka_bytes finish(struct ka_unpack *unpack, enum ka_bytes end, struct ka_error *error)
{
    unpack->end = end;
    if (error != NULL)
        *error = unpack->end_error;
    return end;
}

static enum ka_bytes broken(struct ka_unpack *unpack, const char *why)
{
    ka_error_set(&unpack->end_error, "%s: damaged %s data after %llu bytes of content: %s",
                 unpack->input.name, ka_unpack_compression(unpack),
                 (unsigned long long)unpack->produced, why);
    return KA_BYTES_DAMAGED;
}

static bool is_gzip(uint32_t magic)
{
    return magic >> 16 == 0x1f8b;
}

static bool is_zstd(uint32_t magic)
{
    /* A frame, or a skippable frame 0x184D2A50..5F before it (RFC 8878 3.1). */
    return magic == 0x28b52ffd || (magic & 0xf0ffffff) == 0x502a4d18;
}

static enum ka_bytes start_decoder(struct ka_unpack *unpack, enum kind kind)
{
    enum { GZIP_ONLY = 16 };
    bool ok = true;
    if (kind == KIND_GZIP) {
        ok = inflateInit2(&unpack->gzip, MAX_WBITS + GZIP_ONLY) == Z_OK;
    } else if (kind == KIND_ZSTD) {
        unpack->zstd = ZSTD_createDCtx();
        ok = unpack->zstd != NULL;
    }
    if (!ok) {
        ka_error_set(&unpack->end_error, "%s: no memory to decompress", unpack->input.name);
        return KA_BYTES_FAILED;
    }
    unpack->kind = kind;
    return KA_BYTES_SOME;
}

/* Reads enough to see what the input is. */
static enum ka_bytes look(struct ka_unpack *unpack)
{
    while (unpack->raw_used < MAGIC_SIZE) {
        size_t got = 0;
        enum ka_bytes status =
            ka_input_read(&unpack->input, unpack->raw + unpack->raw_used,
                          LOOK_SIZE - unpack->raw_used, &got, &unpack->end_error);
        if (status == KA_BYTES_END)
            break;
        if (status != KA_BYTES_SOME)
            return status;
        unpack->raw_used += got;
    }
    uint32_t magic = 0;
    struct ka_reader reader = ka_reader_make(unpack->raw, unpack->raw_used);
    if (!ka_read_be32(&reader, &magic))
        return start_decoder(unpack, KIND_PLAIN);
    return start_decoder(unpack, is_gzip(magic)   ? KIND_GZIP
                                 : is_zstd(magic) ? KIND_ZSTD
                                                  : KIND_PLAIN);
}

/* Both decoders turn stored bytes into at most `size` bytes; *got stays 0 when they need more. */
static enum ka_bytes gzip_step(struct ka_unpack *unpack, uint8_t *out, size_t size, size_t *got)
{
    while (*got == 0 && (raw_left(unpack) > 0 || unpack->may_hold)) {
        if (!unpack->inside) {
            uint8_t first = unpack->raw[unpack->raw_at];
            if (first == 0) { /* padding, as on tapes */
                unpack->raw_at++;
                continue;
            }
            if (first != 0x1f)
                return broken(unpack, "bytes follow that are no gzip member");
            inflateReset(&unpack->gzip);
            unpack->inside = true;
        }
        unpack->gzip.next_in = unpack->raw + unpack->raw_at;
        unpack->gzip.avail_in = (uInt)raw_left(unpack);
        unpack->gzip.next_out = out;
        unpack->gzip.avail_out = (uInt)size;
        int result = inflate(&unpack->gzip, Z_SYNC_FLUSH);
        unpack->raw_at = unpack->raw_used - unpack->gzip.avail_in;
        *got = size - unpack->gzip.avail_out;
        unpack->may_hold = unpack->gzip.avail_out == 0 && result == Z_OK;
        if (result == Z_STREAM_END)
            unpack->inside = false;
        else if (result == Z_MEM_ERROR || result == Z_STREAM_ERROR || result == Z_NEED_DICT ||
                 result == Z_DATA_ERROR)
            return broken(unpack, unpack->gzip.msg != NULL ? unpack->gzip.msg : zError(result));
    }
    return KA_BYTES_SOME;
}

static enum ka_bytes zstd_step(struct ka_unpack *unpack, uint8_t *out, size_t size, size_t *got)
{
    while (*got == 0 && (raw_left(unpack) > 0 || unpack->may_hold)) {
        ZSTD_inBuffer in = {.src = unpack->raw + unpack->raw_at, .size = raw_left(unpack)};
        ZSTD_outBuffer decoded = {.dst = out, .size = size};
        size_t result = ZSTD_decompressStream(unpack->zstd, &decoded, &in);
        unpack->raw_at += in.pos;
        *got = decoded.pos;
        if (ZSTD_isError(result))
            return broken(unpack, ZSTD_getErrorName(result));
        unpack->inside = result != 0;
        unpack->may_hold = unpack->inside && decoded.pos == decoded.size;
    }
    return KA_BYTES_SOME;
}

static enum ka_bytes decode(struct ka_unpack *unpack, uint8_t *out, size_t size, size_t *got,
                            struct ka_error *error)
{
    for (int reads = 0; reads < READS_BEFORE_NONE; reads++) {
        size_t count = 0;
        enum ka_bytes status = unpack->kind == KIND_GZIP ? gzip_step(unpack, out, size, &count)
                                                         : zstd_step(unpack, out, size, &count);
        if (status != KA_BYTES_SOME)
            finish(unpack, status, error);
        if (count > 0) {
            unpack->produced += count;
            *got = count;
            return KA_BYTES_SOME;
        }
        if (status != KA_BYTES_SOME)
            return status;
        unpack->raw_at = 0;
        unpack->raw_used = 0;
        status = ka_input_read(&unpack->input, unpack->raw, RAW_SIZE, &count, &unpack->end_error);
        if (status == KA_BYTES_NONE)
            return status;
        if (status == KA_BYTES_END && unpack->inside)
            status = broken(unpack, "it ends early, the file was cut");
        if (status != KA_BYTES_SOME)
            return finish(unpack, status, error);
        unpack->raw_used = count;
    }
    return KA_BYTES_NONE;
}

enum ka_bytes ka_unpack_read(struct ka_unpack *unpack, uint8_t *out, size_t size, size_t *got,
                             struct ka_error *error)
{
    if (unpack->end != KA_BYTES_SOME)
        return finish(unpack, unpack->end, error);
    if (unpack->kind == KIND_UNKNOWN) {
        enum ka_bytes status = look(unpack);
        if (status == KA_BYTES_NONE)
            return status;
        if (status != KA_BYTES_SOME)
            return finish(unpack, status, error);
    }
    if (unpack->kind != KIND_PLAIN)
        return decode(unpack, out, size, got, error);
    if (raw_left(unpack) > 0) {
        size_t count = raw_left(unpack) < size ? raw_left(unpack) : size;
        memcpy(out, unpack->raw + unpack->raw_at, count);
        unpack->raw_at += count;
        *got = count;
        return KA_BYTES_SOME;
    }
    enum ka_bytes status = ka_input_read(&unpack->input, out, size, got, &unpack->end_error);
    if (status == KA_BYTES_SOME || status == KA_BYTES_NONE)
        return status;
    return finish(unpack, status, error);
}

const char *ka_unpack_compression(const struct ka_unpack *unpack)
{
    return unpack->kind == KIND_GZIP ? "gzip" : unpack->kind == KIND_ZSTD ? "zstd" : NULL;
}

const struct ka_input *ka_unpack_input(const struct ka_unpack *unpack)
{
    return &unpack->input;
}

void ka_unpack_free(struct ka_unpack *unpack)
{
    if (unpack == NULL)
        return;
    if (unpack->kind == KIND_GZIP)
        inflateEnd(&unpack->gzip);
    ZSTD_freeDCtx(unpack->zstd);
    ka_input_close(&unpack->input);
    free(unpack->raw);
    free(unpack);
}
