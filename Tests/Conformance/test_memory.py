"""Peers with the key that take memory: the controller ends their connections before it has too little, and others go on."""

import select

import pytest
import zmq
from harness import TIMEOUT, binary, wait_until
from hostile import MORE, frame, handshake, memory
from ipyparallel import Reference
from simulated import Wire, endpoint, raw_client, swarm_of

#: What the process may have, in bytes. From half of it on, peers have to leave.
MEMORY = 2 << 30
#: What may come on top while nobody looks, on a busy machine.
SLACK = 600 << 20
LARGE = bytes(20_000_000)


@pytest.fixture
def start(cluster, monkeypatch):
    """Starts a controller with little memory, and an honest engine and client."""
    monkeypatch.setenv("MARTLET_CONTROLLER_CMD", f"prlimit --data={MEMORY} {binary('martlet')} controller")

    def start(transport):
        cluster.start_controller(transport)
        cluster.start_swift_engines(1)
        cluster.honest = cluster.client(engines=1)
        return cluster

    return start


def goes_on(cluster):
    """The controller serves others, and has given back what it took."""
    assert cluster.honest[0].apply_async(Reference("add"), 1, 2).get(timeout=TIMEOUT) == 3
    wait_until(lambda: memory(cluster.processes[0])[0] < MEMORY // 2, "memory that is given back")
    assert memory(cluster.processes[0])[1] < MEMORY // 2 + SLACK


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_replies_that_nobody_reads(start, transport):
    """A client has 4 GB of results sent to it and reads none of them."""
    small = start(transport)
    controller = small.processes[0]
    info = small.connection_info("client")
    wire = Wire(info)
    client = zmq.Context.instance().socket(zmq.DEALER)
    client.linger = 0
    client.rcvhwm = 1
    client.identity = wire.session.encode()
    client.connect(endpoint(info, "task"))
    small.honest[0].apply_async(Reference("add"), 1, 2).get(timeout=TIMEOUT)
    with raw_client(small) as observer, swarm_of(small) as swarm:
        engines = swarm.add(
            2, channels=["task"],
            answer=lambda engine, frames: [engine.wire.reply(frames, engine=engine.uuid, buffers=[LARGE])])
        wait_until(lambda: len(observer.ask("connection_request").content["engines"]) == 3, "the engines")
        targets = [engine.uuid for engine in engines]
        for _ in range(200):
            client.send_multipart(wire.frames("apply_request", metadata={"targets": targets}))
        wait_until(lambda: "does not read" in controller.log(10**7), "a line in the log", 2 * TIMEOUT)
        wait_until(lambda: observer.ask("queue_request").content["unassigned"] == 0, "the end of the tasks", 2 * TIMEOUT)
        goes_on(small)
    client.close()


def port_of(cluster, channel):
    return int(endpoint(cluster.connection_info("client"), channel).rpartition(":")[2])


def send_all(peers, body, each):
    """Sends to all peers in turn, as much to each. Returns those that were cut off."""
    left = dict.fromkeys(peers, each)
    ended = set()
    while left:
        readable, writable, _ = select.select(list(left), list(left), [], TIMEOUT)
        assert readable or writable, f"nothing more is taken of {len(left)} messages"
        for peer in {*readable, *writable}:
            try:
                if peer in writable:
                    left[peer] -= peer.send(body)
                    if left[peer] <= 0:
                        del left[peer]
                elif not peer.recv(1 << 16):
                    raise ConnectionError
            except BlockingIOError:
                pass
            except ConnectionError:
                ended.add(peer)
                del left[peer]
    return ended


@pytest.mark.parametrize("channel", ["registration", "task"])
def test_messages_that_do_not_end(start, channel):
    """Each is below the limit of a message. (Over ipc nothing tells whose message doesn't end.)"""
    small = start("tcp")
    wire = Wire(small.connection_info("client"))
    kind = {"registration": "connection_request", "task": "apply_request"}[channel]
    peers = [handshake(port_of(small, channel)) for _ in range(8)]
    for peer in peers:
        *frames, last = wire.frames(kind, metadata={"targets": "nobody"})
        peer.sendall(b"".join(frame(part, MORE) for part in frames) + frame(last))
        assert peer.recv(1 << 16), "an answer, so the peer has proven that it has the key"
        peer.setblocking(False)
    ended = send_all(peers, frame(bytes(1 << 20), MORE), 400 << 20)
    assert ended, "somebody has to leave"
    # The others are silent now, and hold what they have.
    goes_on(small)
    assert "does not end" in small.processes[0].log(10**7)
    for peer in peers:
        peer.close()
