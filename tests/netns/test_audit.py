#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""kasniff audit against real routers: each scenario has network namespaces of its own, and all of
them run at the same time. With names as arguments only those scenarios run."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scenarios  # noqa: E402
from lab import Lab, can_run  # noqa: E402

KASNIFF = os.path.abspath(os.environ.get("KASNIFF", "./kasniff"))
RELAY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "relay.py")
PORT = 7007
MIN, MAX, STEPS = 2.0, 7.0, 8

FORWARD = """table ip guard {{
chain forwarded {{
type filter hook forward priority 0
{}
}}
}}
"""
MASQUERADE = """table ip nat {
chain after {
type nat hook postrouting priority 100
oifname "outside" masquerade
}
}
"""
# Without any rule on state the kernel would not track connections at all.
POLICIES = {
    "none": "ct state established counter",
    "drop-invalid": "ct state invalid drop",
    "new-from-inside": 'ct state established,related accept\n'
                       'iifname "inside" ct state new accept\ndrop',
    "reset-inside-only": 'ct state established,related accept\n'
                         'iifname "inside" ct state new accept\n'
                         'iifname "inside" reject with tcp reset\ndrop',
    "reject": "ct state new tcp flags & (fin|syn|rst|ack) != syn reject with tcp reset",
}

# policy, loose, NAT: what the client's first words meet, what the server's do (timeouts.md's table;
# None: the path forgets, and nobody notices).
ROWS = [
    ("none", 0, False, None, None),
    ("none", 1, False, None, None),
    ("none", 1, True, "recovered", "rst"),
    ("none", 0, True, "rst", "rst"),
    ("drop-invalid", 1, False, None, None),
    ("drop-invalid", 1, True, "recovered", "rst"),
    ("drop-invalid", 0, False, "silent", "silent"),
    ("drop-invalid", 0, True, "silent", "rst"),
    ("new-from-inside", 1, False, "recovered", "silent"),
    ("new-from-inside", 1, True, "recovered", "rst"),
    ("new-from-inside", 0, False, "silent", "silent"),
    ("new-from-inside", 0, True, "silent", "rst"),
    ("reject", 1, False, "rst", "rst"),
    ("reject", 1, True, "rst", "rst"),
    ("reset-inside-only", 0, False, "rst", "silent"),
]


class Result:
    def __init__(self, code, out, err):
        self.code = code
        self.err = err
        self.events = [json.loads(line) for line in out.splitlines()]

    def timeouts(self, arm="silent", first=None):
        return [e["idle_timeout"] for e in self.events if e["event_type"] == "idle_timeout"
                and e["idle_timeout"]["arm"] == arm
                and first in (None, e["idle_timeout"]["first_speaker"])]

    def timeout(self, arm="silent", first="client"):
        found = self.timeouts(arm, first)
        assert len(found) == 1, f"{arm} {first}: {len(found)} results\n{self.describe()}"
        return found[0]

    def findings(self, kind):
        return [e["finding"] for e in self.events if e["event_type"] == "finding"
                and e["finding"]["kind"] == kind]

    def describe(self):
        return f"exit {self.code}\n{self.err}\n" + "\n".join(
            json.dumps(e.get(e["event_type"])) for e in self.events)


UNPRIVILEGED = ("setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw")


def start_far_end(lab, address="0.0.0.0", before=()):
    process = lab.start(lab.server, [*before, KASNIFF, "audit", "--listen", f"{address}:{PORT}"],
                        stderr=subprocess.PIPE)
    assert "far end" in process.stderr.readline()
    return process


def start_relay(lab, where, address, port, limit, *how, to=None):
    """relay.py before the far end, or an echo server."""
    relay = lab.start(where, [sys.executable, RELAY, address, str(port),
                              *(to or (lab.server_address, str(PORT))), str(limit), *how],
                      stdout=subprocess.PIPE)
    assert relay.stdout.readline() == "ready\n", "relay.py does not start"
    return relay


