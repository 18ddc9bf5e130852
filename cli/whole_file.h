/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Files that appear whole or not at all: written under a temporary name beside the wanted one,
 * synced, renamed.
 */
#ifndef KA_CLI_WHOLE_FILE_H
#define KA_CLI_WHOLE_FILE_H

#include "base/error.h"

#include <stddef.h>

/* Whether a file can be made at `path`, so that nobody works for one that cannot; leaves nothing
 * behind. What is there already may go where it is empty, a link, or begins with `start` (at most
 * 32 bytes), as what replaces it does. Returns 0, or -1 with the reason. */
int ka_whole_file_check(const char *path, const char *start, struct ka_error *error);

/* Writes `size` bytes to `path`, replacing what is there; a link is replaced, not followed. Returns
 * 0, or -1 with the reason; then what was at `path` is as it was. */
int ka_whole_file_write(const char *path, const char *bytes, size_t size, struct ka_error *error);

#endif
