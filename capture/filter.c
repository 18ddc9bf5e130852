/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/filter.h"

#include <ctype.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ICMP errors (RFC 792, RFC 1122 3.2.2: unreachable, quench, redirect, time exceeded, parameter
 * problem) and ICMPv6 errors (RFC 4443 2.1: below 128). */
#define ERRORS                                                                                     \
    "(icmp[0] == 3 or icmp[0] == 4 or icmp[0] == 5 or icmp[0] == 11 or icmp[0] == 12 or "          \
    "icmp6[0] < 128)"

/* The errors stand before F and after it: when F itself says `vlan`, those after it are the ones
 * under that tag. */
#define WIDE_HEAD   ERRORS " or ("
#define WIDE_MIDDLE ") or " ERRORS
#define WIDE_VLAN   " or (vlan and (("
#define WIDE_TAIL   ") or " ERRORS "))"

enum { SNAPLEN = 262144, LOOPBACK_HEADER = 4 };

struct program {
    struct bpf_program code;
    bool passes_nothing;
};

struct ka_filter {
    char *expression; /* NULL passes everything */
    /* By link type, compiled at its first frame. A file may name every one of them, in turn. */
    struct program *programs[UINT16_MAX + 1];
};

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

static char *wide_text(const char *own, bool with_vlan)
{
    char *text = NULL;
    int length =
        with_vlan ? asprintf(&text, WIDE_HEAD "%s" WIDE_MIDDLE WIDE_VLAN "%s" WIDE_TAIL, own, own)
                  : asprintf(&text, WIDE_HEAD "%s" WIDE_MIDDLE, own);
    return length >= 0 ? text : NULL;
}

char *ka_filter_widen(const char *expression)
{
    return is_blank(expression) ? strdup("") : wide_text(expression, true);
}

/* The F a widened expression was made from, to be freed; NULL when it is no widened one. */
static char *own_part(const char *expression)
{
    const size_t around = strlen(WIDE_HEAD WIDE_MIDDLE WIDE_VLAN WIDE_TAIL);
    const size_t length = strlen(expression);
    if (length <= around || (length - around) % 2 != 0)
        return NULL;
    char *own = strndup(expression + strlen(WIDE_HEAD), (length - around) / 2);
    char *wide = own != NULL ? wide_text(own, true) : NULL;
    bool is_wide = wide != NULL && strcmp(wide, expression) == 0;
    free(wide);
    if (is_wide)
        return own;
    free(own);
    return NULL;
}

char *ka_filter_attempt(const char *expression, unsigned attempt)
{
    if (attempt == 0)
        return strdup(expression);
    char *own = own_part(expression);
    if (own == NULL || attempt == 2)
        return own;
    char *text = attempt == 1 ? wide_text(own, false) : NULL;
    free(own);
    return text;
}

/* libpcap's number of a link type where it differs from that in files. */
static int dlt_of(uint16_t link_type)
{
    static const struct {
        uint16_t link_type;
        int dlt;
    } different[] = {
        {KA_LINKTYPE_NULL, DLT_RAW}, /* behind its header, see run() */
        {KA_LINKTYPE_LOOP, DLT_RAW}, {100, DLT_ATM_RFC1483}, {KA_LINKTYPE_RAW, DLT_RAW},
        {102, DLT_SLIP_BSDOS},       {103, DLT_PPP_BSDOS},   {106, DLT_ATM_CLIP},
        {246, DLT_PFSYNC},
    };
    for (size_t i = 0; i < sizeof(different) / sizeof(different[0]); i++)
        if (different[i].link_type == link_type)
            return different[i].dlt;
    return link_type;
}

static bool compile(const char *expression, int dlt, struct bpf_program *out, char *why,
                    size_t size)
{
    pcap_t *pcap = pcap_open_dead(dlt, SNAPLEN);
    if (pcap == NULL) {
        snprintf(why, size, "no memory");
        return false;
    }
    bool ok = pcap_compile(pcap, out, expression, 1, PCAP_NETMASK_UNKNOWN) == 0;
    if (!ok)
        snprintf(why, size, "%s", pcap_geterr(pcap));
    pcap_close(pcap);
    return ok;
}

