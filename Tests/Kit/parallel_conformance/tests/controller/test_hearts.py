"""Heartbeats."""

from collections.abc import Callable

import pytest
import zmq

from parallel_conformance.controllers import Controller
from parallel_conformance.peers import ClientPeer, EnginePeer, connect
from parallel_conformance.processes import wait_until
from parallel_conformance.scenes import expect_note, wait_for_engines, wait_until_gone

NewEngine = Callable[..., EnginePeer]

#: A period in milliseconds within which no test ends.
LONG = 60_000


@pytest.mark.requirement("R-10.16")
def test_pings_are_the_monitors_age(engine: EnginePeer) -> None:
    """Single frames with a decimal number that grows."""
    wait_until(lambda: len(set(map(tuple, engine.heart.pings))) >= 3, "three pings")
    pings = list(engine.heart.pings)
    assert all(len(ping) == 1 for ping in pings)
    ages = [float(ping[0].decode("ascii")) for ping in pings]
    assert ages == sorted(ages) and ages[0] < ages[-1]


@pytest.mark.requirement("R-10.18")
def test_other_frames_are_no_beats(client: ClientPeer, new_engine: NewEngine) -> None:
    """An engine that echoes something else stays unknown until it echoes pings."""
    engine = new_engine().accept()
    engine.heart.distort = lambda ping: b"not " + ping
    engine.heart.start()
    wait_until(lambda: len(engine.heart.pings) >= 6, "six pings")
    assert engine.uuid not in client.engines().values()
    engine.heart.distort = lambda ping: ping
    wait_for_engines(client, [engine])


@pytest.mark.requirement("R-10.19")
def test_the_previous_ping_is_a_beat(client: ClientPeer, new_engine: NewEngine) -> None:
    """Of an engine that is one period late."""
    engine = new_engine().accept()
    last: list[bytes] = [b"none"]

    def late(ping: bytes) -> bytes:
        previous, last[0] = last[0], ping
        return previous

    engine.heart.distort = late
    engine.heart.start()
    wait_for_engines(client, [engine])


@pytest.mark.requirement("R-10.21", "R-10.22", "R-10.7")
def test_an_engine_that_stops_beating_is_unregistered(client: ClientPeer, new_engine: NewEngine) -> None:
    """And stays so when it beats again."""
    client.socket("notification")
    engine = new_engine().register()
    wait_for_engines(client, [engine])
    engine.heart.beats = False
    expect_note(client, "unregistration_notification", engine)
    wait_until_gone(client, engine)
    engine.heart.pings.clear()
    engine.heart.beats = True
    wait_until(lambda: len(set(map(tuple, engine.heart.pings))) >= 4, "four pings")
    assert engine.uuid not in client.engines().values()
    engine.id = -1


@pytest.mark.requirement("R-10.28")
def test_an_engine_may_come_back_under_its_uuid(client: ClientPeer, new_engine: NewEngine) -> None:
    """While it goes on beating."""
    engine = new_engine().register()
    wait_for_engines(client, [engine])
    engine.unregister()
    wait_until_gone(client, engine)
    assert engine.request_registration().content["status"] == "ok"
    wait_for_engines(client, [engine])


@pytest.mark.requirement("R-10.21")
def test_an_engine_may_miss_some_pings(client: ClientPeer, new_engine: NewEngine) -> None:
    """Five in a row do no harm."""
    engine = new_engine().register()
    wait_for_engines(client, [engine])
    engine.heart.beats = False
    engine.heart.pings.clear()
    wait_until(lambda: len(set(map(tuple, engine.heart.pings))) >= 5, "five pings")
    engine.heart.beats = True
    engine.heart.pings.clear()
    wait_until(lambda: len(set(map(tuple, engine.heart.pings))) >= 8, "eight pings")
    assert client.engines().get(engine.id) == engine.uuid


@pytest.mark.requirement("R-10.20", "R-10.23")
def test_a_long_period_is_not_waited_for(new_controller: Callable[..., Controller]) -> None:
    """New hearts are pinged at once, with the current ping. One whose connection ends has to beat over a new one soon."""
    controller = new_controller(ping=LONG)
    client = ClientPeer(controller.client_info)
    engines = [EnginePeer(controller.engine_info).register() for _ in range(2)]
    wait_for_engines(client, engines)
    assert engines[0].heart.pings[-1] == engines[1].heart.pings[0]
    engines[0].restart_heart()
    engines[1].heart.stop()
    wait_until_gone(client, engines[1])
    assert client.engines() == {engines[0].id: engines[0].uuid}
    for peer in (client, *engines):
        peer.close()


@pytest.mark.requirement("R-6.4")
def test_nobody_keeps_an_identity_without_a_beat(client: ClientPeer, new_engine: NewEngine) -> None:
    """Whoever has an engine's identity on hb_pong and sends nothing is disconnected, and the engine can register."""
    engine = new_engine()
    silent = connect(client.context, engine.info, "hb_pong", zmq.DEALER, engine.uuid.encode(), wait=True)
    # The monitor that waited for the handshake may still have the usual address.
    monitor = silent.get_monitor_socket(zmq.EVENT_DISCONNECTED, "inproc://silent")
    engine.register()
    assert monitor.poll(20_000), "the silent peer keeps its connection"
    silent.disable_monitor()
    silent.close()
    wait_for_engines(client, [engine])
