#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""kasniff on interfaces, with real kernels on both ends and a router between them: all connections
of talk.py live in one lab, told apart by their ports, and several kasniffs watch at the same time.
Needs root, ip, nft; skipped aloud (77) otherwise."""
import fcntl
import functools
import json
import os
import pty
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import scenarios  # noqa: E402
import talk  # noqa: E402
from lab import Lab, can_run  # noqa: E402

KASNIFF = os.path.abspath(os.environ.get("KASNIFF", "./kasniff"))
FRAMES = os.path.join(HERE, "frames.py")
TALK = os.path.join(HERE, "talk.py")
NO_SECCOMP = any(f"#define {name} 1" in open("config.h", encoding="utf-8").read()
                 for name in ("KA_SANITIZED", "KA_COVERAGE"))
SERVER6, CLIENT6 = "fd09:2::2", "fd09:1::2"
SECONDS = 1.0
PART = threading.local()  # the lines of the part that this thread plays


def check(name, holds, more=""):
    PART.lines.append(("ok - " if holds else "not ok - ") + name +
                      (f": {more}" if more and not holds else ""))


def skip(name):
    PART.lines.append("skip - " + name)


def eventually(condition, seconds=10.0):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    return None


class Watch:
    """A kasniff in a namespace, its output gathered in files."""

    def __init__(self, lab, where, *arguments, env=None, stdout=None, user=None):
        self.folder = tempfile.mkdtemp(dir=lab.folder)
        os.chmod(self.folder, 0o777)
        self.out, self.err = (os.path.join(self.folder, name) for name in ("out", "err"))
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = lab.start(where, [*(user or []), KASNIFF, *arguments],
                                     stdout=stdout or out, stderr=err, cwd=self.folder,
                                     stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})

    def stderr(self):
        return open(self.err, encoding="utf-8").read()

    def text(self):
        return open(self.out, encoding="utf-8").read()

    def events(self):
        return [json.loads(line) for line in self.text().splitlines(True) if line.endswith("\n")]

    def ready(self):
        """Waits until it has dropped its privileges: from then on it sees packets."""
        wanted = "NoNewPrivs:\t1" if NO_SECCOMP else "Seccomp:\t2"
        held = eventually(lambda: wanted in self.status() or self.process.poll() is not None)
        assert held and self.process.poll() is None, self.stderr()
        return self

    def status(self):
        try:
            with open(f"/proc/{self.process.pid}/status", encoding="ascii") as stream:
                return stream.read()
        except OSError:
            return ""

    def wait(self):
        """How it ends by itself."""
        try:
            return self.process.wait(5)
        except subprocess.TimeoutExpired:
            return "still running"

    def end(self, number=signal.SIGTERM):
        """Ends it; its exit status and how long it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        status = self.wait()
        return status, time.monotonic() - began


