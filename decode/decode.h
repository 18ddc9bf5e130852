/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From a frame to a packet: link types, VLAN tags, tunnels, IPv4, IPv6, TCP, ICMP errors. Checks
 * every length against what was captured; checksums are never judged (offload leaves them wrong).
 */
#ifndef KA_DECODE_DECODE_H
#define KA_DECODE_DECODE_H

#include "decode/packet.h"

/* Decodes one frame into *packet. Returns KA_DECODED, or the reason why there is no packet; then
 * *packet holds nothing of use. *frame is kept by reference in the packet. Never fails otherwise,
 * takes no memory. */
enum ka_undecoded ka_decode(const struct ka_frame *frame, struct ka_packet *packet);

#endif
