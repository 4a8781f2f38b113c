"""Framing, headers, signatures and replays, as an engine writes and checks them."""

import json
import re
from typing import Any

import pytest

from parallel_conformance.engines import CLIENT, Engine
from parallel_conformance.wire import HEADER_FIELDS, Message, Session

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def everything(engine: Engine) -> list[Message]:
    """Messages of many types from an engine."""
    calls = [engine.send_call("echo", 1), engine.send_call("fail", "on purpose"), engine.send_call("say", "hello")]
    messages = [message for call in calls for message in (engine.answer("mux_out", call), *engine.output(call))]
    reply = engine.execute("1 + 1")
    messages += [reply, *engine.output(reply.parent["msg_id"]), engine.ask("control_out", "kernel_info_request")]
    return [*messages, engine.ask("control_out", "abort_request", {"msg_ids": ["unknown"]})]


@pytest.fixture(scope="module")
def messages(shared_engine: Engine) -> list[Message]:
    return everything(shared_engine)


@pytest.fixture
def signed(engine: Engine) -> Engine:
    """The engine, if its cluster has a key."""
    if not engine.controller.session.key:
        pytest.skip("without a key nothing is signed")
    return engine


@pytest.mark.requirement("R-7.1")
def test_frames(messages: list[Message]) -> None:
    for message in messages:
        assert all(isinstance(part, dict) for part in (message.header, message.parent, message.metadata, message.content))
        assert message.kind.endswith("_reply") or not message.buffers


@pytest.mark.requirement("R-7.2")
def test_headers_have_all_fields(messages: list[Message]) -> None:
    for message in messages:
        assert {field: type(message.header.get(field)) for field in HEADER_FIELDS} == dict.fromkeys(HEADER_FIELDS, str)


@pytest.mark.requirement("R-7.3")
def test_ids_differ(messages: list[Message]) -> None:
    assert len({message.id for message in messages}) == len(messages) > 15


@pytest.mark.requirement("R-7.4")
def test_dates(messages: list[Message]) -> None:
    dates = [message.header["date"] for message in messages]
    dates += [message.metadata["started"] for message in messages if "started" in message.metadata]
    assert [date for date in dates if not DATE.fullmatch(date)] == []
    assert len(dates) > len(messages)


@pytest.mark.requirement("R-8.1")
def test_signatures(signed: Engine, messages: list[Message]) -> None:
    assert len(messages) > 15, "they were verified when they came"
    assert all(re.fullmatch(rb"[0-9a-f]{64}", message.signature) for message in messages)


@pytest.mark.requirement("R-7.5")
@pytest.mark.parametrize(
    ("name", "kind", "content"),
    [
        ("mux_out", "kernel_info_request", {}),
        ("mux_out", "execute_request", {"code": "1", "silent": True, "user_expressions": {}}),
        ("control_out", "kernel_info_request", {}),
        ("control_out", "abort_request", {"msg_ids": ["unknown"]}),
    ],
)
def test_replies(engine: Engine, name: str, kind: str, content: dict[str, Any]) -> None:
    identifier = engine.send(name, kind, content)
    reply = engine.answer(name, identifier)
    assert reply.kind == kind.replace("_request", "_reply")
    assert reply.content["status"] == "ok"
    assert reply.parent["msg_id"] == identifier and reply.parent["msg_type"] == kind


@pytest.mark.requirement("R-7.5")
def test_the_whole_header_is_the_parent(engine: Engine) -> None:
    header = engine.controller.session.header("kernel_info_request", colour="blue", nested={"a": [1, None]})
    reply = engine.answer("mux_out", engine.send("mux_out", "kernel_info_request", header=header))
    assert {key: value for key, value in reply.parent.items() if key != "date"} == {
        key: value for key, value in header.items() if key != "date"
    }


@pytest.mark.requirement("R-7.6")
def test_errors(engine: Engine) -> None:
    identifier = engine.send_call("fail", "on purpose")
    reply = engine.answer("mux_out", identifier)
    [published] = [message for message in engine.output(identifier) if message.kind == "error"]
    for content in (reply.content, published.content):
        assert isinstance(content["ename"], str) and "on purpose" in content["evalue"]
        assert all(isinstance(line, str) for line in content["traceback"])
    assert reply.content["status"] == "error"
    info = reply.content["engine_info"]
    assert (info["engine_uuid"], info["engine_id"], info["method"]) == (engine.uuid, engine.id, "apply")