class LiveLab(Lab):
    """The lab with IPv6, a folder for results, and an end of every connection on each side."""

    def __enter__(self):
        super().__enter__()
        self.folder = tempfile.mkdtemp()
        os.chmod(self.folder, 0o777)
        for name, address, gateway, inner in ((self.client, CLIENT6, "fd09:1::1", "inside"),
                                              (self.server, SERVER6, "fd09:2::1", "outside")):
            self.run(self.router, ["ip", "address", "add", gateway + "/64", "dev", inner, "nodad"])
            self.run(name, ["ip", "address", "add", address + "/64", "dev", "wire", "nodad"])
            self.run(name, ["ip", "route", "add", "default", "via", gateway])
        self.sysctl(self.router, "net.ipv6.conf.all.forwarding", 1)
        return self

    def __exit__(self, *details):
        super().__exit__(*details)
        shutil.rmtree(self.folder)

    def talk(self, where, *arguments):
        process = self.start(where, [sys.executable, TALK, *arguments], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
        assert process.stdout.readline() == "ready\n", "talk.py does not start"
        return process


# --- what the connections show

def of(events, port, address, kind=None):
    return [event for event in events
            if port in (event.get("src_port"), event.get("dest_port")) and
            address in (event.get("src_ip"), event.get("dest_ip")) and
            (kind is None or event["event_type"] == kind)]


def states(events):
    return [event["state"]["to"] for event in events if event["event_type"] == "state"]


def judge(events, address, where):
    """The behaviour of each port of talk.py with this server address."""
    name = f"{where}, {address}"

    def mine(port, kind=None):
        return of(events, port, address, kind)

    found = mine(talk.ANSWERED, "answer")
    check(f"{name}: keepalives are answered", len(found) >= 4 and
          all(event["answer"]["result"] == "ack" for event in found), str(found))
    check(f"{name}: and the peer is alive, no more, no less",
          states(mine(talk.ANSWERED)) == ["alive"], str(states(mine(talk.ANSWERED))))
    gaps = [event["probe"]["idle_s"] for event in mine(talk.ANSWERED, "probe")]
    check(f"{name}: every second", gaps and all(0.9 < gap < 1.3 for gap in gaps), str(gaps))
    check(f"{name}: a cut link is silent, then dead",
          states(mine(talk.CUT)) == ["alive", "silent", "dead"], str(states(mine(talk.CUT))))
    dead = [event["state"] for event in mine(talk.CUT, "state") if event["state"]["to"] == "dead"]
    check(f"{name}: with ETIMEDOUT", [state["errno"] for state in dead] == ["ETIMEDOUT"], str(dead))
    check(f"{name}: a server that knows nothing resets",
          states(mine(talk.VANISHES)) == ["alive", "reset"], str(states(mine(talk.VANISHES))))
    icmp = [event["answer"] for event in mine(talk.ICMP, "answer")
            if event["answer"]["result"] == "icmp"]
    check(f"{name}: a router that says unreachable is heard",
          icmp and "unreachable" in states(mine(talk.ICMP)),
          str(mine(talk.ICMP)))
    window = mine(talk.STALLED, "window_probe")
    check(f"{name}: a closed window gives window probes", len(window) >= 2, str(len(window)))
    check(f"{name}: and no keepalive", not mine(talk.STALLED, "probe"), str(mine(talk.STALLED)))
    probes = mine(talk.HALF_CLOSED, "probe")
    check(f"{name}: half closed, the server probes and is answered",
          len(probes) >= 4 and {event["src_ip"] for event in probes} == {address} and
          "silent" not in states(mine(talk.HALF_CLOSED)), str(states(mine(talk.HALF_CLOSED))))
    probers = [event["src_ip"] for event in mine(talk.BOTH, "probe")]
    check(f"{name}: both ends probe", len(set(probers)) == 2 and len(probers) >= 6, str(probers))


def once(events, where):
    """Every event once, though the router sees each packet twice."""
    seen = [(event["event_type"], event["src_ip"], event["src_port"], event["dest_ip"],
             event["probe"]["number"], round(event["probe"]["idle_s"] or 0, 1), event["timestamp"])
            for event in events if event["event_type"] == "probe"]
    keys = [(key[:6], key[6][:21]) for key in seen]
    check(f"{where}: each packet counts once", keys and len(set(keys)) == len(keys))


def rules(lab):
    """The misfortunes: what passes the router from now on."""
    lab.rules(f"""table inet path {{ chain forward {{ type filter hook forward priority 0;
        tcp dport {talk.CUT} drop; tcp sport {talk.CUT} drop;
        tcp dport {talk.ICMP} reject with icmpx type host-unreachable;
        tcp sport {talk.VANISHES} tcp flags & rst == rst counter drop; }}; }}""")


def connections(lab):
    """The main course: all connections, watched from three places."""
    server = lab.talk(lab.server, "serve", lab.server_address, SERVER6)
    watches = {
        "client": Watch(lab, lab.client, "--json", "--fail-on", "dead", "-w", "live.pcapng", "wire"),
        "any on the router": Watch(lab, lab.router, "--json", "any"),
        "two interfaces of the router": Watch(lab, lab.router, "--json", "-i", "inside", "-i",
                                              "outside"),
        "filtered": Watch(lab, lab.client, "--json", "wire", "port", str(talk.ICMP)),
        "text": Watch(lab, lab.client, "--color=auto", "wire"),
    }
    for watch in watches.values():
        watch.ready()
    status(watches["client"])
    client = lab.talk(lab.client, "call", lab.server_address, SERVER6)
    pipe = piped(lab)
    screen = Terminal(lab)
    time.sleep(3.3 * SECONDS)
    rules(lab)
    server.stdin.write("vanish\n")
    server.stdin.flush()
    server.stdout.readline()
    lab.rules(f"delete table inet path; table inet path {{ chain forward {{ "
              f"type filter hook forward priority 0; tcp dport {talk.CUT} drop; "
              f"tcp sport {talk.CUT} drop; "
              f"tcp dport {talk.ICMP} reject with icmpx type host-unreachable; }}; }}")
    seeded(lab)
    time.sleep(6.5 * SECONDS)
    interim(watches["client"])
    ends = {name: watch.end() for name, watch in watches.items()}
    screen.judge()
    pipe()
    client.kill()
    for name, (ended, took) in ends.items():
        wanted = 3 if name == "client" else 0
        check(f"{name}: SIGTERM ends it within a second, status {wanted}",
              ended == wanted and took < 1, f"{ended} after {took:.2f} s {watches[name].stderr()}")
    for name in ("client", "any on the router", "two interfaces of the router"):
        for address in (lab.server_address, SERVER6):
            judge(watches[name].events(), address, name)
    for name in ("any on the router", "two interfaces of the router"):
        once(watches[name].events(), name)
    summary = watches["client"].events()[-1]
    check("the summary comes last and nothing was dropped",
          summary["event_type"] == "capture" and summary["capture"]["dropped_kernel"] == 0, summary)
    names = {event.get("in_iface") for event in watches["client"].events()[:-1]}
    check("events name the interface", names == {"wire"}, str(names))
    filtered = watches["filtered"].events()
    check("a filter on a port keeps the ICMP errors about it",
          "unreachable" in states(of(filtered, talk.ICMP, lab.server_address)), str(filtered[-3:]))
    check("and nothing else", not of(filtered, talk.ANSWERED, lab.server_address))
    check("text in a file has every event and no escape sequences",
          watches["text"].text().count("  probe  ") > 20 and "\033" not in watches["text"].text())
    recorded(watches["client"])


def recorded(watch):
    done = subprocess.run([KASNIFF, "--json", os.path.join(watch.folder, "live.pcapng")],
                          stdout=subprocess.PIPE, check=False)
    live = sum(event["event_type"] == "probe" for event in watch.events())
    again = done.stdout.decode().count('"event_type":"probe"')
    check("what was recorded live can be read and holds the probes",
          done.returncode == 0 and again >= live * 0.9 > 0, f"{again} of {live}")


def status(watch):
    """Nothing is left of root while it listens."""
    fields = dict(line.split(":\t", 1) for line in watch.status().splitlines() if ":\t" in line)
    for field in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
        check(f"listening: no capability is left in {field}", int(fields[field], 16) == 0)
    check("listening: the user is not root", "0" not in fields["Uid"].split(), fields["Uid"])
    check("listening: no_new_privs", fields["NoNewPrivs"] == "1")
    if NO_SECCOMP:
        skip("listening: system calls are restricted: not in an instrumented build")
    else:
        check("listening: system calls are restricted", fields["Seccomp"] == "2")


def interim(watch):
    watch.process.send_signal(signal.SIGUSR1)
    told = eventually(lambda: re.search(r"(\d+) received, dropped (\S+) by the kernel, (\S+) by the"
                                        " interface", watch.stderr()))
    check("SIGUSR1 writes a summary and it goes on", told and watch.process.poll() is None,
          watch.stderr())
    check("the drop counters can be read without privileges",
          told and int(told[1]) > 0 and told[2].isdigit() and told[3].isdigit(), watch.stderr())


def seeded(lab):
    watch = Watch(lab, lab.client, "wire").ready()
    check("the first screen says what this host's connections will send",
          re.search(r"\d+ connections of this host have keepalive on; next: .* > .* in \d",
                    watch.stderr()), watch.stderr())
    check("and what is listened to", "listening on wire (Ethernet)" in watch.stderr())
    watch.end()


def piped(lab):
    """From tcpdump's pipe, absences are known while no packet comes."""
    if shutil.which("tcpdump") is None:
        skip("a growing pipe: tcpdump is not installed")
        return lambda: None
    dump = lab.start(lab.client, ["tcpdump", "-U", "-i", "wire", "-w", "-", "port", str(talk.CUT)],
                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    out = open(os.path.join(lab.folder, "piped"), "wb")
    sniff = lab.start(lab.client, [KASNIFF, "--json", "-"], stdin=dump.stdout, stdout=out)

    def judge_pipe():
        text = open(out.name, encoding="utf-8").read()
        check("a growing pipe: death is told while the pipe stays open",
              sniff.poll() is None and '"to":"dead"' in text, text[-500:])
        dump.kill()
        sniff.wait(5)
        out.close()
    return judge_pipe


class Terminal:
    """kasniff on a terminal of 50 columns, which is widened while it runs."""

    def __init__(self, lab):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 30, 0, 0))
        self.seen = b""
        self.watch = Watch(lab, lab.client, "wire", stdout=slave,
                           env={"TERM": "xterm", "NO_COLOR": "1"})
        os.close(slave)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        try:
            while True:
                piece = os.read(self.master, 65536)
                self.seen += piece
                if b"dropped" in self.seen[-200:]:
                    continue
                if re.search(rb"\d connections,", self.seen):  # the status line, cut off
                    fcntl.ioctl(self.master, termios.TIOCSWINSZ,
                                struct.pack("HHHH", 24, 100, 0, 0))
        except OSError:
            pass

    def judge(self):
        eventually(lambda: b"  ---  " in self.seen)
        ended, _ = self.watch.end()
        self.reader.join(5)
        text = self.seen.decode()
        lines = [line for line in text.replace("\r\n", "\n").split("\n") if line]
        shown = re.findall(r"\r\033\[K(\d+ connections[^\r\n]*)", text)
        check("terminal: a status line is shown and taken back", ended == 0 and shown and
              text.count("\r\033[K") > len(shown) / 2, text[-300:])
        check("terminal: it fits the window", all(len(line) < 100 for line in shown) and
              any(len(line) == 29 for line in shown), str(shown))
        check("terminal: after resizing it is whole",
              any(line.endswith("dropped") for line in shown), str(shown))
        sequences = set(re.findall(r"\033\[[0-9;]*.", text))
        check("terminal: NO_COLOR leaves no colours", sequences == {"\033[K"}, str(sequences))
        probes = [line for line in lines if "  probe  " in line]
        check("terminal: only changes are printed, then a roll-up",
              0 < len(probes) < 30 and re.search(r"---\s+\d+ probes, \d+ answered, \d+ connections",
                                                 text), text[-2000:])
        check("terminal: changes are told", "silent" in text and "ETIMEDOUT" in text)
        check("terminal: the summary ends it", "connections  " in lines[-3] or
              any(line.startswith("capture ") for line in lines), str(lines[-5:]))


