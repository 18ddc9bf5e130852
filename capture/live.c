/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/live.h"

#include "capture/filter.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
    READ_TIMEOUT_MS = 100,
    /* Batches; libpcap counts in 32 bits, which must not wrap unseen. Not oftener, since libpcap
     * reads /sys for it, which can take long on a busy host. */
    STATS_EVERY = 1 << 24,
};

/* One interface. */
struct port {
    pcap_t *pcap;
    const char *name; /* the opener's */
    int fd;
    uint16_t link_type;
    uint8_t digits;
    bool counts_interface_drops;
    bool gone; /* the interface was removed: nothing more comes from it */
    bool told; /* and that was said */
    uint64_t frames;
    struct pcap_stat seen; /* libpcap's counters when last looked at */
    uint64_t received;
    uint64_t dropped_kernel;
    uint64_t dropped_interface;
};

struct live_source {
    struct ka_source base;
    struct port *ports;
    uint8_t *bytes; /* KA_BATCH times snaplen */
    uint32_t snaplen;
    uint16_t first; /* the port that is asked first: each has its turn */
    uint32_t batches;
    uint16_t left;           /* ports that are not gone */
    const struct port *last; /* the one that went last */
};

/* A batch that is being filled by libpcap's callback. */
struct batch {
    struct live_source *live;
    struct port *port;
    struct ka_frame *frames;
    size_t size;
    size_t count;
};

/* --- filters */

/* Fragments of TCP are TCP to libpcap as well. IPv6 extension headers cannot be followed by a
 * filter that the kernel accepts (no loops), so what begins with one is kept. `vlan` comes last: it
 * shifts all that follows it. */
#define INSIDE_IP                                                                                  \
    "tcp or icmp[0] == 3 or icmp[0] == 4 or icmp[0] == 5 or icmp[0] == 11 or icmp[0] == 12 or "    \
    "icmp6[0] < 128 or udp port 4789 or udp port 6081 or udp port 8472 or proto 4 or proto 41 or " \
    "proto 47 or proto 51 or proto 137 or ip6 proto 0 or ip6 proto 43 or ip6 proto 44 or "         \
    "ip6 proto 60"
/* MPLS, PPPoE; tags and LLC as cooked captures name them. */
#define BESIDE_IP                                                                                  \
    " or ether proto 0x8847 or ether proto 0x8848 or ether proto 0x8864 or ether proto 0x8100 or " \
    "ether proto 0x88a8 or ether proto 0x9100 or ether proto 4"
#define ON_ETHERNET " or llc or vlan"

const char *ka_live_default_filter(unsigned attempt)
{
    static const char *const filters[] = {INSIDE_IP BESIDE_IP ON_ETHERNET, INSIDE_IP BESIDE_IP,
                                          INSIDE_IP};
    return attempt < sizeof(filters) / sizeof(filters[0]) ? filters[attempt] : NULL;
}

static char *filter_text(const struct ka_live_options *options, unsigned attempt)
{
    if (options->filter != NULL && options->filter[0] != '\0')
        return ka_filter_attempt(options->filter, attempt);
    const char *text = ka_live_default_filter(attempt);
    return text != NULL ? strdup(text) : NULL;
}

/* Has the kernel filter by what fits the port's link type best. */
static int set_filter(struct port *port, const struct ka_live_options *options,
                      struct ka_error *error)
{
    char *text;
    ka_error_set(error, "%s: no memory for the filter", port->name);
    for (unsigned attempt = 0; (text = filter_text(options, attempt)) != NULL; attempt++) {
        struct bpf_program code;
        bool fits = pcap_compile(port->pcap, &code, text, 1, PCAP_NETMASK_UNKNOWN) == 0;
        free(text);
        if (!fits) {
            ka_error_set(error, "%s: the filter does not fit its link type: %s", port->name,
                         pcap_geterr(port->pcap));
            continue;
        }
        int result = pcap_setfilter(port->pcap, &code);
        pcap_freecode(&code);
        if (result != 0)
            return ka_error_set(error, "%s: cannot set the filter: %s", port->name,
                                pcap_geterr(port->pcap));
        error->text[0] = '\0';
        return 0;
    }
    return -1;
}