def start_echo(lab, limit, *how):
    return start_relay(lab, lab.server, lab.server_address, PORT, limit, *how, to=("echo", "0"))


def start_audit(lab, *options, port=PORT, to=None, low=MIN, high=MAX, steps=STEPS, before=()):
    command = [*before, KASNIFF, "audit", "--json", "-q", "--min", str(low), "--max", str(high),
               "--steps", str(steps), *options, f"{to or lab.server_address}:{port}"]
    return lab.start(lab.client, command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish_raw(process):
    out, err = process.communicate(timeout=110)
    return process.returncode, out, err


def finish(process):
    return Result(*finish_raw(process))


def audit(lab, *options, **where):
    return finish(start_audit(lab, *options, **where))


def fine_step(truth, low=MIN, high=MAX, steps=STEPS):
    """The grid step of the fine pass around `truth`, at most."""
    factor = (high / low) ** (1 / (steps - 1))
    return truth * factor * (1 - 1 / factor) / steps


def expect_bracket(result, timeout, truth, **grid):
    survived, died = timeout["survived_s"], timeout["died_s"]
    text = result.describe()
    assert survived is not None and died is not None, text
    # Clocks of two kernels' timers: a tick of slack, no more.
    assert survived <= truth + 0.05 and died >= truth - 0.05, f"{truth} not inside\n{text}"
    assert died - survived <= 2 * fine_step(truth, **grid) + 0.05, f"too wide\n{text}"


def route(lab, policy, loose=1, nat=False, limit=4, router=None):
    router = router or lab.router
    lab.sysctl(router, "net.netfilter.nf_conntrack_tcp_timeout_established", limit)
    lab.sysctl(router, "net.netfilter.nf_conntrack_tcp_loose", loose)
    lab.rules(FORWARD.format(POLICIES[policy]) + (MASQUERADE if nat else ""), router)


def expect_origin(result, timeout, origin):
    """Who sent the reset, and the finding that says so; neither where there was none."""
    kind = {"endpoint": "reset-by-far-end", "middlebox": "reset-by-middlebox",
            "near": "reset-by-near-end", "unknown": "reset-by-unknown"}[origin]
    if timeout["after_expiry"] != "rst":
        assert "origin" not in timeout, result.describe()
        return
    assert timeout["origin"] == {"near": "endpoint"}.get(origin, origin), \
        f"not {origin}\n{result.describe()}"
    found = [f for f in result.findings(kind) if f"({timeout['first_speaker']} first)" in f["text"]]
    assert len(found) == 1, result.describe()
    if origin != "unknown":
        figures = found[0]["figures"]
        same = figures["reset_ttl"] == figures["usual_ttl"]
        assert same == (origin in ("endpoint", "near")) and figures["usual_ttl"] == 63, result.describe()


def policy_row(policy, loose, nat, client, server):
    def scenario():
        with Lab() as lab:
            route(lab, policy, loose, nat)
            start_far_end(lab)
            result = audit(lab, "--arms", "silent")
            for first, after in (("client", client), ("server", server)):
                timeout = result.timeout(first=first)
                assert timeout["after_expiry"] == after, f"{first}\n{result.describe()}"
                expect_origin(result, timeout, "middlebox" if first == "server" or
                              policy.startswith("re") else "endpoint")
                if after is not None:
                    expect_bracket(result, timeout, 4.0)
            assert result.code == (3 if server is None else 0), result.describe()
    return scenario


def on_ipv6(policy, loose, client, server):
    def scenario():
        with Lab(six=True) as lab:
            lab.sysctl(lab.router, "net.netfilter.nf_conntrack_tcp_timeout_established", 4)
            lab.sysctl(lab.router, "net.netfilter.nf_conntrack_tcp_loose", loose)
            lab.rules(FORWARD.replace("table ip ", "table ip6 ").format(POLICIES[policy]))
            start_far_end(lab, "[::]")
            result = audit(lab, "--arms", "silent,keepalive-0", "--refresher", "client",
                           to=f"[{lab.server_address_six}]")
            assert result.code == 0, result.describe()
            for first, after in (("client", client), ("server", server)):
                timeout = result.timeout(first=first)
                assert timeout["after_expiry"] == after, f"{first}\n{result.describe()}"
                expect_bracket(result, timeout, 4.0)
                expect_origin(result, timeout, "middlebox")
                if after != "recovered":
                    refreshed = result.timeout("keepalive-0", first)
                    assert refreshed["died_s"] is None, result.describe()
    return scenario


def a_limit_of_12_seconds():
    with Lab() as lab:
        route(lab, "new-from-inside", loose=0, limit=12)
        start_far_end(lab)
        grid = {"low": 9, "high": 14}
        result = audit(lab, "--arms", "silent", **grid)
        for first in ("client", "server"):
            expect_bracket(result, result.timeout(first=first), 12.0, **grid)


def who_sent_a_reset_is_unknown_without_privilege():
    with Lab() as lab:
        route(lab, "reject")
        start_far_end(lab, before=UNPRIVILEGED)
        result = audit(lab, "--arms", "silent", before=UNPRIVILEGED)
        for first in ("client", "server"):
            expect_bracket(result, result.timeout(first=first), 4.0)
            expect_origin(result, result.timeout(first=first), "unknown")
        texts = [f["text"] for f in result.findings("reset-by-unknown")]
        assert all("CAP_NET_RAW" in text for text in texts), result.describe()
        assert "run the audit as root" in texts[0] and "there as root" in texts[1], texts


def a_far_end_at_all_addresses_sees_resets_of_both_families():
    with Lab() as lab:
        route(lab, "reject")
        start_far_end(lab, "[::]")
        result = audit(lab, "--arms", "silent", "--first-speaker", "server")
        expect_origin(result, result.timeout(first="server"), "middlebox")


def the_far_end_keeps_no_privilege():
    with Lab() as lab:
        far_end = start_far_end(lab)
        with open(f"/proc/{far_end.pid}/status", encoding="ascii") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        assert "0" not in status["Uid"].split() + status["Gid"].split(), status
        assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0, status
        assert status["NoNewPrivs"] == "1", status


def a_client_whose_own_firewall_resets_is_the_near_end():
    with Lab() as lab:
        lab.sysctl(lab.client, "net.netfilter.nf_conntrack_tcp_timeout_established", 4)
        lab.rules("""table ip guard {
chain in {
type filter hook input priority 0
ct state new tcp flags & (fin|syn|rst|ack) != syn reject with tcp reset
}
}
""", lab.client)
        start_far_end(lab)
        result = audit(lab, "--arms", "silent", "--first-speaker", "server")
        expect_bracket(result, result.timeout(first="server"), 4.0)
        assert result.timeout(first="server")["after_expiry"] == "rst", result.describe()
        expect_origin(result, result.timeout(first="server"), "near")


def a_server_that_resets_idle_connections_is_the_far_end():
    with Lab() as lab:
        start_echo(lab, 3, "reset")
        result = audit(lab, "--arms", "silent")
        expect_bracket(result, result.timeout(), 3.0)
        assert result.timeout()["after_expiry"] == "rst", result.describe()
        expect_origin(result, result.timeout(), "endpoint")


def keepalives_refresh_conntrack():
    with Lab() as lab:
        route(lab, "new-from-inside", loose=0)
        start_far_end(lab)
        result = audit(lab, "--arms", "silent,keepalive-0,data", "--first-speaker", "client")
        assert result.code == 0, result.describe()
        expect_bracket(result, result.timeout(), 4.0)
        for arm in ("keepalive-0", "data"):
            for timeout in result.timeouts(arm):
                assert timeout["died_s"] is None, result.describe()
                assert timeout["survived_s"] > 6, result.describe()
        assert len(result.findings("refreshes")) == 4, result.describe()
        assert not result.findings("keepalives-answered-between"), result.describe()
        assert result.findings("safe-keepalive")[0]["figures"]["idle_s"] in (1, 2), result.describe()


def one_byte_keepalives_refresh_conntrack_too():
    with Lab() as lab:
        route(lab, "new-from-inside", loose=0)
        start_far_end(lab)
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, "log")
            result = audit(lab, "--arms", "silent,keepalive-1", "--log", log)
            sent = open(log, encoding="utf-8").read().count(" reply sent")
        assert result.code == 0, result.describe()
        for first in ("client", "server"):
            timeout = result.timeout("keepalive-1", first)
            assert timeout["died_s"] is None and timeout["survived_s"] > 6, result.describe()
            assert timeout["trials"] == STEPS, result.describe()
        assert len(result.findings("refreshes")) == 2, result.describe()
        assert not result.findings("censored"), result.describe()
        assert not result.findings("keepalives-answered-between"), result.describe()
        assert sent >= 4 * STEPS, f"{sent} probes in the log"


