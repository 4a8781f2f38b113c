"""What the queue of tasks does beyond the original's: its limit, tasks that are sent ahead, and the journal."""

import os
import signal
from collections.abc import Callable

import pytest

from parallel_conformance.controllers import Controller
from parallel_conformance.peers import ClientPeer, EnginePeer
from parallel_conformance.processes import wait_until
from parallel_conformance.scenes import recorded, wait_for_engines, wait_until_gone
from parallel_conformance.wire import Message

NewController = Callable[..., Controller]


def _unassigned(client: ClientPeer, count: int) -> None:
    wanted = f"{count} waiting tasks"
    client.until("queue_request", {"targets": None}, lambda content: content["unassigned"] == count, wanted)


def _take(engine: EnginePeer, identifier: str) -> Message:
    request = engine.expect("task", "apply_request")
    assert request.id == identifier
    engine.reply("task", request, buffers=[identifier.encode()])
    return request


def _retire(engine: EnginePeer) -> None:
    engine.send_frames("registration", engine.session.frames("retirement_request", {"uuid": engine.uuid}))


@pytest.mark.requirement("R-10.29", "R-10.30")
def test_an_engine_that_retires_gets_no_more_tasks(client: ClientPeer, new_engine: Callable[..., EnginePeer]) -> None:
    """It is answered when none of its tasks is missing; what only it may run waits, and fails when it has left."""
    leaving, staying = new_engine(), new_engine()
    assert leaving.request_registration(returns_tasks=True).content.get("retires")
    leaving.socket("task")
    leaving.heart.start()
    staying.register()
    wait_for_engines(client, [leaving, staying])
    only = {"targets": [leaving.uuid]}
    running = client.send("task", "apply_request", metadata=only)
    request = leaving.expect("task", "apply_request")
    _retire(leaving)
    bound = client.send("task", "apply_request", metadata=only)
    for _ in range(5):
        free = client.send("task", "apply_request")
        _take(staying, free)
        client.expect("task", parent=free)
    assert not leaving.receive("registration", 0) and not leaving.receive("task", 0)
    leaving.reply("task", request)
    client.expect("task", parent=running)
    assert leaving.expect("registration", "retirement_reply").content["status"] == "ok"
    assert not leaving.receive("task", 0)
    leaving.unregister()
    assert client.expect("task", parent=bound).content["status"] == "error"


@pytest.mark.requirement("R-10.30")
def test_an_engine_that_is_not_registered_may_retire_at_once(new_engine: Callable[..., EnginePeer]) -> None:
    engine = new_engine()
    _retire(engine)
    assert engine.expect("registration", "retirement_reply").content["status"] == "ok"


@pytest.mark.requirement("R-13.23")
def test_tasks_are_sent_ahead_and_taken_back(client: ClientPeer, new_engine: Callable[..., EnginePeer]) -> None:
    """To an engine that says it returns tasks: what it returns comes again, and the client does not notice."""
    engine = new_engine()
    reply = engine.request_registration(returns_tasks=True)
    assert 0 < reply.content["return_after"] < 60_000
    for channel in ("task", "control"):
        engine.socket(channel)
    engine.heart.start()
    wait_for_engines(client, [engine])
    sent = [client.send("task", "apply_request") for _ in range(100)]
    behind: list[Message] = []
    while not behind:
        begun = engine.expect("task", "apply_request")
        # It answers at once, as otherwise no task is sent ahead.
        if ahead := engine.receive("task", 0):
            behind.append(ahead)
        else:
            engine.reply("task", begun)
            sent.append(client.send("task", "apply_request"))
        assert len(sent) < 10_000, "no task was sent ahead"
    while ahead := engine.receive("task", 0.05):
        behind.append(ahead)
    for request in reversed(behind):
        engine.reply("task", request, status="returned")
    engine.reply("task", begun)
    again = []
    open_ids = set(sent)

    def all_answered() -> bool:
        while request := engine.receive("task", 0):
            again.append(request.id)
            engine.reply("task", request)
        while reply := client.receive("task", 0):
            assert reply.content["status"] == "ok"
            open_ids.discard(reply.parent["msg_id"])
        return not open_ids

    wait_until(all_answered, "the results of all tasks")
    assert {request.id for request in behind} <= set(again) and len(again) == len(set(again))


@pytest.mark.requirement("R-13.25")
def test_tasks_beyond_the_limit_are_refused(new_controller: NewController) -> None:
    """And forgotten. Each client leaves as much as it takes: of four places two, then one."""
    controller = new_controller("--TaskScheduler.queue_tasks=4")
    greedy, other = ClientPeer(controller.client_info), ClientPeer(controller.client_info)
    accepted = [greedy.send("task", "apply_request") for _ in range(2)]
    for _ in range(3):
        refused = greedy.send("task", "apply_request")
        reply = greedy.expect("task", parent=refused)
        assert (reply.content["status"], reply.content["ename"]) == ("error", "QueueFull")
    asked = other.send("task", "apply_request", metadata={"after": [refused]})
    assert other.expect("task", parent=asked).content["ename"] == "InvalidDependency"
    accepted.append(other.send("task", "apply_request"))
    asked = other.send("task", "apply_request")
    assert other.expect("task", parent=asked).content["ename"] == "QueueFull"
    engine = EnginePeer(controller.engine_info).register()
    # The clients take turns.
    for place in (0, 2, 1):
        _take(engine, accepted[place])
    for identifier in accepted[:2]:
        assert greedy.expect("task", parent=identifier).content["status"] == "ok"
    greedy.send("task", "apply_request", identifier=refused)
    _take(engine, refused)
    assert greedy.expect("task", parent=refused).content["status"] == "ok"
    for peer in (greedy, other, engine):
        peer.close()


@pytest.mark.requirement("R-13.26")
def test_tasks_survive_a_controller_that_is_killed(new_controller: NewController) -> None:
    """With a journal: those that wait go on in their order, and the result of one that has ended can be fetched."""
    arguments = "--journal --reuse"
    controller = new_controller(arguments)
    client = ClientPeer(controller.client_info)
    engine = EnginePeer(controller.engine_info).register()
    done = client.send("task", "apply_request")
    _take(engine, done)
    client.expect("task", parent=done)
    engine.unregister()
    wait_until_gone(client, engine)
    waiting = [client.send("task", "apply_request") for _ in range(3)]
    _unassigned(client, 3)
    # Its refusal is not sent before what came earlier is written.
    refused = client.send("task", "apply_request", metadata={"after": ["never-seen"]})
    client.expect("task", parent=refused)
    before = controller.client_info, controller.engine_info
    assert controller.process
    os.kill(controller.process.child.pid, signal.SIGKILL)
    controller.process.wait()
    for peer in (client, engine):
        peer.close()
    controller.start(arguments)
    client = ClientPeer(controller.client_info)
    client.ask("connection_request")
    assert (controller.client_info, controller.engine_info) == before
    engine = EnginePeer(controller.engine_info).register()
    for identifier in waiting:
        _take(engine, identifier)
    recorded(client, done, *waiting)
    reply = client.ask("result_request", {"msg_ids": [done, *waiting], "status_only": False})
    assert reply.buffers == [identifier.encode() for identifier in (done, *waiting)]
    for peer in (client, engine):
        peer.close()
