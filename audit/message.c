/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/message.h"

#include "events/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 8, WORD_SIZE = 24 };

static const char *const names[] = {
    [KA_MESSAGE_GREETING] = "kasniff-audit",
    [KA_MESSAGE_CONTROL] = "control",
    [KA_MESSAGE_TRIAL] = "trial",
    [KA_MESSAGE_OK] = "ok",
    [KA_MESSAGE_NO] = "no",
    [KA_MESSAGE_SPEAK] = "speak",
    [KA_MESSAGE_HEARD] = "heard",
    [KA_MESSAGE_PING] = "ping",
    [KA_MESSAGE_PONG] = "pong",
    [KA_MESSAGE_REPORT] = "report",
};
static const char *const arm_names[] = {
    [KA_ARM_SILENT] = "silent",
    [KA_ARM_KEEPALIVE_0] = "keepalive-0",
    [KA_ARM_KEEPALIVE_1] = "keepalive-1",
    [KA_ARM_DATA] = "data",
};
static const char *const side_names[] = {
    [KA_SPEAKER_CLIENT] = "client",
    [KA_SPEAKER_SERVER] = "server",
};
static const char *const report_names[] = {
    [KA_REPORT_HEARD] = "heard", [KA_REPORT_ANSWERED] = "answered", [KA_REPORT_SILENT] = "silent",
    [KA_REPORT_RST] = "rst",     [KA_REPORT_ICMP] = "icmp",         [KA_REPORT_CLOSED] = "closed",
    [KA_REPORT_CUT] = "cut",
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static bool find_name(const char *word, const char *const *list, size_t count, uint8_t *out)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word, list[i]) != 0)
            continue;
        *out = (uint8_t)i;
        return true;
    }
    return false;
}

/* Splits at single spaces. Returns the number of words, 0 where the line is none of ours. */
static size_t split(const char *line, char words[WORDS_MAX][WORD_SIZE])
{
    size_t count = 0;
    for (;;) {
        size_t length = strcspn(line, " ");
        if (length == 0 || length >= WORD_SIZE || count == WORDS_MAX)
            return 0;
        memcpy(words[count], line, length);
        words[count++][length] = '\0';
        if (line[length] == '\0')
            return count;
        line += length + 1;
    }
}

static bool read_number(const char *word, int base, uint64_t max, uint64_t *out)
{
    char *end = NULL;
    size_t digits = strspn(word, base == 16 ? "0123456789abcdef" : "0123456789");
    if (digits == 0 || word[digits] != '\0' || digits > (base == 16 ? 16u : 19u))
        return false;
    uint64_t value = strtoull(word, &end, base);
    if (value > max)
        return false;
    *out = value;
    return true;
}

static bool read_milliseconds(const char *word, ka_time *out)
{
    uint64_t value;
    if (!read_number(word, 10, KA_MESSAGE_IDLE_MAX / KA_MILLISECOND, &value))
        return false;
    *out = (ka_time)value * KA_MILLISECOND;
    return true;
}

static bool read_uint32(const char *word, uint32_t *out)
{
    uint64_t value;
    if (!read_number(word, 10, UINT32_MAX, &value))
        return false;
    *out = (uint32_t)value;
    return true;
}

/* trial ID NUMBER ARM SPEAKER REFRESHER IDLE INTERVAL */
static bool read_trial(char words[WORDS_MAX][WORD_SIZE], struct ka_message *out)
{
    return read_number(words[1], 16, UINT64_MAX, &out->audit) &&
           read_uint32(words[2], &out->number) &&
           find_name(words[3], arm_names, COUNT_OF(arm_names), &out->arm) &&
           find_name(words[4], side_names, COUNT_OF(side_names), &out->first_speaker) &&
           find_name(words[5], side_names, COUNT_OF(side_names), &out->refresher) &&
           read_milliseconds(words[6], &out->idle) && read_milliseconds(words[7], &out->interval);
}

static bool read_uint8(const char *word, uint8_t *out)
{
    uint64_t value;
    if (!read_number(word, 10, UINT8_MAX, &value))
        return false;
    *out = (uint8_t)value;
    return true;
}