def pester(process):
    """Sends it signals it has no use for, once it handles them, until it ends."""
    time.sleep(3)
    while process.poll() is None:
        time.sleep(0.3)
        process.send_signal(signal.SIGUSR1)


def locating(which, plain, pestered=False):
    """Three routers in a row, of which one forgets."""
    def scenario():
        with Lab(routers=3) as lab, tempfile.TemporaryDirectory() as folder:
            route(lab, "new-from-inside", loose=0, router=lab.routers[which - 1])
            if plain:
                start_echo(lab, 600)
            else:
                start_far_end(lab)
            running = start_audit(lab, "--arms", "silent", "--first-speaker", "client", "--locate",
                                  "--log", os.path.join(folder, "log"))
            if pestered:
                threading.Thread(target=pester, args=(running,), daemon=True).start()
            result = finish(running)
            assert result.code == 0, result.describe()
            found = result.findings("forgotten-at")
            assert len(found) == 1 and found[0]["figures"] == {"hop": which}, result.describe()
            address = f"10.9.{which}.{1 if which == 1 else 2}"
            assert f" {address}, forgets" in found[0]["text"], result.describe()
    return scenario


def locating_on_ipv6(which):
    """Three routers in a row, of which one forgets. Each answers by its address on the near side."""
    def scenario():
        with Lab(routers=3, six=True) as lab, tempfile.TemporaryDirectory() as folder:
            router = lab.routers[which - 1]
            lab.sysctl(router, "net.netfilter.nf_conntrack_tcp_timeout_established", 4)
            lab.sysctl(router, "net.netfilter.nf_conntrack_tcp_loose", 0)
            lab.rules(FORWARD.replace("table ip ", "table ip6 ")
                      .format(POLICIES["new-from-inside"]), router)
            start_far_end(lab, "[::]")
            result = audit(lab, "--arms", "silent", "--first-speaker", "client", "--locate",
                           "--log", os.path.join(folder, "log"), to=f"[{lab.server_address_six}]")
            assert result.code == 0, result.describe()
            expect_bracket(result, result.timeout(), 4.0)
            found = result.findings("forgotten-at")
            assert len(found) == 1 and found[0]["figures"] == {"hop": which}, result.describe()
            address = f"fd09:{which}::{1 if which == 1 else 2}"
            assert f" {address}, forgets" in found[0]["text"], result.describe()
    return scenario


