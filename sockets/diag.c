/* SPDX-License-Identifier: BSD-2-Clause */
#include "sockets/diag.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

struct mnl_socket *ka_diag_open(void)
{
    struct mnl_socket *netlink = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
    if (netlink == NULL || mnl_socket_bind(netlink, 0, MNL_SOCKET_AUTOPID) == 0)
        return netlink;
    int reason = errno;
    mnl_socket_close(netlink);
    errno = reason;
    return NULL;
}

struct nlmsghdr *ka_diag_request(char *buffer, uint8_t family, uint16_t flags, uint32_t sequence,
                                 struct inet_diag_req_v2 **request)
{
    struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
    header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
    header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    header->nlmsg_seq = sequence;
    *request = mnl_nlmsg_put_extra_header(header, sizeof(**request));
    (*request)->sdiag_family = family;
    (*request)->sdiag_protocol = IPPROTO_TCP;
    return header;
}
