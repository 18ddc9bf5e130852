/* SPDX-License-Identifier: BSD-2-Clause */
#include "inject/protocol.h"

#include "inject/words.h"

#include <stdio.h>
#include <string.h>

static bool read_number(const char *value, uint32_t max, uint32_t *out)
{
    return ka_word_number(value, max, out);
}

static bool read_byte(const char *value, uint8_t *out)
{
    uint32_t number;
    if (!ka_word_number(value, UINT8_MAX, &number))
        return false;
    *out = (uint8_t)number;
    return true;
}

static bool read_truth(const char *value, bool *out)
{
    uint32_t number;
    if (!ka_word_number(value, 1, &number))
        return false;
    *out = number == 1;
    return true;
}

static bool read_id(const char *value, struct ka_probe *out)
{
    return read_number(value, UINT32_MAX, &out->id) && out->id != 0;
}

static bool read_src(const char *value, struct ka_probe *out)
{
    return ka_endpoint_parse(value, &out->src, NULL) == 0;
}

static bool read_dst(const char *value, struct ka_probe *out)
{
    return ka_endpoint_parse(value, &out->dst, NULL) == 0;
}

static bool read_seq(const char *value, struct ka_probe *out)
{
    return read_number(value, UINT32_MAX, &out->seq);
}

static bool read_ack(const char *value, struct ka_probe *out)
{
    return read_number(value, UINT32_MAX, &out->ack);
}

static bool read_nxt(const char *value, struct ka_probe *out)
{
    return read_number(value, UINT32_MAX, &out->nxt);
}

static bool read_rcv(const char *value, struct ka_probe *out)
{
    return read_number(value, UINT32_MAX, &out->rcv);
}

static bool read_window(const char *value, struct ka_probe *out)
{
    uint32_t number;
    if (!ka_word_number(value, UINT16_MAX, &number))
        return false;
    out->window = (uint16_t)number;
    return true;
}

static bool read_ttl(const char *value, struct ka_probe *out)
{
    return read_byte(value, &out->ttl);
}

static bool read_length(const char *value, struct ka_probe *out)
{
    return read_byte(value, &out->length);
}

static bool read_sack(const char *value, struct ka_probe *out)
{
    return read_truth(value, &out->sack);
}

static bool read_flight(const char *value, struct ka_probe *out)
{
    return read_truth(value, &out->in_flight);
}

static bool read_mode(const char *value, struct ka_probe *out)
{
    bool exact = strcmp(value, "exact") == 0;
    out->mode = exact ? KA_ACK_EXACT : KA_ACK_GENTLE;
    return exact || strcmp(value, "gentle") == 0;
}

static bool read_timestamps(const char *value, struct ka_probe *out)
{
    char first[11];
    const char *colon = strchr(value, ':');
    if (colon == NULL || (size_t)(colon - value) >= sizeof(first))
        return false;
    memcpy(first, value, (size_t)(colon - value));
    first[colon - value] = '\0';
    out->has_timestamps = true;
    return ka_word_number(first, UINT32_MAX, &out->tsval) &&
           ka_word_number(colon + 1, UINT32_MAX, &out->tsecr);
}

static bool read_source_mac(const char *value, struct ka_probe *out)
{
    return ka_word_hex(value, ':', out->link.src, sizeof(out->link.src));
}

static bool read_target_mac(const char *value, struct ka_probe *out)
{
    out->link.present = true;
    return ka_word_hex(value, ':', out->link.dst, sizeof(out->link.dst));
}

