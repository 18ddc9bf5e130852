/* SPDX-License-Identifier: BSD-2-Clause */
#include "sockets/match.h"

#include <stdlib.h>
#include <string.h>

enum { WORD_SIZE = 128 };

/* The words still to be read, one after the other. */
struct words {
    const char *const *list;
    size_t count;
    size_t at;
    const char *rest; /* of list[at] */
    char word[WORD_SIZE];
};

/* Copies the next word into words->word; false at the end. Too long a word is cut: no name or
 * address is that long, so it will be refused with its beginning shown. */
static bool next_word(struct words *words)
{
    static const char blanks[] = " \t\n";
    words->word[0] = '\0';
    while (words->at < words->count) {
        if (words->rest == NULL)
            words->rest = words->list[words->at];
        words->rest += strspn(words->rest, blanks);
        size_t length = strcspn(words->rest, blanks);
        if (length > 0) {
            size_t kept = length < WORD_SIZE - 1 ? length : WORD_SIZE - 1;
            memcpy(words->word, words->rest, kept);
            words->word[kept] = '\0';
            words->rest += length;
            return true;
        }
        words->rest = NULL;
        words->at++;
    }
    return false;
}

/* Steps over `word` where it stands here. */
static bool take(struct words *words, const char *word)
{
    if (strcmp(words->word, word) != 0)
        return false;
    next_word(words);
    return true;
}

static bool parse_number(const char *text, unsigned long most, unsigned long *out)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    unsigned long value = strtoul(text, &end, 10);
    if (*end != '\0' || value > most)
        return false;
    *out = value;
    return true;
}

static int parse_port(const char *text, struct ka_match_term *term, struct ka_error *error)
{
    unsigned long port;
    if (!parse_number(text, 65535, &port))
        return ka_error_set(error, "port '%s': a number from 0 to 65535 is wanted", text);
    term->kind = KA_MATCH_PORT;
    term->port = (uint16_t)port;
    return 0;
}

static int parse_host(const char *text, struct ka_match_term *term, struct ka_error *error)
{
    if (!ka_addr_parse(text, &term->addr))
        return ka_error_set(error, "host '%s': an address is wanted (10.0.0.1 or 2001:db8::1)",
                            text);
    term->kind = KA_MATCH_NET;
    term->bits = term->addr.family == 4 ? 32 : 128;
    return 0;
}

static int parse_net(char *text, struct ka_match_term *term, struct ka_error *error)
{
    unsigned long bits;
    char *slash = strchr(text, '/');
    if (slash != NULL)
        *slash = '\0';
    bool read = slash != NULL && ka_addr_parse(text, &term->addr) &&
                parse_number(slash + 1, term->addr.family == 4 ? 32 : 128, &bits);
    if (slash != NULL)
        *slash = '/';
    if (!read)
        return ka_error_set(error, "net '%s': write 10.0.0.0/8 or 2001:db8::/32", text);
    term->kind = KA_MATCH_NET;
    term->bits = (uint8_t)bits;
    return 0;
}

static int parse_state(const char *text, struct ka_match_term *term, struct ka_error *error)
{
    enum ka_socket_state state;
    if (!ka_socket_state_parse(text, &state))
        return ka_error_set(error,
                            "state '%s' is not known: established, syn-sent, syn-recv, "
                            "fin-wait-1, fin-wait-2, time-wait, close-wait, last-ack, closing, "
                            "listen",
                            text);
    term->kind = KA_MATCH_STATE;
    term->state = (uint8_t)state;
    return 0;
}

static int parse_process(const char *text, struct ka_match_term *term, struct ka_error *error)
{
    if (strlen(text) >= sizeof(term->process))
        return ka_error_set(error, "process '%s': no process has so long a name", text);
    term->kind = KA_MATCH_PROCESS;
    memcpy(term->process, text, strlen(text) + 1);
    return 0;
}

/* The value that belongs to the keyword before. */
static int parse_value(struct words *words, const char *keyword, struct ka_match_term *term,
                       struct ka_error *error)
{
    int result;
    if (words->word[0] == '\0')
        return ka_error_set(error, "'%s' wants a value after it", keyword);
    if (strcmp(keyword, "port") == 0)
        result = parse_port(words->word, term, error);
    else if (strcmp(keyword, "host") == 0)
        result = parse_host(words->word, term, error);
    else if (strcmp(keyword, "net") == 0)
        result = parse_net(words->word, term, error);
    else if (strcmp(keyword, "state") == 0)
        result = parse_state(words->word, term, error);
    else
        result = parse_process(words->word, term, error);
    next_word(words);
    return result;
}

