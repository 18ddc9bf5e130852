/* SPDX-License-Identifier: BSD-2-Clause */
#include "inject/sender.h"

#include "base/builder.h"

#include <errno.h>
#include <libnet.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TCP_HEADER = 20, IPV4_HEADER = 20, DONT_FRAGMENT = 0x4000, FLAG_ACK = 0x10 };

/* With `link` one handle serves both families; a dry run uses `v4` for all, without a socket. */
struct ka_sender {
    libnet_t *v4;
    libnet_t *v6;
    libnet_t *link;
    bool dry_run;
};

/* Asked beforehand, since libnet's own message says neither how to get it nor, in errno, that it
 * is missing. */
static bool has_raw_capability(void)
{
    cap_flag_value_t value = CAP_CLEAR;
    cap_t own = cap_get_proc();
    bool has = own != NULL && cap_get_flag(own, CAP_NET_RAW, CAP_EFFECTIVE, &value) == 0 &&
               value == CAP_SET;
    if (own != NULL)
        cap_free(own);
    return has;
}

static int explain_capability(struct ka_error *error)
{
    char path[256];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    path[length > 0 ? length : 0] = '\0';
    return ka_error_set(error,
                        "sending probes needs the capability CAP_NET_RAW: run as root, or grant it "
                        "with 'setcap cap_net_raw=ep %s'",
                        length > 0 ? path : "kasniff-inject");
}

static libnet_t *open_handle(int type, const char *device, const char *what, struct ka_error *error)
{
    char cause[LIBNET_ERRBUF_SIZE] = "";
    libnet_t *handle = libnet_init(type, device, cause);
    if (handle == NULL)
        ka_error_set(error, "%s cannot be opened: %s", what, cause);
    return handle;
}

/* A packet socket receives a copy of every frame, and libnet never reads them: nothing may pass. */
static int deafen(libnet_t *handle, struct ka_error *error)
{
    struct sock_filter reject[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    struct sock_fprog program = {.len = 1, .filter = reject};
    if (setsockopt(libnet_getfd(handle), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) !=
        0)
        return ka_error_set(error, "the packet socket cannot be told to receive nothing: %s",
                            strerror(errno));
    return 0;
}

/* libnet allows broadcasts and, for IPv4, ignores the device. */
static int tame_v4(libnet_t *handle, const char *device, struct ka_error *error)
{
    int off = 0;
    int fd = libnet_getfd(handle);
    if (setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &off, sizeof(off)) != 0)
        return ka_error_set(error, "broadcasts cannot be switched off: %s", strerror(errno));
    if (device != NULL &&
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)) != 0)
        return ka_error_set(error, "sending by %s alone is not possible: %s", device,
                            strerror(errno));
    return 0;
}

static int open_raw(struct ka_sender *sender, const char *device, struct ka_error *error)
{
    sender->v4 = open_handle(LIBNET_RAW4, NULL, "a raw IPv4 socket", error);
    if (sender->v4 != NULL && tame_v4(sender->v4, device, error) != 0)
        return -1;
    struct ka_error six;
    sender->v6 = open_handle(LIBNET_RAW6, device, "a raw IPv6 socket", &six);
    return sender->v4 == NULL && sender->v6 == NULL ? -1 : 0;
}

static int open_all(struct ka_sender *sender, const struct ka_sender_options *options,
                    struct ka_error *error)
{
    if (options->dry_run) {
        sender->v4 = open_handle(LIBNET_NONE, NULL, "libnet", error);
        return sender->v4 != NULL ? 0 : -1;
    }
    if (!has_raw_capability())
        return explain_capability(error);
    if (options->link == NULL)
        return open_raw(sender, options->device, error);
    sender->link = open_handle(LIBNET_LINK, options->link, options->link, error);
    return sender->link != NULL ? deafen(sender->link, error) : -1;
}

struct ka_sender *ka_sender_create(const struct ka_sender_options *options, struct ka_error *error)
{
    struct ka_sender *sender = calloc(1, sizeof(*sender));
    if (sender == NULL) {
        ka_error_set(error, "there is no memory for the sender");
        return NULL;
    }
    sender->dry_run = options->dry_run;
    if (open_all(sender, options, error) != 0) {
        ka_sender_free(sender);
        return NULL;
    }
    return sender;
}

void ka_sender_free(struct ka_sender *sender)
{
    if (sender == NULL)
        return;
    libnet_t *handles[] = {sender->v4, sender->v6, sender->link};
    for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++)
        if (handles[i] != NULL)
            libnet_destroy(handles[i]);
    free(sender);
}

