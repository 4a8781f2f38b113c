"""The form of messages, as the hub reads and writes them."""

import json

import pytest

from parallel_conformance.peers import ClientPeer
from parallel_conformance.wire import DELIMITER, HEADER_FIELDS, VERSION


@pytest.mark.requirement("R-7.1")
def test_frames_are_in_order(client: ClientPeer) -> None:
    """Delimiter, signature, four JSON objects and buffers; `receive` verifies that."""
    client.send("registration", "connection_request")
    frames = client.frames("registration")
    assert frames and frames[0] == DELIMITER
    assert [type(json.loads(frame)) for frame in frames[2:6]] == [dict] * 4


@pytest.mark.requirement("R-7.2")
def test_headers_have_all_fields(client: ClientPeer) -> None:
    """As texts, with the version of the protocol."""
    header = client.ask("connection_request").header
    assert all(isinstance(header.get(field), str) for field in HEADER_FIELDS), header
    assert header["version"] == VERSION


@pytest.mark.requirement("R-7.3")
def test_ids_are_unique(client: ClientPeer) -> None:
    """Each reply has one of its own."""
    ids = [client.ask("connection_request").id for _ in range(5)]
    assert len(set(ids)) == 5


@pytest.mark.requirement("R-7.5", "R-11.2")
@pytest.mark.parametrize("kind", ["connection", "queue", "history", "stop_distributed"])
def test_replies_name_their_request(client: ClientPeer, kind: str) -> None:
    """By type, by parent header, and with a status."""
    content = {"targets": None} if kind == "queue" else {}
    frames = client.session.frames(f"{kind}_request", content)
    client.send_frames("registration", frames)
    reply = client.receive("registration")
    assert reply and reply.kind == f"{kind}_reply"
    assert {**json.loads(frames[2]), **reply.parent} == reply.parent
    assert reply.content["status"] == "ok"


@pytest.mark.requirement("R-7.6", "R-1.3")
def test_unknown_requests_are_errors(client: ClientPeer) -> None:
    """With the fields that every error has."""
    reply = client.ask("misunderstood_request")
    assert reply.kind == "hub_error"
    assert reply.content["status"] == "error"
    assert reply.content["ename"] == "KeyError"
    assert isinstance(reply.content["evalue"], str)
    assert isinstance(reply.content["traceback"], (list, str))


@pytest.mark.requirement("R-1.1")
def test_unknown_fields_are_ignored(client: ClientPeer) -> None:
    """In header, metadata and content."""
    header = client.session.header("connection_request", unheard={"of": [1]})
    frames = client.session.frames("", {"new": 1}, {"x": None}, header=header)
    client.send_frames("registration", frames)
    assert client.expect("registration", "connection_reply", header["msg_id"]).content["status"] == "ok"


@pytest.mark.requirement("R-1.6")
def test_json_may_be_written_in_any_way(client: ClientPeer) -> None:
    """Keys in another order, white space, escapes."""
    header = dict(reversed(client.session.header("queue_request").items()))
    escaped = json.dumps(header, indent=3).replace("queue_request", "queue\\u005frequest").encode()
    parts = [escaped, b"{ }", b"\r\n{}\t", b'{ "verbose" :\tfalse,\n"targets": null }']
    client.send_frames("registration", client.session.pack(parts))
    assert client.expect("registration", "queue_reply", header["msg_id"]).content["status"] == "ok"


@pytest.mark.requirement("R-9.8")
def test_the_hub_adds_no_identities(client: ClientPeer) -> None:
    """A DEALER gets its replies from the delimiter on."""
    assert client.ask("connection_request").identities == []


@pytest.mark.requirement("R-7.1")
@pytest.mark.parametrize(
    "frames",
    [
        [b""],
        [b"no delimiter", b"at all"],
        [DELIMITER],
        [DELIMITER, b"", b"{}"],
        [DELIMITER, b"", b"{}", b"{}", b"{}", b"{}"],
        [DELIMITER, b"", b"{", b"}", b"[", b"]"],
        [DELIMITER, b"", b"\xff\xfe", b"{}", b"{}", b"{}"],
    ],
)
def test_what_is_no_message_ends_nothing(client: ClientPeer, frames: list[bytes]) -> None:
    """The hub answers the next request."""
    client.send_frames("registration", frames)
    assert client.ask("connection_request").content["status"] == "ok"