static int parse_term(struct words *words, struct ka_match_term *term, struct ka_error *error)
{
    static const struct {
        const char *word;
        bool has_side;
    } keywords[] = {
        {"port", true}, {"host", true}, {"net", true}, {"state", false}, {"process", false}};
    term->negated = take(words, "not");
    bool only_source = take(words, "src");
    bool only_destination = !only_source && take(words, "dst");
    bool has_side = only_source || only_destination;
    term->source = !only_destination;
    term->destination = !only_source;
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        if (strcmp(words->word, keywords[i].word) == 0 && (keywords[i].has_side || !has_side)) {
            next_word(words);
            return parse_value(words, keywords[i].word, term, error);
        }
    }
    if (has_side)
        return ka_error_set(error, "after src or dst comes port, host or net, not '%s'",
                            words->word);
    if (words->word[0] == '\0')
        return ka_error_set(error, "the filter ends too early: port, host, net, state or process "
                                   "is wanted");
    return ka_error_set(error,
                        "'%s' is no word of the filter: it knows port, host, net, state and "
                        "process, joined by and, or, not",
                        words->word);
}

int ka_match_parse(const char *const *words, size_t count, struct ka_match *out,
                   struct ka_error *error)
{
    struct words reading = {.list = words, .count = count};
    struct ka_match match = {.count = 0};
    bool more = next_word(&reading);
    bool after_or = false;
    while (more) {
        struct ka_match_term *term = &match.terms[match.count];
        if (match.count == KA_MATCH_TERMS)
            return ka_error_set(error, "the filter is too long: %d terms at most", KA_MATCH_TERMS);
        *term = (struct ka_match_term){.after_or = after_or};
        if (parse_term(&reading, term, error) != 0)
            return -1;
        match.count++;
        more = reading.word[0] != '\0';
        if (!more)
            break;
        after_or = strcmp(reading.word, "or") == 0;
        if (!after_or && strcmp(reading.word, "and") != 0)
            return ka_error_set(error, "'%s': 'and' or 'or' is wanted before it", reading.word);
        next_word(&reading);
    }
    *out = match;
    return 0;
}

static bool in_net(const struct ka_addr *addr, const struct ka_match_term *term)
{
    unsigned whole = term->bits / 8;
    unsigned rest = term->bits % 8;
    if (addr->family != term->addr.family || memcmp(addr->bytes, term->addr.bytes, whole) != 0)
        return false;
    return rest == 0 || (addr->bytes[whole] ^ term->addr.bytes[whole]) >> (8 - rest) == 0;
}

static bool term_holds(const struct ka_match_term *term, const struct ka_socket *socket)
{
    switch ((enum ka_match_kind)term->kind) {
    case KA_MATCH_PORT:
        return (term->source && socket->local.port == term->port) ||
               (term->destination && socket->peer.port == term->port);
    case KA_MATCH_NET:
        return (term->source && in_net(&socket->local.addr, term)) ||
               (term->destination && in_net(&socket->peer.addr, term));
    case KA_MATCH_STATE:
        return socket->state == term->state;
    case KA_MATCH_PROCESS:
        return strcmp(socket->process, term->process) == 0;
    }
    return false;
}

bool ka_match_holds(const struct ka_match *match, const struct ka_socket *socket)
{
    bool group = true;
    for (unsigned i = 0; i < match->count; i++) {
        const struct ka_match_term *term = &match->terms[i];
        if (term->after_or) {
            if (group)
                return true;
            group = true;
        }
        group = group && term_holds(term, socket) != term->negated;
    }
    return group;
}

uint32_t ka_match_states(const struct ka_match *match, uint32_t usual)
{
    uint32_t states = usual;
    for (unsigned i = 0; i < match->count; i++) {
        if (match->terms[i].kind == KA_MATCH_STATE && !match->terms[i].negated)
            states |= KA_SOCKET_STATE_BIT(match->terms[i].state);
    }
    return states;
}
