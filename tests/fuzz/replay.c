/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Runs a fuzz target over stored inputs, for builds without libFuzzer: each file of the folders
 * given as arguments as it is, cut to each of its first 128 lengths, and with single bytes changed
 * in a fixed way. Arguments that begin with '-' are libFuzzer's and are ignored. A finding is a
 * crash, as under libFuzzer.
 */
#include "tests/fuzz/target.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 1 << 20, CUTS = 128, CHANGES = 64 };

/* The target gets memory of exactly this size, so that a sanitizer sees the first byte too far. */
static void run(const uint8_t *bytes, size_t length)
{
    uint8_t *copy = malloc(length > 0 ? length : 1);
    if (copy == NULL)
        return;
    memcpy(copy, bytes, length);
    LLVMFuzzerTestOneInput(copy, length);
    free(copy);
}

static void run_variants(uint8_t *bytes, size_t length)
{
    run(bytes, length);
    for (size_t cut = 0; cut < length && cut <= CUTS; cut++)
        run(bytes, cut);
    uint32_t state = 1;
    for (unsigned i = 0; i < CHANGES && length > 0; i++) {
        state = state * 1664525u + 1013904223u;
        size_t at = (state >> 8) % length;
        uint8_t was = bytes[at];
        bytes[at] = i % 4 == 0 ? 0xff : i % 4 == 1 ? 0 : (uint8_t)(was ^ (1u << (state >> 29)));
        run(bytes, length);
        bytes[at] = was;
    }
}

static bool replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return false;
    }
    uint8_t *bytes = malloc(INPUT_MAX);
    size_t length = bytes != NULL ? fread(bytes, 1, INPUT_MAX, file) : 0;
    bool ok = bytes != NULL && !ferror(file);
    fclose(file);
    if (ok)
        run_variants(bytes, length);
    free(bytes);
    return ok;
}

/* How many files were run; -1 when one could not be read. */
static int replay_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        perror(folder);
        return -1;
    }
    int files = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL && files >= 0; entry = readdir(dir)) {
        char path[PATH_MAX];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        files = replay_file(path) ? files + 1 : -1;
    }
    closedir(dir);
    return files;
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-')
            continue;
        int files = replay_folder(argv[i]);
        if (files < 0)
            return 1;
        total += files;
    }
    printf("%s: %d inputs replayed\n", argv[0], total);
    return total > 0 ? 0 : 1;
}
