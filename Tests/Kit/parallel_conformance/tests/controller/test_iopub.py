"""Output."""

from collections.abc import Callable

import pytest
import zmq

from parallel_conformance.peers import ClientPeer, EnginePeer, connect
from parallel_conformance.scenes import deliver, join_output, pending, round_trip
from parallel_conformance.wire import Json, Message, split


@pytest.fixture
def request_(client: ClientPeer, engine: EnginePeer) -> Message:
    """A direct request that is answered, of a client that gets output."""
    join_output(client, engine)
    request = deliver(client, "mux", engine)
    engine.reply("mux", request)
    return request


def _record(client: ClientPeer, identifier: str, **wanted: object) -> None:
    client.until(
        "db_request",
        {"query": {"msg_id": {"$eq": identifier}}, "keys": list(wanted)},
        lambda content: content["records"] and {**content["records"][0], **wanted} == content["records"][0],
        f"{wanted} in the record",
    )


@pytest.mark.requirement("R-15.1")
@pytest.mark.parametrize("kind", ["stream", "display_data", "status", "never_heard_of"])
def test_output_passes_as_it_came(client: ClientPeer, engine: EnginePeer, request_: Message, kind: str) -> None:
    """Topic, signature, parts and buffers."""
    content: Json = {"name": "stdout", "text": "x", "execution_state": "busy", "data": {}, "metadata": {}}
    sent = engine.publish(kind, content, request_.parts[0])
    frames = client.frames("iopub")
    # What has ended lately may be repeated.
    while frames and split(frames).parent.get("msg_id") != request_.id:
        frames = client.frames("iopub")
    assert frames == sent


@pytest.mark.requirement("R-15.1")
def test_all_clients_get_all_output(client: ClientPeer, new_client: Callable, engines: list[EnginePeer]) -> None:
    """Of all engines."""
    other = new_client()
    for peer in (client, other):
        for engine in engines:
            join_output(peer, engine)
    for engine in engines:
        sent = split(engine.publish("stream", {"name": "stdout", "text": "all"}, b"{}", "stdout"))
        for peer in (client, other):
            assert peer.expect("iopub", "stream").id == sent.id


@pytest.mark.requirement("R-15.1")
def test_output_of_xpub_sockets_passes(client: ClientPeer, engine: EnginePeer) -> None:
    """As newer engines have them; they hear of the relay's subscription. It is recorded as well."""
    join_output(client, engine)
    reply = round_trip(client, "mux", engine)
    socket = connect(client.context, engine.info, "iopub", zmq.XPUB, b"an engine")
    assert socket.poll(20_000) and socket.recv() == b"\x01"
    content = {"name": "stdout", "text": "xpub"}
    frames = engine.session.frames("stream", content, parent=reply.parent, identities=[b"engine.0.stdout"])
    socket.send_multipart(frames)
    assert client.expect("iopub", "stream").content["text"] == "xpub"
    _record(client, reply.parent["msg_id"], stdout="xpub")
    socket.close()


@pytest.mark.requirement("R-6.5")
def test_bursts_of_output_are_not_cut(client: ClientPeer, engine: EnginePeer, request_: Message) -> None:
    """Three thousand messages arrive, although the client reads them later."""
    for number in range(3_000):
        engine.publish("status", {"execution_state": "busy", "number": number}, request_.parts[0])
    numbers = [client.expect("iopub", "status").content["number"] for _ in range(3_000)]
    assert numbers == list(range(3_000))


@pytest.mark.requirement("R-15.4")
@pytest.mark.parametrize("channel", ["mux", "task"])
def test_streams_are_appended_to_the_record(client: ClientPeer, engine: EnginePeer, channel: str) -> None:
    """Each to its own field, while the request is open and afterwards."""
    join_output(client, engine)
    request = deliver(client, channel, engine)
    pending(client, request.id)
    texts = (("stdout", "one "), ("stderr", "oh"), ("stdout", "two"))
    for name, text in texts:
        engine.publish("stream", {"name": name, "text": text}, request.parts[0], name)
    received = [client.expect("iopub", "stream", request.id).content for _ in texts]
    assert [(content["name"], content["text"]) for content in received] == list(texts)
    engine.reply(channel, request)
    client.expect(channel, parent=request.id)
    _record(client, request.id, stdout="one two", stderr="oh")
    engine.publish("stream", {"name": "stdout", "text": " three"}, request.parts[0], "stdout")
    _record(client, request.id, stdout="one two three", stderr="oh")


@pytest.mark.requirement("R-15.4")
@pytest.mark.parametrize(
    ("kind", "field", "content"),
    [
        ("error", "error", {"ename": "E", "evalue": "v", "traceback": ["t"]}),
        ("execute_result", "execute_result", {"data": {"text/plain": "4"}, "metadata": {}, "execution_count": 1}),
    ],
)
def test_other_output_is_in_the_record(
    client: ClientPeer, engine: EnginePeer, request_: Message, kind: str, field: str, content: Json
) -> None:
    """With its content."""
    engine.publish(kind, content, request_.parts[0])
    _record(client, request_.id, **{field: content})


@pytest.mark.requirement("R-15.4")
def test_code_is_in_the_record(client: ClientPeer, engine: EnginePeer, request_: Message) -> None:
    """As a text."""
    engine.publish("execute_input", {"code": "2 + 2", "execution_count": 1}, request_.parts[0])
    _record(client, request_.id, execute_input="2 + 2")


@pytest.mark.requirement("R-15.4", "R-11.20")
def test_output_comes_with_results(client: ClientPeer, engine: EnginePeer, request_: Message) -> None:
    """In ``io``."""
    engine.publish("stream", {"name": "stdout", "text": "said"}, request_.parts[0], "stdout")
    _record(client, request_.id, stdout="said")
    reply = client.ask("result_request", {"msg_ids": [request_.id], "status_only": False})
    assert reply.content[request_.id]["io"]["stdout"] == "said"


@pytest.mark.requirement("R-15.6")
def test_late_subscribers_hear_of_ended_requests(new_client: Callable, client: ClientPeer, engine: EnginePeer) -> None:
    """The idle messages of the last seconds are repeated."""
    join_output(client, engine)
    reply = round_trip(client, "mux", engine)
    parent = {"msg_id": reply.parent["msg_id"]}
    engine.publish("status", {"execution_state": "idle"}, parent)
    client.expect("iopub", "status", parent["msg_id"])
    assert new_client().expect("iopub", "status", parent["msg_id"]).content["execution_state"] == "idle"
