/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kascript [--wrap=NAME,...|all] --out=DIR CASE...: records packet scripts as captures, and tells
 * on standard output what each frame is, for tests/cases/run: CASE <tab> WRAP <tab> FRAME <tab>
 * TIME in ns <tab> LABEL or "-" <tab> SIDE Each CASE is a folder; the recording is
 * DIR/CASE.WRAP.pcap.
 */
#include "tests/gen/play.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct telling {
    const char *name;
    const char *wrap;
};

static void tell(void *context, const struct ka_played *played)
{
    const struct telling *telling = context;
    printf("%s\t%s\t%" PRIu64 "\t%" PRId64 "\t%s\t%c\n", telling->name, telling->wrap,
           played->frame, played->time, played->label[0] != '\0' ? played->label : "-",
           played->side);
}

static bool is_wanted(const char *list, const char *name)
{
    size_t length = strlen(name);
    if (strcmp(list, "all") == 0)
        return true;
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, length) == 0 && (at[length] == '\0' || at[length] == ','))
            return true;
    }
    return false;
}

static int record_case(const char *folder, const char *wraps, const char *out,
                       struct ka_error *error)
{
    char path[4096];
    const char *slash = strrchr(folder, '/');
    const char *name = slash != NULL ? slash + 1 : folder;
    struct ka_script script;
    snprintf(path, sizeof(path), "%s/case", folder);
    if (ka_script_load(path, &script, error) < 0)
        return -1;
    int result = 0;
    for (const struct ka_wrap *wrap = ka_wraps; wrap->name != NULL && result == 0; wrap++) {
        struct telling telling = {.name = name, .wrap = wrap->name};
        if (!is_wanted(wraps, wrap->name))
            continue;
        snprintf(path, sizeof(path), "%s/%s.%s.pcap", out, name, wrap->name);
        result = ka_play(&script, wrap, path, tell, &telling, error);
    }
    ka_script_fini(&script);
    return result;
}

int main(int argc, char **argv)
{
    const char *wraps = "plain";
    const char *out = ".";
    int first = 1;
    for (; first < argc && strncmp(argv[first], "--", 2) == 0; first++) {
        if (strncmp(argv[first], "--wrap=", 7) == 0) {
            wraps = argv[first] + 7;
        } else if (strncmp(argv[first], "--out=", 6) == 0) {
            out = argv[first] + 6;
        } else {
            fprintf(stderr, "usage: kascript [--wrap=NAME,...|all] --out=DIR CASE...\n");
            return 2;
        }
    }
    for (int i = first; i < argc; i++) {
        struct ka_error error;
        if (record_case(argv[i], wraps, out, &error) < 0) {
            fprintf(stderr, "kascript: %s: %s\n", argv[i], error.text);
            return 1;
        }
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
