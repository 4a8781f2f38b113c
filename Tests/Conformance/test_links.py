"""The links that other tests break do what they are told."""

import os
import re
import socket
import subprocess
import sys
import time

import pytest
from harness import TIMEOUT, wait_until
from links import DIRECTIONS, Links

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces and TUN devices are those of Linux")

#: Sends back whatever comes, by UDP and over TCP connections.
ECHO = """
import selectors, socket, sys
chosen = selectors.DefaultSelector()
datagrams = socket.socket(type=socket.SOCK_DGRAM)
datagrams.bind((sys.argv[1], 7))
server = socket.create_server((sys.argv[1], 7))
for one in datagrams, server:
    chosen.register(one, selectors.EVENT_READ)
print("ready", flush=True)
while True:
    for key, _ in chosen.select():
        if key.fileobj is datagrams:
            datagrams.sendto(*datagrams.recvfrom(2000))
        elif key.fileobj is server:
            chosen.register(server.accept()[0], selectors.EVENT_READ)
        elif data := key.fileobj.recv(65536):
            key.fileobj.sendall(data)
        else:
            chosen.unregister(key.fileobj)
            key.fileobj.close()
"""


@pytest.fixture(scope="module")
def host():
    """A host that sends back what it gets on port 7."""
    links = Links(2)
    try:
        for link in links:
            echo = subprocess.Popen(
                link.command(sys.executable, "-c", ECHO, link.address), stdout=subprocess.PIPE, text=True)
            assert echo.stdout.readline() == "ready\n"
        links[0].other = links[1]
        yield links[0]
    finally:
        links.close()


@pytest.fixture
def link(host):
    yield host
    host.heal()
    host.remember(None)


@pytest.fixture
def datagrams(link):
    """A socket for datagrams to the host."""
    with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        datagrams.connect((link.address, 7))
        datagrams.settimeout(TIMEOUT)
        yield datagrams


@pytest.fixture
def connection(link):
    with connect(link) as connection:
        yield connection


def connect(link):
    connection = socket.create_connection((link.address, 7), timeout=TIMEOUT)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def echoed(end, text):
    end.send(text)
    return end.recv(2000) == text


def lost(link):
    return [link.count()[direction][1] for direction in DIRECTIONS]


def test_a_host_is_another_one(link, datagrams):
    assert echoed(datagrams, b"first")
    name = subprocess.run(link.command("hostname"), capture_output=True, text=True)
    assert name.stdout == "node1\n"
    with subprocess.Popen(link.command("sleep", "100")) as sleeper:
        wait_until(lambda: b"sleep" in open(f"/proc/{sleeper.pid}/cmdline", "rb").read(), "the process has its command's id")
        sleeper.kill()


@pytest.mark.parametrize("delays", [{"up": 0.05}, {"down": 0.05}, {"up": 0.05, "down": 0.05}], ids=str)
def test_delay(link, datagrams, delays):
    for direction, delay in delays.items():
        link.change([direction], delay=delay)
    began = time.monotonic()
    assert echoed(datagrams, b"late")
    assert time.monotonic() - began >= sum(delays.values())
    # Many at a time are no later than one: all are underway before the first one is back.
    for number in range(20):
        datagrams.send(b"%d" % number)
    began = time.monotonic()
    assert [datagrams.recv(2000) for _ in range(20)] == [b"%d" % number for number in range(20)]
    assert time.monotonic() - began < 20 * sum(delays.values())


def test_loss(link, datagrams):
    link.change(["down"], loss=0.2)
    before = link.count()["down"]
    for _ in range(2000):
        datagrams.send(b"x")
    wait_until(lambda: sum(link.count()["down"]) - sum(before) == 2000, "the packets")
    # The standard deviation is 18.
    assert 300 < lost(link)[1] - before[1] < 500


def test_rate(link, connection):
    link.change(["down"], rate=1_000_000)
    began = time.monotonic()
    data = b"x" * 500_000
    connection.sendall(data)
    received = 0
    while received < len(data):
        received += len(connection.recv(100_000))
    assert time.monotonic() - began >= 0.5


@pytest.mark.parametrize("directions", [(), ("up",), ("down",)], ids=str)
def test_a_cut(link, connection, directions):
    assert echoed(connection, b"first")
    link.cut(*directions)
    before = lost(link)
    connection.sendall(b"second")
    wait_until(lambda: lost(link) != before, "a lost packet")
    assert [now > then for now, then in zip(lost(link), before)] == [directions == ("up",), directions != ("up",)]
    # Other hosts are as they were.
    with connect(link.other) as other:
        assert echoed(other, b"other")
    connection.setblocking(False)
    with pytest.raises(BlockingIOError):
        connection.recv(100)
    link.heal()
    connection.settimeout(TIMEOUT)
    assert connection.recv(100) == b"second"


def test_a_nat_forgets(link):
    link.remember(seconds=1)
    with connect(link) as idle, connect(link) as busy:
        assert echoed(idle, b"first")
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            assert echoed(busy, b"busy")
            time.sleep(0.1)
        before = lost(link)
        idle.sendall(b"second")
        wait_until(lambda: lost(link) > before, "a lost packet")
        assert echoed(busy, b"busy")
        # A new connection is welcome.
        with connect(link) as fresh:
            assert echoed(fresh, b"fresh")
        link.remember(seconds=1000)
        link.forget()
        before = lost(link)
        busy.sendall(b"second")
        wait_until(lambda: lost(link) > before, "a lost packet")


def test_nothing_is_left():
    program = f"""
import os, sys
sys.path[:0] = {sys.path}
from links import Links
links = Links(1)
print(links.tag, flush=True)
os.system("ip address; ip netns")
links.close()
print("closed", flush=True)
os.system("ip address; ip netns")
"""
    # Another worker's number, with addresses of its own.
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True,
        env=os.environ | {"PYTEST_XDIST_WORKER": "gw90"})
    assert done.returncode == 0, done.stderr
    tag, before, after = re.fullmatch("(.*?)\n(.*)closed(.*)", done.stdout, re.DOTALL).groups()
    for trace in ["10.214.90.254", tag]:
        assert trace in before
        assert trace not in after