def passively(policy, loose, after):
    """What a capture of an audit says by itself, seen from the client. Gaps count from 5 s on."""
    def scenario():
        with Lab() as lab, tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "audit.pcap")
            os.chmod(folder, 0o777)
            route(lab, policy, loose=loose, limit=6)
            start_far_end(lab)
            tcpdump = lab.start(lab.client, ["tcpdump", "-U", "-Z", "root", "-i", "wire", "-w",
                                             path], stderr=subprocess.PIPE)
            tcpdump.stderr.readline()
            result = audit(lab, "--arms", "silent", low=5, high=8)
            expect_bracket(result, result.timeout(), 6.0)
            tcpdump.send_signal(signal.SIGINT)
            tcpdump.wait()
            told = subprocess.run([KASNIFF, "report", "--json", path], capture_output=True,
                                  text=True)
            seen = Result(told.returncode, told.stdout, told.stderr)
        assert seen.code == 0, seen.err
        timeouts = [e["idle_timeout"] for e in seen.events if e["event_type"] == "idle_timeout"
                    and e["dest_port"] == PORT and e["idle_timeout"]["first_speaker"] == "client"]
        assert len(timeouts) == 1, seen.describe()
        timeout = timeouts[0]
        assert timeout["survived_s"] <= 6.05 and timeout["died_s"] >= 5.95, seen.describe()
        assert timeout["died_s"] - timeout["survived_s"] < 0.5, seen.describe()
        assert timeout["after_expiry"] == after, seen.describe()
    return scenario