/* --- opening */

static int explain(const struct port *port, int status, struct ka_error *error)
{
    if (status == PCAP_ERROR_PERM_DENIED || status == PCAP_ERROR_PROMISC_PERM_DENIED)
        return ka_error_set(error,
                            "%s: no permission to listen: this needs the capability CAP_NET_RAW "
                            "(and CAP_NET_ADMIN); start kasniff as root, or grant it once:\n"
                            "  sudo setcap cap_net_raw,cap_net_admin=eip \"$(command -v kasniff)\"",
                            port->name);
    if (status == PCAP_ERROR_NO_SUCH_DEVICE)
        return ka_error_set(error, "%s: there is no such interface; kasniff -D lists them",
                            port->name);
    if (status == PCAP_ERROR_IFACE_NOT_UP)
        return ka_error_set(error,
                            "%s: the interface is down; bring it up first: "
                            "ip link set %s up",
                            port->name, port->name);
    const char *why = pcap_geterr(port->pcap);
    return ka_error_set(error, "%s: cannot listen: %s", port->name,
                        why[0] != '\0' ? why : pcap_statustostr(status));
}

/* Sets what must be set before activation. Failures here are of a kind libpcap reports again, or
 * more clearly, when activating. */
static void configure(struct port *port, const struct ka_live_options *options)
{
    pcap_set_snaplen(port->pcap, (int)options->snaplen);
    pcap_set_promisc(port->pcap, options->promiscuous);
    pcap_set_timeout(port->pcap, READ_TIMEOUT_MS);
    pcap_set_buffer_size(
        port->pcap, options->buffer > INT32_MAX / 1024 ? INT32_MAX : (int)options->buffer * 1024);
    pcap_set_tstamp_precision(port->pcap, PCAP_TSTAMP_PRECISION_NANO);
}

static int open_port(struct port *port, const struct ka_live_options *options,
                     struct ka_error *error)
{
    char why[PCAP_ERRBUF_SIZE] = "";
    bool any = strcmp(port->name, "any") == 0;
    port->pcap = pcap_create(port->name, why);
    if (port->pcap == NULL)
        return ka_error_set(error, "%s: cannot listen: %s", port->name, why);
    configure(port, options);
    int status = pcap_activate(port->pcap);
    if (status < 0)
        return explain(port, status, error);
    /* Cooked frames of the second kind name the interface; where they are not to be had, the first
     * kind does. */
    if (any)
        pcap_set_datalink(port->pcap, DLT_LINUX_SLL2);
    int link = pcap_datalink(port->pcap);
    port->link_type = link == DLT_RAW ? KA_LINKTYPE_RAW : (uint16_t)link;
    bool nano = pcap_get_tstamp_precision(port->pcap) == PCAP_TSTAMP_PRECISION_NANO;
    port->digits = nano ? 9 : 6;
    /* libpcap reads the interface's own counters in promiscuous mode only. */
    port->counts_interface_drops = options->promiscuous && !any;
    if (set_filter(port, options, error) != 0)
        return -1;
    if (pcap_setnonblock(port->pcap, 1, why) != 0)
        return ka_error_set(error, "%s: cannot listen without waiting: %s", port->name, why);
    port->fd = pcap_get_selectable_fd(port->pcap);
    if (port->fd < 0)
        return ka_error_set(error, "%s: libpcap cannot wait for this kind of interface",
                            port->name);
    return 0;
}

/* --- reading */