# --- interfaces and vlans

def comes_and_goes(lab):
    lab.run(lab.client, ["ip", "link", "add", "lone", "type", "veth", "peer", "name", "lone2",
                         "netns", lab.router])
    lab.run(lab.client, ["ip", "address", "add", "10.9.8.2/24", "dev", "lone"])
    lab.run(lab.router, ["ip", "address", "add", "10.9.8.1/24", "dev", "lone2"])
    refused = Watch(lab, lab.client, "lone")
    check("an interface that is down is refused, with what to do",
          refused.process.wait(5) == 1 and "ip link set lone up" in refused.stderr(),
          refused.stderr())
    for name, interface in ((lab.client, "lone"), (lab.router, "lone2")):
        lab.run(name, ["ip", "link", "set", interface, "up"])
    watch = Watch(lab, lab.client, "--json", "lone").ready()
    lab.talk(lab.router, "serve", "10.9.8.1", str(talk.ANSWERED))
    lab.talk(lab.client, "call", "10.9.8.1", str(talk.ANSWERED))

    def probes():
        return len(of(watch.events(), talk.ANSWERED, "10.9.8.1", "answer"))
    check("interface: events come", eventually(lambda: probes() >= 1))
    lab.run(lab.client, ["ip", "link", "set", "lone", "down"])
    time.sleep(0.5)
    check("interface: down, it goes on", watch.process.poll() is None, watch.stderr())
    before = probes()
    lab.run(lab.client, ["ip", "link", "set", "lone", "up"])
    check("interface: up again, events come again", eventually(lambda: probes() > before),
          watch.text()[-500:])
    lab.run(lab.client, ["ip", "link", "del", "lone"])
    ended = watch.wait()
    check("interface: removed, it ends with status 1 and names it",
          ended == 1 and "lone: cannot listen any longer" in watch.stderr(),
          f"{ended} {watch.stderr()}")
    check("interface: removed, the summary is there",
          watch.events()[-1]["event_type"] == "capture")


