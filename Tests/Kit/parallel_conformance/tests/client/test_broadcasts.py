"""Broadcasts: one request, a reply of each target or a coalesced one."""

import pytest

from parallel_conformance import values
from parallel_conformance.clients import ENGINES, Client
from parallel_conformance.wire import Json, Message


def copy(request: Message, engine: int) -> Json:
    """The header of the copy of a request that an engine gets."""
    return {**request.header, "msg_id": f"{request.id}_{ENGINES[engine]}"}


@pytest.mark.requirement("R-14.1", "R-9.7", "R-12.1")
@pytest.mark.parametrize("coalescing", [False, True])
def test_request(client: Client, coalescing: bool) -> None:
    client.start("apply", to={"broadcast": [0, 2], "coalescing": coalescing}, function="add", args=[2, 3])
    request = client.request("broadcast_in", "apply_request")
    assert len(request.identities) == 1
    assert request.metadata["is_broadcast"] is True and bool(request.metadata["is_coalescing"]) is coalescing
    assert request.metadata["targets"] == [[ENGINES[0], 0], [ENGINES[2], 2]]
    assert values.read_call(request.buffers) == values.Call(values.Reference("add"), [2, 3], {})


@pytest.mark.requirement("R-14.6", "R-9.7")
def test_replies_of_each_target(client: Client) -> None:
    number = client.start("apply", to={"broadcast": [0, 1]}, function="where")
    request = client.request("broadcast_in", "apply_request")
    for engine in (1, 0):
        assert not client.is_done(number)
        metadata = {"original_msg_id": request.id}
        client.reply("broadcast_in", request, f"engine {engine}", engine=engine, metadata=metadata, parent=copy(request, engine))
        client.state("idle", copy(request, engine), engine)
    assert client.ok(number) == ["engine 0", "engine 1"]


@pytest.mark.requirement("R-14.9")
def test_a_coalesced_reply(client: Client) -> None:
    number = client.start("apply", to={"broadcast": [0, 1], "coalescing": True}, function="where")
    request = client.request("broadcast_in", "apply_request")
    metadata = {"original_msg_id": request.id, "broadcast_targets": [[ENGINES[0], 0], [ENGINES[1], 1]]}
    results = ("engine 0", {"long": b"\1" * 2000})
    client.reply("broadcast_in", request, *results, engine=1, metadata=metadata, parent=copy(request, 1))
    for engine in (0, 1):
        client.state("idle", copy(request, engine), engine)
    assert client.ok(number) == ["engine 0", {"long": {"$bytes": "01" * 2000}}]
