/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The kernel's list of TCP sockets: sock_diag(7) over netlink.
 */
#include "sockets/sockets.h"

#include "sockets/diag.h"
#include "sockets/namespace.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* Connection requests stand in the kernel's tables under a state of their own. */
enum { NEW_SYN_RECV = 12 };

enum { DUMP_BUFFER_SIZE = 64 * 1024, FIRST_ROOM = 256 };

struct dump {
    struct ka_socket_list *list;
    uint32_t states;
    bool out_of_memory;
};

static struct ka_socket *append(struct ka_socket_list *list)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? FIRST_ROOM : 2 * list->room;
        struct ka_socket *sockets = reallocarray(list->sockets, room, sizeof(*sockets));
        if (sockets == NULL)
            return NULL;
        list->sockets = sockets;
        list->room = room;
    }
    return &list->sockets[list->count++];
}

static struct ka_endpoint endpoint(uint8_t family, const uint32_t words[4], uint16_t port)
{
    uint8_t bytes[16];
    memcpy(bytes, words, sizeof(bytes));
    struct ka_addr addr = ka_addr_make(family == AF_INET ? 4 : 6, bytes);
    return (struct ka_endpoint){.addr = ka_addr_unmapped(&addr), .port = port};
}

/* idiag_timer as inet_diag(4) and the kernel's inet_sk_diag_fill number it. */
static enum ka_socket_timer timer_kind(const struct inet_diag_msg *message)
{
    switch (message->idiag_timer) {
    case 1:
        return KA_SOCKET_TIMER_RETRANSMIT;
    case 2:
        /* The same timer ends a FIN-WAIT-2 that no process waits for. */
        return message->idiag_inode == 0 && message->idiag_state == KA_SOCKET_FIN_WAIT_2
                   ? KA_SOCKET_TIMER_FIN_WAIT
                   : KA_SOCKET_TIMER_KEEPALIVE;
    case 3:
        return KA_SOCKET_TIMER_TIME_WAIT;
    case 4:
        return KA_SOCKET_TIMER_WINDOW_PROBE;
    default:
        return KA_SOCKET_TIMER_NONE;
    }
}

/* While no other timer hides it, an open connection has a keepalive timer exactly when keepalive is
 * on: it is armed with the option, or when the connection opens, and restarts itself. */
static enum ka_socket_keepalive keepalive_by_timer(const struct ka_socket *socket)
{
    if (!ka_socket_is_open(socket))
        return KA_SOCKET_KEEPALIVE_UNREADABLE;
    if (socket->timer == KA_SOCKET_TIMER_KEEPALIVE)
        return KA_SOCKET_KEEPALIVE_ON;
    return socket->timer == KA_SOCKET_TIMER_NONE ? KA_SOCKET_KEEPALIVE_OFF
                                                 : KA_SOCKET_KEEPALIVE_UNREADABLE;
}

static ka_time milliseconds(uint32_t value)
{
    return value * KA_MILLISECOND;
}

/* tcp_info means something only once the connection was established; older kernels' is shorter. */
static int on_attribute(const struct nlattr *attribute, void *context)
{
    struct ka_socket *socket = context;
    struct tcp_info info;
    size_t length = mnl_attr_get_payload_len(attribute);
    memset(&info, 0, sizeof(info));
    if (mnl_attr_get_type(attribute) != INET_DIAG_INFO ||
        length < offsetof(struct tcp_info, tcpi_pmtu) || socket->state == KA_SOCKET_SYN_SENT ||
        socket->state == KA_SOCKET_SYN_RECV || socket->state == KA_SOCKET_LISTEN ||
        socket->state == KA_SOCKET_CLOSE)
        return MNL_CB_OK;
    memcpy(&info, mnl_attr_get_payload(attribute), length < sizeof(info) ? length : sizeof(info));
    socket->last_sent = milliseconds(info.tcpi_last_data_sent);
    socket->last_received =
        milliseconds(info.tcpi_last_data_recv < info.tcpi_last_ack_recv ? info.tcpi_last_data_recv
                                                                        : info.tcpi_last_ack_recv);
    return MNL_CB_OK;
}