/* The segment: the ACK flag stands here and comes from nowhere else. */
static bool build_segment(libnet_t *handle, const struct ka_probe *probe)
{
    uint8_t options[12];
    static const uint8_t byte[1] = {0};
    size_t length = ka_probe_options(probe, options);
    if (length > 0 && libnet_build_tcp_options(options, (uint32_t)length, handle, 0) == -1)
        return false;
    return libnet_build_tcp(probe->src.port, probe->dst.port, probe->seq, probe->ack, FLAG_ACK,
                            probe->window, ka_probe_checksum(probe), 0,
                            (uint16_t)(TCP_HEADER + length + probe->length),
                            probe->length == 1 ? byte : NULL, probe->length == 1, handle, 0) != -1;
}

static bool build_ip(libnet_t *handle, const struct ka_probe *probe)
{
    uint16_t segment =
        (uint16_t)(TCP_HEADER + (probe->has_timestamps ? 12 : 0) + (probe->length == 1));
    uint32_t src4, dst4;
    struct libnet_in6_addr src6, dst6;
    if (probe->src.addr.family == 4) {
        memcpy(&src4, probe->src.addr.bytes, sizeof(src4));
        memcpy(&dst4, probe->dst.addr.bytes, sizeof(dst4));
        return libnet_build_ipv4((uint16_t)(IPV4_HEADER + segment), 0, 0, DONT_FRAGMENT, probe->ttl,
                                 IPPROTO_TCP, 0, src4, dst4, NULL, 0, handle, 0) != -1;
    }
    memcpy(&src6, probe->src.addr.bytes, sizeof(src6));
    memcpy(&dst6, probe->dst.addr.bytes, sizeof(dst6));
    return libnet_build_ipv6(0, 0, segment, IPPROTO_TCP, probe->ttl, src6, dst6, NULL, 0, handle,
                             0) != -1;
}

/* libnet's 802.1Q header is a whole Ethernet header with one tag; a second tag is its payload. */
static bool build_link(libnet_t *handle, const struct ka_probe *probe)
{
    const struct ka_probe_link *link = &probe->link;
    uint16_t type = probe->src.addr.family == 4 ? ETHERTYPE_IP : ETHERTYPE_IPV6;
    uint8_t inner[4];
    if (!link->present)
        return true;
    if (link->tag_count == 0)
        return libnet_build_ethernet(link->dst, link->src, type, NULL, 0, handle, 0) != -1;
    if (link->tag_count == 1)
        return libnet_build_802_1q(link->dst, link->src, link->tags[0].tpid, 0, 0, link->tags[0].id,
                                   type, NULL, 0, handle, 0) != -1;
    struct ka_builder builder = ka_builder_make(inner, sizeof(inner));
    ka_put_be16(&builder, link->tags[1].id);
    ka_put_be16(&builder, type);
    return libnet_build_802_1q(link->dst, link->src, link->tags[0].tpid, 0, 0, link->tags[0].id,
                               link->tags[1].tpid, inner, sizeof(inner), handle, 0) != -1;
}

static int write_packet(struct ka_sender *sender, libnet_t *handle, const struct ka_probe *probe,
                        const uint8_t *bytes, uint32_t length, struct ka_error *error)
{
    errno = 0;
    int written = sender->link != NULL          ? libnet_write_link(handle, bytes, length)
                  : probe->src.addr.family == 4 ? libnet_write_raw_ipv4(handle, bytes, length)
                                                : libnet_write_raw_ipv6(handle, bytes, length);
    /* libnet's own words name its function. */
    if (written != (int)length)
        return ka_error_set(error, "sending failed: %s",
                            errno != 0 ? strerror(errno) : libnet_geterror(handle));
    return 0;
}

size_t ka_sender_send(struct ka_sender *sender, const struct ka_probe *probe, uint8_t *out,
                      struct ka_error *error)
{
    uint8_t *built = NULL;
    uint32_t length = 0;
    bool sent = false;
    libnet_t *handle = sender->link != NULL                             ? sender->link
                       : sender->dry_run || probe->src.addr.family == 4 ? sender->v4
                                                                        : sender->v6;
    size_t expected = ka_probe_bytes(probe, out, KA_PROBE_BYTES_MAX);
    if (handle == NULL) {
        ka_error_set(error, "this host has no raw socket for IPv%u", probe->src.addr.family);
        return 0;
    }
    /* Each probe is built anew: headers left over would be sent again in front of it. The two steps
     * of libnet_write are taken one by one, to look at the bytes in between; its official way to
     * do so (libnet_adv_cull_packet) exists for link handles only. */
    libnet_clear_packet(handle);
    if (!build_segment(handle, probe) || !build_ip(handle, probe) || !build_link(handle, probe) ||
        libnet_pblock_coalesce(handle, &built, &length) == -1)
        ka_error_set(error, "libnet did not build the probe: %s", libnet_geterror(handle));
    else if (length != expected || memcmp(built, out, length) != 0)
        ka_error_set(error, "libnet built something else than the probe; nothing was sent");
    else
        sent = sender->dry_run || write_packet(sender, handle, probe, built, length, error) == 0;
    if (built != NULL)
        libnet_adv_free_packet(handle, built);
    return sent ? expected : 0;
}