def a_relay_closes_and_answers_keepalives_itself():
    with Lab() as lab:
        start_far_end(lab)
        start_relay(lab, lab.router, "10.9.1.1", PORT, 4)
        result = audit(lab, to="10.9.1.1")
        assert result.code == 0, result.describe()
        for arm in ("silent", "keepalive-0"):
            for timeout in result.timeouts(arm):
                expect_bracket(result, timeout, 4.0)
                assert timeout["after_expiry"] == "closed-by-server", result.describe()
        for timeout in result.timeouts("data"):
            assert timeout["died_s"] is None, result.describe()
        assert result.findings("keepalives-answered-between"), result.describe()
        assert result.findings("closed-between"), result.describe()
        assert result.findings("safe-data")[0]["figures"] == {"idle_s": 2}, result.describe()
        assert not result.findings("safe-keepalive"), result.describe()


def a_relay_that_resets_is_not_the_far_end():
    with Lab() as lab:
        start_far_end(lab)
        start_relay(lab, lab.router, "10.9.1.1", PORT, 4, "reset")
        result = audit(lab, "--arms", "silent", "--first-speaker", "client", to="10.9.1.1")
        timeout = result.timeout()
        expect_bracket(result, timeout, 4.0)
        assert timeout["after_expiry"] == "rst", result.describe()
        assert timeout["origin"] == "middlebox", result.describe()
        assert "proxy" in result.findings("reset-by-middlebox")[0]["text"], result.describe()
        assert result.findings("closed-between"), result.describe()


def only_data_from_the_client_refreshes():
    """A box that counts payload of one direction alone, made of a set whose elements expire."""
    with Lab() as lab:
        lab.rules("""table ip guard {
set live {
typeof ip saddr . tcp sport
flags dynamic,timeout
size 65535
timeout 4s
}
chain forwarded {
type filter hook forward priority 0
iifname "inside" ip length > 52 update @live { ip saddr . tcp sport } accept
iifname "inside" tcp flags syn update @live { ip saddr . tcp sport } accept
iifname "inside" ip saddr . tcp sport @live accept
iifname "outside" ip daddr . tcp dport @live accept
drop
}
}
""")
        start_far_end(lab)
        result = audit(lab, "--first-speaker", "server", "--arms", "silent,keepalive-0,data")
        assert result.code == 0, result.describe()
        refreshing = [f["text"] for f in result.findings("refreshes")]
        failing = [f["text"] for f in result.findings("does-not-refresh")]
        assert [t for t in refreshing if "data from the client" in t], result.describe()
        assert [t for t in failing if "data from the server" in t], result.describe()
        assert len([t for t in failing if "keepalive" in t]) == 2, result.describe()


