"""Broadcasts."""

from collections.abc import Iterator

import pytest

from parallel_conformance.controllers import Controller
from parallel_conformance.peers import ClientPeer, EnginePeer
from parallel_conformance.scenes import join_broadcast, wait_for_engines
from parallel_conformance.wire import Json, Message, split


@pytest.fixture(scope="module")
def three(controller: Controller) -> Iterator[list[EnginePeer]]:
    """Three engines: with two leaves, the first and the last share one."""
    engines = [EnginePeer(controller.engine_info, requested=number).register() for number in (10, 11, 12)]
    client = ClientPeer(controller.client_info)
    wait_for_engines(client, engines)
    for engine in engines:
        join_broadcast(client, engine)
    client.close()
    yield engines
    for engine in engines:
        engine.unregister()
        engine.close()


def _send(client: ClientPeer, engines: list[EnginePeer], coalescing: bool, **more: object) -> str:
    metadata: Json = {"is_broadcast": True, "is_coalescing": coalescing, "targets": [[e.uuid, e.id] for e in engines]}
    return client.send("broadcast", "apply_request", metadata={**metadata, **more.pop("metadata", {})}, **more)  # type: ignore


def _finish(client: ClientPeer, engines: list[EnginePeer], requests: list[Message], count: int) -> list[Message]:
    for engine, request in zip(engines, requests, strict=True):
        engine.reply("broadcast", request, buffers=[engine.uuid.encode()])
    return [client.expect("broadcast", "apply_reply") for _ in range(count)]


@pytest.mark.requirement("R-14.3")
@pytest.mark.parametrize("coalescing", [False, True])
def test_each_target_gets_a_copy(client: ClientPeer, three: list[EnginePeer], coalescing: bool) -> None:
    """With an id of its own and the original one in its metadata."""
    original = _send(client, three, coalescing)
    requests = [engine.expect("broadcast") for engine in three]
    for engine, request in zip(three, requests, strict=True):
        assert request.id == f"{original}_{engine.uuid}"
        assert request.metadata["original_msg_id"] == original
        assert request.metadata["is_broadcast"] is True and request.metadata["is_coalescing"] is coalescing
        assert [engine.uuid, engine.id] in request.metadata["targets"]
    _finish(client, three, requests, 1 if coalescing else 3)


@pytest.mark.requirement("R-14.3")
def test_only_targets_get_copies(client: ClientPeer, three: list[EnginePeer]) -> None:
    """The second broadcast shows that the first went to two only."""
    some = three[1:]
    for engines in (some, three):
        original = _send(client, engines, False)
        requests = [engine.expect("broadcast") for engine in engines]
        assert all(request.metadata["original_msg_id"] == original for request in requests)
        _finish(client, engines, requests, len(engines))


@pytest.mark.requirement("R-14.2")
def test_engines_get_copies_at_their_leaf(controller: Controller, client: ClientPeer, three: list[EnginePeer]) -> None:
    """Which their id determines; each of the kit's engines is connected to that one only."""
    assert len(controller.engine_info["broadcast"]) == 2
    for engine in three:
        _send(client, [engine], False)
        _finish(client, [engine], [engine.expect("broadcast")], 1)


@pytest.mark.requirement("R-14.4", "R-1.1")
def test_copies_are_the_same_otherwise(client: ClientPeer, three: list[EnginePeer]) -> None:
    """Content, buffers, and unknown fields of header and metadata."""
    header = client.session.header("apply_request", unknown={"a": [1]})
    metadata = {"is_broadcast": True, "is_coalescing": False, "targets": [[e.uuid, e.id] for e in three], "label": "x"}
    frames = client.session.frames("", {"c": [1, "é"]}, metadata, buffers=[b"", b"two"], header=header)
    client.send_frames("broadcast", frames)
    requests = [engine.expect("broadcast") for engine in three]
    for request in requests:
        assert request.content == {"c": [1, "é"]} and request.buffers == [b"", b"two"]
        assert {**request.header, "msg_id": header["msg_id"]} == header
        assert request.metadata["label"] == "x"
        assert request.parent == {}
    _finish(client, three, requests, 3)


@pytest.mark.requirement("R-14.5")
def test_each_reply_is_forwarded(client: ClientPeer, three: list[EnginePeer]) -> None:
    """As it was sent, as soon as it comes."""
    _send(client, three, False)
    for engine in reversed(three):
        sent = split(engine.reply("broadcast", engine.expect("broadcast"), {"x": engine.id}, buffers=[b"v", b"w"]))
        reply = client.expect("broadcast", "apply_reply")
        assert (reply.parts, reply.buffers, reply.signature) == (sent.parts, sent.buffers, sent.signature)


@pytest.mark.requirement("R-14.7", "R-14.8")
def test_replies_are_coalesced(client: ClientPeer, three: list[EnginePeer]) -> None:
    """Into one whose buffers are in the order of ``broadcast_targets``: by leaf, and within a leaf as requested."""
    order = [three[2], three[1], three[0]]
    original = _send(client, order, True)
    requests = {engine.id: engine.expect("broadcast") for engine in order}
    for engine in (three[1], three[0]):
        engine.reply("broadcast", requests[engine.id], buffers=[b"%d a" % engine.id, b"%d b" % engine.id])
    assert client.receive("broadcast", 0) is None
    three[2].reply("broadcast", requests[12], buffers=[b"12 a", b"12 b"])
    reply = client.receive("broadcast")
    assert reply and reply.kind == "apply_reply"
    assert reply.metadata["original_msg_id"] == original
    assert reply.metadata["is_broadcast"] is True and reply.metadata["is_coalescing"] is True
    assert reply.metadata["broadcast_targets"] == [[three[i].uuid, three[i].id] for i in (2, 0, 1)]
    assert reply.buffers == [b"12 a", b"12 b", b"10 a", b"10 b", b"11 a", b"11 b"]
    assert reply.content["status"] == "ok"


@pytest.mark.requirement("R-14.7")
def test_broadcasts_overlap(client: ClientPeer, three: list[EnginePeer]) -> None:
    """Each is coalesced by itself."""
    originals = [_send(client, three, True) for _ in range(3)]
    for _ in originals:
        for engine in three:
            request = engine.expect("broadcast")
            engine.reply("broadcast", request, buffers=[request.metadata["original_msg_id"].encode()])
    replies = [client.expect("broadcast", "apply_reply") for _ in originals]
    assert [reply.metadata["original_msg_id"] for reply in replies] == originals
    for reply, original in zip(replies, originals, strict=True):
        assert reply.buffers == [original.encode()] * 3


@pytest.mark.requirement("R-14.10")
@pytest.mark.parametrize("coalescing", [False, True])
def test_missing_engines_are_answered_for(client: ClientPeer, three: list[EnginePeer], coalescing: bool) -> None:
    """With an EngineError for the copy, or for the whole."""
    targets = [["nobody", 99]]
    metadata = {"is_broadcast": True, "is_coalescing": coalescing, "targets": targets}
    original = client.send("broadcast", "apply_request", metadata=metadata)
    reply = client.expect("broadcast")
    assert reply.content["ename"] == "EngineError"
    assert reply.parent["msg_id"] == (original if coalescing else f"{original}_nobody")
