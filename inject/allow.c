/* SPDX-License-Identifier: BSD-2-Clause */
#include "inject/allow.h"

#include <stdlib.h>
#include <string.h>

/* The byte of a prefix's mask at `index`. */
static uint8_t mask_byte(unsigned prefix, size_t index)
{
    if (prefix >= 8 * (index + 1))
        return 0xff;
    return prefix <= 8 * index ? 0 : (uint8_t)(0xff00 >> (prefix - 8 * index));
}

static int parse_network(const char *text, const char *slash, struct ka_allow *out,
                         struct ka_error *error)
{
    char host[KA_ADDR_TEXT_SIZE];
    struct ka_addr addr;
    char *end = NULL;
    size_t length = (size_t)(slash - text);
    if (length >= sizeof(host))
        return ka_error_set(error, "'%.64s' is no network: write 10.0.0.0/24", text);
    memcpy(host, text, length);
    host[length] = '\0';
    unsigned long prefix = strtoul(slash + 1, &end, 10);
    if (!ka_addr_parse(host, &addr) || slash[1] < '0' || slash[1] > '9' || *end != '\0' ||
        prefix > (addr.family == 4 ? 32 : 128))
        return ka_error_set(error, "'%.64s' is no network: write 10.0.0.0/24 or 2001:db8::/32",
                            text);
    for (size_t i = 0; i < sizeof(addr.bytes); i++)
        if ((addr.bytes[i] & (uint8_t)~mask_byte((unsigned)prefix, i)) != 0)
            return ka_error_set(error, "'%.64s' has bits set outside its prefix of %lu bits", text,
                                prefix);
    *out = (struct ka_allow){.addr = addr, .prefix = (uint8_t)prefix};
    return 0;
}

int ka_allow_parse(const char *text, struct ka_allow *out, struct ka_error *error)
{
    struct ka_endpoint endpoint = {.port = 0};
    const char *slash = strchr(text, '/');
    if (slash != NULL)
        return parse_network(text, slash, out, error);
    if (!ka_addr_parse(text, &endpoint.addr) && ka_endpoint_parse(text, &endpoint, error) != 0)
        return -1;
    *out = (struct ka_allow){.addr = endpoint.addr,
                             .prefix = endpoint.addr.family == 4 ? 32 : 128,
                             .port = endpoint.port};
    return 0;
}

bool ka_allow_matches(const struct ka_allow *allow, const struct ka_endpoint *target)
{
    if (allow->addr.family != target->addr.family)
        return false;
    if (allow->port != 0 && allow->port != target->port)
        return false;
    for (size_t i = 0; i < sizeof(allow->addr.bytes); i++)
        if (((allow->addr.bytes[i] ^ target->addr.bytes[i]) & mask_byte(allow->prefix, i)) != 0)
            return false;
    return true;
}
