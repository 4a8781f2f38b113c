"""What the relays do to the frames before the delimiter, and that they do nothing to the others."""

import json
from collections.abc import Callable

import pytest

from parallel_conformance.peers import ClientPeer, EnginePeer
from parallel_conformance.scenes import DIRECT, deliver, round_trip, submit
from parallel_conformance.wire import DELIMITER, split

NewClient = Callable[..., ClientPeer]
CHANNELS = ("mux", "control", "task")


@pytest.mark.requirement("R-9.1")
@pytest.mark.parametrize("channel", DIRECT)
def test_the_first_two_identities_are_exchanged(new_client: NewClient, engine: EnginePeer, channel: str) -> None:
    """The engine gets the client's identity behind that of the relay; the client gets the engine's."""
    client = new_client(b"a client")
    request = deliver(client, channel, engine)
    assert len(request.identities) == 2 and request.identities[1] == b"a client"
    engine.reply(channel, request)
    assert client.expect(channel, parent=request.id).identities == [engine.uuid.encode()]


@pytest.mark.requirement("R-9.3")
@pytest.mark.parametrize("channel", CHANNELS)
def test_relays_have_names(client: ClientPeer, engine: EnginePeer, channel: str) -> None:
    """Engines that have one socket for all see from which a request came."""
    request = deliver(client, channel, engine)
    assert request.identities[0] == f"{channel}_out".encode()
    engine.reply(channel, request)
    client.expect(channel, parent=request.id)


@pytest.mark.requirement("R-9.4")
@pytest.mark.parametrize("channel", DIRECT)
def test_direct_replies_have_the_engines_identity(client: ClientPeer, engine: EnginePeer, channel: str) -> None:
    """As the request had."""
    assert round_trip(client, channel, engine).identities == [engine.uuid.encode()]


