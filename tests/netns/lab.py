# SPDX-License-Identifier: BSD-2-Clause
"""Hosts as network namespaces: a client, a router, a server, with random names, deleted on exit."""
import os
import secrets
import subprocess


def can_run():
    """None, or why namespaces cannot be made here."""
    if os.geteuid() != 0:
        return "needs root for network namespaces"
    name = "ka-" + secrets.token_hex(4)
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if made.returncode != 0:
        return "cannot make a network namespace: " + made.stderr.strip()
    ruled = subprocess.run(["ip", "netns", "exec", name, "nft", "add", "table", "ip", "probe"],
                           capture_output=True, text=True)
    subprocess.run(["ip", "netns", "del", name], check=False)
    return None if ruled.returncode == 0 else "nft does not work: " + ruled.stderr.strip()


class Lab:
    """client 10.9.1.2 - 10.9.1.1 router 10.9.2.1 - 10.9.2.2 server, or several routers in a row:
    router n has 10.9.n.1 (the first) or 10.9.n.2 towards the client, 10.9.n+1.1 towards the
    server. Each calls these links "inside" and "outside". With `six` they have fd09:n:: addresses
    as well."""

    client_address = "10.9.1.2"
    server_address = "10.9.2.2"

    def __init__(self, routers=1, six=False):
        tag = secrets.token_hex(4)
        self.client, self.server = f"ka-{tag}-c", f"ka-{tag}-s"
        self.routers = [f"ka-{tag}-r{n}" for n in range(1, routers + 1)]
        self.router = self.routers[0]
        self.server_address = f"10.9.{routers + 1}.2"
        self.server_address_six = f"fd09:{routers + 1}::2"
        self.six = six
        self.processes = []

    def __enter__(self):
        last = len(self.routers)
        for name in (self.client, *self.routers, self.server):
            self._host(["ip", "netns", "add", name])
            self.run(name, ["ip", "link", "set", "lo", "up"])
        self._cable(self.client, "wire", "10.9.1.2", self.router, "inside", "10.9.1.1")
        for n, (left, right) in enumerate(zip(self.routers, self.routers[1:]), 2):
            self._cable(left, "outside", f"10.9.{n}.1", right, "inside", f"10.9.{n}.2")
        self._cable(self.routers[-1], "outside", f"10.9.{last + 1}.1", self.server, "wire",
                    self.server_address)
        self.run(self.client, ["ip", "route", "add", "default", "via", "10.9.1.1"])
        self.run(self.server, ["ip", "route", "add", "default", "via", f"10.9.{last + 1}.1"])
        for n, router in enumerate(self.routers, 1):
            self.sysctl(router, "net.ipv4.ip_forward", 1)
            for net in range(1, last + 2):
                if net < n:
                    self.run(router, ["ip", "route", "add", f"10.9.{net}.0/24", "via",
                                      f"10.9.{n}.1"])
                elif net > n + 1:
                    self.run(router, ["ip", "route", "add", f"10.9.{net}.0/24", "via",
                                      f"10.9.{n + 1}.2"])
        if self.six:
            self._add_six()
        return self

    def _add_six(self):
        last = len(self.routers)
        links = [(self.client, "wire", "fd09:1::2"), (self.server, "wire", self.server_address_six)]
        for n, router in enumerate(self.routers, 1):
            links += [(router, "inside", f"fd09:{n}::{1 if n == 1 else 2}"),
                      (router, "outside", f"fd09:{n + 1}::1")]
        for host, name, address in links:
            self.run(host, ["ip", "address", "add", address + "/64", "dev", name, "nodad"])
        self.run(self.client, ["ip", "-6", "route", "add", "default", "via", "fd09:1::1"])
        self.run(self.server, ["ip", "-6", "route", "add", "default", "via", f"fd09:{last + 1}::1"])
        for n, router in enumerate(self.routers, 1):
            self.sysctl(router, "net.ipv6.conf.all.forwarding", 1)
            if n > 1:
                self.run(router, ["ip", "-6", "route", "add", "fd09:1::/64", "via", f"fd09:{n}::1"])
            if n < last:
                self.run(router, ["ip", "-6", "route", "add", f"fd09:{last + 1}::/64", "via",
                                  f"fd09:{n + 1}::2"])

    def _cable(self, left, left_name, left_address, right, right_name, right_address):
        self._host(["ip", "link", "add", left_name, "netns", left, "type", "veth", "peer", "name",
                    right_name, "netns", right])
        for host, name, address in ((left, left_name, left_address),
                                    (right, right_name, right_address)):
            self.run(host, ["ip", "address", "add", address + "/24", "dev", name])
            self.run(host, ["ip", "link", "set", name, "up"])

    def __exit__(self, *_):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        for name in (self.client, *self.routers, self.server):
            subprocess.run(["ip", "netns", "del", name], check=False)

    @staticmethod
    def _host(command):
        subprocess.run(command, check=True, capture_output=True, text=True)

    @staticmethod
    def inside(name, command):
        return ["ip", "netns", "exec", name] + command

    def run(self, name, command, **options):
        return subprocess.run(self.inside(name, command), check=True, capture_output=True,
                              text=True, **options)

    def start(self, name, command, **options):
        process = subprocess.Popen(self.inside(name, command), text=True, **options)
        self.processes.append(process)
        return process

    def sysctl(self, name, key, value):
        self.run(name, ["sysctl", "-qw", f"{key}={value}"])

    def rules(self, text, router=None):
        """Loads nft rules into the router, the first one unless told."""
        self.run(router or self.router, ["nft", "-f", "-"], input=text)
