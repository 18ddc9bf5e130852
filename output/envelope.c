/* SPDX-License-Identifier: BSD-2-Clause */
#include "output/envelope.h"

#include "base/digits.h"
#include "base/json.h"
#include "events/field.h"
#include "output/community_id.h"

#include <stdlib.h>
#include <sys/mman.h>

enum {
    REMEMBERED = 32768, /* connections; a newer one takes the place of the older (6 MB when full) */
    ADDR_SIZE = 48,     /* KA_ADDR_TEXT_SIZE, rounded up: copied whole */
    ID_SIZE = 32,
    DAY_SIZE = sizeof("2026-11-21T") - 1,
    CACHE_LINE = 64,
    DAY = 24 * 60 * 60,
    /* All but the inputs: keys and punctuation of 260 bytes, numbers of 20, texts of 48 and less.
     */
    ROOM = 1024,
};

_Static_assert((int)ADDR_SIZE >= (int)KA_ADDR_TEXT_SIZE, "an address fits");
_Static_assert((int)ID_SIZE >= (int)KA_COMMUNITY_ID_SIZE, "a Community ID fits");

/* The texts of a connection's two ends: first address, second, Community ID, one right behind the
 * other, so that with IPv4 two cache lines hold all of it. They are copied in pieces of ADDR_SIZE
 * and ID_SIZE, whatever their length. */
struct ends {
    struct ka_endpoint end[2];
    uint8_t addr_length[2];
    uint8_t id_length; /* 0: none can be made */
    char text[2 * ADDR_SIZE + ID_SIZE];
} __attribute__((aligned(CACHE_LINE)));

_Static_assert(sizeof(struct ends) == 3 * CACHE_LINE, "no line more than needed");

enum { ENDS_SIZE = REMEMBERED * sizeof(struct ends) };

struct ka_envelope_writer {
    int64_t day; /* since the epoch, whose text is in day_text; -1 none */
    char day_text[DAY_SIZE];
    char *sources;         /* for each input the member that names it, one after the other */
    size_t *source_ends;   /* where each ends */
    size_t source_count;   /* 0: they are not written */
    size_t longest_source; /* bytes */
    struct ends *ends;     /* REMEMBERED of them */
};

/* Whether events tell which input they come from. */
static bool names_sources(const struct ka_output_options *options)
{
    return options->input_names != NULL && (options->live || options->input_count > 1);
}

static int make_sources(struct ka_envelope_writer *writer, const struct ka_output_options *options)
{
    struct ka_text text = ka_text_growing();
    writer->source_ends = calloc(options->input_count + 1, sizeof(*writer->source_ends));
    if (writer->source_ends == NULL)
        return -1;
    for (size_t i = 0; i < options->input_count; i++) {
        size_t start = text.used;
        struct ka_json json = ka_json_make(&text, false);
        ka_json_key(&json, options->live ? "in_iface" : "file");
        ka_json_string(&json, options->input_names[i]);
        ka_text_put_char(&text, ',');
        writer->source_ends[i] = text.used;
        if (text.used - start > writer->longest_source)
            writer->longest_source = text.used - start;
    }
    writer->source_count = options->input_count;
    writer->sources = text.bytes;
    return text.overflow ? -1 : 0;
}

