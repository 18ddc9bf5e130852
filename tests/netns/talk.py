# SPDX-License-Identifier: BSD-2-Clause
"""One end of the connections of test_live.py: `talk.py serve ADDRESS...` or `talk.py call ADDRESS...`.

Each port of the plan is used with every address. The server obeys lines on standard input: "vanish"
closes the connections of VANISHES at once (a reset, which the test has a firewall swallow)."""
import socket
import struct
import sys
import threading
import time

ANSWERED, CUT, VANISHES, ICMP, STALLED, HALF_CLOSED, BOTH = range(1001, 1008)
PORTS = (ANSWERED, CUT, VANISHES, ICMP, STALLED, HALF_CLOSED, BOTH)
BY_SERVER = (HALF_CLOSED, BOTH)
IDLE, INTERVAL, COUNT = 1, 1, 3


def probe(connection):
    for option, value in ((socket.TCP_KEEPIDLE, IDLE), (socket.TCP_KEEPINTVL, INTERVAL),
                          (socket.TCP_KEEPCNT, COUNT)):
        connection.setsockopt(socket.IPPROTO_TCP, option, value)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve(addresses, ports):
    accepted = []

    def accept(listener, port):
        while True:
            connection, _ = listener.accept()
            if port in BY_SERVER:
                probe(connection)
            if port != STALLED:
                connection.recv(100)
            accepted.append((port, connection))

    for address in addresses:
        for port in ports:
            listener = socket.socket(family(address))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if port == STALLED:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            listener.bind((address, port))
            listener.listen()
            threading.Thread(target=accept, args=(listener, port), daemon=True).start()
    print("ready", flush=True)
    for line in sys.stdin:
        for port, connection in accepted:
            if line == "vanish\n" and port == VANISHES:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
        print("done", flush=True)


def call(addresses, ports):
    held = []
    for address in addresses:
        for port in ports:
            connection = socket.socket(family(address))
            if port != HALF_CLOSED:
                probe(connection)
            connection.settimeout(10)
            connection.connect((address, port))
            connection.setblocking(False)
            connection.send(b"hello")
            if port == STALLED:
                try:
                    while True:
                        connection.send(bytes(4096))
                except BlockingIOError:
                    pass
            if port == HALF_CLOSED:
                connection.shutdown(socket.SHUT_WR)
            held.append(connection)
    print("ready", flush=True)
    while True:
        time.sleep(60)


if __name__ == "__main__":
    chosen = [int(word) for word in sys.argv[2:] if word.isdigit()]
    where = [word for word in sys.argv[2:] if not word.isdigit()]
    (serve if sys.argv[1] == "serve" else call)(where, chosen or PORTS)
