"""What links do to packets: the process behind `links.py`, which forwards between TUN devices.

It is given the descriptors of the devices, this machine's first, and the address of each host. A line of JSON on its standard
input changes links or asks about them, and is answered by another. It ends with its standard input.
"""

import json
import os
import random
import select
import struct
import sys
import time
from collections import deque

#: Bytes that a packet has at most.
SIZE = 9000

#: Packets that are read from a device before others have their turn.
BURST = 64

#: Packets that wait in a direction; further ones are lost, as in a router.
LIMIT = 2000

TCP = 6
SYN, ACK = 0x02, 0x10


class Flows:
    """The TCP connections that a NAT between two hosts remembers. Packets of others are lost."""

    def __init__(self):
        #: Seconds without a packet after which a connection is forgotten; None where there is no NAT.
        self.patience = None
        #: When each connection had its last packet.
        self.seen = {}

    def know(self, packet, now):
        """Whether the connection of a packet is remembered, or begins with it."""
        if packet[9] != TCP:
            return True
        ports = 4 * (packet[0] & 0x0F)
        source, target = packet[12:16] + packet[ports:ports + 2], packet[16:20] + packet[ports + 2:ports + 4]
        flow = (source, target) if source < target else (target, source)
        if packet[ports + 13] & (SYN | ACK) != SYN and now - self.seen.get(flow, -self.patience) >= self.patience:
            return False
        self.seen[flow] = now
        return True


class Direction:
    """One way of a link, and the packets on it."""

    def __init__(self, device, flows):
        self.device = device
        self.flows = flows
        self.waiting = deque()
        #: When the packet before has left.
        self.free = 0.0
        self.passed = self.lost = 0
        self.heal()

    def heal(self):
        """Packets pass at once: `delay` is in seconds, `loss` a probability, `rate` in bytes a second."""
        self.delay, self.loss, self.rate, self.is_cut = 0.0, 0.0, None, False

    def take(self, packet, now):
        """A packet comes from the sender."""
        if self.is_cut or self.loss > random.random() or len(self.waiting) >= LIMIT:
            self.lost += 1
        elif self.flows.patience is not None and not self.flows.know(packet, now):
            self.lost += 1
        elif self.rate is None and not self.delay and not self.waiting:
            self.give(packet)
        else:
            self.free = max(self.free, now) + (len(packet) / self.rate if self.rate else 0)
            self.waiting.append((self.free + self.delay, packet))

    def give_due(self, now):
        """Hands out what has been on its way for long enough. Returns when to come back."""
        while self.waiting and self.waiting[0][0] <= now:
            self.give(self.waiting.popleft()[1])
        return self.waiting[0][0] if self.waiting else None

    def give(self, packet):
        try:
            os.write(self.device, packet)
            self.passed += 1
        except OSError:
            # The device is down.
            self.lost += 1


class Link:
    def __init__(self, here, there):
        self.flows = Flows()
        self.directions = {"up": Direction(here, self.flows), "down": Direction(there, self.flows)}


class Forwarder:
    def __init__(self, here, hosts):
        self.here = here
        self.links = [Link(here, device) for device, _ in hosts]
        self.ups = {device: link.directions["up"] for (device, _), link in zip(hosts, self.links)}
        self.downs = {address: link.directions["down"] for (_, address), link in zip(hosts, self.links)}
        self.all = [*self.ups.values(), *self.downs.values()]
        self.poll = select.epoll()
        for descriptor in (sys.stdin.fileno(), here, *self.ups):
            os.set_blocking(descriptor, False)
            self.poll.register(descriptor, select.EPOLLIN)

    def run(self):
        due = None
        while True:
            pause = -1 if due is None else max(0, due - time.monotonic())
            for descriptor, _ in self.poll.poll(pause):
                if descriptor != sys.stdin.fileno():
                    self.read(descriptor)
                elif not self.obey():
                    return
            now = time.monotonic()
            due = min(filter(None, [direction.give_due(now) for direction in self.all]), default=None)

    def read(self, device):
        now = time.monotonic()
        try:
            for _ in range(BURST):
                packet = os.read(device, SIZE)
                direction = self.downs.get(packet[16:20]) if device == self.here else self.ups[device]
                # Others are for hosts that don't exist, or of IPv6.
                if direction and packet[0] >> 4 == 4:
                    direction.take(packet, now)
        except BlockingIOError:
            pass

    def obey(self):
        """Does what a line says, and answers. False at the end."""
        line = sys.stdin.buffer.readline()
        if line:
            order = json.loads(line)
            answer = getattr(self, order.pop("do"))(self.links[order.pop("host")], **order)
            print(json.dumps(answer), flush=True)
        return bool(line)

    def change(self, link, directions, **changes):
        for name in directions:
            vars(link.directions[name]).update(changes)

    def heal(self, link):
        for direction in link.directions.values():
            direction.heal()

    def remember(self, link, seconds):
        link.flows.patience = seconds

    def forget(self, link):
        link.flows.seen.clear()

    def count(self, link):
        return {name: [direction.passed, direction.lost] for name, direction in link.directions.items()}


if __name__ == "__main__":
    here, *hosts = [(int(device), struct.pack("4B", *map(int, address.split("."))))
                    for device, address in (word.split(":") for word in sys.argv[1:])]
    Forwarder(here[0], hosts).run()
