# SPDX-License-Identifier: BSD-2-Clause
"""Two hosts and a router between them as network namespaces, IPv4 and IPv6, with random names,
deleted on exit; connections between the hosts, both ends of which this process holds; and kasniff
probe run in any of them.

client 10.9.1.2, fd09:1::2 -- router -- 10.9.2.2, fd09:2::2 server"""

import contextlib
import ctypes
import json
import os
import secrets
import socket
import struct
import subprocess
import tempfile
import threading
import time

from lab import can_run

KASNIFF = os.path.abspath(os.environ.get("KASNIFF", "kasniff"))
CLONE_NEWNET = 0x40000000
TCP_REPAIR = 19
SO_RCVBUFFORCE = 33
SO_TIMESTAMPNS = 35
LIBC = ctypes.CDLL(None, use_errno=True)
CLIENT = {4: "10.9.1.2", 6: "fd09:1::2"}
SERVER = {4: "10.9.2.2", 6: "fd09:2::2"}
ENDS = (("client", "1"), ("server", "2"))


def why_not():
    """None, or why none of this can run here."""
    if not os.access(os.path.join(os.path.dirname(KASNIFF), "kasniff-inject"), os.X_OK):
        return "kasniff-inject is not built"
    return can_run()


def endpoint(name):
    return f"[{name[0]}]:{name[1]}" if ":" in name[0] else f"{name[0]}:{name[1]}"


class Verdict:
    """What a run of kasniff probe came to."""

    def __init__(self, done):
        self.status = done.returncode
        self.errors = done.stderr
        self.events = [json.loads(line) for line in done.stdout.splitlines()]
        self.verdicts = [e["verdict"] for e in self.events if e["event_type"] == "verdict"]
        self.last = self.verdicts[-1] if self.verdicts else {"verdict": "none", "why": ""}

    def __str__(self):
        return f"status {self.status}, {self.verdicts}, {self.errors.strip()}"


