/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What an audit reads that others wrote: the far end's lines, which whoever connects may send, a
 * table of products, and ICMP errors, which whoever likes may send. A message that is read can be
 * written and read back; a row that is read carries what it has to; an error that names a hop
 * quotes ports and addresses.
 */
#include "audit/hops.h"
#include "audit/message.h"
#include "audit/products.h"
#include "tests/fuzz/target.h"

#include <stdlib.h>
#include <string.h>

static void take_line(const char *line)
{
    struct ka_message message;
    struct ka_message again;
    char written[KA_MESSAGE_LINE_MAX + 1];
    char rewritten[KA_MESSAGE_LINE_MAX + 1];
    if (!ka_message_parse(line, &message))
        return;
    KA_FUZZ_REQUIRE(message.idle >= 0 && message.idle <= KA_MESSAGE_IDLE_MAX);
    KA_FUZZ_REQUIRE(message.interval >= 0 && message.interval <= KA_MESSAGE_IDLE_MAX);
    size_t length = ka_message_write(&message, written);
    KA_FUZZ_REQUIRE(length == strlen(written) && written[length - 1] == '\n');
    written[length - 1] = '\0';
    KA_FUZZ_REQUIRE(ka_message_parse(written, &again));
    written[length - 1] = '\n';
    KA_FUZZ_REQUIRE(ka_message_write(&again, rewritten) == length);
    KA_FUZZ_REQUIRE(strcmp(written, rewritten) == 0);
}

static void take_bytes(const uint8_t *data, size_t size)
{
    struct ka_message_line line = {.used = 0};
    for (size_t i = 0; i < size; i++) {
        enum ka_gathered gathered = ka_message_gather(&line, (char)data[i]);
        KA_FUZZ_REQUIRE(line.used < sizeof(line.bytes));
        if (gathered == KA_GATHERED_NONSENSE)
            return;
        if (gathered == KA_GATHERED_LINE)
            take_line(line.bytes);
    }
}

static void take_table(const uint8_t *data, size_t size)
{
    struct ka_products products = {.items = NULL};
    struct ka_error error = {.text = ""};
    char *text = malloc(size + 1);
    if (text == NULL)
        return;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    int result = ka_products_read(&products, text, "input", &error);
    KA_FUZZ_REQUIRE(result == 0 || error.text[0] != '\0');
    for (size_t i = 0; i < products.count; i++)
        KA_FUZZ_REQUIRE(products.items[i].name[0] != '\0' && products.items[i].timeout > 0);
    ka_products_fini(&products);
    free(text);
}

static void take_icmp(const uint8_t *data, size_t size)
{
    static const struct {
        struct ka_endpoint ours;
        struct ka_endpoint far;
        size_t least; /* bytes of the message: headers, addresses and ports */
    } rows[] = {
        {{{{10, 0, 0, 1}, 4}, 4000}, {{{10, 0, 0, 2}, 4}, 80}, 20 + 8 + 20 + 4},
        {{{{0xfd, 9}, 6}, 4000}, {{{0xfd, 8}, 6}, 80}, 8 + 40 + 4},
    };
    for (size_t i = 0; i < 2; i++)
        KA_FUZZ_REQUIRE(
            !ka_hops_quote(rows[i].ours.addr.family, data, size, &rows[i].ours, &rows[i].far) ||
            size >= rows[i].least);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    take_bytes(data, size);
    take_table(data, size);
    take_icmp(data, size);
    return 0;
}
