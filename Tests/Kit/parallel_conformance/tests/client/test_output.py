"""What a client does with output."""

import pytest

from parallel_conformance.clients import Client
from parallel_conformance.wire import Message

EXECUTED = {"execution_count": 1, "payload": [], "user_expressions": {}}


def executing(client: Client, code: str = "1") -> tuple[int, Message]:
    return client.start("execute", to=0, code=code), client.request("mux_in", "execute_request")


@pytest.mark.requirement("R-12.19")
def test_output_belongs_to_its_parent(client: Client) -> None:
    first, second = executing(client), executing(client)
    for text in "one\n", "two\n":
        for name, (_, request) in (("first ", first), ("second ", second)):
            client.print(name + text, request.parts[0])
    client.print("of no one", {**first[1].header, "msg_id": "unknown", "session": "another"})
    for _, request in first, second:
        client.reply("mux_in", request, content=EXECUTED)
        client.state("idle", request.parts[0])
    assert client.ok(first[0])["stdout"] == "first one\nfirst two\n"
    assert client.ok(second[0])["stdout"] == "second one\nsecond two\n"


@pytest.mark.requirement("R-15.5", "R-12.19")
def test_output_after_the_reply(client: Client) -> None:
    number, request = executing(client)
    client.state("busy", request.parts[0])
    client.reply("mux_in", request, content=EXECUTED)
    client.print("late\n", request.parts[0])
    client.state("idle", request.parts[0])
    assert client.ok(number)["stdout"] == "late\n"


@pytest.mark.requirement("R-15.5")
def test_idle_before_the_reply(client: Client) -> None:
    number, request = executing(client)
    client.print("early\n", request.parts[0])
    client.state("idle", request.parts[0])
    client.reply("mux_in", request, content=EXECUTED)
    assert client.ok(number)["stdout"] == "early\n"


@pytest.mark.requirement("R-15.5")
def test_a_value_does_not_wait_for_idle(client: Client) -> None:
    number = client.start("apply", to=0, function="echo", args=[1])
    request = client.request("mux_in", "apply_request")
    client.reply("mux_in", request, "a value")
    assert client.ok(number) == "a value"


@pytest.mark.requirement("R-15.3")
def test_iopub_welcome_is_ignored(client: Client) -> None:
    number, request = executing(client)
    session = client.controller.session
    for topic in (b"", b"engine.0.iopub_welcome"):
        frames = session.frames("iopub_welcome", {"subscription": "engine.0"}, identities=[topic])
        client.controller.send("iopub_out", frames)
    client.publish("unheard_of", {"text": "what"}, request.parts[0])
    client.print("hello\n", request.parts[0])
    client.reply("mux_in", request, content=EXECUTED)
    client.state("idle", request.parts[0])
    assert client.ok(number)["stdout"] == "hello\n"


@pytest.mark.requirement("R-15.5")
def test_the_idle_of_another_request_ends_nothing(client: Client) -> None:
    first, second = executing(client), executing(client)
    client.reply("mux_in", first[1], content=EXECUTED)
    client.state("idle", second[1].parts[0])
    client.print("first\n", first[1].parts[0])
    client.state("idle", first[1].parts[0])
    assert client.ok(first[0])["stdout"] == "first\n"
    client.reply("mux_in", second[1], content=EXECUTED)
    assert client.ok(second[0])["stdout"] == ""
