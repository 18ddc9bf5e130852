/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/gen/recording.h"

#include "base/builder.h"

#include <errno.h>
#include <string.h>

enum { STREAM_BUFFER = 1 << 20, PCAPNG_OVERHEAD = 32 };

static void put_pcap_head(struct ka_builder *head, bool nano, uint16_t link_type, uint32_t snap)
{
    ka_put_le32(head, nano ? 0xa1b23c4d : 0xa1b2c3d4);
    ka_put_le16(head, 2);
    ka_put_le16(head, 4);
    ka_put_le64(head, 0);
    ka_put_le32(head, snap);
    ka_put_le32(head, link_type);
}

static void put_pcapng_head(struct ka_builder *head, uint16_t link_type, uint32_t snap)
{
    ka_put_le32(head, 0x0a0d0d0a);
    ka_put_le32(head, 28);
    ka_put_le32(head, 0x1a2b3c4d);
    ka_put_le16(head, 1);
    ka_put_le16(head, 0);
    ka_put_le64(head, UINT64_MAX);
    ka_put_le32(head, 28);
    ka_put_le32(head, 1); /* interface description, if_tsresol 9 */
    ka_put_le32(head, 32);
    ka_put_le16(head, link_type);
    ka_put_le16(head, 0);
    ka_put_le32(head, snap);
    ka_put_le16(head, 9);
    ka_put_le16(head, 1);
    ka_put_le32(head, 9);
    ka_put_le32(head, 0);
    ka_put_le32(head, 32);
}

bool ka_recording_open(struct ka_recording *recording, const char *path,
                       enum ka_recording_form form, uint16_t link_type, uint32_t snap)
{
    uint8_t bytes[64];
    struct ka_builder head = ka_builder_make(bytes, sizeof(bytes));
    *recording = (struct ka_recording){.form = form, .snap = snap == 0 ? 262144 : snap};
    recording->stream = strcmp(path, "-") == 0 ? stdout : fopen(path, "wb");
    if (recording->stream == NULL) {
        return false;
    }
    if (form == KA_RECORDING_PCAPNG)
        put_pcapng_head(&head, link_type, recording->snap);
    else
        put_pcap_head(&head, form == KA_RECORDING_NANO, link_type, recording->snap);
    setvbuf(recording->stream, NULL, _IOFBF, STREAM_BUFFER);
    fwrite(bytes, 1, head.used, recording->stream);
    return true;
}

static void put_packet_head(const struct ka_recording *recording, struct ka_builder *head,
                            ka_time time, uint32_t captured, uint32_t length)
{
    if (recording->form == KA_RECORDING_PCAPNG) {
        ka_put_le32(head, 6); /* enhanced packet */
        ka_put_le32(head, PCAPNG_OVERHEAD + (captured + 3) / 4 * 4);
        ka_put_le32(head, 0);
        ka_put_le32(head, (uint32_t)((uint64_t)time >> 32));
        ka_put_le32(head, (uint32_t)time);
    } else {
        ka_time unit = recording->form == KA_RECORDING_NANO ? 1 : KA_MICROSECOND;
        ka_put_le32(head, (uint32_t)(time / KA_SECOND));
        ka_put_le32(head, (uint32_t)(time % KA_SECOND / unit));
    }
    ka_put_le32(head, captured);
    ka_put_le32(head, length);
}

void ka_recording_frame(struct ka_recording *recording, ka_time time, const uint8_t *bytes,
                        size_t length)
{
    uint8_t head_bytes[32];
    uint8_t tail_bytes[8];
    struct ka_builder head = ka_builder_make(head_bytes, sizeof(head_bytes));
    struct ka_builder tail = ka_builder_make(tail_bytes, sizeof(tail_bytes));
    uint32_t captured = length > recording->snap ? recording->snap : (uint32_t)length;
    put_packet_head(recording, &head, time, captured, (uint32_t)length);
    fwrite(head_bytes, 1, head.used, recording->stream);
    fwrite(bytes, 1, captured, recording->stream);
    if (recording->form == KA_RECORDING_PCAPNG) {
        ka_put_zeros(&tail, (4 - captured % 4) % 4);
        ka_put_le32(&tail, PCAPNG_OVERHEAD + (captured + 3) / 4 * 4);
        fwrite(tail_bytes, 1, tail.used, recording->stream);
    }
    recording->frames++;
}

bool ka_recording_close(struct ka_recording *recording)
{
    bool failed = ferror(recording->stream) != 0;
    failed |= recording->stream == stdout ? fflush(stdout) != 0 : fclose(recording->stream) != 0;
    if (failed && errno == 0)
        errno = EIO;
    recording->stream = NULL;
    return !failed;
}
