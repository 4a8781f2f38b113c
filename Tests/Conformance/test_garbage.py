"""Garbage on every port: the controller keeps running and logs it, and other peers do not notice."""

import json
import random
import re
import socket
import threading
from collections import Counter

import psutil
import pytest
import zmq
from conftest import new_cluster
from harness import TIMEOUT, wait_until
from ipyparallel import interactive
from simulated import DELIMITER, Wire, endpoint, engine_ids, raw_client

CLIENT_CHANNELS = ["registration", "mux", "task", "control", "broadcast"]
ENGINE_CHANNELS = ["registration", "mux", "task", "control", "broadcast", "hb_pong", "iopub"]
PORTS = [("client", channel) for channel in CLIENT_CHANNELS] + [("engine", channel) for channel in ENGINE_CHANNELS]
#: Ports whose messages are verified. Heartbeats are not messages.
VERIFIED = [port for port in PORTS if port[1] != "hb_pong"]


@pytest.fixture(scope="module")
def cluster():
    """A cluster with one client that works all the time."""
    with new_cluster() as cluster:
        cluster.start_controller(arguments=["--log-level=30", "--DictDB.record_limit=50"])
        cluster.start_python_engines(1)
        worker = Worker(cluster.client(engines=1))
        cluster.worker = worker
        cluster.expected = Counter()
        yield cluster
        worker.finish()
        check_log(cluster)


class Worker:
    """Runs one task after another, direct, load-balanced and broadcast, and checks each result."""

    def __init__(self, client):
        self.client = client
        self.rounds = 0
        self.error = None
        self.stopping = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        double = interactive(lambda x: 2 * x)
        views = [self.client[0], self.client.load_balanced_view(), self.client.broadcast_view()]
        try:
            while not self.stopping:
                for view in views:
                    result = view.apply_async(double, self.rounds).get(timeout=TIMEOUT)
                    assert result in (2 * self.rounds, [2 * self.rounds])
                self.rounds += 1
        except Exception as error:
            self.error = error

    def finish(self):
        self.stopping = True
        self.thread.join(TIMEOUT)
        assert self.error is None, self.error
        assert self.rounds > 0


@pytest.fixture(autouse=True)
def undisturbed(cluster):
    """After each test the client still works as before."""
    yield
    rounds = cluster.worker.rounds
    wait_until(lambda: cluster.worker.rounds > rounds + 1 or cluster.worker.error, "more work of the client", 10)
    assert cluster.worker.error is None


def refusals(cluster):
    """The log lines about refused messages."""
    return [line for line in cluster.processes[0].log(10**7).splitlines() if "refused" in line]


def field(line, key):
    return re.search(rf"martlet\.{key}=(\S+)", line)[1]


def wait_until_idle(process):
    """Waits until all that was sent to a process has been dealt with: it uses no processor time any more."""
    readings = [None]

    def is_idle():
        readings.append(psutil.Process(process.child.pid).cpu_times()[:2])
        return len(readings) > 20 and len(set(readings[-20:])) == 1

    wait_until(is_idle, "the end of the controller's work")


def check_log(cluster):
    """The log of a stopped controller: few lines, whose counts include every refused message."""
    controller = cluster.processes[0]
    wait_until_idle(controller)
    controller.terminate()
    wait_until(lambda: not controller.running, "the end of the controller")
    counts = {}
    lines = refusals(cluster)
    for line in lines:
        counts[field(line, "socket"), field(line, "rejected")] = int(field(line, "count"))
    refused = Counter()
    for (_, kind), count in counts.items():
        refused[kind] += count
    missing = cluster.expected - refused
    assert not missing, f"{missing} missing of {cluster.expected}, {refused} refused"
    assert len(lines) < 2000 and controller.log_path.stat().st_size < 1_000_000


