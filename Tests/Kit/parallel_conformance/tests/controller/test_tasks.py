"""The task scheduler."""

import json
from collections.abc import Callable

import pytest

from parallel_conformance.peers import ClientPeer, EnginePeer
from parallel_conformance.scenes import deliver, pending, recorded, round_trip, submit, wait_for_engines
from parallel_conformance.wire import Json, Message, split

NewEngine = Callable[..., EnginePeer]


def _finish(client: ClientPeer, engine: EnginePeer, request: Message, **more: object) -> Message:
    engine.reply("task", request, **more)  # type: ignore[arg-type]
    return client.expect("task", parent=request.id)


def _error(client: ClientPeer, identifier: str, timeout: float | None = None) -> Json:
    reply = client.expect("task", parent=identifier, timeout=timeout)
    assert reply.content["status"] == "error", reply.content
    return reply.content


def _taken(engines: list[EnginePeer], identifier: str) -> tuple[EnginePeer, Message]:
    """The engine that got a task, and the task."""
    for _ in range(200):
        for engine in engines:
            if request := engine.receive("task", 0.05):
                assert request.id == identifier
                return engine, request
    raise AssertionError("no engine got the task")


def _ended(client: ClientPeer, engine: EnginePeer, status: str = "ok") -> str:
    """The id of a task that this engine has answered."""
    request = deliver(client, "task", engine)
    _finish(client, engine, request, status=status, content=_failure() if status == "error" else None)
    return request.id


def _failure() -> Json:
    return {"ename": "Oops", "evalue": "failed", "traceback": []}


