/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/addr.h"

#include "base/digits.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ka_addr ka_addr_make(uint8_t family, const uint8_t *bytes)
{
    struct ka_addr addr = {.family = family};
    memcpy(addr.bytes, bytes, family == 4 ? 4 : 16);
    return addr;
}

bool ka_addr_equal(const struct ka_addr *a, const struct ka_addr *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

int ka_endpoint_compare(const struct ka_endpoint *a, const struct ka_endpoint *b)
{
    if (a->addr.family != b->addr.family)
        return a->addr.family < b->addr.family ? -1 : 1;
    int order = memcmp(a->addr.bytes, b->addr.bytes, sizeof(a->addr.bytes));
    return order != 0 ? order : (a->port > b->port) - (a->port < b->port);
}

/* What IPv4 addresses stand behind. */
static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

bool ka_addr_is_mapped(const struct ka_addr *addr)
{
    return addr->family == 6 && memcmp(addr->bytes, mapped, sizeof(mapped)) == 0;
}

struct ka_addr ka_addr_unmapped(const struct ka_addr *addr)
{
    return ka_addr_is_mapped(addr) ? ka_addr_make(4, addr->bytes + sizeof(mapped)) : *addr;
}

bool ka_addr_is_unusable(const struct ka_addr *addr)
{
    static const uint8_t none[16];
    if (addr->family == 6)
        return addr->bytes[0] == 0xff || memcmp(addr->bytes, none, sizeof(none)) == 0;
    if (addr->family != 4)
        return true;
    if (memcmp(addr->bytes, "\xff\xff\xff\xff", 4) == 0)
        return true;
    return addr->bytes[0] == 0 || (addr->bytes[0] & 0xf0) == 0xe0;
}

bool ka_addr_is_link_local(const struct ka_addr *addr)
{
    return addr->family == 6 && addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80;
}

bool ka_addr_parse(const char *text, struct ka_addr *out)
{
    uint8_t bytes[16];
    if (inet_pton(AF_INET, text, bytes) == 1)
        *out = ka_addr_make(4, bytes);
    else if (inet_pton(AF_INET6, text, bytes) == 1)
        *out = ka_addr_make(6, bytes);
    else
        return false;
    return true;
}

void ka_addr_text(const struct ka_addr *addr, char *out)
{
    if (addr->family == 6) {
        inet_ntop(AF_INET6, addr->bytes, out, KA_ADDR_TEXT_SIZE);
        return;
    }
    if (addr->family != 4) {
        memcpy(out, "-", 2);
        return;
    }
    for (size_t i = 0; i < 4; i++) {
        out = ka_digits_number(out, addr->bytes[i]);
        *out++ = '.';
    }
    out[-1] = '\0';
}

/* Splits at the colon before the port; false where there is none or the host is too long. */
static bool split_endpoint(const char *text, char *host, size_t size, const char **port)
{
    const char *end = strrchr(text, ':');
    const char *start = text;
    if (end == NULL)
        return false;
    *port = end + 1;
    if (text[0] == '[') {
        if (end == text || end[-1] != ']')
            return false;
        start++;
        end--;
    } else if (memchr(text, ':', (size_t)(end - text)) != NULL) {
        return false; /* a bare IPv6 address: where the port begins is anybody's guess */
    }
    size_t length = (size_t)(end - start);
    if (length == 0 || length >= size)
        return false;
    memcpy(host, start, length);
    host[length] = '\0';
    return true;
}

int ka_endpoint_parse(const char *text, struct ka_endpoint *out, struct ka_error *error)
{
    char host[KA_ADDR_TEXT_SIZE];
    const char *port_text = "";
    char *end = NULL;
    struct ka_addr addr;
    if (strchr(text, '%') != NULL)
        return ka_error_set(error, "'%s' is no endpoint: write the address without a zone (%%eth0)",
                            text);
    if (!split_endpoint(text, host, sizeof(host), &port_text) || !ka_addr_parse(host, &addr) ||
        (text[0] == '[') != (addr.family == 6))
        return ka_error_set(error, "'%s' is no endpoint: write 10.0.0.1:5432 or [2001:db8::1]:5432",
                            text);
    unsigned long port = strtoul(port_text, &end, 10);
    if (port_text[0] < '0' || port_text[0] > '9' || *end != '\0' || port < 1 || port > 65535)
        return ka_error_set(error, "'%s': the port must be a number from 1 to 65535", text);
    *out = (struct ka_endpoint){.addr = addr, .port = (uint16_t)port};
    return 0;
}

void ka_endpoint_text(const struct ka_endpoint *endpoint, char *out)
{
    char host[KA_ADDR_TEXT_SIZE];
    ka_addr_text(&endpoint->addr, host);
    snprintf(out, KA_ENDPOINT_TEXT_SIZE, endpoint->addr.family == 6 ? "[%s]:%u" : "%s:%u", host,
             endpoint->port);
}