def quiet_cable(lab, name):
    """A link that nothing passes, between the client's `name` and the router's `name`2."""
    lab.run(lab.client, ["ip", "link", "add", name, "type", "veth", "peer", "name", name + "2",
                         "netns", lab.router])
    for where, interface in ((lab.client, name), (lab.router, name + "2")):
        lab.sysctl(where, f"net.ipv6.conf.{interface}.disable_ipv6", 1)
        lab.run(where, ["ip", "link", "set", interface, "up"])


def leave_one_by_one(lab):
    """Of three interfaces two are removed, then the last."""
    for name in ("first", "second"):
        quiet_cable(lab, name)
    watch = Watch(lab, lab.client, "--json", "-i", "first", "-i", "wire", "-i", "second").ready()
    lab.run(lab.client, ["ip", "link", "del", "first"])
    check("several interfaces: of one that is removed it is said",
          eventually(lambda: "first: cannot listen any longer" in watch.stderr()), watch.stderr())
    check("several interfaces: and that the others go on", "the other interfaces go on" in
          watch.stderr() and watch.process.poll() is None, watch.stderr())
    screen = Terminal(lab)
    screen.watch.ready()
    lab.talk(lab.router, "serve", "10.9.1.1", str(talk.ANSWERED))
    lab.talk(lab.client, "call", "10.9.1.1", str(talk.ANSWERED))
    found = eventually(lambda: of(watch.events(), talk.ANSWERED, "10.9.1.1", "answer"))
    check("terminal: one connection is no connections",
          eventually(lambda: b"\033[K1 connection, " in screen.seen), screen.seen.decode())
    screen.watch.end()
    check("several interfaces: the others do go on", found and found[0]["in_iface"] == "wire",
          watch.text()[-500:])
    lab.run(lab.client, ["ip", "link", "del", "second"])
    check("several interfaces: the second is said, too",
          eventually(lambda: "second: cannot listen any longer" in watch.stderr()), watch.stderr())
    check("several interfaces: each once", watch.stderr().count("cannot listen any longer") == 2,
          watch.stderr())
    lab.run(lab.client, ["ip", "link", "del", "wire"])
    ended = watch.wait()
    check("several interfaces: with the last it ends, status 1", ended == 1 and
          "wire: cannot listen any longer" in watch.stderr(), f"{ended} {watch.stderr()}")
    summary = watch.events()[-1]["capture"]
    check("several interfaces: the summary has no drops that were none",
          summary["dropped_kernel"] == 0 and summary["dropped_interface"] in (0, None), summary)