/* report NUMBER WHAT IDLE ARRIVED RESET USUAL */
static bool read_report(char words[WORDS_MAX][WORD_SIZE], struct ka_message *out)
{
    return read_uint32(words[1], &out->number) &&
           find_name(words[2], report_names, COUNT_OF(report_names), &out->report) &&
           read_milliseconds(words[3], &out->idle) && read_uint32(words[4], &out->arrived) &&
           read_uint8(words[5], &out->reset_ttl) && read_uint8(words[6], &out->usual_ttl);
}

bool ka_message_parse(const char *line, struct ka_message *out)
{
    static const uint8_t lengths[] = {
        [KA_MESSAGE_GREETING] = 2, [KA_MESSAGE_CONTROL] = 2, [KA_MESSAGE_TRIAL] = 8,
        [KA_MESSAGE_OK] = 1,       [KA_MESSAGE_NO] = 0,      [KA_MESSAGE_SPEAK] = 1,
        [KA_MESSAGE_HEARD] = 1,    [KA_MESSAGE_PING] = 1,    [KA_MESSAGE_PONG] = 1,
        [KA_MESSAGE_REPORT] = 7,
    };
    char words[WORDS_MAX][WORD_SIZE];
    struct ka_message message = {.type = 0};
    if (strncmp(line, "no ", 3) == 0) { /* the rest is a sentence */
        message.type = KA_MESSAGE_NO;
        snprintf(message.reason, sizeof(message.reason), "%s", line + 3);
        *out = message;
        return true;
    }
    size_t count = split(line, words);
    if (count == 0 || !find_name(words[0], names, COUNT_OF(names), &message.type) ||
        count != lengths[message.type])
        return false;
    bool good = true;
    if (message.type == KA_MESSAGE_GREETING)
        good = read_uint32(words[1], &message.number);
    else if (message.type == KA_MESSAGE_CONTROL)
        good = read_number(words[1], 16, UINT64_MAX, &message.audit);
    else if (message.type == KA_MESSAGE_TRIAL)
        good = read_trial(words, &message);
    else if (message.type == KA_MESSAGE_REPORT)
        good = read_report(words, &message);
    if (good)
        *out = message;
    return good;
}

size_t ka_message_write(const struct ka_message *message, char *out)
{
    const char *name = names[message->type];
    int length;
    size_t size = KA_MESSAGE_LINE_MAX + 1;
    long long idle = (long long)(message->idle / KA_MILLISECOND);
    if (message->type == KA_MESSAGE_GREETING)
        length = snprintf(out, size, "%s %" PRIu32 "\n", name, message->number);
    else if (message->type == KA_MESSAGE_CONTROL)
        length = snprintf(out, size, "%s %016" PRIx64 "\n", name, message->audit);
    else if (message->type == KA_MESSAGE_TRIAL)
        length = snprintf(out, size, "%s %016" PRIx64 " %" PRIu32 " %s %s %s %lld %lld\n", name,
                          message->audit, message->number, arm_names[message->arm],
                          side_names[message->first_speaker], side_names[message->refresher], idle,
                          (long long)(message->interval / KA_MILLISECOND));
    else if (message->type == KA_MESSAGE_NO)
        length = snprintf(out, size, "%s %s\n", name, message->reason);
    else if (message->type == KA_MESSAGE_REPORT)
        length = snprintf(out, size, "%s %" PRIu32 " %s %lld %" PRIu32 " %u %u\n", name,
                          message->number, report_names[message->report], idle, message->arrived,
                          message->reset_ttl, message->usual_ttl);
    else
        length = snprintf(out, size, "%s\n", name);
    return (size_t)length;
}

enum ka_gathered ka_message_gather(struct ka_message_line *line, char byte)
{
    if (byte == '\n') {
        line->bytes[line->used] = '\0';
        line->used = 0;
        return KA_GATHERED_LINE;
    }
    if (byte < ' ' || byte > '~' || line->used + 1 >= KA_MESSAGE_LINE_MAX)
        return KA_GATHERED_NONSENSE;
    line->bytes[line->used++] = byte;
    return KA_GATHERED_PART;
}
