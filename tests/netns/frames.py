# SPDX-License-Identifier: BSD-2-Clause
"""Frames by hand, for test_live.py: `frames.py storm INTERFACE COUNT` sends both sides of a made up
connection with so many answered probes; `frames.py tag PLAIN TAGGED ID` carries frames between two
interfaces, with a VLAN tag on the second, as a switch does; `frames.py whole INTERFACE` has the
kernel fill in the checksums of what leaves there, which a switch of ours could not."""
import ctypes
import fcntl
import select
import socket
import struct
import sys

ALL, SOL_PACKET, PACKET_AUXDATA, PACKET_OUTGOING, VLAN_VALID = 3, 263, 8, 4, 1 << 4
SYN, ACK, PSH = 2, 16, 8
SIOCETHTOOL, SET_TX_CHECKSUM = 0x8946, 0x17


def segment(to_server, seq, ack, flags, data=b"", number=0):
    """Between 198.51.100.1:2000 and 198.51.100.2:5432; the checksums are those of a card that would
    fill them in."""
    hosts = [(bytes([198, 51, 100, 1]), 2000), (bytes([198, 51, 100, 2]), 5432)]
    (source, source_port), (target, target_port) = hosts if to_server else hosts[::-1]
    tcp = struct.pack("!HHIIBBHHH", source_port, target_port, seq, ack, 5 << 4, flags, 8192, 0, 0)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40 + len(data), number, 0, 64, 6, 0, source, target)
    return b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip + tcp + data


def storm(interface, count):
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    out.bind((interface, 0))
    for frame in (segment(True, 100, 0, SYN), segment(False, 900, 101, SYN | ACK),
                  segment(True, 101, 901, ACK), segment(True, 101, 901, ACK | PSH, b"hello"),
                  segment(False, 901, 106, ACK)):
        out.send(frame)
    for number in range(1, count + 1):  # in the IP header: none is a copy of another
        out.send(segment(True, 105, 901, ACK, number=number))
        out.send(segment(False, 901, 106, ACK, number=number))


def open_raw(interface):
    both = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL))
    both.bind((interface, ALL))
    both.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    return both


def receive(raw):
    """A frame that came from outside and whether it had a tag, which the kernel took off; or None.
    """
    data, extras, _, address = raw.recvmsg(65536, 256)
    if address[2] == PACKET_OUTGOING:
        return None
    status = [struct.unpack_from("=I", extra)[0] for *_, extra in extras]
    return data, any(word & VLAN_VALID for word in status)


def tag(plain_name, tagged_name, number):
    plain, tagged = open_raw(plain_name), open_raw(tagged_name)
    print("ready", flush=True)
    while True:
        for raw in select.select([plain, tagged], [], [])[0]:
            frame = receive(raw)
            if frame is None:
                continue
            data, has_tag = frame
            if raw is plain:
                tagged.send(data[:12] + struct.pack("!HH", 0x8100, number) + data[12:])
            elif has_tag:
                plain.send(data)


def whole(interface):
    value = ctypes.create_string_buffer(struct.pack("=II", SET_TX_CHECKSUM, 0))
    request = struct.pack("16sP16x", interface.encode(), ctypes.addressof(value))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCETHTOOL, request)


if __name__ == "__main__":
    if sys.argv[1] == "storm":
        storm(sys.argv[2], int(sys.argv[3]))
    elif sys.argv[1] == "whole":
        whole(sys.argv[2])
    else:
        tag(sys.argv[2], sys.argv[3], int(sys.argv[4]))
