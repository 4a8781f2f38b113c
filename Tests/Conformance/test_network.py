"""A real network is not loopback: packets are late or lost, cables are pulled, hosts vanish, and NATs forget connections."""

import json
import os
import socket
import subprocess
import sys
import threading
import time

import ipyparallel as ipp
import pytest
from harness import TIMEOUT, binary, wait_until
from links import Links
from place import Place, clean

# As in a notebook: engines rebuild functions of this module in their own namespace and need not import this file.
__name__ = "__main__"

pytestmark = [
    pytest.mark.waits,
    pytest.mark.skipif(sys.platform != "linux", reason="namespaces and TUN devices are those of Linux"),
]

#: For how long the cable is out, in seconds: longer than anybody waits who thinks that a connection is alive.
OUTAGE = 30

#: What a request ends with whose way was cut.
LOST = {"TaskLost", "EngineError", "EngineLost", "ClientError"}


class Network:
    """A controller and an engine on this host, and engines and clients on others.

    Engines are given up after 5 s without a heartbeat.
    """

    def __init__(self, links, place):
        self.links, self.place, self.processes = links, place, []
        started = place.command("start", "--daemonize", "-n", "1", f"--ip={links.address}", f"--location={links.address}",
                                "--program", binary("martlet-test-engine"), "--", "--ping=500")
        assert started.returncode == 0, started.stderr

    def on(self, number, program, *arguments):
        """Starts a program on a host."""
        log = (self.place.directory / f"{program}-{len(self.processes)}.log").open("w")
        process = subprocess.Popen(
            self.links[number].command(binary(program), *arguments), env=self.place.environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=log, text=True)
        self.processes.append(process)
        return process

    def file(self, role):
        return self.place.directory / f"profile_default/security/ipcontroller-{role}.json"

    def start_engine(self, number, *arguments):
        return self.on(number, "martlet-test-engine", "engine", f"--file={self.file('engine')}", *arguments)

    def start_driver(self, number):
        return Driver(self.on(number, "client-driver", self.file("client")))

    def client(self, engines):
        """A client on this host that sees some engines."""
        client = ipp.Client(connection_info=str(self.file("client")), timeout=TIMEOUT)
        wait_until(lambda: len(client.ids) == engines, f"{engines} engines", 4 * TIMEOUT)
        return client

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()
        stopped = self.place.command("stop")
        assert stopped.returncode == 0, stopped.stderr
        assert clean(self.place)


class Driver:
    """A client of Martlet's on another host."""

    def __init__(self, process):
        self.process = process
        self.number = 0

    def ask(self, do, **request):
        self.number += 1
        self.process.stdin.write(json.dumps({"id": self.number, "do": do} | request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def later(self, do, **request):
        """Asks on another thread. Returns a function that waits for the answer."""
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.ask(do, **request)), daemon=True)
        thread.start()

        def answer():
            thread.join(4 * TIMEOUT)
            assert answers, f"no answer to {do}"
            return answers[0]

        return answer


@pytest.fixture
def network(tmp_path):
    links = Links(2)
    try:
        network = Network(links, Place(tmp_path))
        yield network
        network.close()
    finally:
        links.close()


@pytest.fixture
def link(network):
    """The link to the first of the other hosts."""
    return network.links[0]


def outcome(result):
    """What a call gave, or the name of its error if it is one that a broken network explains."""
    try:
        return result.get(timeout=4 * TIMEOUT)
    except ipp.error.RemoteError as error:
        assert error.ename in LOST, error
        return error.ename


def is_answered(answer, value):
    """Whether a driver was answered with a value, and not with an error that a broken network explains."""
    assert answer.get("ok") == value or answer["error"]["ename"] in LOST, answer
    return "ok" in answer


def goes_on(driver, client, engines):
    """The network is as it should be, so all engines are, and new calls are answered."""
    wait_until(lambda: len(client.ids) == engines, f"{engines} engines", 4 * TIMEOUT)
    assert client[:].apply_async(ipp.Reference("add"), 1, 1).get(timeout=TIMEOUT) == [2] * engines
    wait_until(lambda: "ok" in driver.ask("apply", to="any", function="add", args=[1, 1]), "the driver", 4 * TIMEOUT)
    # The driver may be told of an engine that is back a moment after the other client.
    wait_until(lambda: sorted(map(int, driver.ask("engines")["ok"])) == sorted(client.ids), "the driver's engines")