/* "8100/7" or, outermost first, "88a8/7,8100/12". */
static bool read_vlan(const char *value, struct ka_probe *out)
{
    enum { KIND_LENGTH = 5 };
    struct ka_probe_link *link = &out->link;
    while (link->tag_count < KA_PROBE_TAGS_MAX) {
        char number[5];
        uint32_t id;
        bool inner = strncmp(value, "8100/", KIND_LENGTH) == 0;
        if (!inner && strncmp(value, "88a8/", KIND_LENGTH) != 0)
            return false;
        value += KIND_LENGTH;
        size_t digits = strcspn(value, ",");
        if (digits >= sizeof(number))
            return false;
        memcpy(number, value, digits);
        number[digits] = '\0';
        if (!ka_word_number(number, 4095, &id))
            return false;
        link->tags[link->tag_count++] =
            (struct ka_probe_tag){.tpid = inner ? 0x8100 : 0x88a8, .id = (uint16_t)id};
        value += digits;
        if (*value == '\0')
            return true;
        if (*value++ != ',')
            return false;
    }
    return false;
}

enum { FOR_PROBE = 1, FOR_NUMBERLESS = 2, FOR_ANSWERED = 4, FOR_ALL = 7 };

/* Every key: in which requests it may stand and in which it must. There is none for flags. */
static const struct key {
    const char *name;
    bool (*read)(const char *value, struct ka_probe *out);
    uint8_t allowed;
    uint8_t required;
} keys[] = {
    {"id", read_id, FOR_ALL, FOR_ALL},
    {"src", read_src, FOR_ALL, FOR_ALL},
    {"dst", read_dst, FOR_ALL, FOR_ALL},
    {"seq", read_seq, FOR_PROBE, FOR_PROBE},
    {"ack", read_ack, FOR_PROBE, FOR_PROBE},
    {"nxt", read_nxt, FOR_PROBE, FOR_PROBE},
    {"rcv", read_rcv, FOR_PROBE, FOR_PROBE},
    {"win", read_window, FOR_PROBE | FOR_NUMBERLESS, FOR_PROBE | FOR_NUMBERLESS},
    {"ttl", read_ttl, FOR_PROBE | FOR_NUMBERLESS, FOR_PROBE | FOR_NUMBERLESS},
    {"len", read_length, FOR_PROBE, FOR_PROBE},
    {"mode", read_mode, FOR_PROBE, FOR_PROBE},
    {"ts", read_timestamps, FOR_PROBE, 0},
    {"sack", read_sack, FOR_PROBE, 0},
    {"flight", read_flight, FOR_PROBE, 0},
    {"smac", read_source_mac, FOR_PROBE | FOR_NUMBERLESS, 0},
    {"dmac", read_target_mac, FOR_PROBE | FOR_NUMBERLESS, 0},
    {"vlan", read_vlan, FOR_PROBE | FOR_NUMBERLESS, 0},
};

enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]), WORD_SIZE = 80 };

static const struct verb {
    const char *name;
    uint8_t bit;
    enum ka_verb verb;
    enum ka_probe_kind kind;
} verbs[] = {
    {"probe", FOR_PROBE, KA_ASK_PROBE, KA_PROBE_NUMBERED},
    {"numberless", FOR_NUMBERLESS, KA_ASK_PROBE, KA_PROBE_NUMBERLESS},
    {"answered", FOR_ANSWERED, KA_ASK_ANSWERED, KA_PROBE_NUMBERED},
};

enum { VERB_COUNT = sizeof(verbs) / sizeof(verbs[0]) };

/* Reads one key=value word; *seen has a bit for each key that stood before. */
static int read_word(char *word, const struct verb *verb, uint32_t *seen, struct ka_probe *out,
                     struct ka_error *error)
{
    char *equals = strchr(word, '=');
    if (equals == NULL)
        return ka_error_set(error, "'%s' is no key=value", word);
    *equals = '\0';
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(word, keys[i].name) != 0 || (keys[i].allowed & verb->bit) == 0)
            continue;
        if ((*seen & 1u << i) != 0)
            return ka_error_set(error, "'%s' is given twice", word);
        if (!keys[i].read(equals + 1, out))
            return ka_error_set(error, "'%s' cannot be '%s'", word, equals + 1);
        *seen |= 1u << i;
        return 0;
    }
    return ka_error_set(error, "'%s' is no key of %s", word, verb->name);
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (strcmp(name, verbs[i].name) == 0)
            return &verbs[i];
    return NULL;
}