def rotates_in_silence(lab):
    """-G is about time, not about packets."""
    quiet_cable(lab, "quiet")
    endless = Watch(lab, lab.client, "-w", "slot-%s", "-G", "1", "quiet").ready()
    bounded = Watch(lab, lab.client, "-w", "slot-%s", "-G", "1", "-W", "2", "quiet").ready()

    def slots(watch):
        return sorted(name for name in os.listdir(watch.folder) if name.startswith("slot-"))
    check("-G begins a file each second though no packet comes",
          eventually(lambda: len(slots(endless)) >= 3), str(slots(endless)))
    check("-G -W ends in time though no packet comes",
          bounded.wait() == 0 and len(slots(bounded)) == 2, f"{slots(bounded)} {bounded.stderr()}")
    endless.end()
    for name in slots(endless):
        read = subprocess.run([KASNIFF, "-q", os.path.join(endless.folder, name)],
                              capture_output=True, check=False)
        check("each of them is a capture", read.returncode == 0, read.stderr.decode())


def tagged(lab):
    made = subprocess.run(lab.inside(lab.client, ["ip", "link", "add", "link", "wire", "name",
                                                  "wire.7", "type", "vlan", "id", "7"]),
                          check=False, capture_output=True)
    if made.returncode != 0:
        skip("VLAN: the kernel makes no VLAN interface")
        return
    lab.run(lab.router, ["ip", "link", "add", "link", "inside", "name", "inside.7", "type", "vlan",
                         "id", "7"])
    for name, interface, address in ((lab.client, "wire.7", "10.9.7.2"),
                                     (lab.router, "inside.7", "10.9.7.1")):
        lab.run(name, ["ip", "address", "add", address + "/24", "dev", interface])
        lab.run(name, ["ip", "link", "set", interface, "up"])
    plain = Watch(lab, lab.client, "--json", "wire").ready()
    filtered = Watch(lab, lab.client, "--json", "wire", "port", str(talk.ANSWERED)).ready()
    everywhere = Watch(lab, lab.client, "--json", "any").ready()
    lab.talk(lab.router, "serve", "10.9.7.1", str(talk.ANSWERED))
    lab.talk(lab.client, "call", "10.9.7.1", str(talk.ANSWERED))
    for name, watch in (("without a filter", plain), ("with a filter", filtered)):
        found = eventually(lambda w=watch: of(w.events(), talk.ANSWERED, "10.9.7.1", "answer"))
        check(f"VLAN, {name}: probes under a tag are seen, with the tag",
              found and found[0].get("vlan") == [7], str(found))
    time.sleep(0.5)
    for watch in (plain, filtered, everywhere):
        watch.end()
    once([event for event in everywhere.events() if event.get("src_ip", "").startswith("10.9.7.")],
         "VLAN, any")


