"""Requests that engines take and say nothing about, and engines that go without a word: extensions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from parallel_conformance.controllers import Controller
from parallel_conformance.peers import ClientPeer, EnginePeer
from parallel_conformance.scenes import deliver, round_trip, wait_for_engines
from parallel_conformance.wire import Message

#: A controller looks after requests that have been unanswered for 5 s.
PROBE_TIMEOUT = 20

UNSCHEDULED = ("mux", "control", "broadcast")


@dataclass
class Silence:
    """An engine that got a request on each channel and has answered none of them, and what it was asked then."""

    engine: EnginePeer
    client: ClientPeer
    requests: dict[str, Message] = field(default_factory=dict)
    probes: dict[str, Message] = field(default_factory=dict)


@pytest.fixture(scope="module")
def silence(controller: Controller) -> Iterator[Silence]:
    """All channels wait for their probe at the same time. What an engine gets after a request it answers."""
    engine = EnginePeer(controller.engine_info).register()
    client = ClientPeer(controller.client_info)
    wait_for_engines(client, [engine])
    found = Silence(engine, client)
    for channel in (*UNSCHEDULED, "task"):
        more = {"metadata": {"retries": 1}} if channel == "task" else {}
        found.requests[channel] = deliver(client, channel, engine, **more)
    for channel in UNSCHEDULED:
        round_trip(client, channel, engine)
    for channel in (*UNSCHEDULED, "task"):
        found.probes[channel] = engine.expect(channel, "kernel_info_request", timeout=PROBE_TIMEOUT)
    yield found
    client.close()
    engine.unregister()
    engine.close()


@pytest.mark.requirement("R-9.13")
@pytest.mark.parametrize("channel", UNSCHEDULED)
def test_direct_requests_that_are_refused_silently_end(silence: Silence, channel: str) -> None:
    """With TaskLost, when the engine has answered a probe behind them. The reply to the probe goes nowhere."""
    engine, client = silence.engine, silence.client
    assert client.frames(channel, 0) is None
    engine.reply(channel, silence.probes[channel])
    lost = client.receive(channel)
    assert lost and lost.parent["msg_id"] == silence.requests[channel].id
    assert (lost.content["status"], lost.content["ename"]) == ("error", "TaskLost")
    round_trip(client, channel, engine)
    client.until(
        "queue_request", {"targets": engine.id}, lambda content: content[str(engine.id)]["queue"] == 0, "the empty queue"
    )


@pytest.mark.requirement("R-13.21", "R-13.17")
def test_a_task_that_is_refused_silently_is_tried_again(silence: Silence) -> None:
    """As a second attempt, with another signature. The engine has room again, and what it says too late is dropped."""
    engine, client, first = silence.engine, silence.client, silence.requests["task"]
    assert "attempt" not in first.metadata
    engine.reply("task", silence.probes["task"])
    second = engine.expect("task", "apply_request")
    assert second.id == first.id and second.metadata["attempt"] == 2 and second.parts != first.parts
    probe = engine.expect("task", "kernel_info_request", timeout=PROBE_TIMEOUT)
    assert client.frames("task", 0) is None
    engine.reply("task", probe)
    lost = client.receive("task")
    assert lost and lost.parent["msg_id"] == first.id
    assert (lost.content["status"], lost.content["ename"]) == ("error", "TaskLost")
    engine.reply("task", second)
    round_trip(client, "task", engine)
    assert client.frames("task", 0) is None


@pytest.mark.requirement("R-13.20")
def test_tasks_that_had_not_begun_survive_their_engine(new_controller: Callable[..., Controller]) -> None:
    """They go to another in the order of their submission, without retries; only the oldest may have begun, and ends."""
    controller = new_controller("--hwm=10")
    client = ClientPeer(controller.client_info)
    doomed = EnginePeer(controller.engine_info).register()
    wait_for_engines(client, [doomed])
    begun, *rest = [client.send("task", "apply_request") for _ in range(10)]
    assert [doomed.expect("task").id for _ in range(10)] == [begun, *rest]
    doomed.close()
    lost = client.receive("task")
    assert lost and lost.parent["msg_id"] == begun and lost.content["ename"] == "EngineError"
    client.until("queue_request", {"targets": None}, lambda content: content["unassigned"] == 9, "nine waiting tasks")
    heir = EnginePeer(controller.engine_info).register()
    assert [heir.expect("task").id for _ in rest] == rest
    heir.answer_everything()
    replies = [client.expect("task") for _ in rest]
    assert [(reply.parent["msg_id"], reply.content["status"]) for reply in replies] == [(one, "ok") for one in rest]
    for peer in (client, heir):
        peer.close()
