/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/timeout_rules.h"

#include "audit/products.h"
#include "base/text.h"

#include <string.h>

/* The rule of this time, made at its place; NULL where there is no room. */
static struct ka_report_rule *rule_at(struct ka_timeout_rules *rules, ka_time at)
{
    size_t i = 0;
    while (i < rules->count && rules->rules[i].at < at)
        i++;
    if (i < rules->count && rules->rules[i].at == at)
        return &rules->rules[i];
    if (rules->count == KA_TIMEOUT_RULES_MAX)
        return NULL;
    memmove(&rules->rules[i + 1], &rules->rules[i], (rules->count - i) * sizeof(rules->rules[0]));
    memset(&rules->rules[i], 0, sizeof(rules->rules[i]));
    rules->rules[i].at = at;
    rules->count++;
    return &rules->rules[i];
}

static void add_name(struct ka_report_rule *rule, const char *name)
{
    struct ka_text text = ka_text_fixed(rule->names, sizeof(rule->names) - 1);
    text.used = strlen(rule->names);
    if (text.used + strlen(name) + 2 > text.size)
        return;
    if (text.used > 0)
        ka_text_put_string(&text, ", ");
    ka_text_put_string(&text, name);
}

int ka_timeout_rules_make(struct ka_timeout_rules *rules, struct ka_error *error)
{
    struct ka_products products = {.count = 0};
    memset(rules, 0, sizeof(*rules));
    int status = ka_products_read(&products, ka_products_builtin, "the built-in table", error);
    for (size_t i = 0; status == 0 && i < products.count; i++) {
        struct ka_report_rule *rule = rule_at(rules, products.items[i].timeout);
        if (rule != NULL)
            add_name(rule, products.items[i].name);
    }
    ka_products_fini(&products);
    return status;
}
