"""Values in both directions."""

from typing import Any

import pytest

from parallel_conformance import values
from parallel_conformance.clients import Client
from parallel_conformance.vectors import load
from parallel_conformance.vectors.calls import canned_bytes, container, dictionary, plain
from parallel_conformance.vectors.notation import integer

LONG = bytes(range(256)) * 5

PLAIN = [None, True, 0, -7, 2**40, 0.5, "", "grün \U0001f600", [], [1, [2, [3]]], {}, {"a": {"b": [None]}}, list(range(100))]


@pytest.mark.requirement("R-16.2", "R-16.4")
@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_plain_values(client: Client, value: Any) -> None:
    number = client.start("apply", to=0, function="echo", args=[value])
    request = client.request("mux_in", "apply_request")
    [sent] = values.read_call(request.buffers).args
    assert sent == value and type(sent) is type(value)
    client.reply("mux_in", request, value)
    assert client.ok(number) == value


@pytest.mark.requirement("R-16.1")
@pytest.mark.parametrize("size", [0, 10, 1024, 1025, 50_000])
def test_bytes(client: Client, size: int) -> None:
    content = (LONG * 50)[:size]
    number = client.start("apply", to=0, function="echo", args=[{"$bytes": content.hex()}])
    request = client.request("mux_in", "apply_request")
    assert values.read_call(request.buffers).args == [content]
    assert len(request.buffers) == (4 if size > 1024 else 3)
    client.reply("mux_in", request, canned_bytes(content))
    assert client.ok(number) == {"$bytes": content.hex()}


@pytest.mark.requirement("R-16.1")
def test_buffers_of_containers(client: Client) -> None:
    long = {"$bytes": LONG.hex()}
    number = client.start("apply", to=0, function="echo", args=[[long, 1, long], {"b": long, "a": long}], kwargs={"k": long})
    request = client.request("mux_in", "apply_request")
    call = values.read_call(request.buffers)
    assert call.args == [[LONG, 1, LONG], {"a": LONG, "b": LONG}] and call.kwargs == {"k": LONG}
    parts = {key: canned_bytes(LONG + key.encode()) for key in ("b", "c", "a")}
    client.reply("mux_in", request, dictionary(parts))
    assert client.ok(number) == {key: {"$bytes": (LONG + key.encode()).hex()} for key in "abc"}


@pytest.mark.requirement("R-16.1")
def test_buffers_of_several_members(client: Client) -> None:
    members = [LONG + bytes([number]) for number in range(3)]
    client.start("apply", to=0, function="echo", args=[[{"$bytes": member.hex()} for member in members]])
    buffers = client.request("mux_in", "apply_request").buffers
    assert values.read_call(buffers).args == [members] and buffers[3:] == members


@pytest.mark.requirement("R-16.1", "R-16.4")
def test_a_list_of_buffers(client: Client) -> None:
    number = client.start("apply", to=0, function="echo", args=[1])
    request = client.request("mux_in", "apply_request")
    parts = [canned_bytes(LONG + bytes([number])) for number in range(5)] + [plain(integer(7))]
    client.reply("mux_in", request, container("list", parts))
    assert client.ok(number) == [{"$bytes": (LONG + bytes([number])).hex()} for number in range(5)] + [7]


@pytest.mark.requirement("R-16.2")
def test_keywords_are_in_ascending_order(client: Client) -> None:
    client.start("apply", to=0, function="echo", kwargs={"b": 1, "a": 2, "c": 3})
    call = values.read_call(client.request("mux_in", "apply_request").buffers)
    assert call.kwargs == {"a": 2, "b": 1, "c": 3}, "read_call refuses another order"


@pytest.mark.requirement("R-16.4")
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_results_of_the_vectors(client: Client, protocol: int) -> None:
    [vector] = [one for one in load("pickles") if one["name"] == f"dict-of-text-protocol-{protocol}"]
    number = client.start("apply", to=0, function="echo", args=[1])
    request = client.request("mux_in", "apply_request")
    client.reply("mux_in", request, frames=[bytes.fromhex(vector["pickle"])])
    assert client.ok(number) == {"b": 1, "a": {"": None}}
