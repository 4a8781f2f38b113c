"""Every direct, control and broadcast request ends: also one that is lost on the way.

The conformance kit has those that are refused without a word.
"""

import json
import time

import pytest
import zmq
from harness import TIMEOUT, wait_until
from hostile import cut
from ipyparallel import interactive
from simulated import raw_client, swarm_of, wait_for_engines

CHANNELS = ["mux", "control", "broadcast"]


def reply_in_full(engine, frames):
    """Answers any request. A broadcast's reply is known by ``original_msg_id``."""
    metadata = json.loads(frames[frames.index(b"<IDS|MSG>") + 4])
    kept = {key: metadata[key] for key in ("original_msg_id",) if key in metadata}
    return [engine.wire.reply(frames, engine=engine.uuid, metadata=kept)]


def send(client, channel, engine):
    """Send a request to one engine."""
    if channel != "broadcast":
        return client.send(channel, "apply_request", to=[engine.uuid.encode()])
    targets = {"is_broadcast": True, "is_coalescing": False, "targets": [[engine.uuid, engine.id]]}
    return f"{client.send(channel, 'apply_request', metadata=targets)}_{engine.uuid}"


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_request_that_is_lost_with_its_connection_ends_soon(channel, controller):
    with raw_client(controller) as client, swarm_of(controller) as swarm:
        (engine,) = swarm.add(channels=[channel], answer=lambda engine, frames: [])
        wait_for_engines(client, 1)
        lost = [send(client, channel, engine) for _ in range(3)]
        wait_until(lambda: len(engine.requests) == 3, "the requests at the engine")

        engine.answer = reply_in_full
        swarm.do(lambda: swarm.forget(engine.sockets.pop(channel)))
        # libzmq connects again after as long. Before the end of the former connection it would be ignored.
        time.sleep(0.1)
        swarm.do(engine.connect, channel, zmq.DEALER)
        began = time.monotonic()
        replies = [client.receive(channel) for _ in lost]
        assert [reply.parent["msg_id"] for reply in replies] == lost
        assert {reply.content["ename"] for reply in replies} == {"TaskLost"}
        assert all(f"engine {engine.id} " in reply.content["evalue"] for reply in replies)
        assert time.monotonic() - began < 4
        good = send(client, channel, engine)
        assert client.receive(channel).parent["msg_id"] == good


@interactive
def number_after(seconds, number):
    import time

    time.sleep(seconds)
    return number


@pytest.mark.parametrize("kind", ["python", "martlet"])
def test_what_an_engine_has_is_not_lost(kind, cluster):
    """The connection breaks while an engine is at one of its requests: it answers over the next connection."""
    cluster.start_controller()
    [engine] = getattr(cluster, f"start_{kind}_engines")(1)
    client = cluster.client(engines=1)
    client[0].apply_async(number_after, 0, 0).get(timeout=TIMEOUT)
    results = [client[0].apply_async(number_after, 0.7, number) for number in range(4)]
    wait_until(lambda: client.queue_status()[0]["queue"] == 4, "the requests")
    time.sleep(0.2)
    assert cut(engine, cluster.connection_info("engine")["mux"]) == 1
    assert [result.get(timeout=TIMEOUT) for result in results] == [0, 1, 2, 3]