def trunk(lab):
    """A tagged link between two switches of ours, for kernels that make no VLAN interface: a real
    connection, one direction's tags taken off by the kernel, the other's left where they are."""
    def cable(left, left_name, right, right_name):
        lab.run(left, ["ip", "link", "add", left_name, "type", "veth", "peer", "name", right_name,
                       "netns", right])
        for where, name in ((left, left_name), (right, right_name)):
            lab.run(where, ["ip", "link", "set", name, "up"])
    cable(lab.client, "office", lab.router, "plain1")
    cable(lab.router, "trunk1", lab.server, "trunk2")
    cable(lab.server, "plain2", lab.server, "shop")
    for where, name, address in ((lab.client, "office", "10.9.7.2"),
                                 (lab.server, "shop", "10.9.7.1")):
        lab.run(where, ["ip", "address", "add", address + "/24", "dev", name])
        lab.run(where, [sys.executable, FRAMES, "whole", name])
    for where, plain, tagged_name in ((lab.router, "plain1", "trunk1"),
                                      (lab.server, "plain2", "trunk2")):
        switch = lab.start(where, [sys.executable, FRAMES, "tag", plain, tagged_name, "7"],
                           stdout=subprocess.PIPE)
        assert switch.stdout.readline() == "ready\n", "frames.py does not start"
    port = str(talk.ANSWERED)
    watches = {name: Watch(lab, lab.server, "--json", *words).ready()
               for name, words in (("without a filter", ["trunk2"]),
                                   ("with a port", ["trunk2", "port", port]),
                                   ("with a host and a port",
                                    ["trunk2", "host", "10.9.7.2", "and", "port", port]),
                                   ("with another port", ["trunk2", "port", "9"]))}
    lab.talk(lab.server, "serve", "10.9.7.1", port)
    lab.talk(lab.client, "call", "10.9.7.1", port)
    others = watches.pop("with another port")
    for name, watch in watches.items():
        found = eventually(lambda w=watch: of(w.events(), talk.ANSWERED, "10.9.7.1", "answer"))
        check(f"trunk, {name}: keepalive under a tag is recognised, with the tag",
              found and found[0].get("vlan") == [7], watch.text()[-300:] + watch.stderr())
        watch.end()
        seen = of(watch.events(), talk.ANSWERED, "10.9.7.1")
        check(f"trunk, {name}: both directions are known",
              {event["src_ip"] for event in seen} == {"10.9.7.1", "10.9.7.2"} and
              states(seen) == ["alive"], str(seen))
    others.end()
    check("trunk: a filter for another port lets nothing of it through",
          others.events()[-1]["capture"]["tcp"] == 0, str(others.events()))


# --- ends and outputs