static void take(u_char *context, const struct pcap_pkthdr *header, const u_char *data)
{
    struct batch *batch = (struct batch *)context;
    struct port *port = batch->port;
    struct live_source *live = batch->live;
    if (batch->count == batch->size)
        return;
    uint8_t *copy = live->bytes + batch->count * live->snaplen;
    uint32_t captured = header->caplen < live->snaplen ? header->caplen : live->snaplen;
    memcpy(copy, data, captured);
    ka_time unit = port->digits == 9 ? 1 : KA_MICROSECOND;
    ka_time time = KA_TIME_NONE;
    if (header->ts.tv_sec >= 0 && header->ts.tv_sec < KA_TIME_MAX / KA_SECOND)
        time = header->ts.tv_sec * KA_SECOND + header->ts.tv_usec * unit;
    batch->frames[batch->count++] = (struct ka_frame){
        .time = time,
        .number = ++port->frames,
        .data = copy,
        .captured = captured,
        .length = header->len < captured ? captured : header->len,
        .link_type = port->link_type,
        .input = (uint16_t)(port - live->ports),
        .digits = port->digits,
    };
}

/* An interface's own counters begin again when it is removed or its driver is loaded anew; what
 * then seems to have shrunk is nothing that was dropped. */
static uint32_t growth(uint32_t now, uint32_t before)
{
    uint32_t more = now - before;
    return more <= INT32_MAX ? more : 0;
}

/* Adds what libpcap counted since the last look. */
static void refresh(struct port *port)
{
    struct pcap_stat now;
    if (pcap_stats(port->pcap, &now) != 0)
        return;
    port->received += (uint32_t)(now.ps_recv - port->seen.ps_recv);
    port->dropped_kernel += (uint32_t)(now.ps_drop - port->seen.ps_drop);
    port->dropped_interface += growth(now.ps_ifdrop, port->seen.ps_ifdrop);
    port->seen = now;
}

/* In the order of their stamps. Each port's frames are in order already, so few move. */
static void sort_frames(struct ka_frame *frames, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct ka_frame frame = frames[i];
        size_t at = i;
        for (; at > 0 && frames[at - 1].time > frame.time; at--)
            frames[at] = frames[at - 1];
        frames[at] = frame;
    }
}

/* Takes what is there. */
static void gather(struct live_source *live, struct batch *batch)
{
    uint16_t count = live->base.inputs;
    for (uint16_t i = 0; i < count && batch->count < batch->size; i++) {
        batch->port = &live->ports[(live->first + i) % count];
        if (batch->port->gone)
            continue;
        size_t share = (batch->size - batch->count + count - i - 1u) / (count - i);
        if (pcap_dispatch(batch->port->pcap, (int)share, take, (u_char *)batch) >= 0)
            continue;
        batch->port->gone = true;
        live->last = batch->port;
        live->left--;
    }
    live->first = (uint16_t)((live->first + 1) % count);
}

/* Says that a port is gone, once, while others go on. */
static void tell_gone(struct live_source *live, struct ka_error *error)
{
    for (uint16_t i = 0; error != NULL && live->left > 0 && i < live->base.inputs; i++) {
        struct port *port = &live->ports[i];
        if (!port->gone || port->told)
            continue;
        port->told = true;
        ka_error_set(error, "%s: cannot listen any longer: %s; the other interfaces go on",
                     port->name, pcap_geterr(port->pcap));
        return;
    }
}

static void wait_for_frames(const struct live_source *live)
{
    struct pollfd ready[KA_LIVE_INTERFACES_MAX];
    for (uint16_t i = 0; i < live->base.inputs; i++)
        ready[i] =
            (struct pollfd){.fd = live->ports[i].gone ? -1 : live->ports[i].fd, .events = POLLIN};
    poll(ready, live->base.inputs, READ_TIMEOUT_MS); /* a signal ends it as well as a frame */
}

