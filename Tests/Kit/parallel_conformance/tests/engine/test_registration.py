"""How an engine finds its controller, registers, connects and beats."""

import json
import re
import socket
from collections.abc import Callable

import pytest

from parallel_conformance.engines import CLIENT, Engine
from parallel_conformance.wire import HEADER_FIELDS

NewEngine = Callable[..., Engine]


@pytest.mark.requirement("R-10.1", "R-7.1")
def test_registration_request(engine: Engine) -> None:
    request = engine.registration
    assert request and request.kind == "registration_request"
    assert isinstance(request.content["uuid"], str) and 1 <= len(request.content["uuid"].encode()) <= 255
    assert isinstance(request.content.get("id"), int | None)
    assert request.parent == {}


@pytest.mark.requirement("R-9.8")
def test_registration_has_no_identities_but_the_sockets_own(engine: Engine) -> None:
    assert engine.registration and len(engine.registration.identities) == 1


@pytest.mark.requirement("R-7.2", "R-7.3")
def test_header_of_the_registration(engine: Engine) -> None:
    assert engine.registration
    assert set(HEADER_FIELDS) <= set(engine.registration.header)
    assert all(isinstance(engine.registration.header[field], str) for field in HEADER_FIELDS)


@pytest.mark.requirement("R-6.1")
def test_the_uuid_is_the_identity_of_the_registration(engine: Engine) -> None:
    assert engine.registration and engine.registration.identities == [engine.uuid.encode()]


@pytest.mark.requirement("R-6.1", "R-4.1")
@pytest.mark.parametrize("name", ["mux_out", "task_out", "control_out"])
def test_the_uuid_is_the_identity_of_each_connection(engine: Engine, name: str) -> None:
    reply = engine.ask(name, "kernel_info_request")
    assert reply.identities[0] == engine.uuid.encode()


@pytest.mark.requirement("R-6.1", "R-10.17")
def test_the_uuid_is_the_identity_of_echoes(engine: Engine) -> None:
    assert engine.controller.wait_for_echo(b"12.000431") == [engine.uuid.encode(), b"12.000431"]


@pytest.mark.requirement("R-10.17")
@pytest.mark.parametrize("ping", [b"0", b"-1.5", b"no number", b"\x00\xff", b"9" * 500], ids=lambda ping: repr(ping[:9]))
def test_a_ping_comes_back_unchanged(engine: Engine, ping: bytes) -> None:
    assert engine.controller.wait_for_echo(ping)[1:] == [ping]


@pytest.mark.requirement("R-10.26")
def test_the_session_of_all_messages_is_the_uuid(engine: Engine) -> None:
    assert engine.registration and engine.registration.header["session"] == engine.uuid
    identifier = engine.send_call("echo", 1)
    messages = [engine.answer("mux_out", identifier), *engine.output(identifier)]
    messages.append(engine.ask("control_out", "kernel_info_request"))
    assert {message.header["session"] for message in messages} == {engine.uuid}


@pytest.mark.requirement("R-3.1", "R-10.13")
def test_shell_is_connected_to_mux_task_and_the_leaf_of_its_id(engine: Engine) -> None:
    for name in ("mux_out", "task_out", engine.leaf):
        assert engine.value("echo", name, name=name) == name


@pytest.mark.requirement("R-10.13")
def test_it_is_connected_to_no_other_leaf(engine: Engine) -> None:
    engine.value("echo", 1, name=engine.leaf)
    frames = engine.controller.session.frames("kernel_info_request", identities=[engine.uuid.encode(), CLIENT])
    for name in set(engine.controller.leaf_names()) - {engine.leaf}:
        with pytest.raises(AssertionError, match="is not connected"):
            engine.controller.send(name, frames, 0)


@pytest.mark.requirement("R-10.13", "R-1.1")
def test_another_id_and_unknown_fields(new_engine: NewEngine) -> None:
    fields = {"colour": "blue", "more": {"hb_ping": [1]}}
    engine = new_engine(identifier=2, leaves=2, fields=fields).start().register(colour="blue", more={"id": 7}).prepare()
    assert engine.leaf == engine.controller.leaf_names()[0]
    assert engine.value("add", 2, 3, name=engine.leaf) == 5
    assert {message.identities[0].split(b".")[1] for message in engine.output(engine.send_call("echo", 1))} == {b"2"}


@pytest.mark.requirement("R-4.4")
@pytest.mark.parametrize(("interface", "location"), [("tcp://*", "127.0.0.1"), ("tcp://0.0.0.0", "its name")])
def test_a_wildcard_is_replaced(new_engine: NewEngine, transport: str, interface: str, location: str) -> None:
    if transport == "ipc":
        pytest.skip("ipc has no wildcards")
    name = socket.gethostname() if location == "its name" else location
    engine = new_engine(fields={"interface": interface, "location": name})
    assert engine.start().register().registration


@pytest.mark.requirement("R-5.5")
def test_the_file_may_be_in_the_environment(new_engine: NewEngine) -> None:
    engine = new_engine()
    engine.controller.engine_file.unlink()
    environment = {"IPP_CONNECTION_INFO": json.dumps(engine.controller.engine_info)}
    assert engine.start(environment, with_file=False).register().registration


@pytest.mark.requirement("R-8.3")
def test_the_file_names_the_scheme(new_engine: NewEngine) -> None:
    engine = new_engine(scheme="hmac-sha512", key="another key").start().register()
    assert re.fullmatch(rb"[0-9a-f]{128}", engine.ask("mux_out", "kernel_info_request").signature)


@pytest.mark.requirement("R-8.4")
def test_without_a_key_nothing_is_signed_or_checked(new_engine: NewEngine) -> None:
    engine = new_engine(key="").start().register().prepare()
    assert engine.registration and engine.registration.signature == b""
    frames = engine.controller.session.frames("kernel_info_request", identities=[CLIENT])
    identifiers = []
    for signature in (b"", b"", b"0123"):
        frames[2] = signature
        engine.send_frames("mux_out", frames)
        reply = engine.controller.expect("mux_out", "kernel_info_reply")
        assert reply.signature == b""
        identifiers.append(reply.parent["msg_id"])
    assert len(set(identifiers)) == 1


@pytest.mark.requirement("R-10.3")
def test_reregister_request(new_engine: NewEngine) -> None:
    engine = new_engine().start().register(takes_back=True)
    assert engine.registration
    if not engine.registration.content.get("reregisters"):
        pytest.skip("the engine does not announce that it understands reregister_request")
    frames = engine.controller.session.frames("reregister_request", identities=[engine.uuid.encode()])
    engine.controller.send("control_out", frames)
    assert engine.registration_request().content["uuid"] == engine.uuid


@pytest.mark.requirement("R-10.24")
def test_an_engine_lives_without_pings_for_a_while(engine: Engine) -> None:
    engine.controller.monitor.pauses = True
    try:
        assert engine.value("pause", 1.2) == 1.2
    finally:
        engine.controller.monitor.pauses = False
    assert engine.controller.wait_for_echo(b"after")