def a_server_that_closes_idle_connections_is_told_apart():
    with Lab() as lab:
        start_echo(lab, 3)
        result = audit(lab, "--arms", "silent", "--first-speaker", "client")
        assert result.code == 0, result.describe()
        timeout = result.timeout()
        assert timeout["after_expiry"] == "closed-by-server", result.describe()
        expect_bracket(result, timeout, 3.0)
        assert result.findings("closed-by-server"), result.describe()
        assert result.findings("plain-far-end"), result.describe()


def a_plain_server_serves_for_the_clients_side():
    with Lab() as lab:
        route(lab, "new-from-inside", loose=0)
        start_echo(lab, 600)
        result = audit(lab)
        assert result.code == 0, result.describe()
        assert not result.timeouts(first="server"), result.describe()
        timeout = result.timeout()
        expect_bracket(result, timeout, 4.0)
        assert timeout["after_expiry"] == "silent", result.describe()
        assert result.timeout("data")["died_s"] is None, result.describe()


def a_path_without_a_limit_ends_with_3():
    with Lab() as lab:
        start_far_end(lab)
        result = audit(lab, high=4)
        assert result.code == 3, result.describe()
        for timeout in result.timeouts():
            assert timeout["died_s"] is None and timeout["survived_s"] >= 3.9, result.describe()


def a_path_that_dies_is_not_an_expiry():
    with Lab() as lab:
        start_far_end(lab)
        process = start_audit(lab)
        time.sleep(4)
        lab.run(lab.router, ["ip", "link", "set", "outside", "down"])
        result = finish(process)
        assert result.code == 1, result.describe()
        assert result.findings("path-died"), result.describe()
        for timeout in result.timeouts():
            assert timeout["died_s"] is None, result.describe()
            assert 2 <= timeout["survived_s"] <= 4.2, result.describe()


def a_far_end_that_is_started_again_goes_on():
    with Lab() as lab:
        route(lab, "new-from-inside", loose=0)
        far_end = start_far_end(lab)
        process = start_audit(lab, "--arms", "silent")
        time.sleep(3)
        far_end.kill()
        far_end.wait()
        time.sleep(1)
        start_far_end(lab)
        result = finish(process)
        assert result.code == 0, result.describe()
        for first in ("client", "server"):
            expect_bracket(result, result.timeout(first=first), 4.0)
        assert result.findings("interrupted"), result.describe()


def an_interrupt_keeps_what_is_known():
    with Lab() as lab:
        far_end = start_far_end(lab)
        process = start_audit(lab, "--arms", "silent", high=600)
        time.sleep(6)
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        result = finish(process)
        assert time.monotonic() - begun < 1
        assert result.code == 1 and result.err == "", result.describe()
        assert len(result.timeouts()) == 2, result.describe()
        assert result.findings("stopped") and not result.findings("no-expiry"), result.describe()
        for timeout in result.timeouts():
            assert timeout["died_s"] is None and timeout["survived_s"] >= 2, result.describe()
        far_end.send_signal(signal.SIGINT)
        told = far_end.communicate(timeout=10)[1]
        assert far_end.returncode == 0 and "1 audit, " in told, told


def a_thousand_connections_at_once():
    with Lab() as lab:
        route(lab, "new-from-inside", loose=0)
        start_far_end(lab)
        result = audit(lab, "--arms", "silent", steps=520, low=3, high=5)
        assert result.code == 0, result.describe()
        for first in ("client", "server"):
            timeout = result.timeout(first=first)
            assert timeout["after_expiry"] == "silent", result.describe()
            assert timeout["trials"] >= 250, result.describe()
            assert timeout["survived_s"] <= 4.06 and timeout["died_s"] >= 3.95, result.describe()
            assert timeout["died_s"] - timeout["survived_s"] < 0.1, result.describe()