static enum ka_source_status live_next(struct ka_source *source, struct ka_frame *frames,
                                       size_t size, size_t *count, struct ka_error *error)
{
    struct live_source *live = (struct live_source *)source;
    struct batch batch = {
        .live = live, .frames = frames, .size = size < KA_BATCH ? size : KA_BATCH};
    gather(live, &batch);
    if (batch.count == 0 && live->left > 0) {
        wait_for_frames(live);
        gather(live, &batch);
    }
    tell_gone(live, error);
    if (++live->batches % STATS_EVERY == 0) {
        for (uint16_t i = 0; i < source->inputs; i++)
            refresh(&live->ports[i]);
    }
    if (batch.count > 0) { /* an end can wait until what came before it is handed over */
        if (source->inputs > 1)
            sort_frames(frames, batch.count);
        *count = batch.count;
        return KA_SOURCE_FRAMES;
    }
    if (live->left > 0)
        return KA_SOURCE_IDLE;
    ka_error_set(error, "%s: cannot listen any longer: %s", live->last->name,
                 pcap_geterr(live->last->pcap));
    return KA_SOURCE_FAILED;
}

static void live_stats(struct ka_source *source, struct ka_source_stats *out)
{
    const struct live_source *live = (struct live_source *)source;
    out->received_known = true;
    out->dropped_kernel_known = true;
    out->dropped_interface_known = true;
    for (uint16_t i = 0; i < source->inputs; i++) {
        struct port *port = &live->ports[i];
        refresh(port);
        out->frames += port->frames;
        out->received += port->received;
        out->dropped_kernel += port->dropped_kernel;
        out->dropped_interface += port->dropped_interface;
        out->dropped_interface_known &= port->counts_interface_drops;
    }
}

static const char *live_input_name(const struct ka_source *source, uint16_t index)
{
    return ((const struct live_source *)source)->ports[index].name;
}

static void live_close(struct ka_source *source)
{
    struct live_source *live = (struct live_source *)source;
    for (uint16_t i = 0; live->ports != NULL && i < source->inputs; i++) {
        if (live->ports[i].pcap != NULL)
            pcap_close(live->ports[i].pcap);
    }
    free(live->ports);
    free(live->bytes);
    free(live);
}

static const struct ka_source_ops live_ops = {
    .next = live_next,
    .stats = live_stats,
    .input_name = live_input_name,
    .close = live_close,
};

int ka_live_open(const struct ka_live_options *options, struct ka_source **out,
                 struct ka_error *error)
{
    struct live_source *live = calloc(1, sizeof(*live));
    if (live == NULL)
        return ka_error_set(error, "no memory to listen");
    live->base = (struct ka_source){
        .ops = &live_ops, .pace = KA_PACE_LIVE, .inputs = (uint16_t)options->count};
    live->snaplen = options->snaplen;
    live->left = (uint16_t)options->count;
    live->ports = calloc(options->count, sizeof(*live->ports));
    live->bytes = calloc(KA_BATCH, options->snaplen);
    int status = 0;
    if (live->ports == NULL || live->bytes == NULL)
        status = ka_error_set(error, "no memory to listen");
    for (size_t i = 0; status == 0 && i < options->count; i++) {
        live->ports[i].name = options->interfaces[i];
        status = open_port(&live->ports[i], options, error);
    }
    if (status != 0) {
        live_close(&live->base);
        return -1;
    }
    *out = &live->base;
    return 0;
}

const char *ka_live_link_name(const struct ka_source *source, uint16_t index)
{
    const struct live_source *live = (const struct live_source *)source;
    const char *name = pcap_datalink_val_to_description(pcap_datalink(live->ports[index].pcap));
    return name != NULL ? name : "unknown link type";
}

int ka_live_list(void (*each)(void *context, const struct ka_live_interface *interface),
                 void *context, struct ka_error *error)
{
    char why[PCAP_ERRBUF_SIZE] = "";
    pcap_if_t *first = NULL;
    if (pcap_findalldevs(&first, why) != 0)
        return ka_error_set(error, "cannot list the interfaces: %s", why);
    for (const pcap_if_t *at = first; at != NULL; at = at->next) {
        struct ka_live_interface interface = {
            .name = at->name,
            .description = at->description,
            .up = (at->flags & PCAP_IF_UP) != 0,
            .running = (at->flags & PCAP_IF_RUNNING) != 0,
            .loopback = (at->flags & PCAP_IF_LOOPBACK) != 0,
        };
        each(context, &interface);
    }
    pcap_freealldevs(first);
    return 0;
}
