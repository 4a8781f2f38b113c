"""Engines with functions of their own: types of actors, and what functions are told about their task.

The engine has to have the actor type ``Counter`` (made from a number; ``add(_:)``, ``add(_:times:)``, ``value``) and the
functions ``attempt``, which says which attempt it is, and ``sleep``, which waits for so many seconds and can be cancelled.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from parallel_conformance.engines import Engine

COUNTER = "Counter"


@pytest.fixture
def counter(engine: Engine) -> Iterator[str]:
    """The id of a counter that starts at 5."""
    reply = engine.call(COUNTER, "create", 0)
    if reply.content.get("ename") == "NameError":
        pytest.skip("the engine does not have the actor type Counter")
    actor = engine.value(COUNTER, "create", 5)
    yield actor
    engine.value(COUNTER, "release", actor)


def call(engine: Engine, actor: str, method: str, *arguments: Any, **more: Any) -> Any:
    return engine.value(COUNTER, "call", actor, method, *arguments, **more)


def error(engine: Engine, *arguments: Any, **more: Any) -> str:
    """The name of the error that a call ends with."""
    reply = engine.call(COUNTER, *arguments, **more)
    assert reply.content["status"] == "error" and not reply.buffers, reply.content
    return reply.content["ename"]


@pytest.mark.requirement("R-16.9")
def test_an_actor_keeps_its_state_until_it_is_released(engine: Engine, counter: str) -> None:
    assert call(engine, counter, "add", 3) == 8
    other = engine.value(COUNTER, "create", 100)
    assert call(engine, other, "add", 1) == 101
    assert call(engine, counter, "add", 2, name="task_out") == 10
    assert engine.value(COUNTER, "release", other) is True
    assert engine.value(COUNTER, "release", other) is False
    assert call(engine, counter, "value") == 10


@pytest.mark.requirement("R-16.10")
def test_an_id_names_type_number_and_engine(engine: Engine, counter: str) -> None:
    kind, _, rest = counter.partition("/")
    number, _, uuid = rest.partition("@")
    assert (kind, uuid) == (COUNTER, engine.uuid) and number.isdecimal()


@pytest.mark.requirement("R-16.11")
def test_methods_are_named_with_or_without_labels(engine: Engine, counter: str) -> None:
    assert call(engine, counter, "add", 2, 10) == 25
    assert call(engine, counter, "add(_:times:)", 1, 2) == 27
    assert call(engine, counter, "add(_:)", 1) == 28


@pytest.mark.requirement("R-16.12")
def test_a_call_that_others_wait_for_overtakes(engine: Engine, counter: str) -> None:
    sleeping = engine.send_call("sleep", 3600.0)
    waiting = engine.send_call(COUNTER, "call", counter, "add", 1)
    assert call(engine, counter, "value", metadata={"nesting": 1}) == 5
    assert call(engine, counter, "value", metadata={"nesting": 256}) == 5
    engine.ask("control_out", "abort_request", {"msg_ids": [sleeping], "running": True})
    assert engine.answer("mux_out", sleeping).content["ename"] == "CancellationError"
    assert engine.answer("mux_out", waiting).content["status"] == "ok"
    assert call(engine, counter, "value") == 6


@pytest.mark.requirement("R-16.13")
def test_calls_do_not_wait_for_one_another_without_end(engine: Engine, counter: str) -> None:
    assert error(engine, "call", counter, "value", metadata={"nesting": 257}) == "RecursionError"
    assert call(engine, counter, "value") == 5


@pytest.mark.requirement("R-16.14")
@pytest.mark.parametrize("wrong", [
    ("missing",), ("add",), ("add", "three"), ("add", 1, 2, 3), ("add(_:)", 1, 2)], ids=repr)
def test_a_wrong_call_is_a_type_error(engine: Engine, counter: str, wrong: tuple[Any, ...]) -> None:
    assert error(engine, "call", counter, *wrong) == "TypeError"
    assert call(engine, counter, "value") == 5


@pytest.mark.requirement("R-16.14")
def test_a_wrong_actor_is_an_error(engine: Engine, counter: str) -> None:
    for text in ("", "Counter", "Counter/x@y", f"Counter/-1@{engine.uuid}"):
        assert error(engine, "call", text, "value") == "TypeError"
    number = counter.partition("@")[0]
    released = engine.value(COUNTER, "create", 1)
    engine.value(COUNTER, "release", released)
    for text in (f"{number}@elsewhere", f"Counter/99999999@{engine.uuid}", released):
        assert error(engine, "call", text, "value") == "ActorTerminated"
    assert error(engine, "destroy", counter) == "TypeError"
    assert call(engine, counter, "value") == 5


@pytest.mark.requirement("R-16.15")
def test_an_actor_survives_a_clear_request(engine: Engine, counter: str) -> None:
    engine.ask("control_out", "clear_request")
    assert call(engine, counter, "value") == 5


@pytest.mark.requirement("R-12.24")
@pytest.mark.parametrize("name", ["mux_out", "task_out"])
def test_earlier_attempts_are_counted(engine: Engine, name: str) -> None:
    reply = engine.call("attempt", name=name)
    if reply.content.get("ename") == "NameError":
        pytest.skip("the engine does not have the function attempt")
    for fields, expected in [({}, 1), ({"earlier_attempts": 2}, 3), ({"earlier_attempts": None}, 1), ({"earlier_attempts": -4}, 1)]:
        assert engine.value("attempt", name=name, metadata=fields) == expected