def ends(lab):
    some = lab.talk(lab.router, "serve", "10.9.1.1", str(talk.ANSWERED))
    full = Watch(lab, lab.client, "--json", "wire", stdout=open("/dev/full", "wb")).ready()
    disk = Watch(lab, lab.client, "--json", "-w", "/dev/full", "wire")
    # The first page of a process is never there: writing to it is an input/output error.
    broken = {words: Watch(lab, lab.client, *words, "wire", stdout=open("/proc/self/mem", "wb"))
              for words in (("--json",), ("-w", "-"))}
    counted = Watch(lab, lab.client, "--json", "-c", "5", "wire").ready()
    stuck_out, stuck_in = os.pipe()
    stuck = Watch(lab, lab.client, "-v", "--json", "wire", stdout=stuck_in).ready()
    notify_path = os.path.join(lab.folder, "notify")
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(notify_path)
    notify.settimeout(5)
    managed = Watch(lab, lab.client, "wire", env={"NOTIFY_SOCKET": notify_path})
    check("a service manager is told that it is ready", notify.recv(100) == b"READY=1")
    lab.talk(lab.client, "call", "10.9.1.1", str(talk.ANSWERED))
    check("-c 5 ends after five frames", counted.process.wait(5) == 0 and
          counted.events()[-1]["capture"]["frames"] == 5, counted.text())
    for name, watch in (("standard output", full), ("-w", disk)):
        check(f"a full disk under {name} ends it with status 1 and says so",
              watch.process.wait(5) == 1 and "No space left" in watch.stderr(), watch.stderr())
    for words, watch in broken.items():
        check(f"an input/output error under {' '.join(words)} ends it with status 1 and says so",
              watch.wait() == 1 and "Input/output error" in watch.stderr(), watch.stderr())
    ended, took = stuck.end()
    check("a reader who does not read does not hold up the end", ended == 0 and took < 1,
          f"{ended} {took}")
    os.close(stuck_out)
    os.close(stuck_in)
    managed.end()
    check("and that it ends", notify.recv(100) == b"STOPPING=1")
    some.kill()


class Slow:
    """A pipe that nobody reads until told to."""

    def __init__(self):
        self.reading, self.writing = os.pipe()
        self.seen = b""
        self.thread = threading.Thread(target=self.drain, daemon=True)

    def drain(self):
        while piece := os.read(self.reading, 65536):
            self.seen += piece

    def read_on(self):
        """Reads from now on; kasniff must hold the only other end."""
        os.close(self.writing)
        self.thread.start()


def storm(lab, probes):
    """So many answered probes pass the client's wire."""
    lab.run(lab.router, [sys.executable, FRAMES, "storm", "inside", str(probes)])


def slow_readers(lab):
    """What is written into a pipe that nobody reads: the capture goes on, what is lost is told."""
    lines, record, stuck = Slow(), Slow(), Slow()
    watches = {name: Watch(lab, lab.client, *words, "wire", stdout=pipe.writing).ready()
               for name, words, pipe in (("lines", ["--json"], lines),
                                         ("record", ["-w", "-"], record),
                                         ("stuck", ["-w", "-"], stuck))}
    storm(lab, 6000)
    for name, said in (("lines", "lines are being dropped"), ("record", "packets are missing"),
                       ("stuck", "packets are missing")):
        check(f"slow reader, {name}: it is said at once", eventually(
            lambda n=name, s=said: s in watches[n].stderr()), watches[name].stderr())
    os.close(stuck.writing)
    ended, took = watches["stuck"].end()
    check("slow reader who never reads: the end comes in time, status 1", ended == 1 and took < 1,
          f"{ended} {took}")
    text = watches["stuck"].stderr()
    check("slow reader who never reads: what is lost is told, and the capture lost nothing",
          re.search(r"-w -: read too slowly: \d+ packets were dropped, and the last \d+ bytes", text)
          and "12005 TCP" in text and "dropped 0 by the kernel" in text, text)
    os.close(stuck.reading)
    for pipe in (lines, record):
        pipe.read_on()
    eventually(lambda: len(lines.seen) > 1_000_000 and len(record.seen) > 1_000_000)
    storm(lab, 10)
    for name, pipe in (("lines", lines), ("record", record)):
        ended, took = watches[name].end()
        pipe.thread.join(5)
        check(f"slow reader, {name}: status 1", ended == 1 and took < 1, f"{ended} {took}")
    last = json.loads(lines.seen.decode().splitlines()[-1])["capture"]
    told = re.search(r"(\d+) lines were dropped", watches["lines"].stderr())
    for watch in watches.values():
        check("slow reader: what is said is said once",
              watch.stderr().count("too slowly;") == 1, watch.stderr())
    check("slow reader: the last line says how many are missing",
          told and last["lost_lines"] == int(told[1]) > 0 == last["dropped_kernel"], str(last))
    path = os.path.join(lab.folder, "slow.pcapng")
    with open(path, "wb") as stream:
        stream.write(record.seen)
    read = json.loads(subprocess.run([KASNIFF, "-q", "--json", path], capture_output=True,
                                     check=True).stdout)["capture"]
    text = watches["record"].stderr()
    told = re.search(r"(\d+) packets were dropped", text)
    probes, answers = map(int, re.search(r"(\d+) probes, (\d+) answers", text).groups())
    recorded_in_all = read["frames"] + int(told[1])
    check("slow reader: the recording is whole but for the packets that were told",
          recorded_in_all - probes - answers in (2, 3, 4),  # what there was of the handshakes
          f"{text} {read}")


