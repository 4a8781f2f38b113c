"""Peers without the key that take memory or descriptors: what they can take is limited, and the others go on."""

import os
import select
import threading

import psutil
import pytest
import zmq
from conftest import new_cluster
from harness import TIMEOUT, binary, wait_until
from hostile import MORE, forget_peak, frame, handshake, memory
from ipyparallel import interactive
from simulated import endpoint, raise_descriptor_limit, swarm_of

LIMIT = 20_000_000
#: What may come on top of a limit while nobody looks, on a busy machine.
SLACK = 500_000_000
PORTS = [("client", channel) for channel in ("registration", "mux", "task", "control", "broadcast")]
PORTS += [("engine", channel) for channel in ("mux", "task", "control", "broadcast", "hb_pong", "iopub")]


def port_of(cluster, side, channel):
    port = cluster.connection_info(side)[channel]
    return port[0] if isinstance(port, list) else port


def send_until_cut(peer, body, most):
    """Send a message that does not end; returns how many bytes were sent until the other side closed the connection.

    The end may come while the other side's window is closed: then nothing but the end of what it sends tells.
    """
    sent = 0
    peer.setblocking(False)
    try:
        while sent < most:
            readable, writable, _ = select.select([peer], [peer], [], TIMEOUT)
            assert readable or writable, f"{sent} bytes were taken, and the connection stands"
            if readable and not peer.recv(4096):
                return sent
            if writable:
                sent += peer.send(body)
    except ConnectionError:
        return sent
    raise AssertionError(f"{sent} bytes were taken")


@pytest.fixture(scope="module")
def limited():
    """A cluster with a limit of a message's size, and one engine."""
    with new_cluster() as cluster:
        cluster.start_controller(arguments=[f"--max-message-size={LIMIT}"])
        cluster.start_python_engines(1)
        cluster.client(engines=1)
        yield cluster


# Small frames take long, and are the same everywhere. libzmq keeps 64 bytes for each, so those of one byte take 21 times what
# is sent.
@pytest.mark.parametrize(
    "side, channel, size", [(*port, 900_000) for port in PORTS] + [("client", "task", 900), ("engine", "iopub", 900), ("client", "task", 1)]
)
def test_a_message_that_does_not_end(limited, side, channel, size):
    forget_peak(limited.processes[0])
    before = memory(limited.processes[0])[0]
    peer = handshake(port_of(limited, side, channel), b"PUB" if channel == "iopub" else b"DEALER", b"stranger")
    body = frame(bytes(size), MORE)
    sent = send_until_cut(peer, body * max(1, 100_000 // len(body)), 3_000_000_000)
    peer.close()
    assert memory(limited.processes[0])[1] < before + LIMIT + SLACK, sent
    assert limited.clients[0][:].apply_async(os.getpid).get(timeout=TIMEOUT)


def test_without_a_limit_large_messages_pass(controller):
    controller.start_python_engines(1)
    client = controller.client(engines=1)
    data = [os.urandom(50_000_000) for _ in range(6)]
    size = client[0].apply_async(interactive(lambda data: sum(map(len, data))), data).get(timeout=2 * TIMEOUT)
    assert size == 300_000_000


def test_a_message_above_the_limit_is_refused(limited):
    client = limited.client(engines=1)
    client[0].apply_async(len, bytes(15_000_000)).get(timeout=TIMEOUT)
    client[0].apply_async(sum, [bytes(9_000_000), bytes(9_000_000), bytes(9_000_000)])
    wait_until(lambda: "oversized" in limited.processes[0].log(10**7), "the refusal")
    assert client[0].apply_async(os.getpid).get(timeout=TIMEOUT)


def test_a_subscriber_that_does_not_read_is_cut_off(controller):
    """Others lose nothing."""
    count, text = 1200, "x" * 1_000_000
    peer = handshake(port_of(controller, "client", "iopub"), b"SUB")
    peer.sendall(frame(b"\x01"))
    forget_peak(controller.processes[0])
    before = memory(controller.processes[0])[0]
    reader = zmq.Context.instance().socket(zmq.SUB)
    reader.linger = 0
    reader.rcvhwm = 0
    reader.subscribe(b"")
    reader.connect(endpoint(controller.connection_info("client"), "iopub"))
    received = []

    def read():
        while len(received) < count and reader.poll(TIMEOUT * 1000):
            message = reader.recv_multipart()
            if message[0].endswith(b"display_data"):
                received.append(len(message[-1]))

    with swarm_of(controller) as swarm:
        [engine] = swarm.add(1, iopub=zmq.PUB)

        def publish(number):
            for _ in range(number):
                engine.publish("display_data", {"data": {"text/plain": text}}, b'{"msg_id": "m"}')

        def is_subscribed():
            swarm.do(publish, 1)
            return reader.poll(100)

        wait_until(is_subscribed, "the first message")
        thread = threading.Thread(target=read)
        thread.start()
        for _ in range(count // 50):
            goal = len(received) + 30
            swarm.do(publish, 50)
            wait_until(lambda: len(received) >= min(goal, count), "output at the reader")
        thread.join(TIMEOUT)
    reader.close()
    assert len(received) >= count
    wait_until(lambda: "subscriber does not read" in controller.processes[0].log(10**7), "a line in the log")
    assert memory(controller.processes[0])[1] < before + (1 << 29) + SLACK
    peer.close()


def test_descriptors_are_left(cluster, monkeypatch):
    """More connections than descriptors: those that were there go on, and when the others leave, new ones come."""
    raise_descriptor_limit()
    monkeypatch.setenv("MARTLET_CONTROLLER_CMD", f"prlimit --nofile=512:512 {binary('martlet')} controller")
    cluster.start_controller()
    cluster.start_python_engines(1)
    client = cluster.client(engines=1)
    controller = cluster.processes[0]
    process = psutil.Process(controller.child.pid)
    for _ in range(3):
        peers = []
        for _ in range(600):
            try:
                peers.append(handshake(port_of(cluster, "client", "task"), timeout=5))
            except OSError:
                break
        wait_until(lambda: "too many connections" in controller.log(10**7), "a line in the log")
        wait_until(lambda: process.cpu_percent(0.5) < 50, "a controller that does not spin")
        assert process.num_fds() < 512
        assert client[:].apply_async(os.getpid).get(timeout=TIMEOUT)
        for peer in peers:
            peer.close()
        # A newcomer is admitted at once: the controller may not have noted yet that the others have left.
        wait_until(lambda: process.num_fds() < 200, "the end of the connections")
        newcomer = cluster.client(engines=1)
        assert newcomer[:].apply_async(os.getpid).get(timeout=TIMEOUT)
