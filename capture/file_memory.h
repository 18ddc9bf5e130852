/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A capture file that lies in memory: for tests and fuzz targets.
 */
#ifndef KA_CAPTURE_FILE_MEMORY_H
#define KA_CAPTURE_FILE_MEMORY_H

#include "capture/source.h"

/* As ka_file_open, over bytes, which stay the caller's and must outlive the source. `name` stands
 * in messages. */
int ka_file_open_memory(const char *name, const void *bytes, size_t length, const char *filter,
                        struct ka_source **out, struct ka_error *error);

#endif
