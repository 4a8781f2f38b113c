"""A controller that is killed and comes back, and engines that it had given up."""

import os
import signal

import ipyparallel as ipp
import pytest
import zmq
from harness import TIMEOUT, wait_until
from ipyparallel.serialize import pack_apply_message
from simulated import endpoint, raw_client, wait_for_engines

REUSE = ("--reuse",)


def kill_controller(cluster):
    """kill -9 the controller, which leaves its connection files."""
    controller = next(process for process in cluster.processes if process.name.startswith("controller"))
    cluster.processes.remove(controller)
    controller.kill()


def stop_clients(cluster):
    """Forget the clients of the first controller."""
    for client in cluster.clients:
        client.close()
    cluster.clients.clear()


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
@pytest.mark.parametrize("kind", ["swift", "martlet"])
def test_engines_return_with_their_namespace(cluster, transport, kind):
    cluster.start_controller(transport, arguments=REUSE)
    getattr(cluster, f"start_{kind}_engines")(2)
    client = cluster.client(engines=2)
    for engine in client.ids:
        client[engine].push({"kept": engine + 100}, block=True)
    uuids = {client._engines[engine]: engine + 100 for engine in client.ids}
    stop_clients(cluster)

    kill_controller(cluster)
    cluster.start_controller(transport, arguments=REUSE)
    client = cluster.client(engines=2)
    assert sorted(client.ids) == [0, 1]
    found = {client._engines[engine]: client[engine].pull("kept", block=True) for engine in client.ids}
    assert found == uuids


@pytest.mark.parametrize("channel, arguments", [("task", ("--journal",)), ("mux", REUSE)])
def test_replies_of_an_earlier_controller_reach_no_other_client(cluster, tmp_path, channel, arguments):
    """libzmq names peers in the order in which they connect. A name must not mean another client after the restart."""
    cluster.start_controller(arguments=arguments)
    cluster.start_swift_engines(1)
    with raw_client(cluster) as first:
        wait_for_engines(first, 1)
        engine = next(iter(first.ask("connection_request").content["engines"].values()))
        to = [engine.encode()] if channel == "mux" else []
        nameless(first, channel)
        marks = tmp_path / "marks"
        buffers = pack_apply_message(ipp.Reference("work"), [str(marks), "t", 2.0, 1], {})
        first.send(channel, "apply_request", to=to, buffers=buffers)
        wait_until(marks.exists, "the task")
        kill_controller(cluster)
    cluster.start_controller(arguments=arguments)
    with raw_client(cluster) as second:
        nameless(second, channel)
        wait_for_engines(second, 1)
        # The engine answers in order.
        name = second.send(channel, "apply_request", to=to, buffers=pack_apply_message(ipp.Reference("add"), [1, 2], {}))
        assert second.receive(channel).parent["msg_id"] == name


def nameless(client, channel):
    """Open a client's socket without an identity of its own, as those of ipyparallel and Martlet are."""
    socket = client.context.socket(zmq.DEALER)
    socket.linger = 0
    socket.connect(endpoint(client.info, channel))
    client.sockets[channel] = socket


def test_an_engine_that_was_stopped_returns(cluster):
    cluster.start_controller()
    engines = cluster.start_swift_engines(2)
    client = cluster.client(engines=2)
    client[:].push({"kept": 7}, block=True)
    # Ten heartbeats of 250 ms are enough for the hub to give an engine up.
    os.kill(engines[0].child.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: len(client.ids) == 1, "the hub to give the engine up")
    finally:
        os.kill(engines[0].child.pid, signal.SIGCONT)
    wait_until(lambda: len(client.ids) == 2, "the engine's return")
    assert client[:].pull("kept", block=True) == [7, 7]


def test_the_running_task_of_an_engine_goes_on(cluster, tmp_path):
    cluster.start_controller(arguments=REUSE)
    engines = cluster.start_martlet_engines(1)
    client = cluster.client(engines=1)
    begun, go, ended = (str(tmp_path / name) for name in ("begun", "go", "ended"))
    code = f"""
import os, time
open({begun!r}, "w").close()
while not os.path.exists({go!r}):
    time.sleep(0.02)
open({ended!r}, "w").close()
"""
    client[0].execute(code, block=False)
    wait_until(lambda: os.path.exists(begun), "the task")
    stop_clients(cluster)
    kill_controller(cluster)
    cluster.start_controller(arguments=REUSE)
    client = cluster.client(engines=1)
    open(go, "w").close()
    wait_until(lambda: os.path.exists(ended), "the end of the task")
    assert client[0].apply_sync(sum, [2, 3]) == 5
    assert engines[0].running


@pytest.mark.parametrize("policy", ["stop", "finish"])
def test_an_engine_leaves_without_its_controller(cluster, policy):
    cluster.start_controller()
    cluster.start_martlet_engines(1, [f"--on-controller-lost={policy}"])
    cluster.client(engines=1)
    stop_clients(cluster)
    engine = cluster.processes[-1]
    kill_controller(cluster)
    wait_until(lambda: not engine.running, "the end of the engine")
    assert engine.child.returncode == 1
    assert "the controller is lost" in engine.log()


def test_an_engine_gives_up_after_its_limit(cluster):
    cluster.start_controller()
    (engine,) = cluster.start_martlet_engines(1, ["--reconnect-timeout=1"])
    cluster.client(engines=1)
    stop_clients(cluster)
    kill_controller(cluster)
    wait_until(lambda: not engine.running, "the end of the engine")
    assert engine.child.returncode == 1
    assert "no connection or heartbeat for 1.0 seconds" in engine.log()


def test_what_unmodified_peers_do(cluster):
    """Written down in Protocol.md: ipyparallel's client waits on."""
    cluster.start_controller(arguments=REUSE)
    cluster.start_swift_engines(1)
    client = cluster.client(engines=1)
    waiting = client[0].apply_async(ipp.Reference("sleep"), 1000.0)
    # Otherwise it may wait in the client's socket, and get to the next controller.
    wait_until(lambda: client.queue_status()[0]["queue"] == 1, "the task on the engine")
    kill_controller(cluster)
    cluster.start_controller(arguments=REUSE)
    with pytest.raises(TimeoutError):
        waiting.get(timeout=2)
    # Its sockets connect again by themselves, so the next question is answered.
    wait_until(lambda: client.queue_status()["unassigned"] == 0, "an answer of the hub", TIMEOUT)
