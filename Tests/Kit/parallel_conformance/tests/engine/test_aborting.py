"""Requests that are ended before they have begun."""

from typing import Any

import pytest

from parallel_conformance.engines import Engine


def busy(engine: Engine, seconds: float = 1.5) -> str:
    """Make the engine run something. Returns its msg_id."""
    identifier = engine.send_call("pause", seconds)
    engine.controller.expect("iopub_in", "status", identifier, execution_state="busy")
    return identifier


def abort(engine: Engine, msg_ids: Any) -> None:
    identifier = engine.send("control_out", "abort_request", {"msg_ids": msg_ids})
    assert engine.answer("control_out", identifier).content["status"] == "ok"


def assert_aborted(engine: Engine, name: str, identifier: str) -> None:
    reply = engine.answer(name, identifier)
    assert reply.kind == "apply_reply" and reply.buffers == []
    assert reply.content["status"] == "aborted" and reply.metadata["status"] == "aborted"


@pytest.mark.requirement("R-12.11")
@pytest.mark.parametrize("name", ["mux_out", "task_out", "broadcast"])
@pytest.mark.parametrize("form", ["list", "text"])
def test_waiting_requests_are_aborted(engine: Engine, name: str, form: str) -> None:
    socket = engine.leaf if name == "broadcast" else name
    running = busy(engine)
    waiting = engine.send_call("echo", "waiting", name=socket)
    other = engine.send_call("echo", "other", name=socket)
    abort(engine, [waiting] if form == "list" else waiting)
    assert_aborted(engine, socket, waiting)
    assert engine.answer("mux_out", running).content["status"] == "ok"
    assert engine.answer(socket, other).content["status"] == "ok"


@pytest.mark.requirement("R-12.12")
def test_requests_that_have_not_come_yet_are_aborted(engine: Engine) -> None:
    identifiers = [f"to-come-{engine.controller.session.new_id()}" for _ in range(3)]
    abort(engine, identifiers)
    for identifier in identifiers:
        engine.send("mux_out", "apply_request", identifier=identifier)
        assert_aborted(engine, "mux_out", identifier)


@pytest.mark.requirement("R-12.13")
@pytest.mark.parametrize("msg_ids", [[], None], ids=["empty", "null"])
def test_without_ids_all_waiting_requests_are_aborted(engine: Engine, msg_ids: Any) -> None:
    running = busy(engine)
    waiting = [engine.send_call("echo", number) for number in range(3)]
    abort(engine, msg_ids)
    for identifier in waiting:
        assert_aborted(engine, "mux_out", identifier)
    assert engine.answer("mux_out", running).content["status"] == "ok"
    assert engine.value("add", 1, 1) == 2