struct ka_envelope_writer *ka_envelope_writer_create(const struct ka_output_options *options)
{
    struct ka_envelope_writer *writer = calloc(1, sizeof(*writer));
    if (writer == NULL)
        return NULL;
    writer->day = -1;
    writer->ends =
        mmap(NULL, ENDS_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    /* Looked at in no order: with small pages every other look would walk the page tables too. */
    if (writer->ends != MAP_FAILED)
        madvise(writer->ends, ENDS_SIZE, MADV_HUGEPAGE);
    if (writer->ends == MAP_FAILED ||
        (names_sources(options) && make_sources(writer, options) < 0)) {
        ka_envelope_writer_free(writer);
        return NULL;
    }
    return writer;
}

void ka_envelope_writer_free(struct ka_envelope_writer *writer)
{
    if (writer == NULL)
        return;
    if (writer->ends != MAP_FAILED)
        munmap(writer->ends, ENDS_SIZE);
    free(writer->sources);
    free(writer->source_ends);
    free(writer);
}

size_t ka_envelope_room(const struct ka_envelope_writer *writer)
{
    return ROOM + writer->longest_source;
}

char *ka_envelope_put_time(struct ka_envelope_writer *writer, char *at, ka_time time,
                           unsigned digits)
{
    if (time < 0)
        time = 0;
    int64_t seconds = time / KA_SECOND;
    uint32_t second = (uint32_t)(seconds % DAY);
    if (seconds / DAY != writer->day) {
        char text[KA_TIME_TEXT_SIZE];
        ka_time_rfc3339(time, 0, text);
        memcpy(writer->day_text, text, DAY_SIZE);
        writer->day = seconds / DAY;
    }
    *at++ = '"';
    at = mempcpy(at, writer->day_text, DAY_SIZE);
    at = ka_digits_clock(at, second);
    if (digits > 0) {
        uint32_t fraction = (uint32_t)(time % KA_SECOND);
        *at++ = '.';
        ka_digits_fixed(at, fraction / 1000, 6);
        ka_digits_fixed(at + 6, fraction % 1000, 3);
        at += digits < 9 ? digits : 9;
    }
    return KA_PUT(at, "Z\"");
}

static void make_ends(struct ends *ends, const struct ka_endpoint *a, const struct ka_endpoint *b)
{
    ends->end[0] = *a;
    ends->end[1] = *b;
    char *at = ends->text;
    for (unsigned i = 0; i < 2; i++) {
        ka_addr_text(&ends->end[i].addr, at);
        ends->addr_length[i] = (uint8_t)strlen(at);
        at += ends->addr_length[i];
    }
    ends->id_length = ka_community_id(a, b, at) ? (uint8_t)strlen(at) : 0;
}

static char *put_ends(char *at, struct ends *ends, const struct ka_envelope *envelope)
{
    unsigned src = ka_endpoint_equal(&ends->end[1], &envelope->src) ? 1 : 0;
    if (!ka_endpoint_equal(&ends->end[src], &envelope->src) ||
        !ka_endpoint_equal(&ends->end[!src], &envelope->dst)) {
        make_ends(ends, &envelope->src, &envelope->dst);
        src = 0;
    }
    const char *addr[2] = {ends->text, ends->text + ends->addr_length[0]};
    at = KA_PUT(at, "\"src_ip\":\"");
    memcpy(at, addr[src], ADDR_SIZE);
    at = KA_PUT(at + ends->addr_length[src], "\",\"src_port\":");
    at = ka_digits_number(at, envelope->src.port);
    at = KA_PUT(at, ",\"dest_ip\":\"");
    memcpy(at, addr[!src], ADDR_SIZE);
    at = KA_PUT(at + ends->addr_length[!src], "\",\"dest_port\":");
    at = ka_digits_number(at, envelope->dst.port);
    at = KA_PUT(at, ",\"proto\":\"TCP\",");
    if (ends->id_length > 0) {
        at = KA_PUT(at, "\"community_id\":\"");
        memcpy(at, addr[1] + ends->addr_length[1], ID_SIZE);
        at = KA_PUT(at + ends->id_length, "\",");
    }
    return at;
}

static char *put_source(const struct ka_envelope_writer *writer, char *at, uint16_t input)
{
    if (input >= writer->source_count)
        return at;
    size_t start = input > 0 ? writer->source_ends[input - 1] : 0;
    return mempcpy(at, writer->sources + start, writer->source_ends[input] - start);
}

static char *put_encapsulation(char *at, const struct ka_envelope *envelope)
{
    const char *tunnel = ka_event_tunnel_name(envelope->tunnel_type);
    if (envelope->vlan_count > 0) {
        at = KA_PUT(at, "\"vlan\":[");
        for (uint8_t i = 0; i < envelope->vlan_count; i++) {
            at = ka_digits_number(at, envelope->vlan[i]);
            *at++ = ',';
        }
        at = KA_PUT(at - 1, "],");
    }
    if (tunnel != NULL) {
        at = KA_PUT(at, "\"tunnel\":{\"type\":\"");
        at = stpcpy(at, tunnel);
        at = KA_PUT(at, "\",\"id\":");
        at = ka_digits_number(at, envelope->tunnel_id);
        at = KA_PUT(at, "},");
    }
    return at;
}

char *ka_envelope_put(struct ka_envelope_writer *writer, char *at, const struct ka_event *event)
{
    const struct ka_envelope *envelope = &event->envelope;
    struct ends *ends = &writer->ends[envelope->flow_id % REMEMBERED];
    for (size_t line = 0; line < 2 * CACHE_LINE; line += CACHE_LINE)
        __builtin_prefetch((const char *)ends + line);
    at = KA_PUT(at, "\"timestamp\":");
    /* The one time that is always there: an event without an instant carries the epoch. */
    at = ka_envelope_put_time(writer, at, envelope->time, envelope->digits);
    if (envelope->flow_id != 0) {
        at = KA_PUT(at, ",\"flow_id\":");
        at = ka_digits_number(at, envelope->flow_id);
    }
    at = KA_PUT(at, ",\"event_type\":\"");
    at = stpcpy(at, ka_event_name(event->type));
    at = KA_PUT(at, "\",");
    if (envelope->src.addr.family != 0)
        at = put_ends(at, ends, envelope);
    if (envelope->frame != 0) {
        at = KA_PUT(at, "\"frame\":");
        at = ka_digits_number(at, envelope->frame);
        *at++ = ',';
    }
    /* What is about no connection is about all inputs. */
    if (envelope->flow_id != 0 || writer->source_count == 1)
        at = put_source(writer, at, envelope->input);
    return put_encapsulation(at, envelope);
}
