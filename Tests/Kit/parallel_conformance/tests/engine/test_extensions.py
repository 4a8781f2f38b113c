"""What Martlet's clients add to requests: names that are kept for a while, limits of time, orders that spare a used engine."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from parallel_conformance.engines import Engine
from parallel_conformance.processes import wait_until
from parallel_conformance.vectors.calls import PUSH, reference
from parallel_conformance.wire import Json, Message

NewEngine = Callable[..., Engine]
TIMEOUT = 30


def keep(engine: Engine, name: str, owner: str, seconds: float) -> Message:
    return engine.call(PUSH, metadata={"keep": {"name": name, "owner": owner, "seconds": seconds}}, **{name: 1})


def lease(engine: Engine, owner: str, seconds: float) -> None:
    identifier = engine.send("control_out", "lease_request", {"owner": owner, "seconds": seconds})
    try:
        assert engine.answer("control_out", identifier, 5).content["status"] == "ok"
    except AssertionError:
        pytest.skip("the engine does not know lease_request")


def has(engine: Engine, name: str) -> bool:
    return engine.call("echo", reference(name)).content["status"] == "ok"


def date(seconds: float) -> str:
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat()


@pytest.mark.requirement("R-16.6")
def test_names_go_with_their_owner(engine: Engine) -> None:
    lease(engine, "nobody", 1)
    assert keep(engine, "kit_short", "brief", 0.2).content["status"] == "ok"
    assert keep(engine, "kit_long", "patient", 1000).content["status"] == "ok"
    engine.push(kit_free=1)
    wait_until(lambda: not has(engine, "kit_short"), "the end of the name", TIMEOUT)
    assert has(engine, "kit_long") and has(engine, "kit_free")
    lease(engine, "patient", 0)


@pytest.mark.requirement("R-16.7")
def test_a_lease_begins_anew_and_ends_at_once(engine: Engine) -> None:
    lease(engine, "nobody", 1)
    keep(engine, "kit_one", "renewed", 0.5)
    lease(engine, "renewed", 1000)
    keep(engine, "kit_two", "forgotten", 0.5)
    wait_until(lambda: not has(engine, "kit_two"), "the end of the other", TIMEOUT)
    time.sleep(0.5)
    assert has(engine, "kit_one")
    lease(engine, "renewed", 0)
    wait_until(lambda: not has(engine, "kit_one"), "the end of the name", TIMEOUT)


@pytest.mark.requirement("R-16.8")
@pytest.mark.parametrize("wrong", [7, {}, {"name": "a", "owner": "o"}, {"name": 1, "owner": "o", "seconds": 1}], ids=repr)
def test_a_malformed_keep_is_refused(engine: Engine, wrong: object) -> None:
    lease(engine, "nobody", 1)
    reply = engine.call(PUSH, metadata={"keep": wrong}, kit_wrong=1)
    assert reply.content["status"] == "error" and reply.content["ename"] == "ValueError"
    assert not has(engine, "kit_wrong")


@pytest.mark.requirement("R-12.20")
@pytest.mark.parametrize("name", ["mux_out", "task_out"])
def test_what_is_too_late_is_not_started(engine: Engine, name: str) -> None:
    engine.push(kit_late=0)
    reply = engine.call(PUSH, name=name, metadata={"deadline": date(-1)}, kit_late=1)
    if reply.content["status"] == "ok":
        pytest.skip("the engine does not know deadlines")
    assert reply.content["ename"] == "TaskTimeout"
    assert engine.pull("kit_late") == 0
    assert engine.call("echo", 1, name=name, metadata={"deadline": date(1000)}).content["status"] == "ok"


@pytest.mark.requirement("R-12.21")
def test_what_runs_for_too_long_is_stopped(engine: Engine) -> None:
    started = time.monotonic()
    reply = engine.answer("mux_out", engine.send_call("pause", 10, metadata={"execution_timeout": 0.2}), TIMEOUT)
    if reply.content["status"] == "ok" and time.monotonic() - started >= 10:
        pytest.skip("the engine does not know execution_timeout")
    assert reply.content["status"] == "error" and reply.content["ename"] == "TimeoutError"
    assert engine.value("echo", 1, metadata={"execution_timeout": 0}) == 1


@pytest.mark.requirement("R-12.22")
def test_a_used_engine_is_not_shut_down(new_engine: NewEngine) -> None:
    engine = new_engine().start().register()
    lease(engine, "nobody", 1)
    engine.push(kit_used=1)
    reply = engine.ask("control_out", "shutdown_request", {"if_unused": True})
    assert reply.content["status"] == "error" and reply.content["ename"] == "EngineInUse"
    assert engine.pull("kit_used") == 1
    engine.ask("control_out", "clear_request")
    # Whoever asks may be told no while the last request is still being finished.
    wait_until(
        lambda: engine.ask("control_out", "shutdown_request", {"if_unused": True}).content["status"] == "ok",
        "the end of an engine that is not used", TIMEOUT)


@pytest.mark.requirement("R-12.23")
def test_what_takes_too_long_is_returned(engine_template: str, new_engine: NewEngine) -> None:
    """An engine with a time limit says how much is left, and begins no task of the scheduler's that states more."""
    engine = new_engine(template=f"{engine_template} --time-limit=1000").start().register(takes_back=True)
    assert engine.registration and 900 < engine.registration.content.get("time_left", 0) <= 1000
    returned = engine.call(PUSH, name="task_out", metadata={"time_request": 1001}, kit_long=1)
    assert returned.metadata["status"] == "returned"
    for name, seconds in (("task_out", 500), ("task_out", None), ("mux_out", 1001)):
        assert engine.call(PUSH, name=name, metadata={"time_request": seconds}, kit_fits=1).content["status"] == "ok"