@pytest.mark.requirement("R-8.2")
def test_identities_and_buffers_are_not_signed(signed: Engine) -> None:
    frames = signed.controller.session.frames("kernel_info_request", identities=[CLIENT], buffers=[b"one", b"two"])
    signed.send_frames("mux_out", [b"another", *frames[:-2], b"other", b"than", b"signed"])
    assert signed.controller.expect("mux_out", "kernel_info_reply").identities[1:] == [b"another", CLIENT]


def tampered(engine: Engine, case: str) -> list[bytes]:
    """A request with a wrong signature."""
    session = engine.controller.session
    frames = session.frames("kernel_info_request", {"a": 1}, {"b": 2}, identities=[CLIENT])
    match case:
        case "missing":
            frames[2] = b""
        case "cut":
            frames[2] = frames[2][:32]
        case "upper case":
            frames[2] = frames[2].upper()
        case "other key":
            return Session("other").frames("kernel_info_request", identities=[CLIENT])
        case "other scheme":
            return Session(session.key.decode(), "hmac-sha1").frames("kernel_info_request", identities=[CLIENT])
        case _:
            index = 3 + ["header", "parent", "metadata", "content"].index(case)
            frames[index] += b" "
    return frames


@pytest.mark.requirement("R-8.5")
@pytest.mark.parametrize("name", ["mux_out", "control_out"])
@pytest.mark.parametrize(
    "case", ["missing", "cut", "upper case", "other key", "other scheme", "header", "parent", "metadata", "content"]
)
def test_wrong_signatures_are_not_answered(signed: Engine, name: str, case: str) -> None:
    signed.controller.waiting(name)
    signed.send_frames(name, tampered(signed, case))
    signed.ask(name, "kernel_info_request")
    assert signed.controller.waiting(name) == []


@pytest.mark.requirement("R-8.6")
@pytest.mark.parametrize("name", ["mux_out", "control_out"])
@pytest.mark.parametrize("between", [0, 200])
def test_replays_are_dropped(signed: Engine, name: str, between: int) -> None:
    frames = signed.controller.session.frames("kernel_info_request", identities=[CLIENT])
    signed.send_frames(name, frames)
    signed.controller.expect(name, "kernel_info_reply")
    for _ in range(between):
        signed.ask(name, "kernel_info_request")
    signed.send_frames(name, frames)
    signed.send_frames(name, [b"another client", *frames[1:], b"with a buffer"])
    signed.ask(name, "kernel_info_request")
    assert signed.controller.waiting(name) == []


@pytest.mark.requirement("R-7.1", "R-8.5")
@pytest.mark.parametrize("name", ["mux_out", "control_out"])
def test_what_is_no_message_does_no_harm(engine: Engine, name: str) -> None:
    session = engine.controller.session
    whole = session.frames("kernel_info_request", identities=[CLIENT])
    for frames in ([b""], [b"<IDS|MSG>"], *(whole[:count] for count in range(1, 6)), [CLIENT, b"\xff" * 100]):
        engine.send_frames(name, frames)
    for header in (b"", b"{", b"[]", b"{}", b"null", b"\xff"):
        engine.send_frames(name, session.pack([header, b"{}", b"{}", b"{}"], identities=[CLIENT]))
    assert engine.ask(name, "kernel_info_request").content["status"] == "ok"


@pytest.mark.requirement("R-1.1")
def test_unknown_fields_are_ignored(engine: Engine) -> None:
    header = engine.controller.session.header("execute_request", colour="blue", nested={"msg_id": "no"})
    content = {"code": "1", "silent": True, "user_expressions": {}, "colour": "blue"}
    identifier = engine.send("mux_out", "execute_request", content, {"colour": ["blue"], "nested": {}}, header=header)
    assert engine.answer("mux_out", identifier).content["status"] == "ok"


@pytest.mark.requirement("R-1.6")
def test_order_and_white_space_do_not_matter(engine: Engine) -> None:
    session = engine.controller.session
    header = dict(reversed(session.header("kernel_info_request").items()))
    text = json.dumps(header, indent=3, separators=(" ,\r\n", "\t: ")).replace("kernel_info", r"kernel\u005finfo")
    parts = [f" \n{text}\t".encode(), b" { } ", b"\n{\n}", b'\t{"b" : 1 ,"a":[ ] }']
    engine.send_frames("mux_out", session.pack(parts, identities=[CLIENT]))
    assert engine.controller.expect("mux_out", "kernel_info_reply", header["msg_id"]).content["status"] == "ok"