@pytest.mark.requirement("R-13.1")
def test_targets_are_obeyed(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """Although another engine is idle."""
    for engine in (engines[1], engines[1], engines[0]):
        round_trip(client, "task", engine)


@pytest.mark.requirement("R-13.1")
def test_without_targets_any_engine_will_do(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """One gets the task, once."""
    for targets in ({}, {"targets": []}):
        identifier = client.send("task", "apply_request", metadata=targets)
        engine, request = _taken(engines, identifier)
        _finish(client, engine, request)
        assert all(engine.frames("task", 0) is None for engine in engines)


@pytest.mark.requirement("R-13.14")
@pytest.mark.parametrize("kind", ["apply_request", "execute_request"])
def test_results_are_delivered(client: ClientPeer, engine: EnginePeer, kind: str) -> None:
    """As the engine sent them."""
    request = deliver(client, "task", engine, kind, content={"code": "1"})
    sent = split(engine.reply("task", request, buffers=[b"value"]))
    reply = client.expect("task", parent=request.id)
    assert (reply.parts, reply.buffers) == (sent.parts, sent.buffers)


@pytest.mark.requirement("R-13.11")
def test_an_engine_has_one_task_at_a_time(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """The second waits for the first, whatever goes to others meanwhile."""
    first = deliver(client, "task", engines[0])
    waiting = submit(client, "task", engines[0])
    round_trip(client, "task", engines[1])
    assert engines[0].frames("task", 0) is None
    _finish(client, engines[0], first)
    second = engines[0].expect("task")
    assert second.id == waiting
    _finish(client, engines[0], second)


@pytest.mark.requirement("R-13.27")
def test_tasks_wait_in_order(client: ClientPeer, engine: EnginePeer) -> None:
    """Of their submission."""
    ids = [submit(client, "task", engine) for _ in range(10)]
    for identifier in ids:
        request = engine.expect("task")
        assert request.id == identifier
        _finish(client, engine, request)


def _order(engine: EnginePeer, count: int) -> list[str]:
    """The ids of the tasks that an engine gets, each after the answer to the one before."""
    ids = []
    for _ in range(count):
        request = engine.expect("task")
        ids.append(request.id)
        engine.reply("task", request)
    return ids


@pytest.mark.requirement("R-13.28")
def test_higher_priorities_go_first(client: ClientPeer, engine: EnginePeer) -> None:
    """Among what is queued; numbers beyond the limits count as these."""
    running = deliver(client, "task", engine)
    priorities = [0, -5, 10, None, 1000, 10, -1000, 100]
    ids = [submit(client, "task", engine, metadata={"priority": priority}) for priority in priorities]
    pending(client, *ids)
    assert engine.receive("task", 0.1) is None
    engine.reply("task", running)
    assert _order(engine, len(ids)) == [ids[place] for place in (4, 7, 2, 5, 0, 3, 1, 6)]
    recorded(client, running.id, *ids)


@pytest.mark.requirement("R-13.28")
@pytest.mark.parametrize("priority", ["high", 0.5, True, [1]])
def test_a_priority_is_an_integer(client: ClientPeer, priority: object) -> None:
    """Other values are refused."""
    identifier = client.send("task", "apply_request", metadata={"priority": priority})
    assert _error(client, identifier)["ename"] == "ValueError"


@pytest.mark.requirement("R-13.29")
def test_clients_take_turns(client: ClientPeer, new_client: Callable[[], ClientPeer], engine: EnginePeer) -> None:
    """Whatever they have queued, and with a priority before all."""
    other = new_client()
    running = deliver(client, "task", engine)
    batch = [submit(client, "task", engine) for _ in range(6)]
    calls = [submit(other, "task", engine) for _ in range(2)]
    urgent = submit(client, "task", engine, metadata={"priority": 1})
    pending(client, *batch, *calls, urgent)
    engine.reply("task", running)
    expected = [urgent, calls[0], batch[0], calls[1], *batch[1:]]
    assert _order(engine, len(expected)) == expected
    recorded(client, running.id, *expected)


@pytest.mark.requirement("R-13.30")
def test_tasks_get_what_they_require(client: ClientPeer, new_engine: NewEngine) -> None:
    """From an engine that offers it, and no more at once than it offers."""
    plain = new_engine().register()
    offering = new_engine().register(resources={"gpu": 2, "memory": 0.5})
    wait_for_engines(client, [plain, offering])
    large = client.send("task", "apply_request", metadata={"requires": {"gpu": 3}})
    for requires in ({"gpu": 1}, {"gpu": 2, "memory": 0.5}, {"memory": 0.25}):
        identifier = client.send("task", "apply_request", metadata={"requires": requires})
        engine, request = _taken([plain, offering], identifier)
        assert engine is offering
        _finish(client, engine, request)
    pending(client, large)
    third = new_engine().register(resources={"gpu": 3})
    engine, request = _taken([plain, offering, third], large)
    assert engine is third
    _finish(client, engine, request)


@pytest.mark.requirement("R-13.30")
@pytest.mark.parametrize("requires", ["gpu", ["gpu"], {"gpu": "1"}, {"gpu": -1}, {"gpu": True}])
def test_requirements_are_numbers(client: ClientPeer, requires: object) -> None:
    """Other values are refused."""
    identifier = client.send("task", "apply_request", metadata={"requires": requires})
    assert _error(client, identifier)["ename"] == "ValueError"


@pytest.mark.requirement("R-13.30")
def test_a_task_need_not_wait_for_what_it_requires(client: ClientPeer, engine: EnginePeer) -> None:
    """It fails if engines are there and none offers it."""
    wait_for_engines(client, [engine])
    metadata = {"requires": {"gpu": 1}, "requires_now": True}
    identifier = client.send("task", "apply_request", metadata=metadata)
    assert _error(client, identifier)["ename"] == "ImpossibleDependency"


def _timed(seconds: float, **more: object) -> Json:
    """Metadata of a task with a stated time that engines of other tests, which have no limit, can't run."""
    return {"time_request": seconds, "requires": {"timed": 1}, **more}


@pytest.mark.requirement("R-13.32")
def test_tasks_get_the_time_that_they_state(client: ClientPeer, new_engine: NewEngine) -> None:
    """From an engine that has as much left, or that has no limit."""
    offer = {"resources": {"timed": 1}}
    short = new_engine().register(time_left=100, **offer)
    long = new_engine().register(time_left=1000.5, **offer)
    wait_for_engines(client, [short, long])
    endless = client.send("task", "apply_request", metadata=_timed(2000))
    for _ in range(3):
        identifier = client.send("task", "apply_request", metadata=_timed(500))
        engine, request = _taken([short, long], identifier)
        assert engine is long
        _finish(client, engine, request)
    pending(client, endless)
    unlimited = new_engine().register(**offer)
    engine, request = _taken([short, long, unlimited], endless)
    assert engine is unlimited
    _finish(client, engine, request)


@pytest.mark.requirement("R-13.32")
@pytest.mark.parametrize("time", ["long", [5], -1, True])
def test_a_stated_time_is_a_number(client: ClientPeer, time: object) -> None:
    """Other values are refused."""
    identifier = client.send("task", "apply_request", metadata={"time_request": time})
    assert _error(client, identifier)["ename"] == "ValueError"


@pytest.mark.requirement("R-13.32")
def test_a_task_need_not_wait_for_the_time_it_states(client: ClientPeer, new_engine: NewEngine) -> None:
    """It fails if engines are there and none has as much left."""
    wait_for_engines(client, [new_engine().register(time_left=100, resources={"timed": 1})])
    identifier = client.send("task", "apply_request", metadata=_timed(500, requires_now=True))
    assert _error(client, identifier)["ename"] == "ImpossibleDependency"


@pytest.mark.requirement("R-13.31")
def test_several_tasks_at_once(client: ClientPeer, new_engine: NewEngine) -> None:
    """As many as the tasks allow, for an engine that says it runs several; what doesn't allow it comes alone."""
    engine = new_engine().register(concurrent=True)
    wait_for_engines(client, [engine])
    several = [submit(client, "task", engine, metadata={"concurrency": 3}) for _ in range(4)]
    running = [engine.expect("task") for _ in range(3)]
    assert [request.id for request in running] == several[:3]
    alone = submit(client, "task", engine)
    pending(client, alone)
    assert engine.receive("task", 0.1) is None
    # The fourth was first; then nothing until the engine has ended all.
    _finish(client, engine, running[1])
    fourth = engine.expect("task")
    assert fourth.id == several[3]
    for request in (fourth, running[0]):
        _finish(client, engine, request)
    assert engine.receive("task", 0.1) is None
    _finish(client, engine, running[2])
    last = engine.expect("task")
    assert last.id == alone
    _finish(client, engine, last)


@pytest.mark.requirement("R-13.31")
def test_other_engines_get_such_tasks_one_by_one(client: ClientPeer, engine: EnginePeer) -> None:
    """Also if they allow more."""
    sent = [submit(client, "task", engine, metadata={"concurrency": 3}) for _ in range(2)]
    first = engine.expect("task")
    assert engine.receive("task", 0.1) is None
    _finish(client, engine, first)
    second = engine.expect("task")
    assert [first.id, second.id] == sent
    _finish(client, engine, second)


@pytest.mark.requirement("R-11.37")
def test_why_a_task_waits(client: ClientPeer, engine: EnginePeer) -> None:
    """A text about each that the controller knows."""
    running = deliver(client, "task", engine)
    waiting = submit(client, "task", engine)
    dependent = submit(client, "task", engine, metadata={"after": [waiting]})
    pending(client, waiting, dependent)
    texts = [client.ask("why_request", {"msg_id": task}).content for task in (running.id, waiting, dependent)]
    assert all(content["status"] == "ok" for content in texts), texts
    assert f"engine {engine.id} runs it" in texts[0]["why"]
    assert f"engine {engine.id}" in texts[1]["why"]
    assert waiting in texts[2]["why"]
    assert client.ask("why_request", {"msg_id": "unknown"}).content["ename"] == "KeyError"
    engine.reply("task", running)
    assert _order(engine, 2) == [waiting, dependent]
    recorded(client, running.id, waiting, dependent)
    ended = client.ask("why_request", {"msg_id": waiting}).content
    assert "ended" in ended["why"]


@pytest.mark.requirement("R-13.12")
def test_idle_engines_come_first(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """Two tasks go to two engines."""
    ids = [client.send("task", "apply_request") for _ in engines]
    requests = [engine.expect("task") for engine in engines]
    assert {request.id for request in requests} == set(ids)
    for engine, request in zip(engines, requests, strict=True):
        _finish(client, engine, request)


@pytest.mark.requirement("R-13.12")
def test_among_idle_engines_the_least_recently_used_is_taken(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """They take turns."""
    round_trip(client, "task", engines[0])
    for engine in (engines[1], engines[0], engines[1]):
        identifier = client.send("task", "apply_request")
        request = engine.expect("task")
        assert request.id == identifier
        _finish(client, engine, request)


@pytest.mark.requirement("R-13.2")
@pytest.mark.parametrize("as_list", [True, False])
def test_a_task_waits_for_others(client: ClientPeer, engines: list[EnginePeer], as_list: bool) -> None:
    """Until all have ended, while later ones go on."""
    first, second = (deliver(client, "task", engine) for engine in engines)
    ids = [first.id, second.id]
    after = ids if as_list else {"dependencies": ids, "all": True, "success": True, "failure": False}
    waiting = submit(client, "task", engines[0], metadata={"after": after})
    _finish(client, engines[0], first)
    round_trip(client, "task", engines[0])
    _finish(client, engines[1], second)
    request = engines[0].expect("task")
    assert request.id == waiting
    _finish(client, engines[0], request)


@pytest.mark.requirement("R-13.8")
def test_any_of_several_may_be_enough(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """With ``all`` false."""
    first, second = (deliver(client, "task", engine) for engine in engines)
    after = {"dependencies": [first.id, second.id], "all": False, "success": True, "failure": False}
    waiting = submit(client, "task", engines[0], metadata={"after": after})
    _finish(client, engines[0], first)
    request = engines[0].expect("task")
    assert request.id == waiting
    for engine, open_request in ((engines[0], request), (engines[1], second)):
        _finish(client, engine, open_request)


@pytest.mark.requirement("R-13.8", "R-13.24")
def test_failures_do_not_count_as_success(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """A task that needs the success of a failed one is impossible."""
    failed = _ended(client, engines[0], "error")
    identifier = submit(client, "task", engines[0], metadata={"after": [failed]})
    assert _error(client, identifier)["ename"] == "ImpossibleDependency"


@pytest.mark.requirement("R-13.8")
def test_failures_can_count(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """With ``failure``, alone or together with ``success``."""
    failed, good = _ended(client, engines[0], "error"), _ended(client, engines[1])
    for ids, success in (([failed], False), ([failed, good], True)):
        after = {"dependencies": ids, "all": True, "success": success, "failure": True}
        request = deliver(client, "task", engines[0], metadata={"after": after})
        _finish(client, engines[0], request)


@pytest.mark.requirement("R-13.24")
def test_a_dependency_may_become_impossible(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """When the task it waits for fails."""
    first = deliver(client, "task", engines[0])
    waiting = submit(client, "task", engines[1], metadata={"after": [first.id]})
    engines[0].reply("task", first, _failure(), "error")
    assert _error(client, waiting)["ename"] == "ImpossibleDependency"


@pytest.mark.requirement("R-13.3")
def test_a_task_follows_another(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """To the engine on which that ended, each time."""
    for engine in (engines[1], engines[0], engines[0]):
        ended = _ended(client, engine)
        identifier = client.send("task", "apply_request", metadata={"follow": [ended]})
        request = engine.expect("task")
        assert request.id == identifier
        _finish(client, engine, request)


@pytest.mark.requirement("R-13.24", "R-13.3")
def test_a_task_cannot_follow_to_two_engines(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """Both of which it would need."""
    ids = [_ended(client, engine) for engine in engines]
    identifier = client.send("task", "apply_request", metadata={"follow": ids})
    assert _error(client, identifier)["ename"] == "ImpossibleDependency"


@pytest.mark.requirement("R-13.24")
def test_unknown_targets_are_impossible(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """If none is registered."""
    identifier = client.send("task", "apply_request", metadata={"targets": ["nobody"]})
    assert _error(client, identifier)["ename"] == "ImpossibleDependency"


@pytest.mark.requirement("R-13.9")
@pytest.mark.parametrize("field", ["after", "follow"])
def test_dependencies_must_be_known(client: ClientPeer, engines: list[EnginePeer], field: str) -> None:
    """An id never seen and the task's own are invalid."""
    identifier = client.send("task", "apply_request", metadata={field: ["never-seen"]})
    assert _error(client, identifier)["ename"] == "InvalidDependency"
    own = client.session.new_id()
    client.send("task", "apply_request", metadata={field: [own]}, identifier=own)
    assert _error(client, own)["ename"] == "InvalidDependency"


@pytest.mark.requirement("R-7.6", "R-7.5", "R-13.9")
def test_errors_of_the_scheduler_look_like_others(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """They name the request and have an error's fields."""
    identifier = client.send("task", "apply_request", metadata={"after": ["never-seen"]})
    reply = client.expect("task", "apply_reply", identifier)
    assert {"ename", "evalue", "traceback"} <= reply.content.keys()
    assert not reply.content.get("engine_info")


@pytest.mark.requirement("R-13.4")
def test_a_task_that_waits_too_long_is_an_error(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """With the name TaskTimeout; it is not sent later."""
    busy = deliver(client, "task", engines[0])
    identifier = submit(client, "task", engines[0], metadata={"timeout": 0.3})
    assert _error(client, identifier)["ename"] == "TaskTimeout"
    _finish(client, engines[0], busy)
    round_trip(client, "task", engines[0])


@pytest.mark.requirement("R-13.4")
def test_a_task_that_runs_has_no_timeout(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """It counts while the task waits for an engine; another task's timeout passes meanwhile."""
    request = deliver(client, "task", engines[0], metadata={"timeout": 0.2})
    other = submit(client, "task", engines[0], metadata={"timeout": 0.5})
    assert _error(client, other)["ename"] == "TaskTimeout"
    assert _finish(client, engines[0], request).content["status"] == "ok"


@pytest.mark.requirement("R-13.34")
def test_a_timeout_does_not_limit_the_attempts_of_who_wants_them_anywhere(
    client: ClientPeer, engines: list[EnginePeer]
) -> None:
    """With ``retry_anywhere`` engines get a task again that all of them have failed."""
    metadata = {"retries": len(engines) + 1, "timeout": 60, "retry_anywhere": True}
    identifier = client.send("task", "apply_request", metadata=metadata)
    for _ in range(len(engines) + 2):
        engine, request = _taken(engines, identifier)
        engine.reply("task", request, _failure(), "error")
    assert client.expect("task", parent=identifier).content["status"] == "error"


@pytest.mark.requirement("R-13.5", "R-13.16")
def test_failed_tasks_are_tried_elsewhere(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """As often as ``retries`` says; then the failure is delivered."""
    for last in ("ok", "error"):
        identifier = client.send("task", "apply_request", metadata={"retries": 1})
        first, request = _taken(engines, identifier)
        first.reply("task", request, _failure(), "error")
        second, request = _taken(engines, identifier)
        assert second is not first
        second.reply("task", request, _failure() if last == "error" else None, last)
        assert client.expect("task", parent=identifier).content["status"] == last


@pytest.mark.requirement("R-13.16")
def test_failures_are_delivered(client: ClientPeer, engine: EnginePeer) -> None:
    """At once, without retries."""
    request = deliver(client, "task", engine)
    reply = _finish(client, engine, request, status="error", content=_failure())
    assert (reply.content["status"], reply.content["ename"]) == ("error", "Oops")


@pytest.mark.requirement("R-13.13")
def test_unmet_dependencies_are_tried_elsewhere(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """Without retries."""
    identifier = client.send("task", "apply_request")
    first, request = _taken(engines, identifier)
    unmet = {"ename": "UnmetDependency", "evalue": "", "traceback": []}
    first.reply("task", request, unmet, "error", {"dependencies_met": False})
    second, request = _taken(engines, identifier)
    assert second is not first
    assert _finish(client, second, request).content["status"] == "ok"


@pytest.mark.requirement("R-13.15")
def test_aborted_tasks_are_not_retried(client: ClientPeer, engine: EnginePeer) -> None:
    """They are delivered."""
    request = deliver(client, "task", engine, metadata={"retries": 3})
    assert _finish(client, engine, request, status="aborted").content["status"] == "aborted"


@pytest.mark.requirement("R-13.18", "R-13.19")
def test_engines_that_leave_with_tasks(client: ClientPeer, engines: list[EnginePeer], new_engine: NewEngine) -> None:
    """A result that comes within a second counts; without one, the task ends with an EngineError."""
    late, lost = new_engine().register(), new_engine().register()
    wait_for_engines(client, [late, lost])
    requests = [deliver(client, "task", engine) for engine in (late, lost)]
    for engine in (lost, late):
        engine.unregister()
    client.until(
        "connection_request",
        {},
        lambda content: not {late.uuid, lost.uuid} & set(content["engines"].values()),
        "both gone",
    )
    late.reply("task", requests[0], buffers=[b"late"])
    assert client.expect("task", parent=requests[0].id).buffers == [b"late"]
    error = _error(client, requests[1].id)
    assert error["ename"] == "EngineError"
    round_trip(client, "task", engines[0])
    late.id = lost.id = -1


@pytest.mark.requirement("R-13.19")
def test_tasks_of_lost_engines_are_retried(
    client: ClientPeer, engines: list[EnginePeer], new_engine: NewEngine
) -> None:
    """If they have retries left: they go to another engine."""
    _runs_again(client, engines, new_engine, {"retries": 1})


@pytest.mark.requirement("R-13.33")
def test_tasks_that_may_run_twice_need_no_retries(
    client: ClientPeer, engines: list[EnginePeer], new_engine: NewEngine
) -> None:
    """When their engine is lost."""
    _runs_again(client, engines, new_engine, {"idempotent": True})


def _runs_again(client: ClientPeer, engines: list[EnginePeer], new_engine: NewEngine, metadata: Json) -> None:
    """Expects that a task with this metadata goes to another engine when its own is lost."""
    lost = new_engine().register()
    wait_for_engines(client, [lost])
    busy = [deliver(client, "task", engine) for engine in engines]
    identifier = client.send("task", "apply_request", metadata=metadata)
    request = lost.expect("task")
    assert request.id == identifier
    lost.unregister()
    for engine, open_request in zip(engines, busy, strict=True):
        _finish(client, engine, open_request)
    engine, request = _taken(engines, identifier)
    assert _finish(client, engine, request).content["status"] == "ok"
    lost.id = -1


@pytest.mark.requirement("R-12.14")
def test_waiting_tasks_are_aborted_at_once(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """When an abort_request names them."""
    busy = deliver(client, "task", engines[0])
    waiting = submit(client, "task", engines[0])
    # What comes on another socket may be faster.
    pending(client, waiting)
    client.send("control", "abort_request", {"msg_ids": [waiting]}, to=engines[0].uuid)
    assert client.expect("task", parent=waiting).content["status"] == "aborted"
    engines[0].reply("control", engines[0].expect("control"))
    _finish(client, engines[0], busy)


#: Type, content and metadata of tasks that no engine would take.
MALFORMED: list[tuple[str, Json, Json]] = [
    ("apply_request", {}, {"retries": "many"}),
    ("apply_request", {}, {"targets": 5}),
    ("apply_request", {}, {"timeout": "soon"}),
    ("apply_request", {}, {"after": 5}),
    ("apply_request", {}, {"original_msg_id": 5}),
    ("execute_request", {}, {}),
    ("execute_request", {"code": 5}, {}),
    ("complete_request", {}, {}),
]


@pytest.mark.requirement("R-13.10")
@pytest.mark.parametrize(("kind", "content", "metadata"), MALFORMED)
def test_malformed_tasks_are_answered(client: ClientPeer, kind: str, content: Json, metadata: Json) -> None:
    """With a ValueError."""
    identifier = client.send("task", kind, content, metadata=metadata)
    assert _error(client, identifier)["ename"] == "ValueError"


#: Metadata that an engine could not read.
UNREADABLE = {
    "deep": b'{"label": ' + b"[" * 129 + b"]" * 129 + b"}",
    "very deep": b'{"x": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    "not UTF-8": b'{"label": "\xff"}',
    "no object": b"[]",
}


@pytest.mark.requirement("R-13.10")
@pytest.mark.parametrize("metadata", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_an_engine_could_not_read_is_answered(client: ClientPeer, metadata: bytes) -> None:
    """As long as the header can be read."""
    header = client.session.header("apply_request")
    client.send_frames("task", client.session.pack([json.dumps(header).encode(), b"{}", metadata, b"{}"]))
    assert _error(client, header["msg_id"])["ename"] == "ValueError"


@pytest.mark.requirement("R-13.10")
@pytest.mark.parametrize(
    ("identities", "buffers"), [([b"x"] * 14, []), ([], [b""] * 65_530)], ids=["identities", "buffers"]
)
def test_tasks_with_too_many_frames_are_answered(
    client: ClientPeer, identities: list[bytes], buffers: list[bytes]
) -> None:
    """An engine gets two identities more."""
    frames = client.session.frames("apply_request", identities=identities, buffers=buffers)
    client.send_frames("task", frames)
    assert _error(client, split(frames).id)["ename"] == "ValueError"


@pytest.mark.requirement("R-13.17")
def test_retries_are_signed_anew(client: ClientPeer, engine: EnginePeer) -> None:
    """Since an engine would take the same bytes for a replay."""
    request = deliver(client, "task", engine, metadata={"retries": 1})
    engine.reply("task", request, _failure(), "error")
    again = engine.expect("task")
    assert again.id == request.id and again.parts != request.parts
    _finish(client, engine, again)


@pytest.mark.requirement("R-13.35")
def test_the_last_failure_tells_of_those_before(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """With their errors and engines; a reply without others before it tells of none, nor does a result."""
    for last, retries in (("error", 2), ("ok", 1), ("error", 0)):
        identifier = client.send("task", "apply_request", metadata={"retries": retries})
        for attempt in range(retries + 1):
            engine, request = _taken(engines, identifier)
            ends = attempt == retries
            engine.reply("task", request, None if ends and last == "ok" else _failure(), last if ends else "error")
        reply = client.expect("task", parent=identifier)
        assert reply.content["status"] == last
        earlier = reply.metadata.get("earlier", [])
        expected = retries if last == "error" else 0
        assert [(one["attempt"], one["ename"], one["evalue"]) for one in earlier] == [
            (number, "Oops", "failed") for number in range(1, expected + 1)
        ]
        assert {one["engine"] for one in earlier} <= {engine.uuid for engine in engines}
        assert all(one["date"] for one in earlier)


@pytest.mark.requirement("R-13.6")
def test_tasks_can_end_with_their_client(
    client: ClientPeer, new_client: Callable[..., ClientPeer], engine: EnginePeer
) -> None:
    """Those that wait are aborted when its connection ends; what others wait for is not."""
    busy = deliver(client, "task", engine)
    gone = new_client()
    aborted = submit(gone, "task", engine, metadata={"abort_on_disconnect": True})
    kept = submit(gone, "task", engine)
    pending(client, aborted, kept)
    gone.close()
    recorded(client, aborted)
    content = client.ask("result_request", {"msg_ids": [aborted], "status_only": False}).content
    assert content[aborted]["result_content"]["status"] == "aborted"
    _finish(client, engine, busy)
    request = engine.expect("task")
    assert request.id == kept
    engine.reply("task", request)


@pytest.mark.requirement("R-13.7")
def test_a_task_may_be_sent_once_more(client: ClientPeer, engine: EnginePeer) -> None:
    """By a client that does not know whether it arrived: it is not run twice."""
    request = deliver(client, "task", engine)
    again = {"targets": [engine.uuid], "resubmitted": True}
    client.send("task", "apply_request", metadata=again, identifier=request.id)
    _finish(client, engine, request)
    client.send("task", "apply_request", metadata=again, identifier=request.id)
    round_trip(client, "task", engine)