/* What a display filter of Wireshark's has and none of libpcap's: a field, such as tcp.port. */
static bool is_display_filter(const char *expression)
{
    static const char *const protocols[] = {"tcp.", "ip.", "ipv6.", "frame.", "eth.", "udp."};
    for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
        const char *found = strstr(expression, protocols[i]);
        if (found != NULL && isalpha((unsigned char)found[strlen(protocols[i])]))
            return true;
    }
    return false;
}

int ka_filter_create(const char *expression, struct ka_filter **out, struct ka_error *error)
{
    char why[PCAP_ERRBUF_SIZE];
    struct ka_filter *filter = calloc(1, sizeof(*filter));
    if (filter != NULL && !is_blank(expression))
        filter->expression = strdup(expression);
    if (filter == NULL || (filter->expression == NULL && !is_blank(expression))) {
        free(filter);
        return ka_error_set(error, "no memory for the filter");
    }
    if (filter->expression != NULL) {
        struct bpf_program code;
        char *own = own_part(expression);
        const char *written = own != NULL ? own : expression;
        bool ok = compile(written, DLT_EN10MB, &code, why, sizeof(why));
        if (ok)
            pcap_freecode(&code);
        else
            ka_error_set(error, "filter \"%.200s\": %.200s%s", written, why,
                         is_display_filter(written)
                             ? "; filters are tcpdump's, such as 'port 5432', not Wireshark's"
                             : "");
        free(own);
        if (!ok) {
            ka_filter_free(filter);
            return -1;
        }
    }
    *out = filter;
    return 0;
}

/* Compiles what fits best; a program that passes nothing when nothing fits. */
static struct program make_program(const struct ka_filter *filter, uint16_t link_type,
                                   struct ka_error *error)
{
    char why[PCAP_ERRBUF_SIZE] = "no memory";
    struct program program = {.passes_nothing = true};
    char *text;
    for (unsigned attempt = 0;
         program.passes_nothing && (text = ka_filter_attempt(filter->expression, attempt)) != NULL;
         attempt++) {
        program.passes_nothing = !compile(text, dlt_of(link_type), &program.code, why, sizeof(why));
        free(text);
    }
    /* "rejects all packets" is an answer (IPv6 on a link that carries IPv4 only), not a fault. */
    if (program.passes_nothing && strstr(why, "rejects all packets") == NULL) {
        char *own = own_part(filter->expression);
        const char *name = pcap_datalink_val_to_description(dlt_of(link_type));
        ka_error_set(error,
                     "filter \"%.150s\" does not fit link type %u (%.50s), whose frames are left "
                     "out: %.150s",
                     own != NULL ? own : filter->expression, link_type,
                     name != NULL ? name : "unknown", why);
        free(own);
    }
    return program;
}

static const struct program *find_program(struct ka_filter *filter, uint16_t link_type,
                                          struct ka_error *error)
{
    struct program **program = &filter->programs[link_type];
    if (*program == NULL) {
        *program = malloc(sizeof(**program));
        if (*program != NULL)
            **program = make_program(filter, link_type, error);
        else
            ka_error_set(error, "no memory to compile the filter");
    }
    return *program;
}

/* BSD loopback names the family in the byte order and numbering of whoever captured; what follows
 * is raw IP and says its version itself. */
static bool run(const struct program *program, const struct ka_frame *frame)
{
    bool loopback = frame->link_type == KA_LINKTYPE_NULL || frame->link_type == KA_LINKTYPE_LOOP;
    uint32_t skip = !loopback                           ? 0
                    : frame->captured < LOOPBACK_HEADER ? frame->captured
                                                        : LOOPBACK_HEADER;
    struct pcap_pkthdr header = {.caplen = frame->captured - skip, .len = frame->length - skip};
    return pcap_offline_filter(&program->code, &header, frame->data + skip) != 0;
}

bool ka_filter_matches(struct ka_filter *filter, const struct ka_frame *frame,
                       struct ka_error *error)
{
    if (error != NULL)
        error->text[0] = '\0';
    if (filter->expression == NULL)
        return true;
    const struct program *program = find_program(filter, frame->link_type, error);
    return program != NULL && !program->passes_nothing && run(program, frame);
}

void ka_filter_free(struct ka_filter *filter)
{
    if (filter == NULL)
        return;
    for (size_t i = 0; i <= UINT16_MAX; i++) {
        if (filter->programs[i] != NULL && !filter->programs[i]->passes_nothing)
            pcap_freecode(&filter->programs[i]->code);
        free(filter->programs[i]);
    }
    free(filter->expression);
    free(filter);
}
