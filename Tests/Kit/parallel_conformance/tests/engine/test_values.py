"""Calls and values, in the forms that peers send them in."""

import struct
from typing import Any

import pytest

from parallel_conformance import values
from parallel_conformance.engines import Engine
from parallel_conformance.vectors import load
from parallel_conformance.vectors.calls import PULL, Part, canned_array, canned_bytes, container, dictionary, plain, reference
from parallel_conformance.vectors.notation import integer, items, text
from parallel_conformance.vectors.pickling import Global

LONG = bytes(range(256)) * 5


@pytest.mark.requirement("R-16.2", "R-16.4")
@pytest.mark.parametrize(
    "value",
    [None, True, 0, -1, 2**40, 2**100, 0.5, "", "grün \U0001f600", b"", b"\x00\xff", [], [1, [2, [3]]], (), (1, "a"),
     {}, {"a": {"b": [None]}}, list(range(100))],
    ids=repr,
)
def test_plain_values_come_back(engine: Engine, value: Any) -> None:
    returned = engine.value("echo", value)
    assert returned == value and type(returned) is type(value)


@pytest.mark.requirement("R-16.1")
@pytest.mark.parametrize("size", [0, 10, 1024, 1025, 100_000])
def test_bytes_with_and_without_a_frame_of_their_own(engine: Engine, size: int) -> None:
    content = (LONG * 100)[:size]
    reply = engine.call("echo", canned_bytes(content))
    assert values.result(reply.buffers) == content
    assert len(reply.buffers) == (2 if size > 1024 else 1)


@pytest.mark.requirement("R-16.1")
def test_buffers_of_lists_follow_in_order(engine: Engine) -> None:
    parts = [canned_bytes(LONG + bytes([number])) for number in range(5)] + [plain(integer(7))]
    reply = engine.call("echo", container("list", parts))
    assert values.result(reply.buffers) == [LONG + bytes([number]) for number in range(5)] + [7]
    assert len(reply.buffers) == 6


@pytest.mark.requirement("R-16.1")
def test_buffers_of_dicts_follow_in_the_order_of_the_keys(engine: Engine) -> None:
    parts = {key: canned_bytes(LONG + key.encode()) for key in ("b", "c", "a")}
    reply = engine.call("echo", dictionary(parts))
    assert values.result(reply.buffers) == {key: LONG + key.encode() for key in "abc"}
    assert reply.buffers[1:] == [LONG + key.encode() for key in "abc"]


@pytest.mark.requirement("R-16.1")
@pytest.mark.parametrize("count", [63, 64, 200])
def test_long_containers_are_not_looked_into(engine: Engine, count: int) -> None:
    part = plain(items("list", *[integer(number) for number in range(count)]))
    assert engine.value("echo", part) == list(range(count))


@pytest.mark.requirement("R-16.1")
def test_arrays(engine: Engine) -> None:
    probe = engine.call("echo", canned_array("<f8", (1,), bytes(8))).content
    if probe.get("ename") in ("ImportError", "ModuleNotFoundError"):
        pytest.skip(f"the engine's Python lacks a package: {probe['evalue']}")
    for count in (4, 200):
        content = struct.pack(f"<{count}d", *[number / 4 for number in range(count)])
        reply = engine.call("echo", canned_array("<f8", (count // 2, 2), content))
        assert values.result(reply.buffers) == values.Array("<f8", (count // 2, 2), content)
        assert len(reply.buffers) == (1 if count == 4 else 2)


@pytest.mark.requirement("R-16.2")
@pytest.mark.parametrize("name", ["add-protocol-2", "add-protocol-3", "add-protocol-4", "add-protocol-5"])
def test_calls_of_the_vectors(engine: Engine, name: str) -> None:
    [vector] = [one for one in load("calls") if one["name"] == name]
    reply = engine.ask("mux_out", "apply_request", buffers=[bytes.fromhex(frame) for frame in vector["frames"]])
    assert reply.content["status"] == "ok" and values.result(reply.buffers) == 5


@pytest.mark.requirement("R-16.2")
def test_arguments_by_position_and_keyword(engine: Engine) -> None:
    assert engine.value("add", 1, b=2) == 3
    assert engine.value("add", a="x", b="y") == "xy"
    assert engine.value("add", canned_bytes(LONG), b=canned_bytes(LONG)) == LONG + LONG


@pytest.mark.requirement("R-16.2", "R-12.4")
@pytest.mark.parametrize(
    "name", ["frame-left-over", "buffer-missing", "argument-missing", "counts-too-large", "counts-not-a-dict", "argument-cut"]
)
def test_calls_that_do_not_fit_are_errors(engine: Engine, name: str) -> None:
    [vector] = [one for one in load("calls") if one["name"] == f"refused-{name}"]
    reply = engine.ask("mux_out", "apply_request", buffers=[bytes.fromhex(frame) for frame in vector["frames"]])
    assert reply.content["status"] == "error"


@pytest.mark.requirement("R-16.3")
def test_references_are_looked_up(engine: Engine) -> None:
    engine.push(x=40, y=2)
    assert engine.value("add", reference("x"), reference("y")) == 42
    assert engine.value("echo", container("list", [reference("x"), plain(text("x"))])) == [40, "x"]
    assert engine.value("add", a=reference("x"), b=2) == 42


@pytest.mark.requirement("R-16.3")
def test_a_name_that_is_not_there(engine: Engine) -> None:
    for function, arguments in (("echo", [reference("nowhere")]), ("nowhere", [])):
        reply = engine.call(function, *arguments)
        assert reply.content["status"] == "error" and reply.content["ename"] == "NameError"


@pytest.mark.requirement("R-16.5")
def test_push_and_pull(engine: Engine) -> None:
    assert engine.push(a=[1, 2], b={"k": "v"}, c=canned_bytes(LONG)) is None
    assert engine.pull("a") == [1, 2]
    assert engine.pull(["b", "a"]) == [{"k": "v"}, [1, 2]]
    assert engine.pull("c") == LONG


@pytest.mark.requirement("R-16.5")
def test_pulling_an_unknown_name(engine: Engine) -> None:
    reply = engine.call(PULL, "nowhere")
    assert reply.content["status"] == "error" and reply.content["ename"] == "NameError"


@pytest.mark.requirement("R-16.5")
def test_map(engine: Engine) -> None:
    assert engine.map("echo", [1, 2, 3]) == [1, 2, 3]
    assert engine.map("add", [1, 2], [10, 20]) == [11, 22]
    assert engine.map("echo", []) == []


@pytest.mark.requirement("R-16.2")
def test_functions_pickled_by_name(engine: Engine) -> None:
    [vector] = [one for one in load("calls") if one["name"] == "by-name"]
    function = Part(Global("_operator", "add"), vector["expect"]["function"])
    reply = engine.call(function, 2, 3)
    if reply.content["status"] == "error" and reply.content["ename"] == "TypeError":
        pytest.skip("the engine does not run Python")
    assert values.result(reply.buffers) == 5
