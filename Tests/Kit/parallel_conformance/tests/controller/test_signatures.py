"""Signatures and replays."""

import re
from collections.abc import Callable

import pytest

from parallel_conformance.peers import ClientPeer, EnginePeer
from parallel_conformance.scenes import deliver, join_output, round_trip
from parallel_conformance.wire import DELIMITER, split

NewClient = Callable[..., ClientPeer]


def _tampered(client: ClientPeer, how: str, kind: str, **more: object) -> list[bytes]:
    frames = client.session.frames(kind, **more)  # type: ignore[arg-type]
    at = frames.index(DELIMITER) + 1
    match how:
        case "missing":
            frames[at] = b""
        case "wrong":
            frames[at] = b"0" * len(frames[at])
        case "content":
            frames[at + 4] = b'{"targets": null }'
        case "short":
            frames[at] = frames[at][:-1]
    return frames


TAMPERED = ("missing", "wrong", "content", "short")


@pytest.mark.requirement("R-8.1", "R-8.8")
def test_replies_of_the_hub_are_signed(client: ClientPeer, signed: None) -> None:
    """Over the four parts, in lower-case hexadecimal digits."""
    client.send("registration", "connection_request")
    reply = split(client.frames("registration") or [])
    assert re.fullmatch(rb"[0-9a-f]+", reply.signature)
    client.session.verify(reply)


@pytest.mark.requirement("R-8.1", "R-8.8")
def test_notifications_are_signed(client: ClientPeer, new_engine: Callable[..., EnginePeer], signed: None) -> None:
    """`expect` verifies each."""
    client.socket("notification")
    client.ask("connection_request")
    engine = new_engine().register()
    assert client.expect("notification", "registration_notification").signature
    assert engine.id >= 0


@pytest.mark.requirement("R-8.5")
@pytest.mark.parametrize("how", TAMPERED)
def test_the_hub_drops_wrong_signatures(client: ClientPeer, signed: None, how: str) -> None:
    """Without an answer: the next reply is that to the next request."""
    client.send_frames("registration", _tampered(client, how, "queue_request", content={"targets": None}))
    good = client.send("registration", "connection_request")
    reply = client.receive("registration")
    assert reply and reply.parent["msg_id"] == good


@pytest.mark.requirement("R-8.5")
@pytest.mark.parametrize("how", TAMPERED)
def test_the_task_scheduler_drops_wrong_signatures(
    client: ClientPeer, engine: EnginePeer, signed: None, how: str
) -> None:
    """The engine gets the next task only."""
    client.send_frames("task", _tampered(client, how, "apply_request", metadata={"targets": [engine.uuid]}))
    round_trip(client, "task", engine)


@pytest.mark.requirement("R-8.5")
def test_the_task_scheduler_drops_wrong_replies(client: ClientPeer, engines: list[EnginePeer], signed: None) -> None:
    """The client gets the one that is signed well."""
    request = deliver(client, "task", engines[0])
    forged = engines[0].session.frames(
        "apply_reply", {"status": "ok"}, engines[0].metadata(request), request.parts[0], identities=request.identities
    )
    forged[forged.index(DELIMITER) + 1] = b"f" * 64
    engines[0].send_frames("task", forged)
    engines[0].reply("task", request, buffers=[b"good"])
    assert client.expect("task", parent=request.id).buffers == [b"good"]


@pytest.mark.requirement("R-8.5")
def test_the_broadcast_scheduler_drops_wrong_signatures(client: ClientPeer, engine: EnginePeer, signed: None) -> None:
    """The engine gets the next broadcast only."""
    metadata = {"targets": [[engine.uuid, engine.id]], "is_broadcast": True, "is_coalescing": False}
    client.send_frames("broadcast", _tampered(client, "wrong", "apply_request", metadata=metadata))
    round_trip(client, "broadcast", engine)


@pytest.mark.requirement("R-8.2")
def test_buffers_are_not_signed(client: ClientPeer, engine: EnginePeer, signed: None) -> None:
    """Others than those that were there at the time of signing pass."""
    frames = client.session.frames("apply_request", metadata={"targets": [engine.uuid]}, buffers=[b"one"])
    client.send_frames("task", [*frames[:-1], b"two", b"three"])
    request = engine.expect("task")
    assert request.buffers == [b"two", b"three"]
    engine.reply("task", request)
    client.expect("task", parent=request.id)


