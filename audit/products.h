/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The known idle timeouts of firewalls, NATs and load balancers: a table that comes with the
 * program (audit/products.tsv, compiled in) and that users extend with files of the same form.
 */
#ifndef KA_AUDIT_PRODUCTS_H
#define KA_AUDIT_PRODUCTS_H

#include "audit/bracket.h"
#include "base/error.h"
#include "base/time.h"

#include <stddef.h>
#include <stdint.h>

enum ka_refreshes { KA_REFRESHES_UNKNOWN, KA_REFRESHES_YES, KA_REFRESHES_NO };

/* A row; the texts belong to the table. */
struct ka_product {
    char *name;
    char *source;
    ka_time timeout;    /* the default, above 0 */
    uint8_t after;      /* enum ka_after_expiry */
    uint8_t keepalive0; /* enum ka_refreshes: whether a 0-byte keepalive counts */
};

/* Bounds of a table: a text of a mebibyte, a few thousand rows. */
enum { KA_PRODUCTS_MAX = 4096, KA_PRODUCTS_TEXT_MAX = 1 << 20 };

struct ka_products {
    struct ka_product *items;
    size_t count;
};

/* The text of the table that comes with the program. */
extern const char ka_products_builtin[];

/* Reads rows from `text` into the table, which starts zeroed: five columns separated by tabs
 * (product, seconds, after, keepalive, source), '#' at the start of a line comments it out. A row
 * whose product is there already replaces it. `origin` names the text in messages. Returns 0, or
 * -1 with a message that names the line; rows before it stay. */
int ka_products_read(struct ka_products *products, const char *text, const char *origin,
                     struct ka_error *error);

/* Reads the file at `path` likewise. A file that does not exist is no error. */
int ka_products_load(struct ka_products *products, const char *path, struct ka_error *error);

/* Reads the built-in table, then /etc/kasniff/products.tsv and kasniff/products.tsv in the user's
 * configuration folder (XDG_CONFIG_HOME, else ~/.config) where they exist; a folder that cannot be
 * looked into has none. Returns 0, or -1 with a message. */
int ka_products_load_usual(struct ka_products *products, struct ka_error *error);

/* The products whose default fits the bracket, those that also die the way it shows first; proxies
 * only where the connection was closed, and nothing else there. Timers in the field are sloppy: a
 * fiftieth below and above still fits. An open bracket fits nothing.
 * Writes at most KA_KNOWN_MAX names, the table's, into out and returns how many. */
size_t ka_products_match(const struct ka_products *products, const struct ka_bracket *bracket,
                         const char **out);

/* Frees the rows and empties the table. */
void ka_products_fini(struct ka_products *products);

#endif
