"""How a client finds its controller and learns of engines."""

import re
import socket
from collections.abc import Callable

import pytest

from parallel_conformance import values
from parallel_conformance.clients import ENGINES, Client
from parallel_conformance.played import START
from parallel_conformance.processes import Patience
from parallel_conformance.wire import HEADER_FIELDS

NewClient = Callable[..., Client]


def call_works(client: Client) -> bool:
    """Whether a call and its reply pass."""
    number = client.start("apply", to=0, function="add", args=[2, 3])
    request = client.request("mux_in", "apply_request")
    client.reply("mux_in", request, 5)
    client.state("idle", request.parts[0])
    return client.ok(number) == 5


@pytest.mark.requirement("R-11.3", "R-9.8", "R-7.1", "R-7.2", "R-7.3")
def test_connection_request(new_client: NewClient) -> None:
    client = new_client()
    number = client.start("connect")
    request = client.hub_request("connection_request", START)
    assert request.content == {} and request.parent == {} and len(request.identities) == 1
    assert {field: type(request.header.get(field)) for field in HEADER_FIELDS} == dict.fromkeys(HEADER_FIELDS, str)
    client.answer_connection(request)
    assert client.ok(number) == {str(key): value for key, value in ENGINES.items()}


@pytest.mark.requirement("R-4.1", "R-12.1")
def test_all_channels_are_connected(client: Client) -> None:
    assert call_works(client)


@pytest.mark.requirement("R-1.1")
def test_unknown_fields_of_the_file(new_client: NewClient) -> None:
    client = new_client(fields={"colour": "blue", "more": {"mux": [1]}})
    assert call_works(client.connect())


@pytest.mark.requirement("R-4.4")
@pytest.mark.parametrize(("interface", "location"), [("tcp://*", "127.0.0.1"), ("tcp://0.0.0.0", "its name")])
def test_a_wildcard_is_replaced(new_client: NewClient, transport: str, interface: str, location: str) -> None:
    if transport == "ipc":
        pytest.skip("ipc has no wildcards")
    name = socket.gethostname() if location == "its name" else location
    assert call_works(new_client(fields={"interface": interface, "location": name}).connect())


@pytest.mark.requirement("R-8.3")
def test_the_file_names_the_scheme(new_client: NewClient) -> None:
    client = new_client(scheme="hmac-sha512", key="another key").connect()
    client.start("apply", to=0, function="add", args=[2, 3])
    assert re.fullmatch(rb"[0-9a-f]{128}", client.request("mux_in").signature)


@pytest.mark.requirement("R-8.4")
def test_without_a_key_nothing_is_signed_or_checked(new_client: NewClient) -> None:
    client = new_client(key="").connect()
    number = client.start("execute", to=0, code="print('again')")
    request = client.request("mux_in", "execute_request")
    assert request.signature == b""
    frames = client.print("again\n", request.parts[0])
    client.controller.send("iopub_out", frames)
    client.controller.send("iopub_out", [frames[0], frames[1], b"0123", *frames[3:]])
    client.reply("mux_in", request, content={"execution_count": 1, "payload": [], "user_expressions": {}})
    client.state("idle", request.parts[0])
    assert client.ok(number)["stdout"] == "again\n" * 3


@pytest.mark.requirement("R-10.5", "R-10.7")
def test_engines_come_and_go(client: Client) -> None:
    client.notify("registration_notification", {"id": 7, "uuid": "kit-engine-seven"})
    client.until_engines({**ENGINES, 7: "kit-engine-seven"})
    client.start("apply", to=7, function="add", args=[1, 1])
    assert client.request("mux_in").identities[1:] == [b"kit-engine-seven"]
    client.notify("unregistration_notification", {"id": 7, "uuid": "kit-engine-seven"})
    client.until_engines(ENGINES)


@pytest.mark.requirement("R-1.1", "R-1.6")
def test_notifications_with_unknown_fields_in_another_form(client: Client) -> None:
    session = client.controller.session
    header = session.header("registration_notification", colour="blue")
    text = str(dict(reversed(header.items()))).replace("'", '"').replace(", ", " ,\r\n ")
    content = b'\n{ "more" : [ { } ] ,\t"uuid":"kit-\\u0065ngine-eight" , "id" : 8 }'
    client.controller.send("notification", session.pack([text.encode(), b" {} ", b"{ }", content]))
    client.until_engines({**ENGINES, 8: "kit-engine-eight"})
    client.notify("unregistration_notification", {"id": 8, "uuid": "kit-engine-eight", "reason": "no longer needed"})
    client.until_engines(ENGINES)


@pytest.mark.requirement("R-8.6")
def test_a_replayed_notification_is_dropped(client: Client) -> None:
    if not client.controller.session.key:
        pytest.skip("without a key replays are not detected")
    frames = client.notify("registration_notification", {"id": 9, "uuid": "kit-engine-nine"})
    client.until_engines({**ENGINES, 9: "kit-engine-nine"})
    client.notify("unregistration_notification", {"id": 9, "uuid": "kit-engine-nine"})
    client.until_engines(ENGINES)
    client.controller.send("notification", frames)
    client.notify("registration_notification", {"id": 10, "uuid": "kit-engine-ten"})
    client.until_engines({**ENGINES, 10: "kit-engine-ten"})
    client.notify("unregistration_notification", {"id": 10, "uuid": "kit-engine-ten"})
    client.until_engines(ENGINES)


@pytest.mark.requirement("R-6.6")
def test_an_engine_that_registers_meanwhile(new_client: NewClient) -> None:
    client = new_client()
    number = client.start("connect")
    request = client.hub_request("connection_request", START)
    assert client.controller.frames("notification", min(Patience.seconds, 5)), "no subscription before the answer to the connection_request"
    client.notify("registration_notification", {"id": 4, "uuid": "kit-engine-four"})
    client.answer_connection(request)
    client.ok(number)
    client.until_engines({**ENGINES, 4: "kit-engine-four"})


@pytest.mark.requirement("R-9.8")
@pytest.mark.parametrize(
    ("what", "kind", "content"),
    [
        ("queue", "queue_request", {str(number): {"queue": [], "tasks": [], "completed": []} for number in ENGINES} | {"unassigned": []}),
        ("history", "history_request", {"history": ["one", "two"]}),
        ("db", "db_request", {"records": [{"msg_id": "one"}], "buffer_lens": None, "result_buffer_lens": None}),
    ],
)
def test_queries(client: Client, what: str, kind: str, content: dict) -> None:
    number = client.start("query", what=what)
    request = client.hub_request(kind)
    assert len(request.identities) == 1
    client.answer_hub(request, content)
    found = client.ok(number)
    assert found == {"history": ["one", "two"], "db": ["one"]}.get(what, found)


@pytest.mark.requirement("R-11.3", "R-16.2")
def test_engine_ids_are_numbers(client: Client) -> None:
    number = client.start("apply", to=2, function="add", args=[1, 2])
    request = client.request("mux_in")
    assert request.identities[1:] == [ENGINES[2].encode()]
    assert values.read_call(request.buffers).args == [1, 2]
    client.reply("mux_in", request, 3, engine=2)
    client.state("idle", request.parts[0], 2)
    assert client.ok(number) == 3
