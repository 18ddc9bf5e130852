/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/products.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS = 5 };

/* A stretch of the text being read. */
struct span {
    const char *at;
    size_t length;
};

static bool span_is(struct span span, const char *text)
{
    return strlen(text) == span.length && memcmp(span.at, text, span.length) == 0;
}

static struct span trim(struct span span)
{
    while (span.length > 0 && (span.at[0] == ' ' || span.at[0] == '\r'))
        span = (struct span){span.at + 1, span.length - 1};
    while (span.length > 0 && (span.at[span.length - 1] == ' ' || span.at[span.length - 1] == '\r'))
        span.length--;
    return span;
}

/* Splits the line at tabs. Returns how many columns there are, at most COLUMNS + 1. */
static size_t split(struct span line, struct span columns[COLUMNS])
{
    size_t count = 0;
    for (;;) {
        const char *tab = memchr(line.at, '\t', line.length);
        size_t length = tab != NULL ? (size_t)(tab - line.at) : line.length;
        if (count == COLUMNS)
            return COLUMNS + 1;
        columns[count++] = trim((struct span){line.at, length});
        if (tab == NULL)
            return count;
        line = (struct span){tab + 1, line.length - length - 1};
    }
}

static bool parse_timeout(struct span column, ka_time *out)
{
    char text[32];
    if (column.length == 0 || column.length >= sizeof(text))
        return false;
    memcpy(text, column.at, column.length);
    text[column.length] = '\0';
    return ka_duration_parse(text, out) && *out > 0;
}

static bool parse_after(struct span column, uint8_t *out)
{
    for (unsigned i = KA_AFTER_UNKNOWN; i <= KA_AFTER_CLOSED; i++) {
        if (!span_is(column, ka_after_text((uint8_t)i)))
            continue;
        *out = (uint8_t)i;
        return true;
    }
    return false;
}

static bool parse_refreshes(struct span column, uint8_t *out)
{
    static const char *const names[] = {
        [KA_REFRESHES_UNKNOWN] = "unknown", [KA_REFRESHES_YES] = "yes", [KA_REFRESHES_NO] = "no"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!span_is(column, names[i]))
            continue;
        *out = (uint8_t)i;
        return true;
    }
    return false;
}

/* NULL, or what is wrong with the row. The texts are copies. */
static const char *parse_row(struct span line, struct ka_product *out)
{
    struct span columns[COLUMNS];
    struct ka_product product = {.name = NULL};
    if (split(line, columns) != COLUMNS)
        return "a row has five columns separated by tabs";
    if (columns[0].length == 0)
        return "the product has no name";
    if (!parse_timeout(columns[1], &product.timeout))
        return "the second column is no duration";
    if (!parse_after(columns[2], &product.after))
        return "the third column is silent, rst, icmp, closed-by-server, recovered or unknown";
    if (!parse_refreshes(columns[3], &product.keepalive0))
        return "the fourth column is yes, no or unknown";
    product.name = strndup(columns[0].at, columns[0].length);
    product.source = strndup(columns[4].at, columns[4].length);
    if (product.name == NULL || product.source == NULL) {
        free(product.name);
        free(product.source);
        return "out of memory";
    }
    *out = product;
    return NULL;
}

static void free_row(struct ka_product *product)
{
    free(product->name);
    free(product->source);
}

/* Puts the row in the place of one of the same name, or at the end. */
static bool keep(struct ka_products *products, const struct ka_product *product)
{
    for (size_t i = 0; i < products->count; i++) {
        if (strcmp(products->items[i].name, product->name) != 0)
            continue;
        free_row(&products->items[i]);
        products->items[i] = *product;
        return true;
    }
    if (products->count == KA_PRODUCTS_MAX)
        return false;
    struct ka_product *items =
        realloc(products->items, (products->count + 1) * sizeof(*products->items));
    if (items == NULL)
        return false;
    products->items = items;
    items[products->count++] = *product;
    return true;
}

