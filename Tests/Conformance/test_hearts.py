"""Hearts that break and come back, and engines that were given up while they lived."""

import os
import signal
import time
from contextlib import ExitStack

import pytest
import zmq
from conftest import new_cluster
from harness import TIMEOUT, wait_until
from hostile import cut
from ipyparallel import Reference
from simulated import Wire, engine_ids, raw_client, swarm_of, wait_for_engines

pytestmark = pytest.mark.waits


def log(cluster):
    return cluster.processes[0].log(10**7)


def work(client, seconds):
    """Use all engines for a while."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        client[:].apply_async(os.getpid).get(timeout=TIMEOUT)


@pytest.mark.parametrize("kind", ["python", "martlet"])
def test_a_reset_does_not_lose_an_engine(cluster, kind):
    """The usual period is longer than the time after which an engine without a connection is given up."""
    cluster.start_controller(arguments=["--ping=3000"])
    engines = getattr(cluster, f"start_{kind}_engines")(2)
    client = cluster.client(engines=2)
    port = cluster.connection_info("engine")["hb_pong"]
    for number in range(4):
        for engine in engines:
            assert cut(engine, port) == 1
        broken = 2 * (number + 1)
        wait_until(lambda: log(cluster).count("heart lost its connection") == broken, "the loss of both connections")
        # At another point of the period each time, and twice before the first loss could have been held against it.
        work(client, (0.7, 2.7, 0.9, 4)[number])
    assert "engine gone" not in log(cluster)
    assert client.ids == [0, 1]


def test_a_killed_engine_is_noticed_soon(cluster):
    cluster.start_controller(arguments=["--ping=3000"])
    cluster.start_python_engines(1)
    client = cluster.client(engines=1)
    cluster.processes.pop().kill()
    wait_until(lambda: not client.ids, "the end of the engine", 10)


def pause_until_given_up(cluster, engine, client):
    os.killpg(engine.child.pid, signal.SIGSTOP)
    wait_until(lambda: not client.ids, "the engine to be given up")
    os.killpg(engine.child.pid, signal.SIGCONT)


def test_an_engine_of_ipyparallel_that_was_given_up_ends(cluster):
    cluster.start_controller()
    [engine] = cluster.start_python_engines(1)
    client = cluster.client(engines=1)
    pause_until_given_up(cluster, engine, client)
    wait_until(lambda: not engine.running, "the end of the engine")
    cluster.processes.remove(engine)


def test_engines_of_a_controller_that_knows_nothing_about_them_end(cluster):
    first = cluster.start_controller(arguments=["--reuse"])
    [engine] = cluster.start_python_engines(1)
    cluster.client(engines=1)
    cluster.processes.remove(first)
    first.kill()
    for client in cluster.clients:
        client.close()
    second = cluster.start_controller(arguments=["--reuse"])
    cluster.processes.remove(second)
    cluster.processes.insert(0, second)
    wait_until(lambda: "sent reregister_request" in log(cluster), "the request to register")
    wait_until(lambda: not engine.running, "the end of the engine")
    cluster.processes.remove(engine)


#: Longer than ten periods of the usual 3 s, in seconds.
STANDSTILL = 35


@pytest.mark.timeout(STANDSTILL + 150)
def test_a_standstill_loses_nothing():
    """Of a virtual machine that is paused, or of a part of it: engines keep their names, and all are there again."""
    stopped = {"controller": lambda cluster: cluster.processes[:1], "engines": lambda cluster: cluster.processes[1:],
               "all": lambda cluster: cluster.processes}
    with ExitStack() as stack:
        clusters = {who: stack.enter_context(new_cluster()) for who in stopped}
        for cluster in clusters.values():
            cluster.start_controller(arguments=["--ping=3000"])
            cluster.start_swift_engines(2)
            cluster.client(engines=2)[:].push({"kept": 7}, block=True)
        still = [process for who, cluster in clusters.items() for process in stopped[who](cluster)]
        for process in still:
            os.killpg(process.child.pid, signal.SIGSTOP)
        time.sleep(STANDSTILL)
        for process in still:
            os.killpg(process.child.pid, signal.SIGCONT)
        for who, cluster in clusters.items():
            client = cluster.clients[0]
            wait_until(lambda: len(client.ids) == 2, f"the engines, after {who} stood still", 2 * TIMEOUT)
            assert client[:].pull("kept", block=False).get(timeout=TIMEOUT) == [7, 7]
            assert client.load_balanced_view().apply_async(Reference("add"), 1, 2).get(timeout=TIMEOUT) == 3
            assert all(process.running for process in cluster.processes)


def orders(engine):
    return [request.header["msg_type"] for request in engine.requests]


def test_an_engine_that_registers_again_is_asked_to_and_keeps_its_id(controller):
    with swarm_of(controller) as swarm, raw_client(controller) as client:
        [engine] = swarm.add(1, channels=["control"], answer=None)
        [uuid] = wait_for_engines(client, 1).values()

        def register():
            content = {"uuid": engine.uuid, "id": 0, "reregisters": True}
            engine.sockets["registration"].send_multipart(engine.wire.frames("registration_request", content))

        # The controller doesn't know yet that the engine can do so; now it gets the same reply, and no other id. Each
        # reply is waited for, so that the client's request below can't overtake the engine's.
        wait_until(lambda: engine.reply, "the first reply")
        engine.reply = None
        swarm.do(register)
        wait_until(lambda: engine.reply and engine.reply["id"] == 0, "a reply")
        client.send("registration", "unregistration_request", {"id": 0})
        wait_until(lambda: not engine_ids(client), "the end of the registration")
        wait_until(lambda: orders(engine), "an order")
        [order] = engine.requests[:1]
        frames = order.frames
        start = frames.index(b"<IDS|MSG>")
        assert frames[start + 1] == Wire(swarm.info).sign(*frames[start + 2 : start + 6])
        engine.reply = None
        swarm.do(register)
        wait_until(lambda: engine_ids(client) == {0: uuid}, "the engine's return")
        assert engine.reply["id"] == 0
        known = len(orders(engine))
        deadline = time.monotonic() + 4
        while time.monotonic() < deadline:
            assert engine_ids(client) == {0: uuid}
        assert len(orders(engine)) == known


def test_a_stranger_that_beats_is_told_once_in_a_while(controller):
    """Whoever beats without the key under names of its own harms nobody."""
    with swarm_of(controller) as swarm, raw_client(controller) as client:
        swarm.add(1)
        wait_for_engines(client, 1)
        swarm.info = dict(swarm.info, key="wrong")
        strangers = swarm.add(20, channels=["control"])

        def beat():
            for stranger in strangers:
                stranger.connect("hb_pong", zmq.DEALER)
                stranger.connect("hb_ping", zmq.SUB)

        swarm.do(beat)
        wait_until(lambda: all(orders(stranger) for stranger in strangers), "orders")
        wait_until(lambda: "shutdown_request" in orders(strangers[0]), "the last order")
        assert max(len(orders(stranger)) for stranger in strangers) < 10
        assert list(engine_ids(client)) == [0]
