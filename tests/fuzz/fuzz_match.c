/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The words that choose sockets: what is refused has a reason, and "F or F" chooses what F does.
 */
#include "sockets/match.h"
#include "tests/fuzz/target.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[512];
    size_t length = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
    if (length > 0)
        memcpy(text, data, length);
    text[length] = '\0';

    const char *words[] = {text, "or", text};
    struct ka_match once;
    struct ka_match twice;
    struct ka_error error = {.text = ""};
    if (ka_match_parse(words, 1, &once, &error) != 0) {
        KA_FUZZ_REQUIRE(error.text[0] != '\0');
        return 0;
    }
    KA_FUZZ_REQUIRE(once.count <= KA_MATCH_TERMS);
    struct ka_socket socket = {
        .local = {.addr = {.bytes = {10, 0, 0, 1}, .family = 4}, .port = 33412},
        .peer = {.addr = {.bytes = {10, 0, 0, 2}, .family = 4}, .port = 5432},
        .state = KA_SOCKET_ESTABLISHED,
        .process = "psql",
    };
    bool holds = ka_match_holds(&once, &socket);
    if (once.count > 0 && once.count <= KA_MATCH_TERMS / 2) {
        KA_FUZZ_REQUIRE(ka_match_parse(words, 3, &twice, NULL) == 0);
        KA_FUZZ_REQUIRE(ka_match_holds(&twice, &socket) == holds);
    }
    return 0;
}
