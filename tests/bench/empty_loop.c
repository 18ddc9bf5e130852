/* SPDX-License-Identifier: BSD-2-Clause
 *
 * empty_loop FILE: what everything is measured against. libpcap reads the capture and hands each
 * packet to a callback that does nothing.
 */
#include <pcap/pcap.h>
#include <stdio.h>

static void nothing(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
    (void)user;
    (void)header;
    (void)bytes;
}

int main(int argc, char **argv)
{
    char error[PCAP_ERRBUF_SIZE];
    if (argc != 2) {
        fputs("usage: empty_loop FILE\n", stderr);
        return 2;
    }
    pcap_t *pcap = pcap_open_offline(argv[1], error);
    if (pcap == NULL) {
        fprintf(stderr, "empty_loop: %s\n", error);
        return 1;
    }
    int status = pcap_loop(pcap, -1, nothing, NULL);
    if (status < 0)
        pcap_perror(pcap, argv[1]);
    pcap_close(pcap);
    return status < 0;
}