def the_second_of_two_limits_shows_behind_keepalives():
    """Conntrack forgets after 4 s, which keepalives prevent; the relay closes after 6 s anyway."""
    with Lab() as lab:
        start_far_end(lab)
        start_relay(lab, lab.server, lab.server_address, 7008, 6)
        route(lab, "new-from-inside", loose=0)
        result = audit(lab, "--arms", "silent,keepalive-0", "--refresher", "client",
                       "--first-speaker", "client", port=7008)
        assert result.code == 0, result.describe()
        expect_bracket(result, result.timeout(), 4.0)
        second = result.timeout("keepalive-0")
        assert second["survived_s"] <= 6.05 and second["died_s"] >= 5.95, result.describe()
        assert second["after_expiry"] == "closed-by-server", result.describe()
        assert result.findings("second-limit"), result.describe()


def what_dies_behind_keepalives_is_looked_for_below_the_silent_limit():
    """A proxy whose limit has come down when the keepalives' turn is: all of them die."""
    with Lab() as lab:
        start_far_end(lab)
        relay = start_relay(lab, lab.server, lab.server_address, 7008, 4)
        process = start_audit(lab, "--arms", "silent,keepalive-0", "--refresher", "client",
                              "--first-speaker", "client", port=7008)
        first = process.stdout.readline()
        relay.send_signal(signal.SIGUSR1)
        code, out, err = finish_raw(process)
        result = Result(code, first + out, err)
        expect_bracket(result, result.timeout(), 4.0)
        expect_bracket(result, result.timeout("keepalive-0"), 3.0)


def haproxy_closes_what_keepalives_keep_busy():
    with Lab() as lab:
        start_far_end(lab)
        config = f"""defaults
  mode tcp
  timeout connect 2s
  timeout client 4s
  timeout server 4s
listen relay
  bind 10.9.1.1:{PORT}
  server far {lab.server_address}:{PORT}
"""
        path = f"/tmp/{lab.router}.cfg"
        with open(path, "w", encoding="ascii") as file:
            file.write(config)
        try:
            lab.start(lab.router, ["haproxy", "-db", "-f", path], stderr=subprocess.DEVNULL)
            until = time.monotonic() + 30
            while f"10.9.1.1:{PORT}" not in lab.run(lab.router, ["ss", "-Hltn"]).stdout:
                assert time.monotonic() < until, "haproxy does not listen"
                time.sleep(0.05)
            result = audit(lab, "--arms", "silent,keepalive-0", to="10.9.1.1")
        finally:
            os.unlink(path)
        for timeout in result.timeouts() + result.timeouts("keepalive-0"):
            expect_bracket(result, timeout, 4.0)
            assert timeout["after_expiry"] == "closed-by-server", result.describe()
        assert result.findings("keepalives-answered-between"), result.describe()
        assert not result.findings("safe-keepalive"), result.describe()
        assert "not tried" in result.findings("no-safe-keepalive")[0]["text"], result.describe()


def nonsense_is_refused_and_the_far_end_goes_on():
    with Lab() as lab:
        far_end = start_far_end(lab)
        script = f"""
import socket
for words in (b"GET / HTTP/1.1\\r\\n\\r\\n", b"trial 1 1 silent client client 1000 0\\n",
              b"x" * 500, b"\\0\\xff\\n", b"control zz\\n", b"trial 1 1 silent client\\n"):
    link = socket.create_connection(("{lab.server_address}", {PORT}), 5)
    assert link.recv(64) == b"kasniff-audit 2\\n"
    link.sendall(words)
    rest = b""
    try:
        while True:
            got = link.recv(100)
            if not got:
                break
            rest += got
    except ConnectionResetError:
        pass
    assert rest == b"" or rest.startswith(b"no "), rest
"""
        lab.run(lab.client, [sys.executable, "-c", script], timeout=20)
        assert far_end.poll() is None
        result = audit(lab, "--arms", "silent", high=2.5, steps=2)
        assert result.code == 3, result.describe()
        assert result.findings("no-expiry")[0]["figures"]["survived_s"] > 2.4, result.describe()


def nobody_there_is_a_clear_error():
    with Lab() as lab:
        result = audit(lab)
        assert result.code == 1 and "refused" in result.err, result.describe()
        assert result.events == [], result.describe()


