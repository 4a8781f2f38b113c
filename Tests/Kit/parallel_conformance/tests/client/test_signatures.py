"""What a client refuses."""

import pytest

from parallel_conformance.clients import Client
from parallel_conformance.wire import Message, Session


@pytest.fixture
def signed(client: Client) -> Client:
    """The client, if its cluster has a key."""
    if not client.controller.session.key:
        pytest.skip("without a key nothing is signed")
    return client


def forged(client: Client, request: Message, case: str) -> list[bytes]:
    """A reply with a wrong signature."""
    session = client.controller.session
    identities = client.identities("mux_in", request, 0)
    metadata = client.metadata(request, "ok", 0)
    arguments = ("apply_reply", {"status": "ok"}, metadata, request.parts[0], [b"\x80\x04X\x05\0\0\0false."], identities)
    frames = session.frames(*arguments)
    start = len(identities)
    match case:
        case "missing":
            frames[start + 1] = b""
        case "cut":
            frames[start + 1] = frames[start + 1][:32]
        case "other key":
            return Session("other").frames(*arguments)
        case "other scheme":
            return Session(session.key.decode(), "hmac-sha1").frames(*arguments)
        case _:
            index = start + 2 + ["header", "parent", "metadata", "content"].index(case)
            frames[index] += b" "
    return frames


@pytest.mark.requirement("R-8.5")
@pytest.mark.parametrize("case", ["missing", "cut", "other key", "other scheme", "header", "content"])
def test_a_forged_reply_is_dropped(signed: Client, case: str) -> None:
    number = signed.start("apply", to=0, function="echo", args=["true"])
    request = signed.request("mux_in", "apply_request")
    signed.controller.send("mux_in", forged(signed, request, case))
    signed.reply("mux_in", request, "true")
    signed.state("idle", request.parts[0])
    assert signed.ok(number) == "true"


@pytest.mark.requirement("R-8.2")
def test_buffers_are_not_signed(signed: Client) -> None:
    number = signed.start("apply", to=0, function="add", args=[{"$bytes": "00ff" * 1000}])
    request = signed.request("mux_in", "apply_request")
    assert len(request.buffers) == 4, "the signature was verified without the buffers"
    signed.reply("mux_in", request, {"buffer": b"\1" * 2000}, identities=signed.identities("mux_in", request, 0))
    signed.state("idle", request.parts[0])
    assert signed.ok(number) == {"buffer": {"$bytes": "01" * 2000}}


@pytest.mark.requirement("R-8.6")
def test_replayed_output_is_dropped(signed: Client) -> None:
    number = signed.start("execute", to=0, code="print('once')")
    request = signed.request("mux_in", "execute_request")
    frames = signed.print("once\n", request.parts[0])
    signed.print("twice\n", request.parts[0])
    signed.controller.send("iopub_out", frames)
    signed.controller.send("iopub_out", [b"engine.1.stdout", *frames[1:]])
    signed.reply("mux_in", request, content={"execution_count": 1, "payload": [], "user_expressions": {}})
    signed.state("idle", request.parts[0])
    assert signed.ok(number)["stdout"] == "once\ntwice\n"


@pytest.mark.requirement("R-8.5")
def test_garbage_does_no_harm(client: Client) -> None:
    number = client.start("apply", to=0, function="echo", args=[1])
    request = client.request("mux_in", "apply_request")
    identities = client.identities("mux_in", request, 0)
    whole = client.controller.session.frames("apply_reply", parent=request.parts[0])
    for frames in ([b""], *(whole[:count] for count in range(1, 6)), [b"\xff" * 100]):
        client.controller.send("mux_in", [*identities, *frames])
        client.controller.send("iopub_out", [b"engine.0.stdout", *frames])
        client.controller.send("notification", frames)
    for header in (b"", b"{", b"[]", b"null"):
        client.controller.send("mux_in", [*identities, *client.controller.session.pack([header, b"{}", b"{}", b"{}"])])
    client.reply("mux_in", request, "still here")
    client.state("idle", request.parts[0])
    assert client.ok(number) == "still here"