static int on_socket(const struct nlmsghdr *header, void *context)
{
    struct dump *dump = context;
    struct inet_diag_msg message;
    if (mnl_nlmsg_get_payload_len(header) < sizeof(message))
        return MNL_CB_OK;
    memcpy(&message, mnl_nlmsg_get_payload(header), sizeof(message));
    if (message.idiag_state == NEW_SYN_RECV)
        message.idiag_state = KA_SOCKET_SYN_RECV;
    if (message.idiag_state >= KA_SOCKET_STATE_COUNT ||
        (dump->states & KA_SOCKET_STATE_BIT(message.idiag_state)) == 0)
        return MNL_CB_OK;
    struct ka_socket *socket = append(dump->list);
    if (socket == NULL) {
        dump->out_of_memory = true;
        return MNL_CB_STOP;
    }
    *socket = (struct ka_socket){
        .local =
            endpoint(message.idiag_family, message.id.idiag_src, ntohs(message.id.idiag_sport)),
        .peer = endpoint(message.idiag_family, message.id.idiag_dst, ntohs(message.id.idiag_dport)),
        .inode = message.idiag_inode,
        .device = message.id.idiag_if,
        .state = message.idiag_state,
        .timer = timer_kind(&message),
        .expires = message.idiag_timer == 0 ? KA_TIME_NONE : milliseconds(message.idiag_expires),
        .unanswered = message.idiag_timer == 0 ? 0 : message.idiag_retrans,
        .last_sent = KA_TIME_NONE,
        .last_received = KA_TIME_NONE,
        .user_timeout = KA_TIME_NONE,
        .times = {KA_TIME_NONE, KA_TIME_NONE, 0},
        .descriptor = -1,
        .access = KA_SOCKET_NO_PROCESS,
    };
    mnl_attr_parse(header, sizeof(message), on_attribute, socket);
    socket->keepalive = (uint8_t)keepalive_by_timer(socket);
    if (socket->inode == 0 && ka_socket_is_open(socket))
        socket->access = KA_SOCKET_NOT_ACCEPTED;
    return MNL_CB_OK;
}

static int dump_family(struct mnl_socket *netlink, uint8_t family, uint32_t sequence,
                       struct dump *dump, char *buffer)
{
    struct inet_diag_req_v2 *request;
    struct nlmsghdr *header = ka_diag_request(buffer, family, NLM_F_DUMP, sequence, &request);
    request->idiag_ext = 1 << (INET_DIAG_INFO - 1);
    request->idiag_states = dump->states;
    if ((dump->states & KA_SOCKET_STATE_BIT(KA_SOCKET_SYN_RECV)) != 0)
        request->idiag_states |= 1u << NEW_SYN_RECV;
    if (mnl_socket_sendto(netlink, header, header->nlmsg_len) < 0)
        return -1;
    unsigned port = mnl_socket_get_portid(netlink);
    int more = MNL_CB_OK;
    while (more > MNL_CB_STOP) {
        ssize_t length = mnl_socket_recvfrom(netlink, buffer, DUMP_BUFFER_SIZE);
        if (length < 0)
            return -1;
        more = mnl_cb_run(buffer, (size_t)length, sequence, port, on_socket, dump);
    }
    if (dump->out_of_memory)
        errno = ENOMEM;
    return more < 0 || dump->out_of_memory ? -1 : 0;
}

static int dump_all(struct dump *dump, struct ka_error *error)
{
    int result = -1;
    char *buffer = malloc(DUMP_BUFFER_SIZE);
    struct mnl_socket *netlink = ka_diag_open();
    if (buffer == NULL || netlink == NULL || dump_family(netlink, AF_INET, 1, dump, buffer) != 0 ||
        dump_family(netlink, AF_INET6, 2, dump, buffer) != 0)
        ka_error_set(error, "listing TCP sockets (sock_diag): %s%s", strerror(errno),
                     errno == ENOENT ? "; load the kernel module tcp_diag" : "");
    else
        result = 0;
    if (netlink != NULL)
        mnl_socket_close(netlink);
    free(buffer);
    return result;
}

int ka_sockets_list(const struct ka_socket_query *query, struct ka_socket_list *list,
                    struct ka_error *error)
{
    struct ka_namespace namespace;
    struct dump dump = {.list = list, .states = query->states};
    *list = (struct ka_socket_list){0};
    if (ka_namespace_enter(&namespace, query->netns_pid, error) != 0)
        return -1;
    int result = dump_all(&dump, error);
    ka_namespace_defaults(&list->defaults);
    if (ka_namespace_leave(&namespace, result == 0 ? error : NULL) != 0)
        result = -1;
    if (result != 0)
        ka_socket_list_fini(list);
    return result;
}

void ka_socket_list_fini(struct ka_socket_list *list)
{
    free(list->sockets);
    *list = (struct ka_socket_list){0};
}