int ka_products_read(struct ka_products *products, const char *text, const char *origin,
                     struct ka_error *error)
{
    for (unsigned number = 1; *text != '\0'; number++) {
        size_t length = strcspn(text, "\n");
        struct span line = trim((struct span){text, length});
        struct ka_product product;
        text += length + (text[length] == '\n');
        if (line.length == 0 || line.at[0] == '#')
            continue;
        const char *wrong = parse_row(line, &product);
        if (wrong != NULL)
            return ka_error_set(error, "%s:%u: %s", origin, number, wrong);
        if (!keep(products, &product)) {
            free_row(&product);
            return ka_error_set(error, "%s:%u: more than %d products, or out of memory", origin,
                                number, KA_PRODUCTS_MAX);
        }
    }
    return 0;
}

int ka_products_load(struct ka_products *products, const char *path, struct ka_error *error)
{
    int result = -1;
    FILE *file = fopen(path, "re");
    char *text = NULL;
    if (file == NULL && errno == ENOENT)
        return 0;
    if (file == NULL)
        return ka_error_set(error, "cannot read the products in %s: %s", path, strerror(errno));
    text = malloc(KA_PRODUCTS_TEXT_MAX + 1);
    size_t used = text != NULL ? fread(text, 1, KA_PRODUCTS_TEXT_MAX + 1, file) : 0;
    if (text == NULL || ferror(file)) {
        ka_error_set(error, "cannot read the products in %s: %s", path, strerror(errno));
        goto out;
    }
    if (used > KA_PRODUCTS_TEXT_MAX) {
        ka_error_set(error, "%s is larger than a mebibyte: is it a table of products?", path);
        goto out;
    }
    text[used] = '\0';
    result = ka_products_read(products, text, path, error);
out:
    free(text);
    fclose(file);
    return result;
}

int ka_products_load_usual(struct ka_products *products, struct ka_error *error)
{
    char path[4096];
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    int length = -1;
    if (ka_products_read(products, ka_products_builtin, "the built-in table", error) < 0 ||
        ka_products_load(products, "/etc/kasniff/products.tsv", error) < 0)
        return -1;
    if (config != NULL && config[0] == '/')
        length = snprintf(path, sizeof(path), "%s/kasniff/products.tsv", config);
    else if (home != NULL && home[0] == '/')
        length = snprintf(path, sizeof(path), "%s/.config/kasniff/products.tsv", home);
    if (length < 0 || (size_t)length >= sizeof(path))
        return 0;
    /* The folder may be another user's, or none at all, as /dev/null is for services. */
    return access(path, F_OK) != 0 ? 0 : ka_products_load(products, path, error);
}

/* What closes in order is a proxy, and what does not is none; how the others make themselves felt
 * is often a matter of configuration. */
static bool may_end_so(const struct ka_product *product, const struct ka_bracket *bracket)
{
    if (product->after == KA_AFTER_UNKNOWN || bracket->after == KA_AFTER_UNKNOWN)
        return true;
    return (product->after == KA_AFTER_CLOSED) == (bracket->after == KA_AFTER_CLOSED);
}

static bool fits(const struct ka_product *product, const struct ka_bracket *bracket)
{
    ka_time slack = product->timeout / 50;
    return may_end_so(product, bracket) && bracket->survived - slack <= product->timeout &&
           product->timeout <= bracket->died + slack;
}

size_t ka_products_match(const struct ka_products *products, const struct ka_bracket *bracket,
                         const char **out)
{
    size_t count = 0;
    if (ka_bracket_width(bracket) == KA_TIME_NONE)
        return 0;
    for (int same = 1; same >= 0; same--) {
        for (size_t i = 0; i < products->count && count < KA_KNOWN_MAX; i++) {
            const struct ka_product *product = &products->items[i];
            if (fits(product, bracket) && (product->after == bracket->after) == (same != 0))
                out[count++] = product->name;
        }
    }
    return count;
}

void ka_products_fini(struct ka_products *products)
{
    for (size_t i = 0; i < products->count; i++)
        free_row(&products->items[i]);
    free(products->items);
    *products = (struct ka_products){.items = NULL};
}
