/* SPDX-License-Identifier: BSD-2-Clause
 *
 * IP addresses and endpoints, as values and as text.
 */
#ifndef KA_BASE_ADDR_H
#define KA_BASE_ADDR_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An address: family 4 uses bytes[0..3] and leaves the rest 0, family 6 uses all; 0 is none. Two
 * addresses are equal when all members are. */
struct ka_addr {
    uint8_t bytes[16];
    uint8_t family;
};

/* A transport endpoint; port in host order. */
struct ka_endpoint {
    struct ka_addr addr;
    uint16_t port;
};

enum {
    KA_ADDR_TEXT_SIZE = 46,
    KA_ENDPOINT_TEXT_SIZE = 56,
};

/* Builds an address from `family` (4 or 6) and that many bytes (4 or 16). */
struct ka_addr ka_addr_make(uint8_t family, const uint8_t *bytes);

bool ka_addr_equal(const struct ka_addr *a, const struct ka_addr *b);

static inline bool ka_endpoint_equal(const struct ka_endpoint *a, const struct ka_endpoint *b)
{
    return a->port == b->port && ka_addr_equal(&a->addr, &b->addr);
}

/* Less than, equal to or greater than 0, as a comes before, is or comes after b: in the order of
 * family, address and port. */
int ka_endpoint_compare(const struct ka_endpoint *a, const struct ka_endpoint *b);

/* True for ::ffff:0:0/96, IPv4 addresses written as IPv6 (RFC 4291 2.5.5.2): sockets use them, on
 * the wire they name no host. */
bool ka_addr_is_mapped(const struct ka_addr *addr);

/* The IPv4 address that a mapped one means; any other as it is. */
struct ka_addr ka_addr_unmapped(const struct ka_addr *addr);

/* True for 0.0.0.0/8, 224.0.0.0/4, 255.255.255.255, ::, ff00::/8: never one host's address. A
 * subnet's own broadcast address cannot be told from here. */
bool ka_addr_is_unusable(const struct ka_addr *addr);

/* True for fe80::/10 (RFC 4291 2.5.6), which names a host only together with an interface. */
bool ka_addr_is_link_local(const struct ka_addr *addr);

/* Reads "10.0.0.1" or "2001:db8::1", no names. False, *out untouched, when it is neither. */
bool ka_addr_parse(const char *text, struct ka_addr *out);

/* Writes the address (RFC 5952 form for v6) into out[KA_ADDR_TEXT_SIZE]; "-" for none. */
void ka_addr_text(const struct ka_addr *addr, char *out);

/* Reads "10.0.0.1:5432" or "[2001:db8::1]:5432", port 1 to 65535, no zones (RFC 4007). Returns 0,
 * or -1 with a message that names the text and the two forms; *out is written only on success. */
int ka_endpoint_parse(const char *text, struct ka_endpoint *out, struct ka_error *error);

/* Writes "10.0.0.1:5432" or "[2001:db8::1]:5432" into out[KA_ENDPOINT_TEXT_SIZE]. */
void ka_endpoint_text(const struct ka_endpoint *endpoint, char *out);

#endif