@pytest.mark.requirement("R-8.6")
def test_the_hub_drops_replays(client: ClientPeer, signed: None) -> None:
    """The second copy is not answered."""
    frames = client.session.frames("connection_request")
    for _ in range(2):
        client.send_frames("registration", frames)
    last = client.send("registration", "connection_request")
    parents = [message.parent["msg_id"] for _ in range(2) if (message := client.receive("registration"))]
    assert parents == [split(frames).id, last]


@pytest.mark.requirement("R-8.10")
@pytest.mark.parametrize("channel", ["task", "broadcast"])
def test_the_schedulers_drop_replays(client: ClientPeer, engine: EnginePeer, signed: None, channel: str) -> None:
    """The engine gets the task once, although it has room, and then the next."""
    metadata = {"targets": [engine.uuid] if channel == "task" else [[engine.uuid, engine.id]]}
    metadata |= {"is_broadcast": channel == "broadcast", "is_coalescing": False}
    frames = client.session.frames("apply_request", metadata=metadata)
    client.send_frames(channel, frames)
    first = engine.expect(channel)
    engine.reply(channel, first)
    client.expect(channel, parent=first.id)
    client.send_frames(channel, frames)
    round_trip(client, channel, engine)


@pytest.mark.requirement("R-8.7")
@pytest.mark.parametrize("channel", ["mux", "control", "task"])
def test_relays_keep_signatures(client: ClientPeer, engine: EnginePeer, signed: None, channel: str) -> None:
    """Of requests and of replies."""
    frames = client.session.frames(
        "apply_request",
        metadata={"targets": [engine.uuid]},
        identities=[] if channel == "task" else [engine.uuid.encode()],
    )
    client.send_frames(channel, frames)
    request = engine.expect(channel)
    assert request.signature == split(frames).signature
    sent = engine.reply(channel, request)
    assert client.expect(channel, parent=request.id).signature == split(sent).signature


@pytest.mark.requirement("R-8.8")
def test_copies_of_broadcasts_are_signed_anew(client: ClientPeer, engine: EnginePeer, signed: None) -> None:
    """Since their headers differ; `expect` verifies them."""
    request = deliver(client, "broadcast", engine)
    engine.reply("broadcast", request)
    assert client.expect("broadcast", parent=request.id).signature


@pytest.mark.requirement("R-8.8")
def test_errors_of_the_scheduler_are_signed(client: ClientPeer, engine: EnginePeer, signed: None) -> None:
    """`expect` verifies them."""
    identifier = client.send("task", "apply_request", metadata={"after": ["never-seen"]})
    assert client.expect("task", parent=identifier).signature


@pytest.mark.requirement("R-8.4")
def test_without_a_key_nothing_is_checked(client: ClientPeer, transport: str) -> None:
    """Neither signatures nor replays; those of the hub are empty."""
    if client.info["key"]:
        pytest.skip("messages are signed")
    frames = client.session.frames("connection_request")
    frames[1] = b"whatever"
    for _ in range(2):
        client.send_frames("registration", frames)
        reply = client.receive("registration")
        assert reply and reply.signature == b"" and reply.parent["msg_id"] == split(frames).id


@pytest.mark.requirement("R-8.9")
def test_status_may_pass_unverified(client: ClientPeer, engine: EnginePeer, signed: None) -> None:
    """A forged status may arrive, as it was sent, or not; what comes after it arrives."""
    join_output(client, engine)
    forged = [b"engine.0.status", DELIMITER, b"forged", b"{}", b"{}", b"{}", b"{}"]
    engine.send_frames("iopub", forged)
    sent = engine.publish("status", {"execution_state": "busy"}, b"{}")
    while (frames := client.frames("iopub")) not in (forged, sent):
        assert frames, "neither arrives"
    engine.publish("stream", {"name": "stdout", "text": "after"}, b"{}", "stdout")
    while (frames := client.frames("iopub")) in (forged, sent):
        pass
    assert frames and split(frames).content["text"] == "after"
