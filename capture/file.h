/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Capture files and streams as sources: pcap (microseconds, nanoseconds, both byte orders) and
 * pcapng (several sections, mixed link types and snap lengths, both byte orders), plain, gzip or
 * zstd. All are streamed in constant memory (a window of 256 KiB, at most 16 MiB for one huge
 * block); frames are views into the window. Mapping was measured to be no faster than large reads,
 * and a mapped file that is cut short would end us by SIGBUS. Compressed input other than from
 * memory is decompressed ahead by a thread of its own, begun at the second read; a long plain file
 * with long records is read ahead in the same way where there are processors for it.
 */
#ifndef KA_CAPTURE_FILE_H
#define KA_CAPTURE_FILE_H

#include "capture/source.h"

/* Opens `path`, or standard input for "-". `filter` is an expression in libpcap's language, applied
 * as it stands, compiled per link type (see capture/filter.h); NULL for none. Nothing of the
 * content is looked at before the first ka_source_next, so that privileges can be dropped between.
 * A named pipe is idle until its writer comes. Damage anywhere, an empty file included, ends with
 * KA_SOURCE_DAMAGED after all that was readable; what is no capture at all with KA_SOURCE_FAILED.
 * Returns 0 with the source in *out, or -1 with the reason. */
int ka_file_open(const char *path, const char *filter, struct ka_source **out,
                 struct ka_error *error);

/* Reads several sources as one, in time order (ties: the earlier source first). A frame's `input`
 * is the index of its source, its number that source's. One that is damaged ends there, the others
 * go on, and the end is KA_SOURCE_DAMAGED (KA_SOURCE_FAILED when one failed); one that fails before
 * its first frame ends all at once. Takes ownership of sources[0..count-1] (1 to 65535) on success.
 * Returns 0, or -1 with the reason. */
int ka_merge_open(struct ka_source **sources, size_t count, struct ka_source **out,
                  struct ka_error *error);

#endif
