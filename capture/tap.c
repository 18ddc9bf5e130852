/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/tap.h"

#include "capture/filter.h"

#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

enum {
    SNAPLEN = 256, /* holds every header of a probe, its answer and a quote */
    TIMEOUT_MS = 10,
    ROOM = 8 << 20, /* bytes the kernel keeps for us: answers to a thousand probes at once */
    READ_AT_MOST = 512,
};

struct ka_tap {
    pcap_t *pcap;
    uint64_t number;
    uint16_t link_type;
    bool nanoseconds;
    void (*take)(void *context, const struct ka_frame *frame); /* during ka_tap_read */
    void *context;
};

static int explain(const char *interface, pcap_t *pcap, int code, struct ka_error *error)
{
    if (code == PCAP_ERROR_PERM_DENIED)
        return ka_error_set(error,
                            "cannot listen on %s: CAP_NET_RAW is missing; start kasniff as root, "
                            "or: setcap cap_net_raw=ep kasniff",
                            interface);
    const char *status = pcap_statustostr(code);
    const char *detail = pcap_geterr(pcap);
    if (strncmp(detail, status, strlen(status)) == 0) /* often the same words once more */
        status = "";
    return ka_error_set(error, "cannot listen on %s: %s%s%s", interface, status,
                        status[0] != '\0' && detail[0] != '\0' ? ": " : "", detail);
}

static int activate(struct ka_tap *tap, const char *interface, struct ka_error *error)
{
    pcap_t *pcap = tap->pcap;
    pcap_set_snaplen(pcap, SNAPLEN);
    pcap_set_timeout(pcap, TIMEOUT_MS);
    pcap_set_immediate_mode(pcap, 1);
    pcap_set_buffer_size(pcap, ROOM);
    pcap_set_promisc(pcap, strcmp(interface, "any") != 0);
    tap->nanoseconds = pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO) == 0;
    int code = pcap_activate(pcap);
    if (code < 0)
        return explain(interface, pcap, code, error);
    char text[PCAP_ERRBUF_SIZE];
    if (pcap_setnonblock(pcap, 1, text) < 0 || pcap_get_selectable_fd(pcap) < 0)
        return ka_error_set(error, "cannot listen on %s without waiting", interface);
    int link_type = pcap_datalink(pcap);
    tap->link_type = (uint16_t)(link_type == DLT_RAW ? KA_LINKTYPE_RAW : link_type);
    return 0;
}

/* Raw and cooked links have no `vlan`: then the expression is tried in parts. */
static int set_filter(struct ka_tap *tap, const char *interface, const char *filter,
                      struct ka_error *error)
{
    struct bpf_program program;
    char *wide = ka_filter_widen(filter);
    bool compiled = false;
    for (unsigned attempt = 0; wide != NULL && !compiled && attempt < 3; attempt++) {
        char *text = ka_filter_attempt(wide, attempt);
        compiled =
            text != NULL && pcap_compile(tap->pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN) == 0;
        free(text);
    }
    free(wide);
    if (!compiled)
        return ka_error_set(error, "the filter '%s' cannot be used on %s: %s", filter, interface,
                            pcap_geterr(tap->pcap));
    int status = pcap_setfilter(tap->pcap, &program);
    pcap_freecode(&program);
    if (status != 0)
        return ka_error_set(error, "the filter '%s' cannot be set on %s: %s", filter, interface,
                            pcap_geterr(tap->pcap));
    return 0;
}

int ka_tap_open(const char *interface, const char *filter, struct ka_tap **out,
                struct ka_error *error)
{
    char text[PCAP_ERRBUF_SIZE] = "";
    struct ka_tap *tap = calloc(1, sizeof(*tap));
    if (tap == NULL)
        return ka_error_set(error, "cannot listen on %s: out of memory", interface);
    tap->pcap = pcap_create(interface, text);
    if (tap->pcap == NULL) {
        ka_tap_close(tap);
        return ka_error_set(error, "cannot listen on %s: %s", interface, text);
    }
    if (activate(tap, interface, error) < 0 || set_filter(tap, interface, filter, error) < 0) {
        ka_tap_close(tap);
        return -1;
    }
    *out = tap;
    return 0;
}

int ka_tap_fd(const struct ka_tap *tap)
{
    return pcap_get_selectable_fd(tap->pcap);
}

static void hand_over(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
    union {
        u_char *bytes;
        struct ka_tap *tap;
    } is = {.bytes = user};
    struct ka_tap *tap = is.tap;
    ka_time unit = tap->nanoseconds ? 1 : KA_MICROSECOND;
    struct ka_frame frame = {
        .time = (ka_time)header->ts.tv_sec * KA_SECOND + (ka_time)header->ts.tv_usec * unit,
        .number = ++tap->number,
        .data = bytes,
        .captured = header->caplen,
        .length = header->len,
        .link_type = tap->link_type,
        .digits = tap->nanoseconds ? 9 : 6,
    };
    if (frame.time < 0 || frame.time > KA_TIME_MAX)
        frame.time = KA_TIME_NONE;
    tap->take(tap->context, &frame);
}

int ka_tap_read(struct ka_tap *tap, void (*take)(void *context, const struct ka_frame *frame),
                void *context, struct ka_error *error)
{
    union {
        struct ka_tap *tap;
        u_char *bytes;
    } is = {.tap = tap};
    tap->take = take;
    tap->context = context;
    int count = pcap_dispatch(tap->pcap, READ_AT_MOST, hand_over, is.bytes);
    if (count < 0)
        return ka_error_set(error, "listening failed: %s", pcap_geterr(tap->pcap));
    return count;
}

bool ka_tap_dropped(const struct ka_tap *tap, uint64_t *out)
{
    struct pcap_stat stat;
    if (pcap_stats(tap->pcap, &stat) != 0)
        return false;
    *out = stat.ps_drop;
    return true;
}

void ka_tap_close(struct ka_tap *tap)
{
    if (tap == NULL)
        return;
    if (tap->pcap != NULL)
        pcap_close(tap->pcap);
    free(tap);
}
