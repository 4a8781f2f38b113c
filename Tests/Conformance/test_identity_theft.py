"""Peers without the key that use the identities of engines and clients: nobody is cut off."""

import time

import ipyparallel as ipp
import pytest
import zmq
from harness import TIMEOUT, wait_until
from hostile import cut
from ipyparallel import interactive
from simulated import endpoint

CLIENT_CHANNELS = ["registration", "mux", "task", "control", "broadcast"]
ENGINE_CHANNELS = ["registration", "mux", "task", "control", "broadcast", "hb_pong"]
KINDS = ["python", "swift", "martlet"]


@interactive
def double(x):
    return 2 * x


class Thief:
    """Sockets on all ports with the identities of all engines and clients."""

    def __init__(self, cluster, engines, clients):
        self.context = zmq.Context()
        self.sockets = []
        for side, channels, identities in (
            ("engine", ENGINE_CHANNELS, engines),
            ("client", CLIENT_CHANNELS, clients),
        ):
            info = cluster.connection_info(side)
            for channel in channels:
                for identity in identities:
                    for index in range(2 if (side, channel) == ("engine", "broadcast") else 1):
                        self.connect(endpoint(info, channel, index), identity.encode())

    def connect(self, address, identity):
        stolen = self.context.socket(zmq.DEALER)
        stolen.linger = 0
        stolen.identity = identity
        monitor = stolen.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        stolen.connect(address)
        assert monitor.poll(TIMEOUT * 1000)
        stolen.disable_monitor()
        for frames in ([b""], [b"garbage"], [b"a", b"<IDS|MSG>", b"", b"{}", b"{}", b"{}", b"{}"]):
            stolen.send_multipart(frames)
        self.sockets.append(stolen)

    def received(self):
        """Messages that were meant for others."""
        return [stolen.recv_multipart() for stolen in self.sockets if stolen.poll(0)]

    def leave(self):
        self.context.destroy(linger=0)


def names(client):
    """The uuids of the engines and the session of the client."""
    return list(client._engines.values()), [client.session.session]


def check(client, kind):
    """All engines answer, over all channels."""
    count = len(client.ids)
    function, argument, expected = double, (21,), 42
    if kind == "swift":
        function, argument, expected = ipp.Reference("greet"), (), "hi~"
    for identity in client.ids:
        assert client[identity].apply_async(function, *argument).get(timeout=TIMEOUT) == expected
    balanced = client.load_balanced_view()
    for result in [balanced.apply_async(function, *argument) for _ in range(4)]:
        assert result.get(timeout=TIMEOUT) == expected
    assert client.broadcast_view().apply_async(function, *argument).get(timeout=TIMEOUT) == [expected] * count
    assert client[:].abort(["nothing"], block=True) is None
    assert len(client.queue_status()) == count + 1


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_takes_the_place_of_another(controller, kind):
    getattr(controller, f"start_{kind}_engines")(2)
    client = controller.client(engines=2)
    ids = list(client.ids)
    check(client, kind)
    for _ in range(3):
        thief = Thief(controller, *names(client))
        check(client, kind)
        assert thief.received() == []
        thief.leave()
        check(client, kind)
    newcomer = controller.client(engines=2)
    check(newcomer, kind)
    assert list(client.ids) == ids


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_waits_for_an_identity_does_not_keep_it(controller, kind):
    """The owner's connections break, the thief gets them or is in the way; once it has left, all is well again."""
    [engine] = getattr(controller, f"start_{kind}_engines")(1)
    client = controller.client(engines=1)
    check(client, kind)
    thief = Thief(controller, *names(client))
    info = controller.connection_info("engine")
    for channel in ("mux", "control", "hb_pong"):
        assert cut(engine, info[channel]) == 1
    time.sleep(0.5)
    thief.leave()

    def answers():
        try:
            check(client, kind)
        except Exception:
            return False
        return True

    wait_until(answers, "an answer of the engine", 60)


def test_an_engine_in_place_of_another_is_reached(controller):
    controller.start_swift_engines(1)
    client = controller.client(engines=1)
    check(client, "swift")
    thief = Thief(controller, *names(client))
    engine = controller.processes.pop()
    engine.kill()
    wait_until(lambda: not client.ids, "the end of the engine")
    controller.start_swift_engines(1)
    wait_until(lambda: client.ids, "another engine")
    check(client, "swift")
    thief.leave()
    check(client, "swift")
