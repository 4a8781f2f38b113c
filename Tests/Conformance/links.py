"""Hosts on real networks: behind links that are late, slow, lose packets, forget connections or are cut.

Each host is a network namespace. TUN devices join it with this machine, and `forwarder.py` carries the packets between them,
so no kernel module is needed.
"""

import fcntl
import itertools
import json
import os
import stat
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from harness import WORKER
from hosts import run

FORWARDER = Path(__file__).with_name("forwarder.py")

#: Towards this machine, and back.
DIRECTIONS = ("up", "down")

#: The network of all hosts and this machine, without the last number.
NETWORK = f"10.214.{WORKER}"

#: Hosts at most. Each `Links` takes the next addresses, so that it gets nothing that was sent to hosts of the one before.
MOST = 8
COUNTER = itertools.count()

TUN = Path("/dev/net/tun")
# <linux/if_tun.h>
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


class Link:
    """A host, and its link to this machine."""

    def __init__(self, links, number):
        self.links, self.number = links, number
        self.name = f"node{number + 1}"
        self.address = f"{NETWORK}.{links.first + number}"
        self.space = f"{links.tag}n{number}"

    def command(self, *words):
        """The command that runs a command on the host, with the same process id."""
        named = ["unshare", "--uts", "sh", "-c", f'hostname {self.name}; exec "$@"', "sh"]
        return ["ip", "netns", "exec", self.space, *named, *map(str, words)]

    def _ask(self, do, **order):
        return self.links.ask({"do": do, "host": self.number, **order})

    def change(self, directions=DIRECTIONS, **changes):
        """Changes a link: `delay` in seconds, `loss` as a probability, `rate` in bytes a second, `is_cut`."""
        self._ask("change", directions=directions, **changes)

    def cut(self, *directions):
        """Nothing passes any more, without a notice to either side."""
        self.change(directions or DIRECTIONS, is_cut=True)

    def heal(self):
        """Everything passes, at once. A NAT stays."""
        self._ask("heal")

    def remember(self, seconds):
        """There is a NAT from now on, which forgets connections that are idle for so long and knows none yet; None: there is
        none any more."""
        self._ask("remember", seconds=seconds)

    def forget(self):
        """The NAT forgets all connections."""
        self._ask("forget")

    def count(self):
        """How many packets have passed and were lost in each direction."""
        return self._ask("count")


class Links:
    """Hosts that reach this machine, and nobody else, as `address`. Needs root."""

    def __init__(self, count, mtu=1500):
        assert os.getuid() == 0, "network namespaces are needed: run the tests as root"
        self.tag = f"l{os.getpid() % 100000}"
        self.address = f"{NETWORK}.254"
        assert count <= MOST
        self.first = 1 + MOST * (next(COUNTER) % (250 // MOST))
        self.lock = threading.Lock()
        self.links = [Link(self, number) for number in range(count)]
        self.forwarder = None
        devices = []
        try:
            devices.append(make_device(f"{self.tag}t"))
            set_up([], f"{self.tag}t", self.address, mtu)
            for link in self.links:
                run("ip", "netns", "add", link.space)
                device = f"{self.tag}t{link.number}"
                devices.append(make_device(device))
                run("ip", "link", "set", device, "netns", link.space, "name", "eth0")
                set_up(["-n", link.space], "eth0", link.address, mtu)
                run("ip", "-n", link.space, "link", "set", "lo", "up")
            addresses = [self.address, *(link.address for link in self.links)]
            self.forwarder = subprocess.Popen(
                [sys.executable, FORWARDER, *(f"{device}:{address}" for device, address in zip(devices, addresses))],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=devices)
        except BaseException:
            self.close()
            raise
        finally:
            for device in devices:
                os.close(device)

    def __getitem__(self, number):
        return self.links[number]

    def __len__(self):
        return len(self.links)

    def ask(self, order):
        """Gives an order to the forwarder, from any thread, and waits until it is done."""
        with self.lock:
            self.forwarder.stdin.write(json.dumps(order).encode() + b"\n")
            self.forwarder.stdin.flush()
            return json.loads(self.forwarder.stdout.readline())

    def close(self):
        """Ends the network, and what still runs on the hosts."""
        for link in self.links:
            left = subprocess.run(["ip", "netns", "pids", link.space], capture_output=True, text=True).stdout
            for pid in left.split():
                subprocess.run(["kill", "-9", pid], capture_output=True)
        if self.forwarder:
            self.forwarder.communicate(timeout=30)
        for link in self.links:
            subprocess.run(["ip", "netns", "delete", link.space], capture_output=True)


def make_device(name):
    """A new TUN device, which exists until its descriptor is closed."""
    try:
        if not TUN.exists():
            # Containers may lack the file of a device that their kernel has.
            TUN.parent.mkdir(exist_ok=True)
            os.mknod(TUN, 0o600 | stat.S_IFCHR, os.makedev(10, 200))
        descriptor = os.open(TUN, os.O_RDWR)
    except OSError as error:
        pytest.skip(f"links need TUN devices, which this system does not have: {error}")
    try:
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def set_up(space, device, address, mtu):
    # The system keeps packets until the forwarder reads them: it must not be what loses them.
    run("ip", *space, "link", "set", device, "mtu", mtu, "txqueuelen", 10_000, "up")
    run("ip", *space, "address", "add", f"{address}/24", "dev", device)
