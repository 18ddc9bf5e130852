#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A real NAT that forgets connections: what `kasniff report` says of a capture taken outside of it.
All scenarios run at the same time, in namespaces of their own. Needs root, ip, nft, tcpdump; skipped
aloud (77) otherwise."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scenarios  # noqa: E402
from lab import Lab, can_run  # noqa: E402

KASNIFF = os.path.abspath(os.environ.get("KASNIFF", "./kasniff"))
PORT = 7010
IDLE, LIMIT = 3, 1  # the client's keepalive time, and how long the NAT remembers, in seconds

NAT = """table ip nat {
chain after {
type nat hook postrouting priority 100
oifname "outside" meta l4proto tcp masquerade to :20000-60000 random
}
}
"""
RESET = "tcp[tcpflags] & tcp-rst != 0"


# --- the two ends, run in namespaces: `test_rebinding.py serve` and `call ADDRESS KEEPALIVE-TIME`

def serve():
    with socket.create_server(("0.0.0.0", PORT)) as listener:
        print("ready", flush=True)
        connection, _ = listener.accept()
        while data := connection.recv(4096):
            connection.sendall(data)


def call(address, idle):
    """Says "hello", and for each line on standard input something more; ends with the connection."""
    with socket.create_connection((address, PORT)) as connection:
        for option, value in ((socket.TCP_KEEPIDLE, int(idle)), (socket.TCP_KEEPINTVL, 1),
                              (socket.TCP_KEEPCNT, 3)):
            connection.setsockopt(socket.IPPROTO_TCP, option, value)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.sendall(b"hello")
        connection.recv(100)
        print("talked", flush=True)
        if sys.stdin.readline():
            connection.sendall(b"again")
        try:
            connection.recv(100)
            print("alive", flush=True)
        except OSError as error:
            print(error.strerror, flush=True)


# --- scenarios

class Path:
    """A client, a NAT, a server, one connection, and a capture between the NAT and the server."""

    def __init__(self, loose=1, limit=LIMIT, idle=IDLE):
        self.loose, self.limit, self.idle = loose, limit, idle
        self.lab = Lab()
        self.folder = tempfile.TemporaryDirectory()
        self.file = os.path.join(self.folder.name, "outside.pcap")

    def __enter__(self):
        self.lab.__enter__()
        lab, me = self.lab, [sys.executable, os.path.abspath(__file__)]
        for key, value in (("timeout_established", self.limit), ("loose", self.loose)):
            lab.sysctl(lab.router, "net.netfilter.nf_conntrack_tcp_" + key, value)
        lab.rules(NAT)
        self.tcpdump = lab.start(lab.router, ["tcpdump", "-U", "--immediate-mode", "-Z", "root",
                                              "-i", "outside", "-w", self.file, "tcp"],
                                 stderr=subprocess.PIPE)
        self.tcpdump.stderr.readline()
        server = lab.start(lab.server, me + ["serve"], stdout=subprocess.PIPE)
        server.stdout.readline()
        self.client = lab.start(lab.client, me + ["call", lab.server_address, str(self.idle)],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.client.stdout.readline() == "talked\n"
        return self

    def __exit__(self, *details):
        self.lab.__exit__(*details)
        self.folder.cleanup()

    def say(self):
        self.client.stdin.write("\n")
        self.client.stdin.flush()

    def wait_for(self, count, what):
        """Until the capture holds so many frames that match the filter."""
        deadline = time.monotonic() + 20
        while True:
            read = subprocess.run(["tcpdump", "-nr", self.file, what], capture_output=True, text=True)
            if len(read.stdout.splitlines()) >= count:
                return
            assert time.monotonic() < deadline, f"no {count} of {what}: {read.stdout}"
            time.sleep(0.05)

    def report(self, end="Connection reset by peer", last=RESET):
        """The report's events, when the client has come to its end and the capture holds that."""
        self.client.stdin.close()
        told = self.client.stdout.readline().strip()
        assert told == end, told
        self.wait_for(1, last)
        self.tcpdump.send_signal(signal.SIGINT)
        self.tcpdump.wait()
        report = subprocess.run([KASNIFF, "report", "--json", "--all", self.file],
                                capture_output=True, text=True, check=True)
        return [json.loads(line) for line in report.stdout.splitlines()]


def expect_one(events, address="10.9.2.1"):
    """The two connections, and the finding that links them. Returns its figures."""
    text = "\n".join(map(json.dumps, events))
    old, new = sorted((e for e in events if e["event_type"] == "connection"),
                      key=lambda e: e["flow_id"])
    found = [e for e in events if e["event_type"] == "finding"
             and e["finding"]["kind"] == "nat-rebinding"]
    assert len(found) == 1, text
    finding = found[0]["finding"]
    assert found[0]["flow_id"] == old["flow_id"] and finding["severity"] == "error", text
    assert finding["figures"]["new_flow_id"] == new["flow_id"], text
    assert new["src_ip"] == address, text
    for name in (f"{old['src_ip']}:{old['src_port']} ", f"{new['src_ip']}:{new['src_port']} "):
        assert name in finding["text"], text
    assert "reset it" in finding["text"] and len(finding["evidence"]) == 3, text
    return finding["figures"]


def a_probe_after_the_mapping_expired():
    with Path() as path:
        assert IDLE - 0.1 <= expect_one(path.report())["idle_s"] <= IDLE + 1.5


def data_after_the_table_was_flushed():
    with Path(limit=600, idle=600) as path:
        path.lab.run(path.lab.router, ["conntrack", "-F"])
        path.say()
        assert expect_one(path.report())["idle_s"] < 60


def a_probe_that_is_not_translated_any_more():
    with Path(loose=0) as path:
        expect_one(path.report(), Lab.client_address)


def a_mapping_that_holds():
    with Path(limit=600, idle=1) as path:
        path.wait_for(3, f"dst port {PORT} and tcp[tcpflags] == tcp-ack")
        path.say()
        events = path.report("alive", f"dst port {PORT} and tcp[tcpflags] & tcp-push != 0")
        assert not [e for e in events if e["event_type"] == "finding"
                    and e["finding"]["kind"] == "nat-rebinding"], events


def main():
    if sys.argv[1:2] == ["serve"]:
        return serve()
    if sys.argv[1:2] == ["call"]:
        return call(*sys.argv[2:])
    why_not = can_run()
    if why_not is None and shutil.which("tcpdump") is None:
        why_not = "tcpdump is not installed"
    if why_not is not None:
        print("skip - connections behind a NAT that forgets:", why_not)
        return 77
    chosen = [a_probe_after_the_mapping_expired, a_probe_that_is_not_translated_any_more,
              a_mapping_that_holds]
    if shutil.which("conntrack") is not None:
        chosen.append(data_after_the_table_was_flushed)
    else:
        print("skip - data_after_the_table_was_flushed: conntrack is not installed")
    return scenarios.run(scenarios.named({scenario.__name__: scenario for scenario in chosen}))


if __name__ == "__main__":
    sys.exit(main())