@pytest.mark.requirement("R-9.4")
def test_direct_requests_reach_the_engine_that_is_named(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """And no other."""
    for engine in [*engines, *engines]:
        round_trip(client, "mux", engine)


@pytest.mark.requirement("R-9.5")
def test_tasks_go_without_identities(client: ClientPeer, engine: EnginePeer) -> None:
    """And come back with the engine's."""
    assert round_trip(client, "task", engine).identities == [engine.uuid.encode()]


@pytest.mark.requirement("R-9.6")
def test_replies_of_the_scheduler_have_no_identity(client: ClientPeer, engine: EnginePeer) -> None:
    """Since no engine made them."""
    identifier = client.send("task", "apply_request", metadata={"after": ["never-seen"]})
    assert client.expect("task", parent=identifier).identities == []


@pytest.mark.requirement("R-9.7")
@pytest.mark.parametrize("coalescing", [False, True])
def test_broadcasts_have_no_identities(client: ClientPeer, engine: EnginePeer, coalescing: bool) -> None:
    """At the client's end."""
    request = deliver(client, "broadcast", engine, metadata={"is_coalescing": coalescing})
    engine.reply("broadcast", request)
    assert client.expect("broadcast", "apply_reply").identities == []


@pytest.mark.requirement("R-9.4", "R-9.5", "R-9.7")
@pytest.mark.parametrize("channel", [*CHANNELS, "broadcast"])
def test_each_client_gets_its_own_replies(new_client: NewClient, engine: EnginePeer, channel: str) -> None:
    """Answered in the other order where the channel allows it."""
    clients = [new_client(), new_client()]
    requests = []
    for client in clients:
        request = deliver(client, channel, engine)
        if channel == "task":
            engine.reply(channel, request, buffers=[request.id.encode()])
        requests.append(request)
    if channel != "task":
        for request in reversed(requests):
            engine.reply(channel, request, buffers=[request.id.encode()])
    for client, request in zip(clients, requests, strict=True):
        reply = client.receive(channel)
        assert reply and reply.parent["msg_id"] == request.id and reply.buffers == [request.id.encode()]
        assert client.receive(channel, 0) is None


@pytest.mark.requirement("R-6.2")
@pytest.mark.parametrize("identity", [b"", b"\x01", b"\xff\xfe binary", b"x" * 255, "é".encode()])
def test_clients_choose_their_identity(new_client: NewClient, engine: EnginePeer, identity: bytes) -> None:
    """Any that ZeroMQ allows works on each channel."""
    client = new_client(identity)
    for channel in (*CHANNELS, "broadcast"):
        round_trip(client, channel, engine)
    assert client.engines()


@pytest.mark.requirement("R-6.3")
def test_an_identity_stays_with_its_owner(new_client: NewClient, engine: EnginePeer) -> None:
    """A second client of the same name does not get the first one's replies."""
    owner, thief = new_client(b"mine"), new_client(b"mine")
    round_trip(owner, "mux", engine)
    request = deliver(owner, "mux", engine)
    thief.send("mux", "apply_request", to=engine.uuid)
    engine.reply("mux", request)
    owner.expect("mux", parent=request.id)
    thief.close()


@pytest.mark.requirement("R-6.3")
def test_an_engines_identity_stays_with_it(client: ClientPeer, new_client: NewClient, engine: EnginePeer) -> None:
    """Whoever connects with its uuid gets none of its requests."""
    thief = EnginePeer(engine.info, engine.uuid)
    thief.id = engine.id
    thief.socket("control")
    for _ in range(3):
        round_trip(client, "control", engine)
    assert thief.frames("control", 0) is None
    thief.close()


@pytest.mark.requirement("R-1.2", "R-1.1")
@pytest.mark.parametrize("channel", CHANNELS)
def test_relays_change_nothing(client: ClientPeer, engine: EnginePeer, channel: str) -> None:
    """From the delimiter on, all frames arrive as they were sent, unknown fields and odd white space included."""
    header = client.session.header("apply_request", strange=[None, 1.5])
    parts = [json.dumps(header, indent=1).encode(), b"{ }"]
    parts += [json.dumps({"targets": [engine.uuid], "unknown": {"a": 1}}).encode() + b" ", b'{\n"more": true}']
    frames = client.session.pack(parts, [b"", b"\x00" * 2000, b"<IDS|MSG>"])
    client.send_frames(channel, frames if channel == "task" else [engine.uuid.encode(), *frames])
    request = engine.expect(channel)
    assert request.frames[len(request.identities) :] == frames
    sent = engine.reply(channel, request, {"unknown": 1}, buffers=[b"", b"x"])
    reply = client.expect(channel, parent=request.id)
    assert reply.frames[len(reply.identities) :] == sent[sent.index(DELIMITER) :]


@pytest.mark.requirement("R-1.5")
@pytest.mark.parametrize("channel", DIRECT)
@pytest.mark.parametrize("kind", ["execute_request", "comm_msg", "never_heard_of_it", "clear_request"])
def test_relays_forward_any_type(client: ClientPeer, engine: EnginePeer, channel: str, kind: str) -> None:
    """Whether it is a request or not."""
    request = deliver(client, channel, engine, kind)
    assert request.kind == kind
    engine.reply(channel, request)
    client.expect(channel, parent=request.id)


@pytest.mark.requirement("R-1.7")
@pytest.mark.parametrize("channel", DIRECT)
def test_order_is_kept(client: ClientPeer, engine: EnginePeer, channel: str) -> None:
    """Of requests to one engine, and of its replies."""
    sent = [submit(client, channel, engine) for _ in range(100)]
    requests = [engine.expect(channel) for _ in sent]
    assert [request.id for request in requests] == sent
    for request in requests:
        engine.reply(channel, request)
    assert [client.expect(channel).parent["msg_id"] for _ in sent] == sent


@pytest.mark.requirement("R-9.10")
@pytest.mark.parametrize("channel", DIRECT)
def test_requests_for_unknown_engines_are_answered(client: ClientPeer, engine: EnginePeer, channel: str) -> None:
    """With an error."""
    identifier = client.send(channel, "apply_request", to="no-such-engine")
    reply = client.expect(channel, parent=identifier)
    assert (reply.content["status"], reply.content["ename"]) == ("error", "EngineError")


@pytest.mark.requirement("R-1.2")
def test_large_messages_pass(client: ClientPeer, engine: EnginePeer) -> None:
    """Several megabytes in several frames."""
    buffers = [bytes([number]) * 1_500_000 for number in range(3)]
    request = deliver(client, "mux", engine, buffers=buffers)
    assert request.buffers == buffers
    sent = engine.reply("mux", request, buffers=buffers[::-1])
    assert client.expect("mux", parent=request.id).buffers == split(sent).buffers