class Peer:
    """A raw socket connected to one port."""

    def __init__(self, cluster, side, channel):
        self.info = cluster.connection_info(side)
        self.wire = Wire(self.info)
        self.socket = zmq.Context.instance().socket(zmq.PUB if channel == "iopub" else zmq.DEALER)
        self.socket.linger = 30_000
        self.socket.identity = b"stranger"
        monitor = self.socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        self.socket.connect(endpoint(self.info, channel))
        # A PUB socket drops messages until it is connected and the subscription has arrived.
        assert monitor.poll(TIMEOUT * 1000)
        self.socket.disable_monitor()
        if channel == "iopub":
            threading.Event().wait(0.2)

    def send(self, *messages):
        for frames in messages:
            self.socket.send_multipart(frames)

    def close(self):
        self.socket.close()


@pytest.fixture
def peer(cluster, port):
    peer = Peer(cluster, *port)
    yield peer
    peer.close()
    cluster.check_running()


each_port = pytest.mark.parametrize("port", PORTS, ids="-".join)
each_verified_port = pytest.mark.parametrize("port", VERIFIED, ids="-".join)


@each_port
def test_random_frames(cluster, peer, port):
    source = random.Random(7)
    messages = [
        [source.randbytes(source.choice([0, 1, 7, 255, 256, 5000])) for _ in range(source.randrange(1, 12))]
        for _ in range(50)
    ]
    peer.send(*messages)
    if port in VERIFIED:
        cluster.expected["malformedFrames"] += 50


@each_verified_port
def test_truncated_messages(cluster, peer, port):
    """Any number of frames that is too few for a message; unsigned frames have any content."""
    whole = peer.wire.frames("apply_request", identities=[b"x", b"y"])
    peer.send(*(whole[:count] for count in range(1, len(whole))))
    cluster.expected["malformedFrames"] += len(whole) - 1


@each_verified_port
def test_unsigned_and_wrongly_signed(cluster, peer, port):
    stranger = Wire(peer.info, key="wrong")
    identities = [b"x"]
    unsigned = peer.wire.frames("apply_request", identities=identities)
    unsigned[2] = b""
    signatures = [b"", b"0" * 63, b"0" * 64, b"0" * 65, b"\xff" * 64, b"A" * 64]
    forged = [unsigned[:2] + [signature] + unsigned[3:] for signature in signatures]
    peer.send(*forged, stranger.frames("apply_request", identities=identities))
    cluster.expected["badSignature"] += len(forged) + 1


@each_verified_port
def test_replayed(cluster, peer, port):
    before = len(refusals(cluster))
    message = peer.wire.frames("no_such_request", identities=[b"x", b"y"])
    peer.send(*[message] * 5)
    cluster.expected["replayed"] += 4
    wait_until(lambda: any("seen before" in line for line in refusals(cluster)[before:]), "the refusal in the log")


NOT_OBJECTS = [b"", b"{", b"[]", b"null", b'"text"', b"3", b"\xff\xfe", b"{" * 20_000, b"[" * 20_000, b'{"a": NaN}']


@each_verified_port
def test_signed_but_not_json(cluster, peer, port):
    """A peer with the key may still send nonsense in any of the four frames."""
    header, rest = peer.wire.header("apply_request"), b"{}"
    for nonsense in NOT_OBJECTS:
        for position in range(4):
            parts = [header, rest, rest, rest]
            parts[position] = nonsense
            peer.send([b"x", b"y", DELIMITER, peer.wire.sign(*parts), *parts])


@each_verified_port
def test_signed_with_wrong_types(cluster, peer, port):
    odd = [None, True, -1, 1e300, 2**70, "", "text", [], [[]], {}, {"a": {}}]
    for value in odd:
        for field in ("msg_id", "msg_type", "session", "date"):
            header = json.loads(peer.wire.header("apply_request")) | {field: value}
            parts = [json.dumps(header).encode(), b"{}", b"{}", b"{}"]
            peer.send([b"x", b"y", DELIMITER, peer.wire.sign(*parts), *parts])
        for field in ("targets", "after", "follow", "timeout", "retries", "is_coalescing", "status", "original_msg_id"):
            peer.send(peer.wire.frames("apply_request", metadata={field: value}, identities=[b"x", b"y"]))
            peer.send(
                peer.wire.frames(
                    "apply_reply",
                    metadata={field: value},
                    parent=json.dumps({"msg_id": value}).encode(),
                    identities=[b"x", b"y"],
                )
            )


