"""Mutated messages and garbage at all ports of a controller, beside honest work that stays right.

FUZZ_MINUTES and FUZZ_SEED choose how long, and which run.
"""

import os
import random
import statistics
import time

import psutil
import pytest
import zmq
from harness import Cluster
from ipyparallel import Reference
from ipyparallel.serialize import deserialize_object, pack_apply_message
from simulated import DELIMITER, Wire, endpoint, raw_client, wait_for_engines

MINUTES = float(os.environ.get("FUZZ_MINUTES") or 0.1)
SEED = os.environ.get("FUZZ_SEED") or str(random.SystemRandom().randrange(10**6))

#: How many bytes the controller may take in addition to what it took after a first part of the run.
ALLOWED_GROWTH = 64e6
#: How many times as long honest calls may take in the end as in the beginning: something that piles up, not a busy machine.
ALLOWED_SLOWDOWN = 5

CLIENT_PORTS = ["registration", "mux", "task", "control", "broadcast"]
ENGINE_PORTS = ["registration", "mux", "task", "control", "broadcast", "hb_pong", "iopub"]

KINDS = [
    "apply_request", "execute_request", "apply_reply", "execute_reply", "abort_request", "queue_request", "db_request",
    "result_request", "history_request", "load_request", "connection_request", "no_such_request",
]
FIELDS = ["targets", "after", "follow", "timeout", "retries", "status", "original_msg_id", "is_coalescing", "label"]
VALUES = [None, True, -1, 0, 1e300, 2**70, "", "text", "\ud83d\ude00", [], [[]], ["x", 3], {}, {"a": {}}, float("inf")]


class Fuzzer:
    """Makes messages that are nearly right: half of them signed with the key, half of them with another."""

    def __init__(self, seed, info):
        self.numbers = random.Random(seed)
        self.wires = [Wire(info), Wire(info, key="not the key")]

    def message(self):
        numbers = self.numbers
        if numbers.random() < 0.2:
            return [numbers.randbytes(int(2 ** numbers.uniform(0, 12))) for _ in range(numbers.randrange(1, 12))]
        wire = numbers.choice(self.wires)
        fields = {numbers.choice(FIELDS): numbers.choice(VALUES) for _ in range(numbers.randrange(4))}
        kind = numbers.choice(KINDS)
        names = [name for name in ("msg_ids", "query", "keys", "code") if numbers.random() < 0.3]
        content = {name: numbers.choice(VALUES) for name in names}
        frames = wire.frames(kind, content, fields, identities=[b"nobody"], buffers=[numbers.randbytes(20)])
        if numbers.random() < 0.5:
            frames = self.mutated(frames, wire)
        return frames

    def mutated(self, frames, wire):
        """A message with a frame changed, lost, repeated or moved; signed anew or not."""
        numbers = self.numbers
        index = numbers.randrange(len(frames))
        what = numbers.randrange(4)
        if what == 0:
            frames[index] = self.bytes_mutated(frames[index])
        elif what == 1:
            del frames[index]
        elif what == 2:
            frames.insert(index, frames[numbers.randrange(len(frames))])
        else:
            numbers.shuffle(frames)
        if DELIMITER in frames and numbers.random() < 0.7:
            start = frames.index(DELIMITER)
            if len(frames) > start + 1:
                frames[start + 1] = wire.sign(*frames[start + 2 : start + 6])
        return frames or [b""]

    def bytes_mutated(self, data):
        numbers, data = self.numbers, bytearray(data)
        for _ in range(numbers.randrange(1, 5)):
            position = numbers.randrange(len(data) + 1)
            data[position : position + numbers.randrange(4)] = numbers.randbytes(numbers.randrange(4))
        return bytes(data)


class Port:
    """A socket on one of the ports. What it can't send at once is left out, so that nothing piles up here."""

    def __init__(self, context, info, channel):
        self.socket = context.socket(zmq.PUB if channel == "iopub" else zmq.DEALER)
        self.socket.linger = 0
        self.socket.sndhwm = 500
        self.socket.connect(endpoint(info, channel))
        self.sent = 0

    def send(self, frames):
        try:
            self.socket.send_multipart(frames, zmq.NOBLOCK)
            self.sent += 1
        except zmq.Again:
            pass
        # Answers are thrown away.
        while self.socket.type == zmq.DEALER and self.socket.getsockopt(zmq.EVENTS) & zmq.POLLIN:
            self.socket.recv_multipart()


@pytest.fixture
def cluster():
    cluster = Cluster(verbosity=["--log-level=30"])
    cluster.start_controller(arguments=["--DictDB.record_limit=50"])
    cluster.start_swift_engines(1)
    yield cluster
    cluster.stop()


def honest_work(client, uuid, count):
    """Direct calls, each with its right answer."""
    for number in range(count):
        buffers = pack_apply_message(Reference("add"), (number, 1), {})
        name = client.send("mux", "apply_request", to=[uuid.encode()], buffers=buffers)
        reply = client.receive("mux")
        assert reply is not None, "honest work gets no answer"
        assert reply.parent["msg_id"] == name and reply.content["status"] == "ok", reply
        assert deserialize_object([bytes(buffer) for buffer in reply.buffers])[0] == number + 1


@pytest.fixture
def context():
    context = zmq.Context()
    yield context
    # Also when the test fails: a context that is collected with open sockets waits forever.
    context.destroy(linger=0)


@pytest.mark.timeout(60 * MINUTES + 120)
def test_fuzz(cluster, context):
    print(f"\nfuzz: SEED={SEED}")
    with raw_client(cluster) as client:
        [uuid] = wait_for_engines(client, 1).values()
        fuzzer = Fuzzer(SEED, cluster.connection_info("client"))
        infos = {"client": cluster.connection_info("client"), "engine": cluster.connection_info("engine")}
        ports = [Port(context, infos["client"], channel) for channel in CLIENT_PORTS]
        ports += [Port(context, infos["engine"], channel) for channel in ENGINE_PORTS]
        controller = psutil.Process(cluster.processes[0].child.pid)
        began, early, times = time.monotonic(), None, []
        while (passed := time.monotonic() - began) < MINUTES * 60:
            for _ in range(200):
                fuzzer.numbers.choice(ports).send(fuzzer.message())
            start = time.monotonic()
            honest_work(client, uuid, 5)
            times.append((time.monotonic() - start) / 5)
            if early is None and passed > MINUTES * 20:
                early = controller.memory_info().rss
            cluster.check_running()
        sent = sum(port.sent for port in ports)
        late = controller.memory_info().rss
        third = len(times) // 3
        slow = statistics.median(times[-third:]) / statistics.median(times[:third])
        print(
            f"fuzz: {sent} messages, {5 * len(times)} honest calls right, memory {early / 1e6:.0f} to {late / 1e6:.0f} MB, "
            f"a call took {1000 * statistics.median(times[:third]):.2f} ms in the first third and {slow:.2f} times that in the last"
        )
        assert late < early + ALLOWED_GROWTH
        # In less time a moment's load decides.
        assert MINUTES < 1 or slow < ALLOWED_SLOWDOWN
