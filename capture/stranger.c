/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/stranger.h"

#include "base/reader.h"

#include <stdio.h>

static const struct {
    const char *magic;
    size_t length;
    const char *what;
} strangers[] = {
    {"snoop\0\0\0", 8, "a snoop capture: convert it with editcap"},
    {"btsnoop\0", 8, "a Bluetooth capture"},
    {"GMBU", 4, "a Network Monitor capture: convert it with editcap"},
    {"RTSS", 4, "a Network Monitor capture: convert it with editcap"},
    {"XCP\0", 4, "a NetXRay capture: convert it with editcap"},
    {"TRSNIFF data", 12, "a Sniffer capture: convert it with editcap"},
    {"\xfd"
     "7zXZ\0",
     6, "xz-compressed: decompress it first"},
    {"BZh", 3, "bzip2-compressed: decompress it first"},
    {"\x04\x22\x4d\x18", 4, "lz4-compressed: decompress it first"},
    {"\x1f\x8b", 2, "gzip inside another compression: decompress it first"},
    {"\x28\xb5\x2f\xfd", 4, "zstd inside another compression: decompress it first"},
    {"PK\x03\x04", 4, "a zip archive: unpack it first"},
    {"7z\xbc\xaf\x27\x1c", 6, "a 7z archive: unpack it first"},
    {"\x7f"
     "ELF",
     4, "a program"},
    {"%PDF", 4, "a PDF document"},
};

static int looks_like_text(struct ka_reader reader)
{
    uint8_t byte;
    while (ka_read_u8(&reader, &byte))
        if ((byte < ' ' && byte != '\n' && byte != '\r' && byte != '\t') || byte == 0x7f)
            return 0;
    return 1;
}

void ka_stranger_describe(const uint8_t *bytes, size_t length, char *out)
{
    for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
        if (length >= strangers[i].length &&
            memcmp(bytes, strangers[i].magic, strangers[i].length) == 0) {
            snprintf(out, KA_STRANGER_SIZE, "%s", strangers[i].what);
            return;
        }
    }
    struct ka_reader reader = ka_reader_make(bytes, length);
    ka_reader_limit(&reader, 256);
    if (looks_like_text(reader)) {
        snprintf(out, KA_STRANGER_SIZE, "text");
        return;
    }
    size_t used = (size_t)snprintf(out, KA_STRANGER_SIZE, "unknown content beginning with");
    uint8_t byte;
    for (int i = 0; i < 8 && ka_read_u8(&reader, &byte); i++)
        used += (size_t)snprintf(out + used, KA_STRANGER_SIZE - used, " %02x", byte);
}
