/* SPDX-License-Identifier: BSD-2-Clause */
#include "sockets/lookup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { ANSWER_SIZE = 8192, ANSWER_MS = 500 };

struct ka_socket_lookup {
    struct mnl_socket *netlink;
    uint32_t sequence;
};

struct ka_socket_lookup *ka_socket_lookup_open(struct ka_error *error)
{
    struct ka_socket_lookup *lookup = calloc(1, sizeof(*lookup));
    struct mnl_socket *netlink = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
    if (lookup == NULL || netlink == NULL || mnl_socket_bind(netlink, 0, MNL_SOCKET_AUTOPID) != 0) {
        ka_error_set(error, "asking the kernel for TCP sockets (sock_diag): %s", strerror(errno));
        if (netlink != NULL)
            mnl_socket_close(netlink);
        free(lookup);
        return NULL;
    }
    /* The kernel answers at once; should it not, nobody waits for ever. */
    const struct timeval patience = {.tv_usec = ANSWER_MS * 1000};
    setsockopt(mnl_socket_get_fd(netlink), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    lookup->netlink = netlink;
    return lookup;
}

void ka_socket_lookup_close(struct ka_socket_lookup *lookup)
{
    if (lookup == NULL)
        return;
    mnl_socket_close(lookup->netlink);
    free(lookup);
}

static int on_answer(const struct nlmsghdr *header, void *context)
{
    int *state = context;
    struct inet_diag_msg message;
    if (mnl_nlmsg_get_payload_len(header) < sizeof(message))
        return MNL_CB_ERROR;
    memcpy(&message, mnl_nlmsg_get_payload(header), sizeof(message));
    *state = message.idiag_state;
    return MNL_CB_STOP;
}

int ka_socket_lookup_state(struct ka_socket_lookup *lookup, const struct ka_endpoint *local,
                           const struct ka_endpoint *peer)
{
    char buffer[ANSWER_SIZE];
    int state = -1;
    uint32_t sequence = ++lookup->sequence;
    struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
    header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
    header->nlmsg_flags = NLM_F_REQUEST;
    header->nlmsg_seq = sequence;
    struct inet_diag_req_v2 *request = mnl_nlmsg_put_extra_header(header, sizeof(*request));
    request->sdiag_family = local->addr.family == 4 ? AF_INET : AF_INET6;
    request->sdiag_protocol = IPPROTO_TCP;
    request->idiag_states = UINT32_MAX;
    request->id.idiag_sport = htons(local->port);
    request->id.idiag_dport = htons(peer->port);
    request->id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
    request->id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    memcpy(request->id.idiag_src, local->addr.bytes, sizeof(request->id.idiag_src));
    memcpy(request->id.idiag_dst, peer->addr.bytes, sizeof(request->id.idiag_dst));
    if (mnl_socket_sendto(lookup->netlink, header, header->nlmsg_len) < 0)
        return -1;
    unsigned port = mnl_socket_get_portid(lookup->netlink);
    ssize_t length = mnl_socket_recvfrom(lookup->netlink, buffer, sizeof(buffer));
    if (length < 0)
        return -1;
    if (mnl_cb_run(buffer, (size_t)length, sequence, port, on_answer, &state) == MNL_CB_ERROR)
        return errno == ENOENT ? 0 : -1;
    return state;
}