static int check_keys(const struct verb *verb, uint32_t seen, const struct ka_probe *probe,
                      struct ka_error *error)
{
    bool source = memcmp(probe->link.src, (const uint8_t[6]){0}, 6) != 0;
    for (size_t i = 0; i < KEY_COUNT; i++)
        if ((keys[i].required & verb->bit) != 0 && (seen & 1u << i) == 0)
            return ka_error_set(error, "'%s' is missing", keys[i].name);
    if (probe->link.present != source || (probe->link.tag_count > 0 && !source))
        return ka_error_set(error, "smac and dmac belong together, and vlan needs both");
    return 0;
}

int ka_request_parse(const char *line, struct ka_request *out, uint32_t *id, struct ka_error *error)
{
    char word[WORD_SIZE];
    uint32_t seen = 0;
    struct ka_request request = {.probe = {.in_flight = true}};
    *id = 0;
    const struct verb *verb = ka_word_next(&line, word, sizeof(word)) ? find_verb(word) : NULL;
    if (verb == NULL)
        return ka_error_set(error, "a request begins with probe, numberless or answered");
    request.verb = verb->verb;
    request.probe.kind = verb->kind;
    while (ka_word_next(&line, word, sizeof(word))) {
        if (read_word(word, verb, &seen, &request.probe, error) != 0)
            return -1;
        *id = request.probe.id;
    }
    if (*line != '\0')
        return ka_error_set(error, "a word is empty or too long");
    if (check_keys(verb, seen, &request.probe, error) != 0)
        return -1;
    *out = request;
    return 0;
}

static void append_link(const struct ka_probe_link *link, char *out, size_t size)
{
    const uint8_t *s = link->src;
    const uint8_t *d = link->dst;
    int used = snprintf(out, size,
                        " smac=%02x:%02x:%02x:%02x:%02x:%02x dmac=%02x:%02x:%02x:%02x:%02x:%02x",
                        s[0], s[1], s[2], s[3], s[4], s[5], d[0], d[1], d[2], d[3], d[4], d[5]);
    for (size_t i = 0; i < link->tag_count && i < KA_PROBE_TAGS_MAX; i++)
        used += snprintf(out + used, size - (size_t)used, "%s%x/%u", i == 0 ? " vlan=" : ",",
                         link->tags[i].tpid, link->tags[i].id);
}

void ka_request_text(const struct ka_request *request, char *out)
{
    const struct ka_probe *probe = &request->probe;
    char src[KA_ENDPOINT_TEXT_SIZE];
    char dst[KA_ENDPOINT_TEXT_SIZE];
    bool numbered = probe->kind == KA_PROBE_NUMBERED;
    const char *verb = request->verb == KA_ASK_ANSWERED ? "answered"
                       : numbered                       ? "probe"
                                                        : "numberless";
    ka_endpoint_text(&probe->src, src);
    ka_endpoint_text(&probe->dst, dst);
    int used = snprintf(out, KA_LINE_SIZE, "%s id=%u src=%s dst=%s", verb, probe->id, src, dst);
    if (request->verb == KA_ASK_ANSWERED)
        return;
    used += snprintf(out + used, KA_LINE_SIZE - (size_t)used, " win=%u ttl=%u", probe->window,
                     probe->ttl);
    if (numbered)
        used += snprintf(out + used, KA_LINE_SIZE - (size_t)used,
                         " seq=%u ack=%u nxt=%u rcv=%u len=%u mode=%s sack=%d flight=%d",
                         probe->seq, probe->ack, probe->nxt, probe->rcv, probe->length,
                         probe->mode == KA_ACK_EXACT ? "exact" : "gentle", probe->sack,
                         probe->in_flight);
    if (numbered && probe->has_timestamps)
        used += snprintf(out + used, KA_LINE_SIZE - (size_t)used, " ts=%u:%u", probe->tsval,
                         probe->tsecr);
    if (probe->link.present)
        append_link(&probe->link, out + used, KA_LINE_SIZE - (size_t)used);
}