def test_late_and_lost_packets(network, link):
    """With 50 ms from there and back, engines register, tasks of all kinds end, and much data passes in both directions."""
    link.change(delay=0.025, loss=0.01)
    for _ in range(4):
        network.start_engine(0)
    with network.client(engines=5) as client:
        view = client.load_balanced_view()
        results = [view.apply_async(ipp.Reference("add"), number, 1) for number in range(1000)]
        assert [result.get(timeout=4 * TIMEOUT) for result in results] == list(range(1, 1001))
        assert client[:].apply_async(ipp.Reference("add"), 2, 3).get(timeout=TIMEOUT) == [5] * 5
        broadcast = client.broadcast_view()
        assert broadcast.apply_async(ipp.Reference("add"), 3, 3).get(timeout=TIMEOUT) == [6] * 5
    driver = network.start_driver(0)
    assert len(driver.ask("connect")["ok"]) == 5
    for number in range(50):
        assert driver.ask("apply", to="any", function="add", args=[number, number])["ok"] == 2 * number
    text = "x" * 2_000_000
    assert "ok" in driver.ask("push", to=0, names={"text": text})
    assert driver.ask("pull", to=0, names="text")["ok"] == text
    assert all(lost for _, lost in link.count().values())


@pytest.mark.timeout(300)
@pytest.mark.parametrize("directions", [(), ("up",), ("down",)], ids=str)
def test_a_cable_is_pulled(network, link, directions):
    """Engines and a client on the other host come back, and nobody waits forever for what was on its way."""
    engine = network.start_engine(0)
    with network.client(engines=2) as near:
        driver = network.start_driver(0)
        ids = sorted(map(int, driver.ask("connect")["ok"]))
        link.cut(*directions)
        # What is sent now can only be answered, or end with an error, when the cable is back.
        waiting = near[max(ids)].apply_async(ipp.Reference("add"), 2, 3)
        answer = driver.later("apply", to=min(ids), function="add", args=[3, 4])
        time.sleep(OUTAGE)
        link.heal()
        is_answered(answer(), 7)
        assert outcome(waiting) in {5} | LOST
        goes_on(driver, near, engines=2)
    assert engine.poll() is None


@pytest.mark.timeout(300)
def test_a_host_vanishes(network, link, tmp_path):
    """Its engine is unregistered, and tasks end with an error or run elsewhere, although no connection was ended."""
    engine = network.start_engine(0)
    # ipyparallel's client may stall when a reply comes after it has itself ended a direct call to an engine that is gone.
    with network.client(engines=2) as near, network.client(engines=2) as direct:
        [far] = [number for number in near.ids if number != 0]
        marks = tmp_path / "marks"
        running = direct[far].apply_async(ipp.Reference("work"), str(marks), "running", 1000.0, 1)
        wait_until(marks.exists, "the task")
        behind = direct[far].apply_async(ipp.Reference("add"), 2, 3)
        view = near.load_balanced_view()
        with view.temp_flags(retries=3):
            balanced = [view.apply_async(ipp.Reference("add"), number, 1) for number in range(40)]
        everywhere = direct.broadcast_view().apply_async(ipp.Reference("add"), 3, 4)
        driver = network.start_driver(1)
        driver.ask("connect")
        answer = driver.later("apply", to=far, function="add", args=[3, 4])
        link.cut()
        # Its last words are not heard.
        engine.kill()
        engine.wait()
        for result in [running, behind]:
            with pytest.raises(ipp.error.RemoteError, match=f"[Ee]ngine.*{far}"):
                result.get(timeout=4 * TIMEOUT)
        assert [result.get(timeout=4 * TIMEOUT) for result in balanced] == list(range(1, 41))
        with pytest.raises(ipp.error.CompositeError):
            everywhere.get(timeout=4 * TIMEOUT)
        assert not is_answered(answer(), 7)
        goes_on(driver, near, engines=1)


