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
    """client 10.9.1.2 - 10.9.1.1 router 10.9.2.1 - 10.9.2.2 server"""

    server_address = "10.9.2.2"
    client_address = "10.9.1.2"

    def __init__(self):
        tag = secrets.token_hex(4)
        self.client, self.router, self.server = (f"ka-{tag}-{end}" for end in "crs")
        self.processes = []

    def __enter__(self):
        for name in (self.client, self.router, self.server):
            self._host(["ip", "netns", "add", name])
            self.run(name, ["ip", "link", "set", "lo", "up"])
        self._cable(self.client, self.client_address, "10.9.1.1", "inside")
        self._cable(self.server, self.server_address, "10.9.2.1", "outside")
        self.sysctl(self.router, "net.ipv4.ip_forward", 1)
        return self

    def _cable(self, host, address, gateway, name):
        self._host(["ip", "link", "add", "wire", "netns", host, "type", "veth", "peer", "name",
                    name, "netns", self.router])
        self.run(host, ["ip", "address", "add", address + "/24", "dev", "wire"])
        self.run(self.router, ["ip", "address", "add", gateway + "/24", "dev", name])
        self.run(host, ["ip", "link", "set", "wire", "up"])
        self.run(self.router, ["ip", "link", "set", name, "up"])
        self.run(host, ["ip", "route", "add", "default", "via", gateway])

    def __exit__(self, *_):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        for name in (self.client, self.router, self.server):
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

    def rules(self, text):
        """Loads nft rules into the router."""
        self.run(self.router, ["nft", "-f", "-"], input=text)