class Lab:
    """The three namespaces."""

    def __init__(self):
        tag = secrets.token_hex(4)
        self.space = {end: f"ka-{tag}-{end[0]}" for end in ("client", "router", "server")}
        self.scratch = tempfile.TemporaryDirectory(prefix="ka-probe-")
        self.connections = []
        self.lock = threading.Lock()
        self.runs = 0

    def __enter__(self):
        try:
            self.build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def build(self):
        for space in self.space.values():
            subprocess.run(["ip", "netns", "add", space], check=True)
        for end, number in ENDS:
            subprocess.run(["ip", "link", "add", "wire", "netns", self.space[end], "type", "veth",
                            "peer", "name", end, "netns", self.space["router"]], check=True)
            self.batch(end, f"""link set lo up
                address add 10.9.{number}.2/24 dev wire
                address add fd09:{number}::2/64 dev wire nodad
                link set wire up
                route add default via 10.9.{number}.1
                -6 route add default via fd09:{number}::1""")
            self.batch("router", f"""link set lo up
                address add 10.9.{number}.1/24 dev {end}
                address add fd09:{number}::1/64 dev {end} nodad
                link set {end} up""")
        self.sysctl("router", "net/ipv4/ip_forward", 1)
        self.sysctl("router", "net/ipv6/conf/all/forwarding", 1)

    def __exit__(self, *_):
        for connection in self.connections:
            connection.close()
        for space in self.space.values():
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)
        self.scratch.cleanup()

    def batch(self, end, lines):
        lines = [line.strip() for line in lines.splitlines()]
        self.ip(end, [line for line in lines if not line.startswith("-6 ")])
        self.ip(end, [line[3:] for line in lines if line.startswith("-6 ")], "-6")

    def ip(self, end, lines, *options):
        subprocess.run(["ip", *options, "-n", self.space[end], "-batch", "-"], check=True,
                       input="\n".join(lines) + "\n", text=True, capture_output=True)

    def sysctl(self, end, key, value):
        with self.inside(end):
            # /proc/sys shows the namespace of the thread that opens the file.
            with open("/proc/sys/" + key, "w", encoding="ascii") as file:
                file.write(str(value))

    def rules(self, text, end="router"):
        subprocess.run(["ip", "netns", "exec", self.space[end], "nft", "-f", "-"], input=text,
                       text=True, check=True)

    @contextlib.contextmanager
    def inside(self, end):
        """This thread is in the namespace meanwhile; sockets made there stay there."""
        with open("/proc/thread-self/ns/net", "rb") as home, \
                open("/run/netns/" + self.space[end], "rb") as there:
            if LIBC.setns(there.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            try:
                yield
            finally:
                LIBC.setns(home.fileno(), CLONE_NEWNET)

    def connect(self, family=4, **options):
        connection = Connection(self, family, **options)
        with self.lock:
            self.connections.append(connection)
        return connection

    def probe(self, end, *arguments):
        return Verdict(self.tell(end, "--json", *arguments))

    def tell(self, end, *arguments, timeout=60):
        """The finished process, with what it wrote."""
        with self.lock:
            self.runs += 1
            log = os.path.join(self.scratch.name, f"log{self.runs}")
        usual = [] if "--log" in arguments else ["--log", log]
        return subprocess.run(["ip", "netns", "exec", self.space[end], KASNIFF, "probe", *usual,
                               *arguments], capture_output=True, text=True, timeout=timeout,
                              check=False)

    def record(self, end):
        return Recording(self, end)


def reach(lab, kind, address):
    """Connects; the neighbours of a link just made are not always found at once."""
    until = time.monotonic() + 20
    while True:
        with lab.inside("client"):
            client = socket.socket(kind)
        client.settimeout(10)
        try:
            client.connect(address)
            return client
        except OSError:
            client.close()
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


class Connection:
    """A TCP connection from the client to the server; both ends are sockets here."""

    def __init__(self, lab, family, receive_buffer=None):
        kind = socket.AF_INET if family == 4 else socket.AF_INET6
        with lab.inside("server"):
            listener = socket.socket(kind)
            if receive_buffer:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            listener.bind((SERVER[family], 0))
            listener.listen()
        self.client = reach(lab, kind, listener.getsockname()[:2])
        self.server, peer = listener.accept()
        listener.close()
        self.server.settimeout(10)
        self.lab = lab
        self.family = family
        self.server_port = self.server.getsockname()[1]
        self.seen = endpoint(peer)  # the client as the server knows it
        self.ends = {"client": endpoint(self.client.getsockname()),
                     "server": endpoint(self.client.getpeername())}

    def talk(self, size=1000):
        """Bytes both ways, compared."""
        for one, other in ((self.client, self.server), (self.server, self.client)):
            data = secrets.token_bytes(size)
            one.sendall(data)
            got = b""
            while len(got) < size:
                more = other.recv(size - len(got))
                if not more:
                    return False
                got += more
            if got != data:
                return False
        return True

    def later(self, seconds, *actions):
        """Does these in a thread, so that they are seen by who listens meanwhile."""
        def run():
            time.sleep(seconds)
            for action in actions:
                action()
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def vanish(self, end):
        """This end is gone without a word, as after a crash."""
        gone = self.server if end == "server" else self.client
        gone.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        gone.close()

    def state(self, end):
        one = self.server if end == "server" else self.client
        return one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]

    def probe(self, place, asked, *arguments, **options):
        """Asks `asked` from `place`."""
        other = "client" if asked == "server" else "server"
        return self.lab.probe(place, *arguments, self.ends[other], self.ends[asked], **options)

    def close(self):
        for one in (self.client, self.server):
            one.close()


class Recording:
    """What passes all interfaces of a namespace, as a pcap file."""

    def __init__(self, lab, end):
        self.path = os.path.join(lab.scratch.name, f"{end}-{secrets.token_hex(4)}.pcap")
        with lab.inside(end):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.settimeout(0.1)
        self.frames = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ended.is_set():
            with contextlib.suppress(socket.timeout):
                frame, more, _, address = self.socket.recvmsg(65535, socket.CMSG_SPACE(16))
                seconds, rest = struct.unpack("qq", more[0][2])  # the kernel's stamp, not ours
                self.frames.append((seconds + rest / 1e9, frame, address))

    def stop(self):
        """Ends it; returns the path of the file."""
        time.sleep(0.2)
        self.ended.set()
        self.thread.join()
        self.socket.close()
        with open(self.path, "wb") as file:
            file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
            for at, frame, address in self.frames:
                if address[0] == "lo":
                    continue
                file.write(struct.pack("<IIII", int(at), int(at % 1 * 1e6), len(frame),
                                       len(frame)))
                file.write(frame)
        return self.path
