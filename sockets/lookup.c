/* SPDX-License-Identifier: BSD-2-Clause */
#include "sockets/lookup.h"

#include "sockets/diag.h"

#include <arpa/inet.h>
#include <errno.h>
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
    struct mnl_socket *netlink = ka_diag_open();
    if (lookup == NULL || netlink == NULL) {
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

/* The answer to the question of this number: what came too late for an earlier one is passed over.
 * Returns its length, or -1 when none came. */
static ssize_t receive_answer(const struct ka_socket_lookup *lookup, uint32_t sequence,
                              char buffer[ANSWER_SIZE])
{
    struct nlmsghdr header = {.nlmsg_seq = 0};
    ssize_t length;
    do {
        length = mnl_socket_recvfrom(lookup->netlink, buffer, ANSWER_SIZE);
        if (length >= (ssize_t)sizeof(header))
            memcpy(&header, buffer, sizeof(header));
    } while (length >= 0 && header.nlmsg_seq != sequence);
    return length;
}

int ka_socket_lookup_state(struct ka_socket_lookup *lookup, const struct ka_endpoint *local,
                           const struct ka_endpoint *peer, unsigned device)
{
    char buffer[ANSWER_SIZE];
    int state = -1;
    uint32_t sequence = ++lookup->sequence;
    struct inet_diag_req_v2 *request;
    uint8_t family = local->addr.family == 4 ? AF_INET : AF_INET6;
    struct nlmsghdr *header = ka_diag_request(buffer, family, 0, sequence, &request);
    request->idiag_states = UINT32_MAX;
    request->id.idiag_sport = htons(local->port);
    request->id.idiag_dport = htons(peer->port);
    request->id.idiag_if = device;
    request->id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
    request->id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    memcpy(request->id.idiag_src, local->addr.bytes, sizeof(request->id.idiag_src));
    memcpy(request->id.idiag_dst, peer->addr.bytes, sizeof(request->id.idiag_dst));
    if (mnl_socket_sendto(lookup->netlink, header, header->nlmsg_len) < 0)
        return -1;
    unsigned port = mnl_socket_get_portid(lookup->netlink);
    ssize_t length = receive_answer(lookup, sequence, buffer);
    if (length < 0)
        return -1;
    if (mnl_cb_run(buffer, (size_t)length, sequence, port, on_answer, &state) == MNL_CB_ERROR)
        return errno == ENOENT ? 0 : -1;
    return state;
}