@pytest.mark.timeout(300)
def test_the_controllers_host_vanishes(network, link):
    """A client's calls end with an error, and engines leave as they were told to."""
    stopping = network.start_engine(0, "--on-controller-lost=stop", "--max-heartbeat-misses=10")
    waiting = network.start_engine(0, "--reconnect-timeout=10", "--max-heartbeat-misses=10")
    with network.client(engines=3):
        driver = network.start_driver(0)
        driver.ask("connect")
        answer = driver.later("apply", to=0, function="sleep", args=[1000.0])
        link.cut()
        error = answer()["error"]
        assert error["ename"] == "ClientError"
        assert "can't be reached" in error["evalue"]
        assert driver.ask("apply", to="any", function="add", args=[1, 1])["error"]["ename"] == "ClientError"
        for engine in [stopping, waiting]:
            wait_until(lambda: engine.poll() is not None, "the end of the engine", 4 * TIMEOUT)
            assert engine.returncode == 1


@pytest.mark.timeout(300)
def test_a_nat_remembers(network, link):
    """A NAT forgets what is idle for 20 s. Nothing of ours is, since the controller asks after 15 s, so nothing is lost."""
    link.remember(seconds=20)
    network.start_engine(0)
    driver = network.start_driver(0)
    with network.client(engines=2) as near:
        driver.ask("connect")
        time.sleep(50)
        assert driver.ask("apply", to=0, function="add", args=[1, 1])["ok"] == 2
        assert near[:].apply_async(ipp.Reference("add"), 2, 3).get(timeout=TIMEOUT) == [5] * 2
    assert [lost for _, lost in link.count().values()] == [0, 0]


@pytest.mark.timeout(300)
def test_a_nat_forgets(network, link):
    """All connections are lost without a word, as when a router is restarted: nobody waits forever."""
    link.remember(seconds=1000)
    engine = network.start_engine(0)
    driver = network.start_driver(0)
    with network.client(engines=2) as near:
        ids = sorted(map(int, driver.ask("connect")["ok"]))
        link.forget()
        waiting = near[max(ids)].apply_async(ipp.Reference("add"), 2, 3)
        is_answered(driver.ask("apply", to=min(ids), function="add", args=[3, 4]), 7)
        assert outcome(waiting) in {5} | LOST
        goes_on(driver, near, engines=2)
    assert engine.poll() is None


def test_a_window_of_tasks(network, link):
    """On a link with a round trip of 20 ms, many small tasks take far less than a round trip each."""
    link.change(delay=0.01)
    network.start_engine(0)
    driver = network.start_driver(0)
    with network.client(engines=2):
        driver.ask("connect")
        for target in ["any", 0]:
            began = time.monotonic()
            values = driver.ask("map", to=target, function="negate", items=list(range(1000)))["ok"]
            assert time.monotonic() - began < 1000 * 0.02 / 2
            assert values == [-number for number in range(1000)]


def test_much_data(network, link):
    """Data passes as fast as the link does: not much slower than over a connection with nothing else to do."""
    link.change(delay=0.005, rate=10_000_000)
    network.start_engine(0)
    with network.client(engines=2) as near:
        far = near[max(near.ids)]
        data = os.urandom(20_000_000)
        plain = plain_transfer(network.links, data)
        began = time.monotonic()
        far.push({"data": data}, block=True)
        pushed = time.monotonic()
        assert far.pull("data", block=True) == data
        pulled = time.monotonic()
    print(f"plain {plain:.2f} s, push {pushed - began:.2f} s, pull {pulled - pushed:.2f} s")
    assert max(pushed - began, pulled - pushed) < 3 * plain


def plain_transfer(links, data):
    """Seconds in which a host receives data, and says so."""
    with socket.create_server((links.address, 0)) as server:
        program = f"""
import socket
with socket.create_connection({server.getsockname()}) as connection:
    left = {len(data)}
    while left:
        left -= len(connection.recv(1 << 20))
    connection.sendall(b"x")
"""
        with subprocess.Popen(links[0].command(sys.executable, "-c", program)):
            connection, _ = server.accept()
            with connection:
                began = time.monotonic()
                connection.sendall(data)
                assert connection.recv(1) == b"x"
                return time.monotonic() - began