def overflow(lab):
    """A ring that runs over while kasniff is held: what the kernel dropped stands everywhere."""
    watches = [Watch(lab, lab.client, *words, "-B", "64", "wire").ready()
               for words in (["--json"], [])]
    for watch in watches:
        watch.process.send_signal(signal.SIGSTOP)
    storm(lab, 20000)
    for watch in watches:
        watch.process.send_signal(signal.SIGCONT)
        watch.process.send_signal(signal.SIGUSR1)
        check("drops: the interim summary tells them",
              eventually(lambda w=watch: re.search(r"dropped [1-9]\d+ by the kernel", w.stderr())),
              watch.stderr())
        ended, _ = watch.end()
        check("drops: they are no failure", ended == 0, f"{ended} {watch.stderr()}")
    last = watches[0].events()[-1]["capture"]
    check("drops: with what was captured they are all that came",
          last["dropped_kernel"] > 20000 and
          40005 <= last["frames"] + last["dropped_kernel"] <= 40100, str(last))
    check("drops: the summary tells them",
          re.search(r"dropped [1-9]\d+ by the kernel", watches[1].text()), watches[1].text()[-500:])


def at_any_moment(lab):
    """SIGTERM while it starts, listens or ends: always in time, never half a line."""
    chance = random.Random(3)
    worst, odd = 0, []
    for _ in range(10):
        watch = Watch(lab, lab.client, "--json", "-w", "x.pcapng", "wire")
        time.sleep(chance.uniform(0, 0.15))
        ended, took = watch.end()
        worst = max(worst, took)
        whole = watch.text() == "" or watch.text().endswith("}\n")
        # Before it handles signals it is ended by this one.
        if ended not in (0, -signal.SIGTERM) or not whole:
            odd.append((ended, watch.text()[-80:], watch.stderr()))
    check("SIGTERM at any moment: within a second, outputs whole", worst < 1 and not odd,
          f"{worst} {odd}")


def refusals(lab):
    nobody = Watch(lab, lab.client, "wire", user=["setpriv", "--reuid", "65534", "--regid", "65534",
                                                  "--clear-groups", "--bounding-set", "-all"])
    check("without permission it names the capability and the command",
          nobody.process.wait(5) == 1 and "CAP_NET_RAW" in nobody.stderr() and
          "setcap cap_net_raw,cap_net_admin=eip" in nobody.stderr(), nobody.stderr())
    missing = Watch(lab, lab.client, "-i", "nosuch0")
    check("an interface that does not exist is named",
          missing.process.wait(5) == 1 and "nosuch0: there is no such interface" in missing.stderr(),
          missing.stderr())
    listed = Watch(lab, lab.client, "-D")
    check("-D lists the interfaces", listed.process.wait(5) == 0 and
          ".wire [up, running" in listed.text() and ".any [" in listed.text(), listed.text())
    own = Watch(lab, lab.client, "-Z", "daemon", "wire").ready()
    uid = re.search(r"Uid:\t(\d+)", own.status())[1]
    check("-Z chooses the user", uid not in ("0", "65534"), uid)
    own.end()


def main():
    reason = can_run()
    if reason is not None:
        print(f"skip - the live monitor: {reason}")
        return 77

    parts = (connections, comes_and_goes, leave_one_by_one, rotates_in_silence, tagged, trunk, ends,
             slow_readers, overflow, at_any_moment, refusals)
    lines = {part.__name__: [] for part in parts}

    def alone(part):
        PART.lines = lines[part.__name__] = []
        with LiveLab() as lab:
            part(lab)
        wrong = [line for line in PART.lines if line.startswith("not ok")]
        if wrong:
            raise AssertionError(" | ".join(wrong))

    def tell(attempt):
        for line in lines[attempt.name]:
            print(line)
        attempt.tell()

    return scenarios.run(scenarios.named({part.__name__: functools.partial(alone, part)
                                          for part in parts}), tell)


if __name__ == "__main__":
    sys.exit(main())
