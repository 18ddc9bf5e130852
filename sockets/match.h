/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The words that choose sockets, a small relative of the capture filter's language:
 *
 *     filter    = all { "or" all }
 *     all       = term { "and" term }
 *     term      = [ "not" ] primitive
 *     primitive = [ "src" | "dst" ] "port" NUMBER
 *               | [ "src" | "dst" ] "host" ADDRESS
 *               | [ "src" | "dst" ] "net" ADDRESS "/" BITS
 *               | "state" NAME
 *               | "process" NAME
 *
 * src is this host's end. No brackets, no names to resolve.
 */
#ifndef KA_SOCKETS_MATCH_H
#define KA_SOCKETS_MATCH_H

#include "base/error.h"
#include "sockets/sockets.h"

enum { KA_MATCH_TERMS = 32 };

enum ka_match_kind { KA_MATCH_PORT, KA_MATCH_NET, KA_MATCH_STATE, KA_MATCH_PROCESS };

struct ka_match_term {
    struct ka_addr addr; /* NET, also for host */
    char process[KA_PROCESS_NAME_SIZE];
    uint16_t port;
    uint8_t bits;  /* NET: of the address that count */
    uint8_t kind;  /* enum ka_match_kind */
    uint8_t state; /* enum ka_socket_state */
    bool source;   /* compare with the local end */
    bool destination;
    bool negated;
    bool after_or; /* begins a new group */
};

/* At most KA_MATCH_TERMS; no term matches everything. */
struct ka_match {
    struct ka_match_term terms[KA_MATCH_TERMS];
    unsigned count;
};

/* Reads `count` words, each of which may hold several separated by blanks. Returns 0; or -1 with a
 * message that names the word, *out is then untouched. */
int ka_match_parse(const char *const *words, size_t count, struct ka_match *out,
                   struct ka_error *error);

bool ka_match_holds(const struct ka_match *match, const struct ka_socket *socket);

/* The states worth listing for it: those of `usual`, and any other that a term names. */
uint32_t ka_match_states(const struct ka_match *match, uint32_t usual);

#endif
