/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A TCP peer that is not Linux: lwIP on a tap device that exists already and is named by the
 * environment (PRECONFIGURED_TAPIF). It serves 10.9.3.2 and fd09:3::2, echoes on port 7000, and on
 * port 7001 also sends keepalives after a second. A line on standard input makes every connection
 * be gone without a word; its end ends the program.
 */
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/tcp.h>
#include <lwip/tcpip.h>
#include <netif/tapif.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ECHO_PORT = 7000, KEEPALIVE_PORT = 7001, CONNECTIONS_MAX = 8 };

struct peer {
    struct netif netif;
    struct tcp_pcb *connections[CONNECTIONS_MAX];
};

/* The pcb in the list becomes another one, or NULL. */
static void replace(struct peer *peer, const struct tcp_pcb *old, struct tcp_pcb *new)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (peer->connections[i] == old) {
            peer->connections[i] = new;
            return;
        }
    }
}

static err_t echo(void *arg, struct tcp_pcb *pcb, struct pbuf *data, err_t status)
{
    if (status != ERR_OK)
        return status;
    if (data == NULL) {
        replace(arg, pcb, NULL);
        return tcp_close(pcb);
    }
    for (struct pbuf *part = data; part != NULL; part = part->next)
        if (tcp_write(pcb, part->payload, part->len, TCP_WRITE_FLAG_COPY) != ERR_OK)
            break;
    tcp_recved(pcb, data->tot_len);
    pbuf_free(data);
    return tcp_output(pcb);
}

static err_t accepted(void *arg, struct tcp_pcb *pcb, err_t status)
{
    struct peer *peer = arg;
    if (status != ERR_OK || pcb == NULL)
        return ERR_VAL;
    replace(peer, NULL, pcb);
    if (pcb->local_port == KEEPALIVE_PORT) {
        pcb->so_options |= SOF_KEEPALIVE;
        pcb->keep_idle = 1000;
        pcb->keep_intvl = 1000;
        pcb->keep_cnt = 5;
    }
    tcp_recv(pcb, echo);
    return ERR_OK;
}

static void listen_on(struct peer *peer, uint16_t port)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
    if (pcb == NULL || tcp_bind(pcb, IP_ANY_TYPE, port) != ERR_OK)
        exit(1);
    pcb = tcp_listen(pcb);
    tcp_arg(pcb, peer);
    tcp_accept(pcb, accepted);
}

static void start(void *arg)
{
    struct peer *peer = arg;
    ip4_addr_t address;
    ip4_addr_t mask;
    ip4_addr_t gateway;
    ip6_addr_t address6;
    s8_t index = 1;
    IP4_ADDR(&address, 10, 9, 3, 2);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&gateway, 10, 9, 3, 1);
    if (netif_add(&peer->netif, &address, &mask, &gateway, NULL, tapif_init, tcpip_input) == NULL)
        exit(1);
    netif_set_default(&peer->netif);
    netif_create_ip6_linklocal_address(&peer->netif, 1);
    if (ip6addr_aton("fd09:3::2", &address6) == 0 ||
        netif_add_ip6_address(&peer->netif, &address6, &index) != ERR_OK)
        exit(1);
    netif_set_up(&peer->netif);
    netif_ip6_addr_set_state(&peer->netif, index, IP6_ADDR_PREFERRED);
    listen_on(peer, ECHO_PORT);
    listen_on(peer, KEEPALIVE_PORT);
    puts("listening");
    fflush(stdout);
}

static void vanish(void *arg)
{
    struct peer *peer = arg;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (peer->connections[i] != NULL)
            tcp_abandon(peer->connections[i], 0);
        peer->connections[i] = NULL;
    }
    puts("gone");
    fflush(stdout);
}

int main(void)
{
    static struct peer peer;
    char line[64];
    tcpip_init(start, &peer);
    while (fgets(line, sizeof(line), stdin) != NULL)
        tcpip_callback(vanish, &peer);
    return 0;
}