def what_makes_no_sense_is_wrong_usage():
    for words, why in ((["0.0.0.0:7"], "no single host"), (["[ff02::1]:7"], "no single host"),
                       (["--min", "2s", "--max", "1s", "127.0.0.1:7"], "above --max"),
                       (["127.0.0.1"], "no endpoint"), (["127.0.0.1:7", "127.0.0.1:8"], "far end")):
        done = subprocess.run([KASNIFF, "audit", *words], capture_output=True, text=True)
        assert done.returncode == 2 and why in done.stderr, f"{words}: {done}"


def a_short_longest_silence_alone_is_enough():
    with Lab() as lab:
        start_far_end(lab)
        done = subprocess.run(lab.inside(lab.client, [
            KASNIFF, "audit", "--max", "2s", "--steps", "2", "--arms", "silent",
            f"{lab.server_address}:{PORT}"]), capture_output=True, text=True)
        assert done.returncode == 3 and "survived 2" in done.stdout, done


def every_scenario():
    rows = {f"{policy}, loose {loose}, {'masquerade' if nat else 'no NAT'}":
            policy_row(policy, loose, nat, client, server)
            for policy, loose, nat, client, server in ROWS}
    rows.update({f"the hop that forgets is {which} of three{', plain far end' if plain else ''}":
                 locating(which, plain) for which, plain in ((1, True), (2, False), (3, False))})
    rows["the hop that forgets is 3 of three, signals"] = locating(3, False, pestered=True)
    rows.update({f"the hop that forgets is {which} of three, IPv6": locating_on_ipv6(which)
                 for which in (1, 3)})
    rows.update({f"IPv6, {policy}, loose {loose}": on_ipv6(policy, loose, client, server)
                 for policy, loose, client, server in (
                     ("new-from-inside", 0, "silent", "silent"),
                     ("new-from-inside", 1, "recovered", "silent"),
                     ("reject", 1, "rst", "rst"))})
    rows.update({f"a capture of it says so by itself: {policy}": passively(policy, loose, after)
                 for policy, loose, after in (("new-from-inside", 0, "silent"),
                                              ("reject", 1, "rst"))})
    others = [
        keepalives_refresh_conntrack, one_byte_keepalives_refresh_conntrack_too, a_relay_closes_and_answers_keepalives_itself,
        only_data_from_the_client_refreshes, a_server_that_closes_idle_connections_is_told_apart,
        a_plain_server_serves_for_the_clients_side, a_path_without_a_limit_ends_with_3,
        a_path_that_dies_is_not_an_expiry, a_far_end_that_is_started_again_goes_on,
        an_interrupt_keeps_what_is_known, a_thousand_connections_at_once,
        the_second_of_two_limits_shows_behind_keepalives,
        what_dies_behind_keepalives_is_looked_for_below_the_silent_limit,
        a_limit_of_12_seconds, who_sent_a_reset_is_unknown_without_privilege,
        a_client_whose_own_firewall_resets_is_the_near_end, the_far_end_keeps_no_privilege,
        a_far_end_at_all_addresses_sees_resets_of_both_families,
        a_server_that_resets_idle_connections_is_the_far_end,
        a_relay_that_resets_is_not_the_far_end,
        what_makes_no_sense_is_wrong_usage, a_short_longest_silence_alone_is_enough,
        nonsense_is_refused_and_the_far_end_goes_on, nobody_there_is_a_clear_error,
    ]
    if subprocess.run(["sh", "-c", "command -v haproxy"], capture_output=True).returncode == 0:
        others.append(haproxy_closes_what_keepalives_keep_busy)
    else:
        print("skip - haproxy_closes_what_keepalives_keep_busy: haproxy is not installed")
    return {**rows, **{s.__name__: s for s in others}}


def main():
    why_not = can_run()
    if why_not is not None:
        print("skip - the audit against routers:", why_not)
        return 77
    return scenarios.run(scenarios.named(every_scenario()))


sys.exit(main())