HUB_REQUESTS = [
    "registration_request",
    "queue_request",
    "load_request",
    "result_request",
    "db_request",
    "purge_request",
    "resubmit_request",
]


@pytest.mark.parametrize("kind", [*HUB_REQUESTS, "no_such_request"])
def test_hub_requests_of_wrong_types(cluster, kind):
    """Each request is answered, with an error if it makes no sense."""
    with raw_client(cluster) as client:
        [engine] = engine_ids(client)
        for value in [True, -1, 10**18, 1e300, "", "text", [[]], {"a": []}, ["x", 3], {"$or": 3}]:
            for field in ("uuid", "id", "targets", "msg_ids", "query", "keys", "engine_ids"):
                content = {field: value} if field != "uuid" or kind != "registration_request" else {field: [value]}
                reply = client.ask(kind, content)
                assert reply is not None, content
                assert reply.content["status"] in ("ok", "error")
                if reply.content["status"] == "error":
                    assert reply.content["ename"] and "evalue" in reply.content and reply.content["traceback"]
        assert engine in engine_ids(client)


def test_unregistration_without_a_usable_id(cluster):
    """The kit tests that unknown numbers are ignored (R-10.4)."""
    with raw_client(cluster) as client:
        for value in (None, "0", [0], 1.5):
            assert client.ask("unregistration_request", {"id": value}).content["status"] == "error"


@each_verified_port
def test_very_many_frames(cluster, peer, port):
    peer.send([b""] * 10_000, [DELIMITER] * 1000, [b"x", b"y", DELIMITER] + [b"{}"] * 2000)


@pytest.mark.parametrize("port", [("client", "task"), ("client", "registration"), ("engine", "mux")], ids="-".join)
def test_large_frames(cluster, peer, port):
    peer.send([b"x", b"\0" * 50_000_000])
    parts = [b'{"msg_id": "' + b"x" * 10_000_000 + b'"', b"{}", b"{}", b"{}"]
    peer.send([b"x", b"y", DELIMITER, peer.wire.sign(*parts), *parts])
    cluster.expected["malformedFrames"] += 1


@each_verified_port
def test_a_flood(cluster, peer, port):
    """A log line for each of them would make megabytes."""
    for _ in range(5_000):
        peer.send([b"x", b"y", b"z"])
    # A publisher drops what its peer is too slow for.
    cluster.expected["malformedFrames"] += 5_000 if port[1] != "iopub" else 1


@each_port
def test_plain_tcp(cluster, port):
    """Other protocols, half a greeting, and random bytes."""
    info = cluster.connection_info(port[0])
    address = ("127.0.0.1", int(endpoint(info, port[1]).rpartition(":")[2]))
    source = random.Random(3)
    greeting = b"\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL"
    attempts = [
        b"",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + source.randbytes(200),
        greeting,
        greeting + bytes(48) + source.randbytes(200),
        b"\xff" * 1000,
        source.randbytes(10_000),
    ]
    for data in attempts:
        with socket.create_connection(address, timeout=5) as connection:
            try:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(0.05)
                while connection.recv(4096):
                    pass
            except OSError:
                pass
    cluster.check_running()


def test_failed_handshakes_are_logged(cluster):
    """Random bytes after a valid greeting fail the handshake, which is logged with a count and the endpoint."""
    test_plain_tcp(cluster, ("client", "task"))
    wait_until(
        lambda: "a peer failed the security handshake" in cluster.processes[0].log(10**7), "the failed handshake"
    )


def test_it_still_serves(cluster):
    with raw_client(cluster) as client:
        assert list(engine_ids(client)) == [0]
        assert client.ask("queue_request").content["status"] == "ok"
